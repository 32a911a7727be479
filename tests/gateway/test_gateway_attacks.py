"""Those who must not get in do not, and nobody stops the server."""

from __future__ import annotations

import json
import signal
import socket
import stat
import time
from typing import TYPE_CHECKING

import pytest

from cli.program import run_program
from gateway.caller import Gateway, part, read_all, shop, status_of
from kanban_sync.doors.tokens import Scope, Tokens
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from pathlib import Path

PATHS = ("project", "tasks", "tasks/rotate-keys", "board", "events", "openapi.json", "nothing")


def head(gateway: Gateway, *lines: str) -> bytes:
    """Return the head of a request with a token."""
    given = [f"Host: 127.0.0.1:{gateway.port}", f"Authorization: Bearer {gateway.token}"]
    return "\r\n".join([lines[0], *given, *lines[1:], "", ""]).encode()


def test_nobody_comes_in_without_a_token(gateway: Gateway) -> None:
    for path in PATHS:
        heard = gateway.get(path, authorization=None)
        assert (heard.status, heard.kind) == (401, "no-token")
        assert heard.headers["www-authenticate"].startswith("Bearer")
        assert b"shop" not in heard.body
    assert gateway.ask("GET", "/metrics", authorization=None).status == 401


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer ",
        "Bearer x",
        "Bearer ks_" + "A" * 43,
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer {token} x",
        "Bearer \xe9\xe9",
    ],
)
def test_a_wrong_token_is_none(gateway: Gateway, shown: str) -> None:
    heard = gateway.get("tasks", authorization=shown.format(token=gateway.token))
    assert heard.kind == "no-token"
    assert gateway.get(f"tasks?token={gateway.token}", authorization=None).kind == "no-token"
    page = gateway.ask("GET", "/", authorization=None)
    asked = gateway.ask("GET", f"/?token={gateway.token}", authorization=None)
    assert (asked.body, asked.headers.get("set-cookie")) == (page.body, None)


def test_a_token_that_reads_changes_nothing(gateway: Gateway) -> None:
    state = StateFolder(gateway.repo.path / ".git" / "kanban-sync")
    reader = gateway.key(Tokens(state, "shop").add("reader", Scope.READ))
    before = gateway.get("events").data["last"]
    assert gateway.get("tasks", **reader).status == 200
    for method, path in (
        ("POST", "tasks"),
        ("POST", "claims"),
        ("POST", "sync"),
        ("PATCH", "tasks/rotate-keys"),
        ("POST", "tasks/rotate-keys/done"),
        ("DELETE", "tasks/rotate-keys"),
    ):
        heard = gateway.ask(method, f"/api/{path}", {"title": "x", "status": "done"}, **reader)
        assert (heard.status, heard.kind) == (403, "scope")
    assert gateway.get("events").data["last"] == before


def test_tokens_of_one_project_are_none_of_another(gateway: Gateway, tmp_path: Path) -> None:
    with Gateway(shop(tmp_path / "office", "office")) as other:
        assert other.get("project", **gateway.key(gateway.token)).kind == "no-token"
        assert gateway.get("project", **gateway.key(other.token)).kind == "no-token"
        # Nor is one that somebody copied along with the state folder.
        tokens = json.loads((gateway.repo.path / ".git/kanban-sync/tokens.json").read_text())
        file = other.repo.path / ".git/kanban-sync/tokens.json"
        file.write_text(json.dumps(tokens))
        assert other.get("project", **gateway.key(gateway.token)).kind == "no-token"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_page_of_another_origin_gets_nowhere(gateway: Gateway) -> None:
    rebound = gateway.get("tasks", host=f"evil.example:{gateway.port}")
    assert (rebound.status, rebound.kind) == (421, "other-host")
    assert gateway.ask("GET", "/health", host="evil.example").kind == "other-host"
    assert gateway.post("claims", origin="http://evil.example").kind == "other-origin"
    asked = gateway.ask("OPTIONS", "/api/claims", origin="http://evil.example")
    assert not [name for name in asked.headers if name.startswith("access-control")]


def test_a_browser_shows_its_token_once(gateway: Gateway) -> None:
    own = f"http://127.0.0.1:{gateway.port}"
    opened = gateway.post("session", origin=own)
    assert opened.data == {"name": "first", "scope": "write"}
    cookie, *flags = opened.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
    assert gateway.token not in cookie
    page = {"authorization": None, "cookie": cookie}
    assert gateway.get("tasks", **page).status == 200
    assert gateway.get("tasks", **page, sec_fetch_site="cross-site").kind == "other-origin"
    added = {"title": "By a page"}
    assert gateway.post("tasks", added, **page, origin=own).status == 201
    assert gateway.post("tasks", added, **page).kind == "other-origin"
    assert gateway.post("tasks", added, **page, origin="http://127.0.0.1:1").kind == "other-origin"
    claim = {**page, "origin": own}
    assert gateway.ask("POST", "/api/claims", **claim).kind == "media-type"
    assert gateway.post("tasks", added, **page, origin="http://evil.example").status == 403
    assert gateway.get("tasks", authorization=None, cookie=f"{cookie}x").kind == "no-token"
    closed = gateway.ask("DELETE", "/api/session", **page, origin=own)
    assert "Max-Age=0" in closed.headers["set-cookie"]
    assert gateway.get("tasks", **page).kind == "no-token"


