"""A database on a server, and what goes on while that does not answer: a copy, and a journal.

Who brings files in (``open``) needs the database itself. Who works on tasks (``work``), or looks,
goes on with the copy in the state folder. A file beside it, ``….away``, says that this is so, since
when, and when the server is asked again. Whoever reaches the server then writes the journal into
the database, once, before anything else. What is refused of one task holds up no other.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import (
    StoreAwayError,
    StoreError,
    UnreachableStoreError,
    UnusableCopyError,
    UnwritableStoreError,
)
from kanban_sync.databases.lost import note_lost
from kanban_sync.databases.ports import Mode
from kanban_sync.databases.switching import Switching
from kanban_sync.machine_time import boot, moment
from kanban_sync.stores.away import AwayStore
from kanban_sync.stores.away_shelf import AwayShelf
from kanban_sync.stores.flatfile import DamagedFileError, manifest_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.agents.work import Store
    from kanban_sync.core.apart import Journal
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.core.work import Entry
    from kanban_sync.databases.ports import Clone, Contents
    from kanban_sync.databases.postgres_server import PostgresServer
    from kanban_sync.stores.postgres import PostgresStore
    from kanban_sync.stores.replaying import Replayed

AWAY = "away"
"""The folder in the state folder of a clone."""

NAME = "name"
"""The file in the folder of a copy that tells of which database it is."""

SLOW = 1.0
"""Seconds after which it took long to find out that nobody answers."""

ASK_AGAIN = 15.0
"""Seconds for which a server is left alone that took long: so long agents may wait in vain."""

COPY_EVERY = 60.0
"""Seconds for which a large copy is not renewed, nor a small one by those who work on tasks."""

SMALL = 1 << 18
"""Bytes below which a copy costs next to nothing."""


class _Away(NamedTuple):
    """Since when the server does not answer, and when it is asked again; seconds since 1970.

    ``refuses`` tells that it answers by now, and refuses what was done meanwhile, ``parted`` that
    something may have been done.
    """

    since: float
    again: float
    refuses: bool = False
    parted: bool = True


@dataclass(frozen=True, slots=True)
class Fallback:
    """A database on a PostgreSQL server, with a folder for what goes on while it is away."""

    server: PostgresServer
    folder: Path
    clone: Clone
    kind = "postgresql"

    @property
    def name(self) -> str:
        """The URL, without a password."""
        return self.server.name

    def mode(self, project: str) -> Mode:
        """Return on what work goes on, as far as that is known without asking the server."""
        away = self._away(project)
        if away is None:
            return Mode("database")
        name = "waiting" if away.refuses else "fallback"
        shelf, since = self._shelf(project), min(away.since, time.time())
        with contextlib.suppress(StoreError):
            parted = shelf.has.parted.since
            if parted is not None:
                # Whatever the wall clock was set to since; it was found away before that.
                since = parted.at(moment()) - max(0.0, parted.wall - away.since)
        return Mode(name, since, shelf.touched)

    def open(self, project: str) -> TaskStore:
        """Open the database itself, with all that was done while it was away."""
        store = self.reach(project)
        store.before_close = lambda: self._copy(store, project)
        return store

    def work(self, project: str, to_tell: Callable[[str], None] = lambda _: None, /) -> Store:
        """Open the database, or the copy if its server does not answer."""
        return Switching.between(self, project, to_tell)

    def tries_later(self) -> bool:
        """Tell whether it did not answer a moment ago, and is not asked again just yet."""
        now = time.time()
        found = map(_read, self.folder.glob("*.away"))
        return any(each is not None and now < each.again <= now + ASK_AGAIN for each in found)

    def look(self, project: str) -> TaskStore | None:
        """Open it to read, or the copy; None if there is no schema."""
        if self.tries_later():
            return self.apart(project, None)
        began = time.monotonic()
        try:
            if self._marker(project).exists():
                self._settle_first(project)
            return self.server.look(project)
        except UnreachableStoreError as error:
            self.note_away(project, time.monotonic() - began)
            return self.apart(project, error)

    def _settle_first(self, project: str) -> None:
        """Write the journal before somebody looks; one that is refused waits, and they look."""
        try:
            self.reach(project).close()
        except UnreachableStoreError:
            raise
        except StoreError:
            away = self._away(project)
            if away is None or not away.refuses:
                raise

    def identity(self) -> str:
        """Ask which it is of all databases, unless nobody answered a moment ago."""
        return "" if self.tries_later() else self.server.identity()

    def connections(self) -> dict[str, int]:
        """Count this process's connections to the server."""
        return self.server.connections()

    def contents(self, project: str = "") -> Contents:
        """Return what its schema holds, and how much of a project."""
        return self.server.contents(project)

    def upgrade(self) -> str:
        """Bring its schema up to date."""
        return self.server.upgrade()

    def make_anew(self, now: float, project: Callable[[], str] = str) -> bool:
        """Make the schema if one is missed there."""
        return self.server.make_anew(now, project)

    # --- The server -----------------------------------------------------------------------------

    def reach(self, project: str) -> PostgresStore:
        """Open the database, and write into it what was done while it was away.

        Raises:
            UnreachableStoreError: Its server does not answer.
        """
        self.clone.check_there()
        began = time.monotonic()
        try:
            store = self.server.open(project)
        except UnreachableStoreError:
            self.note_away(project, time.monotonic() - began)
            raise
        try:
            if self._marker(project).exists():
                self._settle(store, project)
        except BaseException:
            store.close()
            raise
        return store

    def note(self, project: str, entry: Entry) -> None:
        """Note what was done in the database, for whoever goes on with the copy."""
        if not self._is_there():
            return
        self._shelf(project).note(entry, moment())

    def copy_in_passing(self, store: PostgresStore, project: str) -> None:
        """Renew a copy that is old, if that costs next to nothing."""
        if not self._is_there():
            return
        path = self._shelf(project).path
        if not (_is_large(path) or _is_new(path) or self.tries_later()):
            self._copy(store, project)

    def _is_there(self) -> bool:
        """Tell whether the state folder is there still: no copy is to make a removed one anew."""
        return self.clone.is_there and self.folder.parents[1].is_dir()

    def _settle(self, store: PostgresStore, project: str) -> None:
        away = self._away(project)
        with contextlib.closing(self._shelf(project)) as shelf:
            if away is not None and not away.parted:
                shelf.put_damaged_aside()
            with shelf.alone():
                # First what was sent before, and nobody heard whether it was taken.
                while (sent := shelf.seal()) is not None:
                    journal = self._apart(sent, project).journal()
                    refused = self._replay(store, journal, project).refused
                    note_lost(shelf, sent, store)
                    if refused:
                        sent.put_refused_aside(journal.id)
                    else:
                        sent.path.unlink()
                has_parted = shelf.rejoin(moment())
                self._marker(project).unlink(missing_ok=True)
            if has_parted:
                # One copies for all who come back, and none of them waits for it.
                copied = store.copied()
                with contextlib.suppress(UnusableCopyError):
                    shelf.put_copy(copied)

    def _replay(self, store: PostgresStore, journal: Journal, project: str) -> Replayed:
        try:
            return store.replay(journal, store.clock(time.time()))
        except StoreError as error:
            refuses = isinstance(error, UnwritableStoreError)
            if refuses or not isinstance(error, StoreAwayError):
                away = self._away(project) or _Away(time.time(), 0.0)
                with contextlib.suppress(UnusableCopyError):
                    self._write_marker(project, away._replace(again=0.0, refuses=True))
            raise

    def _copy(self, store: PostgresStore, project: str) -> None:
        """Copy what has changed since the last copy; without one, work only cannot go on."""
        began = time.monotonic()
        try:
            with contextlib.closing(self._shelf(project)) as shelf:
                self._copy_changed(store, project, shelf)
        except UnreachableStoreError:
            self.note_away(project, time.monotonic() - began)
        except (StoreError, OSError):
            pass  # It stays as old as it is.

    def _copy_changed(self, store: PostgresStore, project: str, shelf: AwayShelf) -> None:
        known, last = shelf.path.with_suffix(".as-of"), store.last_event()
        if known.exists() and known.read_text("ascii") == _as_of(last, shelf.path):
            return
        if _is_large(shelf.path) and _is_new(shelf.path):
            return
        try:
            shelf.put_copy(store.copied())
        except DamagedFileError:
            # What was done apart may be in it: that is not thrown away unseen.
            if self._marker(project).exists():
                return
            shelf.put_damaged_aside()
            shelf.put_copy(store.copied())
        known.write_text(_as_of(last, shelf.path), "ascii")

    # --- While it is away -----------------------------------------------------------------------

    def apart(self, project: str, error: UnreachableStoreError | None) -> AwayStore:
        """Open the copy, and begin to work apart if that has not begun.

        Raises:
            UnreachableStoreError: There is no copy: this clone has not worked with the database.
            UnusableCopyError: There is one, and work cannot go on with it.
        """
        self.clone.check_there()
        shelf = self._shelf(project)
        away = error or UnreachableStoreError(f"The task database {self.name} does not answer.")
        if not shelf.is_there:
            raise away
        known = self._away(project) or _Away(time.time(), 0.0, parted=False)
        with contextlib.ExitStack() as closing:
            closing.callback(shelf.close)
            try:
                with shelf.alone():
                    shelf.check_readable()
                    # First that somebody looks here, who may have removed it having come back.
                    if not known.parted or not self._marker(project).exists():
                        self._write_marker(project, known._replace(parted=True))
                    # The server may have answered others since it was found away.
                    shelf.part(moment())
            except UnusableCopyError as unusable:
                raise UnusableCopyError(f"{away} {unusable}") from unusable
            closing.pop_all()
        return self._apart(shelf, project)

    def _apart(self, shelf: AwayShelf, project: str) -> AwayStore:
        return AwayStore(project, self.clone.known_clone_id(), shelf)

    def _shelf(self, project: str) -> AwayShelf:
        return AwayShelf(manifest_path(self.folder, project), project)

    def _marker(self, project: str) -> Path:
        return manifest_path(self.folder, project).with_suffix(".away")

    def _away(self, project: str) -> _Away | None:
        return _read(self._marker(project))

    def note_away(self, project: str, seconds: float) -> None:
        """Note that the server does not answer, for whoever goes on with the copy."""
        if not self._shelf(project).is_there:
            return
        away, now = self._away(project), time.time()
        again = now + ASK_AGAIN if seconds > SLOW else 0.0
        known = away or _Away(now, again, parted=False)
        with contextlib.suppress(UnusableCopyError):
            self._write_marker(project, known._replace(again=again, refuses=False))

    def _write_marker(self, project: str, said: _Away) -> None:
        shelf = self._shelf(project)
        name, path = self.name.encode("utf-8", "surrogateescape"), self.folder / NAME
        if _bytes_of(path) != name:
            shelf.write_beside(path, name)
        shelf.write_beside(self._marker(project), json.dumps(said).encode("ascii"))


