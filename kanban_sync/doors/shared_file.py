"""A small file in the state folder that several processes read and change."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from kanban_sync.sync.state_folder import FILE_MODE, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kanban_sync.sync.state_folder import StateFolder

Content = TypeVar("Content")


class SharedFile(Generic[Content]):
    """What a file holds; usable from any thread, and by several processes."""

    def __init__(
        self,
        state: StateFolder,
        name: str,
        parsed: Callable[[Path], Content],
        written: Callable[[Content], str],
        nothing: Callable[[], Content],
    ) -> None:
        """Set out; nothing is read yet.

        Args:
            state: The state folder.
            name: Of the file; its lock is called so, too, but for the ending.
            parsed: Reads the file; what it returns is not changed but in ``changing``.
            written: Returns the text of a content.
            nothing: Returns what is held where there is no file.
        """
        self._state = state
        self._path = state.path / name
        self._turns = self._path.with_suffix(".flk")
        self._parsed = parsed
        self._written = written
        self._nothing = nothing
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int], Content] | None = None

    def content(self) -> Content:
        """Return what the file holds; it is read again only if it is another one than before."""
        with self._lock:
            try:
                status = self._path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return self._nothing()
            mark = (status.st_mtime_ns, status.st_ino, status.st_size)
            if self._read is None or self._read[0] != mark:
                self._read = (mark, self._parsed(self._path))
            return self._read[1]

    @contextmanager
    def changing(self) -> Iterator[Content]:
        """Give the content to be changed, to nobody else meanwhile; it is written at the end.

        Raises:
            SetupError: It cannot be written.
        """
        self._state.make()
        with explained(self._turns):
            lock = os.open(self._turns, os.O_WRONLY | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = self._parsed(self._path) if self._path.exists() else self._nothing()
            yield content
            self._state.replace(self._path, self._written(content))
        finally:
            os.close(lock)
