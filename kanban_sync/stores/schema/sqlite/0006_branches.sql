-- Which layer says of a task what the base layer does not say, '' if none does.
ALTER TABLE tasks ADD COLUMN branch TEXT NOT NULL DEFAULT '';
