"""All that happened after an event, however much that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.core.ports import Event

BATCH = 1000
"""Events that are read at a time."""


class Tells(Protocol):
    """What tells of events: the work on tasks, or a store."""

    def events(self, after: int, limit: int, /) -> Sequence[Event]:
        """Return what happened after an event, oldest first."""
        ...


def events_after(teller: Tells, after: int) -> Iterator[Event]:
    """Yield all that happened after an event."""
    while batch := teller.events(after, BATCH):
        yield from batch
        after = batch[-1].id
