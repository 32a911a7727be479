"""What can be claimed now, or as soon as something can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kanban_sync.agents.entries import entry_data
from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.names import checked_name
from kanban_sync.doors.tokens import Scope
from kanban_sync.gateway import models
from kanban_sync.gateway.answers import read_answer
from kanban_sync.gateway.news import News, Waiting
from kanban_sync.gateway.reads import filtered, wanted

if TYPE_CHECKING:
    from kanban_sync.core.work import Entry
    from kanban_sync.gateway.news import IsToLook
    from kanban_sync.gateway.served import Served


def waits(served: Served, news: News) -> APIRouter:
    """Return the route by which what is ready is asked for, and waited for."""
    router = APIRouter(tags=["read"])

    @router.get("/tasks/ready", response_model=models.ReadyTasks)
    async def ready(request: Request, asked: Annotated[models.Ready, Query()]) -> Response:
        """List what can be claimed now, first what comes first; wait until something can be."""

        def look(is_to_look: IsToLook) -> list[Entry]:
            with served.looking() as work:
                if not is_to_look(work):
                    return []
                return work.next(asked.agent or "", wanted(work, asked), asked.limit)

        async def looked(is_to_look: IsToLook) -> list[Entry]:
            return await anyio.to_thread.run_sync(look, is_to_look)

        # Who may only read is offered nothing: that would keep tasks from others.
        is_agent = bool(asked.agent) and request.state.token.scope is Scope.WRITE
        idle = idle_of(asked.agent or "", asked) if is_agent else None
        waiting = Waiting(served, news, request, idle)
        found = await waiting.wait(looked, asked.wait) or []
        return read_answer(request, {"tasks": [entry_data(each) for each in found]})

    return router


def idle_of(
    agent: str, asked: models.Ready | models.ClaimNext, orchestrator: str = ""
) -> Idleness | None:
    """Return an agent that waits as a monitor knows it; None for one that looks by itself.

    Raises:
        WorkError: It is no name.
    """
    if not asked.wait or asked.parent:
        return None
    return Idleness(checked_name(agent), filtered(asked), orchestrator)
