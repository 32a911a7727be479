"""Models that come by HTTP, with the official client: each token is an agent of its own."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cli.program import run_program
from gateway.caller import Gateway, shop
from kanban_sync.cli import mcp as program
from kanban_sync.doctor.doors import door_findings
from kanban_sync.doors.tokens import Scope, Tokens
from kanban_sync.mcp.many import Many
from kanban_sync.mcp.server import OFFERED
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Message

    from kanban_sync.cli.http_door import Door
    from kanban_sync.doors.gate import Gate
    from kanban_sync.doors.tokens import Token

PATIENCE = 60


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, _isolated: None) -> Iterator[Gateway]:
    repo = shop(tmp_path_factory.mktemp("models") / "shop")
    with Gateway(repo, "mcp", "--http", "127.0.0.1:0") as found:
        yield found


def token(models: Gateway, name: str, scope: Scope = Scope.WRITE) -> str:
    return Tokens(StateFolder(models.repo.path / ".git" / "kanban-sync"), "shop").add(name, scope)


def session(
    models: Gateway, key: str, act: Callable[[Client], Awaitable[None]], mode: str = "auto"
) -> None:
    """Let a client do something with a token."""

    async def run() -> None:
        with anyio.fail_after(PATIENCE):
            async with create_mcp_http_client({"Authorization": f"Bearer {key}"}) as http:
                url = f"http://127.0.0.1:{models.port}/mcp"
                async with Client(
                    streamable_http_client(url, http_client=http), mode=mode
                ) as client:
                    await act(client)

    anyio.run(run)


async def call(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


@pytest.mark.parametrize(("mode", "task"), [("auto", "rotate-keys"), ("legacy", "tidy-logs")])
def test_a_model_claims_and_finishes_under_the_name_of_its_token(
    models: Gateway, mode: str, task: str
) -> None:
    async def act(client: Client) -> None:
        assert [each.name for each in (await client.list_tools()).tools] == list(OFFERED)
        claimed = await call(client, "claim_task", key=task)
        assert claimed["task"]["agent"] == f"model-{mode}"
        assert (await call(client, "plan_next"))["yours"] == [f"tasks-md:{task}"]
        done = await call(client, "complete_task", key=task)
        assert (done["task"]["status"], done["task"]["file"]) == ("done", None)

    session(models, token(models, f"model-{mode}"), act, mode)


def test_the_doctor_knows_that_it_runs(models: Gateway) -> None:
    state = StateFolder(models.repo.path / ".git" / "kanban-sync")
    found = {each.name: each for each in door_findings(state, lambda: "shop")}
    assert found["mcp"].text == (
        f"process {models.process.pid} answers at http://127.0.0.1:{models.port}"
    )


def test_two_tokens_are_two_agents_and_one_token_is_one(models: Gateway) -> None:
    first, second = token(models, "ada"), token(models, "bob")
    made: list[str] = []

    async def claim(client: Client) -> None:
        made.append((await call(client, "add_task", title="For one"))["task"]["key"])
        await call(client, "claim_task", key=made[0])

    async def refused(client: Client) -> None:
        result = await client.call_tool("claim_task", {"key": made[0]})
        assert result.is_error
        assert "ada" in str(result.content)

    async def again(client: Client) -> None:
        assert (await call(client, "heartbeat"))["yours"] == made

    session(models, first, claim)
    session(models, second, refused)
    session(models, first, again)


def test_who_listens_is_told_that_tasks_changed(models: Gateway) -> None:
    async def act(client: Client) -> None:
        async with client.listen(resource_subscriptions=["kanban://tasks"]) as events:
            added = ("task", "add", "Heard of")
            await anyio.to_thread.run_sync(lambda: run_program(*added, folder=models.repo.path))
            async for event in events:
                assert getattr(event, "uri", "") == "kanban://tasks"
                break

    session(models, token(models, "listener"), act)


def test_strangers_are_refused_as_at_the_other_doors(models: Gateway) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepts = {"accept": "application/json, text/event-stream"}

    def kind(**headers: str | None) -> str:
        return models.ask("POST", "/mcp", asked, **accepts, **headers).kind

    assert kind(authorization=None) == "no-token"
    assert kind(authorization="Bearer x") == "no-token"
    assert kind(**models.key(token(models, "reader", Scope.READ))) == "scope"
    assert kind(host="evil.example") == "other-host"
    assert kind(origin="http://evil.example") == "other-origin"
    assert models.ask("POST", "/mcp", {"x": "y" * 70_000}).kind == "too-large"
    assert models.ask("GET", "/other").kind == "no-such-path"
    refused = run_program("mcp", "--http", "0.0.0.0:0", folder=models.repo.path)
    assert "--http 0.0.0.0:0 lets" in refused.err
    assert "--allow-remote" in refused.err
    port = f"127.0.0.1:{models.port}"
    taken = run_program("mcp", "--http", port, folder=models.repo.path)
    assert "another port with --http" in taken.err
    assert "Traceback" not in models.errors


class Told:
    """Servers of agents that tell when they begin and end."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    def make(self, agent: str) -> Starlette:
        @asynccontextmanager
        async def alive(_app: Starlette) -> AsyncIterator[None]:
            self.queue.put_nowait(f"{agent} begins")
            yield
            self.queue.put_nowait(f"{agent} ends")

        def answer(_request: Request) -> Response:
            return PlainTextResponse(agent)

        return Starlette(routes=[Route("/mcp", answer)], lifespan=alive)

    async def next(self, count: int) -> list[str]:
        """Return what is told next, in any order."""
        async with asyncio.timeout(PATIENCE):
            return sorted([await self.queue.get() for _ in range(count)])


