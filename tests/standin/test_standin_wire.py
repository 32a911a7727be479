"""Answers on the wire: packed, tagged, and found by paths that are spelled another way."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from typing import TYPE_CHECKING

import pytest

from kanban_sync.standin.server import Standin
from kanban_sync.standin.wire import tag_of
from standin.rooms import Room

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TAG = re.compile(r'W/"[0-9a-f]+-[A-Za-z0-9+/]{27}"')


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with Standin() as standin, Room.open(standin) as room:
        yield room


def fetch(
    room: Room,
    path: str,
    headers: Mapping[str, str],
) -> tuple[int, dict[str, str], bytes]:
    """Send a request whose headers are these alone, and take the answer as it comes."""
    connection = http.client.HTTPConnection("127.0.0.1", room.standin.port, timeout=20)
    connection.request("GET", path, headers={"X-Api-Key": room.standin.api_key, **headers})
    answer = connection.getresponse()
    named = {name.lower(): value for name, value in answer.getheaders()}
    body = answer.read()
    connection.close()
    return answer.status, named, body


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8", "*"])
def test_a_large_answer_is_packed_for_who_takes_it_so(room: Room, accepted: str) -> None:
    path = f"/api/boards/{room.board}"

    _, plain_headers, plain = fetch(room, path, {"Accept-Encoding": "identity"})
    _, headers, body = fetch(room, path, {"Accept-Encoding": accepted})

    assert headers["content-encoding"] == "gzip"
    assert "content-length" not in headers
    assert gzip.decompress(body) == plain
    assert headers["etag"] == plain_headers["etag"]
    assert plain_headers["content-length"] == str(len(plain))
    assert headers["vary"] == plain_headers["vary"] == "Accept-Encoding"


def test_a_small_answer_is_not_packed(room: Room) -> None:
    _, headers, body = fetch(room, "/api/bootstrap", {"Accept-Encoding": "gzip"})

    assert "content-encoding" not in headers
    assert json.loads(body)["item"]["version"] == "2.1.1"


@pytest.mark.parametrize("path", ["/api/bootstrap", "/api/cards/5", "/nosuch"])
def test_each_answer_has_a_tag_of_its_body(room: Room, path: str) -> None:
    _, headers, body = fetch(room, path, {})

    assert TAG.fullmatch(headers["etag"])
    assert headers["etag"] == tag_of(body)


@pytest.mark.parametrize(
    ("form", "control", "status"),
    [
        ("{}", "", 304),
        ("*", "", 304),
        ('"x", {}', "", 304),
        ('W/"x"', "", 200),
        ("{}", "no-cache", 200),
    ],
)
def test_a_body_that_the_client_has_is_not_sent_again(
    room: Room,
    form: str,
    control: str,
    status: int,
) -> None:
    path = f"/api/boards/{room.board}"
    tag = fetch(room, path, {})[1]["etag"]

    answer = fetch(room, path, {"If-None-Match": form.format(tag), "Cache-Control": control})

    assert (answer[0], answer[1]["etag"]) == (status, tag)
    assert (answer[2] == b"") is (status == 304)


def test_a_change_makes_another_tag(room: Room) -> None:
    path = f"/api/boards/{room.board}"
    tag = fetch(room, path, {})[1]["etag"]
    room.card()

    status, headers, _ = fetch(room, path, {"If-None-Match": tag})

    assert (status, headers["etag"] != tag) == (200, True)


def test_writes_and_refusals_are_never_unchanged(room: Room) -> None:
    refused = fetch(room, "/api/cards/5", {})[1]["etag"]
    client = room.owner.client

    assert fetch(room, "/api/cards/5", {"If-None-Match": refused})[0] == 404
    assert client.patch(
        f"/api/cards/{room.card()['id']}",
        json={},
        headers={"If-None-Match": "*"},
    ).json()["item"]


@pytest.mark.parametrize("path", ["/api/projects/", "/api/Projects", "/API/PROJECTS/"])
def test_neither_case_nor_a_slash_at_the_end_makes_another_path(room: Room, path: str) -> None:
    assert room.owner.get(path) == room.owner.get("/api/projects")


@pytest.mark.parametrize("path", ["/api/projects//", "/api/nosuch/"])
def test_an_unknown_path_stays_one(room: Room, path: str) -> None:
    assert room.owner.client.get(path).headers["content-type"].startswith("text/html")
