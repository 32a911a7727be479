"""The gate before everything that is served by HTTP: who may come in, how much, and how long.

What it refuses never reaches what is behind it; whatever goes wrong there leaves as a problem.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.printable import printable
from kanban_sync.doors import rules
from kanban_sync.doors.problem import MEDIA_TYPE, Problem
from kanban_sync.doors.rules import BY_THIS_MACHINE, LARGEST_BODY, SAFE, Asked
from kanban_sync.doors.tokens import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.types import ASGIApp, Message, Receive, Send
    from starlette.types import Scope as Call

    from kanban_sync.doors.rules import Called
    from kanban_sync.doors.sessions import Sessions
    from kanban_sync.doors.tokens import Token, Tokens
    from kanban_sync.sync.state_folder import StateFolder

BODY_SECONDS = 10.0
"""How long a request may take to send what it has to send."""

SECURITY = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""Header fields of every answer: whatever a title holds, a browser runs none of it."""

NO_STORE = (b"cache-control", b"no-store")

BEARER = "bearer "

BUG = "Tell the developers what you asked for; the server's output says where it wrote the details."


@dataclass
class House:
    """What the gate knows of what is behind it.

    Without ``sessions`` a cookie stands for nothing. ``needs`` tells which scope a method needs on
    a path, None for none. ``on_answer`` hears of every answer: method, path, status and seconds.
    ``log`` takes the details of a bug.
    """

    tokens: Tokens
    sessions: Sessions | None
    needs: Callable[[str, str], Scope | None]
    called: Called = BY_THIS_MACHINE
    log: Callable[[str], str] = lambda _text: ""
    on_answer: Callable[[Call, int, float], None] = lambda _call, _status, _time: None


def bugs_into(state: StateFolder, door: str) -> Callable[[str], str]:
    """Return what writes the details of a bug into a log of a door, and says where it is."""

    def note(text: str) -> str:
        try:
            with state.open_log(door) as log:
                log.write(text)
        except (KanbanSyncError, OSError):
            return "its details could not be written"
        return f"the details are in {log.path}"

    return note


class Gate:
    """An ASGI application that lets through to another one what may go there."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        """Stand before an application."""
        self._app = app
        self._house = house

    async def __call__(self, scope: Call, receive: Receive, send: Send) -> None:
        """Serve one request; what is no request of HTTP is passed on (the lifespan) or ended."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Call, receive: Receive, send: Send) -> None:
        began, answer, asked = time.perf_counter(), _Answer(send, scope), asked_of(scope)
        try:
            scope["state"]["token"] = self._checked(asked)
            # For what waits before it acts: a token may be taken back meanwhile.
            scope["state"]["ask_again"] = partial(self._checked, asked)
            body = await asyncio.wait_for(_body(receive), BODY_SECONDS)
            await self._app(scope, _replayed(body, receive), answer.send)
        except Problem as problem:
            await answer.refuse(problem)
        except TimeoutError:
            await answer.refuse(_too_slow())
        except _GoneError:
            return
        except Exception as error:  # noqa: BLE001 - a bug ends one request, and not the server
            await answer.refuse(self._surprise(asked, error))
        finally:
            self._house.on_answer(scope, answer.status, time.perf_counter() - began)

    def _checked(self, asked: Asked) -> Token | None:
        house = self._house
        by_cookie = house.sessions.holder(asked.cookies) if house.sessions else None
        problem = rules.stranger(asked, house.called, has_session=by_cookie is not None)
        # A token that is shown counts alone: a cookie is sent along unasked.
        token = house.tokens.holder(asked.bearer) if asked.bearer else by_cookie
        problem = problem or rules.refusal(token, house.needs(asked.method, asked.path))
        problem = problem or rules.bad_body(asked)
        if problem is not None:
            raise problem
        return token

    def _surprise(self, asked: Asked, error: Exception) -> Problem:
        where = self._house.log("".join(traceback.format_exception(error)))
        sys.stderr.write(
            f"kanban-sync: {printable(asked.method)} {printable(asked.path)!a}:"
            f" {type(error).__name__}, which is a bug; {where}\n"
        )
        return Problem(500, "bug", "Something went wrong that nobody foresaw.", BUG)


class _GoneError(Exception):
    """Whoever asked has hung up."""


class _Answer:
    """One answer on its way out, with the header fields that all have."""

    def __init__(self, send: Send, scope: Call) -> None:
        self._send = send
        self._is_page = not scope["path"].startswith(("/api", "/metrics", "/health", "/mcp"))
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = {name.lower() for name, _ in message["headers"]}
            more = SECURITY if self._is_page else (*SECURITY, NO_STORE)
            added = [each for each in more if each[0] not in given]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        if self.status:
            # Half an answer is out: that it breaks off is all that can be told.
            raise ConnectionAbortedError(problem.detail)
        body = problem.body
        told = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
        headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
        await self.send(
            {"type": "http.response.start", "status": problem.status, "headers": headers}
        )
        await self.send({"type": "http.response.body", "body": body})


def asked_of(scope: Call) -> Asked:
    """Return what the head of a request says."""
    every: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        every.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def first(name: str) -> str:
        return every.get(name, [""])[0]

    authorization = first("authorization")
    is_bearer = authorization.lower().startswith(BEARER)
    return Asked(
        method=scope["method"],
        path=scope["path"],
        hosts=tuple(every.get("host", ())),
        origins=tuple(every.get("origin", ())),
        site=first("sec-fetch-site"),
        bearer=authorization[len(BEARER) :].strip() if is_bearer else "",
        cookies="; ".join(every.get("cookie", ())),
        lengths=tuple(every.get("content-length", ())),
        is_chunked="transfer-encoding" in every,
        content_type=first("content-type"),
    )


async def _body(receive: Receive) -> bytes:
    """Read all that is sent, however it is parted."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise _GoneError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            raise rules.too_large()
        more = message.get("more_body", False)
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read, and then tells when the caller hangs up."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _too_slow() -> Problem:
    return Problem(
        408,
        "too-slow",
        f"What was to be sent did not come within {BODY_SECONDS:g} s.",
        "Send it at once.",
        headers={"Connection": "close"},
    )


def scopes_below(roots: Collection[str], readable: Collection[str]) -> Callable[..., Scope | None]:
    """Return what tells which scope is needed: below some paths one is, and to change, writing.

    Args:
        roots: The paths of which, and below which, nothing is open.
        readable: Paths where what changes nothing of the project may be sent with any token.
    """

    def needs(method: str, path: str) -> Scope | None:
        if not any(path == root or path.startswith(f"{root}/") for root in roots):
            return None
        return Scope.READ if method in SAFE or path in readable else Scope.WRITE

    return needs
