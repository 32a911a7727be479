-- The step of the same number for SQLite says what these are.
ALTER TABLE tasks ADD COLUMN agent TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN orchestrator TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN token BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN expires DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN started_at DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN assignee_before TEXT COLLATE "C";
ALTER TABLE tasks ADD COLUMN said_then TEXT COLLATE "C";
ALTER TABLE tasks ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN waited_for INTEGER NOT NULL DEFAULT 0;

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
