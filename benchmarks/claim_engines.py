"""The databases that agents claim from, by our store and by the bare drivers.

The floor knows what it wants and makes no objects: it looks for the next task, writes its claim and
the event of it, in the same kind of transaction on the same tables.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict

from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.postgres_address import Address
from kanban_sync.stores.postgres_text import translated
from kanban_sync.stores.rows import TELL
from kanban_sync.stores.sqlite import SqliteStore, open_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from postgres import server

PROJECT = "b" * 12
NOW = 2_100_000_000.0
"""Later than any server was started here: nobody counts as silent on one that was just started."""

LEASE = 3600.0

TASKS = 10_000
EDGES = 3
CLAIMS = 2_048
"""How many tasks there are for all processes together."""

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
BARE_BOTH = """
WITH c AS MATERIALIZED ({ready} FOR UPDATE OF t SKIP LOCKED)
UPDATE tasks SET status = 'in_progress', word = '', assignee = $2, agent = $2,
       token = tasks.token + 1, expires = $3, started_at = $4, assignee_before = tasks.assignee,
       said_then = tasks.file_status, status_time = $5, status_commit = 'database'
  FROM c WHERE tasks.project = c.project AND tasks.source = c.source AND tasks.name = c.name
RETURNING tasks.*
""".replace("{ready}", BARE_READY.replace("?1", "$1"))
BARE_DONE = """
UPDATE tasks SET status = 'done', agent = '', expires = 0
 WHERE project = $1 AND source = $2 AND name = $3
