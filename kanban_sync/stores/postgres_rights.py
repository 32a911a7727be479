"""What a role may do in a PostgreSQL database, asked of the server's own tables.

Nothing is tried out: that would hold locks, and tell of a missing right only once it is missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.unwritable import Unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from kanban_sync.stores.rows import Row

RIGHTS = b"""
SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
       (SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only'),
       quote_ident(current_user),
       ARRAY(SELECT wanted || ' ' || relname
               FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted
              WHERE relnamespace = 'kanban_sync'::regnamespace AND relkind IN ('r', 'p')
                AND (relname <> 'schema_version' OR wanted = 'SELECT')
                AND NOT has_table_privilege(pg_class.oid, wanted)
              ORDER BY relname, wanted)
"""
"""Outside of a transaction of ours, which would only read because it was begun so."""

STANDBY = Unwritable("its server is a standby, which may only be read", "name the primary server")

SET_BY = {
    "client": "by the URL, or by PGOPTIONS",
    "user": "for the role",
    "database": "for the database",
    "database user": "for the role in this database",
}
"""Who has said that transactions only read, as pg_settings calls it."""

NAMED = 3
"""How many tables are named at most."""


def unwritable(connection: psycopg.Connection[Row]) -> Unwritable | None:
    """Return what keeps a role from writing, None if nothing does; in one question."""
    ((is_standby, only_reads, source, role, missing),) = connection.execute(RIGHTS)
    if is_standby:
        return STANDBY
    if only_reads:
        where = SET_BY.get(source, "for the whole server")
        return Unwritable(
            f"it may only be read: default_transaction_read_only is on {where}",
            "have it turned off there, or name another role",
        )
    if missing:
        return lacking(role, missing)
    return None


def lacking(role: str, missing: Sequence[str]) -> Unwritable:
    """Return which rights a role lacks, each as ``RIGHT table``, and the statement that helps."""
    tables: dict[str, list[str]] = {}
    for right, _, table in (each.partition(" ") for each in missing):
        tables.setdefault(right, []).append(table)
    return Unwritable(
        f"the role {role} lacks {_told(tables)}",
        "have whoever runs the server do: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN"
        f" SCHEMA kanban_sync TO {role}",
    )


def _told(tables: Mapping[str, Sequence[str]]) -> str:
    """Return the rights that are lacking; those on the same tables together."""
    rights: dict[tuple[str, ...], list[str]] = {}
    for right, names in tables.items():
        rights.setdefault(tuple(names), []).append(right)
    return " and ".join(f"{', '.join(each)} on {_some(names)}" for names, each in rights.items())


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more tables" if more > 0 else "")
