"""Claims and finds what is ready, beside sqlite3 with the same statements and rows.

The floor knows what it wants and makes no objects: it looks for the next task, writes its claim and
the event of it, in the same kind of transaction on the same tables, from as many processes.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Claim, Subject, interleave, options, report

from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.sql_work import TELL
from kanban_sync.stores.sqlite import open_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "b" * 12
NOW = 1_700_000_000.0
LEASE = 3600.0

TASKS = 10_000
EDGES = 3
PROCESSES = (1, 4, 16, 64)
CLAIMS = 2_048
"""How many are made in one round, by all processes together."""

BARE_READY = """
SELECT t.* FROM tasks AS t
 WHERE t.project = ?1 AND t.is_unit = 1 AND t.is_waiting = 0 AND t.status = 'todo' AND t.agent = ''
   AND NOT EXISTS (SELECT 1 FROM needs AS n LEFT JOIN tasks AS b
                       ON b.project = n.project AND b.source = n.on_source AND b.name = n.on_name
                    WHERE n.project = t.project AND n.source = t.source AND n.name = t.name
                      AND coalesce(b.status, 'missing') NOT IN ('done', 'cancelled'))
 ORDER BY t.waited_for DESC, t.rank, t.path, t.position, t.source, t.name LIMIT 1
"""
BARE_CLAIM = """
UPDATE tasks SET status = 'in_progress', word = '', assignee = ?1, agent = ?1, token = token + 1,
       expires = ?2, started_at = ?3, assignee_before = assignee, said_then = file_status,
       status_time = ?3, status_commit = 'database'
 WHERE project = ?4 AND source = ?5 AND name = ?6
"""


def key(number: int) -> TaskKey:
    """Return the key of a task."""
    return TaskKey(PROJECT, "tasks-md", f"t{number:05}")


def tasks(count: int, needs: int) -> list[Task]:
    """Make tasks as real ones look: some 700 bytes; each needs some of those before it."""
    pick = random.Random("tasks")
    return [
        Task(
            key=key(number),
            title=f"Do part {number} of it well",
            status=Status.TODO if number % 10 else Status.DONE,
            body="Words about it.\n" * 20,
            labels=("backend", "agent"),
            priority=f"P{number % 4}",
            depends_on=tuple(
                f"t{other:05}" for other in pick.sample(range(number), min(needs, number))
            ),
            position=number,
            path=f"docs/{number % 20}/TASKS.md",
            line=number * 3,
        )
        for number in range(count)
    ]


def filled(path: Path, count: int, needs: int) -> Path:
    """Make a database with tasks."""
    with closing(open_sqlite(path, PROJECT)) as store:
        store.merge(tasks(count, needs), {}, FilesState(), NOW)
    return path


# --- Claims --------------------------------------------------------------------------------


def ours(path: Path, count: int) -> None:
    """Claim so many tasks."""
    with closing(open_sqlite(path, PROJECT)) as store:
        for _ in range(count):
            if store.claim_next("ada", NOW, LEASE) is None:
                raise RuntimeError("there is nothing left")


def bare(path: Path, count: int) -> None:
    """Do the same by hand."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as db:
        db.execute("PRAGMA synchronous = NORMAL")
        for _ in range(count):
            db.execute("BEGIN IMMEDIATE")
            row = db.execute(BARE_READY, (PROJECT,)).fetchone()
            _, source, name, *_ = row
            db.execute(BARE_CLAIM, ("ada", NOW + LEASE, int(NOW), PROJECT, source, name))
            data = {"agent": "ada", "token": 1, "expires": NOW + LEASE, "old": "todo", "new": "x"}
            told = (PROJECT, NOW, "claimed", f"{source}:{name}", json.dumps(data))
            db.execute(TELL, told)
            db.execute("COMMIT")


class Crowd:
    """Processes that claim all at once; what each of them took is kept."""

    def __init__(self, folder: Path, work: Callable[[Path, int], None], processes: int) -> None:
        self._template = folder / "claims.db"
        self._path = folder / f"{work.__name__}-{processes}.db"
        self._work = work
        self._processes = processes
        self.slowest = 0.0

    def before(self) -> None:
        """Begin with nothing claimed."""
        for each in self._path.parent.glob(f"{self._path.name}*"):
            each.unlink()
        self._path.write_bytes(self._template.read_bytes())

    def run(self) -> None:
        """Let all claim their share, and see that each came to it."""
        children = [self._child() for _ in range(self._processes)]
        if any(os.waitpid(child, 0)[1] for child in children):
            raise RuntimeError("a process got nothing")

    def _child(self) -> int:
        child = os.fork()
        if child == 0:
            try:
                self._work(self._path, CLAIMS // self._processes)
                os._exit(0)
            finally:
                os._exit(1)
        return child


# --- Ready ---------------------------------------------------------------------------------


class Ready:
    """One process that asks for the next ready task, by either way."""

    def __init__(self, path: Path) -> None:
        self._store = open_sqlite(path, PROJECT)
        self._db = sqlite3.connect(path, isolation_level=None)

    def ours(self) -> None:
        """Ask the store."""
        for _ in range(50):
            self._store.ready(NOW, limit=1)

    def bare(self) -> None:
        """Ask SQLite."""
        for _ in range(50):
            self._db.execute(BARE_READY, (PROJECT,)).fetchone()


def main() -> None:
    """Measure both."""
    chosen = options(__doc__, 10)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled(folder / "claims.db", 2 * CLAIMS, 0)
        ready = Ready(filled(folder / "ready.db", TASKS, EDGES))
        subjects = {
            f"{CLAIMS} claims, {processes} processes, {who}": Subject(crowd.run, crowd.before)
            for processes in PROCESSES
            for who, crowd in (
                ("sqlite3", Crowd(folder, bare, processes)),
                ("ours", Crowd(folder, ours, processes)),
            )
        }
        subjects["50 x next ready, sqlite3"] = Subject(ready.bare)
        subjects["50 x next ready, ours"] = Subject(ready.ours)
        claims = [
            *(
                Claim(
                    f"{CLAIMS} claims, {processes} processes, ours",
                    f"{CLAIMS} claims, {processes} processes, sqlite3",
                    round(1 / 0.6, 2),
                )
                for processes in PROCESSES
            ),
            Claim("50 x next ready, ours", "50 x next ready, sqlite3", 3),
        ]
        seconds = interleave(subjects, chosen.rounds)
    sys.exit(report(seconds, claims, chosen))


if __name__ == "__main__":
    main()
