"""Whoever waits goes on though the database cannot be used for a while, and says so once."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import pytest

from kanban_sync.agents import waiting
from kanban_sync.agents.waiting import (
    GOES_ON,
    UNTIL_IT_ANSWERS,
    UNTIL_MENDED,
    Outage,
    begun,
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
    UnreachableStoreError,
    UntakenError,
)
from kanban_sync.stores.memory import MemoryStore
from stores.made_up import NOW, PROJECT, task
from stores.work_contract import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanban_sync.core.work import Entry

UNREACHED = UnreachableStoreError("Its server cannot be reached.")
REVOKED = StoreError("The role lacks a right.")
RENAMED = StoreError("There is no such database.")
CUT_OFF = StoreAwayError("The connection was lost.")


CROWDED = StoreAwayError("The server has too many connections; try again in a moment.")


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


def refuse(wrong: KanbanSyncError) -> Callable[[Work], None]:
    def begin(_: Work) -> None:
        raise wrong

    return begin


def test_whoever_has_begun_well_outlasts_what_somebody_mends(work: Work) -> None:
    told: list[str] = []
    look = looks(work, None, CUT_OFF, REVOKED, REVOKED, RENAMED, RENAMED, None, CUT_OFF)
    assert wait_for(work, look, 60, to_tell=told.append)
    cut_off = f"{CUT_OFF} {UNTIL_IT_ANSWERS}"
    revoked, renamed = (f"{each} {UNTIL_MENDED}" for each in (REVOKED, RENAMED))
    assert told == [cut_off, revoked, renamed, GOES_ON, cut_off, GOES_ON]


def test_what_is_wrong_from_the_start_ends_it_at_once(work: Work) -> None:
    for each in (REVOKED, UNREACHED):
        with pytest.raises(StoreError, match=str(each)):
            wait_for(work, looks(work, each), 60)
    with pytest.raises(StoreError, match=str(REVOKED)):
        next(follow_ready(work, looks(work, REVOKED), lambda _: None))
    # One that is away is worth waiting for where nobody asked for an end.
    assert next(follow_ready(work, looks(work, CUT_OFF), lambda _: None)).ready


def test_whoever_just_began_waits_on_where_a_server_says_to_try_again(work: Work) -> None:
    told: list[str] = []
    assert wait_for(work, looks(work, CROWDED, CROWDED, None), 60, to_tell=told.append)
    said = [f"{CROWDED} {UNTIL_IT_ANSWERS}", GOES_ON]
    assert told == said
    with pytest.raises(StoreAwayError, match="too many"):
        wait_for(work, looks(work, CROWDED), 0, to_tell=told.append)

    left, open_now = [CROWDED, CROWDED, None, CROWDED, None], list[bool]()

    @contextmanager
    def opened() -> Iterator[Work]:
        if wrong := left.pop(0):
            raise wrong
        open_now.append(True)
        yield work
        open_now.pop()

    def begin(_: Work) -> None:
        if wrong := left.pop(0):
            raise wrong

    left += [None]
    told.clear()
    with begun(opened, begin, 60, told.append) as its:
        assert (its, left, told) == (work, [], said)
    with pytest.raises(UnreachableStoreError):
        begun(lambda: nullcontext(work), refuse(UNREACHED), 60, told.append).__enter__()


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
