-- For which agent a task is kept by a monitor until when; '' where it is for none. The assignee is
-- another matter: that is whom a file or a person named.
ALTER TABLE tasks ADD COLUMN offered_to TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN offered_until REAL NOT NULL DEFAULT 0;

CREATE INDEX tasks_offered ON tasks (project, offered_to) WHERE offered_to <> '';

-- Which monitor hands out the tasks of a project, and until when. The token grows each time that the
-- lead is given to somebody.
CREATE TABLE monitors (
    project TEXT PRIMARY KEY NOT NULL,
    monitor TEXT NOT NULL,
    token INTEGER NOT NULL,
    since REAL NOT NULL,
    expires REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Agents that wait for work while a monitor leads: for which, since when, when they said so last, and
-- until when something was offered to them.
CREATE TABLE idle_agents (
    project TEXT NOT NULL,
    agent TEXT NOT NULL,
    wanted TEXT NOT NULL,
    orchestrator TEXT NOT NULL,
    since REAL NOT NULL,
    seen REAL NOT NULL,
    offered_until REAL NOT NULL,
    PRIMARY KEY (project, agent)
) STRICT, WITHOUT ROWID;
