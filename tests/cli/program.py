"""The program as a process of its own, and a clone in which it is run."""

from __future__ import annotations

import http.client
import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forked import run_forked
from kanban_sync.sync import requests
from kanban_sync.sync.consent import Target, allowed_target
from kanban_sync.sync.requests import DATABASE
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.standin.server import Standin

PROJECT, BOARD = "Shop", "Tasks"

TASKS = """\
# Tasks

## P1

- [ ] Rotate the keys
  - **ID**: rotate-keys

## P3

- [ ] Tidy the logs
  - **ID**: tidy-logs
"""

CHANGE = "## 1. Index\n- [x] 1.1 Build the index\n- [ ] 1.2 Use it\n"
CHANGE_FILE = "openspec/changes/add-search/tasks.md"

PROGRAM = (sys.executable, "-E", "-P", "-m", "kanban_sync")

# A port of this machine on which nobody listens: 1 is reserved and needs rights.
NOBODY = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Answer:
    """What a process left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401 - whatever JSON was printed
        return json.loads(self.out)


def until(come: Callable[[], bool]) -> None:
    """Wait for an event; fail when it does not come within half a minute."""
    deadline = time.monotonic() + 30
    while not come():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def run_program(
    *arguments: str, folder: Path, env: dict[str, str] | None = None, answers: str = ""
) -> Answer:
    """Run `kanban-sync` in a folder to its end."""
    done = run_forked(arguments, folder, env or {}, answers)
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Clone(Repo):
    """A repository with a TASKS.md and an OpenSpec change, and a board that it may be synced to."""

    server: Standin

    @classmethod
    def make(cls, path: Path, server: Standin) -> Clone:
        """Make a repository with one commit."""
        clone = cls(Repo.init(path).path, server)
        clone.commit(**{"TASKS.md": TASKS, CHANGE_FILE: CHANGE})
        return clone

    @property
    def state(self) -> StateFolder:
        return StateFolder(self.path / ".git" / "kanban-sync")

    @property
    def hooks(self) -> Path:
        return self.path / ".git" / "hooks"

    @property
    def target(self) -> Target:
        return Target(self.server.url, PROJECT, BOARD)

    @property
    def key(self) -> dict[str, str]:
        """What a person sets who has a key for the server."""
        return {"PLANKA_URL": self.server.url, "PLANKA_API_KEY": self.server.api_key}

    def program(
        self, *arguments: str, env: dict[str, str] | None = None, answers: str = ""
    ) -> Answer:
        """Run `kanban-sync` here, with the key in the environment unless `env` says otherwise."""
        given = self.key if env is None else env
        return run_program(*arguments, folder=self.path, env=given, answers=answers)

    def init_with_board(self) -> Answer:
        """Run `init` with the board, and commit the settings that it wrote."""
        names = ("--url", self.server.url, "--project", PROJECT, "--board", BOARD)
        answer = self.program("init", "--yes", *names)
        assert answer.code == 0, answer.err
        self.commit_as_person("settings")
        self.wait_until_synced()
        return answer

    def name_board(self, board: str = BOARD) -> None:
        """Commit a settings file that names a board of the server, as anybody may."""
        names = f"planka: {{url: '{self.server.url}', project: {PROJECT}, board: {board}}}\n"
        self.commit(f"name {board}", **{".kanban-sync.yaml": f"project_id: shop\n{names}"})

    def commit_as_person(self, message: str, **files: str | None) -> None:
        """Commit with the key in the environment, so that the hooks have it."""
        for path, text in files.items():
            if text is None:
                (self.path / path).unlink()
            else:
                self.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message, env=self.key)

    def wait_until_synced(self) -> None:
        """Wait until all that hooks have asked for is served."""
        target = allowed_target(self.state)
        name = target.id if target is not None else DATABASE
        until(lambda: not requests.pending(self.state, name))

    def causes(self) -> list[str]:
        """Return why syncs were asked for so far."""
        every = requests.read(self.state, requests.EVERY_TARGET, 0).requests
        return [request.cause.value for request in every]

    def cards(self, board: str = BOARD) -> dict[str, str]:
        """Return the cards of the server's board: title -> list."""
        boards = _get(self.server, "/api/projects")["included"]["boards"]
        [id_] = [each["id"] for each in boards if each["name"] == board]
        included = _get(self.server, f"/api/boards/{id_}")["included"]
        lists = {each["id"]: each["name"] for each in included["lists"]}
        return {card["name"]: lists[card["listId"]] for card in included["cards"]}

    def remove_board(self) -> None:
        """Let somebody delete the board on the server."""
        state = self.server.state
        with state.lock:
            [board] = state.where("boards")
            state.remove("boards", board)

    def rename_card(self, title: str, name: str) -> None:
        """Let somebody rename a card on the server."""
        state = self.server.state
        with state.lock:
            [card] = state.where("cards", name=title)
            card["name"] = name

    def rename_board(self, name: str) -> None:
        """Let somebody rename the board on the server."""
        state = self.server.state
        with state.lock:
            [board] = state.where("boards")
            board["name"] = name

    def writes(self) -> list[tuple[str, str]]:
        """Return the requests so far that were to change something on the server."""
        return [each for each in self.server.requests if each[0] != "GET"]


def _get(server: Standin, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path, headers={"X-Api-Key": server.api_key})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer
