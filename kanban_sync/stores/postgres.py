"""The task store in a PostgreSQL database: what a team shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.stores.postgres_database import open_database
from kanban_sync.stores.sql import SqlStore

if TYPE_CHECKING:
    from kanban_sync.stores.postgres_address import Address


def open_postgres(address: Address, project: str, *, read_only: bool = False) -> SqlStore:
    """Open the task database of a project, made if need be.

    Args:
        address: The database; several projects may share it.
        project: The id of the project; nothing of others is seen or touched.
        read_only: Only read; the schema has to be there.

    Raises:
        StoreError: It cannot be used, in words that say what to do.
    """
    return SqlStore(open_database(address, read_only=read_only), project)
