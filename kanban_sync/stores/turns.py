"""Whose turn it is to write to an SQLite file: those who wait are not passed over for long.

SQLite lets a writer who has to wait sleep and look again, longer each time. Where many write all
the time some of them get nothing, until their patience is over. So writers wait in ``flock`` on a
file beside the database instead, where the kernel wakes them.

For SQLite it is a courtesy and nothing else: what must not go wrong is guarded by its own lock.
Where the file cannot be made, or its turn does not come in time, a writer goes on without. A store
in a flat file has no other lock, and refuses then.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Turns:
    """The turns of one database, for one process; its threads wait for one another elsewhere."""

    def __init__(self, path: Path) -> None:
        """Take the path of the database; the file beside it is never removed."""
        self.path = path.with_name(f"{path.name}.flk")
        self._fd: int | None = None
        self._pid = 0

    @contextlib.contextmanager
    def turn(self, seconds: float) -> Iterator[bool]:
        """Wait for the turn, at most so long, and tell whether it came."""
        fd = self._take(seconds)
        try:
            yield fd is not None
        finally:
            # Whoever is interrupted right here ends when all is closed, and others have the number.
            if fd is not None and fd == self._fd:
                fcntl.flock(fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _take(self, seconds: float) -> int | None:
        try:
            fd = self._opened()
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return fd if self._waited(fd, seconds) else None
        except OSError:
            return None
        return fd

    def _waited(self, fd: int, seconds: float) -> bool:
        wait = _Wait(fd)
        threading.Thread(target=wait.block, name="turn", daemon=True).start()
        try:
            is_mine = wait.ends_within(seconds)
        except BaseException:
            if wait.give_up():
                self._fd = None
            else:
                fcntl.flock(fd, fcntl.LOCK_UN)
            raise
        if not is_mine:
            self._fd = None  # It is the waiting thread's now, which closes it.
        return is_mine

    def _opened(self) -> int:
        # A lock is the open file's: a child that was forked must not share its parent's.
        if self._fd is None or self._pid != os.getpid():
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._fd


class _Wait:
    """A wait in a thread, since ``flock`` itself knows no end: whoever has it may be stopped."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._guard = threading.Lock()
        self._is_over = threading.Event()
        self._is_wanted = True

    def block(self) -> None:
        """Wait for the lock; if nobody wants it any more, close the file."""
        with contextlib.suppress(OSError):
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        with self._guard:
            self._is_over.set()
            if not self._is_wanted:
                os.close(self._fd)

    def ends_within(self, seconds: float) -> bool:
        """Tell whether the lock came in time; if not, it is given up."""
        return self._is_over.wait(seconds) or not self.give_up()

    def give_up(self) -> bool:
        """Let the file be closed once the lock comes; False if it has come just now."""
        with self._guard:
            self._is_wanted = self._is_over.is_set()
            return not self._is_wanted
