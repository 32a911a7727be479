"""Who brings a target up to date, and when: requests are coalesced, passes never overlap.

The protocol, whatever is killed at whatever point:

1. A request is on file before its writer tries the run lock.
2. Whoever does not get the run lock leaves. The holder notes where the requests end *before* a
   pass, and marks them done up to there *after* it has succeeded.
3. After releasing the run lock it looks once more; what came in meanwhile starts it over.

So a request is served by a pass that began after it, or the file of requests is longer than what
is marked done and the target is marked behind: the next trigger of any kind heals that.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.errors import BoardUnreachableError, KanbanSyncError, SetupError
from kanban_sync.sync import requests
from kanban_sync.sync.locks import FairLock, RunLock, lock_of_board

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from kanban_sync.sync.requests import Batch, Request
    from kanban_sync.sync.state_folder import StateFolder

_ALARM_AGAIN = 5.0


class Outcome(Enum):
    """How a run ended, if not with an error."""

    DONE = "done"
    """Everything that was asked for is synced."""
    QUEUED = "queued"
    """Somebody else is at it and will see the request."""
    PENDING = "pending"
    """Another clone kept the board lock for too long: the board is behind, try again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds.

    ``debounce`` lets requests gather before the first pass; ``deadline`` counts from the last
    progress; ``retries`` are the pauses before each new attempt at a board that is away.
    """

    debounce: float = 0.2
    rebase: float = 5.0
    board_lock: float = 60.0
    deadline: float = 120.0
    retries: tuple[float, ...] = (5.0, 15.0, 45.0, 135.0, 300.0)
    poll: float = 0.05


class Progress:
    """What a run is doing, and an alarm that ends it when it does not get on.

    Ticks may come from any thread. The alarm interrupts the main thread, so a run in another one
    has none.
    """

    def __init__(self) -> None:
        self.doing = "starting"
        self.is_stuck = False
        self._deadline = 0.0
        self._is_watched = False

    def tick(self, doing: str, *, may_take: float = 0.0) -> None:
        """Say what begins now; the deadline counts from here.

        Args:
            doing: What is done, to go on after "it was ".
            may_take: Seconds that are allowed on top of the deadline, for a wait of known length.
        """
        self.doing = doing
        if self._is_watched:
            signal.setitimer(signal.ITIMER_REAL, self._deadline + may_take, _ALARM_AGAIN)

    @contextlib.contextmanager
    def watched(self, deadline: float) -> Iterator[None]:
        """Raise KanbanSyncError inside if there is no tick for ``deadline`` seconds."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._deadline = deadline
        previous = signal.signal(signal.SIGALRM, self._give_up)
        self._is_watched = True
        self.tick(self.doing)
        try:
            yield
        finally:
            self._is_watched = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous or signal.SIG_DFL)

    def _give_up(self, _number: int, _frame: FrameType | None) -> None:
        # Rings again after a while: the first error may be caught, or end in another long wait.
        if not self._is_watched:
            return
        self.is_stuck = True
        raise KanbanSyncError(
            f"The sync did not get on for {self._deadline:g} s and was given up; it was "
            f"{self.doing}. What is missing stays pending: run kanban-sync sync to try again."
        )


class Pass(Protocol):
    """One pass over one target, in parts; each is told the requests that it serves."""

    @property
    def progress(self) -> Progress:
        """What the parts tick, so that a slow but living pass is not ended."""
        ...

    def is_rebasing(self, served: Sequence[Request]) -> bool:
        """Tell whether a rebase is under way in a work tree that asked."""
        ...

    def database(self, served: Sequence[Request]) -> None:
        """Bring the task database up to date; cheap if nothing is new."""
        ...

    def board(self, served: Sequence[Request]) -> None:
        """Bring the board up to date; does nothing where a target has none.

        Raises:
            BoardUnreachableError: Nobody answered.
            KanbanSyncError: Anything else that was foreseen.
        """
        ...


def run(
    state: StateFolder, target: str, passes: Pass, *, patience: Patience, board_lock: bool
) -> Outcome:
    """Serve all requests for a target, unless somebody else is at it.

    Args:
        state: The state folder of the clone.
        target: A target id, or ``database``.
        passes: What to do.
        patience: How long to wait for what.
        board_lock: Whether other clones of this user may write to the same board.

    Raises:
        BoardUnreachableError: Nobody answered; the database is up to date, the rest is pending.
        KanbanSyncError: The pass failed, or did not get on; what was asked for is pending.
    """
    state.make()
    holder = _Holder(state, target, passes, patience, board_lock)
    with passes.progress.watched(patience.deadline):
        while True:
            outcome = holder.hold()
            if outcome is not Outcome.DONE or not requests.pending(state, target):
                return outcome


