-- The step of the same number for SQLite says what these are.
ALTER TABLE tasks
    ADD COLUMN agent TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN orchestrator TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN token BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN expires DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN started_at DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN assignee_before TEXT COLLATE "C",
    ADD COLUMN said_then TEXT COLLATE "C",
    ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN waited_for INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN rank INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN lower(ltrim(priority)) LIKE 'p0%' THEN 0
            WHEN lower(ltrim(priority)) LIKE 'crit%' THEN 0
            WHEN lower(ltrim(priority)) LIKE 'urgent%' THEN 0
            WHEN lower(ltrim(priority)) LIKE 'highest%' THEN 0
            WHEN lower(ltrim(priority)) LIKE 'blocker%' THEN 0
            WHEN lower(ltrim(priority)) LIKE 'p1%' THEN 1
            WHEN lower(ltrim(priority)) LIKE 'high%' THEN 1
            WHEN lower(ltrim(priority)) LIKE 'p3%' THEN 3
            WHEN lower(ltrim(priority)) LIKE 'low%' THEN 3
            ELSE 2
        END
    ) STORED,
    ADD COLUMN is_unit INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN parent_source IS NULL THEN (source <> 'openspec')::INTEGER
            ELSE (parent_source = 'openspec' AND strpos(parent_name, '#') = 0)::INTEGER
        END
    ) STORED;

CREATE INDEX tasks_to_claim
    ON tasks (project, waited_for DESC, rank, path, position, source, name)
    WHERE is_unit = 1 AND is_waiting = 0 AND status = 'todo' AND agent = '';

CREATE INDEX tasks_claimed ON tasks (project, expires) WHERE agent <> '';

CREATE INDEX tasks_below ON tasks (project, parent_source, parent_name)
    WHERE parent_name IS NOT NULL;

CREATE TABLE needs (
    project TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    on_source TEXT COLLATE "C",
    on_name TEXT COLLATE "C",
    lenient INTEGER NOT NULL,
    PRIMARY KEY (project, source, name, word)
);

CREATE INDEX needs_on ON needs (project, on_source, on_name) WHERE on_name IS NOT NULL;

CREATE TABLE orchestrators (
    project TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    started_at DOUBLE PRECISION NOT NULL,
    last_heartbeat DOUBLE PRECISION NOT NULL,
    agent_count INTEGER NOT NULL,
    PRIMARY KEY (project, instance_id)
);

CREATE INDEX events_of_task ON events (project, key, id);

UPDATE tips SET tip = '' WHERE layer = ':readers';
UPDATE tasks SET depends_on = '[]', file_digest = '' WHERE depends_on <> '[]';
