"""What can be claimed now, or as soon as something can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kanban_sync.agents.entries import entry_data
from kanban_sync.gateway import models
from kanban_sync.gateway.answers import read_answer
from kanban_sync.gateway.news import News, wait_for
from kanban_sync.gateway.reads import wanted

if TYPE_CHECKING:
    from kanban_sync.core.work import Entry
    from kanban_sync.gateway.served import Served


def waits(served: Served, news: News) -> APIRouter:
    """Return the route by which what is ready is asked for, and waited for."""
    router = APIRouter(tags=["read"])

    @router.get("/tasks/ready", response_model=models.ReadyTasks)
    async def ready(request: Request, asked: Annotated[models.Ready, Query()]) -> Response:
        """List what can be claimed now, first what comes first; wait until something can be."""

        def look() -> list[Entry]:
            with served.looking() as work:
                return work.next(asked.agent or "", wanted(work, asked), asked.limit)

        async def looked() -> list[Entry]:
            return await anyio.to_thread.run_sync(look)

        found = await wait_for(news, request, looked, asked.wait) or []
        return read_answer(request, {"tasks": [entry_data(each) for each in found]})

    return router
