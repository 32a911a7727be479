"""How a database carries out what the store asks of it: by which indexes, and how much it reads."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from grown import LARGE_TABLES
from psycopg import sql

from kanban_sync.stores.postgres_exchange import Exchange
from kanban_sync.stores.sqlite_database import SqliteConnection

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    import psycopg
    from claim_engines import Engine

EVERY = 10
"""After how many instructions of SQLite's machine one counts."""

GENERIC = "force_generic_plan"


class Asked(NamedTuple):
    """A statement, and its parameters."""

    query: Any
    parameters: Sequence[Any]


class Cost(NamedTuple):
    """What statements cost: pages (PostgreSQL) or instructions (SQLite), and whole tables read."""

    work: int
    whole: frozenset[str]


@contextmanager
def heard() -> Iterator[list[Asked]]:
    """Give a list to which all is added that any store asks of any database."""
    asked: list[Asked] = []
    send, execute = Exchange.send, SqliteConnection.execute

    def sent(self: Exchange, statements: Any, *rest: Any) -> Any:  # noqa: ANN401 - as it is
        asked.extend(Asked(*each) for each in statements)
        return send(self, statements, *rest)

    def executed(self: SqliteConnection, query: str, parameters: Any = ()) -> Any:  # noqa: ANN401 - as it is
        asked.append(Asked(query, parameters))
        return execute(self, query, parameters)

    with patch.object(Exchange, "send", sent), patch.object(SqliteConnection, "execute", executed):
        yield asked


def cost(engine: Engine, name: str, act: Callable[[], object]) -> Cost:
    """Let a store do something, and find out what that costs by doing the same by hand.

    What is written by hand is taken back.
    """
    with heard() as asked:
        act()
    with closing(engine.connection(name)) as db:
        return _sqlite(db, asked) if engine.kind == "SQLite" else _postgres(db, asked)


def _sqlite(db: sqlite3.Connection, asked: Sequence[Asked]) -> Cost:
    count, whole = 0, set()

    def counted() -> None:
        nonlocal count
        count += EVERY

    db.execute("BEGIN IMMEDIATE")
    for query, parameters in asked:
        if query.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            for *_, detail in db.execute(f"EXPLAIN QUERY PLAN {query}", parameters):
                kind, _, rest = str(detail).partition(" ")
                if kind == "SCAN" and (table := _table_of(query, rest.split(" ")[0])):
                    whole.add(table)
            db.set_progress_handler(counted, EVERY)
            db.execute(query, parameters).fetchall()
            db.set_progress_handler(None, 0)
    db.execute("ROLLBACK")
    return Cost(count, frozenset(whole))


def _table_of(query: str, name: str) -> str:
    """Return which of the large tables is called so in a statement, '' if it is none."""
    words = query.replace(",", " ").split()
    for table, after, alias in zip(words, words[1:], [*words[2:], ""], strict=False):
        if table in LARGE_TABLES and name in {table, after, alias if after == "AS" else ""}:
            return table
    return ""


def _postgres(db: psycopg.Connection[Any], asked: Sequence[Asked]) -> Cost:
    """Look at the plan for any values, and, where nobody asks for that, at the one for these."""
    is_fixed = any(GENERIC.encode() in query for query, _ in asked)
    work, whole = 0, set()
    for mode in (GENERIC,) if is_fixed else (GENERIC, "force_custom_plan"):
        pages = 0
        db.execute(b"BEGIN")
        db.execute(f"SET LOCAL plan_cache_mode TO {mode}".encode())
        for query, parameters in asked:
            if any(table.encode() in query for table in LARGE_TABLES):
                plan = _plan(db, query.decode(), parameters)
                pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                whole |= {
                    each["Relation Name"]
                    for each in _nodes(plan)
                    if each["Node Type"] == "Seq Scan" and each["Relation Name"] in LARGE_TABLES
                }
        db.execute(b"ROLLBACK")
        work = max(work, pages)
    return Cost(work, frozenset(whole))


def _plan(db: psycopg.Connection[Any], query: str, parameters: Sequence[Any]) -> dict[str, Any]:
    values = sql.SQL(", ").join(map(sql.Literal, parameters)).as_string(db)
    types = ", ".join(map(_type, parameters))
    db.execute(f"PREPARE asked{f' ({types})' if types else ''} AS {query}".encode())
    execute = f"EXECUTE asked{f' ({values})' if values else ''}"
    found = db.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}".encode()).fetchone()
    db.execute(b"DEALLOCATE asked")
    (answer,) = found or ([],)
    plan: dict[str, Any] = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return plan


def _type(value: object) -> str:
    kinds = {float: "float8", int: "bigint", list: "text[]", bool: "bool"}
    return kinds.get(type(value), "unknown")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def sizes(engine: Engine, name: str) -> dict[str, int]:
    """Return how many bytes each of the large tables and its indexes take, the largest first."""
    queries = {
        "SQLite": "SELECT m.name, sum(s.pgsize) FROM dbstat AS s JOIN sqlite_schema AS m"
        " ON m.name = s.name WHERE m.tbl_name IN ('tasks', 'needs', 'events')"
        " GROUP BY m.name ORDER BY 2 DESC",
        "PostgreSQL": "SELECT c.relname, pg_table_size(c.oid) FROM pg_class AS c"
        " LEFT JOIN pg_index AS i ON i.indexrelid = c.oid"
        " JOIN pg_class AS t ON t.oid = coalesce(i.indrelid, c.oid)"
        " WHERE t.relname IN ('tasks', 'needs', 'events') AND c.relkind IN ('r', 'i')"
        " AND t.relnamespace = 'kanban_sync'::regnamespace ORDER BY 2 DESC",
    }
    db: Any
    with closing(engine.connection(name)) as db:
        query = queries[engine.kind]
        return dict(db.execute(query if engine.kind == "SQLite" else query.encode()).fetchall())
