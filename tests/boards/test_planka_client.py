"""Each answer becomes the right error, and the key goes to one origin only."""

from __future__ import annotations

import gzip
import json
import socket
from dataclasses import replace
from email.utils import formatdate

import pytest

from boards.canned import Canned, CannedServer
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.answers import NotThereError, StrangeError
from kanban_sync.boards.planka.client import Client, Conduct, checked_url, is_loopback
from kanban_sync.core.errors import (
    BoardError,
    BoardUnreachableError,
    KanbanSyncError,
    LostLeaseError,
    RefusedError,
    RightsError,
    SetupError,
    SignInError,
)
from kanban_sync.sync.board_lease import Times
from kanban_sync.sync.runner import Patience

KEY = "prefix12_0123456789abcdef0123456789abcdef"
QUICK = Conduct(timeout=5.0, pause=0.001)
GET = api.Request("GET", "/api/boards/1")
POST = api.Request("POST", "/api/lists/1/cards", {"name": "words of a person"})


def refused(status: int, **body: object) -> Canned:
    return Canned(status, json.dumps({"code": "E_X", **body}).encode())


def failing(server: CannedServer, request: api.Request, conduct: Conduct = QUICK) -> Exception:
    """Return the error of a request; its text must not hold the key nor people's words."""
    with (
        server,
        Client(server.url, KEY, conduct) as client,
        pytest.raises(KanbanSyncError) as caught,
    ):
        client.send(request)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert KEY not in f"{chain}{chain!r}"
        assert "words of a person" not in str(chain)
        chain = chain.__cause__
    return caught.value


# --- answers --------------------------------------------------------------------------------------


def test_an_answer_is_the_json_of_its_body() -> None:
    with CannedServer(Canned(body=b'{"item":{"id":"1"}}')) as server, Client(server.url, KEY) as it:
        assert it.send(POST) == {"item": {"id": "1"}}
        method, path, headers = server.seen[0]
    assert (method, path, json.loads(headers["body"])) == ("POST", "/api/lists/1/cards", POST.body)
    assert headers["x-api-key"] == KEY
    assert "authorization" not in headers


def test_a_packed_answer_is_unpacked() -> None:
    packed = Canned(body=gzip.compress(b'{"items":[]}'), headers={"Content-Encoding": "gzip"})
    with CannedServer(packed) as server, Client(server.url, KEY) as client:
        assert client.send(GET) == {"items": []}


def test_what_exists_already_is_what_was_wanted() -> None:
    with CannedServer(refused(409)) as server, Client(server.url, KEY) as client:
        assert client.send(POST) == {}


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (refused(400, problems=['Invalid "name":\n  · too long']), RefusedError, "· too long"),
        (refused(400, problems=None, message="no"), RefusedError, "no"),
        (Canned(400, b"", "text/plain"), RefusedError, "too large"),
        (refused(401), SignInError, "PLANKA_API_KEY"),
        (refused(403, message="Not enough rights"), RightsError, "Not enough rights"),
        (refused(404, message="Card not found"), NotThereError, "Card not found"),
        (refused(404), NotThereError, "not found"),
        (refused(422, message="Position must be present"), RefusedError, "Position"),
        (refused(418, message="tea"), StrangeError, "418 tea"),
        (Canned(201), StrangeError, "201"),
        (Canned(body=b"<html></html>", kind="text/html"), StrangeError, "web page"),
        (Canned(body=b"[]"), StrangeError, "no object"),
        (Canned(body=b"[" * 200_000), StrangeError, "nested far too deeply"),
        (Canned(body=b"[" * 200_000, status=400), RefusedError, "invalid"),
        (Canned(body=b"[1", status=404), NotThereError, "not found"),
        (Canned(body=b'"x"', status=400), RefusedError, "invalid"),
    ],
)
def test_each_answer_becomes_the_error_of_whose_fault_it_is(
    answer: Canned, kind: type[Exception], says: str
) -> None:
    server = CannedServer(answer)
    error = failing(server, POST)
    assert type(error) is kind
    assert says in str(error)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Canned(500, b"Internal Server Error", "text/plain"),
        Canned(502, b"", "text/html"),
        refused(503),
        refused(504),
        Canned(body=b'{"item":', cut=True),
        Canned(body=b'{"item":'),
        Canned(body=b'{"item":"\xff"}'),
        Canned(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
        Canned(body=gzip.compress(b'{"items":[]}')[:9], headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "502", "503", "504", "cut", "half", "no-utf-8", "no-gzip", "half-gzip"],
)
def test_what_may_pass_is_asked_again_but_never_posted_again(answer: Canned) -> None:
    server = CannedServer(answer)
    assert isinstance(failing(server, GET), BoardUnreachableError)
    assert len(server.seen) == QUICK.tries
    server = CannedServer(answer)
    assert isinstance(failing(server, POST), BoardUnreachableError)
    assert [method for method, _, _ in server.seen].count("POST") == 1


