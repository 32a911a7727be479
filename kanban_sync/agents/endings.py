"""How a claim came to its end: by its holder, or by somebody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.ports import Event


def told_by_holder(events: Sequence[Event], agent: str, token: int) -> Status | None:
    """Return what the holder of a claim said of the task in the end; None if others ended it.

    A file that came to say that the task is over counts as the holder's word: whoever works on a
    task also commits.

    Args:
        events: The history of the task, oldest first.
        agent: Who had the claim.
        token: That of the claim.
    """
    said: Status | None = None
    is_after = False
    for each in events:
        data = json.loads(each.data)
        if each.kind == "claimed":
            if is_after:
                break
            is_after = data["token"] == token
        elif is_after and each.kind == "reclaimed":
            break
        elif is_after and each.kind == "released":
            return Status(data["new"])
        elif is_after and each.kind == "status_changed":
            new = Status(data["new"])
            if "who" in data:
                return new if data["who"] == agent else None
            said = new if new.is_over else None
    return said
