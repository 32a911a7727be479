"""Which task database a clone uses: a file in its state folder, or the one that is named.

That is a PostgreSQL, a file that several clones of a user share, or a folder of JSON files. The
user names it, never the repository: with ``KANBAN_SYNC_DATABASE_URL`` in the environment, or for
all clones and whatever starts git with ``git config --global kanban-sync.database``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.errors import SetupError
from kanban_sync.databases.copies import AWAY, Copies
from kanban_sync.databases.fallback import Fallback
from kanban_sync.databases.manifests import (
    HERE,
    MANIFEST_SCHEME,
    MANIFESTS,
    Manifests,
    folder_of,
)
from kanban_sync.databases.ports import DATABASE_URL, DIRECT_SETTING, DIRECT_URL, SETTING
from kanban_sync.databases.postgres_server import PostgresServer
from kanban_sync.databases.sqlite_file import FILE_SCHEME, SqliteFile, file_of
from kanban_sync.user_settings import user_setting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kanban_sync.databases.ports import Clone, TaskDatabase


def task_database(
    file: Path, environment: Mapping[str, str], clone: Clone | None = None
) -> TaskDatabase:
    """Return the database that the user has named, else the file, for one clone.

    Raises:
        SetupError: What is named is no URL of a database, or its driver is not installed.
    """
    said = environment.get(DATABASE_URL, "")
    url = said or user_setting(SETTING)
    named_in = DATABASE_URL if said else f"git's {SETTING}"
    if not url:
        return SqliteFile(file, clone)
    if url.startswith(FILE_SCHEME):
        return SqliteFile(file_of(url, named_in), clone, is_shared=True)
    if url in HERE:
        return Manifests(file.with_name(MANIFESTS), clone)
    if url.startswith(MANIFEST_SCHEME):
        return Manifests(folder_of(url, named_in), clone, is_shared=True)
    try:
        from kanban_sync.stores.postgres_address import address_of
    except ImportError as error:
        raise SetupError(
            f"{named_in} names a PostgreSQL database, and its driver cannot be loaded ({error})."
            " Install it where kanban-sync is: pip install 'psycopg[binary]', or pipx inject"
            " kanban-sync 'psycopg[binary]'"
        ) from error
    # What git says of one database says nothing of another.
    by_hand = environment.get(DIRECT_URL, "")
    direct = by_hand or ("" if said else user_setting(DIRECT_SETTING))
    past = (
        address_of(direct, DIRECT_URL if by_hand else f"git's {DIRECT_SETTING}") if direct else None
    )
    address = address_of(url, named_in)
    server = PostgresServer(replace(address, direct=past), clone)
    if clone is None:
        return server
    return Fallback(server, Copies(file.with_name(AWAY)), clone)