@pytest.mark.parametrize(
    "key",
    [
        "../../../../etc/passwd",
        "..%2f..%2f.git%2fconfig",
        "%2e%2e/%2e%2e/tokens.json",
        "TASKS.md:1/../../x",
        "/etc/passwd:1",
        "%00",
        "a%ff%fe",
        "\\..\\..",
        "%F0%9F%98%80",
        "x" * 4000,
        "'; DROP TABLE tasks; --".replace(" ", "%20"),
    ],
)
def test_a_key_is_a_key_and_never_a_path(gateway: Gateway, key: str) -> None:
    heard = gateway.get(f"tasks/{key}")
    assert heard.status == 404
    assert heard.kind in {"unknown-task", "no-such-path"}
    assert b"root:" not in heard.body


def test_script_stays_text(gateway: Gateway) -> None:
    title = "<script>alert(1)</script> ![x](javascript:alert(1)) \u202e</title>"
    made = gateway.post("tasks", {"title": title, "body": f"# {title}"})
    assert made.data["title"] == title
    heard = gateway.get(f"tasks/{part(made.data['key'])}")
    assert heard.data["body"] == f"# {title}"
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["x-content-type-options"] == "nosniff"
    assert heard.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in heard.headers["content-security-policy"]
    assert "unsafe" not in heard.headers["content-security-policy"]


def test_a_huge_body_is_not_read(gateway: Gateway) -> None:
    large = {"title": "x", "body": "y" * 70_000}
    assert gateway.post("tasks", large).kind == "too-large"
    chunk = b"%x\r\n%s\r\n" % (30_000, b" " * 30_000)
    lines = ("POST /api/tasks HTTP/1.1", "Content-Type: application/json")
    asked = head(gateway, *lines, "Transfer-Encoding: chunked")
    with gateway.raw(asked + chunk * 3) as connection:
        assert status_of(read_all(connection)) == 413
    declared = head(gateway, *lines, f"Content-Length: {1 << 40}")
    with gateway.raw(declared) as connection:
        assert status_of(read_all(connection)) == 413
    with gateway.raw(head(gateway, f"GET /{'a' * 400_000} HTTP/1.1")) as connection:
        assert status_of(read_all(connection)) == 400


def test_what_is_no_json_or_no_http_is_refused(gateway: Gateway) -> None:
    assert gateway.post("tasks", b"{", content_type="application/json").kind == "invalid"
    assert gateway.post("tasks", b"title=x", content_type="text/plain").kind == "media-type"
    assert gateway.post("tasks", ["x"]).kind == "invalid"
    assert gateway.post("tasks", {"title": "x", "color": "red"}).kind == "invalid"
    assert gateway.post("tasks", {"title": "x\0"}).kind == "invalid"
    assert gateway.post("tasks", b'{"title": "\\ud800"}').kind == "invalid"
    assert gateway.post("tasks", b"[" * 60_000).kind == "invalid"
    assert gateway.post("claims", b'{"ttl": NaN}').kind == "invalid"
    assert gateway.post("claims", b'{"ttl": 1e999}').kind == "invalid"
    assert gateway.get("tasks?limit=99999999999999999999").kind == "invalid"
    assert gateway.get("tasks?cursor=WyJhIl0=").kind == "refused"
    assert gateway.ask("DELETE", "/api/board").kind == "method"
    assert gateway.ask("GET", "/nothing").kind == "no-such-path"
    with gateway.raw(b"\x16\x03\x01 no http\r\n\r\n") as connection:
        answer = read_all(connection)
        assert status_of(answer) == 400
        assert b"application/problem+json" in answer


def test_who_dawdles_is_cut_off_and_holds_up_nobody(gateway: Gateway) -> None:
    slow = [gateway.raw(b"GET /health HTTP/1.1\r\nHost: 127") for _ in range(50)]
    lines = ("POST /api/tasks HTTP/1.1", "Content-Type: application/json", "Content-Length: 50")
    half = gateway.raw(head(gateway, *lines) + b"{")
    began = time.monotonic()
    assert gateway.get("tasks").status == 200
    assert time.monotonic() - began < 5
    assert status_of(half.recv(9999)) == 408
    for each in slow:
        each.settimeout(30)
        try:
            assert each.recv(1) == b""
        except ConnectionResetError:
            continue
        finally:
            each.close()
    half.close()
    assert gateway.get("tasks").status == 200


def test_who_sends_what_is_no_request_leaves_no_trace_of_ours(gateway: Gateway) -> None:
    assert "Traceback" not in gateway.errors


@pytest.mark.parametrize(
    ("by", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"]
)
def test_it_ends_when_it_is_told_to(tmp_path: Path, by: signal.Signals, code: int) -> None:
    with Gateway(shop(tmp_path / "shop")) as gateway:
        stream = gateway.raw(head(gateway, "GET /api/events/stream HTTP/1.1"))
        assert status_of(stream.recv(9999)) == 200
        taken = run_program(
            "serve", "--listen", f"127.0.0.1:{gateway.port}", folder=gateway.repo.path
        )
        assert taken.code == 1
        assert "another port with --listen" in taken.err
        assert gateway.end(by) == code
        stream.close()
        assert "Traceback" not in gateway.errors
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", gateway.port), 5)
