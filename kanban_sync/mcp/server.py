"""The tools and resources as the protocol has them, upon the official SDK. The only import of it.

Whatever goes wrong is told to the model in words that say what to do next.
"""

from __future__ import annotations

import json
import time
from collections import deque
from contextlib import asynccontextmanager
from functools import partial, wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

import anyio
import anyio.from_thread
import anyio.to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from kanban_sync import __version__
from kanban_sync.agents.waiting import follow_batches
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.printable import printable_json
from kanban_sync.mcp.held import HeldClaims
from kanban_sync.mcp.missions import MISSION_TOOLS, MissionTools
from kanban_sync.mcp.tools import TOOLS, Tools
from kanban_sync.mcp.wording import remedy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from mcp.server.context import ServerRequestContext
    from mcp.server.session import ServerSession
    from mcp.types import CallToolResult, InputRequiredResult, Tool
    from starlette.applications import Starlette

Arguments = ParamSpec("Arguments")

OFFERED: dict[str, type[Tools | MissionTools]] = {
    **dict.fromkeys(TOOLS, Tools),
    **dict.fromkeys(MISSION_TOOLS, MissionTools),
}
"""The tools by their names, those first that are called most."""

TASKS, BOARD = "kanban://tasks", "kanban://board"

MOST = 1000
"""What clients of the older protocol asked for at a time; those that hung up are among it."""

PATIENCE = 5.0
"""Seconds that are waited for one who is told something."""

AT_A_TIME = 8
"""How many calls of one session are served at a time; the others wait."""

AGAIN = 5.0
"""Seconds until a database that was away is looked for again."""

INSTRUCTIONS = """\
Tasks of this repository are claimed from a database, so that no two agents do the same one.
plan_next tells what can be done now; claim_task before you begin, complete_task when it is done,
release_task with the reason when it is not. Where nothing is ready, claim_task waits if told to.
Leave boxes and statuses in the task files to these tools. A claim lasts as long as this session;
`notes` in an answer tells what happened to yours.
"""


def told(
    tool: Callable[Arguments, dict[str, Any]], threads: anyio.CapacityLimiter
) -> Callable[Arguments, Awaitable[dict[str, Any]]]:
    """Call a tool in a thread, and turn our errors into those that a model reads."""

    @wraps(tool)
    async def called(*arguments: Arguments.args, **named: Arguments.kwargs) -> dict[str, Any]:
        try:
            act = partial(tool, *arguments, **named)
            return await anyio.to_thread.run_sync(act, limiter=threads)
        except KanbanSyncError as error:
            raise ToolError(remedy(error)) from error

    return called


class Subscribed(NamedTuple):
    """What a client asked to be told of: one that speaks the protocol of before 2026-07-28."""

    uri: str
    session: ServerSession

    def is_of(self, uri: str, session: ServerSession) -> bool:
        """Tell whether it is what a client asked for; each request has a session of its own."""
        return self.uri == uri and self.session.client_params is session.client_params


