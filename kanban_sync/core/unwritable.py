"""What keeps a task database from being written to, found out without writing to it."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable


class Unwritable(NamedTuple):
    """Why nothing, or not all, can be written to a database, and what to do about it."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.problem}; {self.remedy}"


@runtime_checkable
class Guarded(Protocol):
    """A store behind a server that may let somebody read, and not write.

    Raises:
        StoreError: It does not answer.
    """

    def unwritable(self) -> Unwritable | None:
        """Return what keeps it from being written to, None if nothing does."""
        ...


def found_unwritable(store: object) -> Unwritable | None:
    """Return what keeps any store from being written to, None if nothing is known to."""
    return store.unwritable() if isinstance(store, Guarded) else None
