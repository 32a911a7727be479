"""A project that has grown large: its tasks by number, and their rows as a merge writes them.

It consists of parts of 1,000 tasks, each in a file of its own, of which the first ones are done, in
some parts few and in others nearly all. Each task needs two shortly before it and one at the begin
of an earlier part; so what is ready is spread over all of it.
"""

from __future__ import annotations

import itertools
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from claim_engines import NOW, PROJECT

from kanban_sync.core.merge import Kept, filed_part
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.changes import CREATED
from kanban_sync.stores.labels import LEARN
from kanban_sync.stores.rows import TELL, WRITE_FIRST, digest_of, row_of
from kanban_sync.stores.sql_edges import WRITE_EDGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claim_engines import Engine, Postgres, Sqlite

PART = 1_000
NEAR = 40
"""A task needs one of so many before it, and one of so many before those."""

BEGIN = 50
"""How many tasks of each part are needed by later ones; they are done in every part."""

LABELS, EVERYWHERE = ("backend", "frontend", "docs", "release", "tests"), "agent"
"""Each task has one of the first, and the other."""

MIX, WORD = 0x9E3779B97F4A7C15, (1 << 64) - 1

LARGE_TABLES = ("tasks", "needs", "events")
TABLES = (*LARGE_TABLES, "labels")


def mixed(number: int) -> int:
    """Return a number that looks as if it were drawn at random."""
    number = (number + 1) * MIX & WORD
    return (number ^ number >> 29) * MIX >> 8 & WORD >> 8


def key(number: int) -> TaskKey:
    """Return the key of a task."""
    return TaskKey(PROJECT, "tasks-md", f"t{number:07}")


def is_done(number: int) -> bool:
    """Tell whether a task is done."""
    part, place = divmod(number, PART)
    return place < BEGIN + mixed(part) % (PART - BEGIN)


def needs(number: int) -> tuple[int, ...]:
    """Return the tasks that one needs: three but for the first ones of a part."""
    part, place = divmod(number, PART)
    near, far, begin = mixed(number), mixed(number) >> 16, mixed(number) >> 32
    found = [number - 1 - near % min(NEAR, place)] if place else []
    if place > NEAR:
        found.append(number - 1 - NEAR - far % min(NEAR, place - NEAR))
    if part:
        found.append(begin % part * PART + begin // part % BEGIN)
    return tuple(found)


def task(number: int) -> Task:
    """Return a task as its file has it: some 700 bytes."""
    part, place = divmod(number, PART)
    return Task(
        key=key(number),
        title=f"Do part {number} of it well",
        status=Status.DONE if is_done(number) else Status.TODO,
        body="Words about it.\n" * 20,
        labels=(LABELS[mixed(number) % len(LABELS)], EVERYWHERE),
        priority=f"P{mixed(number) >> 8 & 3}",
        depends_on=tuple(key(other).name for other in needs(number)),
        position=place,
        path=f"docs/{part}/TASKS.md",
        line=3 * place,
    )


class Rows:
    """The rows of a project of so many tasks, each kind in the order of its keys."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._waited_for = bytearray(count)
        for number in range(count):
            if not is_done(number):
                for other in needs(number):
                    self._waited_for[other] = 1

    def tasks(self) -> Iterator[tuple[object, ...]]:
        """Give the parameters of ``WRITE_FIRST``."""
        for number in range(self._count):
            said = task(number)
            is_waiting = 0 if all(map(is_done, needs(number))) else 1
            flags = (is_waiting, self._waited_for[number])
            yield row_of(Kept(said, filed_part(said)), digest_of(said)) + flags

    def needs(self) -> Iterator[tuple[object, ...]]:
        """Give the parameters of ``WRITE_EDGE``."""
        for number in range(self._count):
            for other in sorted(needs(number)):
                on = key(other)
                yield (*key(number), on.name, on.source, on.name, 0)

    def events(self) -> Iterator[tuple[object, ...]]:
        """Give the parameters of ``TELL``."""
        for number in range(self._count):
            status = Status.DONE if is_done(number) else Status.TODO
            yield (PROJECT, NOW, "task_created", str(key(number)), CREATED[status])

    def by_table(self) -> dict[str, tuple[str, Iterator[tuple[object, ...]]]]:
        """Return by table the statement that writes a row, and its parameters."""
        return {
            "tasks": (WRITE_FIRST, self.tasks()),
            "needs": (WRITE_EDGE, self.needs()),
            "events": (TELL, self.events()),
            "labels": (LEARN, iter([(PROJECT, label) for label in sorted({*LABELS, EVERYWHERE})])),
        }


def fill_sqlite(engine: Sqlite, name: str, count: int) -> None:
    """Fill a database in one transaction, its indexes made at the end."""
    with closing(engine.connection(name)) as db:
        db.execute("PRAGMA cache_size = -262144")
        db.execute("BEGIN IMMEDIATE")
        indexes = db.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql <> ''"
            " AND tbl_name IN (SELECT value FROM json_each(?))",
            (json.dumps(LARGE_TABLES),),
        ).fetchall()
        for index, _ in indexes:
            db.execute(f"DROP INDEX {index}")
        for statement, rows in Rows(count).by_table().values():
            db.executemany(statement, rows)
        for _, made in indexes:
            db.execute(made)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgres(engine: Postgres, name: str, count: int) -> None:
    """Fill a database by COPY, its indexes made at the end, and let the server look at it.

    The server would do so by itself within a minute.
    """
    with closing(engine.connection(name)) as db:
        db.execute(b"SET maintenance_work_mem TO '256MB'")
        indexes = db.execute(
            b"SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'kanban_sync'"
            b" AND tablename = ANY ($1) AND indexname NOT LIKE '%_pkey'",
            (list(LARGE_TABLES),),
        ).fetchall()
        for index, _ in indexes:
            db.execute(f"DROP INDEX {index}".encode())
        for table, (statement, rows) in Rows(count).by_table().items():
            _, _, rest = statement.partition("(")
            columns, _, _ = rest.partition(")")
            with db.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        for _, made in indexes:
            db.execute(str(made).encode())
        db.execute(b"VACUUM (ANALYZE)")


def vacuumed(engine: Engine, name: str) -> None:
    """Let PostgreSQL do at once what it does within a minute, as the schema has it."""
    if engine.kind == "PostgreSQL":
        with closing(engine.connection(name)) as db:
            db.execute(b"VACUUM tasks")


def written(engine: Engine, name: str) -> dict[str, list[Any]]:
    """Return all rows of a database, but what tells of a merge as a whole."""
    with closing(engine.connection(name)) as db:
        return {
            table: list(db.execute(query if engine.kind == "SQLite" else query.encode()))
            for table, query in {
                "tasks": "SELECT * FROM tasks ORDER BY project, source, name",
                "needs": "SELECT * FROM needs ORDER BY project, source, name, word",
                "events": "SELECT project, at, kind, key, data FROM events"
                " WHERE kind <> 'roadmap_updated' ORDER BY id",
                "labels": "SELECT * FROM labels ORDER BY project, label",
            }.items()
        }


def check_rows(engine: Engine, fill: Iterable[str], by_merge: str, count: int) -> None:
    """See that a database that was filled has what a merge of the same tasks writes."""
    with closing(engine.opened(by_merge)) as store:
        store.merge([task(number) for number in range(count)], {}, FilesState(), NOW)
    for name in fill:
        ours, its = written(engine, name), written(engine, by_merge)
        for table in TABLES:
            for one, other in itertools.zip_longest(ours[table], its[table]):
                if one != other:
                    raise RuntimeError(f"{engine.kind}, {table}: {one} and not {other}")
