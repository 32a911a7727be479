"""What the doctor finds in the task database: its runs, and who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.lease import named
from kanban_sync.doctor.finding import Finding
from kanban_sync.sync.status import never_ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.config import Settings
    from kanban_sync.core.lease import Leases
    from kanban_sync.core.model import Problem
    from kanban_sync.core.ports import Run
    from kanban_sync.doctor import Patient
    from kanban_sync.sync.consent import Target

RUNS_LOOKED_AT = 200


class Looked(NamedTuple):
    """What the task database said: its runs, what the board wanted remembered, and how it is.

    The others are those who use it, too.
    """

    runs: Sequence[Run]
    ids: Mapping[str, str]
    database: Finding
    others: Sequence[Finding] = ()
    waiting: tuple[Problem, ...] = ()


def look_into(patient: Patient, settings: Settings, target: Target | None) -> Looked:
    """Read the task database."""
    try:
        store = patient.open_store(settings)
        if store is None:
            text = f"there is none yet; the first sync makes it: {patient.database()}"
            return Looked(
                (), {}, Finding("database", ok=None, text=text, remedy="kanban-sync sync")
            )
        try:
            count = len(store.tasks())
            runs = store.runs(RUNS_LOOKED_AT)
            ids = store.board_ids(target.id) if target is not None else {}
            others = holder_findings(store.leases, target)
            waiting = never_ready(store)
        finally:
            store.close()
    except KanbanSyncError as error:
        remedy = "do what is said there, then 'kanban-sync sync'"
        return Looked((), {}, Finding("database", ok=False, text=str(error), remedy=remedy))
    text = f"{count} tasks in {patient.database()}"
    return Looked(runs, ids, Finding("database", ok=True, text=text), others, waiting)


def holder_findings(leases: Leases | None, target: Target | None) -> list[Finding]:
    """Tell which other clone keeps all others from writing to the board at the moment."""
    holder = leases.other_holder(target.id) if target and leases is not None else None
    if holder is None:
        return []
    remedy = "wait: a clone that was cut off gives way by itself"
    return [Finding("board lease", ok=None, text=named(holder), remedy=remedy)]
