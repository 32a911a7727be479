"""Who listens or waits hears of everything once, in order, also after a break."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from cli.program import run_program
from gateway.caller import WITHIN, Gateway, part, shop
from kanban_sync.agents.born import NewTask
from kanban_sync.agents.waiting import GOES_ON
from kanban_sync.app import Clone
from kanban_sync.core.errors import OtherDatabaseError, StoreAwayError, StoreError
from kanban_sync.doors.tokens import Scope, Tokens
from kanban_sync.gateway import news as telling
from kanban_sync.gateway.models import Beat
from kanban_sync.gateway.news import Message, News, Waiting
from kanban_sync.gateway.served import Served
from kanban_sync.gateway.stream import followed, number_of
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request


class Stream:
    """A connection that follows events."""

    def __init__(self, gateway: Gateway, query: str = "", *headers: str) -> None:
        lines = [
            f"GET /api/events/stream{query} HTTP/1.1",
            f"Host: 127.0.0.1:{gateway.port}",
            f"Authorization: Bearer {gateway.token}",
            *headers,
        ]
        self.socket: socket.socket = gateway.raw("\r\n".join([*lines, "", ""]).encode())
        self._file = self.socket.makefile("rb")

    def blocks(self, count: int) -> list[dict[str, str]]:
        """Return what comes until there are so many events, as names and values."""
        found: list[dict[str, str]] = []
        block: dict[str, str] = {}
        until = time.monotonic() + 2 * WITHIN
        while len(found) < count:
            assert time.monotonic() < until, found
            line = self._file.readline().decode()
            assert line, "the stream ended"
            name, _, value = line.rstrip("\r\n").partition(": ")
            if name in {"id", "data", "event"}:
                block[name] = value
            elif not name and "data" in block:
                found.append(block)
                block = {}
        return found

    def close(self) -> None:
        self._file.close()
        self.socket.close()


def add(gateway: Gateway, *names: str) -> None:
    for name in names:
        assert gateway.post("tasks", {"title": name, "id": name}).status == 201


def test_a_connection_that_was_cut_goes_on_where_it_was(gateway: Gateway) -> None:
    last = gateway.get("events").data["last"]
    stream = Stream(gateway, f"?since={last}")
    add(gateway, "cut-1", "cut-2")
    first = stream.blocks(2)
    stream.close()
    add(gateway, "cut-3", "cut-4")
    again = Stream(gateway, "?since=0", f"Last-Event-ID: {first[-1]['id']}")
    missed = again.blocks(2)
    add(gateway, "cut-5")
    live = again.blocks(1)
    again.close()
    told = [json.loads(each["data"]) for each in (*first, *missed, *live)]
    assert told == gateway.get(f"events?since={last}").data["events"]
    assert [each["id"] for each in told] == [last + number for number in range(1, 6)]
    assert [int(each["id"]) for each in (*first, *missed, *live)] == [each["id"] for each in told]


def test_what_others_do_is_told_too(gateway: Gateway) -> None:
    stream = Stream(gateway, f"?since={gateway.get('events').data['last']}")
    stream.socket.settimeout(30)
    by_command = ("task", "claim", "tidy-logs", "--agent", "ada")
    assert run_program(*by_command, folder=gateway.repo.path).code == 0
    [event] = stream.blocks(1)
    said = json.loads(event["data"])
    assert (said["kind"], said["key"]) == ("claimed", "tasks-md:tidy-logs")
    stream.close()


def test_an_event_of_another_database_is_none_of_this_one(gateway: Gateway) -> None:
    stream = Stream(gateway, "?since=2000000000")
    [told] = stream.blocks(1)
    assert told["event"] == "resume"
    assert told["id"] == str(gateway.get("events").data["last"])
    stream.close()
    assert gateway.get("events/stream", last_event_id="x").kind == "invalid"
    assert gateway.get("events/stream?since=-1").kind == "invalid"


def test_who_waits_for_a_task_has_it_as_soon_as_there_is_one(gateway: Gateway) -> None:
    heard: list[object] = []
    waits: list[Callable[[], object]] = [
        lambda: heard.append(gateway.get("tasks/ready?tag=late&wait=50").data["tasks"][0]["key"]),
        lambda: heard.append(gateway.post("claims", {"tags": ["later"], "wait": 50}).data["key"]),
    ]
    threads = [threading.Thread(target=each) for each in waits]
    began = time.monotonic()
    for each in threads:
        each.start()
    assert gateway.get("tasks/ready?tag=late&wait=0.2").data == {"tasks": []}
    assert gateway.post("claims", {"tags": ["later"], "wait": 0.2}).status == 204
    for tag in ("late", "later"):
        gateway.post("tasks", {"title": tag, "id": tag, "tags": [tag]})
    for each in threads:
        each.join(60)
    assert sorted(map(str, heard)) == ["db:late", "db:later"]
    assert time.monotonic() - began < 40
    assert gateway.get(f"tasks/{part('db:later')}").data["status"] == "in_progress"


def test_who_waits_gets_nothing_once_the_token_is_taken_back(gateway: Gateway) -> None:
    tokens = Tokens(StateFolder(gateway.repo.path / ".git" / "kanban-sync"), "shop")
    bot = gateway.key(tokens.add("bot", Scope.WRITE))
    claim: dict[str, object] = {"tags": ["for-bot"], "wait": 50}
    with ThreadPoolExecutor(2) as pool:
        before = _listeners(gateway)
        waiting = [
            pool.submit(gateway.post, "claims", claim, **bot),
            pool.submit(gateway.get, "tasks/ready?tag=for-bot&wait=50", **bot),
        ]
        ends = time.monotonic() + WITHIN
        while _listeners(gateway) < before + 2:
            assert time.monotonic() < ends
            time.sleep(0.05)
        tokens.remove("bot")
        gateway.post("tasks", {"title": "For it", "id": "for-bot", "tags": ["for-bot"]})
        assert [each.result().kind for each in waiting] == ["no-token"] * 2
    assert gateway.get(f"tasks/{part('db:for-bot')}").data["status"] == "todo"


def _listeners(gateway: Gateway) -> int:
    said = gateway.ask("GET", "/metrics").body.decode()
    [line] = [each for each in said.splitlines() if each.startswith("kanban_sync_listeners ")]
    return int(line.split()[1])


def test_many_wait_and_others_are_served_meanwhile(gateway: Gateway) -> None:
    # More than there are threads.
    last = gateway.get("events").data["last"]
    waiting = [Stream(gateway, f"?since={last}") for _ in range(60)]
    assert gateway.get("project").status == 200
    add(gateway, "for-all")
    assert {each.blocks(1)[0]["id"] for each in waiting} == {str(last + 1)}
    for each in waiting:
        each.close()


# --- without a server ---------------------------------------------------------------------------


async def _next(parts: AsyncIterator[bytes]) -> bytes:
    async with asyncio.timeout(30):
        return await anext(parts)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(Clone(shop(tmp_path / "shop").path / ".git"))
    yield found
    found.close()


def test_who_looks_is_told_of_a_database_that_is_another_one_than_before(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    (served.clone.state.path / "database-used").write_text('["postgresql://old/shop", "1/2"]')
    served.forget()
    for _ in range(2):
        with served.looking():
            pass
        served.forget()
    [note] = served.notes()
    assert "worked with the task database postgresql://old/shop until now" in note
    assert capsys.readouterr().err.count("postgresql://old/shop") == 1


def test_who_falls_behind_is_told_to_read_the_table(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BEHIND", 3)

    async def act() -> None:
        news = News(served)
        parts = followed(served, news, None, lambda: True)
        assert (await _next(parts)).startswith(b"retry")
        with served.looking() as work:
            last = work.last_event()
        # It listens from its beginning, and has not come to look at what it heard.
        news.publish([Message(last + number, b"x") for number in range(1, 6)])
        assert await _next(parts) == b'id: %d\nevent: resume\ndata: {"since":%d}\n\n' % (last, last)
        with pytest.raises(StopAsyncIteration):
            await anext(parts)
        assert news.count == 0

    asyncio.run(act())


def test_another_database_is_followed_from_its_last_event(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(telling, "AGAIN", 0.01)
    database = served.clone.state.path / "tasks.db"

    def replace() -> int:
        for each in database.parent.glob("tasks.db*"):
            each.rename(each.with_name(f"old-{each.name}"))
        assert served.clone.database.make_anew(time.time())
        served.clone.refresh()
        with served.clone.work() as work:
            for number in range(50):
                work.add(NewTask(f"Task {number}"))
            return work.last_event()

    def claim() -> int:
        with served.changing() as work:
            claim = work.claim("tidy-logs", "ada").entry.claim
            assert claim
            return claim.token

    async def act() -> None:
        news = News(served)
        news.start()
        parts = followed(served, news, None, lambda: True, ping=0.05)
        while not (await _next(parts)).startswith(b":"):
            pass
        with served.looking() as work:
            known = work.last_event()
        last = await asyncio.to_thread(replace)
        [resume] = [each async for each in parts if not each.startswith(b":")]
        assert b"event: resume" in resume
        since = json.loads(resume.rpartition(b"data: ")[2])["since"]
        assert 0 < since <= last
        again = followed(served, news, since, lambda: True, ping=0.05)
        while not (await _next(again)).startswith(b":"):
            pass
        token = await asyncio.to_thread(claim)
        while b'"claimed"' not in await _next(again):
            pass
        # Who comes back with a number of the former one misses nothing; all numbers can be sent.
        late = followed(served, news, number_of(str(known)), lambda: True)
        assert (await _next(late)).startswith(b"retry")
        assert b'"task_created"' in await _next(late)
        assert number_of(str(since)) == since
        assert Beat(token=token).token == token
        news.end()

    asyncio.run(asyncio.wait_for(act(), 60))
    assert capsys.readouterr().err.count(f"kanban-sync: {GOES_ON}\n") >= 1


def test_a_line_that_says_nothing_is_sent_until_the_token_is_taken_back(served: Served) -> None:
    async def act() -> None:
        answers = [True, True, False]
        parts = followed(served, News(served), None, lambda: answers.pop(0), ping=0.01)
        found = [each async for each in parts]
        assert found[1:] == [b": nothing\n\n"] * 2

    asyncio.run(act())


class _Asking:
    """Somebody who asks, and does not hang up."""

    state = SimpleNamespace(ask_again=lambda: None)

    async def is_disconnected(self) -> bool:
        return False


def test_whoever_waits_by_http_outlasts_what_may_be_mended(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanban_sync.agents.waiting.AGAIN", 0.001)
    monkeypatch.setattr("kanban_sync.gateway.news.LOOK", 0.001)
    waiting = Waiting(served, News(served), cast("Request", _Asking()), None)

    def asked(seconds: float, *answers: str | StoreError | None) -> str | None:
        left = iter(answers)

        async def look(_: object) -> str | None:
            if isinstance(found := next(left, StoreAwayError("for good")), StoreError):
                raise found
            return found

        return asyncio.run(waiting.wait(look, seconds))

    away = StoreAwayError("The connection was lost.")
    assert asked(60, away, away, None, StoreError("A right lacks."), "found") == "found"
    with pytest.raises(StoreAwayError, match="was lost"):
        asked(0, away)
    with pytest.raises(StoreAwayError, match="for good"):
        asked(0.01, None)
    with pytest.raises(OtherDatabaseError):
        asked(60, None, OtherDatabaseError("tasks.db"), "found")