class Left(NamedTuple):
    """What was done with so many tasks of a database that is named no more, as it was named."""

    database: str
    tasks: int


def left_behind(folder: Path, project: str, mine: Path | None) -> list[Left]:
    """Return what waits in a state folder for databases other than that which is named now.

    Args:
        folder: That of all copies.
        project: Whose tasks.
        mine: The folder of the copy of the database that is named, None where it has none.
    """
    found: list[Left] = []
    for each in sorted(folder.glob("*/")):
        path = manifest_path(each, project)
        if (mine is not None and each == mine) or not path.with_suffix(".away").exists():
            continue
        with contextlib.suppress(StoreError, OSError):
            count = AwayShelf(path, project).touched
            if count:
                name = _bytes_of(each / NAME).decode("utf-8", "surrogateescape")
                found.append(Left(name or f"the database of {each}", count))
    return found


def _bytes_of(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def _as_of(last: int, path: Path) -> str:
    """Return by what it is known that a copy is as it was made, after so many events.

    One from before the machine was started anew is made anew, too: only the wall clock would tell
    how long ago it was made.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return ""
    return f"{last} {found.st_ino} {found.st_size} {found.st_mtime_ns} {boot()}"


def _is_large(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_size >= SMALL
    return False


def _is_new(path: Path) -> bool:
    with contextlib.suppress(OSError):
        # One of a time to come was made before the clock was set back.
        return abs(time.time() - path.stat().st_mtime) < COPY_EVERY
    return False


def _read(marker: Path) -> _Away | None:
    try:
        since = marker.stat().st_mtime
        text = marker.read_text("ascii")
    except OSError:
        return None
    try:
        return _Away(*json.loads(text))
    except (ValueError, TypeError):
        # It is just being written, or there was no room for what it says.
        return _Away(since, 0.0)
