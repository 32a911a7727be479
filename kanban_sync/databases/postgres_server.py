"""A task database on a PostgreSQL server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.core.claims import first_number
from kanban_sync.core.errors import LostDatabaseError, StoreError
from kanban_sync.databases.ports import Contents, Mode, closed_if_wrong, counted
from kanban_sync.stores.migrations import migrations

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.databases.ports import Clone
    from kanban_sync.stores.postgres import PostgresStore
    from kanban_sync.stores.postgres_address import Address


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

    def mode(self, project: str) -> Mode:  # noqa: ARG002 - the same for all
        """Return on what work goes on."""
        return Mode("database")

    def open(self, project: str) -> PostgresStore:
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
        with closed_if_wrong(store):
            self.clone.note_database(self.name)
        return store

    def work(self, project: str, _to_tell: Callable[[str], None], /) -> TaskStore:
        """Open it for those who work on its tasks."""
        return self.open(project)

    def tries_later(self) -> bool:
        """Return False: each time it is tried."""
        return False

    def look(self, project: str) -> PostgresStore | None:
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

    def identity(self) -> str:
        """Ask which it is of all databases, by whatever role, host or pooler it is reached."""
        from kanban_sync.stores.postgres_database import identity_of

        with contextlib.suppress(StoreError):
            return identity_of(self.address)
        return ""

    def known_identity(self) -> str:
        """Return nothing: it is not noted here."""
        return ""

    def connections(self) -> dict[str, int]:
        """Count this process's connections."""
        from kanban_sync.stores.postgres_connection import connections

        return connections()

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

    def make_anew(self, now: float, project: Callable[[], str] = str) -> bool:  # noqa: ARG002
        """Make the schema if one is missed there, with numbers that the lost one never gave."""
        from kanban_sync.stores.postgres_database import schema_of, upgrade_database

        if not self._is_known() or schema_of(self.address):
            return False
        upgrade_database(self.address, first_number=first_number(now))
        return True

    def _is_known(self) -> bool:
        return self.clone is not None and self.clone.knows_database(self.name)
