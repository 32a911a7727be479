"""One SQLite file: opened, its transactions, and its errors in words that a user can act on."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from kanban_sync.core.errors import OtherDatabaseError, StoreAwayError, StoreError
from kanban_sync.stores import rows
from kanban_sync.stores.migrations import check_current, migrations
from kanban_sync.stores.sqlite_migrations import upgrade, version
from kanban_sync.stores.sqlite_waiting import SqliteWaiter
from kanban_sync.stores.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kanban_sync.core.model import TaskKey
    from kanban_sync.stores.migrations import Migration
    from kanban_sync.stores.rows import Row
    from kanban_sync.stores.transactions import Transaction

PATIENCE = 5.0
"""How many seconds to wait for another process that is writing."""

OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""

SYNC_ONCE = "Run `kanban-sync sync` once, where it may be written, to bring it up to date."

ANEW = "move the file away and run `kanban-sync sync`: tasks are read anew from the repository"

REMEDIES = {
    sqlite3.SQLITE_FULL: "no space is left; make room on that disk and run `kanban-sync sync`",
    sqlite3.SQLITE_READONLY: "it may not be written; check who owns the file and its folder",
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened; check who owns the file, and that its folder may be written"
    ),
    sqlite3.SQLITE_PERM: "access is denied; check who owns the file and its folder",
    sqlite3.SQLITE_BUSY: (
        f"another process has been writing to it for {PATIENCE:.0f} s; try again in a moment"
    ),
    sqlite3.SQLITE_LOCKED: "another process is using it; try again in a moment",
    sqlite3.SQLITE_NOTADB: f"it is no database; {ANEW}",
    sqlite3.SQLITE_CORRUPT: f"it is damaged; {ANEW}",
    sqlite3.SQLITE_IOERR: "the disk could not read or write it; check the disk and its free space",
}
"""What happened and what to do now, by SQLite's primary result code."""

PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
"""What may be over when the same is tried again."""


class SqliteConnection(sqlite3.Connection):
    """A connection, within a transaction of it."""

    def tell(self, events: Sequence[Row]) -> None:
        """Record events; whoever waits for them sees the file change."""
        self.executemany(rows.TELL, events)


class SqliteDatabase:
    """An open SQLite file, for one process and any number of its threads."""

    has_md5 = False

    def __init__(self, connection: SqliteConnection, path: Path) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._turns = Turns(path)
        self._current: object = None
        self._place = str(path.absolute())
        self._opened = _identity(self._place)
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[SqliteConnection]:
        """Read one state of the database, whatever others write meanwhile."""
        with self._transaction("BEGIN") as connection:
            try:
                yield connection
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    f"The task database {self.path} holds what kanban-sync cannot read "
                    f"({type(error).__name__}: {error}); {ANEW}."
                ) from error

    def writing(self, _project: str = "") -> AbstractContextManager[SqliteConnection]:
        """Write all or, if the block raises, nothing; nobody else writes to the file then."""
        return self._transaction("BEGIN IMMEDIATE", self._turns)

    def tasks(
        self,
        db: Transaction,
        keys: Sequence[TaskKey],
        *,
        hold: bool = True,  # noqa: ARG002 - who writes holds the whole file
    ) -> dict[TaskKey, Row]:
        """Return the rows of tasks by key; here a statement for each costs next to nothing."""
        found = ((key, db.execute(rows.KEPT_TASK, key).fetchone()) for key in keys)
        return {key: row for key, row in found if row is not None}

    def waiter(self, _project: str) -> SqliteWaiter:
        """Return what waits for events, with a connection of its own."""
        with in_words(self.path):
            return SqliteWaiter(_open_to_read(self.path, ()), self._is_in_place)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._current = None
            self._connection.close()
            self._turns.close()

    @contextmanager
    def _transaction(self, begin: str, turns: Turns | None = None) -> Iterator[SqliteConnection]:
        # One generator for all of it: each more costs a claim a twentieth of what it takes.
        connection = self._connection
        with self._lock:
            turn = turns.take(PATIENCE) if turns else None
            try:
                self._check_place()
                mine = self._current = object()
                try:
                    if connection.in_transaction:
                        # Whoever began it was interrupted before anything was done in it.
                        connection.execute("ROLLBACK")
                    connection.execute(begin)
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    # One that was interrupted so ends late: others may be at it, or all is closed.
                    if self._current is mine and connection.in_transaction:
                        connection.execute("ROLLBACK")
            except (sqlite3.Error, OSError, UnicodeEncodeError) as error:
                raise _worded(error, self.path) from error
            finally:
                if turns:
                    turns.give(turn)

    def _check_place(self) -> None:
        """Refuse to go on with a file that was taken away: nobody else sees what is in it."""
        if not self._is_in_place():
            raise OtherDatabaseError(self.path, has_folder=self.path.parent.is_dir())

    def _is_in_place(self) -> bool:
        return _identity(self._place) == self._opened


