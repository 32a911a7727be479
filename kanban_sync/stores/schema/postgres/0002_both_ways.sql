-- What the file said last of status and assignee is the base of a three-way merge: file_status is
-- empty for a task that no file has held yet.
ALTER TABLE tasks ADD COLUMN file_assignee TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN file_time BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN file_commit TEXT COLLATE "C" NOT NULL DEFAULT '';

UPDATE tasks SET file_status = status, file_word = word, file_assignee = assignee,
                 file_time = status_time, file_commit = status_commit;