def test_a_server_that_recovers_is_heard() -> None:
    server = CannedServer(refused(503), refused(502), Canned())
    with server, Client(server.url, KEY, QUICK) as client:
        assert client.send(GET) == {"item": {}}


def test_a_server_that_does_not_answer_is_given_up() -> None:
    conduct = replace(QUICK, timeout=0.1, tries=1)
    error = failing(CannedServer(Canned(silent=True)), GET, conduct)
    assert isinstance(error, BoardUnreachableError)
    assert "in time" in str(error)


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with (
        Client(f"http://127.0.0.1:{port}", KEY, QUICK) as client,
        pytest.raises(BoardUnreachableError, match=f"127.0.0.1:{port} cannot be reached"),
    ):
        client.send(GET)


def date(seconds: float) -> str:
    """Return a time of HTTP, so many seconds after noon of a day long ago."""
    return formatdate(1_000_000_000 + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("asked", "tries"),
    [
        ("0", 3),
        ("-5", 3),
        ("3600", 1),
        ("inf", 1),
        ("nan", 3),
        ("Wed, 21 Oct 2026", 3),
        ("soon", 3),
        (date(0), 3),
        (date(-60), 3),
        (date(3600), 1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_pause_that_a_server_asks_for_is_kept_if_it_is_short(
    asked: str, tries: int, status: int
) -> None:
    headers = {"Retry-After": asked, "Date": date(0)}
    server = CannedServer(replace(refused(status), headers=headers))
    assert isinstance(failing(server, GET), BoardUnreachableError)
    assert len(server.seen) == tries


@pytest.mark.parametrize("asked", ["0.2", date(1)])
def test_no_try_comes_before_the_server_wants_it(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kanban_sync.boards.planka.client.time.sleep", pauses.append)
    busy = replace(refused(429), headers={"Retry-After": asked, "Date": date(0)})
    server = CannedServer(busy, Canned())
    with server, Client(server.url, KEY, QUICK) as client:
        assert client.send(GET) == {"item": {}}
    assert pauses == [1.0 if asked == date(1) else 0.2]


def test_pauses_grow_and_differ_from_client_to_client(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kanban_sync.boards.planka.client.time.sleep", pauses.append)
    conduct = Conduct(tries=4, pause=1.0)
    for _ in range(2):
        failing(CannedServer(refused(503)), GET, conduct)
    for first, second, third in (pauses[:3], pauses[3:]):
        assert 0.5 <= first <= 1.5
        assert 1.0 <= second <= 3.0
        assert 2.0 <= third <= 6.0
    assert len(set(pauses)) == len(pauses)


def test_what_was_not_even_looked_at_may_be_posted_again() -> None:
    server = CannedServer(refused(429), Canned())
    with server, Client(server.url, KEY, QUICK) as client:
        assert client.send(POST) == {"item": {}}
    assert len(server.seen) == 2


def test_an_answer_that_drips_is_given_up() -> None:
    conduct = replace(QUICK, slowest=0.3, tries=1)
    error = failing(CannedServer(Canned(drips=True)), GET, conduct)
    assert isinstance(error, BoardUnreachableError)
    assert "GET /api/boards/1 so slowly" in str(error) or "did not answer in time" in str(error)


def test_what_was_sent_to_a_server_that_drips_is_looked_for_and_not_sent_again() -> None:
    conduct = replace(QUICK, slowest=0.3)
    looks: list[int] = []
    with (
        CannedServer(Canned(drips=True)) as server,
        Client(server.url, KEY, conduct) as client,
        pytest.raises(BoardUnreachableError),
    ):
        client.make(POST, lambda: looks.append(1))
    assert len(server.seen) == 1
    assert len(looks) == conduct.tries - 1


def test_the_tries_of_a_request_end_before_a_sync_is_given_up() -> None:
    conduct = Conduct()
    pauses = sum(conduct.pause * 2.0**number * 1.5 for number in range(conduct.tries - 1))
    assert conduct.tries * conduct.slowest + pauses < Patience().deadline


def test_a_server_that_breaks_on_one_thing_only_refuses_that() -> None:
    server = CannedServer(Canned(500, b"Internal Server Error", "text/plain"))
    server.by_path["/api/users/me"] = Canned()
    error = failing(server, replace(POST, method="PATCH"))
    assert isinstance(error, RefusedError)
    assert [method for method, _, _ in server.seen] == ["PATCH"] * 3 + ["GET"]


def test_each_answer_is_told_so_that_deadlines_count_from_it() -> None:
    heard: list[int] = []
    server = CannedServer(refused(503), Canned())
    with server, Client(server.url, KEY, QUICK, lambda: heard.append(1)) as client:
        client.send(GET)
    assert heard == [1, 1]


def test_a_write_is_sent_only_after_it_was_let_through_and_so_is_each_repetition() -> None:
    letting, asked = [True, False], 0

    def may_write() -> None:
        nonlocal asked
        asked += 1
        if not letting.pop(0):
            raise LostLeaseError("not yours any more", "there:/b")

    put = api.Request("PATCH", "/api/cards/1", {"name": "words"})
    with (
        CannedServer(refused(503)) as server,
        Client(server.url, KEY, QUICK, may_write=may_write) as client,
    ):
        with pytest.raises(LostLeaseError):
            client.send(put)
        server.answers = [Canned()]
        client.send(GET)
        letting.append(False)
        with pytest.raises(LostLeaseError):
            client.make(POST, lambda: None)
    assert [method for method, _, _ in server.seen] == ["PATCH", "GET"]
    assert asked == 3


def test_a_lease_outlasts_whatever_request_was_sent_in_time() -> None:
    times = Times()
    assert times.lease - times.safe > Conduct().slowest
    assert times.renew < times.safe
    assert times.wait > times.lease


# --- the key --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_and_the_key_goes_nowhere_else(status: int) -> None:
    with CannedServer(Canned()) as other:
        away = Canned(status, b"", headers={"Location": f"{other.url}/api/boards/1"})
        server = CannedServer(away)
        error = failing(server, GET)
        assert isinstance(error, BoardError)
        assert other.url in str(error)
        assert other.seen == []
    assert len(server.seen) == 1


def test_no_proxy_gets_to_see_what_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with CannedServer(Canned()) as proxy, CannedServer(Canned()) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("all_proxy", proxy.url)
        with Client(server.url, KEY) as client:
            client.send(GET)
        assert proxy.seen == []


@pytest.mark.parametrize("around", ["\n", "\r\n", " ", "\t"])
def test_blanks_around_a_key_do_not_matter(around: str) -> None:
    with CannedServer(Canned()) as server, Client(server.url, f"{KEY}{around}") as client:
        client.send(GET)
        assert server.seen[0][2]["x-api-key"] == KEY


@pytest.mark.parametrize("key", [f"{KEY}\nX-Other: 1", f"{KEY}\u00e9", f"{KEY}\0", f"a {KEY}"])
def test_a_key_that_is_none_is_refused_without_telling_it(key: str) -> None:
    with pytest.raises(SetupError) as caught:
        Client("https://planka.example.org", key)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://planka.example.org", "https://"),
        ("HTTP://planka.example.org", "https://"),
        ("http://127.0.0.1.example.org", "https://"),
        ("http://10.0.0.1", "https://"),
        ("http://localhost.example.org", "https://"),
        ("planka.example.org", "https://"),
        ("ftp://planka.example.org", "https://"),
        ("https://", "https://"),
        ("https://me:secret@planka.example.org", "take it out"),
        ("https://me@planka.example.org", "take it out"),
        ("https://planka.example.org:99999", "Port"),
        ("https://[::1", "https://[::1"),
        ("https://a..b", "https://a..b"),
        (f"https://{'a' * 64}.example.org", "63"),
        ("https://xn--a", "https://xn--a"),
        ("https://☃.example.org", "☃.example.org"),
        (f"https://planka.example.org/{'a' * 70_000}", "too long"),
        ("https://planka.example.org/\x01", "no URL"),
        ("me:secret@planka.example.org", "take it out"),
        ("https://me:secret@a..b", "a..b"),
        ("https://me:se/secret@planka.example.org", "planka.example.org"),
        ("https://:@planka.example.org", "take it out"),
    ],
)
def test_a_url_to_which_no_key_may_go_is_refused(url: str, says: str) -> None:
    with pytest.raises(SetupError) as caught:
        Client(url, KEY)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://planka.example.org/", "https://planka.example.org"),
        (" https://planka.example.org/sub/ ", "https://planka.example.org/sub"),
        ("HTTPS://planka.example.org", "https://planka.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_a_url_is_written_in_one_way(url: str, checked: str) -> None:
    assert checked_url(url) == checked
    with Client(url, KEY) as client:
        assert client.url == checked


@pytest.mark.parametrize(
    ("host", "is_here"),
    [("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True)]
    + [(host, False) for host in ("10.0.0.1", "0.0.0.0", "example.org", "localhost.example.org")],
)
def test_this_machine_is_told_from_others(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here


# --- requests -------------------------------------------------------------------------------------


def test_a_request_is_named_without_its_body() -> None:
    assert str(POST) == "POST /api/lists/1/cards"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "POST"])
def test_only_a_post_must_not_be_repeated(method: str) -> None:
    assert api.Request(method, "/").is_repeatable is (method != "POST")
