"""Who waits for work by any door is known to the monitor, and is offered tasks alike."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
from click.testing import CliRunner

from cli.program import until
from gateway.caller import shop
from kanban_sync.agents.born import NewTask
from kanban_sync.agents.monitor import Monitor
from kanban_sync.app import Clone
from kanban_sync.cli.main import cli
from kanban_sync.core.assignment import Idle
from kanban_sync.core.order import ANY, Wanted
from kanban_sync.doors.tokens import Scope as Right
from kanban_sync.doors.tokens import Tokens
from kanban_sync.gateway.application import gateway
from kanban_sync.gateway.news import News
from kanban_sync.gateway.served import Served
from kanban_sync.mcp.held import HeldClaims
from kanban_sync.mcp.tools import Tools

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from starlette.types import Receive, Scope, Send

LONG = 50.0
URL = "http://127.0.0.1"


def by_command(_served: Served) -> dict[str, str]:
    words = ["task", "claim", "--next", "--agent", "command", "--tag", "late", "--wait", "50s"]
    done = CliRunner().invoke(cli, [*words, "--orchestrator", "o1", "--json"])
    return {"command": json.loads(done.stdout)["key"]}


def by_mcp(served: Served) -> dict[str, str]:
    tools = Tools(served.clone.top, "model", HeldClaims("model"))
    return {"model": tools.claim_task(tags=["late"], wait=LONG)["task"]["key"]}


def by_rest(served: Served) -> dict[str, str]:
    tokens = Tokens(served.clone.state, served.project)
    headers = {"authorization": f"Bearer {tokens.add('rest', Right.WRITE)}"}

    async def ask() -> dict[str, str]:
        news = News(served)
        news.start()
        app = gateway(served, news, tokens)

        async def called(scope: Scope, receive: Receive, send: Send) -> None:
            # A server gives each call a state of its own.
            await app({**scope, "state": {}}, receive, send)

        server = httpx.ASGITransport(app=called)
        claim = {"tags": ["late"], "wait": LONG, "orchestrator": "o1"}
        look: dict[str, str | float] = {"agent": "reader", "tag": "late", "wait": LONG}
        async with httpx.AsyncClient(transport=server, base_url=URL, headers=headers) as client:
            claimed, ready = await asyncio.gather(
                client.post("/api/claims", json=claim), client.get("/api/tasks/ready", params=look)
            )
        news.end()
        return {"rest": claimed.json()["key"], "reader": ready.json()["tasks"][0]["key"]}

    return asyncio.run(ask())


def test_whoever_waits_is_offered_tasks_by_whatever_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody looks but for an offer.
    monkeypatch.setattr("kanban_sync.agents.idleness.FIRST_CHOICE", LONG)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    repo = shop(tmp_path / "shop")
    monkeypatch.chdir(repo.path)
    served = Served(Clone(repo.path / ".git"))
    with served.changing() as work, ThreadPoolExecutor(4) as pool:
        work.register("o1", 2)
        monitor = Monitor(work, "one")
        assert monitor.round().leads
        waiting = [pool.submit(each, served) for each in (by_command, by_mcp, by_rest)]
        until(lambda: monitor.round().idle == 4)
        market = work.assigning.market(time.time(), 9)
        assert {each.wanted for each in market.idle} == {Wanted(tags=frozenset({"late"}))}
        of_whom = {each.agent: each.orchestrator for each in market.idle}
        assert of_whom == {"command": "o1", "rest": "o1", "model": "", "reader": ""}
        for number in range(4):
            work.add(NewTask(f"Late {number}", tags=("late",)))
        offered = {each.agent: str(each.key) for each in monitor.round().offered}
        got = [each.result(60) for each in waiting]
        assert {agent: key for each in got for agent, key in each.items()} == offered
        now = time.time()
        assert not work.assigning.market(now, 9).idle
        assert work.assigning.note_idle(Idle("eve", ANY, "o1", now, now), now)
        assert work.assigning.market(now, 9).load["o1"] == (2, 2)
    served.close()
