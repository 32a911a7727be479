"""The one module that writes task files: whole or not at all, and never over what others wrote.

Nothing is written while git is in the middle of something, and no symbolic link is followed: a
file that a link stands for is not read as a task file either.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from kanban_sync.core.errors import EditError
from kanban_sync.git_output import UNDER_WAY


class WorkTree:
    """The files of one work tree."""

    def __init__(self, top: Path, git_dir: Path) -> None:
        """Bind to a work tree.

        Args:
            top: Its folder.
            git_dir: Its own git folder, which for a linked one is not the common one.
        """
        self._top = top
        self._git_dir = git_dir

    def read(self, path: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            EditError: It is no file of this work tree.
        """
        try:
            return self._place(path).read_bytes()
        except OSError as error:
            raise EditError(f"{path}: cannot be read: {error.strerror}") from error

    def is_file(self, path: str) -> bool:
        """Tell whether a file is there that can be read, and no link."""
        with contextlib.suppress(EditError):
            return self._place(path).is_file()
        return False

    def replace(self, path: str, before: bytes, after: bytes) -> bool:
        """Put other bytes in place of those that were read; False if others are there by now.

        Raises:
            EditError: Git is in the middle of something, or the file cannot be written.
        """
        place = self._place(path)
        self._refuse_under_way(path)
        try:
            return _replaced(place, before, after)
        except OSError as error:
            raise EditError(f"{path}: cannot be written: {error.strerror}") from error

    def _place(self, path: str) -> Path:
        place = self._top / path
        inside = os.path.normpath(path)
        real, top = os.path.realpath(place), os.path.realpath(self._top)
        if Path(inside).is_absolute() or real != os.path.normpath(f"{top}/{inside}"):
            raise EditError(f"{path}: is reached by a link or lies elsewhere; name the file itself")
        if not os.path.commonpath([real, top]) == top:
            raise EditError(f"{path}: lies outside of the work tree {self._top}")
        return place

    def _refuse_under_way(self, path: str) -> None:
        for name, what in UNDER_WAY.items():
            if (self._git_dir / name).exists():
                raise EditError(
                    f"{path}: {what} is under way in this work tree; end it (git status tells how),"
                    " then try again"
                )


def _replaced(place: Path, before: bytes, after: bytes) -> bool:
    """Write a file beside another one and let it take that one's place and mode."""
    state = place.stat()
    if not stat.S_ISREG(state.st_mode) or not os.access(place, os.W_OK):
        raise PermissionError(0, "it is no file that may be written")
    fd, name = tempfile.mkstemp(prefix=".kanban-sync-", dir=place.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(after)
            with contextlib.suppress(PermissionError):
                os.fchown(fd, state.st_uid, state.st_gid)
            os.fchmod(fd, stat.S_IMODE(state.st_mode))
            file.flush()
            os.fsync(fd)
        if place.read_bytes() != before:
            return False
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)
    _sync_folder(place.parent)
    return True


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
