"""Whatever answers at the board's URL, or does not: the message names it, and what to do now."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from boards.canned import Canned, CannedServer
from boards.tunnel import Tunnel
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client, Conduct
from kanban_sync.boards.planka.meeting import is_known, meet
from kanban_sync.core.errors import (
    BoardError,
    BoardUnreachableError,
    KanbanSyncError,
    RightsError,
    SignInError,
)
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "prefix12_0123456789abcdef0123456789abcdef"
QUICK = Conduct(timeout=20.0, pause=0.001)
PAGE = Canned(body=b"<html><title>Planka</title></html>", kind="text/html; charset=utf-8")
SET_URL = "set the board's URL (PLANKA_URL, planka.url)"


def said(answer: object, status: int = 200) -> Canned:
    return Canned(status, json.dumps(answer).encode())


def page(status: int, title: str) -> Canned:
    body = f"<html><head><title>{title}</title></head></html>".encode()
    return Canned(status, body, "text/html")


def away(location: str) -> Canned:
    return Canned(302, b"", "text/html", {"Location": location})


def heard(url: str, ids: dict[str, str] | None = None) -> KanbanSyncError:
    """Return the error of a sync's first look at a board."""
    with Client(url, KEY, QUICK) as client, pytest.raises(KanbanSyncError) as caught:
        PlankaBoard(client, "Project", "Board", ids).read({})
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


VERSION_1 = {"/api/config": said({"item": {"allowAllToCreateProjects": True}})}
PREVIEW = {"/api/config": said({"item": {"version": "2.0.0-rc.4"}})}
OLD = {"/api/bootstrap": said({"item": {"version": "1.99.0"}})}
WEB_PAGE = "with a web page instead of data (200, a web page titled 'Planka')"
PROXY = "(401, a web page titled 'Who are you?'): a proxy that wants a sign-in of its own"


@pytest.mark.parametrize(
    ("paths", "otherwise", "kind", "says"),
    [
        (VERSION_1, PAGE, BoardError, ["runs Planka 1,", "too old", "upgrade"]),
        (VERSION_1, said({}, 401), BoardError, ["runs Planka 1,", "too old", "upgrade"]),
        (PREVIEW, PAGE, BoardError, ["runs Planka 2.0.0-rc.4,", "too old", "upgrade"]),
        (OLD, PAGE, BoardError, ["runs Planka 1.99.0,", "too old", "upgrade"]),
        ({}, PAGE, BoardError, [WEB_PAGE, SET_URL]),
        ({}, page(404, "Nothing here"), BoardError, ["titled 'Nothing here'", SET_URL]),
        ({}, page(502, "Bad gateway"), BoardUnreachableError, ["'Bad gateway'", "whether it runs"]),
        ({}, page(500, "Oops"), BoardUnreachableError, ["titled 'Oops'", "whether it runs"]),
        ({}, page(401, "Who are you?"), BoardError, [PROXY, "/api pass without it"]),
        ({}, said([]), BoardError, ["no object", SET_URL]),
        ({}, said({"ok": True}), BoardError, ["not as a Planka does"]),
        ({}, said({}, 404), BoardError, ["not found", SET_URL]),
        ({}, said({}, 403), BoardError, ["not as a Planka does", SET_URL]),
        ({}, said({"message": "tea"}, 418), BoardError, ["418 tea", SET_URL]),
        ({}, said({}, 401), BoardError, ["wants a credential before", SET_URL]),
        ({}, Canned(body=b"[" * 200_000), BoardError, ["nested far too deeply", SET_URL]),
        ({}, Canned(body=b'{"item":'), BoardUnreachableError, ["cut off", "log"]),
        ({}, away("https://id.example.org?s=1"), BoardError, ["id.example.org,", "sign-in page"]),
        ({}, away("/login?next=x"), BoardError, ["/login,", "sign-in page", "pass without it"]),
        ({}, away("/elsewhere"), BoardError, ["/elsewhere,", SET_URL]),
    ],
    ids=[
        "1", "1-unauthorized", "rc", "1.99", "page", "404-page", "502", "500-page", "proxy-sign-in",
        "array", "other-json", "404", "403", "418", "401", "nested", "cut", "sso", "login", "moved",
    ],
)  # fmt: skip
@pytest.mark.parametrize("ids", [{}, {"board": "1", "project": "2"}], ids=["first", "later"])
def test_what_answers_is_told_with_what_to_do(
    paths: dict[str, Canned],
    otherwise: Canned,
    kind: type[KanbanSyncError],
    says: list[str],
    ids: dict[str, str],
) -> None:
    server = CannedServer(otherwise)
    server.by_path = paths
    with server:
        error = heard(server.url, ids)
    assert isinstance(error, kind)
    for each in (server.url, *says):
        assert each in str(error)


