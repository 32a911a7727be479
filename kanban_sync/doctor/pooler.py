"""What the doctor finds of a pooler that stands before the task database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.wakes import Waking
from kanban_sync.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.core.wakes import Wakes

REMEDY = (
    "name the server's own address: git config --global kanban-sync.databaseDirect"
    " postgresql://..., or KANBAN_SYNC_DATABASE_DIRECT_URL"
)


def pooler_findings(open_store: Callable[[], TaskStore | None]) -> list[Finding]:
    """Judge whether those who wait are woken; they find everything all the same, a little later.

    That the database does not answer is found elsewhere.
    """
    try:
        store = open_store()
        if store is None:
            return []
        with closing(store):
            return judged(store.wakes()) if isinstance(store, Waking) else []
    except KanbanSyncError:
        return []


def judged(found: Wakes) -> list[Finding]:
    """Judge how those who wait hear of what others do."""
    if found.problem:
        text = f"who waits is not woken, and looks every 2 s: {found.problem}"
        return [Finding("pooler", ok=False, text=text, remedy=REMEDY)]
    if not found.is_pooled:
        return []
    if found.is_direct:
        text = "the database is reached through a pooler, and past it by those who wait"
        return [Finding("pooler", ok=True, text=text)]
    text = "the database is reached through a pooler: who waits is not woken, and looks every 2 s"
    return [Finding("pooler", ok=None, text=text, remedy=REMEDY)]
