-- A database from before does not know which tasks are for a milestone that does not wait for them:
-- its files are read again, as for step 11.
UPDATE tips SET tip = '' WHERE layer = ':readers';
UPDATE tasks SET position = -1, file_digest = '' WHERE source = 'mission' AND parent_name IS NULL;
