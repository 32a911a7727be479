"""Who is let in, as a table: what the head of a request says, and what is refused."""

from __future__ import annotations

import pytest

from kanban_sync.core.errors import SetupError
from kanban_sync.doors.gate import scopes_below
from kanban_sync.doors.rules import Asked, bad_body, called, name_of, refusal, stranger
from kanban_sync.doors.server import address_of
from kanban_sync.doors.tokens import Scope, Token

HERE = "127.0.0.1:7464"


@pytest.mark.parametrize(
    ("method", "hosts", "origins", "site", "session", "expected"),
    [
        # Programs: no origin, no cookie.
        ("GET", [HERE], [], "", False, ""),
        ("POST", [HERE], [], "", False, ""),
        ("GET", ["localhost"], [], "", False, ""),
        ("GET", ["[::1]:7464"], [], "", False, ""),
        ("GET", ["board.example.org"], [], "", False, ""),
        # DNS rebinding, and what is to look like a name of ours.
        ("GET", ["evil.example:7464"], [], "", False, "other-host"),
        ("GET", ["127.0.0.1.evil.example"], [], "", False, "other-host"),
        ("GET", ["localhost@evil.example"], [], "", False, "other-host"),
        ("GET", ["evil.example#@localhost"], [], "", False, "other-host"),
        ("GET", [HERE, "evil.example"], [], "", False, "other-host"),
        ("GET", [""], [], "", False, "other-host"),
        ("GET", ["[::1"], [], "", False, "other-host"),
        ("GET", [], [], "", False, "other-host"),
        # Our own page.
        ("POST", [HERE], [f"http://{HERE}"], "same-origin", True, ""),
        ("GET", [HERE], [], "same-origin", True, ""),
        ("POST", ["localhost:1"], ["https://board.example.org"], "", True, ""),
        ("POST", ["localhost:1"], ["http://localhost:1"], "", True, ""),
        ("POST", ["[::1]:80"], ["http://[::1]"], "", True, ""),
        ("POST", ["board.example.org:7464"], ["http://board.example.org:7464"], "", True, ""),
        ("POST", ["nas"], ["http://nas:8080"], "", True, ""),
        ("POST", ["[fd00::1]"], ["https://[fd00::1]"], "", True, ""),
        # Pages of others, also where the name, or all but the scheme, is ours.
        ("POST", ["board.example.org"], ["https://board.example.org:1"], "", True, "other-origin"),
        ("POST", ["board.example.org"], ["http://board.example.org"], "", True, "other-origin"),
        ("GET", ["board.example.org"], ["http://board.example.org"], "", True, "other-origin"),
        ("POST", ["nas:8080"], ["https://nas:8080"], "", True, "other-origin"),
        ("POST", [HERE], [f"https://{HERE}"], "", True, "other-origin"),
        ("POST", [HERE], ["http://evil.example"], "", False, "other-origin"),
        ("POST", [HERE], ["http://127.0.0.1:9999"], "", False, "other-origin"),
        ("POST", [HERE], ["http://localhost:7464"], "", False, "other-origin"),
        ("POST", [HERE], ["null"], "", False, "other-origin"),
        ("POST", [HERE], [f"http://{HERE}", "http://evil.example"], "", False, "other-origin"),
        ("POST", [HERE], [f"http://{HERE}.evil.example"], "", False, "other-origin"),
        ("GET", [HERE], ["http://evil.example"], "", True, "other-origin"),
        ("GET", [HERE], [], "cross-site", True, "other-origin"),
        ("GET", [HERE], [], "same-site", True, "other-origin"),
        ("PATCH", [HERE], [], "", True, "other-origin"),
        # What a page of others reads by a token that it must not have is no more than that.
        ("GET", [HERE], ["http://evil.example"], "", False, ""),
    ],
)
def test_a_request_comes_by_a_name_of_ours_and_from_a_page_of_ours(
    method: str, hosts: list[str], origins: list[str], site: str, session: bool, expected: str
) -> None:
    asked = Asked(method, "/api/tasks", tuple(hosts), tuple(origins), site)
    known = called(["board.example.org", "http://nas:8080/", "[fd00::1]"], 7464)
    found = stranger(asked, known, has_session=session)
    assert (found.kind if found else "") == expected


