"""Many agents by HTTP: a server of its own for each token, as long as the token is used.

The protocol knows no end of a session that one could rely on, so a session is what asks with one
token: it begins with the first request, and ends when none has come for a while. Then its claims
run out, as those of a model that hangs up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kanban_sync.doors.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from kanban_sync.doors.tokens import Token, Tokens

IDLE = 30 * 60.0
"""Seconds without a request after which a session ends."""

LOOK = 5.0
"""Seconds between two looks whether one has ended."""

MOST = 50
"""Sessions at a time: each has threads of its own."""


class _Session:
    """The server of one token, which runs in a task of its own."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self.begun = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.busy = 0
        self.heard = asyncio.get_running_loop().time()


class Many:
    """An ASGI application: hands each request to the server of its token."""

    def __init__(
        self, make: Callable[[str], Starlette], tokens: Tokens, idle: float = IDLE
    ) -> None:
        """Begin without any.

        Args:
            make: Makes the server of an agent, by its name.
            tokens: Those that count.
            idle: Seconds without a request after which a session ends.
        """
        self._make = make
        self._tokens = tokens
        self._idle = idle
        self._sessions: dict[str, _Session] = {}
        self._ends = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan of all."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        token: Token | None = scope["state"]["token"]
        if token is None or scope["path"] != "/mcp":
            raise Problem(
                404, "no-such-path", f"There is nothing at {scope['path']}.", "It is at /mcp."
            )
        session = await self._session(token)
        session.busy += 1
        try:
            await session.app(scope, receive, send)
        finally:
            session.busy -= 1
            session.heard = asyncio.get_running_loop().time()

    def end(self) -> None:
        """Let all sessions come to their end; called in the event loop."""
        self._ends.set()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.end()
        await asyncio.gather(*(each.task for each in self._sessions.values() if each.task))
        await send({"type": "lifespan.shutdown.complete"})

    async def _session(self, token: Token) -> _Session:
        session = self._sessions.get(token.digest)
        if session is None:
            if self._ends.is_set() or len(self._sessions) >= MOST:
                raise Problem(503, "full", "Too many agents at a time.", "Try again in a moment.")
            session = self._sessions[token.digest] = _Session(self._make(token.name))
            session.task = asyncio.create_task(self._run(token, session))
        await session.begun.wait()
        return session

    async def _run(self, token: Token, session: _Session) -> None:
        """Let the server of a token live until nobody needs it."""
        loop = asyncio.get_running_loop()
        try:
            async with session.app.router.lifespan_context(session.app):
                session.begun.set()
                while not self._ends.is_set() and self._tokens.of_digest(token.digest):
                    if not session.busy and loop.time() - session.heard > self._idle:
                        break
                    await self._wait(min(LOOK, self._idle))
                # Who asks from now on begins a new one.
                self._leave_out(token, session)
        finally:
            self._leave_out(token, session)
            session.begun.set()

    def _leave_out(self, token: Token, session: _Session) -> None:
        # While it ends, a new one of the same token may have begun.
        if self._sessions.get(token.digest) is session:
            del self._sessions[token.digest]

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ends.wait()
        except TimeoutError:
            return
