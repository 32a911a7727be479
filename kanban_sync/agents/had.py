"""What the database has of a task, and has had before: that may stand in a file by its word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.claims import ENDS
from kanban_sync.core.merge import Filed, Kept, filed_part
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry

TURNS = frozenset({"claimed", "released", "reclaimed", "status_changed"})


class Store(Protocol):
    """What of the task database tells how a task is by now."""

    def ahead(self) -> Sequence[Kept]:
        """Return the tasks of which it has what their files do not say."""
        ...

    def entry(self, key: TaskKey) -> Entry:
        """Return one task."""
        ...


def had_before(history: Sequence[Event], filed: Filed | None) -> list[Filed]:
    """Return what claims of a task have written into files, and what came after a claim.

    The second only where the file that was read says what a claim has written: all that the
    database had since then is newer than that file, and was written by whoever gave the task back.

    Args:
        history: The events of the task, oldest first.
        filed: What its file said when it last agreed with the database; None if no file did.
    """
    told = [(each.kind, json.loads(each.data)) for each in history if each.kind in TURNS]
    names = [data["agent"] for kind, data in told if kind == "claimed"]
    found = [_mark(name) for name in names]
    if filed is None or filed.status is not Status.IN_PROGRESS or filed.assignee not in names:
        return found
    later: list[Filed] = []
    agent = ""
    for kind, data in told:
        new = Status(data["new"])
        if kind == "claimed":
            agent = data["agent"]
            if agent == filed.assignee:
                later.clear()
        elif kind != "status_changed" or new not in ENDS:
            agent = ""
        later.append(Filed(new, assignee=agent))
    return found + later


def kept_now(store: Store, key: TaskKey) -> Kept:
    """Return a task as it is by now: somebody else may have claimed it since."""
    ahead = next((each for each in store.ahead() if each.task.key == key), None)
    if ahead is not None:
        return ahead
    # Where the file said the same when both agreed last, here it may say more.
    task = store.entry(key).task
    return Kept(task, filed_part(task))


def _mark(name: str) -> Filed:
    return Filed(Status.IN_PROGRESS, assignee=name)
