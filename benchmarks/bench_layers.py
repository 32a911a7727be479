"""Reads 50,000 files and 1, 50 and 300 live branches, beside the git commands that it needs.

Cold is without anything known, warm is where nothing has moved since, and then there is one branch
that has. The commands are those that our reading gave, run again without anything of ours.
"""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from branching import Noted, git, make, replay
from measure import Claim, Subject, interleave, options, report

from kanban_sync.cli.process import COLLECTED_AT
from kanban_sync.core.liveness import Liveness
from kanban_sync.core.ports import FilesState, Gone, SourceSettings
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.sync.reading import read_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.core.model import Task
    from kanban_sync.sync.outcome import Reading
    from kanban_sync.sync.remembered import Parses

BRANCHES = (1, 50, 300)
PROJECT = "benchmark"
MOVES = "refs/heads/work/000"
COLD, WARM, MOVED = "cold", "warm", "one moved"

LIMITS = {COLD: 25, WARM: 6, MOVED: 12}
"""How many times as long as the bare commands reading may take."""


def snapshot(
    clone: GitRepository,
    known: Callable[[], Sequence[Task]],
    files: FilesState,
    parses: Parses | None,
) -> Reading:
    """Read all layers of a repository."""
    clone.choose(default_branch="", current=None, liveness=Liveness())
    with closing(clone):
        found = read_files(
            clone, clone, SOURCES, SourceSettings(), PROJECT, known, files, parses=parses
        )
    if found is None:
        raise RuntimeError("there is no commit to read")
    return found


class Case:
    """A repository, and its task database as the first pass left it."""

    def __init__(self, folder: Path, branches: int) -> None:
        self.git_dir = folder / f"{branches}.git"
        make(self.git_dir, branches)
        self.tips = [git(self.git_dir, "rev-parse", f"{MOVES}{each}") for each in ("", "^")]
        self.database, self.first = folder / f"{branches}.db", folder / f"{branches}.first.db"
        self.merged()
        self.database.rename(self.first)
        with closing(open_sqlite(self.first, PROJECT)) as store:
            self.tasks, self.files = store.filed_tasks(), store.files()

    def begin(self, kind: str) -> None:
        """Let the repository and the database be as they are before such a pass."""
        self.database.unlink(missing_ok=True)
        if kind != COLD:
            shutil.copy(self.first, self.database)
        git(self.git_dir, "update-ref", MOVES, self.tips[kind == MOVED])

    def read(self, kind: str, clone: GitRepository | None = None) -> Reading:
        """Read all layers."""
        clone = clone or GitRepository(self.git_dir)
        if kind == COLD:
            return snapshot(clone, tuple, FilesState(), None)
        with closing(open_sqlite(self.database, PROJECT)) as store:
            return snapshot(clone, lambda: self.tasks, self.files, store)

    def merged(self) -> None:
        """Read all layers, and bring their tasks into the database."""
        with closing(open_sqlite(self.database, PROJECT)) as store:
            clone = GitRepository(self.git_dir)
            reading = snapshot(clone, store.filed_tasks, store.files(), store)
            if reading.is_new:
                gone = {task.key: Gone(task.status, task.status_version) for task in reading.gone}
                store.merge(reading.tasks, gone, reading.files, 0.0)

    def subjects(self, kind: str, name: str) -> dict[str, Subject]:
        """Return our reading, with the database and without, and the commands that it gave."""
        self.begin(kind)
        clone = Noted(self.git_dir)
        self.read(kind, clone)
        before = partial(self.begin, kind)
        return {
            f"git, {name}": Subject(partial(replay, self.git_dir, clone.plumbing()), before),
            f"read, {name}": Subject(partial(self.read, kind), before),
            f"merged, {name}": Subject(self.merged, before),
        }


def main() -> int:
    """Measure all of it."""
    chosen = options(__doc__, rounds=7)
    # As the program does.
    gc.set_threshold(COLLECTED_AT)
    subjects: dict[str, Subject] = {}
    claims: list[Claim] = []
    with tempfile.TemporaryDirectory() as folder:
        for branches in BRANCHES:
            case = Case(Path(folder), branches)
            for kind, limit in LIMITS.items():
                name = f"{branches} branches, {kind}"
                subjects |= case.subjects(kind, name)
                claims.append(Claim(f"read, {name}", f"git, {name}", limit))
        seconds = interleave(subjects, chosen.rounds)
    return report(seconds, claims, chosen)


if __name__ == "__main__":
    sys.exit(main())