MINE = {"id": "7", "name": "Board", "projectId": "1"}


@pytest.mark.parametrize(
    ("projects", "boards", "says"),
    [
        ([{"id": KEY, "name": "Project"}], [], "an id is no number"),
        ([{"id": "1", "name": "Project"}], [{**MINE, "id": KEY}], "an id is no number"),
        ([{"id": "1", "name": "Project"}], [{**MINE, "id": 7}], "an id is no number"),
        ({KEY: 1}, [], "TypeError"),
    ],
)  # fmt: skip
def test_a_secret_that_a_server_sends_back_is_neither_shown_nor_kept(
    projects: object, boards: object, says: str
) -> None:
    server = CannedServer(said({"items": projects, "included": {"boards": boards}}))
    server.by_path = {"/api/bootstrap": said({"item": {"version": "2.1.1"}})}
    with server, Client(server.url, KEY, QUICK) as client:
        board = PlankaBoard(client, "Project", "Board")
        with pytest.raises(BoardError, match=says) as caught:
            board.read({})
    assert KEY not in f"{caught.value}{caught.value.__cause__}"
    assert KEY not in str(board.ids)


def test_a_redirect_to_https_names_the_url_to_set_and_is_not_followed() -> None:
    server = CannedServer(Canned())
    server.by_path = {
        path: away(f"https://planka.example.org/sub{path}")
        for path in ("/api/projects", "/api/bootstrap", "/api/config")
    }
    with server:
        error = heard(server.url)
    assert str(error).endswith("to https://planka.example.org/sub")
    assert {path for _, path, _ in server.seen} == set(server.by_path)


@pytest.mark.parametrize("nowhere", ["http://[::1/x", "https://[x]/"])
def test_a_redirect_to_what_is_no_address_is_told(nowhere: str) -> None:
    with CannedServer(away(nowhere)) as server:
        error = heard(server.url, {"board": "1"})
    assert "/api/bootstrap on to what is no address; set the board's URL" in str(error)


@pytest.mark.parametrize("elsewhere", ["mailto:me@example.org", "http://xn--a/x", "//"])
def test_a_redirect_to_anywhere_is_told_as_one(elsewhere: str) -> None:
    with CannedServer(away(elsewhere)) as server:
        error = heard(server.url, {"board": "1"})
    assert f"{server.url} sends GET /api/bootstrap on to " in str(error)


def test_a_board_that_is_not_seen_is_gone_or_not_for_this_account() -> None:
    with Standin() as server, Client(server.url, server.api_key) as client:
        board = PlankaBoard(client, "Project", "Board", {"board": "1", "project": "2"})
        with pytest.raises(RightsError) as caught:
            board.read({})
    for each in (
        "'Board' of project 'Project'",
        server.url,
        "is gone, or this account is no member",
    ):
        assert each in str(caught.value)
    assert "add the account as an editor" in str(caught.value)


def test_a_key_that_a_good_planka_does_not_take_is_at_fault_itself() -> None:
    with Standin() as server:
        assert isinstance(heard(server.url), SignInError)


@pytest.mark.parametrize("path", ["", "/sub", "/sub/path"])
def test_a_planka_below_a_path_is_found_there(path: str) -> None:
    server = CannedServer(PAGE)
    server.by_path = {f"{path}/api/bootstrap": said({"item": {"version": "2.1.1"}})}
    with server, Client(f"{server.url}{path}", KEY) as client:
        assert meet(client) == "2.1.1"


@pytest.mark.parametrize(
    ("wrong", "right"), [("/sub/boards/1", "/sub"), ("/boards", ""), ("/a/b", "")]
)
def test_a_url_with_too_long_a_path_is_answered_with_the_right_one(wrong: str, right: str) -> None:
    server = CannedServer(PAGE)
    server.by_path = {f"{right}/api/bootstrap": said({"item": {"version": "2.1.1"}})}
    with server:
        error = heard(f"{server.url}{wrong}")
    assert f"but one does at {server.url}{right};" in str(error)


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("2.0.0", True),
        ("2.1.1", True),
        ("3.0.0-beta.1", True),
        ("10.0", True),
        ("2.0.0-rc.4", False),
    ]
    + [(version, False) for version in ("1.26.2", "1", "", "x", "v2.0.0", "-2")],
)
def test_versions_from_2_0_0_on_fit(version: str, fits: bool) -> None:
    assert is_known(version) is fits


