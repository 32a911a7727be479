-- What those who work on a task read and write. agent has it until expires ('': nobody), token is
-- the newest that was given. assignee_before and said_then are from before the claim: who was
-- assigned, and what the file said. is_waiting tells whether something that the task needs is not
-- done, waited_for whether a task that is not over needs this one: both are kept in step with the
-- statuses and with needs, in the same transaction, lest each search passes over all that waits.
ALTER TABLE tasks ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN orchestrator TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN token INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN expires REAL NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN started_at REAL NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN assignee_before TEXT;
ALTER TABLE tasks ADD COLUMN said_then TEXT;
ALTER TABLE tasks ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN waited_for INTEGER NOT NULL DEFAULT 0;

-- As core/order.py has it.
ALTER TABLE tasks ADD COLUMN rank INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE
        WHEN lower(ltrim(priority)) GLOB 'p0*' THEN 0
        WHEN lower(ltrim(priority)) GLOB 'crit*' THEN 0
        WHEN lower(ltrim(priority)) GLOB 'urgent*' THEN 0
        WHEN lower(ltrim(priority)) GLOB 'highest*' THEN 0
        WHEN lower(ltrim(priority)) GLOB 'blocker*' THEN 0
        WHEN lower(ltrim(priority)) GLOB 'p1*' THEN 1
        WHEN lower(ltrim(priority)) GLOB 'high*' THEN 1
        WHEN lower(ltrim(priority)) GLOB 'p3*' THEN 3
        WHEN lower(ltrim(priority)) GLOB 'low*' THEN 3
        ELSE 2
    END
) VIRTUAL;

-- As core/claims.py has it: a task that is handed out by itself.
ALTER TABLE tasks ADD COLUMN is_unit INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE
        WHEN parent_source IS NULL THEN source <> 'openspec'
        ELSE parent_source = 'openspec' AND instr(parent_name, '#') = 0
    END
) VIRTUAL;

-- In the order in which tasks are handed out.
CREATE INDEX tasks_to_claim
    ON tasks (project, waited_for DESC, rank, path, position, source, name)
    WHERE is_unit = 1 AND is_waiting = 0 AND status = 'todo' AND agent = '';

CREATE INDEX tasks_claimed ON tasks (project, expires) WHERE agent <> '';

CREATE INDEX tasks_below ON tasks (project, parent_source, parent_name)
    WHERE parent_name IS NOT NULL;

-- What tasks wait for, by the word that their file has for it. on_source and on_name are the task
-- that is called so, NULL where nobody is, which is as good as done where it is lenient.
CREATE TABLE needs (
    project TEXT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    word TEXT NOT NULL,
    on_source TEXT,
    on_name TEXT,
    lenient INTEGER NOT NULL,
    PRIMARY KEY (project, source, name, word)
) STRICT, WITHOUT ROWID;

CREATE INDEX needs_on ON needs (project, on_source, on_name) WHERE on_name IS NOT NULL;

CREATE TABLE orchestrators (
    project TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    started_at REAL NOT NULL,
    last_heartbeat REAL NOT NULL,
    agent_count INTEGER NOT NULL,
    PRIMARY KEY (project, instance_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_of_task ON events (project, key, id);

-- A database from before does not know what is meant by dependencies: its files are read again, and
-- tell it.
UPDATE tips SET tip = '' WHERE layer = ':readers';
UPDATE tasks SET depends_on = '[]', file_digest = '' WHERE depends_on <> '[]';
