"""Four agents commit at once in four work trees: one board, no card to and fro, nothing lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kanban_sync.sync import requests
from system import agent
from system.agent import BOXES, CHANGE, ERRANDS, OWN, SHARED, TASKS
from system.board_server import columns
from system.synced_clone import until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from system.board_server import BoardServer
    from system.synced_clone import SyncedClone

pytestmark = pytest.mark.hunt

AGENTS = ("ada", "ben", "cem", "dot")
COLUMNS = {"todo": "To Do", "in_progress": "In Progress", "done": "Done"}
UNTOUCHED = {"add-login": "In Progress"} | dict.fromkeys(("one", "two", "three", "four"), "To Do")

FIRST = 2
"""So many commits each agent makes before the board answers any request."""

BEGUN = (
    *(f"{name} {number}" for name in AGENTS for number in range(OWN)),
    *(f"shared {number}" for number in range(SHARED)),
    *map(agent.errand, range(ERRANDS)),
)
FILES = {
    TASKS: "".join(map(agent.line_of, BEGUN)),
    CHANGE: "\n".join(
        f"## {group}. For {name}\n\n"
        + "".join(f"- [ ] {group}.{number} dig of {name}\n" for number in range(BOXES))
        for group, name in enumerate(AGENTS, 1)
    ),
}


@dataclass
class Told:
    """What the board has to show, told from what the agents say that they have done.

    Nobody takes back what others do, too, so that it does not matter who was first.
    """

    statuses: dict[str, list[str]] = field(
        default_factory=lambda: {task: ["todo"] for task in BEGUN}
    )
    boxes: list[str] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)

    def hear(self, deed: str, task: str, status: str) -> None:
        """Take in one deed."""
        self.deeds[deed] += 1
        if deed == "box":
            self.boxes.append(task)
        elif self.statuses.setdefault(task, [])[-1:] != [status]:
            self.statuses[task].append(status)

    def board(self) -> dict[str, str]:
        """Return in which list each card lies."""
        is_whole = len(self.boxes) == BOXES * len(AGENTS)
        cards = {task: COLUMNS[had[-1]] for task, had in self.statuses.items()}
        return {**UNTOUCHED, **cards, "garden": "Review" if is_whole else "In Progress"}

    def ways(self) -> dict[str, list[str]]:
        """Return the lists to which each card may have been moved, in this order."""
        ways = {task: [COLUMNS[status] for status in had] for task, had in self.statuses.items()}
        return {**ways, "garden": ["Review"]}


def test_four_agents_who_commit_at_once_share_one_board(
    clone: SyncedClone, server: BoardServer, hunt_factor: int
) -> None:
    seconds, seed = (8, 0) if hunt_factor == 1 else (60, random.randrange(10_000))
    clone.commit("tasks", **FILES)
    clone.wait()
    trees = [clone.path.parent / name for name in AGENTS]
    for tree in trees:
        clone.quietly("worktree", "add", "-q", "-b", tree.name, str(tree))
    with ExitStack() as stack, server.gate(lambda _method, _path: True) as gate:
        working = [
            stack.enter_context(_at_work(tree, f"{seed} {tree.name}", seconds)) for tree in trees
        ]
        # Nobody who commits waits for the board: it has not answered yet.
        until(lambda: all(len(_deeds(tree)) >= FIRST for tree in trees), "commits of each")
        gate.wait_until_reached()
        gate.open()
        ended = [each.communicate(timeout=seconds + 60) for each in working]
        assert [each.returncode for each in working] == [0] * len(working), (seed, ended)

    told = Told()
    for deed in (each for tree in trees for each in _deeds(tree)):
        told.hear(*deed)
    assert told.deeds.keys() == {"tick", "box", "share", "add", "claim", "finish"}, seed
    done = clone.run("sync", "--wait")
    assert (done.returncode, done.stderr) == (0, ""), seed

    # A second card of a task would have its title.
    assert columns(server.state) == told.board(), seed
    assert _moves_too_many(server, told) == [], seed
    assert Counter(_ticked(server)) == Counter(told.boxes), seed
    clone.wait()
    assert {line.split()[2] for line in clone.requested()} >= {*AGENTS}
    assert requests.done(clone.state, clone.target) == requests.size(clone.state) > 0
    assert {run.result for run in clone.runs()} == {"done"}
    assert clone.notice() == ""
    server.clear_log()
    clone.run("sync", "--wait").check_returncode()
    assert server.writes == []


def _at_work(tree: Path, seed: str, seconds: float) -> subprocess.Popen[str]:
    """Start an agent; what it does, it tells in a file beside its work tree."""
    call = [sys.executable, agent.__file__, tree.name, "--seed", seed, "--seconds", str(seconds)]
    with _log(tree).open("w") as log:
        return subprocess.Popen(call, cwd=tree, stdout=log, stderr=subprocess.PIPE, text=True)


def _log(tree: Path) -> Path:
    return tree.with_suffix(".jsonl")


def _deeds(tree: Path) -> list[list[str]]:
    whole, _, _ = _log(tree).read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def _moves_too_many(server: BoardServer, told: Told) -> list[tuple[str, list[str]]]:
    """Return the cards that were moved otherwise than what became of their tasks."""
    moves: dict[str, list[str]] = {}
    for action in server.state.where("actions", type="moveCard"):
        data = action["data"]
        moves.setdefault(data["card"]["name"], []).append(data["toList"]["name"])
    ways = told.ways()
    return [(title, went) for title, went in moves.items() if not _is_part(went, ways[title])]


def _is_part(went: Iterable[str], way: Iterable[str]) -> bool:
    """Whether these lists come one after the other on a way, which may have others between."""
    left = iter(way)
    return all(each in left for each in went)


def _ticked(server: BoardServer) -> list[str]:
    """Return the boxes that were ticked on the board, each time that they were."""
    assert server.state.where("actions", type="uncompleteTask") == []
    ticks = server.state.where("actions", type="completeTask")
    return [tick["data"]["task"]["name"] for tick in ticks]
