"""What a model says and hears, turned into our terms and back: statuses, tags, tasks, errors."""

from __future__ import annotations

from typing import Any

from kanban_sync.core.errors import (
    HeldError,
    KanbanSyncError,
    LostClaimError,
    NotReadyError,
    UnknownGroupError,
    UnknownMissionError,
    UnknownTaskError,
    WorkError,
)
from kanban_sync.core.model import Status
from kanban_sync.core.order import Wanted

MINIMAL = ("key", "title", "status", "priority", "tags", "path", "line")

REMEDIES: tuple[tuple[type[KanbanSyncError], str], ...] = (
    (LostClaimError, "Stop work on it, and call plan_next for other work."),
    (HeldError, "Leave it to them, and call plan_next for other work."),
    (NotReadyError, "Call get_task to see what it waits for, or plan_next for what is ready."),
    (UnknownGroupError, "Name one of these, or none."),
    (UnknownMissionError, "Call coord_mission_status without a mission to see all."),
    (UnknownTaskError, "Call list_tasks for the keys that there are."),
)
"""What a model does next, by what went wrong; the first that fits counts."""


def remedy(error: KanbanSyncError) -> str:
    """Return an error's words with what to do next."""
    for kind, text in REMEDIES:
        if isinstance(error, kind):
            return f"{error} {text}"
    return str(error)


def status_called(text: str) -> Status:
    """Return the status that a model named.

    Raises:
        WorkError: There is no such status.
    """
    try:
        return Status(text)
    except ValueError:
        known = ", ".join(each for each in Status if each is not Status.ORPHANED)
        raise WorkError(f"{text} is no status; one of {known} is.") from None


def tagged(tags: list[str] | None) -> Wanted:
    """Return that only tasks with one of these tags are wanted."""
    return Wanted(tags=frozenset(tags or ()))


def brief(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return of each task what a list tells."""
    return [{name: each[name] for name in MINIMAL} for each in tasks]
