"""The locks between processes: one run per clone and target, one writer per board and database.

Both are ``flock`` on a file that is never removed: the kernel lets go of them whatever way a
process ends, and nothing is left to clean up. Names do not end in ``.lock``, since people remove
such files from ``.git`` after a crash.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING, Self

import filelock

from kanban_sync.address import address
from kanban_sync.core.errors import SetupError
from kanban_sync.sync.user_folder import user_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

_DEFAULT_PORTS = {"http": 80, "https": 443}

ELSEWHERE = "set XDG_STATE_HOME to a folder in which this user may write"
"""What to do where the folder for the locks of boards does not serve."""


def target_id(url: str, project: str, board: str) -> str:
    """Return the 16 hexadecimal digits that stand for a board, however its URL is written.

    Raises:
        SetupError: It is no URL.
    """
    text = "\0".join((_normalised(url), project, board))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def board_lock_path(target: str) -> Path:
    """Return the lock file of a board, in the user's state folder: all clones share it.

    Raises:
        SetupError: This user has no home, and nothing names another place.
    """
    try:
        folder = user_folder()
    except RuntimeError as error:
        raise SetupError(
            "Cannot lock the board: this user has no home folder, where the lock would lie, so"
            f" nothing is written to the board; {ELSEWHERE}."
        ) from error
    return folder / "locks" / f"{target}.flk"


def lock_of_board(target: str) -> FairLock:
    """Return the lock of a board.

    Raises:
        SetupError: There is no place for it.
    """
    return FairLock(board_lock_path(target), f"; or {ELSEWHERE}")


class RunLock:
    """The right to bring a target up to date from this clone; trying is enough.

    Whoever does not get it may leave: the holder looks at the requests once more after releasing.
    As a context manager it releases what was acquired inside.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        # Without flock nothing here keeps its word, so there must be no other kind of lock.
        self._lock = filelock.FileLock(
            path, timeout=0, mode=0o600, fallback_to_soft=False, on_acquired=self._note
        )

    def acquire(self) -> bool:
        """Try once, without waiting, and tell whether the lock is ours.

        Raises:
            SetupError: The lock file cannot be used, or its file system has no locks.
        """
        # A file that is removed between its opening and its locking looks like one that is taken.
        return self._try() or self._try()

    def _try(self) -> bool:
        with _explained(self._path):
            try:
                self._lock.acquire()
            except filelock.Timeout:
                return False
            if self.is_held:
                return True
            self.release()
            return False

    @property
    def is_held(self) -> bool:
        """Whether the lock is ours and still guards its name: its file was not removed."""
        return self._fd is not None and _is_named(self._fd, self._path)

    def release(self) -> None:
        """Let go of the lock, if it is held."""
        self._fd = None
        self._lock.release(force=True)

    def _note(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class FairLock:
    """A right for which it is worth waiting: to write to a board, or to merge into a database.

    Waiting means blocking in ``flock``, not polling: a clone that is busy releases the lock only
    for moments, and somebody who polls would nearly never come in one of them. Nor does the kernel
    hand a lock over: a holder who releases it and takes it again is mostly faster than the one it
    woke. So there is a second file, the place of whoever is next, which everybody has to pass.
    As a context manager it releases what was acquired inside.
    """

    def __init__(self, path: Path, remedy: str = "") -> None:
        """Bind to a file; nothing is opened yet. What else to do if it fails is the remedy."""
        self._path = path
        self._remedy = remedy
        self._next = path.with_suffix(".next.flk")
        self._fd: int | None = None

    def acquire(self, seconds: float) -> bool:
        """Wait at most so long (0: not at all) and tell whether the lock is ours.

        Raises:
            SetupError: The lock file cannot be used, or its file system has no locks.
        """
        until = time.monotonic() + seconds
        with _explained(self._path, self._remedy):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place = _opened(self._next, until)
            if place is None:
                return False
            try:
                self._fd = _opened(self._path, until)
            finally:
                os.close(place)
        return self._fd is not None

    def release(self) -> None:
        """Let go of the lock, if it is held."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class _Waiter:
    """A thread that blocks in ``flock`` for somebody who gives up after a while.

    An alarm would need the main thread and its one timer, and one that rings just before the
    call begins is lost. The thread that was given up on closes the file once it has the lock.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._guard = threading.Lock()
        self._is_over = threading.Event()
        self._is_wanted = True
        self._error: OSError | None = None

    def wait(self, seconds: float) -> bool:
        """Tell whether the lock was got in time; if not, the file is closed, now or later."""
        threading.Thread(target=self._block, name="board-lock", daemon=True).start()
        try:
            self._is_over.wait(seconds)
        except BaseException:
            if self._is_got():
                os.close(self._fd)
            raise
        return self._is_got()

    def _block(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        except OSError as error:
            self._error = error
        with self._guard:
            self._is_over.set()
            if not self._is_wanted:
                os.close(self._fd)

    def _is_got(self) -> bool:
        """Decide once: the lock came in time, or nobody wants it any more."""
        with self._guard:
            self._is_wanted = self._is_over.is_set()
        if self._error is not None:
            os.close(self._fd)
            raise self._error
        return self._is_wanted


def _opened(path: Path, until: float) -> int | None:
    """Open a lock file and lock it, before this moment of the monotonic clock."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _is_locked(fd, until - time.monotonic()):
            return None
        if _is_named(fd, path):
            return fd
        os.close(fd)


def _is_locked(fd: int, seconds: float) -> bool:
    """Lock an open file; one that could not be locked is closed."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if seconds > 0:
            return _Waiter(fd).wait(seconds)
        os.close(fd)
        return False
    except BaseException:
        os.close(fd)
        raise
    return True


def _is_named(fd: int, path: Path) -> bool:
    """Tell whether the open file is the one that others find under this name."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def _normalised(url: str) -> str:
    parts = address(url)
    port = parts.port
    if port in {None, _DEFAULT_PORTS.get(parts.scheme)}:
        place = parts.hostname or ""
    else:
        place = f"{parts.hostname}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


@contextlib.contextmanager
def _explained(path: Path, remedy: str = "") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"Cannot lock {path}: {error.strerror}. Two syncs at once could harm one another, so "
            "none is begun; that file has to be writable and on a file system that knows flock"
            f"{remedy}."
        ) from error
