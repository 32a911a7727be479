"""One PostgreSQL database: connected to, and its transactions."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from kanban_sync.core.errors import StoreError, UntakenError
from kanban_sync.core.model import TaskKey
from kanban_sync.stores import rows
from kanban_sync.stores.migrations import check_current, migrations
from kanban_sync.stores.postgres_begin import BEGIN, READING, SETTLING, TOGETHER, WRITE
from kanban_sync.stores.postgres_connection import GLANCE, Patient, Use, connect
from kanban_sync.stores.postgres_errors import in_words
from kanban_sync.stores.postgres_exchange import Exchange
from kanban_sync.stores.postgres_migrations import IDENTITY, known, upgrade, version
from kanban_sync.stores.postgres_text import kept, meant, translated
from kanban_sync.stores.postgres_waiting import PostgresWaiter, waking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kanban_sync.stores.migrations import Migration
    from kanban_sync.stores.postgres_address import Address
    from kanban_sync.stores.postgres_connection import Patient
    from kanban_sync.stores.postgres_exchange import Statement
    from kanban_sync.stores.rows import Row
    from kanban_sync.stores.transactions import Transaction

Answer = TypeVar("Answer")

# What it says of a connection that breaks is told in our errors; unheard it would go to stderr.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

SETTLED = """
SELECT id - greatest(0, (
       SELECT max(((id - objid::bigint + 2147483648) & 4294967295) - 2147483648) FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND classid = ({0} & 4294967295)::oid
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))
  FROM (SELECT coalesce(max(id), 0) AS id FROM kanban_sync.events) AS newest
"""
"""The id up to which no event is still to come. The locks are looked at after the events.

A mark holds the lower half of its number: how far it lies behind the newest event, or before it.
"""

UPGRADE = (
    "Run `kanban-sync db upgrade` once; from then on, everybody who shares it needs this release."
)

READ_TASKS = rows.KEPT_TASKS.replace(
    "WHERE",
    "JOIN unnest(?2::text[], ?3::text[]) AS wanted (source, name) USING (source, name) WHERE",
).replace("ORDER BY path, position, source, name", "ORDER BY source, name")

HOLD_TASKS = f"{READ_TASKS} FOR UPDATE OF tasks"
"""Held until the end, in the order in which all hold them: nobody claims them meanwhile."""


SENT_AT_ONCE = 1000
"""How many rows are sent together, lest all of a large merge is held in memory once more."""


IDLE = 1.0
"""Seconds after which a connection that nobody used is looked at before it is used again.

