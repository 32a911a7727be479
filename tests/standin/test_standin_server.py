"""The stand-in as a server: what a test sees of it, stopping, restarting, a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from kanban_sync.standin.server import Standin
from standin.rooms import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DEADLINE = 20


def test_a_test_sees_each_request_and_may_forget_them() -> None:
    with Standin() as standin:
        httpx.get(f"{standin.url}/api/bootstrap?x=1")
        httpx.post(f"{standin.url}/api/nosuch")
        seen = standin.requests
        standin.clear_log()

        assert seen == [("GET", "/api/bootstrap"), ("POST", "/api/nosuch")]
        assert standin.requests == []


def test_each_answer_waits_as_long_as_was_asked() -> None:
    with Standin() as standin, httpx.Client(base_url=standin.url) as client:
        client.get("/api/bootstrap")
        standin.delay = 0.25
        began = time.monotonic()
        client.get("/api/bootstrap")

        assert time.monotonic() - began >= 0.25


def test_a_stopped_server_cuts_its_connections() -> None:
    with Standin() as standin, httpx.Client(base_url=standin.url) as client:
        client.get("/api/bootstrap").raise_for_status()
        standin.__exit__(None, None, None)

        with pytest.raises(httpx.TransportError):
            client.get("/api/bootstrap")


def test_a_server_that_comes_back_still_knows_everything() -> None:
    with Standin() as before, Room.open(before) as room:
        card = room.card()
    with Standin(state=before.state, port=before.port) as after:
        key = {"X-Api-Key": before.api_key}
        found = httpx.get(f"{before.url}/api/cards/{card['id']}", headers=key).json()["item"]

    assert after.url == before.url
    assert found == {**card, "isSubscribed": False}


def test_the_key_of_the_administrator_can_be_chosen() -> None:
    with Standin(api_key="abcdefgh_chosen") as standin:
        me = httpx.get(f"{standin.url}/api/users/me", headers={"X-Api-Key": "abcdefgh_chosen"})

        assert me.json()["item"]["role"] == "admin"
        assert me.json()["item"]["apiKeyPrefix"] == "abcdefgh"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "kanban_sync.standin", "--port", "0", "--api-key", "a_key"]
    files = ["--port-file", str(tmp_path / "port"), "--log", str(tmp_path / "log")]
    with subprocess.Popen(
        [*command, *files],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        running.terminate()


def test_a_process_of_its_own_tells_where_it_listens_and_what_it_was_asked(
    process: subprocess.Popen[str],
    tmp_path: Path,
) -> None:
    assert process.stdout
    url, key = process.stdout.readline().strip(), process.stdout.readline().strip()

    me = httpx.get(f"{url}/api/users/me", headers={"X-Api-Key": key}, timeout=DEADLINE)

    assert me.json()["item"]["role"] == "admin"
    assert key == "a_key"
    assert url.endswith(f":{(tmp_path / 'port').read_text().strip()}")
    assert (tmp_path / "log").read_text() == "GET /api/users/me\n"
