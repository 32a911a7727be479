"""Tasks and runs as rows of the database, both ways, and the statements that carry them."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from kanban_sync.core.merge import Filed, Kept
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import Run
from kanban_sync.stores.changes import to_json

if TYPE_CHECKING:
    from collections.abc import Callable

Row: TypeAlias = tuple[Any, ...]

STATUSES = {status.value: status for status in Status}
"""Asking the enumeration itself takes as long as reading a third of a row."""

DIGITS = 32
"""How much of a hash is kept: chance will not hit it, and all are read for each merge."""

FILED_COLUMNS = 5

_SHA256 = hashlib.sha256()

NO_PARENT = (None, None, None)

DIGESTS = (
    "SELECT count(*), coalesce(group_concat(file_digest, ' '), '') FROM tasks WHERE project = ?"
)
"""A digest is of the key, too: it tells of which task it is.

One text of all of them takes a fraction of the time of as many rows.
"""

TASKS = """
SELECT source, name, status, word, title, parent_source, parent_name, "group", number, body,
       labels, assignee, priority, depends_on, fields, position, path, line,
       text_time, text_commit, status_time, status_commit, assigned_time, assigned_commit, branch
  FROM tasks WHERE project = ?1 ORDER BY path, position, source, name
"""

FILED = "file_status, file_word, file_assignee, file_time, file_commit"

KEPT_TASKS = TASKS.replace("FROM", f", {FILED} FROM")

FILED_TASKS = KEPT_TASKS.replace("ORDER BY", "AND file_status <> '' ORDER BY")

AHEAD = KEPT_TASKS.replace(
    "ORDER BY",
    """AND status <> 'orphaned'
      AND (status <> file_status OR (assignee <> file_assignee
                                     AND status NOT IN ('done', 'cancelled')))
    ORDER BY""",
)
"""Those that no file has held yet are among them: their file_status is empty."""

KEPT_TASK = KEPT_TASKS.replace("ORDER BY", "AND source = ?2 AND name = ?3 ORDER BY")

TELL = "INSERT INTO events (project, at, kind, key, data) VALUES (?, ?, ?, ?, ?)"

WRITE_TASK = """
INSERT INTO tasks (
       project, source, name, status, word, title, parent_source, parent_name, "group", number,
       body, labels, assignee, priority, depends_on, fields, position, path, line,
       text_time, text_commit, status_time, status_commit, file_digest,
       file_status, file_word, file_assignee, file_time, file_commit,
       assigned_time, assigned_commit, branch)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
       ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)
ON CONFLICT (project, source, name) DO UPDATE SET
       status = ?4, word = ?5, title = ?6, parent_source = ?7, parent_name = ?8, "group" = ?9,
       number = ?10, body = ?11, labels = ?12, assignee = ?13, priority = ?14, depends_on = ?15,
       fields = ?16, position = ?17, path = ?18, line = ?19, text_time = ?20, text_commit = ?21,
       status_time = ?22, status_commit = ?23, file_digest = ?24,
       file_status = ?25, file_word = ?26, file_assignee = ?27, file_time = ?28, file_commit = ?29,
       assigned_time = ?30, assigned_commit = ?31, branch = ?32
"""

_NEW_TASK = WRITE_TASK.partition(")\nON CONFLICT")[0]
_WIDTH = _NEW_TASK.count("?")

WRITE_FIRST = f"{_NEW_TASK}, ?{_WIDTH + 1}, ?{_WIDTH + 2})".replace(
    ")\nVALUES", ", is_waiting, waited_for)\nVALUES"
)
"""For a project that has no task yet: whether one waits, and is waited for, is known by then."""

TASK_IS_OVER = """
UPDATE tasks SET status = ?, status_time = ?, status_commit = ?, branch = ?, file_digest = '',
       file_status = ?, file_word = ?, file_assignee = ?, file_time = ?, file_commit = ?
WHERE project = ? AND source = ? AND name = ?
"""
"""Without a digest the task is looked at again should it come back."""

WRITE_BASE = """
INSERT INTO bases (project, target, source, name, said, settled) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project, target, source, name) DO UPDATE SET
       said = excluded.said, settled = excluded.settled
 WHERE bases.said <> excluded.said OR bases.settled <> excluded.settled
"""

RENAMED = """
SELECT id, at, kind, key, data FROM events
 WHERE project = ? AND id > ? AND kind = 'task_updated' AND data LIKE ?
 ORDER BY id
"""

TWOFOLD = """
SELECT id, at, kind, key, data FROM events AS e
 WHERE project = ?1 AND kind = 'conflict' AND at >= ?2 AND data LIKE '{"field":"id",%'
   AND NOT EXISTS (SELECT 1 FROM events AS later
                    WHERE later.project = e.project AND later.key = e.key AND later.id > e.id
                      AND (later.kind = 'orphaned'
                           OR (later.kind = 'task_updated' AND later.data LIKE '%"title"%')
                           OR (later.kind = 'conflict' AND later.data LIKE '{"field":"id",%')))
   AND coalesce((SELECT t.status FROM tasks AS t
                  WHERE t.project = e.project
                    AND t.source = substr(e.key, 1, instr(e.key, ':') - 1)
                    AND t.name = substr(e.key, instr(e.key, ':') + 1)), '')
       NOT IN ('done', 'cancelled', 'orphaned')
 ORDER BY id
