-- For which agent a task is kept by a monitor until when; '' where it is for none. The assignee is
-- another matter: that is whom a file or a person named.
ALTER TABLE tasks ADD COLUMN offered_to TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN offered_until DOUBLE PRECISION NOT NULL DEFAULT 0;

CREATE INDEX tasks_offered ON tasks (project, offered_to) WHERE offered_to <> '';

-- Which monitor hands out the tasks of a project, and until when. The token grows each time that the
-- lead is given to somebody.
CREATE TABLE monitors (
    project TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    monitor TEXT COLLATE "C" NOT NULL,
    token BIGINT NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    expires DOUBLE PRECISION NOT NULL
);

-- Agents that wait for work while a monitor leads: for which, since when, when they said so last, and
-- until when something was offered to them.
CREATE TABLE idle_agents (
    project TEXT COLLATE "C" NOT NULL,
    agent TEXT COLLATE "C" NOT NULL,
    wanted TEXT COLLATE "C" NOT NULL,
    orchestrator TEXT COLLATE "C" NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    seen DOUBLE PRECISION NOT NULL,
    offered_until DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (project, agent)
);
