"""The state folder of a clone: where its files lie and how they are written.

It is ``<git common dir>/kanban-sync/``, shared by all work trees of the clone and never part of a
commit. The shim (POSIX sh) reads and writes some of its files too, so their names and forms are a
contract.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from kanban_sync.core.errors import MovedCloneError, SetupError
from kanban_sync.core.printable import printable
from kanban_sync.sync import clone_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from kanban_sync.core.ports import Branches

FOLDER_MODE = 0o700
FILE_MODE = 0o600

FULL_PASS_EVERY = 600.0
"""Seconds after a full pass from which the shim asks for another one, whatever git says."""

COARSEST_CLOCK = 2.0
"""Seconds by which the times of two files may differ though they were written one by one: some
file systems, and some shells that compare, know whole seconds only."""

CLONE_ID_BYTES = 8

LOGS_KEPT = 20
LOG_LIMIT = 1024 * 1024

_CUT = b"The log ends here: it has reached its limit of 1 MiB.\n"


def put_whole(path: Path, text: str, age: float = 0.0) -> None:
    """Give a file of one's own a new content: ``StateFolder.replace`` for any folder.

    Raises:
        OSError: It cannot be written; it is as it was.
    """
    unique = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with open(os.open(unique, flags, FILE_MODE), "wb") as file:  # noqa: PTH123
            file.write(text.encode(errors="surrogateescape"))
        if age:
            then = unique.stat().st_mtime - age
            os.utime(unique, (then, then))
        unique.replace(path)
    except BaseException:
        unique.unlink(missing_ok=True)
        raise


class StateFolder:
    """The state folder at ``path``; nothing is made or read before a method says so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lies_in = _identity(path.parent)
        self.requests = path / "requests"
        self.notice_file = path / "notice"
        self.pending = path / "pending"
        self.fresh = path / "fresh"
        self.paused = path / "paused"
        self.seen = path / "seen"
        self.log = path / "log"
        self.clone = path / "clone"
        self.databases = path / "databases"

    @property
    def is_there(self) -> bool:
        """Whether the clone still lies where it did, and no other one in its place."""
        return not self._lies_in or _identity(self.path.parent) == self._lies_in

    def check_there(self) -> None:
        """See whether what is written here goes to the clone with which this began.

        Raises:
            MovedCloneError: It was moved or removed.
        """
        if not self.is_there:
            raise MovedCloneError(self.path.parent, is_other=self.path.parent.is_dir())

    @contextlib.contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        with explained(path, self.path):
            yield

    def run_lock(self, target: str) -> Path:
        """Return the lock file that is held while somebody brings this target up to date."""
        return self.path / f"run-{target}.flk"

    def retry_lock(self, target: str) -> Path:
        """Return the lock file of the one process that retries this target."""
        return self.path / f"retry-{target}.flk"

    def done(self, target: str) -> Path:
        """Return the file that says up to which offset of ``requests`` the target is synced."""
        return self.path / f"done-{target}"

    def drawn(self, target: str) -> str:
        """Return the rendering mark with which this clone drew a board last, '' if it has not."""
        path = self._drawn(target)
        with self._explained(path):
            return path.read_text(errors="replace").strip() if path.exists() else ""

    def note_drawn(self, target: str, mark: str) -> None:
        """Note with which rendering mark this clone has drawn a board."""
        if self.drawn(target) != mark:
            self.replace(self._drawn(target), f"{mark}\n")

    def _drawn(self, target: str) -> Path:
        return self.path / f"drawn-{target}"

    def make(self) -> None:
        """Make the folder, for nobody but its owner, if it is not there yet."""
        with self._explained(self.path):
            for folder in (self.path, self.seen, self.log):
                folder.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def replace(self, path: Path, text: str, age: float = 0.0) -> None:
        """Give a file of this folder a new content, so that a reader sees the old or the new one.

        Nothing is forced to the disk: what a power failure takes back is only synced again. With
        an ``age`` the file seems to be from so many seconds ago, by the file system's own clock.
        """
        with self._explained(path):
            put_whole(path, text, age)

    def write_seen(
        self,
        worktree: str,
        last: str,
        branches: Branches,
        pathspecs: Iterable[str],
        tips: str = "",
    ) -> None:
        """Write what the shim compares with: it dot-sources this file.

        Args:
            worktree: ``-``, or the name of the linked work tree's admin folder.
            last: The commit that was HEAD of that work tree at the last pass.
            branches: Where they stood then. A branch whose file is newer than this one has moved.
            pathspecs: What to watch.
            tips: What the task database had recorded by then (``freshness.tips_text``).
        """
        told = {
            "last": last,
            "own": branches.own,
            "remote": branches.remote,
            # Command substitution, which the shim compares with, drops line ends too.
            "refs": branches.text.rstrip("\n"),
        }
        if tips:
            told["tips"] = tips
        if branches.files is not None:
            told["files"] = str(branches.files)
        lines = [f"{name}={_quoted(value)}\n" for name, value in told.items()]
        words = " ".join(["set --", *map(_quoted, pathspecs)])
        age = time.monotonic() - branches.moment + COARSEST_CLOCK
        self.replace(self.seen / worktree, f"{''.join(lines)}{words}\n", age=age)

    def clone_id(self) -> str:
        """Return what tells this clone from others that share a database; made the first time."""
        self._name()
        return self.known_clone_id()

    def known_clone_id(self) -> str:
        """Return the id of this clone, empty if it has none yet."""
        names = self._names()
        return clone_name.id_at(names, self._place()) if names else ""

    def id_in_file(self) -> str:
        """Return by what the database in this folder knows the clone; made the first time."""
        self._name()
        return self.known_id_in_file()

    def known_id_in_file(self) -> str:
        """Return the same, empty if it has none yet."""
        return clone_name.first_id(self._names())

    def _name(self) -> None:
        """Note where the clone is, and give it an id if it has none."""
        names, place = self._names(), self._place()
        if not names:
            # Of two processes that give the first one, one has it: a link never replaces.
            unique = self.path / f".clone.{secrets.token_hex(8)}"
            self.replace(unique, " ".join((secrets.token_hex(CLONE_ID_BYTES), *place)) + "\n")
            with self._explained(self.clone):
                try:
                    os.link(unique, self.clone)
                except FileExistsError:
                    pass
                except OSError:
                    unique.replace(self.clone)  # On a file system that knows no links.
                unique.unlink(missing_ok=True)
        elif clone_name.noted(names, place) != names:
            self.replace(self.clone, clone_name.noted(names, place))

    def _names(self) -> str:
        with self._explained(self.clone), contextlib.suppress(FileNotFoundError):
            return self.clone.read_text("ascii", errors="replace")
        return ""

    def _place(self) -> clone_name.Place:
        with self._explained(self.path):
            return clone_name.place_of(self.path)

    def knows_database(self, name: str) -> bool:
        """Tell whether this clone has worked with a task database."""
        with self._explained(self.databases), contextlib.suppress(FileNotFoundError):
            return json.dumps(name) in self.databases.read_text("ascii").splitlines()
        return False

    def note_database(self, name: str) -> None:
        """Note that this clone works with a task database: one that is gone is missed then."""
        if not self.knows_database(name):
            with self._explained(self.databases):
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                with open(os.open(self.databases, flags, FILE_MODE), "ab", buffering=0) as file:  # noqa: PTH123
                    file.write(f"{json.dumps(name)}\n".encode())

    def notice(self, text: str) -> None:
        """Leave one line that the next hook prints; an empty text takes it back."""
        line = printable(" ".join(text.split()))
        self.replace(self.notice_file, f"{line}\n" if line else "")

    def renew_notice(self, text: str) -> None:
        """Put a line in the place of one that no hook has printed yet: that is out of date."""
        with contextlib.suppress(OSError):
            if self.notice_file.stat().st_size:
                self.notice(text)

    def mark_fresh(self) -> None:
        """Note that a full pass has just ended; the shim may rely on it for ten minutes."""
        self.replace(self.fresh, "")
        until = time.time() + FULL_PASS_EVERY
        with self._explained(self.fresh):
            os.utime(self.fresh, (until, until))

    @property
    def is_paused(self) -> bool:
        """Whether hooks are to do nothing."""
        return self.paused.exists()

    def pause(self) -> None:
        """Make hooks do nothing until ``resume``."""
        self.replace(self.paused, "")

    def resume(self) -> None:
        """Let hooks work again."""
        with self._explained(self.paused):
            self.paused.unlink(missing_ok=True)

    def mark_pending(self) -> None:
        """Note that something was asked for, so that the next hook does not stay quiet."""
        with self._explained(self.pending):
            self.pending.touch(FILE_MODE)

    def mark_behind(self, target: str, *, anew: bool = False) -> None:
        """Note that this target is behind, so that the next hook does not stay quiet.

        Args:
            target: Which one.
            anew: Whether what it was behind with until now has reached it.
        """
        with self._explained(self.pending):
            behind = self._behind(target)
            if anew or not behind.exists():
                behind.touch(FILE_MODE)
            self.pending.touch(FILE_MODE)

    def behind_since(self, target: str) -> float:
        """Return since when this target is behind, in seconds since 1970; 0 if it is not."""
        try:
            return self._behind(target).stat().st_mtime
        except OSError:
            return 0.0

    def mark_caught_up(self, target: str) -> None:
        """Note that this target is not behind; ``pending`` stays while another one is."""
        with self._explained(self.pending):
            self._behind(target).unlink(missing_ok=True)
            if self._is_any_behind():
                return
            self.pending.unlink(missing_ok=True)
            # Another target may have fallen behind between the look and the removal.
            if self._is_any_behind():
                self.pending.touch(FILE_MODE)

    def open_log(self, target: str) -> RunLog:
        """Start the log of a run and let go of logs that are older than the newest 20."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self.log / f"{now}-{target}-{os.getpid()}.log"
        with self._explained(path):
            log = RunLog(path)
            for old in sorted(self.log.glob("*.log"), reverse=True)[LOGS_KEPT:]:
                old.unlink(missing_ok=True)
        return log

    def _behind(self, target: str) -> Path:
        # One file for each target: `pending` alone could not tell whose failure has been mended.
        return self.path / f"behind-{target}"

    def _is_any_behind(self) -> bool:
        return any(self.path.glob("behind-*"))


class RunLog:
    """The log of one run: a text stream that stops at 1 MiB."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = LOG_LIMIT - len(_CUT)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # Unbuffered: what a killed run had to say is what one wants to read.
        self._file = open(os.open(path, flags, FILE_MODE), "ab", buffering=0)  # noqa: PTH123, SIM115

    def write(self, text: str) -> int:
        """Add text as long as there is room; the rest is dropped, and the log says so."""
        data = printable(text).encode(errors="backslashreplace")
        if self._left >= 0:
            self._file.write(data if len(data) <= self._left else data[: self._left] + _CUT)
            self._left -= len(data)
        return len(text)

    def flush(self) -> None:
        """Do nothing: each write has gone to the file already."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return by what a folder is known, whatever it is called; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _quoted(text: str) -> str:
    """Return the text as one word of POSIX sh."""
    return "'" + text.replace("'", "'\\''") + "'"


@contextlib.contextmanager
def explained(path: Path, state: Path | None = None) -> Iterator[None]:
    """Say of which file of a state folder it is, and what helps, where it cannot be written.

    Args:
        path: That file.
        state: The folder, where it tells that a clone was moved if that is no more.

    Raises:
        SetupError: It cannot.
        MovedCloneError: The folder is no more.
    """
    try:
        yield
    except OSError as error:
        if state is not None and not state.parent.is_dir():
            raise MovedCloneError(state.parent, is_other=False) from error
        raise SetupError(
            f"Cannot write {path}: {error.strerror}. Nothing can be synced from this clone until "
            "that folder can be written to; check its owner, its mode and the space on the disk."
        ) from error
