"""The stand-in over HTTP: a server of real sockets, in this process or as one of its own."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from kanban_sync.standin import refusals, wire
from kanban_sync.standin.access import Answer, Call
from kanban_sync.standin.inputs import has_nested, has_nul, read, tidy
from kanban_sync.standin.routes import match
from kanban_sync.standin.state import State

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from kanban_sync.standin.route import Route
    from kanban_sync.standin.state import Record

_LARGEST_BODY = 1_048_576
_JSON = "application/json; charset=utf-8"
_OK = 200
_NOT_MODIFIED = 304
# What a browser gets for any path that is no API: Planka's page, here without the program.
_PAGE = '<!doctype html>\n<html lang="en"><head><title>PLANKA</title></head><body></body></html>\n'


class Standin:
    """A running server; use it as a context manager.

    Args:
        state: The records to serve, such as those of a server that was stopped; made if None.
        port: The port to listen on; 0 picks a free one.
        api_key: The key of the first administrator; one is made up if it is None.
        delay: Seconds to wait before each answer.
        log: A file that gets one line per request.

    Attributes:
        state: The records.
        url: The address of the server.
        port: The port it listens on.
        api_key: The key of the first administrator.

    """

    def __init__(
        self,
        *,
        state: State | None = None,
        port: int = 0,
        api_key: str | None = None,
        delay: float = 0,
        log: Path | None = None,
    ) -> None:
        self.state = state or State(api_key=api_key)
        self.api_key = self.state.api_key
        self.delay = delay
        self._log = log
        self._seen: list[tuple[str, str]] = []
        self._seen_lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.serve, name="standin", daemon=True)

    def __enter__(self) -> Self:
        """Start to serve in a thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop as a killed server does: open connections are cut."""
        self._server.shutdown()
        self._server.server_close()
        self._server.cut_connections()
        self._thread.join()

    @property
    def requests(self) -> list[tuple[str, str]]:
        """The method and path of each request so far, without the query, in order of arrival."""
        with self._seen_lock:
            return list(self._seen)

    def clear_log(self) -> None:
        """Forget the requests so far."""
        with self._seen_lock:
            self._seen.clear()

    def serve(self) -> None:
        """Serve until the process ends or the context is left."""
        self._server.serve_forever(poll_interval=0.02)

    def note(self, method: str, path: str) -> None:
        """Remember that a request has come in."""
        with self._seen_lock:
            self._seen.append((method, path))
            if self._log is not None:
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(f"{method} {path}\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], standin: Standin) -> None:
        self.standin = standin
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # The base class asks the resolver for the name of the host, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the signature of socketserver
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as above
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        # A client may hang up when it likes; anything else is a bug that must be seen.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def cut_connections(self) -> None:
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet: two would wait for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        """Keep quiet."""

    def _serve(self) -> None:
        target = urlsplit(self.path)
        standin = self.server.standin
        standin.note(self.command, target.path)
        body = self._read_body()
        if standin.delay:
            time.sleep(standin.delay)
        try:
            found = match(self.command, target.path)
            if found is None:
                self._answer_unknown(body)
                return
            route, in_path = found
            given = {
                **dict(parse_qsl(target.query, keep_blank_values=True)),
                **self._parsed(body),
                **{name: unquote(value) for name, value in in_path.items()},
            }
            # The text is made under the lock too: another thread must not change it meanwhile.
            with standin.state.lock:
                answer = self._answer(route, given, target.path)
                text = _text(answer.body)
            self._send(_OK, text, _JSON, "success", answer.headers)
        except refusals.RefusalError as refusal:
            self._send_refusal(refusal)

    def _answer(self, route: Route, given: dict[str, Any], path: str) -> Answer:
        user, token = self._sender(route)
        if route.roles and user["role"] not in route.roles:
            raise refusals.no_such_route()
        values, problems = read(route.inputs, given)
        if problems:
            raise refusals.invalid(route.method, path, problems)
        if has_nul(values) or has_nested(route.inputs, given):
            raise refusals.broken()
        standin = self.server.standin
        call = Call(standin.state, user, values, standin.url, token, self._cookie())
        return route.handler(call)

    def _answer_unknown(self, body: bytes | None) -> None:
        self._parsed(body)
        if self.command == "GET":
            self._send(_OK, _PAGE, "text/html; charset=utf-8", "success")
        else:
            raise refusals.no_such_route()

    def _read_body(self) -> bytes | None:
        """Return the body, or None if it is larger than is taken."""
        length = int(self.headers.get("Content-Length") or 0)
        if length <= _LARGEST_BODY:
            return self.rfile.read(length)
        while length > 0:
            length -= len(self.rfile.read(min(length, _LARGEST_BODY))) or length
        return None

    def _parsed(self, body: bytes | None) -> dict[str, Any]:
        if body is None:
            raise refusals.unreadable()
        if not body:
            return {}
        try:
            text = body.decode("utf-8-sig", "replace")
            if "x-www-form-urlencoded" in self.headers.get("Content-Type", ""):
                return dict(parse_qsl(text, keep_blank_values=True))
            parsed = json.loads(
                text,
                parse_constant=_no_constant,
                parse_int=_number,
                parse_float=_number,
            )
        except ValueError:
            raise refusals.unreadable() from None
        if not isinstance(parsed, dict | list):
            raise refusals.unreadable()
        return parsed if isinstance(parsed, dict) else {}

    def _sender(self, route: Route) -> tuple[Record, str | None]:
        """Find out who is asking; a bearer token hides an API key, even if it is bad."""
        state = self.server.standin.state
        given = self.headers.get("Authorization", "")
        bearer = given.removeprefix("Bearer ") if given.startswith("Bearer ") else None
        if bearer is not None:
            user_id = state.credentials.by_token(bearer, self._cookie())
        else:
            user_id = state.credentials.by_key(self.headers.get("X-Api-Key", ""))
        user = state.find("users", user_id)
        if user is not None and not user["isDeactivated"]:
            return user, bearer
        if not route.is_open:
            raise refusals.not_logged_in()
        return {}, None

    def _cookie(self) -> str | None:
        morsel = SimpleCookie(self.headers.get("Cookie", "")).get("httpOnlyToken")
        return morsel.value if morsel else None

    def _send_refusal(self, refusal: refusals.RefusalError) -> None:
        if refusal.body is None:
            self._send(refusal.status, "", None, refusal.way_out)
        elif isinstance(refusal.body, str):
            kind = "text/plain; charset=utf-8"
            self._send(refusal.status, refusal.body, kind, refusal.way_out)
        else:
            text = _text(refusal.body)
            self._send(refusal.status, text, _JSON, refusal.way_out, refusal.headers)

    def _send(
        self,
        status: int,
        text: str,
        kind: str | None,
        way_out: str | None,
        headers: dict[str, str] | None = None,
    ) -> None:
        body = text.encode("utf-8", "replace")
        named = {"X-Exit": way_out, "Keep-Alive": "timeout=5", **(headers or {})}
        if kind is None:
            self._write(status, {**named, "Content-Length": "0"}, b"")
            return
        tag = wire.tag_of(body)
        if status == _OK and self._knows(tag):
            self._write(_NOT_MODIFIED, {**named, "ETag": tag}, b"")
            return
        named |= {"Content-Type": kind, "ETag": tag, "Vary": "Accept-Encoding"}
        packed = wire.packed(body, self.headers.get("Accept-Encoding"))
        if packed is None:
            self._write(status, {**named, "Content-Length": str(len(body))}, body)
        else:
            named |= {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}
            self._write(status, named, wire.in_chunks(packed))

    def _knows(self, tag: str) -> bool:
        asked, control = (self.headers.get(one) for one in ("If-None-Match", "Cache-Control"))
        return self.command == "GET" and wire.is_unchanged(tag, asked, control)

    def _write(self, status: int, headers: dict[str, str | None], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _number(literal: str) -> float:
    # JavaScript has one kind of number, and an infinity for what is too large.
    return tidy(float(literal))


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
