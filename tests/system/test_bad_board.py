"""A board that is away, or that this account may not write to: commit and database go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from system.board_server import BoardServer, columns
from system.complaints import one_line, traces
from system.synced_clone import SyncedClone, until

if TYPE_CHECKING:
    from pathlib import Path


def key_of_a(role: str, server: BoardServer) -> str:
    """Make a user with this role on the board, or with none, and return the user's key."""
    key = server.state.add_user(f"some {role}")
    if role != "stranger":
        user = server.send("GET", "/api/users/me", key=key)["item"]["id"]
        (board,) = server.state.where("boards")
        path = f"/api/boards/{board['id']}/board-memberships"
        server.send("POST", path, {"userId": user, "role": role})
    return key


@pytest.mark.parametrize(
    ("role", "words"),
    [("viewer", "has to be an editor"), ("stranger", "no member"), ("nobody", "credential")],
)
def test_without_the_right_to_write_the_database_goes_on_and_the_board_waits(
    clone: SyncedClone,
    server: BoardServer,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    words: str,
) -> None:
    key = "wrong_key" if role == "nobody" else key_of_a(role, server)
    before = columns(server.state)
    monkeypatch.setenv("PLANKA_API_KEY", key)
    clone.commit_ticks("one")
    clone.wait_for_the_end()
    assert clone.done_in_database() == {"one"}
    assert columns(server.state) == before
    assert clone.state.pending.exists()
    assert words in one_line(clone.notice())
    answer = clone.run("sync", env={"PLANKA_API_KEY": key})
    assert answer.returncode == 1
    assert words in one_line(answer.stderr)
    assert traces(clone) == []
    monkeypatch.setenv("PLANKA_API_KEY", server.api_key)
    clone.commit_something_else()
    clone.wait()
    assert clone.done_on_board() == {"one"}
    assert clone.notice() == ""


def test_the_notice_is_printed_once_by_the_next_hook(
    clone: SyncedClone, server: BoardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANKA_API_KEY", key_of_a("viewer", server))
    clone.commit_ticks("one")
    clone.wait_for_the_end()
    monkeypatch.setenv("PLANKA_API_KEY", server.api_key)
    next_commit = ("commit", "-q", "--allow-empty", "-m", "next")
    assert one_line(clone.hears(*next_commit)).startswith("kanban-sync: ")
    clone.wait()
    assert clone.hears(*next_commit) == ""


def test_without_a_key_nothing_is_sent(
    clone: SyncedClone, server: BoardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLANKA_API_KEY")
    clone.commit_ticks("one")
    clone.wait_for_the_end()
    assert clone.done_in_database() == {"one"}
    assert server.requests == []
    assert "PLANKA_API_KEY" in one_line(clone.notice())
    assert traces(clone) == []


def test_while_planka_is_down_the_database_goes_on_and_the_next_trigger_heals(
    tmp_path: Path, fresh_server: BoardServer
) -> None:
    clone = SyncedClone.make(tmp_path / "clone", fresh_server)
    fresh_server.stop()
    answer = clone.run("sync", "--force")
    assert answer.returncode == 2
    assert fresh_server.url in one_line(answer.stderr)
    clone.commit_ticks("one")
    until(lambda: clone.done_in_database() == {"one"}, "the tick in the database")
    until(lambda: fresh_server.url in clone.notice(), "the notice")
    assert clone.state.pending.exists()
    until(lambda: bool(clone.processes()), "the detached process")
    with BoardServer(port=fresh_server.port, state=fresh_server.state) as again:
        clone.commit_something_else()
        until(lambda: not clone.state.pending.exists(), "the healing")
        # The process that waits to try again sees that nothing is left to do.
        clone.wait()
        assert columns(again.state)["one"] == "Done"
    assert clone.done_on_board() == {"one"}
    assert traces(clone) == []
    assert next(each.result for each in clone.runs() if each.target == clone.target) == "done"


def test_what_the_background_tries_again_needs_no_trigger(
    tmp_path: Path, fresh_server: BoardServer
) -> None:
    clone = SyncedClone.make(tmp_path / "clone", fresh_server)
    fresh_server.stop()
    clone.commit_ticks("one")
    until(lambda: fresh_server.url in clone.notice(), "the notice")
    with BoardServer(port=fresh_server.port, state=fresh_server.state) as again:
        clone.wait()
        assert columns(again.state)["one"] == "Done"
