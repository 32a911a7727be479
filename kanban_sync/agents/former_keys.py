"""Keys that tasks had before: whoever still knows a task by one is led to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanban_sync.agents.events import events_after

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import TaskStore


def keys_by_now(store: TaskStore, text: str, every: Iterable[TaskKey]) -> list[TaskKey]:
    """Return, of all keys, that of the task which was called so last; none if none was.

    All events are looked through, so this is for what nobody is called now.
    """
    now = ""
    for event in events_after(store, 0):
        if event.kind == "task_updated" and '"key"' in event.data:
            old = str(json.loads(event.data).get("old", ""))
            _, _, name = old.partition(":")
            if text in {old, name, name.rpartition("/")[2]}:
                now = event.key
    return [key for key in every if str(key) == now]
