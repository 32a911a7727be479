"""Reads and claims by HTTP in requests a second, beside a bare Starlette on the same query.

Both are processes of their own, with a copy of one database each. A bounded crowd of connections
sends a number of requests; each waits for its answer before it sends the next one.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from claim_engines import BARE_CLAIM, BARE_READY, LEASE, told
from measure import Claim, Subject, interleave, options, report
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kanban_sync.stores.rows import TELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

TASKS = 4_000
LISTED = 20
CROWD = 8
"""Connections at a time."""

REQUESTS = 96
"""What all of them send in one round."""

TIMES = 2.0
"""How many times as long as the bare one ours may take, with its gate and its words."""

GIT = ("git", "-c", "user.name=b", "-c", "user.email=b@example.org")
HEAD = "Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
READ = "GET /api/tasks/ready?limit=20 HTTP/1.1\r\n{head}\r\n"
CLAIM = (
    "POST /api/claims HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 2\r\n"
    "\r\n{{}}"
)


class Crowd:
    """Connections to one server that send the same request again and again."""

    def __init__(self, port: int, token: str, request: str) -> None:
        head = HEAD.format(token=token)
        self._request = request.format(head=head).encode()
        self._port = port
        self._pool = ThreadPoolExecutor(CROWD)
        self._local = threading.local()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Send a round of requests."""
        for taken in self._pool.map(lambda _: self._ask(), range(REQUESTS)):
            self.seconds.append(taken)

    def _ask(self) -> float:
        connection: socket.socket | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", self._port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._local.connection = connection
        start = time.perf_counter()
        connection.sendall(self._request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(data.decode())
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        left = length - len(body)
        while left > 0:
            left -= len(connection.recv(65536))
        return time.perf_counter() - start


def repository(folder: Path, count: int = TASKS) -> Path:
    """Make a repository with so many tasks."""
    lines = (f"- [ ] Do part {n} of it well\n  - **ID**: t-{n}\n" for n in range(count))
    (folder / "TASKS.md").write_text("# Tasks\n\n## P1\n\n" + "".join(lines))
    (folder / ".kanban-sync.yaml").write_text("project_id: bench\n")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "Begin")):
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    return folder


@contextmanager
def ours(folder: Path) -> Iterator[tuple[int, str]]:
    """Serve a repository, and give port and token."""
    call = [sys.executable, "-m", "kanban_sync", "serve"]
    made = subprocess.run(
        [*call, "token", "add", "bench", "--scope", "write"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    process = subprocess.Popen(
        [*call, "--listen", "127.0.0.1:0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    with process:
        if process.stdout is None:
            raise RuntimeError("nothing can be read of it")
        said = process.stdout.readline()
        yield int(said.partition("127.0.0.1:")[2].partition(";")[0]), made.stdout.strip()
        process.terminate()


@contextmanager
def bare(database: Path) -> Iterator[int]:
    """Serve a copy of the database with a few lines of Starlette, and give the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    process = os.fork()
    if process == 0:
        uvicorn.Server(uvicorn.Config(_bare(database), log_level="error")).run([listening])
        os._exit(0)
    port: int = listening.getsockname()[1]
    listening.close()
    try:
        yield port
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _bare(database: Path) -> Starlette:
    local = threading.local()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "db"):
            local.db = sqlite3.connect(database, isolation_level=None, timeout=60)
            local.db.execute("PRAGMA synchronous = NORMAL")
        found: sqlite3.Connection = local.db
        return found

    query = BARE_READY.replace("LIMIT 1", f"LIMIT {LISTED}")

    def ready(_request: Request) -> Response:
        rows = connection().execute(query, ("bench",)).fetchall()
        return JSONResponse({"tasks": rows})

    def claim(_request: Request) -> Response:
        db, now = connection(), time.time()
        db.execute("BEGIN IMMEDIATE")
        row = db.execute(BARE_READY, ("bench",)).fetchone()
        _, source, name, *_ = row
        db.execute(BARE_CLAIM, ("ada", now + LEASE, int(now), "bench", source, name))
        db.execute(TELL, ("bench", *told(source, name)[1:]))
        db.execute("COMMIT")
        return JSONResponse(row)

    routes = [
        Route("/api/tasks/ready", ready),
        Route("/api/claims", claim, methods=["POST"]),
    ]
    return Starlette(routes=routes)


def main() -> None:
    """Measure, and end with what `report` says."""
    chosen = options(__doc__, 15)
    with tempfile.TemporaryDirectory() as place:
        folder = repository(Path(place))
        with ours(folder) as (port, token):
            kept = Path(place) / "bare.db"
            with sqlite3.connect(folder / ".git/kanban-sync/tasks.db") as db:
                db.execute("VACUUM INTO ?", (str(kept),))
            db.close()
            with bare(kept) as floor:
                crowds = {
                    "reads: gateway": Crowd(port, token, READ),
                    "reads: Starlette": Crowd(floor, token, READ),
                    "claims: gateway": Crowd(port, token, CLAIM),
                    "claims: Starlette": Crowd(floor, token, CLAIM),
                }
                subjects = {name: Subject(each.run) for name, each in crowds.items()}
                claims = [
                    Claim(f"{each}: gateway", f"{each}: Starlette", TIMES)
                    for each in ("reads", "claims")
                ]
                seconds = interleave(subjects, chosen.rounds)
    code = report(seconds, claims, chosen)
    for name, runs in seconds.items():
        rate = REQUESTS / statistics.median(runs)
        worst = 1000 * statistics.quantiles(crowds[name].seconds, n=100)[-1]
        print(f"{name}: {rate:.0f} a second by {CROWD} connections, p99 {worst:.1f} ms")
    os._exit(code)


if __name__ == "__main__":
    main()
