-- A database from before does not know that milestones wait for their tasks: its files are read
-- again, and tell it of milestones that seem to have moved.
UPDATE tips SET tip = '' WHERE layer = ':readers';
UPDATE tasks SET position = -1, file_digest = '' WHERE source = 'mission' AND parent_name IS NULL;