async def ask(many: Many, holder: Token) -> bytes:
    """Ask for something with a token."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "GET", "path": "/mcp", "headers": []}
    await many({**scope, "state": {"token": holder}}, receive, send)
    return bytes(sent[-1]["body"])


def test_a_session_ends_with_its_token_and_when_nobody_asks(tmp_path: Path) -> None:
    tokens = Tokens(StateFolder(tmp_path / "state"), "shop")
    for name in ("ada", "bob"):
        tokens.add(name, Scope.WRITE)
    ada, bob = tokens.all()

    async def act() -> None:
        told = Told()
        many = Many(told.make, tokens, idle=0.05)
        heard = [await ask(many, each) for each in (ada, ada, bob)]
        assert heard == [b"ada", b"ada", b"bob"]
        assert await told.next(4) == ["ada begins", "ada ends", "bob begins", "bob ends"]
        assert await ask(many, ada) == b"ada"
        assert await told.next(2) == ["ada begins", "ada ends"]
        kept = Many(told.make, tokens, idle=3600)
        await ask(kept, ada)
        assert await told.next(1) == ["ada begins"]
        kept.end()
        assert await told.next(1) == ["ada ends"]

    asyncio.run(act())


def test_who_asks_while_a_session_ends_begins_one_that_lasts(tmp_path: Path) -> None:
    tokens = Tokens(StateFolder(tmp_path / "state"), "shop")
    tokens.add("ada", Scope.WRITE)
    (ada,) = tokens.all()

    async def act() -> None:
        told, may_end = Told(), asyncio.Event()

        def make(agent: str) -> Starlette:
            app = told.make(agent)
            begin = app.router.lifespan_context

            @asynccontextmanager
            async def slow(_app: Starlette) -> AsyncIterator[None]:
                async with begin(app):
                    yield
                    told.queue.put_nowait(f"{agent} is about to end")
                    await may_end.wait()

            app.router.lifespan_context = slow
            return app

        many = Many(make, tokens, idle=0.05)
        await ask(many, ada)
        assert await told.next(2) == ["ada begins", "ada is about to end"]
        many._idle = 3600  # noqa: SLF001 - the next one is to last
        await ask(many, ada)
        assert await told.next(1) == ["ada begins"]
        may_end.set()
        assert await told.next(1) == ["ada ends"]
        await ask(many, ada)
        many.end()
        assert await told.next(2) == ["ada ends", "ada is about to end"]

    asyncio.run(act())


def test_the_details_of_a_bug_are_where_the_output_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gates: list[Gate] = []

    def keep(gate: Gate, door: Door, *_others: object) -> None:
        door.on.close()
        gates.append(gate)

    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    monkeypatch.chdir(shop(tmp_path / "shop").path)
    monkeypatch.setattr(program, "serve", keep)
    program.command.main(["--http", "127.0.0.1:0"], standalone_mode=False)

    async def broken(*_arguments: object) -> None:
        raise RuntimeError

    async def act() -> None:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        head = {"method": "GET", "path": "/", "headers": [(b"host", b"localhost")], "state": {}}
        await gates[0]({"type": "http", **head}, receive, send)
        assert sent[0]["status"] == 500

    monkeypatch.setattr(Many, "__call__", broken)
    asyncio.run(act())
    said = capsys.readouterr().err
    assert "RuntimeError, which is a bug; the details are in " in said
    assert "Traceback" in Path(said.rpartition(" in ")[2].strip()).read_text()


def test_a_token_that_is_taken_back_ends_its_session(tmp_path: Path) -> None:
    tokens = Tokens(StateFolder(tmp_path / "state"), "shop")
    tokens.add("ada", Scope.WRITE)
    (ada,) = tokens.all()
    tokens.remove("ada")

    async def act() -> None:
        told = Told()
        await ask(Many(told.make, tokens, idle=3600), ada)
        assert await told.next(2) == ["ada begins", "ada ends"]

    asyncio.run(act())
