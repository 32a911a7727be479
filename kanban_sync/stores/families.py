"""Tasks by family: one that is below no other, and all below it. They make up one card."""

from __future__ import annotations

import hashlib
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from kanban_sync.core.model import TaskKey
from kanban_sync.stores import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kanban_sync.core.model import Task
    from kanban_sync.stores.transactions import Database, Transaction

Own: TypeAlias = "tuple[str, str]"
"""A task's source and name: what tells it apart in its project."""

DIGITS = 32
"""How much of a hash is kept: chance will not hit it."""

SEPARATOR = "\n"
"""Stands between rows; in one it is written otherwise, as JSON does."""

GROUPS = """
SELECT coalesce(parent_source, source), coalesce(parent_name, name),
       group_concat(CAST( json_array(COLUMNS) AS TEXT), ?2),
       min(CASE WHEN parent_name IS NULL THEN 0 ELSE 1 END)
  FROM tasks WHERE project = ?1 GROUP BY 1, 2
""".replace("COLUMNS", rows.TASKS.partition("FROM")[0].strip().removeprefix("SELECT "))
"""Tasks with those right below them, as one text each; 0 stands for one that is below no other."""

BELOW = """
SELECT source, name, parent_source, parent_name FROM tasks
 WHERE project = ? AND parent_name IS NOT NULL
"""


def hashes(db: Transaction, project: str) -> dict[TaskKey, str]:
    """Return a hash of each family, by the key of the task that is below no other."""
    texts: dict[Own, list[str]] = {}
    deeper: dict[Own, str] = {}
    for source, name, text, is_below in db.execute(GROUPS, (project, SEPARATOR)):
        if is_below:
            deeper[source, name] = text
        else:
            texts[source, name] = [text]
    if deeper:
        for top, below in _families(db, project, texts).items():
            texts[top] += [deeper[each] for each in below if each in deeper]
    return {TaskKey(project, *top): _hash(SEPARATOR.join(all_)) for top, all_ in texts.items()}


def tasks(database: Database, db: Transaction, project: str, of: Iterable[TaskKey]) -> list[Task]:
    """Return the tasks of some families, by path, position and key."""
    tops = [(source, name) for _, source, name in of]
    if not tops:
        return []
    every = [each for family in _families(db, project, tops).values() for each in family]
    keys = [TaskKey(project, *each) for each in every]
    found = database.tasks(db, keys, hold=False).values()
    read = [rows.task_of(project, row[: -rows.FILED_COLUMNS]) for row in found]
    return sorted(read, key=attrgetter("path", "position", "key"))


def _families(db: Transaction, project: str, tops: Collection[Own]) -> dict[Own, list[Own]]:
    """Return each of these tasks with all below it."""
    below: dict[Own, list[Own]] = {}
    held: set[Own] = set()
    for source, name, above_source, above_name in db.execute(BELOW, (project,)):
        held.add((source, name))
        below.setdefault((above_source, above_name), []).append((source, name))
    families: dict[Own, list[Own]] = {}
    for top in tops:
        if top in held:
            # Below another one by now, perhaps in a circle.
            continue
        family = families[top] = [top]
        # It grows as it is gone through.
        for each in family:
            family += below.get(each, ())
    return families


def _hash(text: str) -> str:
    # Sorted, since databases give rows in any order.
    every = SEPARATOR.join(sorted(text.split(SEPARATOR)))
    return hashlib.sha256(every.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
