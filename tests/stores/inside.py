"""The connection inside a store in an SQLite file, for what only SQLite itself can tell or do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.stores.sqlite_database import SqliteDatabase

if TYPE_CHECKING:
    import sqlite3

    from kanban_sync.stores.sql import SqlStore


def connection(store: SqlStore) -> sqlite3.Connection:
    """Return the connection that the store uses."""
    database = store._database  # noqa: SLF001 - looking inside is what it is for
    assert isinstance(database, SqliteDatabase)
    return database._connection  # noqa: SLF001 - as above
