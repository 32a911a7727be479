-- Everything is kept by project: several share one database, and none sees another. Text is compared
-- as bytes, as SQLite and Python do, whatever the language of the server.

-- What the files said last stands beside what is so now: file_status and file_word are the base
-- of a three-way merge, file_digest tells at a glance that a file says nothing new of a task.
CREATE TABLE tasks (
    project TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    file_digest TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    file_status TEXT COLLATE "C" NOT NULL,
    file_word TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    parent_source TEXT COLLATE "C",
    parent_name TEXT COLLATE "C",
    "group" TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    labels TEXT COLLATE "C" NOT NULL,
    assignee TEXT COLLATE "C" NOT NULL,
    priority TEXT COLLATE "C" NOT NULL,
    depends_on TEXT COLLATE "C" NOT NULL,
    fields TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    line BIGINT NOT NULL,
    text_time BIGINT NOT NULL,
    text_commit TEXT COLLATE "C" NOT NULL,
    status_time BIGINT NOT NULL,
    status_commit TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, source, name)
);

CREATE INDEX tasks_by_status ON tasks (project, status);

CREATE TABLE tips (
    project TEXT COLLATE "C" NOT NULL,
    layer TEXT COLLATE "C" NOT NULL,
    tip TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, layer)
);

CREATE TABLE slots (
    project TEXT COLLATE "C" NOT NULL,
    slot TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, slot)
);

-- merges counts those that changed something; the age of a remembered parse is told by it.
CREATE TABLE projects (
    project TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    merges BIGINT NOT NULL
);

CREATE TABLE parses (
    project TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    asked BIGINT NOT NULL,
    parse TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, digest)
);

CREATE INDEX parses_asked ON parses (project, asked);

CREATE TABLE bases (
    project TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    said TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, target, source, name)
);

CREATE TABLE boards (
    project TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    ids TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, target)
);

-- Append-only. Numbers are drawn by many at once: who reads them stops where one may still come.
CREATE TABLE events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project TEXT COLLATE "C" NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    data TEXT COLLATE "C" NOT NULL
);

CREATE INDEX events_of_project ON events (project, id);

CREATE TABLE runs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    started_at DOUBLE PRECISION NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    operations TEXT COLLATE "C" NOT NULL,
    error TEXT COLLATE "C" NOT NULL
);

CREATE INDEX runs_of_target ON runs (project, target, id);
