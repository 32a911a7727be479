"""Through pre-commit and prek: the same hook, from a tagged clone of this project."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from kanban_sync.hooks import hot_path
from kanban_sync.hooks.hot import CI_WAIT
from repos import GitError, Repo
from system.complaints import traces
from system.frameworks import HOMES, STAGES, Framework
from system.git_steps import main_commit, side_commit
from system.synced_clone import TASKS, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from system.board_server import BoardServer
    from system.synced_clone import SyncedClone

# What runs our hooks here is others' program, and whether it is held up by ours is the question.
pytestmark = pytest.mark.usefixtures("started_anew")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(params=list(HOMES))
def framework(
    request: pytest.FixtureRequest,
    shared_folder: Path,
    clone: SyncedClone,
    monkeypatch: pytest.MonkeyPatch,
) -> Framework:
    """A framework that runs our hook in the clone; hooks detach although this may be CI."""
    framework = Framework.built(request.param, shared_folder)
    framework.install(clone)
    for name, value in framework.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("KANBAN_SYNC", "detach")
    return framework


def shorten_wait(clone: SyncedClone, hot: Path, seconds: float) -> None:
    """Let the hooks of a clone run a copy of the hot path that waits for so long under CI."""
    text = hot_path().read_text()
    assert text.count(f"CI_WAIT = {CI_WAIT}\n") == 1
    hot.write_text(text.replace(f"CI_WAIT = {CI_WAIT}\n", f"CI_WAIT = {seconds}\n"))
    hook = clone.common_dir / "hooks" / "post-commit"
    assert str(hot_path()) in hook.read_text()
    hook.write_text(hook.read_text().replace(str(hot_path()), str(hot)))


def test_the_deadline_under_ci_is_20_seconds() -> None:
    assert CI_WAIT == 20


def commit(clone: SyncedClone) -> None:
    clone.commit_ticks("one")


def merge(clone: SyncedClone) -> None:
    side_commit(clone, "one")
    clone.git("merge", "-q", "--ff-only", "side")


def rebase(clone: SyncedClone) -> None:
    clone.quietly("branch", "side")
    clone.tick("one")
    clone.quietly("commit", "-qam", "tick")
    clone.quietly("checkout", "-q", "side")
    main_commit(clone)
    clone.quietly("checkout", "-q", "main")
    clone.git("rebase", "-q", "side")


def checkout(clone: SyncedClone) -> None:
    clone.tick("one")
    clone.quietly("commit", "-qam", "tick")
    clone.git("checkout", "-q", "-b", "another")


@pytest.mark.parametrize("operation", [commit, merge, rebase, checkout], ids=STAGES)
def test_each_stage_leads_to_a_sync(
    clone: SyncedClone, framework: Framework, operation: Callable[[SyncedClone], None]
) -> None:
    operation(clone)
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}
    assert traces(clone) == []


def test_a_commit_in_a_linked_work_tree_is_synced(clone: SyncedClone, framework: Framework) -> None:
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.quietly("worktree", "add", "-q", "../linked", "main")
    linked = Repo(clone.path.parent / "linked")
    file = linked.path / TASKS
    file.write_text(file.read_text().replace("[ ] one", "[x] one"))
    linked.git("commit", "-qam", "tick")
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}
    assert clone.requested()[-1].split()[2] == "linked"


def test_edits_that_are_not_committed_are_left_alone(
    clone: SyncedClone, framework: Framework
) -> None:
    clone.tick("one")
    clone.git("add", TASKS)
    clone.tick("two")
    clone.write("README.md", "edited\n")
    clone.write("new.txt", "new\n")
    edited = (clone.path / TASKS).read_bytes()
    clone.git("commit", "-qm", "tick one")
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}
    assert (clone.path / TASKS).read_bytes() == edited
    status = clone.git("status", "--porcelain").split()
    assert status == ["M", "README.md", "M", TASKS, "??", "new.txt"]


def test_a_skipped_hook_is_made_up_for_by_the_next(
    clone: SyncedClone, framework: Framework, server: BoardServer
) -> None:
    before = clone.requested()
    clone.tick("one")
    clone.git("commit", "-qam", "tick", env={"SKIP": "kanban-sync"})
    assert clone.requested() == before
    assert clone.processes() == []
    clone.commit_something_else()
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}


def test_a_commit_that_touches_no_task_asks_for_nothing(
    clone: SyncedClone, framework: Framework, server: BoardServer
) -> None:
    clone.commit_something_else()
    clone.wait()
    server.clear_log()
    before = clone.requested()
    clone.commit_something_else()
    assert clone.requested() == before
    assert server.requests == []


def test_who_reads_the_output_to_its_end_is_not_held_up(
    clone: SyncedClone, framework: Framework, server: BoardServer
) -> None:
    clone.tick("one")
    with server.gate(lambda method, _: method == "GET") as gate:
        call = ["git", "commit", "-am", "tick"]
        with subprocess.Popen(
            call, cwd=clone.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            process.communicate(timeout=25)
        gate.wait_until_reached()
        until(lambda: bool(clone.processes()), "the detached process")
    clone.wait()
    assert clone.done_on_board() == {"one"}


def test_a_commit_with_an_error_is_stopped_and_says_why(
    clone: SyncedClone, framework: Framework
) -> None:
    framework.install_check(clone)
    good = (clone.path / TASKS).read_text()
    before = clone.git("rev-parse", "HEAD")
    clone.write(TASKS, f"{good}- [ ] T-1: a\n- [ ] T-1: b\n")
    clone.git("add", TASKS)
    # What is mended in the work tree alone is not what would be committed.
    clone.write(TASKS, good)
    with pytest.raises(GitError, match=rf"{TASKS}:\d+: \[duplicate-id\]"):
        clone.git("commit", "-qm", "two of one id")
    assert clone.git("rev-parse", "HEAD") == before
    assert (clone.path / TASKS).read_text() == good
    clone.git("add", TASKS)
    clone.commit_ticks("one")
    clone.wait()
    assert clone.done_in_database() == {"one"}


def test_under_ci_the_commit_waits_for_the_sync(
    clone: SyncedClone, framework: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KANBAN_SYNC")
    clone.commit_ticks("one")
    assert clone.processes() == []
    assert clone.done_in_database() == clone.done_on_board() == {"one"}


def test_under_ci_a_commit_waits_no_longer_than_the_deadline(
    clone: SyncedClone,
    server: BoardServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hunt_factor: int,
) -> None:
    seconds = CI_WAIT if hunt_factor > 1 else 3.0
    shorten_wait(clone, tmp_path / "hot.py", seconds)
    monkeypatch.setenv("CI", "true")
    with server.gate(lambda method, _: method == "GET") as gate:
        began = time.monotonic()
        clone.commit_ticks("one")
        took = time.monotonic() - began
        assert seconds <= took < seconds + 10
        until(lambda: bool(clone.processes()), "the detached process")
        gate.open()
    clone.wait()
    assert clone.done_on_board() == {"one"}
