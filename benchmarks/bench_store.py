"""Merges 10,000 tasks into the SQLite store, beside sqlite3 with the same reads and writes.

The floor is told beforehand what differs and has every row ready: it only reads what a merge has to
read, compares it, and writes what a merge has to write, in the same kind of transaction.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Claim, Subject, main

from kanban_sync.core.identity import Traits
from kanban_sync.core.layers import KeyedTask, SlotState
from kanban_sync.core.merge import Kept, filed_part
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import FilesState
from kanban_sync.core.records import slot_to_json
from kanban_sync.stores.filestates import SLOTS, TIPS, WRITE_SLOT, WRITE_TIP
from kanban_sync.stores.rows import DIGESTS, WRITE_TASK, digest_of, row_of
from kanban_sync.stores.sqlite import open_sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.stores.rows import Row

CHANGES = 200
TASKS = 50
CHANGED = 2
"""How many changes one commit touches: their tasks are 1 % of all."""

PROJECT = "b" * 12
NOW = 1_700_000_000.0
NEWS = "INSERT INTO events (project, at, kind, key, data) VALUES (?, ?, ?, ?, ?)"
COUNT = "UPDATE projects SET merges = merges + 1 WHERE project = ?"


class Repository:
    """What the files hold after some number of commits, each of which touched 1 % of the tasks."""

    def __init__(self) -> None:
        self.tasks = [
            task(change, number, 0) for change in range(CHANGES) for number in range(TASKS)
        ]
        slots = {f"change-{change}/tasks.md": slot(change, 0) for change in range(CHANGES)}
        self.files = FilesState({"main": "0" * 40}, slots)
        self.touched: list[Task] = []
        self.slots: dict[str, SlotState] = {}
        self.commits = 0

    def commit(self) -> None:
        """Reword the tasks of some changes."""
        self.commits += 1
        commit = self.commits
        first = commit * CHANGED % CHANGES
        here = range(first, first + CHANGED)
        self.touched = [task(change, number, commit) for change in here for number in range(TASKS)]
        self.tasks[first * TASKS : (first + CHANGED) * TASKS] = self.touched
        self.slots = {f"change-{change}/tasks.md": slot(change, commit) for change in here}
        self.files = replace(
            self.files,
            tips={"main": f"{commit:040}"},
            slots={**self.files.slots, **self.slots},
        )


def task(change: int, number: int, commit: int) -> Task:
    """Make a task as real ones look: some 700 bytes."""
    parent = TaskKey(PROJECT, "openspec", f"change-{change}")
    version = Version(1_700_000_000 + commit, f"{commit:012}")
    return Task(
        key=parent.child(f"{number // 5}.{number % 5}"),
        title=f"Do part {number} of it well, after commit {commit}",
        status=Status.TODO,
        word="pending",
        parent=parent,
        group=f"{number // 5}. Group",
        number=f"{number // 5}.{number % 5}",
        body="Words about it.\n" * 20,
        labels=("backend", "agent"),
        priority="P1",
        depends_on=(f"{number // 5}.0",),
        fields=(("Owner", "somebody"),),
        position=number,
        path=f"openspec/changes/change-{change}/tasks.md",
        line=number * 2,
        text_version=version,
        status_version=version,
    )


def slot(change: int, commit: int) -> SlotState:
    """Make the state of a change's file."""
    keyed = []
    for number in range(TASKS):
        one = task(change, number, commit)
        own = one.key.name.partition("#")[2]
        traits = Traits("", one.group, one.number, one.title)
        text, status = one.text_version, one.status_version
        keyed.append(KeyedTask(own, "", traits, one.status.value, "0" * 16, text, status))
    taken = dict.fromkeys((each.own for each in keyed), "0" * 8)
    return SlotState(blob=f"{commit:040}", tasks=tuple(keyed), taken=taken)


class Ours:
    """The store under test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repository = Repository()
        self.store = open_sqlite(path, PROJECT)
        self.merge()

    def merge(self) -> None:
        """Merge all tasks."""
        self.store.merge(self.repository.tasks, {}, self.repository.files, NOW)

    def merge_anew(self) -> None:
        """Merge as a new process does, which first has to read what was recorded of the files."""
        with closing(open_sqlite(self.path, PROJECT)) as store:
            store.merge(self.repository.tasks, {}, store.files(), NOW)


class Floor:
    """The same by hand; all that has to be known is known beforehand."""

    def __init__(self, path: Path) -> None:
        self.repository = Repository()
        with closing(open_sqlite(path, PROJECT)) as store:
            store.merge(self.repository.tasks, {}, self.repository.files, NOW)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.differs: set[Row] = set()
        self.knows: dict[str, set[Row]] = {
            DIGESTS: {(*each.key, digest_of(each)) for each in self.repository.tasks},
            TIPS: set(self.repository.files.tips.items()),
            SLOTS: texts(self.repository.files.slots),
        }
        self.ready: dict[str, list[Row]] = {}

    def commit(self) -> None:
        """Touch 1 % of the tasks, and make ready what the next merge is going to write."""
        self.repository.commit()
        tip = self.repository.files.tips["main"]
        keys = [f"openspec:{each.key.name}" for each in self.repository.touched]
        whole = json.dumps({"new": [], "changed": keys, "gone": [], "moved": 0, "pending": 10_000})
        fields = '{"fields":["title","text_version","status_version"]}'
        events = [("task_updated", each, fields) for each in keys]
        self.ready = {
            WRITE_TASK: [
                row_of(Kept(each, filed_part(each)), digest_of(each))
                for each in self.repository.touched
            ],
            NEWS: [(PROJECT, NOW, *each) for each in (*events, ("roadmap_updated", "", whole))],
            WRITE_TIP: [(PROJECT, "main", tip)],
            WRITE_SLOT: [(PROJECT, *each) for each in texts(self.repository.slots)],
            COUNT: [(PROJECT,)],
        }

    def merge(self) -> None:
        """Read, compare, and write what is ready."""
        self.db.execute("BEGIN IMMEDIATE")
        for query, knows in self.knows.items():
            self.differs = set(self.db.execute(query, (PROJECT,))) - knows
        for statement, rows in self.ready.items():
            self.db.executemany(statement, rows)
        self.db.execute("COMMIT")


def texts(slots: Mapping[str, SlotState]) -> set[Row]:
    """Return slots as rows hold them."""
    return {(name, slot_to_json(state)) for name, state in slots.items()}


def store() -> None:
    """Measure a merge of which nothing is new, and one with 1 % changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quiet, busy = Ours(folder / "quiet.db"), Ours(folder / "busy.db")
        quiet_floor, busy_floor = Floor(folder / "quiet-floor.db"), Floor(folder / "busy-floor.db")
        subjects = {
            "sqlite3, nothing new": Subject(quiet_floor.merge),
            "ours, nothing new": Subject(quiet.merge),
            "ours, nothing new, new process": Subject(quiet.merge_anew),
            "sqlite3, 1 % changed": Subject(busy_floor.merge, before=busy_floor.commit),
            "ours, 1 % changed": Subject(busy.merge, before=busy.repository.commit),
        }
        claims = [
            Claim("ours, nothing new", "sqlite3, nothing new", 5),
            Claim("ours, 1 % changed", "sqlite3, 1 % changed", 5),
        ]
        main(__doc__, subjects, claims, rounds=30)


if __name__ == "__main__":
    store()
