-- Everything is kept by project: several may share one file, and none sees another.

-- What the files said last stands beside what is so now: file_status and file_word are the base
-- of a three-way merge, file_digest tells at a glance that a file says nothing new of a task.
CREATE TABLE tasks (
    project TEXT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    file_digest TEXT NOT NULL,
    status TEXT NOT NULL,
    word TEXT NOT NULL,
    file_status TEXT NOT NULL,
    file_word TEXT NOT NULL,
    title TEXT NOT NULL,
    parent_source TEXT,
    parent_name TEXT,
    "group" TEXT NOT NULL,
    number TEXT NOT NULL,
    body TEXT NOT NULL,
    labels TEXT NOT NULL,
    assignee TEXT NOT NULL,
    priority TEXT NOT NULL,
    depends_on TEXT NOT NULL,
    fields TEXT NOT NULL,
    position INTEGER NOT NULL,
    path TEXT NOT NULL,
    line INTEGER NOT NULL,
    text_time INTEGER NOT NULL,
    text_commit TEXT NOT NULL,
    status_time INTEGER NOT NULL,
    status_commit TEXT NOT NULL,
    PRIMARY KEY (project, source, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX tasks_by_status ON tasks (project, status);

CREATE TABLE tips (
    project TEXT NOT NULL,
    layer TEXT NOT NULL,
    tip TEXT NOT NULL,
    PRIMARY KEY (project, layer)
) STRICT, WITHOUT ROWID;

CREATE TABLE slots (
    project TEXT NOT NULL,
    slot TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (project, slot)
) STRICT;

-- merges counts those that changed something; the age of a remembered parse is told by it.
CREATE TABLE projects (
    project TEXT PRIMARY KEY NOT NULL,
    merges INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE parses (
    project TEXT NOT NULL,
    digest TEXT NOT NULL,
    asked INTEGER NOT NULL,
    parse TEXT NOT NULL,
    PRIMARY KEY (project, digest)
) STRICT;

CREATE INDEX parses_asked ON parses (project, asked);

CREATE TABLE bases (
    project TEXT NOT NULL,
    target TEXT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    said TEXT NOT NULL,
    PRIMARY KEY (project, target, source, name)
) STRICT;

CREATE TABLE boards (
    project TEXT NOT NULL,
    target TEXT NOT NULL,
    ids TEXT NOT NULL,
    PRIMARY KEY (project, target)
) STRICT, WITHOUT ROWID;

-- Append-only.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;

CREATE INDEX events_of_project ON events (project);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    target TEXT NOT NULL,
    started_at REAL NOT NULL,
    seconds REAL NOT NULL,
    result TEXT NOT NULL,
    operations TEXT NOT NULL,
    error TEXT NOT NULL
) STRICT;

CREATE INDEX runs_of_target ON runs (project, target);
