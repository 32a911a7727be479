"""What a task database is to a clone, before it is opened, whatever it is kept in."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kanban_sync.core.spans import when

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.stores.summary import ProjectCounts
    from kanban_sync.stores.transactions import Database

DATABASE_URL = "KANBAN_SYNC_DATABASE_URL"
SETTING = "kanban-sync.database"
DIRECT_URL = "KANBAN_SYNC_DATABASE_DIRECT_URL"
DIRECT_SETTING = "kanban-sync.databaseDirect"
DATABASE_FILE = "tasks.db"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: its schema (0: none yet), the newest known, and what is in it.

    That is counted only for the project that is asked for, where the schema is this release's.
    """

    schema: int
    newest: int
    projects: tuple[ProjectCounts, ...] = ()


class Mode(NamedTuple):
    """On what work goes on: ``database``, ``file`` by choice, or ``fallback`` while it is away.

    ``waiting`` is the database that refuses what was done while it was away, and is read. ``since``
    is in seconds since 1970, and ``entries`` is how many tasks wait in the journal, None where
    nobody can tell; both 0 but for these two.
    """

    name: str
    since: float = 0.0
    entries: int | None = 0

    def data(self) -> dict[str, Any]:
        """Return it as ``status`` tells it, with stable keys."""
        return {"mode": self.name, "away_since": self.since, "journal": self.entries}

    def words(self, database: str) -> str:
        """Tell in a line that a database is away, and what goes on; '' if it is not."""
        if self.name not in {"fallback", "waiting"} or (self.name, self.entries) == ("waiting", 0):
            return ""
        since = when(self.since)
        count = in_tasks(self.entries)
        if self.entries is None:
            count = "with how many tasks nobody can tell, since the copy cannot be read"
        if self.name == "waiting":
            return (
                f"{database} was away since {since}, and refuses what was done meanwhile ({count}),"
                " which waits here until it takes it; what is shown is without that"
            )
        return (
            f"{database} does not answer since {since}; work goes on with a copy of it, and what is"
            f" done ({count} by now) is written there when it answers"
        )


def in_tasks(count: int | None) -> str:
    """Tell how many tasks, None where nobody can tell."""
    if count is None:
        return "some tasks"
    return "1 task" if count == 1 else f"{count} tasks"


def back_words(database: str, since: float, *, is_another: bool = False) -> str:
    """Tell in a line that a database is back; work went on with the copy since a moment.

    If the one that answers is another one, nothing that was done apart was written into it.
    """
    text = f"{database} answers again; work went on with a copy"
    if is_another:
        return f"{text} of the one that was there before since {when(since)}"
    return f"{text} of it since {when(since)}, and what was done there meanwhile is brought in"


class Clone(Protocol):
    """What tells a clone from others that share a database: its state folder."""

    def clone_id(self) -> str:
        """Return its id, made the first time."""
        ...

    def known_clone_id(self) -> str:
        """Return its id, empty if it has none yet."""
        ...

    def id_in_file(self) -> str:
        """Return its id in the database that lies in its state folder, made the first time."""
        ...

    def known_id_in_file(self) -> str:
        """Return the same, empty if it has none yet."""
        ...

    @property
    def is_there(self) -> bool:
        """Whether it still lies where it did, and no other one in its place."""
        ...

    def check_there(self) -> None:
        """Refuse to go on where it does not."""
        ...

    def knows_database(self, name: str) -> bool:
        """Tell whether it has worked with a database."""
        ...

    def note_database(self, name: str) -> None:
        """Note that it works with a database."""
        ...


class TaskDatabase(Protocol):
    """The database of a clone, not opened yet.

    Raises:
        StoreError: From any method, if it cannot be used, in words that say what to do.
        LostDatabaseError: From all but the last two, if it is gone and the clone has used it.
    """

    @property
    def kind(self) -> str:
        """``sqlite``, ``postgresql`` or ``file``."""
        ...

    @property
    def name(self) -> str:
        """The path or the URL, without a password."""
        ...

    def mode(self, project: str) -> Mode:
        """Return on what work goes on for a project."""
        ...

    def open(self, project: str) -> TaskStore:
        """Open it for a project, made if need be."""
        ...

    def work(self, project: str, to_tell: Callable[[str], None], /) -> TaskStore:
        """Open it for those who work on its tasks: what goes on while the database is away.

        ``to_tell`` hears of it if the database goes away later on.
        """
        ...

    def tries_later(self) -> bool:
        """Tell whether it did not answer a moment ago, and is not asked again just yet."""
        ...

    def look(self, project: str) -> TaskStore | None:
        """Open it to read, None if there is none yet."""
        ...

    def identity(self) -> str:
        """Ask what it is, whatever it is named; '' where nobody can say."""
        ...

    def known_identity(self) -> str:
        """Return what it was the last time that it was reached, without asking; '' if unknown."""
        ...

    def connections(self) -> dict[str, int]:
        """Count this process's connections to its server, by what they are for."""
        ...

    def contents(self, project: str = "") -> Contents:
        """Return what it holds, and how much of a project."""
        ...

    def upgrade(self) -> str:
        """Bring its schema up to date; return where a copy of what was before lies, if anywhere."""
        ...

    def make_anew(self, now: float, project: Callable[[], str] = str) -> bool:
        """Make one in the place of one that is gone, and tell whether that was so.

        Args:
            now: The time.
            project: Returns for which project, where each has its own.
        """
        ...


@contextlib.contextmanager
def closed_if_wrong(store: TaskStore) -> Iterator[None]:
    """Close an open database that nobody gets, since something else is wrong."""
    try:
        yield
    except BaseException:
        store.close()
        raise


def counted(database: Database, project: str) -> tuple[ProjectCounts, ...]:
    """Count what an open database holds of a project, and close it."""
    from kanban_sync.stores.summary import project_counts

    with contextlib.closing(database):
        return (project_counts(database, project),)
