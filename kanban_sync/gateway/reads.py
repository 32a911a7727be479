"""What can be looked at: the project, its tasks, the board, and what happened."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kanban_sync import __version__
from kanban_sync.agents.entries import entry_data, event_data
from kanban_sync.agents.missions import missions_data
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.model import Status
from kanban_sync.core.order import Wanted
from kanban_sync.gateway import models
from kanban_sync.gateway.answers import Tagged, page_of, read_answer, same_or, tagged
from kanban_sync.gateway.drawn import columns_data, layout_of, of_tasks
from kanban_sync.sync.consent import named_target
from kanban_sync.sync.status import count_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.agents.work import Work
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry
    from kanban_sync.gateway.served import Served
    from kanban_sync.gateway.snapshot import Snapshots

MINUTE = 60.0

KEPT = 10.0
"""Seconds for which the address of the board on a server is not asked for again."""


def reads(served: Served, snapshots: Snapshots) -> APIRouter:
    """Return the routes by which a clone is looked at."""
    router = APIRouter(tags=["read"])
    drawn = _drawn_once(served, snapshots)
    board_url = _remembered(lambda: _board_url(served))

    @router.get("/project", response_model=models.Project)
    def project(request: Request) -> Response:
        """Tell what is served, and how many tasks have each status."""
        follows, url = board_url()
        found = snapshots.get()
        # Only now, as whoever reads the tasks finds the database away; no board follows then.
        on = served.clone.database.mode(served.project).name
        counts = count_tasks(each.task for each in found.entries)
        data = {
            "name": served.name,
            "id": served.project,
            "version": __version__,
            "mode": "board" if follows and on in {"database", "file"} else on,
            "board_url": url,
            "counts": counts,
            "last": found.last,
            "notes": served.notes(),
        }
        return read_answer(request, data)

    @router.get("/tasks", response_model=models.Tasks)
    def tasks(request: Request, asked: Annotated[models.Filters, Query()]) -> Response:
        """List tasks in the order of their files; those that are over only if asked for."""
        with served.looking() as work:
            found = _listed(work, asked)
        page, following = page_of(found, asked.limit, asked.cursor)
        shown = [entry_data(each) for each in page]
        return read_answer(request, {"tasks": shown, "of": len(found), "next": following})

    @router.get("/missions", response_model=models.Missions)
    def missions(request: Request, asked: Annotated[models.Named, Query()]) -> Response:
        """Tell how far missions are, by their milestones and the tasks for each."""
        with served.looking() as work:
            found = missions_data(work, asked.name)
        return read_answer(request, {"missions": found})

    @router.get("/board", response_model=models.Board)
    def board(request: Request, asked: Annotated[models.Shown, Query()]) -> Response:
        """Draw the six columns with their cards; of some tasks only the cards that show them."""
        found, whole = drawn()
        if not asked.key:
            return same_or(request, whole)
        columns = of_tasks(found.columns, frozenset(asked.key))
        return read_answer(request, found.data(columns))

    @router.get("/events", response_model=models.Events)
    def events(request: Request, asked: Annotated[models.Since, Query()]) -> Response:
        """Tell what happened after an event, oldest first."""
        with served.looking() as work:
            found = work.events(asked.since, asked.limit)
            last = found[-1].id if found else min(asked.since, work.last_event())
        return read_answer(request, {"events": [told(each) for each in found], "last": last})

    return router


def task_reads(served: Served) -> APIRouter:
    """Return the route of one task: its key takes all of the path, so that it comes last."""
    router = APIRouter(tags=["read"])

    @router.get("/tasks/{key:path}", response_model=models.Whole)
    def task(request: Request, key: str) -> Response:
        """Tell all of one task: its history, what it needs, and who needs it."""
        with served.looking() as work:
            entry = work.show(key)
            history = work.history(str(entry.key))
            data = {
                **entry_data(entry),
                "history": [told(each) for each in history],
                **_relations(work, entry.key),
            }
        return read_answer(request, data)

    return router


def told(event: Event) -> dict[str, Any]:
    """Return an event as ``--json`` has it."""
    return event_data(event, json.loads(event.data or "{}"))


def wanted(work: Work, asked: models.Ready | models.ClaimNext) -> Wanted:
    """Return which tasks are asked for."""
    return filtered(asked)._replace(parent=work.key(asked.parent) if asked.parent else None)


def filtered(asked: models.Ready | models.ClaimNext) -> Wanted:
    """Return which tasks are asked for, wherever they stand."""
    tags, sources = (
        (asked.tag, asked.source)
        if isinstance(asked, models.Ready)
        else (asked.tags, asked.sources)
    )
    return Wanted(
        frozenset(each.lower() for each in asked.prefer),
        frozenset(each.lower() for each in tags),
        asked.priority,
        frozenset(sources),
    )


def _listed(work: Work, asked: models.Filters) -> list[Entry]:
    which = Wanted(
        tags=frozenset(each.lower() for each in asked.tag),
        sources=frozenset(asked.source),
        parent=work.key(asked.parent) if asked.parent else None,
    )
    found = work.tasks(which, asked.status or (list(Status) if asked.every else ()))
    if asked.assignee is not None:
        found = [each for each in found if each.task.assignee == asked.assignee]
    words = asked.q.casefold().split()
    return [each for each in found if _holds(each, words)] if words else found


def _holds(entry: Entry, words: Sequence[str]) -> bool:
    text = f"{entry.key} {entry.task.title} {entry.task.body}".casefold()
    return all(word in text for word in words)


def _relations(work: Work, key: TaskKey) -> dict[str, Any]:
    """Return what a task needs, and what needs it."""
    edges = work.edges()

    def related(name: str, other: TaskKey | None) -> dict[str, Any]:
        task = work.show(str(other)).task if other is not None else None
        return {
            "name": name,
            "key": str(task.key) if task else None,
            "title": task.title if task else None,
            "status": task.status.value if task else None,
        }

    return {
        "dependencies": [related(each.name, each.needs) for each in edges if each.task == key],
        "needed_by": [related(str(each.task), each.task) for each in edges if each.needs == key],
    }


class _Drawn(NamedTuple):
    columns: list[dict[str, Any]]
    layout: str
    last: int

    def data(self, columns: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what is told of the board, with these of its cards."""
        return {"columns": columns, "layout": self.layout, "last": self.last}


