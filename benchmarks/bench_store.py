"""Merges 10,000 tasks into SQLite and PostgreSQL, beside the bare drivers.

What a driver is measured with has every row ready. For a first merge it writes the same rows, of
dependencies and events too, in the same kind of transaction; for one of which nothing is new it
reads the hash of each task, hashes what the files say, and compares; for one with 1 % changed it
does both.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg
from measure import Claim, Subject, main

from kanban_sync.cli.process import COLLECTED_AT
from kanban_sync.core.identity import Traits
from kanban_sync.core.merge import Kept, filed_part
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import FilesState
from kanban_sync.core.records import slot_to_json
from kanban_sync.core.slots import KeyedTask, SlotState
from kanban_sync.stores import sql_edges
from kanban_sync.stores.filestates import WRITE_SLOT, WRITE_TIP
from kanban_sync.stores.postgres_address import address_of
from kanban_sync.stores.postgres_database import lock_of
from kanban_sync.stores.postgres_database import open_database as open_postgres_database
from kanban_sync.stores.postgres_migrations import LOCKS
from kanban_sync.stores.postgres_text import translated
from kanban_sync.stores.rows import WRITE_FIRST, WRITE_TASK, digest_of, row_of
from kanban_sync.stores.sql import SqlStore
from kanban_sync.stores.sqlite_database import open_database as open_sqlite_database

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kanban_sync.stores.rows import Row
    from kanban_sync.stores.transactions import Database

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from postgres import server

CHANGES = 200
TASKS = 50
CHANGED = 2
"""How many changes one commit touches: their tasks are 1 % of all."""

DIGESTS = "SELECT source, name, file_digest FROM tasks WHERE project = ?"
TABLES = ("tasks", "needs", "events", "slots", "tips", "projects", "clones")
NOW = 1_700_000_000.0
NEWS = "INSERT INTO events (project, at, kind, key, data) VALUES (?, ?, ?, ?, ?)"
COUNT = """INSERT INTO projects (project, merges) VALUES (?, 1)
           ON CONFLICT (project) DO UPDATE SET merges = projects.merges + 1"""


class Repository:
    """What the files hold after some number of commits, each of which touched 1 % of the tasks."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.tasks = [
            task(project, change, number, 0) for change in range(CHANGES) for number in range(TASKS)
        ]
        slots = {f"change-{change}/tasks.md": slot(change, 0) for change in range(CHANGES)}
        self.files = FilesState({"main": "0" * 40}, slots)
        self.touched = self.tasks
        self.slots = slots
        self.commits = 0

    def commit(self) -> None:
        """Reword the tasks of some changes."""
        self.commits += 1
        commit = self.commits
        first = commit * CHANGED % CHANGES
        here = range(first, first + CHANGED)
        self.touched = [
            task(self.project, change, number, commit) for change in here for number in range(TASKS)
        ]
        self.tasks[first * TASKS : (first + CHANGED) * TASKS] = self.touched
        self.slots = {f"change-{change}/tasks.md": slot(change, commit) for change in here}
        self.files = replace(
            self.files,
            tips={"main": f"{commit:040}"},
            slots={**self.files.slots, **self.slots},
        )


def task(project: str, change: int, number: int, commit: int) -> Task:
    """Make a task as real ones look: some 700 bytes."""
    parent = TaskKey(project, "openspec", f"change-{change}")
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
        one = task("", change, number, commit)
        own = one.key.name.partition("#")[2]
        traits = Traits("", one.group, one.number, one.title)
        text, status = one.text_version, one.status_version
        keyed.append(KeyedTask(own, "", traits, one.status.value, "0" * 16, text, status))
    taken = dict.fromkeys((each.own for each in keyed), "0" * 8)
    return SlotState(blob=f"{commit:040}", tasks=tuple(keyed), taken=taken)


