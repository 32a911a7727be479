"""Two clones of one project on two machines, with a PostgreSQL and a board between them."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanban_sync.standin import server as standin_server
from repos import Repo
from system.synced_clone import BOARD, PROJECT, SyncedClone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from system.board_server import BoardServer

SYNC = "from kanban_sync.cli.start import main; main()"
HASTY = f"""
from kanban_sync.sync.board_lease import BoardLease, Times
BoardLease.times = Times(lease=1.0, renew=0.2, safe=0.3)
{SYNC}
"""
"""A program whose leases last for a second, where they last for a minute otherwise."""

LINES = 24


@dataclass(frozen=True)
class Machine(SyncedClone):
    """A clone with what its machine has of its own: a state folder, and a key to the board."""

    home: Path
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a person has set there."""
        folders = {"HOME": str(self.home), "XDG_STATE_HOME": str(self.home / "state")}
        return {**super().environment, **folders, "PLANKA_API_KEY": self.key}

    def start(self, *words: str, program: str = SYNC) -> subprocess.Popen[str]:
        """Start the program in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-P", "-c", program, *words],
            cwd=self.path,
            env={**_environ(), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def commit_lines(self, *done: int) -> None:
        """Commit a file of tasks with some of them ticked, without a hook."""
        self.write("TASKS.md", tasks(*done))
        self.quietly("commit", "-qam", f"tick {done}")


def tasks(*done: int) -> str:
    """Return a file of tasks of which some are done."""
    lines = (f"- [{'x' if n in done else ' '}] task {n}\n" for n in range(LINES))
    return f"# Tasks\n\n{''.join(lines)}"


def _environ() -> dict[str, str]:
    import os  # noqa: PLC0415 - of the moment

    return dict(os.environ)


def two_machines(folder: Path, server: BoardServer) -> tuple[Machine, Machine]:
    """Make a clone that is synced, and one of it on another machine that was allowed the same."""
    second_key = server.state.add_user("second")
    here = Machine(folder / "a" / "app", server, folder / "a", server.api_key)
    there = Machine(folder / "b" / "app", server, folder / "b", second_key)
    Repo.init(here.path)
    here.write("TASKS.md", tasks())
    here.commit("first")
    names = ("--project", PROJECT, "--board", BOARD)
    here.run("init", "--yes", "--url", server.url, *names).check_returncode()
    here.git("add", ".")
    here.quietly("commit", "-qm", "settings")
    there.path.parent.mkdir(parents=True)
    here.git("clone", "-q", str(here.path), str(there.path))
    there.git("remote", "remove", "origin")
    here.run("sync").check_returncode()
    (board,) = server.state.where("boards")
    user = server.send("GET", "/api/users/me", key=second_key)["item"]["id"]
    path = f"/api/boards/{board['id']}/board-memberships"
    server.send("POST", path, {"userId": user, "role": "editor"})
    there.run("allow", "--yes").check_returncode()
    return here, there


class Writers:
    """Whose writes a server was serving at the same moment, by their keys."""

    def __init__(self) -> None:
        self.at_once = 0
        self.seen: set[str] = set()
        self._serving: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def serving(self, key: str) -> Iterator[None]:
        """Serve one write of somebody."""
        with self._lock:
            self._serving.append(key)
            self.seen.add(key)
            self.at_once = max(self.at_once, len(set(self._serving)))
        try:
            yield
        finally:
            with self._lock:
                self._serving.remove(key)


def counted_writers(monkeypatch: pytest.MonkeyPatch) -> Writers:
    """Let stand-ins note from now on whose writes they serve."""
    writers = Writers()
    handler: Any = vars(standin_server)["_Handler"]
    serve = handler._serve  # noqa: SLF001 - nothing else sees whose request it is

    def counted(self: Any) -> None:  # noqa: ANN401 - as above
        if self.command == "GET":
            serve(self)
            return
        with writers.serving(self.headers["X-Api-Key"]):
            serve(self)

    monkeypatch.setattr(handler, "_serve", counted)
    return writers
