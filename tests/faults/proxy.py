"""An HTTP proxy before a board that goes wrong once, in a chosen way, at a chosen request."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = (
    "drop before",
    "drop after",
    "answer 500",
    "answer 429",
    "answer 504 after",
    "hang before",
    "hang after",
    "cut in half",
)
"""What may happen to a request; "after" means that the server has carried it out by then."""

KILLS = ("kill before", "kill after")
"""As above: the client is killed while it waits for the answer."""

REFUSALS = {"answer 500": 500, "answer 429": 429, "answer 504 after": 504}
ACTED = frozenset({"drop after", "answer 504 after", "hang after", "cut in half", "kill after"})
PATIENCE = 30.0

# These are of one connection, or are written anew.
_NOT_PASSED_ON = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


def kind_of(method: str, path: str) -> str:
    """Name what a request is for: its method and path, without ids and query."""
    return f"{method} {re.sub(r'[0-9]{19}', '*', path.partition('?')[0])}"


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, and when.

    Attributes:
        fault: One of FAULTS or KILLS.
        number: At which request, counted from 1.
        kind: Of which kind; each request counts if it is empty.
        lasts: Whether from then on nobody gets an answer any more.

    """

    fault: str
    number: int
    kind: str = ""
    lasts: bool = False


@dataclass(frozen=True)
class Answer:
    """What the board said, as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """Passes requests on to a board; use it as a context manager."""

    def __init__(self, port: int) -> None:
        """Listen, for the board at a port of this machine."""
        self.seen: list[str] = []
        self.struck = ""
        self.kill: Callable[[], None] = _nobody
        self._trouble: Trouble | None = None
        self._lock = threading.Lock()
        self._server = _Server(self, port)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)

    def expect(self, trouble: Trouble | None) -> None:
        """Forget what was seen, and let this trouble come, or none."""
        with self._lock:
            self.seen, self.struck, self._trouble = [], "", trouble

    def fault_of(self, kind: str) -> str:
        """Note a request; return what has to happen to it, '' for nothing."""
        with self._lock:
            self.seen.append(kind)
            trouble = self._trouble
            if trouble is None:
                return ""
            if self.struck:
                return "drop before" if trouble.lasts else ""
            counted = self.seen.count(trouble.kind) if trouble.kind else len(self.seen)
            if trouble.kind in {"", kind} and counted == trouble.number:
                self.struck = kind
                return trouble.fault
            return ""

    def wait_until_quiet(self) -> None:
        """Wait until nothing is under way any more of what a client has sent that is gone."""
        # Who comes last is let in last: then all are in that came before.
        with socket.create_connection(("127.0.0.1", self._server.server_port)) as probe:
            port = probe.getsockname()[1]
            self._wait(lambda: port in self._server.open_ports)
        self._wait(lambda: not self._server.open_ports)

    def _wait(self, come: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not come():
            assert time.monotonic() < until, "a request never ended"
            time.sleep(0.001)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; what hangs is let go."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _nobody() -> None:
    raise RuntimeError("there is nobody to be killed")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: Proxy, board: int) -> None:
        self.proxy = proxy
        self.board = board
        self.open_ports: set[int] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # The base class asks the resolver for the name of the host, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the signature of socketserver
        self.open_ports.add(client_address[1])
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open_ports.discard(client_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Keep quiet of clients that have hung up, which here is what they are to do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._board = http.client.HTTPConnection("127.0.0.1", self.server.board, PATIENCE)

    def finish(self) -> None:
        self._board.close()
        super().finish()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        """Keep quiet."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            # Its client was killed while it was speaking.
            self.close_connection = True
            return
        fault = self.server.proxy.fault_of(kind_of(self.command, self.path))
        if not fault:
            self._say(self._ask(body))
            return
        answer = self._ask(body) if fault in ACTED else None
        if fault in REFUSALS:
            headers = [("Content-Type", "text/plain"), ("Retry-After", "0")]
            self._say(Answer(REFUSALS[fault], headers, b"out of order"))
            return
        self.close_connection = True
        if fault == "cut in half" and answer is not None:
            self._say(answer, len(answer.body) // 2)
        elif fault.startswith("kill"):
            self.server.proxy.kill()
        elif fault.startswith("hang"):
            # Ends when the client has waited for long enough, and hangs up.
            self.connection.settimeout(PATIENCE)
            self.connection.recv(1)
        self.connection.shutdown(socket.SHUT_RDWR)

    def _ask(self, body: bytes) -> Answer:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        self._board.request(self.command, self.path, body, headers)
        with self._board.getresponse() as response:
            return Answer(response.status, response.getheaders(), response.read())

    def _say(self, answer: Answer, length: int | None = None) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[:length])
        self.wfile.flush()
