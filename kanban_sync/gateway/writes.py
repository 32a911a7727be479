"""What can be changed: tasks are added, set, claimed and finished, and all is synced."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from kanban_sync.agents.born import NewTask
from kanban_sync.agents.entries import done_data, entry_data
from kanban_sync.core.errors import BoardUnreachableError, WorkError
from kanban_sync.core.model import Status
from kanban_sync.doors.once import Once
from kanban_sync.doors.problem import Problem
from kanban_sync.gateway import models
from kanban_sync.gateway.answers import answer
from kanban_sync.gateway.news import News, Waiting
from kanban_sync.gateway.reads import wanted
from kanban_sync.gateway.waits import idle_of
from kanban_sync.sync.session import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from kanban_sync.agents.work import Done, Work
    from kanban_sync.gateway.news import IsToLook
    from kanban_sync.gateway.served import Served

    Act = Callable[[Work], Response]

LONGEST_KEY = 200
"""Characters of an idempotency key."""

NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "Nothing is ready."}}

ENDS = {
    "done": Status.DONE,
    "review": Status.REVIEW,
    "block": Status.BLOCKED,
    "fail": Status.FAILED,
}
"""How work may end, by the last part of the path, as the commands are called."""


ANY_CLAIM, CLAIM = models.ClaimNext(), models.Claim()
BEAT, END = models.Beat(), models.End()
"""What is meant where nothing is sent."""


class _NothingReadyError(WorkError):
    """No task can be claimed now."""


class Changes:
    """Changes to one clone, each done once for an idempotency key."""

    def __init__(self, served: Served) -> None:
        """Begin with no key known."""
        self._served = served
        self._once: Once[Response] = Once()

    def do(self, request: Request, said: BaseModel, act: Act) -> Response:
        """Change something, and return the answer; the same as before for a key that is known."""
        key = request.headers.get("idempotency-key", "")
        if len(key) > LONGEST_KEY:
            raise Problem(
                422,
                "invalid",
                f"The header Idempotency-Key has more than {LONGEST_KEY} characters.",
                "Make up a shorter one, as a UUID.",
            )
        call = (request.method, request.url.path, said.model_dump_json())

        def done() -> Response:
            with self._served.changing() as work:
                request.state.ask_again()
                return act(work)

        first = self._once.answer(request.state.token.name, key, call, done)
        location = first.headers.get("location")
        headers = {"Location": location} if location else {}
        return Response(first.body, first.status_code, headers, first.media_type)


def who(request: Request, said: str | None) -> str:
    """Return who works: as was said, else the name of the token."""
    return str(request.state.token.name) if said is None else said


def writes(changes: Changes) -> APIRouter:
    """Return the routes by which tasks are added and set."""
    router = APIRouter(tags=["write"])

    @router.post("/tasks", response_model=models.Done, status_code=201)
    def add(request: Request, said: models.New) -> Response:
        """Add a task; it stands in the task database until it is written into a file."""
        new = NewTask(
            said.title,
            said.id,
            said.under,
            said.priority,
            tuple(said.tags),
            tuple(said.needs),
            said.body,
        )

        def act(work: Work) -> Response:
            done = work.add(new)
            place = f"/api/tasks/{quote(str(done.entry.key), safe='')}"
            return answer(done_data(done), 201, {"Location": place})

        return changes.do(request, said, act)

    @router.patch("/tasks/{key:path}", response_model=models.Done)
    def change(request: Request, key: str, said: models.Change) -> Response:
        """Set status or assignee of a task, as people do."""
        if said.status is None and said.assignee is None:
            raise WorkError("Nothing to set: give a status, an assignee, or both.")
        status = Status(said.status) if said.status else None
        whom = said.assignee.removeprefix("@") if said.assignee is not None else None

        def act(work: Work) -> Response:
            name = who(request, said.agent)
            return _told(work.set(key, name, status, whom, said.reason, force=said.force))

        return changes.do(request, said, act)

    return router


def claims(served: Served, news: News, changes: Changes) -> APIRouter:
    """Return the routes by which whatever comes first is claimed, and all is synced."""
    router = APIRouter(tags=["work"])
    one_sync = asyncio.Lock()

    @router.post("/claims", response_model=models.Done, responses=NOTHING)
    async def claim_next(request: Request, said: models.ClaimNext = ANY_CLAIM) -> Response:
        """Claim what comes first; 204 where nothing is ready, also after waiting."""
        agent = who(request, said.agent)

        def act(work: Work, is_to_look: IsToLook) -> Response:
            if not is_to_look(work):
                raise _NothingReadyError
            work.reclaim(leases=False)
            done = work.claim_next(agent, said.ttl, wanted(work, said), said.orchestrator)
            if done is None:
                raise _NothingReadyError
            return _told(done)

        async def look(is_to_look: IsToLook) -> Response | None:
            claim = partial(act, is_to_look=is_to_look)
            try:
                return await anyio.to_thread.run_sync(changes.do, request, said, claim)
            except _NothingReadyError:
                return None

        waiting = Waiting(served, news, request, idle_of(agent, said, said.orchestrator))
        found = await waiting.wait(look, said.wait)
        return Response(status_code=204) if found is None else found

    @router.post("/sync", response_model=models.Synced)
    async def sync() -> Response:
        """Bring task database and board up to date with what is committed; commits do so anyway."""
        # One at a time: more would only wait for it, and hold threads that others need.
        async with one_sync:
            return answer(await anyio.to_thread.run_sync(_synced, served))

    return router


def task_writes(changes: Changes) -> APIRouter:
    """Return the routes by which one task is claimed and finished."""
    router = APIRouter(prefix="/tasks/{key:path}", tags=["work"])

    @router.post("/claim", response_model=models.Done)
    def claim(request: Request, key: str, said: models.Claim = CLAIM) -> Response:
        """Claim one task."""

        def act(work: Work) -> Response:
            work.reclaim(leases=False)
            return _told(work.claim(key, who(request, said.agent), said.ttl, said.orchestrator))

        return changes.do(request, said, act)

    @router.post("/heartbeat", response_model=models.Beaten)
    def heartbeat(request: Request, key: str, said: models.Beat = BEAT) -> Response:
        """Let a claim last from now on, and hear what of the task changed since it was made."""

        def act(work: Work) -> Response:
            entry = work.extend(key, who(request, said.agent), said.token, said.ttl)
            return answer({**entry_data(entry), "changed": list(work.changed(entry))})

        return changes.do(request, said, act)

    @router.post("/release", response_model=models.Done)
    def release(request: Request, key: str, said: models.End = END) -> Response:
        """Give a task back: it is to do again."""

        def act(work: Work) -> Response:
            return _told(work.release(key, who(request, said.agent), said.token, said.reason))

        return changes.do(request, said, act)

    for name, status in ENDS.items():
        _add_end(router, changes, name, status)
    return router


def _add_end(router: APIRouter, changes: Changes, name: str, status: Status) -> None:
    """Add the route that ends work on a task with a status."""

    @router.post(
        f"/{name}",
        response_model=models.Done,
        operation_id=f"task_{name}",
        summary=f"End work: {status.value}",
    )
    def end(request: Request, key: str, said: models.End = END) -> Response:
        """Say how work on a task ended."""

        def act(work: Work) -> Response:
            agent = who(request, said.agent)
            return _told(work.finish(key, status, agent, said.token, said.reason))

        return changes.do(request, said, act)


def _told(done: Done) -> Response:
    return answer(done_data(done))


def _synced(served: Served) -> dict[str, Any]:
    clone = served.clone
    settings = clone.settings()
    try:
        result = clone.sync(clone.target(settings), settings, Watcher())
    except BoardUnreachableError as error:
        return {"outcome": "unreachable", "problem": str(error)}
    return {"outcome": result.outcome.value, "problem": ""}
