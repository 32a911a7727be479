"""The task store in one SQLite file: what a clone has without anybody setting anything up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.stores.sql import SqlStore
from kanban_sync.stores.sqlite_database import open_database
from kanban_sync.stores.sqlite_work import SqliteWork

if TYPE_CHECKING:
    from pathlib import Path


def open_sqlite(
    path: Path, project: str, clone: str = "", *, read_only: bool = False
) -> SqliteStore:
    """Open the task database of a project, made and brought up to date if need be.

    Args:
        path: The file; several projects may share it.
        project: The id of the project; nothing of others is seen or touched.
        clone: The id of the clone whose files are read.
        read_only: Only read, also where nothing can be written; the file has to be there.

    Raises:
        StoreError: The file cannot be used, in words that say what to do.
    """
    return SqliteStore(open_database(path, read_only=read_only), project, clone)


class SqliteStore(SqliteWork, SqlStore):
    """The task database of one project in an SQLite file; usable from any thread."""
