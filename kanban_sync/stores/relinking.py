"""After which changes of tasks it has to be found out anew who waits for whom. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.dependencies import blocked_by
from kanban_sync.core.missions import SOURCE, says_milestone
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import Task

LINKS = ("depends_on", "path", "number", "priority", "labels")
"""What says who is meant by a dependency: the last two make a file one of v1.0, or no more."""

OF_MILESTONE = ("title", "fields", "position", "parent")
"""What says of a milestone which tasks are its own."""


def turns(old: Status, new: Status) -> bool:
    """Tell whether another status changes who waits for whom."""
    return (old.is_over, old.satisfies) != (new.is_over, new.satisfies)


def kept_turns(old: Kept, new: Kept, *, is_strict: bool) -> bool:
    """Tell the same of a task that a merge writes, by what its file says too."""
    return turns(old.task.status, new.task.status) or (is_strict and is_met(old) != is_met(new))


def is_met(kept: Kept) -> bool:
    """Tell whether files of the default branch say that a task is done, if any file holds it."""
    task, filed = kept
    if not (task.status.satisfies and task.path):
        return task.status.satisfies
    return not task.branch and filed is not None and filed.status.satisfies


def relinks(old: Task, new: Task) -> bool:
    """Tell whether another task may be meant now by what tasks say they wait for."""
    if any(getattr(old, name) != getattr(new, name) for name in LINKS):
        return True
    return old.fields != new.fields and blocked_by(old.fields) != blocked_by(new.fields)


def regroups(old: Task, new: Task) -> bool:
    """Tell whether a task may belong to another milestone now, or others to this one."""
    if new.key.source == SOURCE:
        came_or_went = (old.status is Status.ORPHANED) is not (new.status is Status.ORPHANED)
        return came_or_went or any(getattr(old, one) != getattr(new, one) for one in OF_MILESTONE)
    if (old.group, old.parent) != (new.group, new.parent):
        return True
    return old.fields != new.fields and says_milestone(old) != says_milestone(new)