class Driver(Protocol):
    """A database without us: its statements, and a transaction in which they are carried out."""

    def begin(self, project: str) -> None:
        """Begin to write."""
        ...

    def read(self, query: str, project: str) -> set[Row]:
        """Return all rows of a query."""
        ...

    def write(self, statement: str, rows: Sequence[Row]) -> None:
        """Write a batch."""
        ...

    def commit(self) -> None:
        """Make it last."""
        ...


class Sqlite3:
    """The sqlite3 of Python."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = NORMAL")

    def begin(self, _project: str) -> None:
        """Begin to write."""
        self._db.execute("BEGIN IMMEDIATE")

    def read(self, query: str, project: str) -> set[Row]:
        """Return all rows of a query."""
        return set(self._db.execute(query, (project,)))

    def write(self, statement: str, rows: Sequence[Row]) -> None:
        """Write a batch."""
        self._db.executemany(statement, rows)

    def commit(self) -> None:
        """Make it last."""
        self._db.execute("COMMIT")


class Psycopg:
    """The driver of PostgreSQL, in its quickest way of writing that knows of conflicts."""

    def __init__(self, url: str) -> None:
        how = {"autocommit": True, "cursor_factory": psycopg.RawCursor}
        self._db = psycopg.connect(url, **how)  # type: ignore[arg-type]
        self._db.execute(b"SET search_path TO kanban_sync")

    def begin(self, project: str) -> None:
        """Begin to write."""
        lock = f"BEGIN; SELECT pg_advisory_xact_lock({LOCKS}, {lock_of(project)})"
        self._db.execute(lock.encode())

    def read(self, query: str, project: str) -> set[Row]:
        """Return all rows of a query."""
        return set(self._db.execute(translated(query), (project,)).fetchall())

    def write(self, statement: str, rows: Sequence[Row]) -> None:
        """Write a batch."""
        with self._db.cursor() as cursor:
            cursor.executemany(translated(statement), rows)

    def commit(self) -> None:
        """Make it last."""
        self._db.execute(b"COMMIT")


class Ours:
    """The store under test."""

    def __init__(self, open_it: Callable[[], Database], project: str) -> None:
        self.open_it = open_it
        self.repository = Repository(project)
        self.store = SqlStore(open_it(), project)

    def merge(self) -> None:
        """Merge all tasks."""
        self.store.merge(self.repository.tasks, {}, self.repository.files, NOW)

    def merge_anew(self) -> None:
        """Merge as a new process does, which first has to read what was recorded of the files."""
        with closing(SqlStore(self.open_it(), self.repository.project)) as store:
            store.merge(self.repository.tasks, {}, store.files(), NOW)


class Floor:
    """The same by hand."""

    def __init__(self, driver: Driver, project: str) -> None:
        self.driver = driver
        self.repository = Repository(project)
        self.differs: set[Row] = set()
        self.said = [(each.key, repr(tuple(each)).encode()) for each in self.repository.tasks]
        self.ready = rows_for(self.repository, "task_created")

    def commit(self) -> None:
        """Touch 1 % of the tasks, and make ready what the next merge is going to write."""
        self.repository.commit()
        self.ready = rows_for(self.repository, "task_updated")

    def compare(self) -> None:
        """Read the hashes, hash what the files say, and compare."""
        had = self.driver.read(DIGESTS, self.repository.project)
        now = {(*key[1:], hashlib.sha256(said).hexdigest()[:32]) for key, said in self.said}
        self.differs = now - had

    def write(self) -> None:
        """Write what is ready."""
        self.driver.begin(self.repository.project)
        for statement, rows in self.ready.items():
            self.driver.write(statement, rows)
        self.driver.commit()

    def compare_and_write(self) -> None:
        """Do both."""
        self.compare()
        self.write()


def rows_for(repository: Repository, kind: str) -> dict[str, Sequence[Row]]:
    """Return all rows that the merge of the newest commit writes, by their statements."""
    project, touched = repository.project, repository.touched
    keys = [f"openspec:{each.key.name}" for each in touched]
    whole = {"new": keys[:200], "changed": [], "gone": [], "moved": 0, "pending": 10_000}
    data = '{"fields":["title"]}'
    events = [*((kind, each, data) for each in keys), ("roadmap_updated", "", json.dumps(whole))]
    rows = [row_of(Kept(each, filed_part(each)), digest_of(each)) for each in touched]
    tasks: dict[str, Sequence[Row]] = {WRITE_TASK: rows}
    if kind == "task_created":
        links = sql_edges.of_first(touched, sql_edges.Terms())
        flagged = [(*row, *links.flags(each.key)) for row, each in zip(rows, touched, strict=True)]
        tasks = {WRITE_FIRST: flagged, sql_edges.WRITE_EDGE: sql_edges.rows_of(links.edges)}
    return {
        **tasks,
        NEWS: [(project, NOW, *each) for each in events],
        WRITE_TIP: [(project, "", "main", repository.files.tips["main"])],
        WRITE_SLOT: [(project, "", *each) for each in texts(repository.slots)],
        COUNT: [(project,)],
    }


def texts(slots: Mapping[str, SlotState]) -> list[Row]:
    """Return slots as rows hold them."""
    return [(name, slot_to_json(state)) for name, state in slots.items()]


def forget(driver: Driver, project: str) -> None:
    """Take a project out again."""
    for table in TABLES:
        driver.write(f"DELETE FROM {table} WHERE project = ?", [(project,)])  # noqa: S608 - ours


def subjects(
    ours: Callable[[], Database], name: str, driver: Driver
) -> tuple[dict[str, Subject], list[Claim]]:
    """Return what is measured on one database, and what is claimed of it."""
    kind = "SQLite" if name == "sqlite3" else "PostgreSQL"
    first, quiet, busy = (Ours(ours, project) for project in ("first", "quiet", "busy"))
    floor = [Floor(driver, f"{project}-floor") for project in ("first", "quiet", "busy")]
    for each in (quiet, busy):
        each.merge()
    for other in floor[1:]:
        other.write()

    def anew() -> None:
        forget(driver, first.repository.project)

    def floor_anew() -> None:
        forget(driver, floor[0].repository.project)

    measured = {
        f"{name}, first": Subject(floor[0].write, before=floor_anew),
        f"{kind}, first": Subject(first.merge, before=anew),
        f"{name}, nothing new": Subject(floor[1].compare),
        f"{kind}, nothing new": Subject(quiet.merge),
        f"{kind}, nothing new, new process": Subject(quiet.merge_anew),
        f"{name}, 1 % changed": Subject(floor[2].compare_and_write, before=floor[2].commit),
        f"{kind}, 1 % changed": Subject(busy.merge, before=busy.repository.commit),
    }
    claims = [
        Claim(f"{kind}, first", f"{name}, first", 1.5),
        Claim(f"{kind}, nothing new", f"{name}, nothing new", 2),
        Claim(f"{kind}, 1 % changed", f"{name}, 1 % changed", 2),
    ]
    return measured, claims


def store() -> None:
    """Measure a first merge, one of which nothing is new, and one with 1 % changed."""
    gc.set_threshold(COLLECTED_AT)  # As each command does.
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory()), "tasks.db")
        open_sqlite_database(path).close()
        run = server.TestRun()
        stack.callback(run.end)
        url = os.environ.get(server.VARIABLE) or server.server(run.folder, {})
        address = address_of(stack.enter_context(server.database(url, f"bench_{os.getpid()}")))
        open_postgres_database(address).close()
        theirs = Psycopg(psycopg.conninfo.make_conninfo(**address.parameters))  # type: ignore[arg-type]
        measured, claims = subjects(lambda: open_sqlite_database(path), "sqlite3", Sqlite3(path))
        more, others = subjects(lambda: open_postgres_database(address), "psycopg", theirs)
        main(__doc__, {**measured, **more}, [*claims, *others], rounds=30)


if __name__ == "__main__":
    store()
