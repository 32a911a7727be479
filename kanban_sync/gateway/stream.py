"""Events by server-sent events: what was missed from the table, and then what happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from kanban_sync.agents.events import BATCH
from kanban_sync.doors.problem import Problem
from kanban_sync.gateway import models
from kanban_sync.gateway.news import News, message_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from kanban_sync.doors.tokens import Tokens
    from kanban_sync.gateway.news import Listener, Message
    from kanban_sync.gateway.served import Served

PING = 15.0
"""Seconds after which a line is sent that says nothing, so that nobody takes it for broken."""

BEGIN = b"retry: 1000\n\n"
"""Browsers come back a second after the connection broke."""

STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


def streams(served: Served, news: News, tokens: Tokens) -> APIRouter:
    """Return the route by which events are followed."""
    router = APIRouter(tags=["read"])

    @router.get("/events/stream", responses=STREAM, response_class=StreamingResponse)
    async def stream(
        request: Request,
        since: Annotated[models.Number | None, Query(description="Default: from now on.")] = None,
    ) -> StreamingResponse:
        """Follow what happens: each event with its number as id, after ?since or Last-Event-ID.

        An event named resume tells that some were left out: read them from /api/events after the
        number in its data, and follow again.
        """
        last = request.headers.get("last-event-id", "")
        after = number_of(last) if last else since
        digest = request.state.token.digest
        parts = followed(served, news, after, lambda: tokens.of_digest(digest) is not None)
        # What keeps it from beginning is told as a problem, before anything is sent.
        first = await anext(parts)
        return StreamingResponse(_joined(first, parts), media_type="text/event-stream")

    return router


def number_of(text: str) -> int:
    """Return the number in the header Last-Event-ID."""
    if text.isdecimal() and len(text) <= len(str(models.LARGEST)):
        return min(int(text), models.LARGEST)
    raise Problem(
        422,
        "invalid",
        "The header Last-Event-ID is no number of an event.",
        "Send the id of the event that came last, or leave the header out.",
    )


async def followed(
    served: Served,
    news: News,
    after: int | None,
    may_hear: Callable[[], bool],
    ping: float = PING,
) -> AsyncIterator[bytes]:
    """Yield what goes out: missed events from the table, then those that happen, for ever.

    Args:
        served: Where the table is.
        news: Who tells what happens.
        after: The last event that is known; None to hear only of what happens.
        may_hear: Whether the token still counts; asked with each line that says nothing.
        ping: Seconds between those lines.
    """
    with news.listening() as listener:
        last = await anyio.to_thread.run_sync(_last, served)
        yield BEGIN
        if after is not None and after > last:
            # Of another database: there is no such event in this one.
            yield _resume(last)
            return
        after = last if after is None else after
        while messages := await anyio.to_thread.run_sync(_missed, served, after):
            yield b"".join(each.text for each in messages)
            after = messages[-1].id
        async for part in _live(listener, after, may_hear, ping):
            yield part


async def _live(
    listener: Listener, after: int, may_hear: Callable[[], bool], ping: float
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    due = loop.time() + ping
    while not listener.is_over:
        if listener.anew is not None:
            yield _resume(listener.anew)
            return
        messages = [each for each in listener.taken() if each.id > after]
        if messages:
            yield b"".join(each.text for each in messages)
            after = messages[-1].id
        if listener.is_behind:
            yield _resume(after)
            return
        await listener.wait(max(0.0, due - loop.time()))
        if loop.time() >= due:
            if not may_hear():
                return
            yield b": nothing\n\n"
            due = loop.time() + ping


def _resume(after: int) -> bytes:
    # With an id, so that a browser comes back with that one.
    return b'id: %d\nevent: resume\ndata: {"since":%d}\n\n' % (after, after)


def _last(served: Served) -> int:
    with served.looking() as work:
        return work.last_event()


def _missed(served: Served, after: int) -> list[Message]:
    with served.looking() as work:
        return [message_of(each) for each in work.events(after, BATCH)]


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for each in rest:
        yield each
