"""A way to a server on which chosen answers get lost, before or after the server has acted."""

from __future__ import annotations

import http.client
import re
import threading
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from boards.served import Served


class Loss(Enum):
    """What happens to a request, and whether the server gets to see it."""

    RESET = ("the connection ends without an answer", True)
    HALF = ("half of the answer comes", True)
    LATE = ("no answer comes in time", True)
    BAD_GATEWAY = ("502 and a page", True)
    GATEWAY_TIMEOUT = ("504 and a page", True)
    BROKEN = ("500", True)
    BROKEN_AT_ONCE = ("500, and nothing was done", False)
    UNSEEN = ("the connection ends before the server has seen it", False)
    SWALLOWED = ("nobody has seen it, and no answer comes in time", False)
    TOO_MANY = ("429, come back at once", False)

    @property
    def is_done(self) -> bool:
        return bool(self.value[1])


ANSWERS = {
    Loss.BAD_GATEWAY: (502, "text/html", b"<html><title>Bad gateway</title></html>"),
    Loss.GATEWAY_TIMEOUT: (504, "text/html", b"<html></html>"),
    Loss.BROKEN: (500, "text/plain", b"Internal Server Error"),
    Loss.BROKEN_AT_ONCE: (500, "text/plain", b"Internal Server Error"),
    Loss.TOO_MANY: (429, "application/json", b"{}"),
}


class LossyWay(Served):
    """Passes requests on; those that match lose their answers, ``times`` of them."""

    def __init__(self, port: int, lost: str, loss: Loss, times: int = 1) -> None:
        self.port = port
        self.loss = loss
        self.seen: list[str] = []
        self._lost = re.compile(lost)
        self._left = times
        self._lock = threading.Lock()
        server = _Server(("127.0.0.1", 0), _Handler)
        server.way = self
        self.url = f"http://127.0.0.1:{server.server_port}"
        super().__init__(server)

    def loses(self, request: str) -> bool:
        """Note a request, and tell whether its answer is to get lost."""
        with self._lock:
            self.seen.append(request)
            is_lost = self._left > 0 and self._lost.fullmatch(request) is not None
            self._left -= is_lost
            return is_lost

    def count(self) -> int:
        """Return how many requests came that match."""
        return sum(self._lost.fullmatch(request) is not None for request in self.seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    way: LossyWay


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out one after the other, and the second is not to wait for an answer.
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        way = self.server.way
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not way.loses(f"{self.command} {self.path}"):
            self._answer(*self._passed_on(body))
            return
        self.close_connection = True
        answer = self._passed_on(body) if way.loss.is_done else None
        if way.loss in {Loss.LATE, Loss.SWALLOWED}:
            way.released.wait(30)
        elif way.loss in ANSWERS:
            self._answer(*ANSWERS[way.loss])
        elif way.loss is Loss.HALF and answer is not None:
            self._answer(*answer, part=len(answer[2]) // 2)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server calls them so

    def _passed_on(self, body: bytes) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.way.port, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.title() in PASSED}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers["Content-Type"], text

    def _answer(self, status: int, kind: str, body: bytes, part: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "0")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:part])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
        """Keep quiet."""


PASSED = {"Content-Type", "X-Api-Key"}
