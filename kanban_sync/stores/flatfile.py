"""The task store in one JSON file that people can read: for a machine without a database.

The logic is that of the store in memory. What it holds is read anew whenever the file is another
one, and each transaction that changes something writes a new file in its place: whole, on the disk
before it has the name, by one process at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import (
    NewerStoreError,
    OtherDatabaseError,
    StoreAwayError,
    StoreError,
)
from kanban_sync.stores.flatfile_text import FORMAT, Manifest, NewerFormatError, from_text, to_text
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.stores.memory_work import WorkContents
from kanban_sync.stores.shelf import Contents
from kanban_sync.stores.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 15
"""How many seconds to wait for another process that is writing to the file."""

POLL = 0.1
"""Seconds between two looks at whether the file is another one."""

HEAD = 80
"""How many bytes at its beginning tell how often a file was written."""

FORMAT_SAID = re.compile(rb'\n"format": (\d{1,9}),')

PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")

RIGHTS = "check who owns the file and its folder, and make them writable for this user"


def manifest_path(folder: Path, project: str) -> Path:
    """Return where the tasks of a project lie: a file of its own, since nothing is to cross."""
    digest = hashlib.sha256(project.encode(errors="surrogateescape")).hexdigest()[:16]
    name = project if PLAIN_NAME.fullmatch(project) else digest
    return folder / f"tasks-{name}.json"


def format_of(path: Path) -> int:
    """Return the format of a file, 0 where there is none or it is not one of these."""
    try:
        with path.open("rb") as file:
            found = FORMAT_SAID.search(file.read(HEAD))
    except OSError:
        return 0
    return int(found[1]) if found else 0


def check_format(path: Path) -> None:
    """See whether this release knows the format of a file.

    Raises:
        NewerStoreError: It is of a newer one.
    """
    if (found := format_of(path)) > FORMAT:
        raise _newer(path, found)


def _newer(path: Path, found: object) -> NewerStoreError:
    return NewerStoreError(
        f"The task database {path} was made by a newer kanban-sync (format {found}; this one knows"
        f" {FORMAT}). Upgrade kanban-sync on this machine; the file is untouched."
    )


class _Mark(NamedTuple):
    """By what another file is known, without reading all of it."""

    inode: int = 0
    size: int = 0
    changed: int = 0
    head: bytes = b""


class DamagedFileError(StoreError):
    """A file holds no tasks that can be read; it was left as it is."""


class FileShelf:
    """The contents in a file, for any number of processes and their threads.

    Raises:
        StoreError: From any method, if the file cannot be used, in words that say what to do.
    """

    def __init__(self, path: Path, project: str, *, read_only: bool = False) -> None:
        """Bind to a file; nothing is read yet."""
        self.path = path
        self._project = project
        self._read_only = read_only
        self._turns = Turns(path)
        self._writers = threading.RLock()
        self._readers = threading.RLock()
        self._is_alone = False
        self._writing = 0
        self._mark: _Mark | None = None
        self._held = Manifest(project, "", 0, Contents())

    def make(self, first_number: int = 0) -> None:
        """Make the file if there is none, with tokens and events above the first number."""
        with self._told():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.alone():
            if not self.path.exists():
                contents = Contents(work=WorkContents(first_number=first_number))
                self._write(Manifest(self._project, secrets.token_hex(8), 1, contents))

    @property
    def has(self) -> Contents:
        """What lies in the file now."""
        # Not between the moment when a file has its name and that when another thread knows it:
        # who was woken by the file would see nothing new in it, and wait for the next one.
        with self._readers:
            if not self._writing:
                self._refresh()
            return self._held.contents

    @property
    def held(self) -> Contents:
        """What was read or written last."""
        return self._held.contents

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Let nobody else write to the file meanwhile."""
        if self._read_only:
            raise StoreError(f"The task database {self.path} was opened to be read only.")
        with self.alone():
            self._refresh()
            self._writing += 1
            try:
                yield
            finally:
                self._writing -= 1

    def keep(self, contents: Contents) -> None:
        """Write the contents, if they are others; else nothing."""
        if contents != self._held.contents:
            held = self._held
            self._write(held._replace(counter=held.counter + 1, contents=contents))

    def waiter(self) -> FileWaiter:
        """Return what waits for events."""
        return FileWaiter(self)

    def mark(self) -> object:
        """Return by what it is known that the file is another one; None if there is none."""
        try:
            with self.path.open("rb", buffering=0) as file:
                return _mark_of(file.fileno(), file.read(HEAD))
        except OSError:
            return None

    def close(self) -> None:
        """Let go of the lock's file."""
        self._turns.close()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else make, write or remove the file meanwhile, which need not be there."""
        # A thread that is within it comes in again, as one does that reads while it writes.
        with self._writers:
            if self._is_alone:
                yield
                return
            with self._turns.turn(PATIENCE) as is_mine:
                if not is_mine:
                    self._check_lockable()
                    raise StoreAwayError(
                        f"The task database {self.path}: another process has been writing to it"
                        f" for {PATIENCE} s; try again in a moment."
                    )
                self._is_alone = True
                try:
                    yield
                finally:
                    self._is_alone = False

    def _check_lockable(self) -> None:
        with self._told():
            os.close(os.open(self._turns.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def _refresh(self) -> None:
        with self._readers:
            mark = self.mark()
            if mark is None or mark != self._mark:
                self._held, self._mark = self._loaded()

    def _loaded(self) -> tuple[Manifest, _Mark]:
        try:
            with self._told(), self.path.open("rb") as file:
                data = file.read()
                mark = _mark_of(file.fileno(), data[:HEAD])
        except FileNotFoundError as error:
            if self._held.id:
                raise self._other() from error
            raise StoreError(
                f"There are no tasks in {self.path} yet: run `kanban-sync sync` once."
            ) from error
        manifest = self._parsed(data)
        if self._held.id not in {"", manifest.id}:
            raise self._other()
        return manifest, mark

    def _parsed(self, data: bytes) -> Manifest:
        try:
            manifest = from_text(data.decode("utf-8", "surrogatepass"), self._project)
        except NewerFormatError as error:
            raise _newer(self.path, error.found) from error
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise DamagedFileError(
                f"The task database {self.path} cannot be read ({error}): it was cut short or"
                " edited, or is another program's file. It is left as it is. Put it back from a"
                " copy, or move it away and run `kanban-sync sync`, which makes it anew from the"
                " repository."
            ) from error
        else:
            return manifest

    def _other(self) -> StoreError:
        return OtherDatabaseError(self.path, has_folder=self.path.parent.is_dir())

    def _write(self, manifest: Manifest) -> None:
        """Write a new file, and give it the name once all of it is on the disk."""
        data = self._bytes(to_text(manifest))
        # One name, since one process writes: what was left by one that was killed goes.
        new = self.path.with_name(f".{self.path.name}.new")
        with self._told(), self._readers:
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    mark = _mark_of(file.fileno(), data[:HEAD])
                new.replace(self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    new.unlink(missing_ok=True)
                raise
            self._held, self._mark = manifest, mark
            _fsync_folder(self.path.parent)

    def _bytes(self, text: str) -> bytes:
        return text.encode("utf-8", "surrogatepass")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> StoreError:
        said = f"The task database {self.path} cannot be used ({error.strerror});"
        if isinstance(error, PermissionError):
            return StoreError(f"{said} {RIGHTS}.")
        return StoreError(
            f"{said} nothing was changed. Make room on that disk, or see to what is said there, and"
            " try again."
        )


def _mark_of(fd: int, head: bytes) -> _Mark:
    found = os.fstat(fd)
    return _Mark(found.st_ino, found.st_size, found.st_mtime_ns, head)


def _fsync_folder(folder: Path) -> None:
    # Some file systems know no such thing; there the new name lasts as well as they can.
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class FileWaiter:
    """Waits until the file is another one; nobody has to tell."""

    def __init__(self, shelf: FileShelf) -> None:
        """Begin now: what was written before is seen by whoever looks."""
        self._shelf = shelf
        self._seen = shelf.mark()

    def wait(self, seconds: float) -> bool:
        """Wait until it was written, or is gone."""
        ends = time.monotonic() + seconds
        while (found := self._shelf.mark()) == self._seen and found is not None:
            left = ends - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(POLL, left))
        if found is None:
            # Whoever looks now is told; asked again and again, that is to cost little.
            time.sleep(max(min(POLL, ends - time.monotonic()), 0))
        self._seen = found
        return True

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class FlatStore(MemoryStore):
    """The task database of one project in a JSON file; usable from any thread."""


def open_flatfile(
    path: Path, project: str, clone: str = "", *, read_only: bool = False, first_number: int = 0
) -> FlatStore:
    """Open the tasks of a project, made if need be.

    Args:
        path: The file.
        project: The id of the project whose tasks it holds.
        clone: The id of the clone whose files are read.
        read_only: Only read, also where nothing can be written; the file has to be there.
        first_number: Above which number tokens and events are, if the file is made.

    Raises:
        StoreError: The file cannot be used, in words that say what to do.
    """
    shelf = FileShelf(path, project, read_only=read_only)
    if not read_only:
        shelf.make(first_number)
    _ = shelf.has
    return FlatStore(project, clone, shelf)
