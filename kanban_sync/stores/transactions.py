"""What the statements of the task store need of a database, whichever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.work import Waiter
    from kanban_sync.stores.rows import Row


class Answer(Protocol):
    """The rows that a statement returned."""

    def __iter__(self) -> Iterator[Row]:
        """Give one row after the other."""
        ...

    def fetchone(self) -> Row | None:
        """Return the next row, None after the last."""
        ...

    def fetchall(self) -> list[Row]:
        """Return all that are left."""
        ...


class Transaction(Protocol):
    """What can be done between the beginning and the end of a transaction."""

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Answer:
        """Carry out one statement."""
        ...

    def executemany(self, query: str, parameters: Sequence[Sequence[Any]], /) -> object:
        """Carry out one statement for each row of parameters, as one batch."""
        ...

    def tell(self, events: Sequence[Row]) -> None:
        """Record events, and wake who waits for them once they are committed."""
        ...


class Database(Protocol):
    """An open database; usable from any thread, by one at a time.

    Raises:
        StoreError: From any method and any statement, in words that say what to do.
    """

    has_md5: bool
    """Whether ``md5(text)`` is known there, which spares carrying the text."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """Read one state of the database, whatever others write meanwhile."""
        ...

    def writing(self, project: str) -> AbstractContextManager[Transaction]:
        """Write all or, if the block raises, nothing; nobody else writes to the project then."""
        ...

    def tasks(
        self, db: Transaction, keys: Sequence[TaskKey], *, hold: bool = True
    ) -> dict[TaskKey, Row]:
        """Return the rows of ``rows.KEPT_TASKS`` by key; the keys are of one project.

        Unless they are only read, nobody else claims these tasks until the transaction ends.
        """
        ...

    def waiter(self, project: str) -> Waiter:
        """Return what waits for events of a project."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
