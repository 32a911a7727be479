"""A clone that was set up with `kanban-sync init`, its detached processes and its task database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forked import run_forked
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.sync import requests
from kanban_sync.sync.consent import allowed_target
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo
from system.board_server import PATIENCE, BoardServer, drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import Run

PROJECT = "Project"
BOARD = "Board"

TASKS = "TASKS.md"
CHANGE = "openspec/changes/add-login/tasks.md"

FILES = {
    TASKS: "# Tasks\n\n- [ ] one\n- [ ] two\n\n## Later\n\n- [ ] three\n- [ ] four\n",
    CHANGE: "## 1. Form\n\n- [ ] 1.1 Draw it\n- [ ] 1.2 Check it\n\n## 2. Web\n\n- [ ] 2.1 Ask\n",
    "openspec/changes/add-login/proposal.md": "# Proposal: Login\n\n## Why\n\nTo know who it is.\n",
    "README.md": "read me\n",
}


def until(come: Callable[[], bool], what: str = "it") -> None:
    """Wait for an event; fail when it does not come in time."""
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.02)


@dataclass(frozen=True)
class SyncedClone(Repo):
    """A clone whose hooks bring a board on a stand-in up to date."""

    server: BoardServer

    @classmethod
    def make(cls, path: Path, server: BoardServer, *options: str) -> SyncedClone:
        """Make a repository, run `kanban-sync init` in it and commit the settings."""
        clone = cls.bare_of_settings(path, server)
        names = ("--project", PROJECT, "--board", BOARD)
        clone.run("init", "--yes", "--url", server.url, *names, *options).check_returncode()
        clone.commit("settings")
        clone.wait()
        return clone

    @classmethod
    def bare_of_settings(cls, path: Path, server: BoardServer) -> SyncedClone:
        """Make a repository with task files of which kanban-sync has not heard yet."""
        clone = cls(Repo.init(path).path, server)
        clone.commit("first", **FILES)
        return clone

    # --- asking kanban-sync ---------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """What a person has set who may write to the board."""
        return {"PLANKA_URL": self.server.url, "PLANKA_API_KEY": self.server.api_key}

    def run(
        self, *arguments: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `kanban-sync` in the work tree."""
        return run_forked(arguments, self.path, {**self.environment, **(env or {})})

    @property
    def common_dir(self) -> Path:
        """The common git folder."""
        return self.path / ".git"

    @property
    def state(self) -> StateFolder:
        """The state folder."""
        return StateFolder(self.common_dir.resolve() / "kanban-sync")

    @property
    def target(self) -> str:
        """The id of the board that was allowed."""
        target = allowed_target(self.state)
        assert target is not None
        return target.id

    @property
    def project(self) -> str:
        """The project id in the settings file."""
        line = (self.path / ".kanban-sync.yaml").read_text().split("project_id:")[1]
        return line.split()[0].strip("\"'")

    def tasks(self) -> list[Task]:
        """Return all tasks of the database."""
        path = self.state.path / "tasks.db"
        with closing(open_sqlite(path, self.project, read_only=True)) as store:
            return store.tasks()

    def runs(self) -> list[Run]:
        """Return the runs on record, newest first."""
        path = self.state.path / "tasks.db"
        with closing(open_sqlite(path, self.project, read_only=True)) as store:
            return store.runs(1000)

    def done_in_database(self) -> set[str]:
        """Return the titles of the tasks that the database takes for done."""
        return {task.title for task in self.tasks() if task.status.value == "done"}

    def done_on_board(self) -> set[str]:
        """Return the titles of the cards in Done and the names of the ticked tasks."""
        cards = drawn(self.server.state)
        done = {card.title for card in cards if card.column == "Done"}
        return done | {name for card in cards for name in card.ticked}

    def requested(self) -> list[str]:
        """Return the lines of requests so far."""
        file = self.state.requests
        return file.read_text().splitlines() if file.exists() else []

    def notice(self) -> str:
        """Return the line that the next hook will print."""
        file = self.state.notice_file
        return file.read_text() if file.exists() else ""

    # --- detached processes ---------------------------------------------------------------------

    def processes(self) -> list[int]:
        """List the detached processes of this clone that are alive."""
        return processes_about(str(self.state.path))

    def wait(self) -> None:
        """Wait until no detached process is left and everything that was asked for is done."""
        self.wait_for_the_end()
        left = requests.pending(self.state, self.target)
        assert not left, f"something is left to do: {left} {self.notice()}"
        assert not self.state.pending.exists()

    def wait_for_the_end(self) -> None:
        """Wait until no detached process is left, however it ended."""
        until(lambda: not self.processes(), "the end of the detached process")
        # For a moment a process that is being started has no arguments: look twice.
        time.sleep(0.05)
        until(lambda: not self.processes(), "the end of the detached process")

    def end_processes(self) -> None:
        """Kill what is left of the detached processes."""
        end_processes(self.processes())
        self.wait_for_the_end()

    # --- committing -----------------------------------------------------------------------------

    def tick(self, *words: str, path: str = TASKS) -> None:
        """Tick boxes in a file, without a commit."""
        file = self.path / path
        text = file.read_text()
        for word in words:
            assert f"[ ] {word}" in text, word
            text = text.replace(f"[ ] {word}", f"[x] {word}")
        file.write_text(text)

    def commit_ticks(self, *words: str, path: str = TASKS) -> None:
        """Tick boxes and commit that."""
        self.tick(*words, path=path)
        self.git("commit", "-qam", f"tick {' '.join(words)}")

    def commit_something_else(self, name: str = "unrelated.txt") -> None:
        """Commit a file that holds no task."""
        file = self.path / name
        text = file.read_text() if file.exists() else ""
        self.write(name, f"{text}more\n")
        self.git("add", name)
        self.git("commit", "-qm", "something else", "--", name)

    def hears(self, *arguments: str) -> str:
        """Run git, which has to go well, and return what its user hears on stderr."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, capture_output=True, text=True, check=True
        )
        return done.stderr

    def quietly(self, *arguments: str) -> None:
        """Run git without any hook."""
        self.git("-c", "core.hooksPath=/dev/null", *arguments)


def copy_clone(source: SyncedClone, path: Path) -> SyncedClone:
    """Copy a clone with its state folder; it goes on with the same board."""
    shutil.copytree(source.path, path, symlinks=True)
    return SyncedClone(path, source.server)


def processes_about(text: str) -> list[int]:
    """List the processes that have a text among their arguments, this one left out."""
    found: list[int] = []
    wanted, own = os.fsencode(text), os.getpid()
    # Asked for fifty times a second: without a path object for each process of the machine.
    for name in [entry.name for entry in os.scandir("/proc") if entry.name.isdecimal()]:
        arguments = _arguments(name)
        if wanted in arguments and b"kanban_sync" in arguments and int(name) != own:
            found.append(int(name))
    return found


def _arguments(process: str) -> bytes:
    try:
        file = os.open(f"/proc/{process}/cmdline", os.O_RDONLY)
    except OSError:
        return b""  # It has ended meanwhile.
    try:
        return os.read(file, 1 << 20)
    except OSError:
        return b""
    finally:
        os.close(file)


def end_processes(ids: Iterable[int]) -> None:
    """Kill processes by their ids."""
    for process in ids:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
