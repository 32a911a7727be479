"""Two boards at once, many hooks during one run: nobody waits in vain, nothing is done twice."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from system.board_server import columns, drawn
from system.synced_clone import BOARD, PROJECT, TASKS, until

if TYPE_CHECKING:
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
        assert clone.processes()
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
    clone.git("clone", "-q", ".", "../second")
    second = type(clone)(clone.path.parent / "second", server)
    second.run("install").check_returncode()
    second.run("allow", "--yes").check_returncode()
    clone.commit("new", **{"docs/TASKS.md": "- [ ] from the first\n"})
    second.git("pull", "-q", "origin", "main")
    clone.commit_ticks("one")
    second.commit_something_else()
    clone.wait()
    second.wait()
    assert columns(server.state)["one"] == "Done"
    assert columns(server.state)["from the first"] == "To Do"
    assert len(drawn(server.state)) == len(columns(server.state))


def _reading(board: str) -> tuple[str, str]:
    return "GET", f"/api/boards/{board}"


def _without_board(server: BoardServer, board: str) -> list[tuple[object, ...]]:
    return [
        (card.column, card.title, card.labels, card.ticks, card.description, card.fields)
        for card in drawn(server.state, board)
    ]
