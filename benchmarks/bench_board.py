"""Brings N changed cards onto a board of 200, beside a bare httpx loop over the same requests.

A changed card has one box ticked: its version and that line are written. Ours is the board part of
a sync: read, plan, write, record; the floor knows its requests beforehand, sends them over as many
connections, and looks at no answer. Both make their client within the time that is taken. The
stand-in is a process of its own; a real Planka is measured too where KANBAN_SYNC_TEST_PLANKA_URL
and KANBAN_SYNC_TEST_PLANKA_API_KEY are set.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from measure import Claim, Subject, main

from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client, Conduct
from kanban_sync.cli.process import COLLECTED_AT
from kanban_sync.config import Settings
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.sync.engine import Engine
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.runner import Progress
from kanban_sync.sync.session import Doors, Session
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.boards.planka import api

CARDS = 200
CHANGED = (0, 1, 10, 50, 200)
LIMIT, PLUS = 1.15, 0.05
ROUNDS = 7

OWN = "b" * 12
TARGET = "0123456789abcdef"
SERVED = [Request(TARGET, Cause.CLI)]
IDENTITY = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org")


@dataclass(frozen=True)
class Server:
    """A Planka, or what stands in for one."""

    url: str
    key: str

    def client(self) -> httpx.Client:
        """Make a client that does no more than it must."""
        connections = Conduct().connections
        return httpx.Client(
            base_url=self.url,
            headers={"X-Api-Key": self.key},
            timeout=Conduct().timeout,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
            verify=self.url.startswith("https:"),
        )


class Overheard(Client):
    """A client that notes what it sends."""

    def __init__(self, server: Server, sent: list[api.Request]) -> None:
        super().__init__(server.url, server.key)
        self._sent = sent

    def send(self, request: api.Request) -> api.Json:
        """Note a request and send it."""
        self._sent.append(request)
        return super().send(request)


@dataclass
class Ours:
    """A clone with 200 changes of five tasks, each of which is a card of its own board."""

    folder: Path
    server: Server
    project: str
    board: str
    sent: list[api.Request] | None = None
    ticked: list[bool] = field(default_factory=lambda: [False] * CARDS)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(CARDS)
        self.commit(0)
        self.engine.board(SERVED)

    def git(self, *arguments: str) -> None:
        """Run git."""
        subprocess.run(["git", *IDENTITY, *arguments], cwd=self.folder, check=True)

    def write(self, cards: int) -> None:
        """Write the task files of the first cards."""
        for number in range(cards):
            file = self.folder / f"openspec/changes/change-{number:03}/tasks.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            mark = "x" if self.ticked[number] else " "
            lines = [f"- [ ] 1.{line} Do part {line}" for line in range(2, 6)]
            text = ["## 1. Build", f"- [{mark}] 1.1 Do part 1", *lines, ""]
            file.write_text("\n".join(text))

    def commit(self, changed: int) -> None:
        """Tick or untick a box on some cards, and bring that into the task database."""
        self.ticked[:changed] = [not each for each in self.ticked[:changed]]
        self.write(changed)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        common = self.folder / ".git"
        doors = Doors(self.session, self.planka, SOURCES)
        self.engine = Engine(StateFolder(common / "kanban-sync"), common, TARGET, doors, Progress())
        # Otherwise a board without news would not even be read.
        self.engine.force = not changed
        self.engine.database(SERVED)

    def session(self, _worktree: str) -> Session:
        """Open what a pass works with."""
        common = self.folder / ".git"
        store = open_sqlite(common / "kanban-sync/tasks.db", OWN)
        return Session(Settings(project_id=OWN), OWN, GitRepository(common), store)

    def planka(self, session: Session) -> PlankaBoard:
        """Connect to the board."""
        server = self.server
        sent = self.sent
        client = Client(server.url, server.key) if sent is None else Overheard(server, sent)
        return PlankaBoard(client, self.project, self.board, session.store.board_ids(TARGET))

    def sync(self) -> None:
        """Do the board part."""
        self.engine.board(SERVED)


class Bare:
    """The same requests, to a board that is equal."""

    def __init__(self, clone: Ours, changed: int) -> None:
        self._server = clone.server
        self._turns: deque[list[api.Request]] = deque()
        for _ in ("tick", "untick"):
            clone.commit(changed)
            clone.sent = []
            clone.sync()
            self._turns.append(clone.sent)
            clone.sent = None

    def turn(self) -> None:
        """Take the other requests next time: what is ticked is unticked."""
        self._turns.rotate()

    def run(self) -> None:
        """Send the requests: first what reads, then what writes."""
        requests = self._turns[0]
        with self._server.client() as client:

            def send(request: api.Request) -> None:
                client.request(request.method, request.path, json=request.body).raise_for_status()

            for request in requests:
                if request.method == "GET":
                    send(request)
            with ThreadPoolExecutor(Conduct().connections) as pool:
                writes = (request for request in requests if request.method != "GET")
                deque(pool.map(send, writes), maxlen=0)


@contextmanager
def standin() -> Iterator[Server]:
    """Start the stand-in as a process of its own."""
    call = [sys.executable, "-m", "kanban_sync.standin"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        lines = process.stdout or ()
        url, key = (line.strip() for _, line in zip(range(2), lines, strict=False))
        try:
            yield Server(url, key)
        finally:
            process.terminate()


@contextmanager
def cleared_up(server: Server, project: str) -> Iterator[Server]:
    """Remove the project and its boards from a server that goes on."""
    try:
        yield server
    finally:
        with server.client() as client:
            found = client.get("/api/projects").json()
            ids = [each["id"] for each in found["items"] if each["name"] == project]
            boards = [each for each in found["included"]["boards"] if each["projectId"] in ids]
            for path in (
                *(f"/api/boards/{each['id']}" for each in boards),
                *(f"/api/projects/{each}" for each in ids),
            ):
                client.delete(path).raise_for_status()


def subjects_of(name: str, server: Server, folder: Path, project: str) -> dict[str, Subject]:
    """Make a subject and its floor for each number of changed cards."""
    ours = Ours(folder / "ours", server, project, "Ours")
    clone = Ours(folder / "bare", server, project, "Bare")
    subjects = {}
    for changed in CHANGED:
        bare = Bare(clone, changed)
        subjects[f"{name}, httpx, {changed}"] = Subject(bare.run, after=bare.turn)
        subjects[f"{name}, ours, {changed}"] = Subject(
            ours.sync, before=partial(ours.commit, changed)
        )
    return subjects


def board() -> None:
    """Measure the stand-in, and the real server where there is one."""
    # As every command does; it holds for the floor too.
    gc.set_threshold(COLLECTED_AT)
    project = f"Benchmark {uuid.uuid4().hex[:8]}"
    real = os.environ.get("KANBAN_SYNC_TEST_PLANKA_URL")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {"stand-in": stack.enter_context(standin())}
        if real:
            server = Server(real, os.environ["KANBAN_SYNC_TEST_PLANKA_API_KEY"])
            servers["Planka"] = stack.enter_context(cleared_up(server, project))
        subjects: dict[str, Subject] = {}
        for name, server in servers.items():
            (folder / name).mkdir()
            subjects |= subjects_of(name, server, folder / name, project)
        claims = [
            Claim(f"{name}, ours, {changed}", f"{name}, httpx, {changed}", LIMIT, PLUS)
            for name in servers
            for changed in CHANGED
        ]
        main(__doc__, subjects, claims, rounds=ROUNDS)


if __name__ == "__main__":
    board()
