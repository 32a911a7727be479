"""A gateway as a process of its own, and a program that calls it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from cli.program import CHANGE, CHANGE_FILE
from cli.tasks_of_agents import TASKS
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

TICKED_FILE = "openspec/changes/tick-me/tasks.md"

WITHIN = 120.0
"""Seconds that anything may take."""


def shop(folder: Path, project: str = "shop") -> Repo:
    """Make a repository with a TASKS.md, and two changes of which one is to be ticked by tests."""
    repo = Repo.init(folder)
    settings = f"project_id: {project}\n"
    files = {"TASKS.md": TASKS, CHANGE_FILE: CHANGE, TICKED_FILE: CHANGE}
    repo.commit("Begin", **files, **{".kanban-sync.yaml": settings})
    return repo


@dataclass(frozen=True)
class Heard:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:  # noqa: ANN401 - whatever JSON was sent
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """What kind of problem it tells of; it has to be told as one, with what to do."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        problem = self.data
        assert problem["status"] == self.status
        assert problem["detail"]
        assert problem["remedy"]
        assert "Traceback" not in problem["detail"]
        return str(problem["type"]).removeprefix("urn:kanban-sync:")


class Gateway:
    """One process of `kanban-sync serve`, or of what else serves by HTTP, and its first token."""

    def __init__(self, repo: Repo, *words: str) -> None:
        self.repo = repo
        self._errors = repo.path.parent / "gateway.err"
        call = (sys.executable, "-E", "-P", "-m", "kanban_sync")
        words = words or ("serve", "--listen", "127.0.0.1:0")
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [*call, *words],
                cwd=repo.path,
                env=dict(os.environ),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout
        said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        assert found, self.errors
        self.port = int(found[1])
        shown = re.search(r"ks_\S+", self.errors)
        self.token = shown[0] if shown else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def errors(self) -> str:
        """What it said on stderr so far."""
        return self._errors.read_text()

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal, and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(WITHIN)

    def ask(self, method: str, path: str, data: object = None, **headers: str | None) -> Heard:
        """Ask for something, with the token and as JSON unless headers say otherwise.

        Headers are named in Python's way (``if_none_match``); None leaves one out.
        """
        given: dict[str, str | None] = {"authorization": f"Bearer {self.token}"}
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        if data is not None:
            given["content_type"] = "application/json"
        given |= headers
        sent = {name.replace("_", "-"): value for name, value in given.items() if value is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN)
        try:
            connection.request(method, path, body if data is not None else None, sent)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Heard(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str | None) -> Heard:
        """Look at something."""
        return self.ask("GET", f"/api/{path}", **headers)

    def post(self, path: str, data: object = None, **headers: str | None) -> Heard:
        """Change something."""
        return self.ask("POST", f"/api/{path}", {} if data is None else data, **headers)

    def key(self, token: str) -> dict[str, str]:
        """Return the header that shows a token."""
        return {"authorization": f"Bearer {token}"}

    def raw(self, text: bytes) -> socket.socket:
        """Connect, and send something that need not be a whole request."""
        found = socket.create_connection(("127.0.0.1", self.port), WITHIN)
        found.sendall(text)
        return found


def part(key: str) -> str:
    """Return a key as it stands in a path."""
    return quote(key, safe="")


def read_all(connection: socket.socket) -> bytes:
    """Read until the other end closes."""
    parts: list[bytes] = []
    try:
        while data := connection.recv(65536):
            parts.append(data)
    except ConnectionResetError:
        # What was still on its way to it was thrown away.
        pass
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    """Return the status in what was read from a socket."""
    return int(answer.split(b" ", 2)[1])
