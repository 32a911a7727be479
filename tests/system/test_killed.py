"""The detached process killed at any moment: the next one ends where an undisturbed one would."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kanban_sync.standin.state import State
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.sync.requests import EVERY_TARGET, Cause, Request, append
from system.board_server import columns, drawn, saved_copy, without_ids
from system.synced_clone import CHANGE, TASKS, SyncedClone, copy_clone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from system.board_server import BoardServer, DrawnCard

MOST_MOMENTS = 400
SLICES = 4
SHORT_STEP = 8
"""In the short form every fifth moment is taken; all of them are in the long one."""

NEW_CHANGE = {
    "openspec/changes/add-search/proposal.md": "# Proposal\n\n## Why\n\nTo find it.\n",
    "openspec/changes/add-search/tasks.md": "## 1. Index\n\n- [x] 1.1 Read\n- [ ] 1.2 Write\n",
}


@dataclass(frozen=True)
class Driver:
    """The program that serves requests and is killed on the way."""

    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Driver]:
        call = [sys.executable, "-P", str(Path(__file__).with_name("kill_driver.py"))]
        with subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield cls(process)
            assert process.stdin
            process.stdin.close()

    def run(self, clone: SyncedClone, moment: int = 0) -> bool:
        """Serve the requests of a clone; tell whether it was killed on the way."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{moment} {clone.state.path}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer in {"killed", "ended"}
        return answer == "killed"


@dataclass(frozen=True)
class Situation:
    """A clone with something to sync, and what is on the server then."""

    clone: SyncedClone
    state: State

    def again(self, path: Path) -> SyncedClone:
        """Go back to this situation."""
        shutil.rmtree(path, ignore_errors=True)
        self.clone.server.restore(self.state)
        return copy_clone(self.clone, path)


