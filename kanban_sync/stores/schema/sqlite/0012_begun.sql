-- Milestones in progress that nobody has claimed: they are to do once their tasks are done, which is
-- looked for at each claim.
CREATE INDEX tasks_begun ON tasks (project)
    WHERE source = 'mission' AND status = 'in_progress' AND agent = '' AND is_waiting = 0;
