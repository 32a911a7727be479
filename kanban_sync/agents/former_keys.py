"""Keys that tasks had before: whoever still knows a task by one is led to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import Event, TaskStore

PAGE = 1000
"""Events that are read at a time."""


def keys_by_now(store: TaskStore, text: str, every: Iterable[TaskKey]) -> list[TaskKey]:
    """Return, of all keys, that of the task which was called so last; none if none was.

    All events are looked through, so this is for what nobody is called now.
    """
    now = ""
    for event in _every(store):
        if event.kind == "task_updated" and '"key"' in event.data:
            old = str(json.loads(event.data).get("old", ""))
            _, _, name = old.partition(":")
            if text in {old, name, name.rpartition("/")[2]}:
                now = event.key
    return [key for key in every if str(key) == now]


def _every(store: TaskStore) -> Iterator[Event]:
    after = 0
    while page := store.events(after, PAGE):
        yield from page
        after = page[-1].id
