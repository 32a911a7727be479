"""A watcher as a process of its own, beside hooks, other commands and people who edit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from cli.program import PROGRAM, TASKS, Clone, until
from kanban_sync.standin.server import Standin
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.sync import requests
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

BRISK = ("--settle", "0.1", "--look", "0.02", "--debounce", "0.2", "--longest", "2")
DONE = TASKS.replace("[ ] Tidy", "[x] Tidy")
MOVED = TASKS.replace("[ ] Tidy", "[~] Tidy")
KEY = "tidy-logs"


@dataclass
class Process:
    """A watcher that runs, and the lines that it has printed so far."""

    process: subprocess.Popen[str]
    lines: list[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def watcher(clone: Clone, *options: str) -> Iterator[Process]:
    """Start a watcher, and wait until it has done its first pass."""
    process = subprocess.Popen(
        [*PROGRAM, "watch", *BRISK, *options],
        cwd=clone.path,
        env={**os.environ, **clone.key},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))  # type: ignore[union-attr]
    reader.start()
    before = requests.size(clone.state)
    try:
        until(lambda: requests.size(clone.state) > before or process.poll() is not None)
        clone.wait_until_synced()
        yield Process(process, lines)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
    assert not any("Traceback" in each for each in lines), "".join(lines)


def status(clone: Clone) -> str:
    """Return what the task database says of the task that is edited here."""
    with closing(open_sqlite(clone.state.path / "tasks.db", "shop")) as store:
        return next(each.status.value for each in store.tasks() if each.key.name == KEY)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, _isolated: None) -> Iterator[Clone]:
    """A clone that was set up with a board and synced to it."""
    with Standin() as server:
        clone = Clone.make(tmp_path_factory.mktemp("watched") / "shop", server)
        clone.write(".kanban-sync.yaml", "project_id: shop\n")
        clone.init_with_board()
        yield clone


@pytest.fixture(autouse=True)
def _clean(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "--force", "main")


def test_what_is_saved_reset_and_replaced_is_seen_and_told(clone: Clone) -> None:
    with watcher(clone) as process:
        clone.write("TASKS.md", DONE)
        until(lambda: status(clone) == "done")
        until(lambda: clone.cards()["Tidy the logs"] == "Done")
        # Put in place of the file by an editor, with an older time than it had.
        draft = clone.write("draft", TASKS)
        os.utime(draft, (1_600_000_000, 1_600_000_000))
        draft.rename(clone.path / "TASKS.md")
        until(lambda: status(clone) == "backlog")
        until(lambda: clone.cards()["Tidy the logs"] == "Backlog")

        # Hooks leave what is committed to it: no process of theirs leaves a log.
        logs = sorted(clone.state.log.iterdir())
        clone.commit_as_person("tick", **{"TASKS.md": DONE})
        until(lambda: status(clone) == "done")
        clone.wait_until_synced()
        assert clone.causes()[-2:-1] == ["post-commit"] or "post-commit" in clone.causes()[-3:]
        assert sorted(clone.state.log.iterdir()) == logs
        # No hook comes with a reset.
        clone.git("reset", "--quiet", "--hard", "HEAD~1")
        until(lambda: status(clone) == "backlog")

        # Another work tree comes, is edited, and is removed by hand.
        clone.git("worktree", "add", "-q", "../other", "-b", "one")
        other = Repo(clone.path.parent / "other")
        until(lambda: any("other" in each for each in process.lines))
        other.write("TASKS.md", DONE)
        until(lambda: status(clone) == "done")
        shutil.rmtree(other.path)
        until(lambda: status(clone) == "backlog")
        clone.git("worktree", "prune")

        # A flood of events is a handful of passes.
        before = len(process.lines)
        for _ in range(2000):
            clone.write("TASKS.md", MOVED)
        clone.write("TASKS.md", DONE)
        until(lambda: status(clone) == "done")
        assert len(process.lines) - before < 20
        assert process.end(signal.SIGTERM) == 0
    assert process.lines[-1] == "stopped\n"


def test_one_process_watches_and_says_so(clone: Clone) -> None:
    with watcher(clone) as process:
        second = clone.program("watch")
        assert (second.code, second.out) == (1, "")
        assert f"process {process.pid} since" in second.err
        told = clone.program("status", "--json").data["watching"]
        assert (told["pid"], told["mode"]) == (process.pid, "events")
        assert f"by process {process.pid}" in clone.program("status").out
        found = clone.program("doctor", "--json").data["findings"]
        assert [each["ok"] for each in found if each["name"] == "watch"] == [True]

        # One that stands still is done without, and says nothing wrong when it goes on.
        os.kill(process.pid, signal.SIGSTOP)
        os.utime(clone.state.path / "watch.json", (0, 0))
        found = clone.program("doctor", "--json").data["findings"]
        assert [each["ok"] for each in found if each["name"] == "watch"] == [False]
        clone.commit_as_person("tick", **{"TASKS.md": DONE})
        until(lambda: status(clone) == "done")
        clone.wait_until_synced()
        clone.write("TASKS.md", TASKS)
        os.kill(process.pid, signal.SIGCONT)
        until(lambda: status(clone) == "backlog")
    # It was killed; what it said of the work tree stays until the next one has looked.
    clone.git("checkout", "--quiet", "TASKS.md")
    assert clone.program("sync").code == 0
    assert clone.program("status", "--json").data["watching"] is None
    assert status(clone) == "backlog"
    assert clone.program("watch", "--once").code == 0
    assert status(clone) == "done"
    clone.commit_as_person("untick", **{"TASKS.md": TASKS})
    clone.wait_until_synced()


def test_polling_sees_what_is_saved_and_ends_with_ctrl_c(clone: Clone) -> None:
    with watcher(clone, "--poll", "--poll-every", "0.1") as process:
        clone.write("TASKS.md", DONE)
        until(lambda: status(clone) == "done")
        clone.git("checkout", "--quiet", "TASKS.md")
        until(lambda: status(clone) == "backlog")
        clone.git("commit", "--quiet", "--allow-empty", "--message", "Nothing", "--no-verify")
        assert process.end(signal.SIGINT) == 130
    assert "looking every 0.1 s" in process.lines[0]


def test_a_file_that_never_settles_is_read_all_the_same(clone: Clone) -> None:
    with watcher(clone, "--settle", "60"):
        clone.write("TASKS.md", DONE)
        until(lambda: status(clone) == "done")


def test_one_pass_ends_as_a_sync_does(clone: Clone) -> None:
    clone.write("TASKS.md", DONE)
    answer = clone.program("watch", "--once")
    assert (answer.code, status(clone)) == (0, "done"), answer.err
    assert clone.cards()["Tidy the logs"] == "Done"
    clone.write("TASKS.md", TASKS)
    # Without a key the board refuses, and the database is up to date.
    assert (clone.program("watch", "--once", env={}).code, status(clone)) == (1, "backlog")
    # Whoever tries again by himself may be at it.
    until(lambda: clone.program("sync", env={}).code == 1)
