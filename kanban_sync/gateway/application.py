"""The application: all routes of one clone, behind the gate, and OpenAPI of them."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kanban_sync import __version__
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.doors.gate import Gate, House, bugs_into, scopes_below
from kanban_sync.doors.problem import MEDIA_TYPE, Problem, problem_of
from kanban_sync.doors.rules import BY_THIS_MACHINE
from kanban_sync.doors.sessions import Sessions
from kanban_sync.gateway import models
from kanban_sync.gateway.answers import answer
from kanban_sync.gateway.metrics import Counts, metrics
from kanban_sync.gateway.news import News
from kanban_sync.gateway.pages import pages
from kanban_sync.gateway.reads import reads, task_reads
from kanban_sync.gateway.snapshot import Snapshots
from kanban_sync.gateway.stream import streams
from kanban_sync.gateway.waits import waits
from kanban_sync.gateway.writes import Changes, claims, task_writes, writes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kanban_sync.doors.rules import Called
    from kanban_sync.doors.tokens import Tokens
    from kanban_sync.gateway.served import Served

THREADS = 16
"""Requests that look into the database at a time; the others wait."""

SESSION = "/api/session"

LOOK = "GET /api/openapi.json tells what there is."

REFUSALS = {
    400: "It is no request of HTTP.",
    401: "No token was shown.",
    403: "The token may not do so, or another page asks.",
    404: "There is none.",
    409: "The task cannot be worked on so.",
    413: "More was sent than is read.",
    415: "What was sent is no JSON.",
    421: "The server is not called so.",
    422: "The request is not as it has to be.",
    502: "The board is away.",
    503: "The task database is away, or the clone has to be mended.",
}
"""The problems that any route may answer with."""


def gateway(served: Served, news: News, tokens: Tokens, called: Called = BY_THIS_MACHINE) -> Gate:
    """Return the application that serves one clone.

    Args:
        served: The clone.
        news: Tells who listens what happens there.
        tokens: Who may come in.
        called: How the server may be called.
    """
    sessions, counts = _sessions(served, tokens), Counts()
    house = House(
        tokens,
        sessions,
        scopes_below({"/api", "/metrics"}, {SESSION}),
        called,
        log=bugs_into(served.clone.state, "gateway"),
        on_answer=counts.note,
    )
    return Gate(_application(served, sessions, tokens, news, counts), house)


def _application(
    served: Served, sessions: Sessions, tokens: Tokens, news: News, counts: Counts
) -> FastAPI:
    snapshots = Snapshots(served)

    @asynccontextmanager
    async def alive(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        news.start()
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(snapshots.close)
            await anyio.to_thread.run_sync(served.close)

    app = FastAPI(
        title="kanban-sync",
        version=__version__,
        lifespan=alive,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            KanbanSyncError: _refused,
            Problem: _problem,
            RequestValidationError: _invalid,
            HTTPException: _no_route,
        },
    )
    api = APIRouter(prefix="/api")
    changes = Changes(served)
    routers = (
        _session(sessions),
        reads(served, snapshots),
        streams(served, news, tokens),
        waits(served, news),
        writes(changes),
        claims(served, news, changes),
        task_writes(changes),
        # What takes all of the path as a key comes last.
        task_reads(served),
    )
    for router in routers:
        api.include_router(router)
    app.include_router(api)
    app.include_router(metrics(served, snapshots, news, counts))
    app.include_router(pages())

    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return answer(openapi_of(app))

    @app.get("/health", response_model=models.Health, tags=["server"])
    async def health() -> Response:
        """Tell that the server answers; no token is asked for."""
        return answer({"ok": True})

    return app


def _sessions(served: Served, tokens: Tokens) -> Sessions:
    return Sessions(tokens, served.project, served.clone.state)


def _session(sessions: Sessions) -> APIRouter:
    """Return the routes by which a page shows its token once."""
    router = APIRouter(prefix="/session", tags=["session"])

    def told(request: Request) -> dict[str, Any]:
        token = request.state.token
        return {"name": token.name, "scope": token.scope.value}

    @router.get("", response_model=models.Session)
    async def session(request: Request) -> Response:
        """Tell whose token was shown, or stands behind the cookie."""
        return answer(told(request))

    @router.post("", response_model=models.Session)
    async def open_session(request: Request) -> Response:
        """Take a token, and give a cookie that stands for it for 12 hours."""
        origin = request.headers.get("origin", "")
        cookie = sessions.open(request.state.token, is_encrypted=origin.startswith("https://"))
        return answer(told(request), headers={"Set-Cookie": cookie})

    @router.delete("", response_model=models.Session)
    async def close_session(request: Request) -> Response:
        """Take the cookie back."""
        taken = sessions.close(request.headers.get("cookie", ""))
        return answer(told(request), headers={"Set-Cookie": taken})

    return router


# --- What goes wrong ------------------------------------------------------------------------


def _answered(problem: Problem) -> Response:
    return Response(problem.body, problem.status, dict(problem.headers), MEDIA_TYPE)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, KanbanSyncError):
        raise error
    return _answered(problem_of(error))


async def _problem(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return _answered(error)


async def _invalid(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {"where": ".".join(map(str, each["loc"])), "what": each["msg"]} for each in error.errors()
    ]
    said = "; ".join(f"{each['where']}: {each['what']}" for each in found)
    return _answered(Problem(422, "invalid", said, LOOK, {"errors": found}))


async def _no_route(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    kind = {400: "invalid", 404: "no-such-path", 405: "method"}.get(error.status_code, "")
    headers = dict(error.headers or {})
    return _answered(Problem(error.status_code, kind, str(error.detail), LOOK, headers=headers))


# --- OpenAPI --------------------------------------------------------------------------------


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the application's OpenAPI: also the token, and the problems of every route."""
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = models.Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, methods in found["paths"].items():
        for method, route in methods.items():
            for status, text in REFUSALS.items():
                route["responses"][str(status)] = {"description": text, "content": content}
            if method == "get" and path.startswith("/api/"):
                route["responses"]["304"] = {"description": "It is what the caller has already."}
            if path == "/health":
                route["security"] = []
    return found


def openapi_text(served: Served, tokens: Tokens) -> str:
    """Return the OpenAPI as JSON, for programs that are made from it."""
    app = _application(served, _sessions(served, tokens), tokens, News(served), Counts())
    return json.dumps(openapi_of(app), indent=2)
