-- The step of the same number for SQLite says what these are.
CREATE TABLE labels (
    project TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, label)
);

-- The server cannot read JSON with a zero in it; whoever writes such a label again makes it known.
INSERT INTO labels
SELECT DISTINCT t.project, l.value
  FROM (SELECT project, labels FROM tasks WHERE strpos(labels, '\u0000') = 0 OFFSET 0) AS t,
       json_array_elements_text(t.labels::json) AS l (value);

-- Each claim leaves an entry at the begin of tasks_to_claim that the next ones pass over until the
-- table is vacuumed. By itself the server would wait for a fifth of all tasks to be written.
ALTER TABLE tasks SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
                       vacuum_index_cleanup = on);

CREATE INDEX tasks_of_orchestrator ON tasks (project, orchestrator) WHERE orchestrator <> '';

CREATE INDEX events_of_conflicts ON events (project, at) WHERE kind = 'conflict';