def first_sync(clone: SyncedClone, server: BoardServer) -> Situation:
    """Nothing was ever synced: the server is empty."""
    for path in clone.state.path.iterdir():
        if path.name not in {"consent.json", "settings.json"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    append(clone.state, Request(EVERY_TARGET, Cause.POST_COMMIT))
    return Situation(clone, State(api_key=server.api_key))


def later_sync(clone: SyncedClone, server: BoardServer) -> Situation:
    """People have been on the board, and a commit changes tasks in every way there is."""
    act_as_a_person(server)
    clone.tick("one")
    text = (clone.path / TASKS).read_text()
    (clone.path / TASKS).write_text(text.replace("- [ ] three\n", "") + "- [ ] five\n")
    text = (clone.path / CHANGE).read_text()
    text = text.replace("[ ] 1.1", "[x] 1.1").replace("Check it", "Check it twice")
    (clone.path / CHANGE).write_text(text + "- [ ] 2.2 Answer\n")
    clone.write("openspec/changes/add-login/proposal.md", "# Proposal\n\n## Why\n\nAnother why.\n")
    for path, content in NEW_CHANGE.items():
        clone.write(path, content)
    clone.git("add", "--all")
    clone.quietly("commit", "-qm", "change everything")
    append(clone.state, Request(EVERY_TARGET, Cause.POST_COMMIT))
    return Situation(clone, saved_copy(server.state))


SITUATIONS = {"the first sync": first_sync, "a later sync": later_sync}


def act_as_a_person(server: BoardServer) -> None:
    """Do on the board what people do: a card, a comment, a line, a label and words of their own."""
    cards = {card["name"]: card for card in server.state.where("cards")}
    login, one = cards["add-login"], cards["one"]
    card = {"type": "project", "position": 1, "name": "Buy cake"}
    server.send("POST", f"/api/lists/{one['listId']}/cards", card)
    server.send("POST", f"/api/cards/{login['id']}/comments", {"text": "Is it done?"})
    (lane, *_) = server.state.where("taskLists", cardId=login["id"])
    line = {"position": 1, "name": "my own line"}
    server.send("POST", f"/api/task-lists/{lane['id']}/tasks", line)
    label = {"name": "urgent", "color": "berry-red", "position": 1}
    made = server.send("POST", f"/api/boards/{login['boardId']}/labels", label)["item"]
    server.send("POST", f"/api/cards/{one['id']}/card-labels", {"labelId": made["id"]})
    words = {"description": f"My words.\n\n{login['description']}"}
    server.send("PATCH", f"/api/cards/{login['id']}", words)


def records_of_people(state: State) -> list[dict[str, Any]]:
    """Return what people have made, with ids and times."""
    cards = state.where("cards", name="Buy cake")
    lines = state.where("tasks", name="my own line")
    labels = state.where("labels", name="urgent")
    return [*cards, *lines, *labels, *state.where("comments")]


@dataclass(frozen=True)
class Outcome:
    """What is on the board, and what the task database holds, without ids and times."""

    board: list[DrawnCard]
    lanes: list[str]
    database: dict[str, list[str]]

    @classmethod
    def of(cls, clone: SyncedClone) -> Outcome:
        state = clone.server.state
        lanes = sorted(str(lane["name"] or lane["type"]) for lane in state.where("lists"))
        return cls(drawn(state), lanes, rows(clone))


def difference(found: Outcome, expected: Outcome) -> list[str]:
    """List what one outcome has and the other has not."""
    texts = [
        [f"{card}" for card in each.board]
        + [f"list {name}" for name in each.lanes]
        + [f"{name}: {text}" for name, lines in each.database.items() for text in lines]
        for each in (found, expected)
    ]
    surplus, missing = Counter(texts[0]) - Counter(texts[1]), Counter(texts[1]) - Counter(texts[0])
    return [f"+ {text}" for text in surplus] + [f"- {text}" for text in missing]


def rows(clone: SyncedClone) -> dict[str, list[str]]:
    """Return tasks, events and bases of a database as text."""
    path = clone.state.path / "tasks.db"
    with closing(open_sqlite(path, clone.project, read_only=True)) as store:
        return {
            "tasks": sorted(map(str, store.tasks())),
            "events": [f"{each.kind} {each.key} {each.data}" for each in store.events()],
            "base": sorted(
                without_ids(str((said.said, said.mark, said.finished, said.archived)))
                for said in store.base(clone.target).values()
            ),
        }


def integrity(clone: SyncedClone) -> str:
    with closing(sqlite3.connect(clone.state.path / "tasks.db")) as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.hunt
@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
def test_whenever_it_is_killed_the_next_trigger_heals(
    clone: SyncedClone,
    server: BoardServer,
    tmp_path: Path,
    situation: Callable[[SyncedClone, BoardServer], Situation],
    part: int,
    hunt_factor: int,
) -> None:
    start = situation(clone, server)
    people = json.dumps(records_of_people(start.state))
    step = SHORT_STEP if hunt_factor == 1 else 1
    with Driver.started() as driver:
        expected = undisturbed(driver, start, tmp_path / "undisturbed")
        first = 1 + part * step
        for moment in range(first, MOST_MOMENTS, step * SLICES):
            victim = start.again(tmp_path / "victim")
            if not driver.run(victim, moment):
                assert moment > 2 * step * SLICES, "hardly any moment was found"
                break
            assert victim.state.pending.exists(), f"{moment}: no hook would look again"
            append(victim.state, Request(EVERY_TARGET, Cause.POST_COMMIT))
            assert not driver.run(victim)
            assert (moment, difference(Outcome.of(victim), expected)) == (moment, [])
            assert json.dumps(records_of_people(server.state)) == people
            assert integrity(victim) == "ok"
            assert not victim.state.pending.exists()
        else:
            pytest.fail(f"not through after {MOST_MOMENTS} moments")


def undisturbed(driver: Driver, start: Situation, path: Path) -> Outcome:
    """Return what a sync leads to that nobody kills; afterwards nothing is left to do."""
    clone = start.again(path)
    assert not driver.run(clone)
    outcome = Outcome.of(clone)
    assert len(columns(clone.server.state)) >= 5
    assert not clone.state.pending.exists()
    return outcome


def test_after_a_kill_a_commit_that_touches_no_task_is_trigger_enough(
    clone: SyncedClone, server: BoardServer
) -> None:
    with server.gate(lambda method, _: method != "GET") as gate:
        clone.commit_ticks("one")
        gate.wait_until_reached()
        (process,) = clone.processes()
        os.kill(process, 9)
        clone.wait_for_the_end()
    assert clone.done_in_database() == {"one"}
    clone.commit_something_else()
    clone.wait()
    assert clone.done_on_board() == {"one"}
    server.clear_log()
    clone.commit_something_else()
    assert clone.processes() == []
    assert server.requests == []