def open_database(
    path: Path, *, read_only: bool = False, steps: Sequence[Migration] = (), first_number: int = 0
) -> SqliteDatabase:
    """Open the file, made and brought up to date if need be; read-only it has to be there.

    Args:
        path: The file; its folder is made if it is missing.
        read_only: Never write, not even beside the file where that can be helped.
        steps: The schema; that of this release if empty.
        first_number: Above which number tokens and events are, if the file is made.

    Raises:
        StoreError: It cannot be used, in words that say what to do.
    """
    steps = steps or migrations("sqlite")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"Python was built with SQLite {sqlite3.sqlite_version}, and the task database needs "
            f"{'.'.join(map(str, OLDEST_SQLITE))}: use a newer Python."
        )
    with in_words(path):
        connection = (
            _open_to_read(path, steps) if read_only else _open_to_write(path, steps, first_number)
        )
    return SqliteDatabase(connection, path)


def schema_of(path: Path) -> int:
    """Return the number of the last step that was applied to a file, 0 for an empty one.

    Raises:
        StoreError: It cannot be read, or is some other program's.
    """
    with in_words(path), closing(_open_to_read(path, ())) as connection:
        return version(connection, path)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into a StoreError that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeEncodeError) as error:
        raise _worded(error, path) from error


def _worded(error: sqlite3.Error | OSError | UnicodeEncodeError, path: Path) -> StoreError:
    if isinstance(error, UnicodeEncodeError):
        return StoreError(
            f"The task database {path} cannot keep {error.object!r}: it is not valid Unicode. "
            "Correct it in the task file, or rename that file."
        )
    if isinstance(error, OSError):
        return StoreError(
            f"The task database {path} cannot be used: {error.strerror or error}. "
            "Check who owns the file and its folder, and the free space."
        )
    kind = StoreAwayError if _code(error) in PASSING else StoreError
    return kind(f"The task database {path}: {_remedy(error)} ({error}).")


def _identity(path: str) -> tuple[int, int]:
    """Return by which numbers the system knows a file, zeros where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib takes twice as long, for each transaction
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def _code(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _remedy(error: sqlite3.Error) -> str:
    code = _code(error)
    if code is None:
        # Python's own: text that is not UTF-8, or a store that was closed.
        damaged = "decode" in str(error)
        return REMEDIES[sqlite3.SQLITE_CORRUPT] if damaged else "it cannot be used any more"
    return REMEDIES.get(code, "SQLite refuses; please report this")


def _open_to_write(path: Path, steps: Sequence[Migration], first_number: int) -> SqliteConnection:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    connection = _connect(path, "mode=rw")
    try:
        # Before anything that would write to a file that is not ours to write.
        upgrade(connection, path, steps, first_number)
        # A file system that cannot do it leaves the mode as it is, and all works, but slower.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # 32 MiB, so that what a merge of many tasks writes waits in memory for its end.
        connection.execute("PRAGMA cache_size = -32768")
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_read(path: Path, steps: Sequence[Migration]) -> SqliteConnection:
    if not path.exists():
        raise StoreError(f"There is no task database {path} yet: run `kanban-sync sync` once.")
    try:
        return _checked(_connect(path, "mode=ro"), path, steps)
    except sqlite3.OperationalError as error:
        # A log-ahead database wants files beside it even to be read. Where they cannot be made
        # and nothing waits in its log, the file alone is all of it.
        if not _wants_company(error) or _has_log(path):
            raise
        return _checked(_connect(path, "mode=ro&immutable=1"), path, steps)


def _checked(
    connection: SqliteConnection, path: Path, steps: Sequence[Migration]
) -> SqliteConnection:
    """Return the connection if its schema is that of the steps, else close it."""
    try:
        found = version(connection, path)
        if steps:
            check_current(found, path, steps, remedy=SYNC_ONCE)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, options: str) -> SqliteConnection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        # The lock of SqliteDatabase sees to it that one thread at a time uses it.
        check_same_thread=False,
        factory=SqliteConnection,
    )


def _wants_company(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0
