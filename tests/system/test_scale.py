"""Large boards: how much memory a sync takes, and that a long one gets through and is watched."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from kanban_sync import app
from kanban_sync.app import Clone
from kanban_sync.sync.runner import Outcome, Patience
from kanban_sync.sync.session import Watcher
from repos import Repo
from system.synced_clone import BOARD, PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_KIB = 150 * 1024
MEASURED = Path(__file__).with_name("measured.py")


@contextmanager
def standin_process(delay: float) -> Iterator[dict[str, str]]:
    """Start the stand-in as a process of its own; yield the environment that leads to it.

    The delay is in seconds before each answer.
    """
    call = [sys.executable, "-P", "-m", "kanban_sync.standin", "--delay", str(delay)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url, key = (process.stdout.readline().strip() for _ in ("url", "key"))
        try:
            yield {"PLANKA_URL": url, "PLANKA_API_KEY": key}
        finally:
            process.terminate()


@pytest.fixture
def environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Where the board is, in the environment of this process too; the parameter is its delay."""
    with standin_process(getattr(request, "param", 0)) as found:
        for name, value in found.items():
            monkeypatch.setenv(name, value)
        yield {**os.environ}


def repository(path: Path, changes: int, tasks: int) -> Repo:
    """Make a clone that is set up, and after that so many changes of so many tasks."""
    repo = Repo.init(path)
    repo.commit("first", **{"README.md": "read me\n"})
    names = ("--url", os.environ["PLANKA_URL"], "--project", PROJECT, "--board", BOARD)
    call = [sys.executable, "-P", "-m", "kanban_sync", "init", "--yes", *names]
    subprocess.run(call, cwd=path, check=True, capture_output=True)
    lines = "".join(f"- [ ] 1.{line} Do part {line} of it\n" for line in range(1, tasks + 1))
    for number in range(changes):
        repo.write(f"openspec/changes/change-{number:04}/tasks.md", f"## 1. Build\n{lines}")
    repo.git("add", "--all")
    repo.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "settings and changes")
    return repo


def peak(repo: Repo, environment: dict[str, str], note: Path, *arguments: str) -> int:
    """Run `kanban-sync` in the repository; return the KiB of memory it had at most."""
    call = [sys.executable, "-P", str(MEASURED), str(note), *arguments]
    done = subprocess.run(call, cwd=repo.path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(note.read_text())


@pytest.mark.hunt
def test_a_sync_of_many_cards_needs_little_memory(
    tmp_path: Path,
    environment: dict[str, str],
    hunt_factor: int,
    record_property: Callable[[str, object], None],
) -> None:
    changes = 120 if hunt_factor == 1 else 2000
    repo = repository(tmp_path / "clone", changes, 5)
    first = peak(repo, environment, tmp_path / "first", "sync")
    again = peak(repo, environment, tmp_path / "again", "sync", "--force")
    record_property(
        "case", f"{changes} cards x 5: {first} KiB at first, {again} KiB when unchanged"
    )
    assert max(first, again) < MOST_KIB, (first, again)


@pytest.mark.hunt
def test_a_first_sync_of_many_cards_shows_a_bar_and_goes_through(
    tmp_path: Path, environment: dict[str, str], hunt_factor: int
) -> None:
    changes = 30 if hunt_factor == 1 else 500
    repo = repository(tmp_path / "clone", changes, 20)
    code, shown = on_a_terminal(repo, environment, "sync")
    assert code == 0, shown
    assert "writing to the board" in shown
    assert "100%" in shown
    with httpx.Client(headers={"X-Api-Key": environment["PLANKA_API_KEY"]}) as client:
        url = environment["PLANKA_URL"]
        (board,) = client.get(f"{url}/api/projects").json()["included"]["boards"]
        included = client.get(f"{url}/api/boards/{board['id']}").json()["included"]
    assert (len(included["cards"]), len(included["tasks"])) == (changes, 20 * changes)


def on_a_terminal(repo: Repo, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run `kanban-sync` as a person does; return its exit code and what the terminal showed."""
    leader, follower = pty.openpty()
    call = [sys.executable, "-P", "-m", "kanban_sync", *arguments]
    env = {**environment, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        call, cwd=repo.path, env=env, stdin=follower, stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        shown = b"".join(iter(lambda: read(leader), b""))
        code = process.wait()
    os.close(leader)
    return code, shown.decode(errors="replace")


def read(leader: int) -> bytes:
    """Read what a terminal shows next; nothing once nobody writes to it any more."""
    try:
        return os.read(leader, 65536)
    except OSError:
        return b""


@pytest.mark.hunt
@pytest.mark.parametrize("environment", [0.05], indirect=True, ids=["a slow server"])
def test_the_deadline_counts_from_the_last_progress_and_not_from_the_start(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = 2.0
    repo = repository(tmp_path / "clone", 60, 4)
    # What finding a clone changes in the environment ends with the test.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    clone = Clone.at(repo.path)
    settings = clone.settings()
    # What is one piece may take as long as a busy machine makes it.
    assert clone.sync(None, settings, Watcher()).outcome is Outcome.DONE
    monkeypatch.setattr(app, "Patience", partial(Patience, deadline=deadline))
    start = time.monotonic()
    result = clone.sync(clone.target(settings), settings, Watcher())
    assert result.outcome is Outcome.DONE
    assert time.monotonic() - start > 1.5 * deadline
