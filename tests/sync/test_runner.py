"""Who runs when: coalescing, what is marked done, and what a failure leaves behind."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import BoardUnreachableError, KanbanSyncError, SetupError, StoreError
from kanban_sync.sync import requests
from kanban_sync.sync.locks import FairLock, RunLock, board_lock_path, target_id
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.runner import Outcome
from kanban_sync.sync.state_folder import StateFolder
from sync.runner_passes import BRISK, LONG, Passes, ask, go, raising, until, void

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "kanban-sync")


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    return target_id("https://planka.example.org", str(tmp_path), "B")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def test_without_a_request_nothing_runs(state: StateFolder, target: str) -> None:
    passes = Passes()

    assert go(state, target, passes) is Outcome.DONE
    assert passes.parts == []
    assert not state.pending.exists()


def test_a_request_is_served_the_database_first(state: StateFolder, target: str) -> None:
    end = ask(state)
    passes = Passes()

    assert go(state, target, passes) is Outcome.DONE

    told = (Request("*", Cause.CLI),)
    assert passes.done == [("database", told), ("board", told)]
    assert requests.done(state, target) == end
    assert not state.pending.exists()


def test_a_served_request_is_not_served_again(state: StateFolder, target: str) -> None:
    ask(state)
    go(state, target, Passes())
    passes = Passes()

    assert go(state, target, passes) is Outcome.DONE
    assert passes.parts == []


def test_the_first_pass_waits_for_requests_to_gather(
    state: StateFolder, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(state)
    passes = Passes()
    pauses = []

    def ask_meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        ask(state)

    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", ask_meanwhile)
        assert go(state, target, passes, replace(BRISK, debounce=0.2)) is Outcome.DONE
    assert pauses == [0.2]

    assert [len(told) for _, told in passes.done] == [2, 2]


def test_twenty_requests_during_a_run_lead_to_exactly_one_more(
    state: StateFolder, target: str, threads: ThreadPoolExecutor
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    passes, others = Passes(), Passes()

    def first_board() -> None:
        begun.set()
        assert may_end.wait(LONG)

    passes.on_board = first_board
    ask(state)
    running = threads.submit(go, state, target, passes)
    assert begun.wait(LONG)
    ends = []
    for _ in range(20):
        ends.append(ask(state))
        assert go(state, target, others) is Outcome.QUEUED
    may_end.set()

    assert running.result(LONG) is Outcome.DONE
    assert [len(told) for part, told in passes.done if part == "board"] == [1, 20]
    assert others.parts == []
    assert requests.done(state, target) == ends[-1]


def test_a_request_after_the_last_look_under_the_lock_is_seen_after_releasing(
    state: StateFolder, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, others = Passes(), Passes()
    release = RunLock.release
    answers = []

    def someone_asks_just_before(lock: RunLock) -> None:
        monkeypatch.setattr(RunLock, "release", release)
        ask(state)
        answers.append(go(state, target, others))
        lock.release()

    ask(state)
    monkeypatch.setattr(RunLock, "release", someone_asks_just_before)
    assert go(state, target, passes) is Outcome.DONE

    assert answers == [Outcome.QUEUED]
    assert passes.parts == ["database", "board"] * 2
    assert requests.pending(state, target) == []
    assert not state.pending.exists()


def test_two_targets_do_not_wait_for_one_another(
    state: StateFolder, target: str, threads: ThreadPoolExecutor
) -> None:
    other = target_id("https://planka.example.org", "another", "B")
    meet = threading.Barrier(2)
    both = {one: Passes() for one in (target, other)}
    for passes in both.values():
        # Neither gets past this line unless the other is in its pass at the same time.
        passes.on_board = lambda: void(meet.wait(LONG))
    ask(state)
    running = [threads.submit(go, state, one, passes) for one, passes in both.items()]

    assert [one.result(LONG) for one in running] == [Outcome.DONE, Outcome.DONE]
    assert not state.pending.exists()


def test_requests_for_another_target_start_no_pass(state: StateFolder, target: str) -> None:
    ask(state, "database")
    passes = Passes()

    assert go(state, target, passes) is Outcome.DONE
    assert passes.parts == []


def test_a_target_without_a_board_takes_no_board_lock(state: StateFolder) -> None:
    ask(state)
    passes = Passes()
    assert go(state, "database", passes, lock=False) is Outcome.DONE
    assert passes.parts == ["database", "board"]
    assert not board_lock_path("database").exists()


def test_only_success_moves_what_is_done(state: StateFolder, target: str) -> None:
    ask(state)
    for error in (BoardUnreachableError("away"), KanbanSyncError("refused"), ZeroDivisionError()):
        for part in ("on_database", "on_board"):
            passes = Passes()
            setattr(passes, part, raising(error))
            with pytest.raises(type(error)):
                go(state, target, passes)
            assert requests.done(state, target) == 0
            assert state.pending.exists()

    passes = Passes()
    assert go(state, target, passes) is Outcome.DONE
    assert passes.parts == ["database", "board"]
    assert not state.pending.exists()


def test_a_run_that_is_cut_off_has_already_said_that_the_target_is_behind(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    said = []
    passes.on_database = lambda: said.append(state.pending.exists())
    ask(state)
    go(state, target, passes)

    assert said == [True]


def test_one_target_that_catches_up_does_not_hide_that_another_is_behind(
    state: StateFolder, target: str
) -> None:
    ask(state)
    failing = Passes()
    failing.on_board = raising(BoardUnreachableError("away"))
    with pytest.raises(BoardUnreachableError):
        go(state, target, failing)

    assert go(state, "database", Passes(), lock=False) is Outcome.DONE
    assert state.pending.exists()
    assert go(state, target, Passes()) is Outcome.DONE
    assert not state.pending.exists()


def test_locks_are_free_after_a_failure(state: StateFolder, target: str) -> None:
    ask(state)
    passes = Passes()
    passes.on_board = raising(KanbanSyncError("refused"))
    with pytest.raises(KanbanSyncError):
        go(state, target, passes)

    with RunLock(state.run_lock(target)) as run_lock, FairLock(board_lock_path(target)) as board:
        assert run_lock.acquire()
        assert board.acquire(0)


def test_what_was_asked_for_during_a_pass_that_failed_is_tried_before_giving_up(
    state: StateFolder, target: str
) -> None:
    passes, others = Passes(), Passes()
    answers = []

    def fail_once() -> None:
        passes.on_database = lambda: None
        ask(state)
        answers.append(go(state, target, others))
        raise StoreError("the settings of that commit are wrong, the next one mends them")

    passes.on_database = fail_once
    ask(state)
    assert go(state, target, passes) is Outcome.DONE

    assert answers == [Outcome.QUEUED]
    assert passes.parts == ["database", "database", "board"]
    assert requests.pending(state, target) == []


def test_a_failure_is_not_repeated_for_requests_of_others(state: StateFolder, target: str) -> None:
    passes = Passes()

    def fail() -> None:
        ask(state, "database")
        raise StoreError("no space")

    passes.on_database = fail
    ask(state)
    with pytest.raises(StoreError):
        go(state, target, passes)
    assert passes.parts == ["database"]


def test_a_run_lock_that_cannot_be_used_ends_the_run(state: StateFolder, target: str) -> None:
    ask(state)
    state.run_lock(target).mkdir()

    with pytest.raises(SetupError, match="Cannot lock"):
        go(state, target, Passes())


def test_after_its_lock_file_was_removed_the_holder_begins_no_pass_beside_the_next_one(
    state: StateFolder, target: str, threads: ThreadPoolExecutor
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    first, second = Passes(), Passes()

    def second_database() -> None:
        begun.set()
        assert may_end.wait(LONG)

    second.on_database = second_database

    def lose_the_file() -> None:
        state.run_lock(target).unlink()
        ask(state)
        threads.submit(go, state, target, second)
        assert begun.wait(LONG)

    # The second one stays in its database part; the board lock keeps it from the board.
    first.on_board = lose_the_file
    ask(state)
    try:
        assert go(state, target, first) is Outcome.QUEUED
    finally:
        may_end.set()
    assert first.parts == ["database", "board"]
    until(lambda: not requests.pending(state, target))
    assert second.parts[-2:] == ["database", "board"]


def test_requests_of_a_removed_state_folder_do_not_keep_a_run_busy(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    passes.on_board = state.requests.unlink
    ask(state)

    assert go(state, target, passes) is Outcome.DONE
    assert passes.parts == ["database", "board"]


def test_without_a_place_for_the_board_lock_the_database_goes_on(
    state: StateFolder, target: str, homeless: None
) -> None:
    ask(state)
    passes = Passes()
    with pytest.raises(SetupError, match="XDG_STATE_HOME"):
        go(state, target, passes)
    assert passes.parts == ["database"]
    assert requests.pending(state, target)
