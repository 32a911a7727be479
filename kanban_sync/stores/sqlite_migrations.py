"""The schema of an SQLite file: which one it has, and how it is brought up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from kanban_sync.core.errors import StoreError
from kanban_sync.stores.migrations import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kanban_sync.stores.migrations import Migration


def version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the number of the last step that was applied, 0 for an empty file.

    Raises:
        StoreError: The file is the database of some other program.
    """
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise StoreError(
            f"{path} is the database of some other program; it was left untouched. "
            "Name another file for the task database."
        )
    (number,) = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    return int(number or 0)


COUNT_FROM = (
    """
CREATE TRIGGER tasks_first_token AFTER INSERT ON tasks WHEN new.token < {first} BEGIN
    UPDATE tasks SET token = {first}
     WHERE project = new.project AND source = new.source AND name = new.name;
END
""",
    "INSERT INTO events VALUES ({first}, '', 0, 'made_anew', '', '')",
)
"""SQLite cannot change what a column has by default. The event is one of no project."""


def upgrade(
    connection: sqlite3.Connection, path: Path, steps: Sequence[Migration], first_number: int = 0
) -> None:
    """Apply the steps that are missing, in one transaction.

    Tokens and events are above ``first_number`` in a database that is made so.

    Several processes may do so at once: one does, the others find it done. A database that holds
    something is copied first, to ``<its name>.before-<number of the last step>``.

    Raises:
        StoreError: The file was made by a newer release, or by another program.
    """
    found = version(connection, path)
    check(found, path, steps)
    if found == steps[-1].number:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        is_new = _apply(connection, path, steps)
        if is_new and first_number:
            for each in COUNT_FROM:
                connection.execute(each.format(first=first_number))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def backup_of(path: Path, number: int) -> Path:
    """Return where a database is copied before the step with that number."""
    return path.with_name(f"{path.name}.before-{number}")


def _apply(connection: sqlite3.Connection, path: Path, steps: Sequence[Migration]) -> bool:
    """Apply what is missing, and tell whether all was."""
    found = version(connection, path)  # Again: another process may have been faster.
    check(found, path, steps)
    missing = [step for step in steps if step.number > found]
    if found and missing:
        _back_up(path, missing[-1].number)
    if not found:
        connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT")
    for step in missing:
        for statement in _statements(step.sql):
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?)", (step.number,))
    return not found


def _statements(sql: str) -> Iterator[str]:
    """Split a script; ``executescript`` would commit what was done before it."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _back_up(path: Path, number: int) -> None:
    """Copy the database beside itself; half a copy never has the copy's name."""
    backup = backup_of(path, number)
    unfinished = backup.with_name(f"{backup.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as copy:
        source.backup(copy)
        # The copy is one file, wherever it is carried.
        copy.execute("PRAGMA journal_mode = DELETE")
    unfinished.replace(backup)
