-- The step of the same number for SQLite says what these are.
ALTER TABLE tips ADD COLUMN clone TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE tips DROP CONSTRAINT tips_pkey, ADD PRIMARY KEY (project, clone, layer);

ALTER TABLE slots ADD COLUMN clone TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE slots DROP CONSTRAINT slots_pkey, ADD PRIMARY KEY (project, clone, slot);

CREATE TABLE clones (
    project TEXT COLLATE "C" NOT NULL,
    clone TEXT COLLATE "C" NOT NULL,
    seen BIGINT NOT NULL,
    PRIMARY KEY (project, clone)
);

-- Several clones may have recorded here before, each over the other: that is nobody's last word. Each
-- clone begins as one that comes to where others have been.
INSERT INTO clones SELECT project, '', 0 FROM tips UNION SELECT project, '', 0 FROM slots;
DELETE FROM tips;
DELETE FROM slots;

ALTER TABLE projects ADD COLUMN said BIGINT NOT NULL DEFAULT 0;

ALTER TABLE runs ADD COLUMN clone TEXT COLLATE "C" NOT NULL DEFAULT '';
