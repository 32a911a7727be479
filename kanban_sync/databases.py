"""Which task database a clone uses: a file in its state folder, or the one that is named.

That is a PostgreSQL, or a file that several clones of a user share. The user names it, never the
repository: with ``KANBAN_SYNC_DATABASE_URL`` in the environment, or for all clones and whatever
starts git with ``git config --global kanban-sync.database``.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import quote, unquote_to_bytes

from kanban_sync.core.claims import first_number
from kanban_sync.core.errors import LostDatabaseError, SetupError
from kanban_sync.stores.migrations import migrations
from kanban_sync.sync.neighbours import Neighbour, neighbours, note
from kanban_sync.sync.user_folder import user_folder
from kanban_sync.user_settings import user_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.stores.postgres_address import Address
    from kanban_sync.stores.summary import ProjectCounts
    from kanban_sync.stores.transactions import Database
    from kanban_sync.sync.state_folder import StateFolder

DATABASE_URL = "KANBAN_SYNC_DATABASE_URL"
SETTING = "kanban-sync.database"
DATABASE_FILE = "tasks.db"
FILE_SCHEME = "sqlite://"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: its schema (0: none yet), the newest known, and what is in it.

    That is counted only for the project that is asked for, where the schema is this release's.
    """

    schema: int
    newest: int
    projects: tuple[ProjectCounts, ...] = ()


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
        """``sqlite`` or ``postgresql``."""
        ...

    @property
    def name(self) -> str:
        """The path or the URL, without a password."""
        ...

    def open(self, project: str) -> TaskStore:
        """Open it for a project, made if need be."""
        ...

    def look(self, project: str) -> TaskStore | None:
        """Open it to read, None if there is none yet."""
        ...

    def contents(self, project: str = "") -> Contents:
        """Return what it holds, and how much of a project."""
        ...

    def upgrade(self) -> str:
        """Bring its schema up to date; return where a copy of what was before lies, if anywhere."""
        ...

    def make_anew(self, now: float) -> bool:
        """Make one in the place of one that is gone, and tell whether that was so."""
        ...


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file in the state folder of a clone, or one that clones share."""

    path: Path
    clone: Clone | None = None
    is_shared: bool = False
    kind = "sqlite"

    @property
    def name(self) -> str:
        """The path, as a URL where the user has named it."""
        return _url_of(self.path) if self.is_shared else str(self.path)

    def open(self, project: str) -> TaskStore:
        """Open it, made and brought up to date if need be."""
        from kanban_sync.stores.sqlite import open_sqlite

        self._check_there()
        if self.clone is None:
            return open_sqlite(self.path, project)
        clone = self.clone.clone_id() if self.is_shared else self.clone.id_in_file()
        store = open_sqlite(self.path, project, clone)
        self.clone.note_database(self._noted)
        return store

    def look(self, project: str) -> TaskStore | None:
        """Open it to read, None if there is no file."""
        from kanban_sync.stores.sqlite import open_sqlite

        self._check_there()
        if not self.path.exists():
            return None
        clone = ""
        if self.clone is not None:
            known = self.clone.known_clone_id, self.clone.known_id_in_file
            clone = known[not self.is_shared]()
        return open_sqlite(self.path, project, clone, read_only=True)

    def contents(self, project: str = "") -> Contents:
        """Return what the file holds, and how much of a project."""
        from kanban_sync.stores.sqlite_database import open_database, schema_of

        newest = migrations("sqlite")[-1].number
        self._check_there()
        if not self.path.exists():
            return Contents(0, newest)
        found = schema_of(self.path)
        if found != newest or not project:
            return Contents(found, newest)
        return Contents(found, newest, counted(open_database(self.path, read_only=True), project))

    def upgrade(self) -> str:
        """Bring the file up to date; return where its copy lies, if it had to be upgraded."""
        from kanban_sync.stores.sqlite_database import open_database
        from kanban_sync.stores.sqlite_migrations import backup_of

        before = self.contents()
        open_database(self.path).close()
        is_upgraded = 0 < before.schema < before.newest
        return str(backup_of(self.path, before.newest)) if is_upgraded else ""

    def make_anew(self, now: float) -> bool:
        """Make the file if one is missed there, with numbers that the lost one never gave."""
        from kanban_sync.stores.sqlite_database import open_database

        if not self._is_lost():
            return False
        open_database(self.path, first_number=first_number(now)).close()
        return True

    @property
    def _noted(self) -> str:
        # The clone's own goes along when the clone is moved.
        return self.name if self.is_shared else self.path.name

    def _is_lost(self) -> bool:
        if self.clone is None or not self.clone.knows_database(self._noted):
            return False
        try:
            return self.path.stat().st_size == 0
        except FileNotFoundError:
            return True
        except OSError:
            return False  # Whoever opens it says why.

    def _check_there(self) -> None:
        if self._is_lost():
            raise LostDatabaseError(self.name)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A database on a PostgreSQL server."""

    address: Address
    clone: Clone | None = None
    kind = "postgresql"

    @property
    def name(self) -> str:
        """The URL, without a password."""
        return self.address.name

    def open(self, project: str) -> TaskStore:
        """Open it, with a schema made if there is none."""
        from kanban_sync.stores.postgres import open_postgres
        from kanban_sync.stores.postgres_database import NoSchemaError

        if self.clone is None:
            return open_postgres(self.address, project)
        may_make = not self._is_known()
        try:
            store = open_postgres(self.address, project, self.clone.clone_id(), may_make=may_make)
        except NoSchemaError as error:
            raise LostDatabaseError(self.name) from error
        self.clone.note_database(self.name)
        return store

    def look(self, project: str) -> TaskStore | None:
        """Open it to read, None if there is no schema."""
        from kanban_sync.stores.postgres import open_postgres
        from kanban_sync.stores.postgres_database import NoSchemaError

        clone = self.clone.known_clone_id() if self.clone is not None else ""
        try:
            return open_postgres(self.address, project, clone, read_only=True)
        except NoSchemaError as error:
            if self._is_known():
                raise LostDatabaseError(self.name) from error
            return None

    def contents(self, project: str = "") -> Contents:
        """Return what its schema holds, and how much of a project."""
        from kanban_sync.stores.postgres_database import open_database, schema_of

        found, newest = schema_of(self.address), migrations("postgres")[-1].number
        if not found and self._is_known():
            raise LostDatabaseError(self.name)
        if found != newest or not project:
            return Contents(found, newest)
        database = open_database(self.address, read_only=True)
        return Contents(found, newest, counted(database, project))

    def upgrade(self) -> str:
        """Bring its schema up to date; whoever runs the server keeps the copies."""
        from kanban_sync.stores.postgres_database import upgrade_database

        upgrade_database(self.address)
        return ""

    def make_anew(self, now: float) -> bool:
        """Make the schema if one is missed there, with numbers that the lost one never gave."""
        from kanban_sync.stores.postgres_database import schema_of, upgrade_database

        if not self._is_known() or schema_of(self.address):
            return False
        upgrade_database(self.address, first_number=first_number(now))
        return True

    def _is_known(self) -> bool:
        return self.clone is not None and self.clone.knows_database(self.name)


