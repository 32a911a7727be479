"""What tasks wait for, kept in step with the tasks, in SQL."""

from __future__ import annotations

import json
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.dependencies import BLOCKS, Edge, Named, blocked_by, edges
from kanban_sync.core.missions import SOURCE, files_named, parts_of
from kanban_sync.core.model import OVER, SATISFYING, Status, Task, TaskKey
from kanban_sync.core.parts import all_edges, with_loose, with_parts
from kanban_sync.core.ports import SATISFIED_BY
from kanban_sync.core.satisfying import is_strict
from kanban_sync.stores.rows import STATUSES
from kanban_sync.stores.work_rows import LENIENT, LOOSE, PART, RECKON_ALL, RECKON_MANY, STRICT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kanban_sync.stores.changes import Changes
    from kanban_sync.stores.rows import Row
    from kanban_sync.stores.transactions import Transaction

NAMED = """
SELECT source, name, path, number, depends_on, status = 'orphaned', fields FROM tasks
 WHERE project = ? ORDER BY path, position, source, name
"""
EDGES = """
SELECT source, name, word, on_source, on_name, lenient FROM needs
 WHERE project = ? ORDER BY source, name, word
"""
WRITE_EDGE = """
INSERT INTO needs (project, source, name, word, on_source, on_name, lenient)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project, source, name, word) DO UPDATE SET
       on_source = excluded.on_source, on_name = excluded.on_name, lenient = excluded.lenient
"""
FORGET_EDGE = "DELETE FROM needs WHERE project = ? AND source = ? AND name = ? AND word = ?"
LENIENT_PATHS = """
SELECT DISTINCT t.path FROM needs AS n
  JOIN tasks AS t ON t.project = n.project AND t.source = n.source AND t.name = n.name
 WHERE n.project = ? AND n.lenient IN (1, 3, 5, 7)
"""
MILESTONES = """
SELECT source, name, title, status, "group", number, fields, path FROM tasks
 WHERE project = ? AND source = '{source}' AND parent_name IS NULL AND status <> 'orphaned'
 ORDER BY path, position, name
""".replace("{source}", SOURCE)
FOR_MILESTONES = """
SELECT source, name, title, status, "group", number, fields, path FROM tasks
 WHERE project = ? AND parent_name IS NULL AND path IN (SELECT value FROM json_each(?))
 ORDER BY path, position, source, name
"""
HAS_MILESTONE = """
SELECT 1 FROM tasks WHERE project = ? AND source = '{source}' AND parent_name IS NULL LIMIT 1
""".replace("{source}", SOURCE)
PARENTS = """
SELECT source, name, parent_source, parent_name FROM tasks
 WHERE project = ? AND parent_name IS NOT NULL
"""
MARKS = "SELECT tip FROM tips WHERE project = ? AND layer = ?"
"""What each clone recorded of its settings."""

BITS = (LENIENT, STRICT, PART, LOOSE)
"""What each of an edge's last values is worth in its row."""

_BLOCKS = f'"{BLOCKS.lower()}"'


class Terms(NamedTuple):
    """When what a task needs counts as done.

    ``lenient`` are the paths of files where a name that nobody has is as good as done;
    ``is_strict`` tells whether files of the default branch have to say that it is done.
    """

    lenient: Collection[str] = ()
    is_strict: bool = False


def keep(
    db: Transaction, project: str, changes: Changes, terms: Terms, *, was_strict: bool
) -> None:
    """Bring in step what a merge changed; most merges change no name and no dependency.

    Args:
        db: Within the merge's transaction, after its tasks were written.
        project: Whose.
        changes: What the merge changed.
        terms: When what is needed counts as done.
        was_strict: Whether they were strict before.
    """
    is_moved = changes.relinks or terms.is_strict != was_strict
    if is_moved or (changes.regroups and db.execute(HAS_MILESTONE, (project,)).fetchone()):
        link(db, project, terms)
    else:
        turned = sorted(changes.turned)
        for source, keys in groupby(turned, key=attrgetter("source")):
            names = json.dumps([key.name for key in keys])
            for statement in RECKON_MANY:
                db.execute(statement, (project, source, names))


class Links(NamedTuple):
    """What the tasks of a project wait for, and which of them wait and are waited for."""

    edges: Sequence[Edge] = ()
    waiting: Collection[TaskKey] = ()
    waited_for: Collection[TaskKey] = ()

    def flags(self, key: TaskKey) -> tuple[int, int]:
        """Return whether a task waits, and whether it is waited for, as its row has it."""
        return (1 if key in self.waiting else 0, 1 if key in self.waited_for else 0)


