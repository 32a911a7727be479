"""A proxy as companies have it on the way out: it leads to a server, and sees but where to."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from boards.served import Served
from pumping import pump


class Tunnel(Served):
    """Leads each connection to where it asks; ``seen`` is all that it was told in plain text."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        server = _Server(("127.0.0.1", 0), _Handler)
        server.tunnel = self
        self.url = f"http://127.0.0.1:{server.server_port}"
        super().__init__(server)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tunnel: Tunnel


class _Handler(BaseHTTPRequestHandler):
    # Nothing of what comes through the tunnel may be read ahead.
    rbufsize = 0
    server: _Server

    def do_CONNECT(self) -> None:
        self.server.tunnel.seen.append(f"{self.requestline}\n{self.headers}")
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(there, self.connection))
            back.start()
            pump(self.connection, there)
            back.join()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
        """Keep quiet."""
