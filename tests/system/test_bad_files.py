"""Files that cannot be read as they are: named, and nothing that was synced is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from system.board_server import columns, drawn
from system.complaints import one_line, traces
from system.synced_clone import CHANGE, FILES, TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from system.board_server import BoardServer
    from system.synced_clone import SyncedClone

GOOD = FILES[TASKS].encode()
CONFLICT = b"# Tasks\n\n<<<<<<< HEAD\n- [x] one\n=======\n- [ ] uno\n>>>>>>> side\n- [ ] two\n"

UNREADABLE: dict[str, bytes] = {
    "conflict markers": CONFLICT,
    "a binary file": b"\x00\x01\x02PNG\xff\xfe" * 50,
    "a file in UTF-16": GOOD.decode().encode("utf-16"),
    "an emptied file": b"",
    "boxes that broke": GOOD.replace(b"- [", b"- \\["),
}

IN_LATIN_1 = GOOD + "- [ ] größer\n".encode("latin-1")

HALF: dict[str, bytes] = {
    "cut in the middle": GOOD[: len(GOOD) // 2],
    "an open code fence": GOOD.replace(b"## Later", b"```\n## Later"),
    "empty": b"",
}


def put(clone: SyncedClone, path: str, data: bytes) -> None:
    """Commit a file, and a ticked box elsewhere."""
    (clone.path / path).write_bytes(data)
    clone.tick("1.1", path=CHANGE)
    clone.git("commit", "-qam", "bad and good")
    clone.wait()


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_file_keeps_its_last_state_and_the_others_go_on(
    clone: SyncedClone, server: BoardServer, data: bytes
) -> None:
    before = columns(server.state)
    put(clone, TASKS, data)
    assert columns(server.state) == before
    assert clone.done_on_board() == {"1.1 Draw it"}
    assert f"{TASKS}:" in one_line(clone.notice())
    assert f"{TASKS}:" in clone.run("status").stdout
    (clone.path / TASKS).write_bytes(GOOD)
    clone.tick("two")
    clone.git("commit", "-qam", "mended")
    clone.wait()
    assert clone.done_on_board() == clone.done_in_database() == {"1.1 Draw it", "two"}
    assert len(drawn(server.state)) == len(before)
    assert clone.notice() == ""
    assert traces(clone) == []


def test_a_dialect_of_the_settings_in_which_nothing_is_read_takes_no_task_away(
    clone: SyncedClone, server: BoardServer
) -> None:
    before = columns(server.state)
    with (clone.path / ".kanban-sync.yaml").open("a") as settings:
        settings.write(f"sources:\n  dialects:\n    {TASKS}: table\n")
    clone.git("add", "-A")
    for subject in ("another dialect", "and again"):
        clone.tick("1.1" if "again" in subject else "1.2", path=CHANGE)
        clone.git("commit", "-qam", subject)
        clone.wait()
        assert columns(server.state) == before
        assert "holds tasks no more" in clone.run("status").stdout


@pytest.mark.parametrize("data", HALF.values(), ids=HALF.keys())
def test_a_half_written_file_costs_no_card_once_it_is_whole_again(
    clone: SyncedClone, server: BoardServer, data: bytes
) -> None:
    before = columns(server.state)
    put(clone, TASKS, data)
    assert clone.done_on_board() == {"1.1 Draw it"}
    (clone.path / TASKS).write_bytes(GOOD)
    clone.git("commit", "-qam", "mended")
    clone.wait()
    assert columns(server.state) == before
    assert traces(clone) == []


def test_a_file_in_another_encoding_is_read_as_far_as_possible(
    clone: SyncedClone, server: BoardServer
) -> None:
    before = columns(server.state)
    put(clone, TASKS, IN_LATIN_1)
    found = columns(server.state)
    assert before.items() <= found.items()
    assert len(found) == len(before) + 1
    assert traces(clone) == []


SETTINGS: dict[str, Callable[[str], str]] = {
    "no YAML": lambda text: f"{text}\nplanka: [\n",
    "an unknown key": lambda text: f"{text}\nprojekt_id: x\n",
    "a wrong value": lambda text: f"{text}\ngit:\n  branches: some\n",
    "two problems": lambda text: f"{text}\ngit:\n  branches: some\nprojekt_id: x\n",
}


@pytest.mark.parametrize("spoil", SETTINGS.values(), ids=SETTINGS.keys())
def test_a_broken_settings_file_stops_the_board_and_neither_commit_nor_database(
    clone: SyncedClone, server: BoardServer, spoil: Callable[[str], str]
) -> None:
    settings = clone.path / ".kanban-sync.yaml"
    good = settings.read_text()
    settings.write_text(spoil(good))
    clone.commit_ticks("one")
    clone.wait_for_the_end()
    assert clone.done_in_database() == {"one"}
    assert clone.state.pending.exists()
    assert ".kanban-sync.yaml:" in one_line(clone.notice())
    answer = clone.run("sync")
    assert answer.returncode == 1
    for line in answer.stderr.splitlines():
        assert line.startswith("kanban-sync: .kanban-sync.yaml:")
    last = json.loads(clone.run("status", "--json").stdout)["last_run"]["database"]
    assert (last["result"], ".kanban-sync.yaml:" in last["error"]) == ("failed", True)
    assert server.requests == []
    assert traces(clone) == []
    settings.write_text(good)
    clone.git("commit", "-qam", "mended")
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}


def test_a_symbolic_link_out_of_the_repository_is_not_read(
    clone: SyncedClone, server: BoardServer
) -> None:
    secret = clone.path.parent / "secret.md"
    secret.write_text("- [ ] a secret\n")
    (clone.path / "docs").mkdir()
    (clone.path / "docs" / "TASKS.md").symlink_to(secret)
    clone.git("add", "docs")
    clone.git("commit", "-qm", "link")
    clone.wait()
    assert all("secret" not in task.title for task in clone.tasks())
    assert all("secret" not in card.title for card in drawn(server.state))


def test_names_that_no_shell_likes_are_synced(clone: SyncedClone, server: BoardServer) -> None:
    name = 'it\'s "here" $(touch x) ü\n/TASKS.md'
    clone.commit("odd", **{name: "- [ ] odd\n"})
    clone.wait()
    assert columns(server.state)["odd"] == "To Do"
    assert not (clone.path / "x").exists()
    clone.commit_ticks("odd", path=name)
    clone.wait()
    assert columns(server.state)["odd"] == "Done"
    assert traces(clone) == []