def of_first(tasks: Sequence[Task], terms: Terms) -> Links:
    """Find out what all tasks wait for where there were none before; nothing has to be read."""
    if not any(task.depends_on or task.fields for task in tasks):
        return Links()
    placed = sorted(tasks, key=attrgetter("path", "position", "key"))
    found = all_edges(placed, terms.lenient, is_strict=terms.is_strict)
    status = {task.key: task.status for task in tasks}
    met = {
        task.key
        for task in tasks
        if task.status in SATISFYING and not (terms.is_strict and task.path and task.branch)
    }
    gone = {key for key, its in status.items() if its is Status.ORPHANED}
    return Links(
        found,
        {
            each.task
            for each in found
            if (not each.lenient if each.needs is None else each.needs not in met)
            and not (each.is_loose or (each.is_part and each.needs in gone))
        },
        {
            each.needs
            for each in found
            if each.needs is not None
            and status[each.task] not in OVER
            and not (each.is_part or each.is_loose)
        },
    )


def write(db: Transaction, edges: Iterable[Edge]) -> None:
    """Write what tasks wait for."""
    db.executemany(WRITE_EDGE, rows_of(edges))


def rows_of(edges: Iterable[Edge]) -> list[Row]:
    """Return the parameters of ``WRITE_EDGE``, in the order in which they are kept."""
    nobody = (None, None)
    return sorted(
        [
            (
                *task,
                name,
                *(nobody if needs is None else needs[1:]),
                sum(bit for bit, is_set in zip(BITS, bits, strict=True) if is_set),
            )
            for task, name, needs, *bits in edges
        ]
    )


def link(db: Transaction, project: str, terms: Terms | None = None) -> None:
    """Find out anew what all tasks wait for, and write what differs; None: as they are."""
    if terms is None:
        lenient = {row[0] for row in db.execute(LENIENT_PATHS, (project,))}
        terms = Terms(lenient, are_strict(db, project))
    tasks = [
        Named(TaskKey(project, *key), path, number, _names(waits), bool(orphaned), _blocked(said))
        for *key, path, number, waits, orphaned, said in db.execute(NAMED, (project,))
    ]
    old = {edge[:2]: edge for edge in read(db, project)}
    said = edges(tasks, terms.lenient, is_strict=terms.is_strict)
    if parts := _parts(db, project, tasks):
        rows = db.execute(PARENTS, (project,))
        parents = {TaskKey(project, *row[:2]): TaskKey(project, *row[2:]) for row in rows}
        said = iter(with_loose(with_parts(said, parts, parents, is_strict=terms.is_strict), parts))
    new = {edge[:2]: edge for edge in said}
    db.executemany(FORGET_EDGE, [(*key, word) for key, word in old.keys() - new.keys()])
    write(db, [edge for each, edge in new.items() if old.get(each) != edge])
    for statement in RECKON_ALL:
        db.execute(statement, (project,))


def are_strict(db: Transaction, project: str) -> bool:
    """Tell whether the newest settings want files of the default branch to say what is done."""
    return is_strict(mark for (mark,) in db.execute(MARKS, (project, SATISFIED_BY)))


def read(db: Transaction, project: str) -> list[Edge]:
    """Return all that tasks wait for."""
    return [
        Edge(
            TaskKey(project, source, name),
            word,
            None if on_name is None else TaskKey(project, on_source, on_name),
            bool(lenient & LENIENT),
            bool(lenient & STRICT),
            bool(lenient & PART),
            bool(lenient & LOOSE),
        )
        for source, name, word, on_source, on_name, lenient in db.execute(EDGES, (project,))
    ]


def _parts(db: Transaction, project: str, tasks: Iterable[Named]) -> dict[TaskKey, list[TaskKey]]:
    """Return the tasks of each milestone; most projects have no such."""
    milestones = [_task(project, row) for row in db.execute(MILESTONES, (project,)).fetchall()]
    named = {path for each in milestones for path in files_named(each.path, each.fields)}
    paths = {each.path for each in tasks if each.path in named} if named else ()
    if not paths:
        return {}
    asked = json.dumps(sorted(paths))
    found = db.execute(FOR_MILESTONES, (project, asked)).fetchall()
    return parts_of([*milestones, *(_task(project, row) for row in found if row[0] != SOURCE)])


def _task(project: str, row: Row) -> Task:
    """Return of a task what tells to which milestone it belongs."""
    source, name, title, status, group, number, fields, path = row
    return Task(
        TaskKey(project, source, name),
        title,
        STATUSES[status],
        group=group,
        number=number,
        fields=tuple([tuple(each) for each in json.loads(fields)]),
        path=path,
    )


def _names(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def _blocked(fields: str) -> tuple[str, ...]:
    """Return whom a task blocks, of what its row has; few have such a value."""
    return blocked_by(json.loads(fields)) if _BLOCKS in fields.lower() else ()
