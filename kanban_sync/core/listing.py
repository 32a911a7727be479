"""A file's tasks one after the other: what each is recognised by, and a hash of its words."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.core.groups import BELOW
from kanban_sync.core.identity import KEPT, Traits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.core.model import ParsedTask, Ways


def flatten(tasks: Iterable[ParsedTask], ways: Ways = ()) -> list[tuple[ParsedTask, Traits, int]]:
    """List tasks and all below them in order, each with its traits and its parent's index (-1).

    A place is told by the whole way down to it: what a group is called depends on the others.
    """
    ways_of = {name: f"/{BELOW.join(way)}" for name, way in ways}
    flat: list[tuple[ParsedTask, Traits, int]] = []

    def visit(task: ParsedTask, place: str, above: int) -> None:
        where = ways_of.get(task.group, f"/{task.group}") if above < 0 else place
        flat.append((task, Traits(task.id, where, task.number, task.title), above))
        index = len(flat) - 1
        for child in task.children:
            visit(child, f"{where}/{task.title}", index)

    for task in tasks:
        visit(task, "", -1)
    return flat


@lru_cache(KEPT)
def text_digest(task: ParsedTask) -> str:
    """Return a hash of a task's words: all but its status, its place and what is below it."""
    words = [
        task.id,
        task.title,
        task.body,
        task.group,
        task.priority,
        task.assignee,
        task.labels,
        task.depends_on,
        task.fields,
    ]
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()[:16]
