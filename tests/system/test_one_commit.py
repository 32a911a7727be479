"""From `git commit` to the board: what is asked of the server, and what is not."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from system.board_server import columns, drawn
from system.synced_clone import CHANGE, TASKS, until

if TYPE_CHECKING:
    from pathlib import Path

    from system.board_server import BoardServer
    from system.synced_clone import SyncedClone


# Here all of the way is the program's own, as people have it.
pytestmark = pytest.mark.usefixtures("started_anew")


@pytest.mark.parametrize(("word", "path"), [("1.1", CHANGE), ("one", TASKS)])
def test_a_ticked_box_costs_one_reading_and_at_most_three_writes(
    clone: SyncedClone, server: BoardServer, word: str, path: str
) -> None:
    clone.commit_ticks(word, path=path)
    clone.wait()
    reads = [each for each in server.requests if each[0] == "GET"]
    assert len(reads) == 1
    assert reads[0][1].startswith("/api/boards/")
    assert 1 <= len(server.writes) <= 3
    assert clone.done_on_board() == clone.done_in_database() != set()


def test_the_first_sync_shows_every_task_once(clone: SyncedClone, server: BoardServer) -> None:
    assert columns(server.state) == {
        "one": "To Do",
        "two": "To Do",
        "three": "To Do",
        "four": "To Do",
        "add-login": "In Progress",
    }
    (change,) = (card for card in drawn(server.state) if card.ticks)
    assert [name for _, name, _ in change.ticks] == ["1.1 Draw it", "1.2 Check it", "2.1 Ask"]


def test_a_sync_without_news_sends_nothing(clone: SyncedClone, server: BoardServer) -> None:
    clone.commit_ticks("one")
    clone.wait()
    server.clear_log()
    answer = clone.run("sync")
    assert answer.returncode == 0, answer.stderr
    clone.git("commit", "-q", "--allow-empty", "-m", "asks again", env={"KANBAN_SYNC": "0"})
    clone.state.mark_behind(clone.target)
    clone.commit_something_else()
    clone.wait()
    assert len(clone.requested()) > 1
    assert server.requests == []


def test_a_commit_that_touches_no_task_starts_no_python(
    clone: SyncedClone, server: BoardServer, tmp_path: Path
) -> None:
    before = clone.requested()
    started = tmp_path / "started"
    for name in ("post-commit", "post-merge", "post-rewrite", "post-checkout"):
        shim = clone.common_dir / "hooks" / name
        lines = shim.read_text().splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("python="))
        recorder = tmp_path / "python"
        recorder.write_text(f"#!/bin/sh\necho started >>{started}\n")
        recorder.chmod(0o755)
        lines[at] = f"python={recorder}"
        shim.write_text("\n".join(lines) + "\n")
    clone.commit_something_else()
    clone.git("commit", "-q", "--amend", "-m", "said better")
    assert not started.exists()
    assert clone.requested() == before
    clone.commit_ticks("one")
    assert started.exists()
    assert server.requests == []


def test_git_commit_returns_before_the_sync_ends(clone: SyncedClone, server: BoardServer) -> None:
    with server.gate(lambda method, _: method == "GET") as gate:
        clone.commit_ticks("one")
        gate.wait_until_reached()
        until(lambda: bool(clone.processes()), "the detached process")
        assert clone.done_on_board() == set()
        gate.open()
        clone.wait()
    assert clone.done_on_board() == {"one"}


def test_who_reads_the_output_of_git_to_its_end_is_not_held_up(
    clone: SyncedClone, server: BoardServer
) -> None:
    clone.tick("one")
    with server.gate(lambda method, _: method == "GET") as gate:
        call = ["git", "commit", "-am", "tick"]
        with subprocess.Popen(
            call, cwd=clone.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            # Ends when the last process that holds the pipe has let go of it.
            output, _ = process.communicate(timeout=20)
        assert b"tick" in output
        gate.wait_until_reached()
        until(lambda: bool(clone.processes()), "the detached process")
    clone.wait()
    assert clone.done_on_board() == {"one"}


def test_a_slow_board_costs_the_commit_no_time(clone: SyncedClone, server: BoardServer) -> None:
    server.delay = 1
    began = time.monotonic()
    clone.commit_ticks("one")
    took = time.monotonic() - began
    until(lambda: bool(clone.processes()), "the detached process")
    until(lambda: bool(server.requests), "the first request")
    clone.wait()
    whole = time.monotonic() - began
    assert took < whole / 2
    assert whole > 3 * server.delay


def test_without_git_hooks_there_is_no_sync_and_the_next_commit_brings_it(
    clone: SyncedClone, server: BoardServer
) -> None:
    shutil.move(clone.common_dir / "hooks", clone.common_dir / "away")
    clone.commit_ticks("one")
    assert clone.processes() == []
    shutil.move(clone.common_dir / "away", clone.common_dir / "hooks")
    clone.commit_something_else()
    clone.wait()
    assert clone.done_on_board() == clone.done_in_database() == {"one"}
