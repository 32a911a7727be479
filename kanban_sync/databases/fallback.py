"""A database on a server, and what goes on while that does not answer: a copy, and a journal.

Who brings files in (``open``) needs the database itself. Who works on tasks (``work``), or looks,
goes on with the copy in the state folder. A file beside it, ``….away``, says that this is so, since
when, and when the server is asked again. Whoever reaches the server then writes the journal into
the database, once, before anything else. What is refused of one task holds up no other.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kanban_sync.core.errors import (
    LostDatabaseError,
    StoreError,
    UnreachableStoreError,
    UnusableCopyError,
)
from kanban_sync.databases.copies import Away, Copies, Copy, read_marker
from kanban_sync.databases.ports import Mode, in_tasks
from kanban_sync.databases.renewing import is_small_and_old, renew
from kanban_sync.databases.settling import Reached, settle
from kanban_sync.databases.switching import Switching
from kanban_sync.machine_time import moment
from kanban_sync.stores.away import AwayStore
from kanban_sync.stores.away_shelf import AwayShelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanban_sync.agents.work import Store
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.core.work import Entry, Orchestrator
    from kanban_sync.databases.copies import Left
    from kanban_sync.databases.ports import Clone, Contents
    from kanban_sync.databases.postgres_server import PostgresServer
    from kanban_sync.stores.postgres import PostgresStore

Answer = TypeVar("Answer")

SLOW = 1.0
"""Seconds after which it took long to find out that nobody answers."""

ASK_AGAIN = 15.0
"""Seconds for which a server is left alone that took long: so long agents may wait in vain."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """A database on a PostgreSQL server, and the copies with which work goes on without it."""

    server: PostgresServer
    copies: Copies
    clone: Clone
    found: dict[str, Away | None] = field(default_factory=dict, compare=False)
    """Whether it is away, of projects of which no file can tell, since none can be written."""
    without: dict[Path, object] = field(default_factory=dict, compare=False)
    """The marks of copies in which nothing was done apart."""
    kind = "postgresql"

    @property
    def name(self) -> str:
        """The URL, without a password."""
        return self.server.name

    @property
    def folder(self) -> Path:
        """Where the copy lies of the database to which its name led last."""
        return self._here.folder

    def known_identity(self) -> str:
        """Return which of all databases it was the last time that it was reached."""
        return self.copies.identity(self.name)

    def mode(self, project: str) -> Mode:
        """Return on what work goes on, as far as that is known without asking the server."""
        here = self._here
        away = self.found[project] if project in self.found else here.away(project)
        if away is None:
            return Mode("database")
        name = "waiting" if away.refuses else "fallback"
        shelf, since = here.shelf(project), away.begun(None)
        with contextlib.suppress(StoreError):
            since = away.begun(shelf.has.parted.since)
        return Mode(name, since, shelf.touched if away.parted else 0)

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
        now, names = time.time(), {"", self.name}
        found = map(read_marker, self.folder.glob("*.away"))
        return any(
            each is not None and now < each.again <= now + ASK_AGAIN and each.name in names
            for each in found
        )

    def look(self, project: str) -> TaskStore | None:
        """Open it to read, or the copy; None if there is no schema."""
        if self.tries_later():
            return self._looked_apart(project, None)
        began = time.monotonic()
        try:
            store = self._told_if_lost(self.server.look, project)
            if store is None or next(self._waiting(store, project), None) is None:
                return store
            store.close()
            self._settle_first(project)
            return self.server.look(project)
        except UnreachableStoreError as error:
            self.note_away(project, time.monotonic() - began)
            return self._looked_apart(project, error)

    def _looked_apart(self, project: str, error: UnreachableStoreError | None) -> AwayStore:
        """Open the copy to look at, also where it cannot be written to."""
        try:
            return self.apart(project, error)
        except UnusableCopyError:
            here = self._here
            shelf = AwayShelf(here.shelf(project).path, project, read_only=True)
            _ = shelf.has
            self.found[project] = here.away(project) or Away(time.time(), 0.0)
            return self._apart(shelf, project)

    def _settle_first(self, project: str) -> None:
        """Write the journal before somebody looks; one that is refused waits, and they look."""
        try:
            self.reach(project).close()
        except UnreachableStoreError:
            raise
        except StoreError:
            away = self._here.away(project)
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
            store = self._told_if_lost(self.server.open, project)
        except UnreachableStoreError:
            self.note_away(project, time.monotonic() - began)
            raise
        was_away = self._here.marker(project).exists()
        try:
            for each in self._waiting(store, project):
                try:
                    self._settle(store, project, each)
                except UnusableCopyError:
                    if each.shelf(project).touched != 0:
                        raise
                    self.found[project] = None
            store.absence = self._of(store).shelf(project).absence
            if was_away:
                store.absence.note()  # Also where the copy with which work went on was another one.
        except BaseException:
            store.close()
            raise
        return store

    def _told_if_lost(self, opens: Callable[[str], Answer], project: str) -> Answer:
        """Open the database; if it is gone, say how many tasks it alone had, as the copy knows."""
        try:
            return opens(project)
        except LostDatabaseError as error:
            here, alone, apart = self._here, 0, ""
            shelf, away = here.shelf(project), here.away(project)
            with contextlib.suppress(StoreError):
                alone = sum(not each.task.path for each in shelf.has.tasks.values())
            if away is not None:
                # It is not away any more: it answers, and cannot take that.
                here.note_refused(project, self.name)
                apart = in_tasks(shelf.touched) if away.parted and shelf.touched != 0 else ""
            raise LostDatabaseError(self.name, alone, shelf.path, apart) from error

    def take(self, left: Left, project: str) -> bool:
        """Write into the tasks of a project what waits for another one, or another database.

        Tells whether it waited still: somebody else may have written it meanwhile.

        Raises:
            StoreError: It cannot be reached, or does not take it, which waits on.
        """
        copy = Copy(Path(left.file).parent)
        with contextlib.closing(self.reach(project)) as store:
            if (copy, left.project) == (self._of(store), project):
                return True  # It is that very database, which has it since it was reached.
            if not copy.marker(left.project).exists():
                return False
            return self._settle(store, project, copy, left.project)

    def _waiting(self, store: PostgresStore, project: str) -> Iterator[Copy]:
        """Yield the copies in which something may wait for the database that was reached.

        Until its own is known by what it says of itself, there may be one by its name alone.
        """
        mine, other = self._of(store), self.copies.by_name_alone(self.name)
        if other != mine and other.marker(project).exists():
            yield other
        self.copies.lead(self.name, store.identity)
        self.found.pop(project, None)
        if mine.marker(project).exists():
            yield mine

    def note(self, store: PostgresStore, project: str, found: Entry | Orchestrator) -> None:
        """Note what was done in the database, for whoever goes on with the copy."""
        if self._is_there():
            self._of(store).shelf(project).note(found, moment())

    def bring(self, store: PostgresStore, project: str, *, is_news: bool = False) -> None:
        """Bring in what was done apart by those whom another name of the server leads nowhere."""
        copy = self._of(store)
        if copy.marker(project).exists() and self._is_there():
            # Of what is new there they are to know as well; whoever passes is not held up.
            with contextlib.suppress(StoreError, OSError):
                if is_news or copy.has_journal(project, self.without):
                    self._settle(store, project, copy)

    def copy_in_passing(self, store: PostgresStore, project: str) -> None:
        """Renew a copy that is old, if that costs next to nothing."""
        if not self._is_there():
            return
        path = self._of(store).shelf(project).path
        if is_small_and_old(path) and not self.tries_later():
            self._copy(store, project)

    def _is_there(self) -> bool:
        """Tell whether the state folder is there still: no copy is to make a removed one anew."""
        return self.clone.is_there and self.copies.root.parent.is_dir()

    def _settle(self, store: PostgresStore, project: str, copy: Copy, left: str = "") -> bool:
        """Write all that waits in a copy, and tell whether that was anything.

        If it is of another project or database, ``left`` is how the project was called then.
        """
        reached = Reached(store, project, self._of(store), self.name, self.clone.known_clone_id())
        return settle(copy, reached, left)

    def _copy(self, store: PostgresStore, project: str) -> None:
        """Copy what has changed since the last copy; without one, work only cannot go on."""
        began = time.monotonic()
        self.copies.lead(self.name, store.identity)
        try:
            copy = self._of(store)
            with contextlib.closing(copy.shelf(project)) as shelf:
                renew(shelf, store, has_begun=copy.marker(project).exists())
        except UnreachableStoreError:
            self.note_away(project, time.monotonic() - began)
        except (StoreError, OSError):
            pass  # It stays as old as it is.

    # --- While it is away -----------------------------------------------------------------------

    def apart(self, project: str, error: UnreachableStoreError | None) -> AwayStore:
        """Open the copy, and begin to work apart if that has not begun.

        Raises:
            UnreachableStoreError: There is no copy: this clone has not worked with the database.
            UnusableCopyError: There is one, and work cannot go on with it.
        """
        self.clone.check_there()
        here = self._here
        shelf = here.shelf(project)
        away = error or UnreachableStoreError(f"The task database {self.name} does not answer.")
        if not shelf.is_there:
            if names := ", ".join(self.copies.names(project)):
                away = UnreachableStoreError(
                    f"{away} This clone has a copy to go on with of {names}, to which this name has"
                    " not led from here: name it so if it is that one."
                )
            raise away
        known = here.away(project) or Away(time.time(), 0.0, parted=False)
        with contextlib.ExitStack() as closing:
            closing.callback(shelf.close)
            try:
                with shelf.alone():
                    shelf.check_readable()
                    # First that somebody looks here, who may have removed it having come back.
                    if not known.parted or not here.marker(project).exists():
                        here.write_marker(project, known._replace(parted=True, name=self.name))
                    # The server may have answered others since it was found away.
                    shelf.part(moment())
                self.found.pop(project, None)
            except UnusableCopyError as unusable:
                raise UnusableCopyError(f"{away} {unusable}") from unusable
            closing.pop_all()
        return self._apart(shelf, project)

    def _apart(self, shelf: AwayShelf, project: str) -> AwayStore:
        return AwayStore(project, self.clone.known_clone_id(), shelf)

    @property
    def _here(self) -> Copy:
        """The copy of the database to which the name led last."""
        return self.copies.named(self.name)

    def _of(self, store: PostgresStore) -> Copy:
        """Return the copy of the database that was reached."""
        return self.copies.of(self.name, store.identity)

    def note_away(self, project: str, seconds: float) -> None:
        """Note that the server does not answer, for whoever goes on with the copy."""
        here = self._here
        shelf = here.shelf(project)
        # Also where there is no copy, whose end would tell that it is over.
        shelf.absence.note()
        if not shelf.is_there:
            return
        away, now = here.away(project), time.time()
        again = now + ASK_AGAIN if seconds > SLOW else 0.0
        known = away or Away(now, again, parted=False)
        with contextlib.suppress(UnusableCopyError):
            said = known._replace(again=again, refuses=False, name=self.name)
            here.write_marker(project, said)