def counted(database: Database, project: str) -> tuple[ProjectCounts, ...]:
    """Count what an open database holds of a project, and close it."""
    from kanban_sync.stores.summary import project_counts

    with contextlib.closing(database):
        return (project_counts(database, project),)


def task_database(
    file: Path, environment: Mapping[str, str], clone: Clone | None = None
) -> TaskDatabase:
    """Return the database that the user has named, else the file, for one clone.

    Raises:
        SetupError: What is named is no URL of a database, or its driver is not installed.
    """
    url = environment.get(DATABASE_URL, "") or user_setting(SETTING)
    if not url:
        return SqliteFile(file, clone)
    if url.startswith(FILE_SCHEME):
        return SqliteFile(_file_of(url), clone, is_shared=True)
    try:
        from kanban_sync.stores.postgres_address import address_of
    except ImportError as error:
        raise SetupError(
            f"{DATABASE_URL} or git's {SETTING} names a PostgreSQL database, and its driver"
            f" cannot be loaded ({error}). Install it where kanban-sync is: pip install"
            " 'psycopg[binary]', or pipx inject kanban-sync 'psycopg[binary]'"
        ) from error
    return PostgresServer(address_of(url), clone)


def _file_of(url: str) -> Path:
    path = Path(os.fsdecode(unquote_to_bytes(os.fsencode(url.removeprefix(FILE_SCHEME)))))
    if not path.is_absolute() or path.is_dir():
        raise SetupError(
            f"{DATABASE_URL} or git's {SETTING} names {url}, which is no file: its whole path has"
            " to follow, as in sqlite:///home/ada/tasks.db."
        )
    return path


def _url_of(path: Path) -> str:
    return f"{FILE_SCHEME}{quote(os.fsencode(path))}"


# --- Clones of one user on one machine ---------------------------------------------------------


class Sharing(NamedTuple):
    """Whether a project's clones on this machine share a database.

    ``apart`` are those that use another one than this clone, and ``command`` makes them share.
    """

    database: str
    apart: tuple[Neighbour, ...] = ()
    command: str = ""

    def data(self) -> dict[str, Any]:
        """Return it as ``status`` tells it, with stable keys."""
        apart = [each._asdict() for each in self.apart]
        return {"database": self.database, "apart": apart, "share": self.command}

    @property
    def text(self) -> str:
        """What is told of the clones that are apart, a line for each; empty if there is none."""
        return "\n".join(
            f"{each.state} keeps the tasks of this project in {each.database}, and this clone in"
            f" {self.database}: what agents claim in one is free in the other"
            for each in self.apart
        )


def opened(database: TaskDatabase, project: str, state: StateFolder) -> TaskStore:
    """Open the database for a project, and let the user's other clones know where it is."""
    store = database.open(project)
    note(project, state.path, database.name)
    return store


def sharing(database: TaskDatabase, project: str, state: StateFolder) -> Sharing:
    """Return which clones of a project, of this user on this machine, use another database."""
    mine = database.name
    apart = tuple(each for each in neighbours(project, state.path) if each.database != mine)
    if not apart:
        return Sharing(mine)
    names = (mine, *(each.database for each in apart))
    # What somebody has named serves for all; a clone's own file goes when the clone goes.
    named = (name for name in names if "://" in name)
    url = next(named, None) or _url_of(user_folder() / DATABASE_FILE)
    return Sharing(mine, apart, f"git config --global {SETTING} {shlex.quote(url)}")
