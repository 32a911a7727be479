"""Who watches a clone: one process at a time, which says so as long as it lives.

Hooks leave their requests to it. That it holds the lock is not enough for that: a process that was
stopped holds it, too. So it says again and again that it goes on.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.sync.locks import RunLock

if TYPE_CHECKING:
    from kanban_sync.sync.state_folder import StateFolder

LOCK = "watch.flk"
NOTE = "watch.json"

BEAT = 5.0
"""Seconds after which it says again that it goes on."""

SILENT = 30.0
"""Seconds of silence after which hooks do without it."""

PATIENCE = 0.5
"""Seconds for which the lock is tried: who only looks has it for a moment."""


class Watch(NamedTuple):
    """A process that watches: its id, since when (seconds since 1970), and how it hears of changes.

    ``mode`` is ``events`` or ``poll``; ``silent`` is for how many seconds it has said nothing.
    """

    pid: int
    since: float
    mode: str
    silent: float = 0.0

    def __str__(self) -> str:
        """Return it in words."""
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} since {since}"

    @property
    def is_alive(self) -> bool:
        """Whether it goes on, as far as others can tell."""
        return self.silent < SILENT


class WatchLock:
    """The right to watch a clone."""

    def __init__(self, state: StateFolder) -> None:
        """Bind to a state folder."""
        self._state = state
        self._lock = RunLock(state.path / LOCK)
        self._said_at = 0.0

    def acquire(self) -> bool:
        """Try for a moment, and tell whether the right is ours."""
        self._state.make()
        until = time.monotonic() + PATIENCE
        while not self._lock.acquire():
            if time.monotonic() > until:
                return False
            time.sleep(PATIENCE / 10)
        return True

    def note(self, since: float, mode: str) -> None:
        """Say who watches, and how."""
        told = {"pid": os.getpid(), "since": since, "mode": mode}
        self._state.replace(self._state.path / NOTE, json.dumps(told))
        self._said_at = time.monotonic()

    def beat(self) -> None:
        """Say that we go on, if it was not said just now."""
        if time.monotonic() - self._said_at >= BEAT:
            self._said_at = time.monotonic()
            with suppress(OSError):
                os.utime(self._state.path / NOTE)

    def release(self) -> None:
        """Let go of the right."""
        with suppress(OSError):
            (self._state.path / NOTE).unlink()
        self._lock.release()


def watching(state: StateFolder) -> Watch | None:
    """Return who watches a clone, None if nobody does."""
    if not (state.path / NOTE).exists():
        return None
    with RunLock(state.path / LOCK) as lock:
        if lock.acquire():
            return None
    try:
        file = (state.path / NOTE).open(encoding="ascii")
        with file:
            told = json.load(file)
            silent = time.time() - os.fstat(file.fileno()).st_mtime
        # Where the clock was set back, it may not be alive though it spoke later than now.
        return Watch(int(told["pid"]), float(told["since"]), str(told["mode"]), abs(silent))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_served(state: StateFolder) -> bool:
    """Tell whether a process that watches will see what is asked for."""
    watch = watching(state)
    return watch is not None and watch.is_alive
