"""A server that answers as it is told, and remembers what reached it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from boards.served import Served

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Canned:
    """One answer; ``cut`` ends the connection before its last bytes, ``silent`` gives none.

    ``drips`` sends a header that never ends, byte by byte.
    """

    status: int = 200
    body: bytes = b'{"item":{}}'
    kind: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    silent: bool = False
    drips: bool = False


class CannedServer(Served):
    """Gives its answers one after the other; the last one again and again.

    A path in ``by_path`` always has the answer that stands there.
    """

    def __init__(self, *answers: Canned, tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.by_path: dict[str, Canned] = {}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        server = _Server(("127.0.0.1", 0), _Handler)
        server.canned = self
        if tls is not None:
            # The handshake is for the thread of the connection: one that fails ends that alone.
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        super().__init__(server)

    def next(self, path: str) -> Canned:
        if path in self.by_path:
            return self.by_path[path]
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    canned: CannedServer

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the signature of socketserver
        # Whoever does not like the certificate hangs up.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out one after the other, and the second is not to wait for an answer.
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        canned = self.server.canned
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        canned.seen.append((self.command, self.path, {**headers, "body": body.decode()}))
        answer = canned.next(self.path)
        self.close_connection = True
        if answer.silent:
            canned.released.wait(30)
            return
        self.send_response_only(answer.status)
        if answer.drips:
            self.flush_headers()
            self.wfile.write(b"X-Drip: ")
            while not canned.released.wait(0.02):
                self.wfile.write(b".")
            return
        self.send_header("Content-Type", answer.kind)
        # Said, not only done: a client that uses it once more would lose a try.
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(answer.body) + (20 if answer.cut else 0)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server calls them so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
        """Keep quiet."""