def _drawn_once(served: Served, snapshots: Snapshots) -> Callable[[], tuple[_Drawn, Tagged]]:
    """Return what draws the board, anew only if something is another way."""
    kept: list[tuple[tuple[object, ...], tuple[_Drawn, Tagged]]] = []

    def drawn() -> tuple[_Drawn, Tagged]:
        found, drawing, now = snapshots.get(), served.drawing(), time.time()
        # Cards that are done for long are put away by the day.
        of = (found.number, drawing, now // MINUTE)
        last = kept[-1:]
        if last and last[0][0] == of:
            return last[0][1]
        columns = columns_data(found.entries, drawing, now)
        board = _Drawn(columns, layout_of(columns), found.last)
        kept[:] = [(of, (board, tagged(board.data(columns))))]
        return kept[-1][1]

    return drawn


def _board_url(served: Served) -> tuple[bool, str]:
    """Return whether a board on a server follows, and where people look at it."""
    if named_target(served.clone.readable_settings()[0]) is None:
        return False, ""
    try:
        status = served.clone.status()
    except KanbanSyncError:
        return True, ""
    return status["allowed"], status["board_url"]


def _remembered(look: Callable[[], tuple[bool, str]]) -> Callable[[], tuple[bool, str]]:
    """Return what looks again only after a while."""
    kept: list[tuple[float, tuple[bool, str]]] = []

    def remembered() -> tuple[bool, str]:
        if not kept or kept[-1][0] < time.monotonic() - KEPT:
            kept[:] = [(time.monotonic(), look())]
        return kept[-1][1]

    return remembered
