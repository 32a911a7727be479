"""What the server knows of how many tasks there are, by which it decides how to find them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanban_sync.stores.postgres_connection import Patient

FEW = 50
"""So many new rows change nothing, as for the server itself, which looks once a minute."""

HOW_MANY = b"SELECT reltuples FROM pg_class WHERE oid = 'kanban_sync.tasks'::regclass"
LOOK = b"ANALYZE (SKIP_LOCKED) kanban_sync.tasks, kanban_sync.needs"
"""Waits for nobody; where the role may not, the server leaves it out."""


def look_over(connection: Patient, new: int) -> None:
    """Let the server look at the tasks anew after so many came, outside of any transaction.

    Of tables that it never looked at it believes that each lookup finds one row, whatever the
    index: it goes through all tasks of a project then for the one with a key.
    """
    if new < FEW:
        return
    ((known,),) = connection.execute(HOW_MANY)
    if new * 10 >= known:
        connection.execute(LOOK)
