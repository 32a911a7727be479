"""What an agent at work hears with its heartbeat: its task is another one than it claimed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.ports import Event

BEATS = 3
"""How many heartbeats are due within one lease: two may fail."""

CALLED = {
    "key": "its id",
    "parent": "what it is a part of",
    "group": "the heading above it",
    "number": "its number in the file",
    "body": "the words below it",
    "labels": "its tags",
    "depends_on": "what it depends on",
    "fields": "its other values",
    "path": "the file in which it stands",
}
"""What fields are called that nobody who reads the file has a name for."""

OWN = frozenset({"word", "file_status", "branch"})
"""Fields that become others when an agent commits what its own claim has written into the file: how
that calls the status, and where. Whatever others say of the status decides about the claim itself.
"""


def changed_since_claim(history: Sequence[Event], token: int) -> tuple[str, ...]:
    """Return what of a task is no more as it was claimed: names of its fields, each once.

    A value that a file said in vain is none: the claim won. Fields come in the order in which they
    changed.

    Args:
        history: The events of the task, oldest first.
        token: Of the claim; nothing is known of one that is not in the history.
    """
    is_claimed = False
    fields: dict[str, None] = {}
    for each in history:
        data = json.loads(each.data)
        if each.kind == "claimed":
            is_claimed = data["token"] == token
            fields.clear()
        elif is_claimed and each.kind == "task_updated":
            fields.update(dict.fromkeys(each for each in data["fields"] if each not in OWN))
    return tuple(fields)


def words_for(key: str, fields: Sequence[str]) -> str:
    """Return what to tell an agent of a task that changed while it works on it."""
    names = ", ".join(CALLED.get(each, each) for each in fields)
    return (
        f"changed since you claimed it: {names}; read it again with 'kanban-sync task show {key}'"
    )