Work that goes on pays for no look, and whatever is sent then is not lost on a server that fell
silent meanwhile.
"""


class NoSchemaError(StoreError):
    """Nothing has been kept in this database yet."""


class Found:
    """The rows that a statement returned."""

    def __init__(self, found: Iterable[Row]) -> None:
        self._left = iter(found)

    def __iter__(self) -> Iterator[Row]:
        """Give one row after the other."""
        return self._left

    def fetchone(self) -> Row | None:
        """Return the next row, None after the last."""
        return next(self._left, None)

    def fetchall(self) -> list[Row]:
        """Return all that are left."""
        return list(self._left)


class PostgresTransaction:
    """What can be done between the beginning and the end of a transaction."""

    def __init__(self, exchange: Exchange, number: int, address: Address) -> None:
        """Begin; the number is that under which the project is locked."""
        self._exchange = exchange
        self._number = number
        self._address = address
        self._has_news = False
        self._next: list[Statement] = []
        self._last: list[Statement] = []

    def later(self, query: str, parameters: Sequence[Any] = ()) -> None:
        """Carry out a statement before the next that is, or at the end."""
        self._next.append((translated(query), kept(parameters)))

    def at_end(self, query: str, parameters: Sequence[Any] = ()) -> None:
        """Carry out a statement at the end, so that what it holds is held for a short time."""
        self._last.append((translated(query), kept(parameters)))

    def commit(self) -> None:
        """Carry out what is left, and make all of it last, without waiting for each answer.

        Who waits for what was told is woken afterwards; if nobody can be, it lasts all the same.
        """
        statements = [*self._next, *self._last, (b"COMMIT", ())]
        self._exchange.send(statements, waking(self._number) if self._has_news else None)

    @contextmanager
    def part(self) -> Iterator[None]:
        """Do something that is taken back alone if the database refuses it.

        Raises:
            UntakenError: It does, and the transaction can go on.
        """
        self.execute("SAVEPOINT part")
        try:
            with in_words(self._address):
                yield
                self._next, self._last = [*self._next, *self._last], []
                self.execute("RELEASE SAVEPOINT part")
        except UntakenError:
            self._next, self._last = [], []
            self.execute("ROLLBACK TO SAVEPOINT part")
            raise

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Found:
        """Carry out one statement."""
        self._next.append((translated(query), kept(parameters)))
        return Found(meant(self._carry_out()))

    def executemany(self, query: str, parameters: Sequence[Sequence[Any]], /) -> None:
        """Carry out one statement for each row of parameters, without waiting for each answer."""
        statement = translated(query)
        for start in range(0, len(parameters), SENT_AT_ONCE):
            rows = parameters[start : start + SENT_AT_ONCE]
            self._next += [(statement, kept(row)) for row in rows]
            self._carry_out()

    def _carry_out(self) -> list[Row]:
        statements, self._next = self._next, []
        return self._exchange.send(statements)

    def tell(self, events: Sequence[Row]) -> None:
        """Record events, and wake who waits for them once they are committed."""
        self.wake_others()
        self.executemany(rows.TELL, events)

    def wake_others(self) -> None:
        """Wake who waits for events, once all is committed."""
        self._has_news = True


class PostgresDatabase:
    """A connection to a PostgreSQL database, for one process and any number of its threads."""

    has_md5 = True

    def __init__(
        self, connection: Patient, address: Address, identity: str = "", *, read_only: bool = False
    ) -> None:
        self._connection = connection
        self.identity = identity
        self._used = time.monotonic()
        self._exchange = Exchange(connection)
        self._lock = threading.RLock()
        self._is_closed = False
        self._current: object = None
        self._read_only = read_only
        self.address = address

    @contextmanager
    def reading(self) -> Iterator[PostgresTransaction]:
        """Read one state of the database, whatever others write meanwhile."""
        with self._transaction(along=READING) as db:
            try:
                yield db
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    f"The task database {self.address.name} holds what kanban-sync cannot read "
                    f"({type(error).__name__}: {error}); please report this."
                ) from error

    @contextmanager
    def writing(self, project: str) -> Iterator[PostgresTransaction]:
        """Write all or, if the block raises, nothing; nobody else writes to the project then."""
        self._check_writable()
        with self._transaction(WRITE.format(lock_of(project)), project) as db:
            yield db

    @contextmanager
    def working(self, project: str, *, together: bool) -> Iterator[PostgresTransaction]:
        """Write beside others who work on the project; together, while nobody merges."""
        self._check_writable()
        along = (*BEGIN, *([TOGETHER.format(lock_of(project))] if together else []))
        with self._transaction(project=project, along=along) as db:
            yield db

    def settled(self, project: str) -> int:
        """Return the id of an event up to which no event of the project is still to come."""
        # Not of one state: the locks are to be those of a moment after the events.
        with self._transaction(along=SETTLING) as db:
            ((number,),) = db.execute(SETTLED.format(lock_of(project)))
        return int(number)

    def tasks(
        self, db: Transaction, keys: Sequence[TaskKey], *, hold: bool = True
    ) -> dict[TaskKey, Row]:
        """Return the rows of tasks by key, in one statement."""
        if not keys:
            return {}
        project = keys[0].project
        sources, names = [key.source for key in keys], [key.name for key in keys]
        query = HOLD_TASKS if hold else READ_TASKS
        found = db.execute(query, (project, sources, names))
        return {TaskKey(project, row[0], row[1]): row for row in found}

    def waiter(self, project: str) -> PostgresWaiter:
        """Return what waits for events of a project, with a connection of its own."""
        direct = self.address.direct
        address = direct or self.address
        return PostgresWaiter(lambda: connect(address), lock_of(project), is_needed=direct is None)

    def ask(self, question: Callable[[Patient], Answer]) -> Answer:
        """Let somebody ask the server something outside of any transaction."""
        with self._lock, in_words(self.address):
            return question(self._connected())

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._is_closed = True
            self._connection.close()

    def _connected(self) -> Patient:
        """Return the connection, a new one where the last was lost: a server may be restarted."""
        if self._is_closed:
            raise psycopg.OperationalError("the connection is closed")
        if time.monotonic() > self._used + IDLE and not self._connection.closed:
            self._connection.answers(GLANCE)
        if self._connection.closed:
            connection = connect(self.address)
            try:
                # Meanwhile it may have been upgraded.
                self.identity = _prepare(
                    connection, self.address, migrations("postgres"), may_make=False
                )
            except BaseException:
                connection.close()
                raise
            self._connection, self._exchange = connection, Exchange(connection)
        return self._connection

    def _check_writable(self) -> None:
        if self._read_only:
            raise StoreError(f"The task database {self.address.name} was opened to be read only.")

    @contextmanager
    def _transaction(
        self, begin: str = "", project: str = "", along: Sequence[str] = ()
    ) -> Iterator[PostgresTransaction]:
        """Do all that follows or nothing; what it begins with may go along with the first of it."""
        with self._lock, in_words(self.address):
            connection = self._connected()
            mine = self._current = object()
            connection.use = Use.IN_USE
            try:
                # Whoever began one that is open was interrupted before anything was done in it.
                _end(connection)
                if begin:
                    connection.execute(begin.encode())
                db = PostgresTransaction(self._exchange, lock_of(project), self.address)
                for each in along:
                    db.later(each)
                yield db
                db.commit()
            finally:
                # One that was interrupted so ends late, and others may be at it.
                if self._current is mine:
                    _end(connection)
                    self._used, connection.use = time.monotonic(), Use.IDLE


def _end(connection: psycopg.Connection[Row]) -> None:
    """Take back what was begun, if anything was."""
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        with suppress(psycopg.Error):
            connection.execute(b"ROLLBACK")


def open_database(
    address: Address,
    *,
    read_only: bool = False,
    may_make: bool = True,
    steps: Sequence[Migration] = (),
) -> PostgresDatabase:
    """Connect, and make the schema where there is none and it may be; read-only it may not.

    A schema of an older release is left as it is: others who share it could not use it any more.

    Raises:
        StoreError: It cannot be used, in words that say what to do.
    """
    connection = connect(address)
    try:
        may_make = may_make and not read_only
        identity = _prepare(connection, address, steps or migrations("postgres"), may_make=may_make)
    except BaseException:
        connection.close()
        raise
    return PostgresDatabase(connection, address, identity, read_only=read_only)


def _prepare(
    connection: psycopg.Connection[Row],
    address: Address,
    steps: Sequence[Migration],
    *,
    may_make: bool,
) -> str:
    """See whether the schema can be worked with, and return which of all databases it is."""
    with in_words(address, is_begun=False):
        found, identity = known(connection, address.name)
    if not found and may_make:
        with in_words(address):
            upgrade(connection, address.name, steps)
            return known(connection, address.name)[1]
    if not found:
        raise NoSchemaError(
            f"There are no tasks in {address.name} yet: run `kanban-sync sync` once."
        )
    check_current(found, address.name, steps, remedy=UPGRADE)
    return identity


def schema_of(address: Address) -> int:
    """Return the number of the last step that was applied, 0 where there is no schema.

    Raises:
        StoreError: It cannot be asked, or the schema is some other program's.
    """
    with closing(connect(address)) as connection, in_words(address):
        return version(connection, address.name)


def identity_of(address: Address) -> str:
    """Return what tells a database apart from all others, whoever reaches it in whatever way.

    Raises:
        StoreError: It cannot be asked.
    """
    with closing(connect(address)) as connection, in_words(address):
        ((identity,),) = connection.execute(IDENTITY.encode())
        return str(identity)


def upgrade_database(
    address: Address, steps: Sequence[Migration] = (), first_number: int = 0
) -> None:
    """Bring the schema up to date, made if there is none, with tokens and events above a number.

    Raises:
        StoreError: It cannot be, in words that say what to do; nothing was changed.
    """
    with closing(connect(address)) as connection, in_words(address):
        upgrade(connection, address.name, steps or migrations("postgres"), first_number)


def lock_of(project: str) -> int:
    """Return the number under which a project is locked; two may share one, and then wait."""
    number = zlib.crc32(project.encode(errors="surrogatepass"))
    return number - (number >> 31 << 32)
