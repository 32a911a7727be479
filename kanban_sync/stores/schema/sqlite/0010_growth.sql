-- Which labels tasks have, or had: an agent's tags are compared with them before each search, and to
-- gather them from the tasks would be to read all there are.
CREATE TABLE labels (
    project TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (project, label)
) STRICT, WITHOUT ROWID;

INSERT INTO labels SELECT DISTINCT t.project, l.value FROM tasks AS t, json_each(t.labels) AS l;

CREATE INDEX orchestrators_by_heartbeat ON orchestrators (project, last_heartbeat);

-- Whose claims are taken back when an orchestrator falls silent, which is looked for at each claim.
CREATE INDEX tasks_of_orchestrator ON tasks (project, orchestrator) WHERE orchestrator <> '';

-- What status looks for each time, among all that ever happened.
CREATE INDEX events_of_conflicts ON events (project, at) WHERE kind = 'conflict';