# --- nobody there ---------------------------------------------------------------------------------


def test_a_port_at_which_nothing_listens_is_told_from_a_name_without_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    refused = heard(url)
    assert f"{url} cannot be reached: nothing listens there. Does Planka run" in str(refused)

    def no_address(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    unknown = heard("https://planka.invalid")
    assert "https://planka.invalid cannot be reached: planka.invalid has no address" in str(unknown)
    assert {type(refused).exit_code, type(unknown).exit_code} == {2}


def test_silence_is_told_from_a_refusal() -> None:
    server = CannedServer(Canned(silent=True))
    conduct = Conduct(timeout=0.2, tries=1)
    with server, Client(server.url, KEY, conduct) as client:
        with pytest.raises(BoardUnreachableError) as caught:
            PlankaBoard(client, "Project", "Board").read({})
        assert f"{server.url} did not answer in time to GET /api/projects" in str(caught.value)


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust certificates of the authority, as people do who have one of their own."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@contextmanager
def shown(certificate: trustme.LeafCert) -> Iterator[CannedServer]:
    """Serve as a Planka that shows this certificate."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(tls)
    with CannedServer(said({"item": {"version": "2.1.1"}}), tls=tls) as server:
        yield server


def test_a_certificate_of_an_authority_that_is_known_here_is_good(
    authority: trustme.CA, trusted: None
) -> None:
    with shown(authority.issue_cert("127.0.0.1")) as server, Client(server.url, KEY) as client:
        assert meet(client) == "2.1.1"


@pytest.mark.parametrize(("direct", "tunnels"), [("", 1), ("127.0.0.1", 0), ("*", 0)])
def test_the_way_out_is_through_the_proxy_of_the_environment_which_learns_only_where_to(
    authority: trustme.CA,
    trusted: None,
    monkeypatch: pytest.MonkeyPatch,
    direct: str,
    tunnels: int,
) -> None:
    with Tunnel() as proxy, shown(authority.issue_cert("127.0.0.1")) as server:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", direct)
        with Client(f"{server.url}/sub", KEY) as client:
            client.send(api.find_cards("1", "some words"))
    host = server.url.removeprefix("https://")
    assert [each.partition("\n")[0] for each in proxy.seen] == (
        [f"CONNECT {host} HTTP/1.1"] * tunnels
    )
    assert not any("api" in each or KEY in each for each in proxy.seen)
    [(method, path, headers)] = server.seen
    assert (method, path) == ("GET", "/sub/api/lists/1/cards?search=some+words")
    assert (headers["host"], headers["x-api-key"]) == (host, KEY)


LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2190, 1, 1, tzinfo=UTC)
OTHER_NAME = "is not for 127.0.0.1; use the name for which it was made"


@pytest.mark.parametrize(
    ("name", "since", "until", "says"),
    [
        ("127.0.0.1", LONG_AGO, LONG_AGO, "has expired; renew it"),
        ("127.0.0.1", FAR_OFF, FAR_OFF, "is not valid yet; is the clock of this machine right"),
        (
            "planka.example.org",
            LONG_AGO,
            FAR_OFF,
            "is not for 127.0.0.1; use the name for which it was made",
        ),
        (
            "127.0.0.2",
            LONG_AGO,
            FAR_OFF,
            "is not for 127.0.0.1; use the name for which it was made",
        ),
    ],
    ids=["expired", "not-yet", "other-host", "other-address"],
)
def test_a_certificate_that_is_not_good_is_told_and_nothing_is_sent(
    authority: trustme.CA, trusted: None, name: str, since: datetime, until: datetime, says: str
) -> None:
    certificate = authority.issue_cert(name, not_before=since, not_after=until)
    with shown(certificate) as server:
        error = heard(server.url)
    assert isinstance(error, BoardError)
    assert f"{server.url} is not trusted, and nothing was sent: its certificate {says}" in str(
        error
    )
    assert server.seen == []


def test_a_certificate_that_nobody_known_has_signed_is_told_and_how_to_trust_it() -> None:
    with shown(trustme.CA().issue_cert("127.0.0.1")) as server:
        error = heard(server.url)
    assert "is signed by nobody who is known here; if it is your own, set SSL_CERT_FILE" in str(
        error
    )
    assert server.seen == []


def test_a_port_that_speaks_no_tls_is_told() -> None:
    with CannedServer(Canned()) as server:
        error = heard(server.url.replace("http:", "https:"))
    assert "no TLS is spoken there. Is the port right?" in str(error)