class StrictServer(MCPServer[None]):
    """Refuses arguments that a tool does not know: left out unseen, one would change the call.

    Those who listen are told of what changes in both ways that the protocol has known.
    """

    def __init__(
        self,
        name: str,
        *,
        bus: InMemorySubscriptionBus,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Begin with nobody who listens."""
        super().__init__(name, subscriptions=bus, **options)
        self._bus = bus
        self._subscribed: deque[Subscribed] = deque(maxlen=MOST)
        add = self._lowlevel_server.add_request_handler
        add("resources/subscribe", SubscribeRequestParams, self._subscribe)
        add("resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe)

    async def tell(self, uri: str) -> None:
        """Tell all who listen that a resource has changed."""
        await self._bus.publish(ResourceUpdated(uri))
        for each in [each for each in self._subscribed if each.uri == uri]:
            # One that does not read holds nobody up.
            with anyio.move_on_after(PATIENCE):
                await each.session.send_resource_updated(uri)

    async def _subscribe(
        self, context: ServerRequestContext[Any, Any], params: SubscribeRequestParams
    ) -> EmptyResult:
        self._forget(str(params.uri), context.session)
        self._subscribed.append(Subscribed(str(params.uri), context.session))
        return EmptyResult()

    async def _unsubscribe(
        self, context: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        self._forget(str(params.uri), context.session)
        return EmptyResult()

    def _forget(self, uri: str, session: ServerSession) -> None:
        for each in [each for each in self._subscribed if each.is_of(uri, session)]:
            self._subscribed.remove(each)

    async def list_tools(self) -> list[Tool]:
        """Return the tools, with schemas that say so."""
        tools = await super().list_tools()
        for each in tools:
            each.input_schema["additionalProperties"] = False
        return tools

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool by name with arguments that it knows."""
        kind = OFFERED.get(name)
        if kind is not None:
            known = list(signature(getattr(kind, name)).parameters)[1:]
            unknown = [each for each in arguments if each not in known]
            if unknown:
                raise ToolError(
                    f"{name} knows no argument {', '.join(unknown)}; nothing was done. It knows:"
                    f" {', '.join(known) or 'none'}."
                )
        return await super().call_tool(name, arguments, context)


def build(folder: Path, agent: str, *, is_here: bool = True) -> MCPServer[None]:
    """Return a server for one agent in one clone; its claims live as long as it runs.

    Args:
        folder: A folder in the clone.
        agent: The name under which tasks are claimed.
        is_here: Whether the agent works in that folder, so that what it sets is written there.
    """
    held = HeldClaims(agent)
    tools = Tools(folder, agent, held, is_here=is_here, go_on=anyio.from_thread.check_cancelled)
    # Of its own: who waits for work takes none from the sessions of others.
    threads = anyio.CapacityLimiter(AT_A_TIME)

    @asynccontextmanager
    async def alive(_server: MCPServer[None]) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(_in_thread, lambda: held.keep(tools.work))
            group.start_soon(_in_thread, lambda: _publish(tools, server, held))
            try:
                yield
            finally:
                held.end()
                group.cancel_scope.cancel()

    server = StrictServer(
        "kanban-sync",
        instructions=INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
        lifespan=alive,
        bus=InMemorySubscriptionBus(),
    )
    of_kind: dict[type, object] = {Tools: tools, MissionTools: MissionTools(tools)}
    for name, kind in OFFERED.items():
        server.add_tool(told(getattr(of_kind[kind], name), threads))
    _add_resources(server, tools)
    return server


def serve(folder: Path, agent: str) -> None:
    """Serve one model by standard input and output, until it hangs up."""
    build(folder, agent).run("stdio")


def http_app(folder: Path, agent: str) -> Starlette:
    """Return a server for one agent that comes by HTTP, at /mcp; others say who may come."""
    server = build(folder, agent, is_here=False)
    open_to_all = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return server.streamable_http_app(transport_security=open_to_all)


async def _in_thread(act: Callable[[], None]) -> None:
    # With a limit of its own: it lasts, and calls of tools need those that all share.
    alone = anyio.CapacityLimiter(1)
    await anyio.to_thread.run_sync(act, abandon_on_cancel=True, limiter=alone)


def _publish(tools: Tools, server: StrictServer, held: HeldClaims) -> None:
    """Tell who listens whenever something happens to a task, until the session ends."""
    while not held.is_over():
        try:
            with tools.work() as work:
                # Who listens already may have missed something: they are told once that it is so.
                has_news = True
                for batch in follow_batches(work, work.last_event()):
                    if held.is_over():
                        return
                    for uri in (TASKS, BOARD) if has_news or batch else ():
                        anyio.from_thread.run(server.tell, uri)
                    has_news = False
        except KanbanSyncError:
            time.sleep(AGAIN)


def _add_resources(server: MCPServer[None], tools: Tools) -> None:
    def read(look: Callable[[], dict[str, Any]]) -> str:
        try:
            return printable_json(json.dumps(look()))
        except KanbanSyncError as error:
            raise ResourceError(str(error)) from error

    @server.resource(TASKS, mime_type="application/json")
    def tasks() -> str:
        """Return all open tasks, in the order of their files."""
        return read(tools.list_tasks)

    @server.resource(BOARD, mime_type="application/json")
    def board() -> str:
        """Return the columns of the board with their cards, and what was synced."""
        return read(tools.board_status)