"""


def key(number: int) -> TaskKey:
    """Return the key of a task."""
    return TaskKey(PROJECT, "tasks-md", f"t{number:05}")


def tasks(count: int, needs: int, done: int) -> list[Task]:
    """Make tasks as real ones look: some 700 bytes; each needs some of those before it."""
    pick = random.Random("tasks")
    return [
        Task(
            key=key(number),
            title=f"Do part {number} of it well",
            status=Status.TODO if not done or number % done else Status.DONE,
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


def fill(store: SqliteStore | PostgresStore, filling: Sequence[Task]) -> None:
    """Make a database with tasks."""
    with closing(store):
        if filling:
            store.merge(filling, {}, FilesState(), NOW)


def usual() -> dict[str, Sequence[Task]]:
    """Return what there is to claim, and what there is to find."""
    return {"claims": tasks(CLAIMS, 0, 0), "ready": tasks(TASKS, EDGES, 10)}


def told(source: object, name: object) -> tuple[object, ...]:
    """Return the row of the event of a claim."""
    data = {"agent": "ada", "token": 1, "expires": NOW + LEASE, "old": "todo", "new": "x"}
    return (PROJECT, NOW, "claimed", f"{source}:{name}", json.dumps(data))


class Engine(Protocol):
    """A database to claim from."""

    floor: str
    kind: str

    def anew(self, name: str) -> None:
        """Make a database with nothing claimed."""
        ...

    def opened(self, name: str) -> SqliteStore | PostgresStore:
        """Open our store upon one."""
        ...

    def claims(self, name: str) -> Iterator[bool]:
        """Claim by hand, one after the other, and tell whether there was one."""
        ...

    def asks(self, name: str) -> Callable[[], object]:
        """Return what asks by hand for the next ready task."""
        ...

    def connection(self, name: str) -> Any:  # noqa: ANN401 - each driver has its own
        """Connect to one by the bare driver."""
        ...


class Sqlite:
    """A file, copied each time."""

    floor, kind = "sqlite3", "SQLite"

    def __init__(self, folder: Path, fillings: Mapping[str, Sequence[Task]]) -> None:
        self._folder = folder
        for name, filling in fillings.items():
            fill(self.opened(name), filling)

    def anew(self, name: str) -> None:
        """Make a database with nothing claimed."""
        for each in self._folder.glob(f"{name}.db*"):
            each.unlink()
        (self._folder / f"{name}.db").write_bytes((self._folder / "claims.db").read_bytes())

    def opened(self, name: str) -> SqliteStore:
        """Open our store upon one."""
        return open_sqlite(self._folder / f"{name}.db", PROJECT)

    def claims(self, name: str) -> Iterator[bool]:
        """Claim by hand, one after the other, and tell whether there was one."""
        with closing(self.connection(name)) as db:
            yield True
            while True:
                db.execute("BEGIN IMMEDIATE")
                row = db.execute(BARE_READY, (PROJECT,)).fetchone()
                if row is not None:
                    _, source, name, *_ = row
                    db.execute(BARE_CLAIM, ("ada", NOW + LEASE, int(NOW), PROJECT, source, name))
                    db.execute(TELL, told(source, name))
                db.execute("COMMIT")
                yield row is not None

    def asks(self, name: str) -> Callable[[], object]:
        """Return what asks by hand for the next ready task."""
        db = self.connection(name)
        return lambda: db.execute(BARE_READY, (PROJECT,)).fetchone()

    def connection(self, name: str) -> sqlite3.Connection:
        """Connect to one."""
        db = sqlite3.connect(self._folder / f"{name}.db", isolation_level=None, timeout=60)
        db.execute("PRAGMA synchronous = NORMAL")
        return db


class Postgres:
    """A database on a server, made from a template each time."""

    floor, kind = "psycopg", "PostgreSQL"

    def __init__(self, url: str, fillings: Mapping[str, Sequence[Task]]) -> None:
        self._parameters = conninfo_to_dict(url)
        self._prefix = f"bench_{os.getpid()}"
        self._names: set[str] = set()
        self._admin = psycopg.connect(url, autocommit=True)
        for name, filling in fillings.items():
            self._make(name, "template0")
            fill(self.opened(name), filling)

    def anew(self, name: str) -> None:
        """Make a database with nothing claimed."""
        self._make(name, self._named("claims"))

    def opened(self, name: str) -> PostgresStore:
        """Open our store upon one."""
        return open_postgres(Address(name, self._parameters_of(name)), PROJECT)

    def claims(self, name: str, *, done: bool = False) -> Iterator[bool]:
        """Claim by hand, and be done with it if so told, and tell whether there was one."""
        insert = translated(TELL)
        with closing(self.connection(name)) as db:
            yield True
            while True:
                db.execute(b"BEGIN")
                claim = (PROJECT, "ada", NOW + LEASE, NOW, int(NOW))
                row = db.execute(BARE_BOTH.encode(), claim).fetchone()
                if row is not None:
                    db.execute(insert, told(row[1], row[2]))
                db.execute(b"COMMIT")
                if row is not None and done:
                    db.execute(b"BEGIN")
                    db.execute(BARE_DONE.encode(), row[:3])
                    db.execute(insert, told(row[1], row[2]))
                    db.execute(b"COMMIT")
                yield row is not None

    def asks(self, name: str) -> Callable[[], object]:
        """Return what asks by hand for the next ready task."""
        db, query = self.connection(name), translated(BARE_READY)
        return lambda: db.execute(query, (PROJECT,)).fetchone()

    def close(self) -> None:
        """Drop what was made."""
        for name in self._names:
            self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        self._admin.close()

    def _named(self, name: str) -> str:
        return f"{self._prefix}_{name}"

    def _make(self, name: str, template: str) -> None:
        named = self._named(name)
        self._names.add(named)
        self._admin.execute(f'DROP DATABASE IF EXISTS "{named}" WITH (FORCE)'.encode())
        made = f'CREATE DATABASE "{named}" ENCODING \'UTF8\' TEMPLATE "{template}"'
        self._admin.execute(made.encode())

    def _parameters_of(self, name: str) -> dict[str, object]:
        return {**self._parameters, "dbname": self._named(name)}

    def connection(self, name: str) -> psycopg.Connection[tuple[object, ...]]:
        """Connect to one."""
        how = {"autocommit": True, "cursor_factory": psycopg.RawCursor}
        db = psycopg.connect(**self._parameters_of(name), **how)  # type: ignore[arg-type]
        db.execute(b"SET search_path TO kanban_sync")
        return db


@contextmanager
def engines(
    settings: Mapping[str, str] | None = None,
    fillings: Mapping[str, Sequence[Task]] | None = None,
) -> Iterator[tuple[Sqlite, Postgres]]:
    """Give both databases, filled, and clear up; the server has settings besides the usual."""
    fillings = usual() if fillings is None else fillings
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run = server.TestRun()
        stack.callback(run.end)
        url = os.environ.get(server.VARIABLE) or server.server(run.folder, settings or {})
        postgres = stack.enter_context(closing(Postgres(url, fillings)))
        yield Sqlite(folder, fillings), postgres
