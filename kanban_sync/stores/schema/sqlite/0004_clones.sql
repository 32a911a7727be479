-- Several clones may bring their tasks into one database: each has recorded its own files. What a
-- clone recorded before has no name yet, and is taken over by the first one that merges.
CREATE TABLE tips_of_clones (
    project TEXT NOT NULL,
    clone TEXT NOT NULL,
    layer TEXT NOT NULL,
    tip TEXT NOT NULL,
    PRIMARY KEY (project, clone, layer)
) STRICT, WITHOUT ROWID;

INSERT INTO tips_of_clones SELECT project, '', layer, tip FROM tips;
DROP TABLE tips;
ALTER TABLE tips_of_clones RENAME TO tips;

CREATE TABLE slots_of_clones (
    project TEXT NOT NULL,
    clone TEXT NOT NULL,
    slot TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (project, clone, slot)
) STRICT;

INSERT INTO slots_of_clones SELECT project, '', slot, state FROM slots;
DROP TABLE slots;
ALTER TABLE slots_of_clones RENAME TO slots;

-- Those that have merged; seen is how much had been said then. said counts the merges that wrote a
-- task where there are several: by it a clone knows that another one has spoken since.
CREATE TABLE clones (
    project TEXT NOT NULL,
    clone TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (project, clone)
) STRICT, WITHOUT ROWID;

ALTER TABLE projects ADD COLUMN said INTEGER NOT NULL DEFAULT 0;

ALTER TABLE runs ADD COLUMN clone TEXT NOT NULL DEFAULT '';
