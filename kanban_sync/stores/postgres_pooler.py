"""A pooler before a PostgreSQL: it gives each transaction to any of its own connections.

So nothing of a session lasts: no statement that is kept ready, no lock, and nobody who listens.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from kanban_sync.core.errors import StoreError
from kanban_sync.core.wakes import Wakes
from kanban_sync.stores.postgres_errors import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from kanban_sync.stores.postgres_address import Address
    from kanban_sync.stores.rows import Row

WHO = b"SELECT pg_backend_pid()"

PLACE = b"""
SELECT oid, pg_postmaster_start_time()::text FROM pg_database WHERE datname = current_database()
"""
"""What tells a database of a running server apart from all others."""


def is_pooled(connection: psycopg.Connection[Row]) -> bool:
    """Tell whether a pooler has answered.

    It tells whoever connects a number made up at random for that of the server's process.
    """
    ((process,),) = connection.execute(WHO)
    return bool(process != connection.info.backend_pid)


def wakes(
    connection: psycopg.Connection[Row],
    address: Address,
    connect: Callable[[Address], psycopg.Connection[Row]],
) -> Wakes:
    """Return how those who wait hear of what others do; the way past a pooler is tried."""
    has_pooler, (here,) = is_pooled(connection), connection.execute(PLACE)
    if address.direct is None:
        return Wakes(has_pooler, is_direct=not has_pooler)
    problem = ""
    try:
        with closing(connect(address.direct)) as other, in_words(address.direct):
            if is_pooled(other):
                problem = f"{address.direct.name} leads to a pooler, too"
            elif other.execute(PLACE).fetchone() != here:
                problem = f"{address.direct.name} is another database than {address.name}"
    except StoreError as error:
        problem = str(error)
    return Wakes(has_pooler, is_direct=not problem, problem=problem)
