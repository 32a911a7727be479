"""What goes wrong as those read it who ask by HTTP: problem details (RFC 9457) with a remedy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from kanban_sync.core.errors import (
    BoardError,
    BoardUnreachableError,
    ConsentError,
    EditError,
    HeldError,
    KanbanSyncError,
    LostClaimError,
    NotReadyError,
    OtherDatabaseError,
    StoreAwayError,
    UnknownMissionError,
    UnknownTaskError,
    WorkError,
)
from kanban_sync.doors.once import OtherCallError

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"

NAMES = "urn:kanban-sync:"
"""How the names of kinds begin."""

ELSEWHERE = "Mend it where the server runs; 'kanban-sync doctor' there says how."


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - it is called so where it comes from
    """One thing that went wrong.

    Args:
        status: The status of the answer.
        kind: A short name that stays; '' where the status says it all.
        detail: What happened.
        remedy: What to do now.
        more: Other members, as who holds a task.
        headers: Of the answer.
    """

    status: int
    kind: str
    detail: str
    remedy: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The answer's content."""
        told = {
            "type": f"{NAMES}{self.kind}" if self.kind else "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "remedy": self.remedy,
            **self.more,
        }
        return json.dumps(told).encode()


KINDS: tuple[tuple[type[KanbanSyncError], int, str, str], ...] = (
    (LostClaimError, 409, "lost-claim", "Stop work on it, and claim other work."),
    (HeldError, 409, "held", "Leave it to them, and claim other work."),
    (
        NotReadyError,
        409,
        "not-ready",
        "Get the task to see what it waits for, or GET /api/tasks/ready for what can be done.",
    ),
    (UnknownMissionError, 404, "unknown-task", "GET /api/missions lists those that there are."),
    (UnknownTaskError, 404, "unknown-task", "GET /api/tasks lists the keys that there are."),
    (OtherCallError, 422, "other-call", "Make up a new key for each new request."),
    (WorkError, 422, "refused", "Change the request as the detail says."),
    (EditError, 409, "edit", "Change the file as the detail says."),
    (StoreAwayError, 503, "busy", "Try the same again in a moment."),
    (OtherDatabaseError, 503, "busy", "Try the same again in a moment."),
    (ConsentError, 409, "consent", ELSEWHERE),
    (BoardUnreachableError, 502, "board-unreachable", "Try again later; nothing is lost."),
    (BoardError, 502, "board", ELSEWHERE),
)
"""How each kind of error is told; the first that fits counts."""

EXTRAS = ("agent", "expires", "token", "near")
"""What an error may hold besides its text."""


def problem_of(error: KanbanSyncError) -> Problem:
    """Return an error as it is told, with the words that all front doors use."""
    status, kind, remedy = next(
        (each[1:] for each in KINDS if isinstance(error, each[0])), (503, "setup", ELSEWHERE)
    )
    more = {name: getattr(error, name) for name in EXTRAS if hasattr(error, name)}
    headers = {"Retry-After": "1"} if kind == "busy" else {}
    return Problem(status, kind, str(error), remedy, more, headers)
