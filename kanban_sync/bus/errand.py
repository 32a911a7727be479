"""What another thread does, so that nobody has to wait for it longer than they want to.

A name that is looked up, a handshake, or an answer that drips byte by byte knows no time limit of
its own that would hold for all of it.
"""

from __future__ import annotations

import random
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

FIRST, LONGEST = 1.0, 30.0
"""Seconds until it is tried again after a failure; each time twice as many, up to the last."""


class Errand(Generic[Answer]):
    """Something to be done once, and what came of it."""

    def __init__(self, act: Callable[[], Answer]) -> None:
        """Take what is to be done."""
        self._act = act
        self._done = threading.Event()
        self._answers: list[Answer] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it, in whichever thread; an error is kept for who asks."""
        try:
            self._answers.append(self._act())
        except BaseException as error:  # noqa: BLE001 - raised where it is asked for
            self._error = error
        self._done.set()

    def is_done(self, seconds: float = 0.0) -> bool:
        """Tell whether it is done, within so many seconds."""
        return self._done.wait(seconds)

    def answer(self) -> Answer:
        """Return what came of it, once it is done, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._answers[0]


def begun(act: Callable[[], Answer]) -> Errand[Answer]:
    """Let a thread of its own do something.

    Raises:
        OSError: No thread can be started.
    """
    errand = Errand(act)
    _start(errand.run)
    return errand


def _start(run: Callable[[], None]) -> None:
    try:
        threading.Thread(target=run, name="bus", daemon=True).start()
    except RuntimeError as error:
        raise OSError(str(error)) from error


class Worker:
    """A thread that does one errand after the other, until it is told to end."""

    def __init__(self) -> None:
        """Start it.

        Raises:
            OSError: No thread can be started.
        """
        self._errands: SimpleQueue[Errand[object] | None] = SimpleQueue()
        _start(self._run)

    def send(self, act: Callable[[], object]) -> Errand[object]:
        """Let it do something as soon as it can."""
        errand = Errand(act)
        self._errands.put(errand)
        return errand

    def end(self) -> None:
        """Let it end, once it has done what it is at."""
        self._errands.put(None)

    def _run(self) -> None:
        while (errand := self._errands.get()) is not None:
            errand.run()
            # Nothing of it is to be kept until the next one comes.
            del errand


class Circuit:
    """Whether it is worth trying: after each failure not for a while, and longer each time."""

    def __init__(
        self,
        spread: Callable[[float, float], float] = random.uniform,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin closed."""
        self._spread, self._clock = spread, clock
        self._pause = 0.0
        self._until = 0.0

    @property
    def left(self) -> float:
        """Seconds until it is worth trying; 0 if it is now."""
        return max(0.0, self._until - self._clock())

    def fail(self) -> None:
        """Open it; not all who failed at once come back at once."""
        self._pause = min(2 * self._pause or FIRST, LONGEST)
        self._until = self._clock() + self._spread(self._pause / 2, self._pause)

    def succeed(self) -> None:
        """Close it."""
        self._pause = self._until = 0.0
