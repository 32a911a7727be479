"""How a claim came to its end: by its holder, or by somebody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kanban_sync.core.claims import Standing, check_token
from kanban_sync.core.endings import check_in_time, newest_token, told_by_holder
from kanban_sync.core.errors import LostClaimError
from kanban_sync.core.model import Status
from kanban_sync.core.ports import Event

MINE = ("claimed", {"agent": "ada", "token": 2})
NEXT = ("claimed", {"agent": "bob", "token": 3})
BACK = ("released", {"agent": "ada", "token": 2, "new": "todo"})
DONE = {"new": "done", "token": 2}

Told = tuple[str, dict[str, Any]]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ((MINE,), None),
        ((MINE, BACK), "todo"),
        ((MINE, BACK, NEXT), "todo"),
        ((MINE, NEXT, ("released", {"agent": "bob", "token": 3, "new": "todo"})), None),
        ((BACK, MINE), None),
        ((MINE, ("reclaimed", {"agent": "ada", "token": 2, "new": "todo"})), None),
        ((MINE, ("status_changed", {**DONE, "who": "ada"})), "done"),
        ((MINE, ("status_changed", {**DONE, "who": "bob"})), None),
        ((MINE, ("status_changed", {"new": "done"})), "done"),
        ((MINE, ("status_changed", {"new": "blocked"})), None),
        ((MINE, ("task_updated", {"fields": ["title"]}), BACK), "todo"),
    ],
)
def test_who_ended_a_claim_is_told_by_its_history(
    told: tuple[Told, ...], status: str | None
) -> None:
    assert told_by_holder(events_of(told), "ada", 2) == status


def events_of(told: tuple[Told, ...]) -> list[Event]:
    return [Event(n, 0.0, kind, "k", json.dumps(data)) for n, (kind, data) in enumerate(told)]


OLD = ("claimed", {"agent": "ada", "token": 1})
OLD_TAKEN = ("reclaimed", {"agent": "ada", "token": 1, "new": "todo"})
TAKEN = ("reclaimed", {"agent": "ada", "token": 2, "new": "todo"})
NEXT_BACK = ("released", {"agent": "bob", "token": 3, "new": "todo"})
STUCK = ("status_changed", {"new": "blocked", "token": 2, "who": "ada"})
OVERRULED = ("status_changed", {"new": "todo", "token": 2, "who": "eve"})
DONE_BY_EVE = ("status_changed", {"new": "done", "token": 2, "who": "eve"})
LATER_BY_EVE = ("status_changed", {"new": "done", "who": "eve"})
IN_FILE = ("status_changed", {"new": "done"})
OPENED = ("status_changed", {"new": "todo"})
GONE = ("orphaned", {"old": "in_progress"})
OPEN, OVER = "in_progress", "done"
LOST = r"Your claim of k \(token 2\) is lost: the task "
IS_OVER = r"^k is done already\. Nothing was written; stop work on it"


@pytest.mark.parametrize(
    ("told", "status", "said", "refused"),
    [
        # Who never had it, or ended its claim itself, is as anybody.
        ((), OPEN, "blocked", ""),
        ((), OVER, "done", ""),
        ((), OVER, "review", IS_OVER),
        ((BACK,), OVER, "blocked", IS_OVER),
        ((MINE, BACK), OPEN, "blocked", ""),
        ((MINE, STUCK), OPEN, "done", ""),
        ((MINE, STUCK, LATER_BY_EVE), OVER, "done", ""),
        ((MINE, STUCK, LATER_BY_EVE), OVER, "review", IS_OVER),
        ((MINE, ("status_changed", {**DONE, "who": "ada"})), OVER, "done", ""),
        ((MINE, ("status_changed", {**DONE, "who": "ada"})), OVER, "blocked", IS_OVER),
        # Nobody ended it.
        ((MINE,), OPEN, "done", ""),
        ((OLD, OLD_TAKEN, MINE), OPEN, "done", ""),
        ((MINE, ("status_changed", {"new": "blocked"})), OPEN, "done", ""),
        ((MINE, IN_FILE), OVER, "blocked", f"{LOST}is done already"),
        ((MINE, IN_FILE), OVER, "done", ""),
        # Its file ended it, and it is open again.
        ((MINE, IN_FILE, OPENED), OPEN, "done", f"{LOST}was over by its file, and was opened"),
        ((MINE, GONE, OPENED), OPEN, "done", f"{LOST}was over by its file, and was opened"),
        ((OLD, IN_FILE, OPENED, MINE), OPEN, "done", ""),
        # Others ended it.
        ((MINE, OVERRULED), OPEN, "done", f"{LOST}was set to todo by eve since"),
        ((MINE, DONE_BY_EVE), OVER, "blocked", f"{LOST}is done already"),
        ((MINE, DONE_BY_EVE), OVER, "done", f"{LOST}is done already"),
        ((MINE, TAKEN), OPEN, "done", f"{LOST}was taken back since"),
        ((MINE, TAKEN, NEXT), OPEN, "done", rf"{LOST}was claimed by bob since \(token 3\)"),
        ((MINE, BACK, NEXT, NEXT_BACK), OPEN, "done", f"{LOST}was claimed by bob since"),
    ],
)
def test_who_comes_too_late_without_a_token_is_refused(
    told: tuple[Told, ...], status: str, said: str, refused: str
) -> None:
    standing = Standing(Status(status), None, token=3)
    call = ("k", standing, events_of(told), "ada", Status(said))
    if not refused:
        check_in_time(*call)
        return
    with pytest.raises(LostClaimError, match=refused):
        check_in_time(*call)


@pytest.mark.parametrize(
    ("told", "token"),
    [((), 0), ((NEXT,), 0), ((OLD, OLD_TAKEN), 1), ((OLD, OLD_TAKEN, MINE, NEXT), 2)],
)
def test_the_newest_token_of_an_agent_is_known_whatever_became_of_its_claim(
    told: tuple[Told, ...], token: int
) -> None:
    assert newest_token(events_of(told), "ada") == token


@pytest.mark.parametrize(
    ("token", "what"),
    [(3, "was taken back or released"), (4, "has no such claim: .* or this is another database")],
)
def test_a_claim_of_which_a_database_knows_nothing_is_told_from_one_that_was_lost(
    token: int, what: str
) -> None:
    with pytest.raises(LostClaimError, match=rf"\(token {token}\) is lost: the task {what}"):
        check_token("k", Standing(Status.TODO, None, token=3), token)
