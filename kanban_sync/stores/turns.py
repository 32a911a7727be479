"""Whose turn it is to write to an SQLite file: those who wait are not passed over for long.

SQLite lets a writer who has to wait sleep and look again, longer each time. Where many write all
the time some of them get nothing, until their patience is over. So after a few looks writers wait
in ``flock`` on a file beside the database, where the kernel wakes them one after the other.

For SQLite it is a courtesy and nothing else: what must not go wrong is guarded by its own lock.
Where the file cannot be made, or its turn does not come in time, a writer goes on without. A store
in a flat file has no other lock, and refuses then.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PAUSES = (0.001, 0.002, 0.004, 0.008)
"""Seconds between looks, until a writer queues up.

Whoever writes after another process has to read anew what that one wrote. Were the next one woken
after each transaction, four that write all the time would be slower by half.
"""


class Turns:
    """The turns of one database, for one process; its threads wait for one another elsewhere."""

    def __init__(self, path: Path) -> None:
        """Take the path of the database; the file beside it is never removed."""
        self.path = path.with_name(f"{path.name}.flk")
        self._fd: int | None = None
        self._pid = 0
        self._waiter: _Waiter | None = None

    @contextlib.contextmanager
    def turn(self, seconds: float) -> Iterator[bool]:
        """Wait for the turn, at most so long, and tell whether it came."""
        taken = self.take(seconds)
        try:
            yield taken is not None
        finally:
            self.give(taken)

    def take(self, seconds: float) -> int | None:
        """Return what is to be given back, or None if the turn did not come.

        Queues up for so many seconds at most, after the pauses.
        """
        try:
            fd = self._opened()
            for pause in PAUSES:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(pause)
                else:
                    return fd
            return fd if self._waited(fd, seconds) else None
        except OSError:
            return None

    def give(self, taken: int | None) -> None:
        """Let others have their turn."""
        # Whoever is interrupted before this ends when all is closed, and others have the number.
        if taken is not None and taken == self._fd:
            fcntl.flock(taken, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, None
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.end()
        if fd is not None:
            os.close(fd)

    def _waited(self, fd: int, seconds: float) -> bool:
        waiter = self._waiter = self._waiter or _Waiter(fd)
        is_mine = False
        try:
            is_mine = waiter.wait(seconds)
        finally:
            if not is_mine:
                # The thread has given up: the file is its own, which closes it.
                self._fd = self._waiter = None
        return is_mine

    def _opened(self) -> int:
        # A lock is the open file's: a child that was forked must not share its parent's.
        if self._fd is None or self._pid != os.getpid():
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
            self._waiter = None
        return self._fd


class _Waiter:
    """Waits in a thread, since ``flock`` itself knows no end: whoever has the lock may be stopped.

    The thread stays for the next time: to start one takes half as long as what is waited for.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._guard = threading.Lock()
        self._is_wanted, self._has_come, self._has_ended = True, False, False
        self._asked, self._told = threading.Lock(), threading.Lock()
        self._asked.acquire()
        self._told.acquire()
        threading.Thread(target=self._run, name="turn", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait for the lock; if it does not come in time, it is given up, and so is the file."""
        self._has_come = False
        self._asked.release()
        try:
            return self._told.acquire(timeout=seconds) or not self._gives_up()
        except BaseException:
            if not self._gives_up():
                self.end()
                os.close(self._fd)
            raise

    def end(self) -> None:
        """Let the thread end; the file is another's to close."""
        self._has_ended = True
        self._asked.release()

    def _run(self) -> None:
        while True:
            self._asked.acquire()
            if self._has_ended:
                return
            with contextlib.suppress(OSError):
                fcntl.flock(self._fd, fcntl.LOCK_EX)
            with self._guard:
                self._has_come = True
                if not self._is_wanted:
                    os.close(self._fd)
                    return
                self._told.release()

    def _gives_up(self) -> bool:
        """Let the file be closed once the lock comes; False if it has come just now."""
        with self._guard:
            self._is_wanted = self._has_come
            self._told.acquire(blocking=False)
            return not self._has_come