@pytest.mark.parametrize("text", ["", "fd00::1", "a:b", "ftp://a", "a:99999999"])
def test_what_is_no_name_is_no_name_of_ours(text: str) -> None:
    with pytest.raises(SetupError, match="no name such as"):
        called([text], 7464)


READER, WRITER = (Token("a", scope, "shop", "", 0.0) for scope in Scope)


@pytest.mark.parametrize(
    ("token", "method", "path", "expected"),
    [
        (None, "GET", "/health", 0),
        (None, "GET", "/", 0),
        (None, "GET", "/api/tasks", 401),
        (None, "GET", "/api", 401),
        (None, "GET", "/metrics", 401),
        (None, "POST", "/api/session", 401),
        (READER, "GET", "/metrics", 0),
        (READER, "GET", "/api/events/stream", 0),
        (READER, "POST", "/api/session", 0),
        (READER, "POST", "/api/claims", 403),
        (READER, "PATCH", "/api/tasks/a", 403),
        (READER, "DELETE", "/api/tasks/a", 403),
        (READER, "POST", "/api/session/", 403),
        (WRITER, "POST", "/api/claims", 0),
        (WRITER, "GET", "/api/tasks", 0),
    ],
)
def test_what_changes_something_needs_a_token_that_may_write(
    token: Token | None, method: str, path: str, expected: int
) -> None:
    needs = scopes_below({"/api", "/metrics"}, {"/api/session"})
    found = refusal(token, needs(method, path))
    assert (found.status if found else 0) == expected


@pytest.mark.parametrize(
    ("lengths", "chunked", "kind", "expected"),
    [
        ([], False, "", 0),
        (["0"], False, "", 0),
        (["65536"], False, "application/json", 0),
        (["65536"], False, "Application/JSON; charset=utf-8", 0),
        (["65537"], False, "application/json", 413),
        (["9" * 5000], False, "application/json", 413),
        (["-1"], False, "application/json", 413),
        (["5"], False, "text/plain", 415),
        (["5"], False, "application/x-www-form-urlencoded", 415),
        ([], True, "", 415),
        ([], True, "application/json", 0),
    ],
)
def test_what_is_sent_is_json_and_not_large(
    lengths: list[str], chunked: bool, kind: str, expected: int
) -> None:
    sent = tuple(lengths)
    asked = Asked("POST", "/", bearer="x", lengths=sent, is_chunked=chunked, content_type=kind)
    found = bad_body(asked)
    assert (found.status if found else 0) == expected


@pytest.mark.parametrize(
    ("method", "bearer", "kind", "expected"),
    [
        ("POST", "", "", 415),
        ("POST", "", "text/plain", 415),
        ("POST", "", "application/json", 0),
        ("POST", "x", "", 0),
        # These a browser sends for another page only if it may.
        ("DELETE", "", "", 0),
        ("GET", "", "", 0),
    ],
)
def test_what_a_browser_sends_for_any_page_changes_nothing(
    method: str, bearer: str, kind: str, expected: int
) -> None:
    found = bad_body(Asked(method, "/", bearer=bearer, content_type=kind))
    assert (found.status if found else 0) == expected


@pytest.mark.parametrize(
    ("text", "remote", "expected"),
    [
        ("127.0.0.1:0", False, "http://127.0.0.1:0"),
        ("127.9.9.9:80", False, "http://127.9.9.9:80"),
        ("localhost:7464", False, "http://localhost:7464"),
        ("[::1]:7464", False, "http://[::1]:7464"),
        ("0.0.0.0:7464", True, "http://0.0.0.0:7464"),
        ("0.0.0.0:7464", False, "--allow-remote"),
        ("192.168.0.7:7464", False, "reverse proxy"),
        ("nas:7464", False, "--allow-remote"),
        ("127.0.0.1", False, "no HOST:PORT"),
        ("127.0.0.1:65536", False, "no HOST:PORT"),
        (":7464", False, "no HOST:PORT"),
    ],
)
def test_other_machines_are_let_in_only_if_that_is_said(
    text: str, remote: bool, expected: str
) -> None:
    try:
        said = address_of(text, allow_remote=remote).url
    except SetupError as error:
        said = str(error)
    assert expected in said


def test_a_name_is_read_as_browsers_read_it() -> None:
    names = ("LOCALHOST:1", "[::1]:2", "a.b", "a:b:c", "")
    assert [name_of(each) for each in names] == ["localhost", "::1", "a.b", "a", ""]