"""

RUNS = """
SELECT target, started_at, seconds, result, operations, error, id
  FROM runs WHERE project = ? ORDER BY id DESC LIMIT ?
"""


def digest_of(task: Task) -> str:
    """Return a hash of all that a file says of a task."""
    ((_, source, name), title, status, word, parent, group, number, body, labels, assignee,
     priority, depends_on, fields, position, path, line,
     (text_time, text_commit), (status_time, status_commit), assigned, branch) = task  # fmt: skip
    words = (
        source,
        name,
        title,
        status,
        word,
        f"{parent[1]}:{parent[2]}" if parent else "",
        group,
        number,
        body,
        _shown(labels),
        assignee,
        priority,
        _shown(depends_on),
        _shown(fields),
        path,
        text_commit,
        status_commit,
        assigned.commit,
        f"{position} {line} {text_time} {status_time} {assigned.time} {branch}",
    )
    text = "\0".join(words)
    if text.count("\0") >= len(words):
        # The text holds the separator: written so that two tasks cannot read the same.
        text = repr(words)
    # To make one anew is to look up what it is called, which takes as long as to hash the text.
    digest = _SHA256.copy()
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:DIGITS]


def row_of(kept: Kept, digest: str) -> Row:
    """Return the parameters of ``WRITE_TASK``; the digest is that of what the file says."""
    task, filed = kept
    ((project, source, name), title, status, word, parent, group, number, body, labels, assignee,
     priority, depends_on, fields, position, path, line,
     (text_time, text_commit), (status_time, status_commit), assigned, branch) = task  # fmt: skip
    _, parent_source, parent_name = parent or NO_PARENT
    file_status, file_word, file_assignee, file_time, file_commit = _row_of_filed(filed)
    return (
        project, source, name, f"{status}", word, title, parent_source, parent_name, group, number,
        body, _listed(labels), assignee, priority, _listed(depends_on), _listed(fields),
        position, path, line, text_time, text_commit, status_time, status_commit, digest,
        file_status, file_word, file_assignee, file_time, file_commit, *assigned, branch,
    )  # fmt: skip


def over_row_of(kept: Kept) -> Row:
    """Return the parameters of ``TASK_IS_OVER``."""
    task = kept.task
    return (
        task.status.value,
        *task.status_version,
        task.branch,
        *_row_of_filed(kept.filed),
        *task.key,
    )


def kept_of(project: str, row: Row) -> Kept:
    """Read back one row of ``KEPT_TASK``."""
    task = task_of(project, row[:-FILED_COLUMNS])
    status, word, assignee, time, commit = row[-FILED_COLUMNS:]
    if not status:
        return Kept(task, None)
    return Kept(task, Filed(STATUSES[status], word, assignee, Version(time, commit)))


def filed_of(project: str, row: Row) -> Task:
    """Read back one row of ``FILED_TASKS``, as the file had it."""
    status, word, assignee, time, commit = row[-FILED_COLUMNS:]
    return task_of(project, row[:-FILED_COLUMNS])._replace(
        status=STATUSES[status],
        word=word,
        assignee=assignee,
        status_version=Version(time, commit),
    )


def _row_of_filed(filed: Filed | None) -> Row:
    if filed is None:
        return ("", "", "", 0, "")
    status, word, assignee, (time, commit) = filed
    return (f"{status}", word, assignee, time, commit)


def task_of(project: str, row: Row) -> Task:
    """Read back one row of ``TASKS``."""
    (source, name, status, word, title, parent_source, parent_name, group, number, body,
     labels, assignee, priority, depends_on, fields, position, path, line,
     text_time, text_commit, status_time, status_commit, assigned_time, assigned_commit,
     branch) = row  # fmt: skip
    parent = None if parent_source is None else _KEY((project, parent_source, parent_name))
    return _TASK(
        (
            _KEY((project, source, name)), title, STATUSES[status], word, parent, group, number,
            body, _list(labels), assignee, priority, _list(depends_on), _pairs(fields), position,
            path, line, _VERSION((text_time, text_commit)),
            _VERSION((status_time, status_commit)), _VERSION((assigned_time, assigned_commit)),
            branch,
        )
    )  # fmt: skip


# What ``Task(...)`` does besides takes longer than to make one, and there are thousands.
_TASK: Callable[[Row], Task] = partial(tuple.__new__, Task)
_KEY: Callable[[Row], TaskKey] = partial(tuple.__new__, TaskKey)
_VERSION: Callable[[Row], Version] = partial(tuple.__new__, Version)


def run_of(row: Row) -> Run:
    """Read back one row of ``RUNS``."""
    target, started_at, seconds, result, operations, error, number = row
    return Run(target, started_at, seconds, result, json.loads(operations), error, number)


# The same few labels, dependencies and fields return in task after task.
@lru_cache(maxsize=4096)
def _listed(values: tuple[object, ...]) -> str:
    return to_json(values)


@lru_cache(maxsize=4096)
def _shown(values: tuple[object, ...]) -> str:
    return str(values)


@lru_cache(maxsize=4096)
def _list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=4096)
def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))
