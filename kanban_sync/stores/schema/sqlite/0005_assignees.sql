-- Which commit assigned a task: the words of a clone that is behind may be newer than that, and its
-- assignee older. What was filed before is as old as the words it came with.
ALTER TABLE tasks ADD COLUMN assigned_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN assigned_commit TEXT NOT NULL DEFAULT '';

UPDATE tasks SET assigned_time = text_time, assigned_commit = text_commit
 WHERE file_assignee <> '';
