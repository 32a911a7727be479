"""What a run waits for and how long: a rebase, the board, a board that is away, others."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import BoardUnreachableError, KanbanSyncError
from kanban_sync.sync import requests
from kanban_sync.sync.locks import FairLock, RunLock, board_lock_path, target_id
from kanban_sync.sync.runner import Outcome, follow, retry_in_background
from kanban_sync.sync.state_folder import StateFolder
from sync.runner_passes import BRISK, LONG, Passes, ask, go, raising, until

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


def test_a_rebase_is_waited_for_until_it_ends(state: StateFolder, target: str) -> None:
    passes = Passes()
    answers = iter([True, True, True, False])
    passes.rebasing = lambda: next(answers)
    ask(state)

    assert go(state, target, passes, replace(BRISK, rebase=LONG)) is Outcome.DONE
    assert next(answers, None) is None


def test_a_rebase_is_not_waited_for_longer_than_said(state: StateFolder, target: str) -> None:
    passes = Passes()
    passes.rebasing = lambda: True
    ask(state)

    start = time.monotonic()
    assert go(state, target, passes, replace(BRISK, rebase=0.2)) is Outcome.DONE
    assert 0.2 <= time.monotonic() - start < 5
    assert passes.parts == ["database", "board"]


def test_what_is_asked_for_during_a_rebase_is_served_by_the_same_pass(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    answers = iter([True, True, False])

    def another_pick() -> bool:
        ask(state)
        return next(answers)

    passes.rebasing = another_pick
    ask(state)
    go(state, target, passes, replace(BRISK, rebase=LONG))

    assert [len(told) for _, told in passes.done] == [4, 4]


def test_while_another_clone_writes_to_the_board_only_the_database_is_brought_up_to_date(
    state: StateFolder, target: str, threads: ThreadPoolExecutor
) -> None:
    passes = Passes()
    ask(state)
    with FairLock(board_lock_path(target)) as other_clone:
        assert other_clone.acquire(0)
        running = threads.submit(go, state, target, passes)
        until(lambda: passes.parts == ["database"])
        ask(state)
        other_clone.release()
        assert running.result(LONG) is Outcome.DONE

    assert [(part, len(told)) for part, told in passes.done] == [
        ("database", 1),
        ("database", 2),
        ("board", 2),
    ]


def test_a_board_lock_that_is_not_got_in_time_leaves_the_target_pending(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    ask(state)
    with FairLock(board_lock_path(target)) as other_clone:
        assert other_clone.acquire(0)
        assert go(state, target, passes, replace(BRISK, board_lock=0.1)) is Outcome.PENDING

    assert passes.parts == ["database"]
    assert requests.done(state, target) == 0
    assert state.pending.exists()
    assert go(state, target, Passes()) is Outcome.DONE


def test_the_board_lock_is_free_between_two_passes(state: StateFolder, target: str) -> None:
    passes = Passes()
    was_free = []

    def look() -> bool:
        with FairLock(board_lock_path(target)) as lock:
            was_free.append(lock.acquire(0))
        return False

    def ask_once_more() -> None:
        passes.on_board = lambda: None
        ask(state)

    passes.on_board = ask_once_more
    passes.rebasing = look
    ask(state)
    go(state, target, passes)

    assert was_free == [True, True]


def test_a_run_that_does_not_get_on_ends_and_says_what_it_was_doing(
    state: StateFolder, target: str
) -> None:
    passes = Passes()

    def hang() -> None:
        passes.progress.tick("reading the board")
        threading.Event().wait(LONG)

    passes.on_board = hang
    ask(state)
    with pytest.raises(KanbanSyncError, match=r"for 0\.2 s .* it was reading the board"):
        go(state, target, passes, replace(BRISK, deadline=0.2))

    assert requests.done(state, target) == 0
    assert state.pending.exists()
    assert go(state, target, Passes()) is Outcome.DONE


def test_the_deadline_counts_from_the_last_progress(state: StateFolder, target: str) -> None:
    passes = Passes()

    def be_slow() -> None:
        for step in range(24):
            time.sleep(0.05)
            passes.progress.tick(f"writing card {step}")

    passes.on_board = be_slow
    ask(state)

    assert go(state, target, passes, replace(BRISK, deadline=1)) is Outcome.DONE


def test_progress_in_another_thread_counts(state: StateFolder, target: str) -> None:
    passes = Passes()

    def work() -> None:
        for step in range(24):
            time.sleep(0.05)
            passes.progress.tick(f"writing card {step}")

    def in_thread() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result(LONG)

    passes.on_board = in_thread
    ask(state)

    assert go(state, target, passes, replace(BRISK, deadline=1)) is Outcome.DONE


def test_the_wait_for_the_board_lock_is_not_taken_for_being_stuck(
    state: StateFolder, target: str
) -> None:
    ask(state)
    patience = replace(BRISK, board_lock=0.6, deadline=0.2)
    with FairLock(board_lock_path(target)) as other_clone:
        assert other_clone.acquire(0)
        assert go(state, target, Passes(), patience) is Outcome.PENDING


def test_a_stuck_run_is_not_started_over(state: StateFolder, target: str) -> None:
    passes = Passes()

    def hang() -> None:
        passes.on_board = lambda: None
        ask(state)
        threading.Event().wait(LONG)

    passes.on_board = hang
    ask(state)
    with pytest.raises(KanbanSyncError, match="did not get on"):
        go(state, target, passes, replace(BRISK, deadline=0.2))
    assert passes.parts == ["database", "board"]


def test_the_one_who_follows_waits_until_its_request_is_served(
    state: StateFolder, target: str, threads: ThreadPoolExecutor
) -> None:
    passes, mine = Passes(), Passes()
    begun, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert may_end.wait(LONG)

    passes.on_board = hold
    ask(state)
    running = threads.submit(go, state, target, passes)
    assert begun.wait(LONG)
    offset = ask(state)
    answers = []

    def attempt() -> Outcome:
        answers.append(go(state, target, mine))
        may_end.set()
        return answers[-1]

    assert follow(state, target, offset, attempt, patience=BRISK) is Outcome.DONE
    assert running.result(LONG) is Outcome.DONE
    assert answers[0] is Outcome.QUEUED
    assert requests.done(state, target) >= offset


def test_the_one_who_follows_takes_over_from_a_holder_that_failed(
    state: StateFolder, target: str, threads: ThreadPoolExecutor
) -> None:
    passes, mine = Passes(), Passes()
    begun, may_end = threading.Event(), threading.Event()

    def fail() -> None:
        begun.set()
        assert may_end.wait(LONG)
        raise ZeroDivisionError

    passes.on_board = fail
    ask(state)
    running = threads.submit(go, state, target, passes)
    assert begun.wait(LONG)
    offset = ask(state)

    def attempt() -> Outcome:
        outcome = go(state, target, mine)
        may_end.set()
        return outcome

    assert follow(state, target, offset, attempt, patience=BRISK) is Outcome.DONE
    assert isinstance(running.exception(LONG), ZeroDivisionError)
    assert mine.parts == ["database", "board"]


def test_the_one_who_follows_hears_why_its_own_attempt_failed(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    passes.on_board = raising(BoardUnreachableError("away"))
    offset = ask(state)

    with pytest.raises(BoardUnreachableError):
        follow(state, target, offset, lambda: go(state, target, passes), patience=BRISK)


def test_a_board_that_is_back_is_brought_up_to_date_by_the_retrier(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    failures = iter([BoardUnreachableError("away"), BoardUnreachableError("away")])

    def be_away_twice() -> None:
        for error in failures:
            raise error

    passes.on_board = be_away_twice
    ask(state)
    patience = replace(BRISK, retries=(0.01, 0.01, 0.01, LONG))

    outcome = retry_in_background(
        state, target, lambda: go(state, target, passes), patience=patience
    )

    assert outcome is Outcome.DONE
    assert passes.parts.count("board") == 3
    assert not state.pending.exists()


def test_a_retrier_gives_up_after_its_last_pause_and_leaves_the_target_pending(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    passes.on_board = raising(BoardUnreachableError("away"))
    ask(state)

    with pytest.raises(BoardUnreachableError):
        retry_in_background(state, target, lambda: go(state, target, passes), patience=BRISK)

    assert passes.parts.count("board") == len(BRISK.retries)
    assert state.pending.exists()


def test_a_retrier_does_not_repeat_what_trying_again_cannot_mend(
    state: StateFolder, target: str
) -> None:
    passes = Passes()
    passes.on_board = raising(KanbanSyncError("the key has expired"))
    ask(state)

    with pytest.raises(KanbanSyncError, match="expired"):
        retry_in_background(state, target, lambda: go(state, target, passes), patience=BRISK)
    assert passes.parts.count("board") == 1


def test_there_is_one_retrier_for_a_target(state: StateFolder, target: str) -> None:
    ask(state)
    with RunLock(state.retry_lock(target)) as other_process:
        assert other_process.acquire()
        outcome = retry_in_background(
            state, target, lambda: go(state, target, Passes()), patience=BRISK
        )
    assert outcome is Outcome.QUEUED


def test_a_retrier_that_pauses_lets_others_run_and_ends_when_they_have_succeeded(
    state: StateFolder, target: str, threads: ThreadPoolExecutor
) -> None:
    ask(state)
    attempts: list[Outcome] = []
    patience = replace(BRISK, retries=(LONG,))
    retrying = threads.submit(
        retry_in_background, state, target, lambda: attempts[0], patience=patience
    )
    until(state.retry_lock(target).exists)

    assert go(state, target, Passes()) is Outcome.DONE
    assert retrying.result(LONG) is Outcome.DONE
    assert attempts == []


def test_a_retrier_that_never_gets_the_board_lock_says_that_the_target_is_pending(
    state: StateFolder, target: str
) -> None:
    ask(state)
    patience = replace(BRISK, board_lock=0.01)
    with FairLock(board_lock_path(target)) as other_clone:
        assert other_clone.acquire(0)
        outcome = retry_in_background(
            state, target, lambda: go(state, target, Passes(), patience), patience=patience
        )
    assert outcome is Outcome.PENDING
