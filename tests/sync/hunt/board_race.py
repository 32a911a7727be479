"""A program in which two clones of one user commit as fast as they can to one board.

It counts overlapping passes and lost commits, and for each wait for the board how many passes the
other clone began meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.sync import requests, runner
from kanban_sync.sync.locks import FairLock, board_lock_path
from kanban_sync.sync.requests import Cause, Request
from sync.hunt.bursts import MOMENT, TARGET, World, reap, start

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = runner.Patience(debounce=0, rebase=0, board_lock=120, deadline=120, poll=MOMENT)


class Clone(World):
    """A clone with its own commits and state folder; the board is shared, and so is its turn."""

    def __init__(self, path: Path, board: World) -> None:
        super().__init__(path)
        self.progress = runner.Progress()
        self.turns = path / "turns"
        self.turns.touch()
        self._board = board

    def is_rebasing(self, _served: Sequence[Request]) -> bool:
        return False

    def database(self, _served: Sequence[Request]) -> None:
        time.sleep(random.random() * MOMENT)

    def board(self, _served: Sequence[Request]) -> None:
        with self.turns.open("ab", buffering=0) as file:
            file.write(b".")
        self._board.sync()
        self.sync()

    def run(self) -> None:
        """Ask for a sync and run it, unless somebody is at it."""
        requests.append(self.state, Request("*", Cause.POST_COMMIT))
        runner.run(self.state, TARGET, self, patience=PATIENCE, board_lock=True)


class MeasuredLock(FairLock):
    """A board lock that notes how many passes others made while it was waited for."""

    others: Path
    waits: Path

    def acquire(self, seconds: float) -> bool:
        if seconds == 0:
            return super().acquire(0)
        before = self.others.stat().st_size
        is_got = super().acquire(seconds)
        with self.waits.open("a") as file:
            file.write(f"{self.others.stat().st_size - before}\n")
        return is_got


def commit_often(clone: Clone, other: Clone, commits: int) -> None:
    """Commit again and again; each commit starts a process, as the hook does."""
    MeasuredLock.others, MeasuredLock.waits = other.turns, clone.path / "waits"
    running: list[int] = []
    for _ in range(commits):
        clone.commit()
        running.append(start(clone.run))
        time.sleep(random.random() * MOMENT)
    reap(running)


def main() -> None:
    """Race, and print what was found, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commits", type=int, required=True)
    args = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = str(args.folder / "user")
    vars(runner)["lock_of_board"] = lambda target: MeasuredLock(board_lock_path(target))
    for name in ("board", "a", "b"):
        (args.folder / name).mkdir()
    board = World(args.folder / "board")
    a, b = (Clone(args.folder / name, board) for name in ("a", "b"))
    races = [partial(commit_often, a, b, args.commits), partial(commit_often, b, a, args.commits)]
    reap([start(race) for race in races])
    waits = [int(line) for clone in (a, b) for line in (clone.path / "waits").read_text().split()]
    found = {
        "passes": [clone.turns.stat().st_size for clone in (a, b)],
        "overlaps": board.overlaps + a.overlaps + b.overlaps,
        "lost": [clone.commits - clone.synced for clone in (a, b)],
        "waits": len(waits),
        "longest_wait": max(waits),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
