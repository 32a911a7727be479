"""What is inside a store: its database, and the connection to an SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.stores.sqlite_database import SqliteDatabase

if TYPE_CHECKING:
    import sqlite3

    from kanban_sync.stores.sql import SqlStore
    from kanban_sync.stores.transactions import Database


def database(store: SqlStore) -> Database:
    """Return the database that the store uses."""
    return store._database  # noqa: SLF001 - looking inside is what it is for


def connection(store: SqlStore) -> sqlite3.Connection:
    """Return the connection that the store uses."""
    inside = database(store)
    assert isinstance(inside, SqliteDatabase)
    return inside._connection  # noqa: SLF001 - as above
