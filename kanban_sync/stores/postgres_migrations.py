"""The schema of a PostgreSQL database: which one it has, and how it is brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from kanban_sync.core.errors import StoreError
from kanban_sync.stores.migrations import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.stores.migrations import Migration

LOCKS = int.from_bytes(b"kanb")
"""The first half of the number of each advisory lock; the second is that of a project."""

THERE = """
SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = 'kanban_sync'),
       (SELECT count(*) FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
         WHERE nspname = 'kanban_sync' AND relname = 'schema_version')
"""
"""Not by to_regclass, which within a transaction may tell what was so before it waited."""

IDENTITY = """
SELECT concat_ws('/', server.system_identifier, base.oid, coalesce(ours.oid, 0))
  FROM pg_control_system() AS server, pg_database AS base
       LEFT JOIN pg_namespace AS ours ON ours.nspname = 'kanban_sync'
 WHERE base.datname = current_database()
"""
"""Which server, which of its databases, and which making of the schema in it, 0 without one.

A server that was copied file by file says the same of itself as the other one. What was restored
from a dump is another database: the one that was dumped may be there still, beside it.
"""

VERSION = "SELECT max(version) FROM kanban_sync.schema_version"

KNOWN = f"SELECT ({VERSION}), ({IDENTITY})"
"""Asked in one journey, with each connection."""

BEGIN = f"""
BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s';
SELECT pg_advisory_xact_lock({LOCKS}, 0)
"""


COUNT_FROM = (
    "ALTER TABLE tasks ALTER COLUMN token SET DEFAULT {first}",
    "ALTER TABLE events ALTER COLUMN id RESTART WITH {first}",
    "INSERT INTO events (project, at, kind, key, data) VALUES ('', 0, 'made_anew', '', '')",
)
"""The event is one of no project: it is there before two draw their numbers at once."""


def version(connection: psycopg.Connection[Any], name: str) -> int:
    """Return the number of the last step that was applied, 0 where there is no schema.

    Raises:
        StoreError: The schema is some other program's.
    """
    if not _has_schema(connection, name):
        return 0
    ((number,),) = connection.execute(VERSION.encode())
    return int(number or 0)


def known(connection: psycopg.Connection[Any], name: str) -> tuple[int, str]:
    """Return the same, and what tells the database apart from all others; '' if nothing may.

    Raises:
        StoreError: The schema is some other program's.
    """
    if not _has_schema(connection, name):
        return 0, ""
    try:
        ((number, identity),) = connection.execute(KNOWN.encode())
    except psycopg.errors.InsufficientPrivilege:
        # Who may ask is for whoever runs the server to say.
        return version(connection, name), ""
    return int(number or 0), identity or ""


def _has_schema(connection: psycopg.Connection[Any], name: str) -> bool:
    ((has_schema, has_version),) = connection.execute(THERE.encode())
    if not has_schema:
        return False
    if not has_version:
        raise StoreError(
            f"The schema kanban_sync in {name} is some other program's; it was left untouched. "
            "Name another database for the tasks."
        )
    return True


def upgrade(
    connection: psycopg.Connection[Any],
    name: str,
    steps: Sequence[Migration],
    first_number: int = 0,
) -> None:
    """Apply the steps that are missing, in one transaction, to the schema made if need be.

    Tokens and events are above ``first_number`` in a database that is made so.

    Several processes may do so at once: one does, the others find it done.

    Raises:
        StoreError: The schema was made by a newer release, or by another program.
    """
    try:
        connection.execute(BEGIN.encode())
        found = version(connection, name)
        check(found, name, steps)
        if not found:
            connection.execute(b"CREATE SCHEMA kanban_sync")
        connection.execute(b"SET LOCAL search_path TO kanban_sync")
        if not found:
            connection.execute(b"CREATE TABLE schema_version (version INTEGER PRIMARY KEY)")
        for step in steps:
            if step.number > found:
                connection.execute(step.sql.encode())
                connection.execute(b"INSERT INTO schema_version VALUES ($1)", (step.number,))
        if first_number and not found:
            for each in COUNT_FROM:
                connection.execute(each.format(first=first_number).encode())
        connection.execute(b"COMMIT")
    finally:
        if not connection.closed and connection.info.transaction_status:
            connection.execute(b"ROLLBACK")
