"""Whoever waits goes on though the database cannot be used for a while, and says so once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kanban_sync.agents import waiting
from kanban_sync.agents.waiting import (
    GOES_ON,
    UNTIL_IT_ANSWERS,
    UNTIL_MENDED,
    Outage,
    follow_ready,
    wait_for,
)
from kanban_sync.agents.work import Work
from kanban_sync.core.errors import (
    HeldError,
    KanbanSyncError,
    NewerStoreError,
    OtherDatabaseError,
    StoreAwayError,
    StoreError,
    UntakenError,
)
from kanban_sync.stores.memory import MemoryStore
from stores.made_up import NOW, PROJECT, task
from stores.work_contract import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.work import Entry

REVOKED = StoreError("The role lacks a right.")
RENAMED = StoreError("There is no such database.")
CUT_OFF = StoreAwayError("The connection was lost.")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK", 0.01)
    monkeypatch.setattr(waiting, "AGAIN", 0.01)


@pytest.fixture
def work() -> Work:
    store = MemoryStore(PROJECT)
    fill(store, task("a"))
    return Work(store, PROJECT, lambda: NOW, None, lambda: None, lambda: None)


def looks(work: Work, *found: KanbanSyncError | None) -> Callable[[], list[Entry]]:
    """Return a look that goes wrong so, one time after the other, and then finds something."""
    left = iter(found)

    def look() -> list[Entry]:
        for each in left:
            if each is not None:
                raise each
            return []
        return work.next()

    return look


def test_whoever_has_begun_well_outlasts_what_somebody_mends(work: Work) -> None:
    told: list[str] = []
    look = looks(work, None, CUT_OFF, REVOKED, REVOKED, RENAMED, RENAMED, None, CUT_OFF)
    assert wait_for(work, look, 60, to_tell=told.append)
    cut_off = f"{CUT_OFF} {UNTIL_IT_ANSWERS}"
    revoked, renamed = (f"{each} {UNTIL_MENDED}" for each in (REVOKED, RENAMED))
    assert told == [cut_off, revoked, renamed, GOES_ON, cut_off, GOES_ON]


def test_what_is_wrong_from_the_start_ends_it_at_once(work: Work) -> None:
    for each in (REVOKED, CUT_OFF):
        with pytest.raises(StoreError, match=str(each)):
            wait_for(work, looks(work, each), 60)
    with pytest.raises(StoreError, match=str(REVOKED)):
        next(follow_ready(work, looks(work, REVOKED), lambda _: None))
    # One that is away is worth waiting for where nobody asked for an end.
    assert next(follow_ready(work, looks(work, CUT_OFF), lambda _: None)).ready


@pytest.mark.parametrize(
    "wrong",
    [
        HeldError("Somebody has it.", "bob", NOW),
        UntakenError("The name is too long.", "too long"),
        NewerStoreError("Made by a newer release."),
        OtherDatabaseError("Another file by now."),
    ],
)
def test_what_no_waiting_mends_ends_it_at_once(work: Work, wrong: KanbanSyncError) -> None:
    told: list[str] = []
    with pytest.raises(type(wrong)):
        wait_for(work, looks(work, None, wrong), 60, to_tell=told.append)
    assert told == []


def test_nobody_waits_for_longer_than_was_said(work: Work) -> None:
    told: list[str] = []
    with pytest.raises(StoreError, match=str(REVOKED)):
        wait_for(work, looks(work, None, *[REVOKED] * 10_000), 0.2, to_tell=told.append)
    assert len(told) == 1


def test_pauses_grow_and_end_with_the_wait() -> None:
    rests: list[float] = []
    ends = time.monotonic() + 60
    outage = Outage(lambda _: None, ends=ends, has_begun=True, rest=rests.append)
    for _ in range(20):
        with outage.waited_for():
            raise REVOKED
    assert rests[0] <= 0.015 < rests[3]
    outage = Outage(lambda _: None, ends=time.monotonic() + 1, has_begun=True, rest=rests.append)
    for _ in range(20):
        with outage.waited_for():
            raise REVOKED
    assert rests[-1] <= 1
