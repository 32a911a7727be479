"""A task database in an SQLite file: in the state folder of a clone, or where clones share it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from kanban_sync.core.claims import first_number
from kanban_sync.core.errors import LostDatabaseError, SetupError
from kanban_sync.databases.ports import Contents, Mode, counted
from kanban_sync.stores.migrations import migrations

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.databases.ports import Clone

FILE_SCHEME = "sqlite://"


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
        return url_of(self.path) if self.is_shared else str(self.path)

    def mode(self, project: str) -> Mode:  # noqa: ARG002 - the same for all
        """Return on what work goes on."""
        return Mode("database")

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

    def work(self, project: str, _to_tell: Callable[[str], None], /) -> TaskStore:
        """Open it for those who work on its tasks."""
        return self.open(project)

    def tries_later(self) -> bool:
        """Return False: each time it is tried."""
        return False

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

    def identity(self) -> str:
        """Return by which numbers the system knows the file, whatever path leads to it."""
        with contextlib.suppress(OSError):
            found = self.path.stat()
            return f"{found.st_dev}/{found.st_ino}"
        return ""

    def known_identity(self) -> str:
        """Return nothing: by its name it is always the same one."""
        return ""

    def connections(self) -> dict[str, int]:
        """Return nothing: there is no server."""
        return {}

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

    def make_anew(self, now: float, project: Callable[[], str] = str) -> bool:  # noqa: ARG002
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


def file_of(url: str, named_in: str) -> Path:
    """Return the path that a URL names, which stands in the environment or git's settings.

    Raises:
        SetupError: It names none.
    """
    path = Path(os.fsdecode(unquote_to_bytes(os.fsencode(url.removeprefix(FILE_SCHEME)))))
    if not path.is_absolute() or path.is_dir():
        raise SetupError(
            f"{named_in} names {url}, which is no file: its whole path has to follow, as in"
            " sqlite:///home/ada/tasks.db."
        )
    return path


def url_of(path: Path, scheme: str = FILE_SCHEME) -> str:
    """Return the URL of a path."""
    return f"{scheme}{quote(os.fsencode(path))}"
