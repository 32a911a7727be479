"""What the doctor finds in the task database: its runs, and who uses it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.agents.work import Store
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.lease import named
from kanban_sync.core.unwritable import found_unwritable
from kanban_sync.doctor.finding import Finding
from kanban_sync.sync.status import never_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kanban_sync.core.assignment import Leader
    from kanban_sync.core.lease import Leases
    from kanban_sync.core.model import Problem
    from kanban_sync.core.ports import Run, TaskStore
    from kanban_sync.core.unwritable import Unwritable
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


def look_into(
    open_store: Callable[[], TaskStore | None],
    name: Callable[[], str],
    away: Callable[[], str],
    target: Target | None,
) -> Looked:
    """Read the task database; ``name`` tells which it is, and ``away`` if it does not answer."""
    try:
        store = open_store()
        if store is None:
            text = f"there is none yet; the first sync makes it: {name()}"
            return Looked(
                (), {}, Finding("database", ok=None, text=text, remedy="kanban-sync sync")
            )
        try:
            count = len(store.tasks())
            runs = store.runs(RUNS_LOOKED_AT)
            ids = store.board_ids(target.id) if target is not None else {}
            others = holder_findings(store.leases, target)
            if isinstance(store, Store):
                now = time.time()
                others += monitor_findings(store.leader(), store.clock(now))
            waiting = never_ready(store)
            barred = found_unwritable(store)
        finally:
            store.close()
    except KanbanSyncError as error:
        remedy = "do what is said there, then 'kanban-sync sync'"
        return Looked((), {}, Finding("database", ok=False, text=str(error), remedy=remedy))
    database = database_finding(count, name(), away(), barred)
    return Looked(runs, ids, database, others, waiting)


def database_finding(count: int, name: str, away: str, barred: Unwritable | None) -> Finding:
    """Judge a task database that was read, or its copy: ``away`` tells that it does not answer."""
    if barred is not None:
        text = f"{count} tasks in {name}, which cannot be written to: {barred.problem}\n{away}"
        return Finding("database", ok=False, text=text.rstrip(), remedy=barred.remedy)
    if away:
        return Finding("database", ok=None, text=away, remedy="let its server answer")
    return Finding("database", ok=True, text=f"{count} tasks in {name}")


def holder_findings(leases: Leases | None, target: Target | None) -> list[Finding]:
    """Tell which other clone keeps all others from writing to the board at the moment."""
    holder = leases.other_holder(target.id) if target and leases is not None else None
    if holder is None:
        return []
    remedy = "wait: a clone that was cut off gives way by itself"
    return [Finding("board lease", ok=None, text=named(holder), remedy=remedy)]


def monitor_findings(leader: Leader, now: float) -> list[Finding]:
    """Tell which monitor hands out tasks; nobody has to have one, but one that died is told."""
    if leader.leads(now):
        return [Finding("monitor", ok=True, text=f"{leader.monitor} hands out tasks")]
    if not leader.monitor:
        return []
    ago = round(now - leader.expires)
    text = f"{leader.monitor} handed out tasks, has been silent for {ago} s, and no other one does"
    remedy = "start 'kanban-sync monitor' anew; agents that wait look by themselves meanwhile"
    return [Finding("monitor", ok=None, text=text, remedy=remedy)]
