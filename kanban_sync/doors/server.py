"""The HTTP server itself: where it listens, how patient it is, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import signal
import socket
import struct
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from kanban_sync.core.errors import KanbanSyncError, SetupError
from kanban_sync.doors.problem import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.types import ASGIApp
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

HEAD_SECONDS = 10.0
"""How long the head of a request may take from its first byte, or from the connection's start."""

LOOK = 2.5
"""Seconds between two looks at a connection, or at whether there is something to serve still."""

STUCK = 12
"""After how many looks at which nothing was taken of what is sent a connection is cut."""

IDLE = 15
"""Seconds for which a connection without a request is kept."""

LARGEST_HEAD = 16 * 1024

CONNECTIONS = 1000
"""At a time; who comes then is told to come again."""

ENDING = 5
"""Seconds until what is still under way when the server ends is cut."""


LISTEN = "--listen"
"""The option that tells where, unless another one does."""


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_any(self) -> bool:
        """Whether it stands for all addresses of this machine."""
        return self.host in {"0.0.0.0", "::"}  # noqa: S104 - it is what is asked

    @property
    def name(self) -> str:
        """The host as it stands in an address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def url(self) -> str:
        """The address as a browser takes it."""
        return f"http://{self.name}:{self.port}"


def address_of(text: str, *, allow_remote: bool, option: str = LISTEN) -> Address:
    """Read ``HOST:PORT``, as an option gives it.

    Raises:
        SetupError: It is none, or other machines would reach it and nobody has allowed that.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (host and port.isdecimal() and len(port) < 6 and int(port) < 1 << 16):  # noqa: PLR2004
        raise SetupError(f"{option} {text} is no HOST:PORT such as 127.0.0.1:7464 or [::1]:7464")
    address = Address(host, int(port))
    if not address.is_loopback and not allow_remote:
        raise SetupError(
            f"{option} {text} lets other machines in, and tokens and tasks would go over the"
            " network unencrypted. Listen on 127.0.0.1 and let a reverse proxy do TLS; or add"
            " --allow-remote, if something else encrypts it"
        )
    return address


def listening(address: Address, option: str = LISTEN) -> socket.socket:
    """Return a socket that listens; ``option`` is the one that gives its address.

    Raises:
        SetupError: The port is taken, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(128)
    except OSError as error:
        found.close()
        is_taken = error.errno == errno.EADDRINUSE
        raise SetupError(
            f"{address.host}:{address.port} cannot be listened on: {error.strerror or error}."
            + (
                " Another program has the port, maybe another server of kanban-sync; end that one,"
                f" or take another port with {option}"
                if is_taken
                else f" Choose another address with {option}"
            )
        ) from error
    return found


class PatientProtocol(H11Protocol):
    """A connection that is cut where its other end dawdles, so that nobody can hold them all."""

    _head_began: float | None = None
    _unread = 0
    _stuck = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there are not too many."""
        super().connection_made(transport)
        self._head_began = self.loop.time()
        self.loop.call_later(LOOK, self._look)
        if len(self.connections) > CONNECTIONS:
            self._refuse(
                Problem(503, "full", "Too many connections at a time.", "Try again in a moment.")
            )

    def data_received(self, data: bytes) -> None:
        """Take what was sent."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._head_began = None
        elif self._head_began is None:
            self._head_began = self.loop.time()

    def on_response_complete(self) -> None:
        """End an answer; what comes next is the head of another request."""
        self._head_began = None
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(Problem(400, "no-http", msg, "Send a request as RFC 9112 has it."))

    def _refuse(self, problem: Problem) -> None:
        body = problem.body
        head = (
            f"HTTP/1.1 {problem.status} Refused\r\nContent-Type: {MEDIA_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _cut(self) -> None:
        """End the connection at once, with all that was not taken: the kernel is not to keep it."""
        on = self.transport.get_extra_info("socket")
        if on is not None:
            on.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _look(self) -> None:
        """Cut the connection if it waits for its other end for too long; else look again."""
        if self not in self.connections:
            return
        left = self.transport.get_write_buffer_size()
        self._stuck = self._stuck + 1 if left and left >= self._unread else 0
        self._unread = left
        began = self._head_began
        is_late = began is not None and self.loop.time() - began > HEAD_SECONDS
        if is_late or self._stuck >= STUCK:
            self._cut()
            return
        self.loop.call_later(LOOK, self._look)


class _Server(uvicorn.Server):
    """One that leaves signals to us."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return what serves an application on sockets; it leaves signals to whoever runs it."""
    return _Server(
        uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            lifespan="on",
            loop="asyncio",
            log_config=None,
            # Who sends what is no HTTP could fill a disk with it; what is a bug, the gate tells.
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=ENDING,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
    )


def run(
    app: ASGIApp,
    on: socket.socket,
    on_end: Callable[[], None] = lambda: None,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Serve until SIGTERM or Ctrl-C; return which of them it was.

    Args:
        app: What is served.
        on: A socket that listens; it is closed at the end.
        on_end: Called when the end begins, so that answers without an end may come to one.
        check: Called now and then; raises what there is no serving with.

    Raises:
        KanbanSyncError: What the check has raised.
    """
    server = server_of(app)
    heard: list[int] = []

    def end(number: int) -> None:
        if not heard:
            on_end()
        server.force_exit = bool(heard)
        server.should_exit = True
        heard.append(number)

    async def look() -> None:
        try:
            while True:
                await asyncio.sleep(LOOK)
                await asyncio.to_thread(check)
        except KanbanSyncError:
            end(signal.SIGTERM)
            raise

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end, number)
        looking = asyncio.create_task(look())
        await server.serve(sockets=[on])
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    with on:
        asyncio.run(serve())
    return heard[0] if heard else 0
