"""A copy of what a database holds of a project: enough to go on with while it is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.ports import Event, FilesState
from kanban_sync.stores import rows, sql_edges, work_rows
from kanban_sync.stores.changes import to_json
from kanban_sync.stores.memory_work import WorkContents
from kanban_sync.stores.shelf import Contents, Parted
from kanban_sync.stores.sql_work import SqlDesk
from kanban_sync.stores.tips import tips_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.claims import Standing
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import TaskKey
    from kanban_sync.machine_time import Moment
    from kanban_sync.stores.transactions import Database

COPIED = rows.KEPT_TASKS.replace("FROM", f", {work_rows.STANDING_COLUMNS} FROM")

LAST_EVENT = "SELECT coalesce(max(id), 0) FROM events WHERE project = ?"

FIRST_EVENT = "SELECT at FROM events WHERE project = ? ORDER BY id LIMIT 1"


def copied(database: Database, project: str, clone: str, now: Moment) -> Contents:
    """Return what a database holds of a project, as one clone of it has it before it.

    Left out are what files held, boards, and the history but for claims that are alive.
    """
    width = work_rows.STANDING_WIDTH
    with database.reading() as db:
        found = db.execute(COPIED, (project,)).fetchall()
        edges = sql_edges.read(db, project)
        is_strict = sql_edges.are_strict(db, project)
        orchestrators = SqlDesk(db, project).orchestrators()
        tips = tips_of(db, project, clone)
        ((last,),) = db.execute(LAST_EVENT, (project,))
        origin = db.execute(FIRST_EVENT, (project,)).fetchone()
    tasks: dict[TaskKey, Kept] = {}
    standings: dict[TaskKey, Standing] = {}
    for row in found:
        kept = rows.kept_of(project, row[:-width])
        key = kept.task.key
        tasks[key] = kept
        standing = work_rows.standing_of(row[-width:])
        if standing.token or standing.reason:
            standings[key] = standing
    by_task: dict[TaskKey, tuple[Edge, ...]] = {}
    for edge in edges:
        by_task[edge.task] = (*by_task.get(edge.task, ()), edge)
    lenient = {tasks[edge.task].task.path for edge in edges if edge.lenient and edge.task in tasks}
    work = WorkContents(
        standings=standings,
        edges=by_task,
        lenient=frozenset(lenient),
        is_strict=is_strict,
        orchestrators={each.instance_id: each for each in orchestrators},
    )
    return Contents(
        tasks=tasks,
        files={clone: FilesState(tips)},
        events=claimed_events(standings),
        work=work,
        parted=Parted(copied=int(last), copied_at=now, origin=origin[0] if origin else 0.0),
    )


def claimed_events(standings: Mapping[TaskKey, Standing]) -> tuple[Event, ...]:
    """Return the events of claims that are alive, by which agents know what they have."""
    claims = [(key, each) for key, each in sorted(standings.items()) if each.agent]
    return tuple(
        [
            Event(
                number,
                each.started_at,
                "claimed",
                str(key),
                to_json(
                    {
                        "agent": each.agent,
                        "token": each.token,
                        "expires": each.expires,
                        "old": "todo",
                        "new": each.status,
                    }
                ),
            )
            for number, (key, each) in enumerate(claims, 1)
        ]
    )
