"""The task store in a PostgreSQL database: what a team shares."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from kanban_sync.core.errors import StoreError, UntakenError
from kanban_sync.machine_time import moment
from kanban_sync.stores.copying import copied
from kanban_sync.stores.postgres_connection import connect
from kanban_sync.stores.postgres_database import open_database
from kanban_sync.stores.postgres_errors import ClashError
from kanban_sync.stores.postgres_leases import PostgresLeases
from kanban_sync.stores.postgres_pooler import wakes
from kanban_sync.stores.postgres_rights import unwritable
from kanban_sync.stores.postgres_statistics import look_over
from kanban_sync.stores.postgres_work import PostgresWork
from kanban_sync.stores.replaying import replay
from kanban_sync.stores.sql import SqlStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kanban_sync.core.journal import Journal
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import Event, FilesState, Gone, Merged
    from kanban_sync.core.unwritable import Unwritable
    from kanban_sync.core.wakes import Wakes
    from kanban_sync.stores.absence import Absence
    from kanban_sync.stores.postgres_address import Address
    from kanban_sync.stores.postgres_database import PostgresDatabase, PostgresTransaction
    from kanban_sync.stores.replaying import Replayed
    from kanban_sync.stores.shelf import Contents


Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

TRIES = 4
"""How often in all something is done that gave way to others."""


def again(method: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let a method that is one transaction be done anew where it gave way to another one."""

    @wraps(method)
    def tried(*arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        for _ in range(TRIES - 1):
            try:
                return method(*arguments, **named)
            except ClashError:
                continue
        return method(*arguments, **named)

    return tried


_replayed = again(replay)
_merged = again(SqlStore.merge)


def open_postgres(
    address: Address,
    project: str,
    clone: str = "",
    *,
    read_only: bool = False,
    may_make: bool = True,
) -> PostgresStore:
    """Open the task database of a project, made if need be.

    Args:
        address: The database; several projects may share it.
        project: The id of the project; nothing of others is seen or touched.
        clone: The id of the clone whose files are read.
        read_only: Only read; the schema has to be there.
        may_make: Whether the schema is made where there is none.

    Raises:
        StoreError: It cannot be used, in words that say what to do.
    """
    database = open_database(address, read_only=read_only, may_make=may_make)
    return PostgresStore(database, project, clone)


class PostgresStore(PostgresWork, SqlStore):
    """The task database of one project in a PostgreSQL database; usable from any thread."""

    _database: PostgresDatabase

    @property
    def identity(self) -> str:
        """Which it was of all databases as it was connected to last, '' if nothing may tell."""
        return self._database.identity

    def wakes(self) -> Wakes:
        """Return how those who wait hear of what others do."""
        database = self._database
        return database.ask(lambda connection: wakes(connection, database.address, connect))

    def unwritable(self) -> Unwritable | None:
        """Return what keeps it from being written to, None if nothing does."""
        return self._database.ask(unwritable)

    def __init__(self, database: PostgresDatabase, project: str, clone: str = "") -> None:
        """Take an open database."""
        super().__init__(database, project, clone)
        self._leases = PostgresLeases(database, project, clone)
        self.before_close: Callable[[], None] = lambda: None
        self.absence: Absence | None = None

    def close(self) -> None:
        """Close the database, after whoever wants to look into it once more."""
        try:
            self.before_close()
        finally:
            super().close()

    @property
    def leases(self) -> PostgresLeases:
        """What lets one clone at a time write to a board, whatever machine it is on."""
        return self._leases

    def merge(
        self, tasks: Sequence[Task], gone: Mapping[TaskKey, Gone], files: FilesState, now: float
    ) -> Merged:
        """Bring the tasks in, and let the server know of it where many are new."""
        merged = _merged(self, tasks, gone, files, now)
        # What was brought in stays so, whatever becomes of this.
        with suppress(StoreError):
            self._database.ask(lambda connection: look_over(connection, len(merged.created)))
        return merged

    claim_next = again(PostgresWork.claim_next)
    claim = again(PostgresWork.claim)
    extend = again(PostgresWork.extend)
    finish = again(PostgresWork.finish)
    release = again(PostgresWork.release)
    reclaim = again(PostgresWork.reclaim)
    set_status = again(PostgresWork.set_status)
    assign = again(PostgresWork.assign)
    add = again(PostgresWork.add)

    def last_event(self) -> int:
        """Return the id of the newest event, 0 if there is none."""
        return min(self._database.settled(self._project), super().last_event())

    def events(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return events with an id above ``after``, oldest first, as far as none can come between.

        Those who write at the same moment do not end in the order in which they began.
        """
        settled = self._database.settled(self._project)
        return [event for event in super().events(after, limit) if event.id <= settled]

    def copied(self) -> Contents:
        """Return a copy of what it holds of the project, to go on with while it is away."""
        # An answer that comes late makes nobody believe in a later time.
        there, now = self.clock(0.0), moment()
        found = copied(self._database, self._project, self._clone, now)
        return replace(found, parted=replace(found.parted, ahead=there - now.wall))

    def replay(self, journal: Journal, now: float) -> Replayed:
        """Settle what was done apart, once; what is refused of a task holds up no other."""
        try:
            return _replayed(self, self._project, journal, now)
        except UntakenError:
            return _replayed(self, self._project, journal, now, in_parts=True)

    def note_answered(self, *, was_away: bool = False) -> None:
        """Note that it answers, if it was away by this name or another one until now."""
        if self.absence is not None:
            self.absence.answered(lambda: self._is_writable, was_away=was_away)

    def note_refused(self, again: float) -> None:
        """Note that it could not be written to, and is asked again after so many seconds."""
        if self.absence is not None:
            # Where nothing is wrong with the role or the name, it takes nothing of anybody.
            self.absence.note(again=again, refused=True, by_any_name=self._is_writable)

    @property
    def _is_writable(self) -> bool:
        try:
            return self.unwritable() is None
        except StoreError:
            return False

    def _back_since(self, now: float) -> float:
        return self.absence.back_since(now) if self.absence is not None else 0.0

    @contextmanager
    def _recording(self, target: str) -> Iterator[PostgresTransaction]:
        with self._database.writing(self._project) as db:
            self._leases.check(db, target)
            yield db
