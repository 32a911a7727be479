"""Two boards at once, many hooks during one run: nobody waits in vain, nothing is done twice."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from typing import TYPE_CHECKING

from kanban_sync.sync.locks import board_lock_path
from system.board_server import columns, drawn
from system.synced_clone import BOARD, PROJECT, TASKS, until

if TYPE_CHECKING:
    from pathlib import Path

    from system.board_server import BoardServer
    from system.synced_clone import SyncedClone

OTHER = "Other board"


def runs_of_the_board(clone: SyncedClone) -> int:
    return sum(run.target == clone.target for run in clone.runs())


def test_another_board_is_synced_while_one_is_being_written_to(
    clone: SyncedClone, server: BoardServer
) -> None:
    (board,) = server.state.where("boards")
    with server.gate(lambda method, path: (method, path) == _reading(board["id"])) as gate:
        clone.commit_ticks("one")
        gate.wait_until_reached()
        answer = clone.run("sync", "--project", PROJECT, "--board", OTHER)
        assert answer.returncode == 0, answer.stderr
        # The first one still stands before the gate.
        until(lambda: bool(clone.processes()), "the detached process")
        assert columns(server.state, BOARD)["one"] == "To Do"
        assert columns(server.state, OTHER)["one"] == "Done"
    clone.wait()
    assert _without_board(server, BOARD) == _without_board(server, OTHER)
    assert columns(server.state, BOARD)["one"] == "Done"


def test_a_sync_that_waits_for_the_one_under_way_ends_with_it(
    clone: SyncedClone, server: BoardServer
) -> None:
    with server.gate(lambda method, _: method == "GET") as gate:
        clone.commit_ticks("one")
        gate.wait_until_reached()
        queued = clone.run("sync")
        assert (queued.returncode, queued.stderr) == (0, "")
        assert queued.stdout.startswith("queued")
        call = [sys.executable, "-P", "-m", "kanban_sync", "sync", "--wait"]
        with subprocess.Popen(call, cwd=clone.path, stdout=subprocess.PIPE) as waiting:
            until(lambda: sum(" cli " in line for line in clone.requested()) >= 2, "the request")
            assert waiting.poll() is None
            assert clone.done_on_board() == set()
            gate.open()
            waiting.communicate(timeout=30)
        assert waiting.returncode == 0
        assert clone.done_on_board() == {"one"}
    clone.wait()


def test_twenty_hooks_during_one_run_lead_to_one_more(
    clone: SyncedClone, server: BoardServer
) -> None:
    before = runs_of_the_board(clone)
    with server.gate(lambda method, _: method == "GET") as gate:
        clone.commit_ticks("one")
        gate.wait_until_reached()
        first = clone.processes()
        for number in range(20):
            clone.write(TASKS, f"{(clone.path / TASKS).read_text()}- [x] more {number}\n")
            clone.git("commit", "-qam", f"more {number}")
        # All the others see that somebody is at it, and leave.
        until(lambda: clone.processes() == first, "the end of the others")
        assert len(first) == 1
        gate.open()
        clone.wait()
    assert runs_of_the_board(clone) == before + 2
    expected = {"one", *(f"more {number}" for number in range(20))}
    assert clone.done_in_database() == clone.done_on_board() == expected


def test_two_clones_of_one_user_take_turns_and_make_no_card_twice(
    clone: SyncedClone, server: BoardServer
) -> None:
    second = second_clone(clone)
    clone.commit("new", **{"docs/TASKS.md": "- [ ] from the first\n"})
    second.git("pull", "-q", "origin", "main")
    clone.commit_ticks("one")
    second.commit_something_else()
    clone.wait()
    second.wait()
    assert columns(server.state)["one"] == "Done"
    assert columns(server.state)["from the first"] == "To Do"
    assert len(drawn(server.state)) == len(columns(server.state))


def test_the_second_clone_of_a_user_asks_the_board_nothing_before_the_first_one_is_done(
    clone: SyncedClone, server: BoardServer
) -> None:
    second = second_clone(clone)
    place = board_lock_path(clone.target).with_suffix(".next.flk")
    with server.gate(lambda method, _: method == "GET") as gate:
        clone.commit_ticks("one")
        gate.wait_until_reached()
        asked = list(server.requests)
        assert not _is_taken(place)
        second.commit_ticks("two")
        until(lambda: _is_taken(place), "the second one at the lock")
        assert server.requests == asked
    clone.wait()
    second.wait()
    assert clone.done_on_board() == {"one", "two"}


def second_clone(clone: SyncedClone) -> SyncedClone:
    """Make another clone of the same user for the same board."""
    clone.git("clone", "-q", ".", "../second")
    second = type(clone)(clone.path.parent / "second", clone.server)
    second.run("install").check_returncode()
    second.run("allow", "--yes").check_returncode()
    return second


def _is_taken(place: Path) -> bool:
    """Tell whether somebody has locked a file."""
    with place.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _reading(board: str) -> tuple[str, str]:
    return "GET", f"/api/boards/{board}"


def _without_board(server: BoardServer, board: str) -> list[tuple[object, ...]]:
    return [
        (card.column, card.title, card.labels, card.ticks, card.description, card.fields)
        for card in drawn(server.state, board)
    ]