def retry_in_background(
    state: StateFolder, target: str, attempt: Callable[[], Outcome], *, patience: Patience
) -> Outcome:
    """Try again, with growing pauses and for a bounded time, until the target is up to date.

    One process does this for a target, others leave with QUEUED. No other lock is held during a
    pause, so any trigger may bring the target up to date; then this ends early.

    Raises:
        BoardUnreachableError: The last attempt found nobody either.
        KanbanSyncError: An attempt failed for another reason, which trying again does not mend.
    """
    last: BoardUnreachableError | None = None
    with RunLock(state.retry_lock(target)) as lock:
        if not lock.acquire():
            return Outcome.QUEUED
        for pause in patience.retries:
            if _is_served_within(pause, state, target, patience):
                return Outcome.DONE
            last = None
            try:
                if attempt() is Outcome.DONE:
                    return Outcome.DONE
            except BoardUnreachableError as error:
                last = error
    if last is not None:
        raise last
    return Outcome.PENDING


def follow(
    state: StateFolder,
    target: str,
    offset: int,
    attempt: Callable[[], Outcome],
    *,
    patience: Patience,
) -> Outcome:
    """Wait until the request that ends at this offset is served, by whomever.

    Whenever nobody holds the run lock, ``attempt`` (a call of ``run``) takes over, so a holder
    that failed or was killed is not waited for. Raises what ``attempt`` raises.
    """
    while requests.done(state, target) < offset:
        outcome = attempt()
        if outcome is not Outcome.QUEUED:
            return outcome
        time.sleep(patience.poll)
    return Outcome.DONE


@dataclass(slots=True)
class _Holder:
    """One run: tries the run lock, and serves requests while it holds it."""

    state: StateFolder
    target: str
    passes: Pass
    patience: Patience
    board_lock: bool
    served_to: int = 0
    has_gathered: bool = False

    def hold(self) -> Outcome:
        """Take the run lock, serve what is pending and release it.

        A pass that fails may not yet have seen what somebody asked for while it ran, and who left
        relying on us: then the answer is DONE with requests pending, and the run starts over.
        """
        with RunLock(self.state.run_lock(self.target)) as lock:
            if not lock.acquire():
                return Outcome.QUEUED
            try:
                return self._serve(lock)
            except KanbanSyncError as error:
                failure = error
        newer = requests.read(self.state, self.target, self.served_to)
        if self.passes.progress.is_stuck or not newer.requests:
            raise failure
        return Outcome.DONE

    def _serve(self, lock: RunLock) -> Outcome:
        has_served = False
        while (batch := self._read()).requests:
            if not lock.is_held:
                # Somebody removed the lock file; who holds the new one serves the rest.
                return Outcome.DONE
            # A killed run must be seen by the next hook, so this is said before, not afterwards.
            self.state.mark_behind(self.target, anew=has_served)
            self._gather()
            self._wait_for_rebase(batch)
            if not self._pass_with_board():
                return Outcome.PENDING
            has_served = True
        self.state.mark_caught_up(self.target)
        return Outcome.DONE

    def _gather(self) -> None:
        if not self.has_gathered:
            self.has_gathered = True
            time.sleep(self.patience.debounce)

    def _wait_for_rebase(self, batch: Batch) -> None:
        self._tick("waiting for a rebase to end", self.patience.rebase)
        until = time.monotonic() + self.patience.rebase
        while self.passes.is_rebasing(batch.requests) and time.monotonic() < until:
            time.sleep(self.patience.poll)

    def _pass_with_board(self) -> bool:
        """Do one pass; the answer is False if the board lock was not got in time."""
        if not self.board_lock:
            self._pass()
            return True
        lock, is_ours = self._tried_lock()
        with lock:
            if not is_ours:
                self._database(self._read())
                longest = self.patience.board_lock
                self._tick("waiting for another clone to let go of the board", longest)
                if not lock.acquire(longest):
                    return False
            self._pass()
        return True

    def _tried_lock(self) -> tuple[FairLock, bool]:
        """Try the board lock; where there can be none, at least the database is brought up."""
        try:
            lock = lock_of_board(self.target)
            return lock, lock.acquire(0)
        except SetupError:
            self._database(self._read())
            raise

    def _pass(self) -> None:
        batch = self._read()
        self._database(batch)
        self._tick("bringing the board up to date")
        self.passes.board(batch.requests)
        requests.mark_done(self.state, self.target, batch.end)

    def _database(self, batch: Batch) -> None:
        self._tick("bringing the task database up to date")
        self.passes.database(batch.requests)

    def _read(self) -> Batch:
        batch = requests.read(self.state, self.target)
        self.served_to = batch.end
        return batch

    def _tick(self, doing: str, may_take: float = 0.0) -> None:
        self.passes.progress.tick(doing, may_take=may_take)


def _is_served_within(seconds: float, state: StateFolder, target: str, patience: Patience) -> bool:
    until = time.monotonic() + seconds
    while requests.pending(state, target):
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, max(patience.poll, seconds / 100)))
    return True
