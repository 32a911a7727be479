"""Clients that do not take what they asked for, or never come to the end of what they ask."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from gateway.caller import read_all, shop, status_of
from kanban_sync.app import Clone
from kanban_sync.doors import gate, server
from kanban_sync.doors.server import Address, listening, server_of
from kanban_sync.doors.tokens import Scope, Tokens
from kanban_sync.gateway.application import gateway
from kanban_sync.gateway.news import BEHIND, Message, News
from kanban_sync.gateway.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import uvicorn

WITHIN = 60.0
"""Seconds that anything may take."""

SMALL = 4096
"""Bytes that the kernel keeps for a connection, so that what is not taken is soon with us."""

KEPT = 1 << 20
"""Bytes that the server may keep for one who does not read."""

TEXT = b"data: " + b"x" * 500 + b"\n\n"
EVENTS = 5 * BEHIND


@dataclass
class Serving:
    """A gateway in a thread of this process."""

    port: int
    token: str
    news: News
    loop: asyncio.AbstractEventLoop
    server: uvicorn.Server

    def connect(self, line: str, *more: str, close: bool = False) -> socket.socket:
        """Send the head of a request."""
        more = (*more, "Connection: close") if close else more
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        found.settimeout(WITHIN)
        found.connect(("127.0.0.1", self.port))
        found.sendall(self.head(line, *more))
        return found

    def head(self, line: str, *more: str) -> bytes:
        """Return the head of a request with a token."""
        lines = [line, f"Host: 127.0.0.1:{self.port}", f"Authorization: Bearer {self.token}", *more]
        return "\r\n".join([*lines, "", ""]).encode()

    def get(self, path: str) -> int:
        """Ask for something, take it all, and return the status."""
        with self.connect(f"GET {path} HTTP/1.1", close=True) as connection:
            return status_of(read_all(connection))

    def kept(self) -> int:
        """Return how many bytes wait for others to take them, at most for one of them."""
        found = [
            each.transport.get_write_buffer_size() for each in self.server.server_state.connections
        ]
        return max(found, default=0)


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """A gateway that is not as patient as usual."""
    monkeypatch.setattr(server, "LOOK", 0.05)
    monkeypatch.setattr(server, "STUCK", 30)
    served = Served(Clone(shop(tmp_path / "shop").path / ".git"))
    tokens, news = Tokens(served.clone.state, served.project), News(served)
    token = tokens.add("first", Scope.WRITE)
    on = listening(Address("127.0.0.1", 0))
    on.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    running = server_of(gateway(served, news, tokens))
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        await running.serve(sockets=[on])

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    until(lambda: running.started)
    yield Serving(on.getsockname()[1], token, news, loops[0], running)
    loops[0].call_soon_threadsafe(news.end)
    running.should_exit = True
    thread.join(WITHIN)
    on.close()
    assert not thread.is_alive()


def until(come: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN
    while not come():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def drain(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


@contextmanager
def closing(*each: socket.socket) -> Iterator[None]:
    try:
        yield
    finally:
        for connection in each:
            connection.close()


def test_who_follows_events_and_never_reads_is_let_go_and_others_hear_all(serving: Serving) -> None:
    deaf = [serving.connect("GET /api/events/stream HTTP/1.1") for _ in range(3)]
    until(lambda: serving.news.count == len(deaf))
    good = serving.connect("GET /api/events/stream HTTP/1.1")
    most = 0
    with closing(*deaf, good):
        until(lambda: serving.news.count == len(deaf) + 1)
        heard = b""
        for first in range(1, EVENTS, 500):
            some = [
                Message(10**6 + id_, b"id: %d\n%s" % (id_, TEXT))
                for id_ in range(first, first + 500)
            ]
            serving.loop.call_soon_threadsafe(serving.news.publish, some)
            last = b"id: %d\n%s" % (first + 499, TEXT)
            while last not in heard[-2 * len(last) :]:
                part = good.recv(1 << 16)
                assert part, "who reads was cut off"
                heard += part
            if first == 1:
                # Who has begun to send to them waits for them; who had not would end as usual.
                until(lambda: all(b"data: x" in each.recv(SMALL, socket.MSG_PEEK) for each in deaf))
            most = max(most, serving.kept())
        ids = [int(line[4:]) for line in heard.split(b"\n") if line.startswith(b"id: ")]
        assert ids == list(range(1, EVENTS + 1))
        assert most < KEPT
        assert serving.get("/api/tasks") == 200
        until(lambda: serving.news.count == 1)
        for each in deaf:
            with pytest.raises(ConnectionResetError):
                drain(each)


def test_who_asks_for_much_and_never_reads_is_let_go(serving: Serving) -> None:
    made = {"title": "A long one", "id": "long", "body": "y" * 45_000}
    body = json.dumps(made).encode()
    head = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    with serving.connect("POST /api/tasks HTTP/1.1", *head, close=True) as adding:
        adding.sendall(body)
        assert status_of(read_all(adding)) == 201
    asked = "GET /api/tasks/db:long HTTP/1.1"
    deaf = serving.connect(asked)
    deaf.sendall(serving.head(asked) * 20)
    most = 0

    def is_let_go() -> bool:
        nonlocal most
        most = max(most, serving.kept())
        assert serving.get("/health") == 200
        return most > 0 and not serving.kept()

    with closing(deaf):
        until(is_let_go)
        assert most < KEPT
        with pytest.raises(ConnectionResetError):
            drain(deaf)


@pytest.mark.parametrize(
    ("whose", "name", "begin", "status"),
    [
        (server, "HEAD_SECONDS", "GET /health HTTP/1.1\r\nX-Slow: ", 0),
        (gate, "BODY_SECONDS", "POST /api/tasks HTTP/1.1\r\nContent-Length: 9000\r\n\r\n", 408),
    ],
    ids=["head", "body"],
)
def test_who_sends_a_byte_now_and_then_does_not_come_to_an_end_and_is_let_go(
    serving: Serving,
    monkeypatch: pytest.MonkeyPatch,
    whose: object,
    name: str,
    begin: str,
    status: int,
) -> None:
    first, _, rest = begin.partition("\r\n")
    address = ("127.0.0.1", serving.port)
    with monkeypatch.context() as patch, socket.create_connection(address, WITHIN) as slow:
        patch.setattr(whose, name, 0.5)
        head = serving.head(first, "Content-Type: application/json").removesuffix(b"\r\n")
        slow.sendall(head + rest.encode())
        slow.settimeout(0.02)
        heard: list[bytes] = []

        def is_let_go() -> bool:
            try:
                slow.sendall(b" ")
                heard.append(slow.recv(1 << 16))
            except TimeoutError:
                return False
            except OSError:
                return True
            return not heard[-1]

        until(is_let_go)
    answer = b"".join(heard)
    assert (status_of(answer) if answer else 0) == status
    assert serving.get("/health") == 200
