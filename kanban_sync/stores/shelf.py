"""Where a store that holds all in memory has it lie: the contents, and who may replace them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kanban_sync.machine_time import Moment
from kanban_sync.stores.memory_work import WorkContents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from kanban_sync.core.board import Said
    from kanban_sync.core.claims import Standing
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import Event, FilesState, Run
    from kanban_sync.core.settled import Settled
    from kanban_sync.core.work import Waiter


@dataclass(frozen=True, slots=True)
class Parted:
    """Since when work is done apart from the database, and how tasks stood before that.

    ``id`` names the journal ('' as long as nothing was touched), ``since`` is None as long as the
    database is there, ``copied`` the newest event of the database that the copy knows,
    ``copied_at`` the time of the copy, and ``told`` how many events there were before. Of a task
    that was not there None is kept. ``ahead`` is by how many seconds the clock of the database was
    ahead of this machine's as the copy was made, ``origin`` when the first thing of all happened in
    it that it tells of the project, by which one is known that is restored from a backup of it.
    """

    id: str = ""
    since: Moment | None = None
    copied: int = 0
    copied_at: Moment = field(default_factory=Moment)
    told: int = 0
    bases: Mapping[TaskKey, Standing | None] = field(default_factory=dict)
    ahead: float = 0.0
    origin: float = 0.0

    def there(self, moment: Moment) -> float:
        """Return what time it was by the clock of the database, in seconds since 1970."""
        return self.copied_at.wall + self.ahead + self.copied_at.until(moment)


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a store holds at one moment; a parse goes with the merge that asked for it last."""

    tasks: Mapping[TaskKey, Kept] = field(default_factory=dict)
    files: Mapping[str, FilesState] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    said: int = 0
    merges: int = 0
    parses: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    bases: Mapping[str, Mapping[TaskKey, Said]] = field(default_factory=dict)
    settled: Mapping[str, Mapping[TaskKey, Settled]] = field(default_factory=dict)
    boards: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    runs: Mapping[int, Run] = field(default_factory=dict)
    runners: Mapping[int, str] = field(default_factory=dict)
    work: WorkContents = field(default_factory=WorkContents)
    parted: Parted = field(default_factory=Parted)

    @property
    def newest(self) -> int:
        """The number of the newest event, or that above which the first one will be."""
        return self.work.first_number + len(self.events)

    def events_after(self, number: int) -> tuple[Event, ...]:
        """Return what happened after the event of a number."""
        return self.events[max(number - self.work.first_number, 0) :]


class Shelf(Protocol):
    """Where the contents lie that all clones of a project have before them."""

    @property
    def has(self) -> Contents:
        """What lies there now; it is replaced as a whole, and never changed."""
        ...

    def writing(self) -> AbstractContextManager[object]:
        """Let nobody else replace the contents meanwhile."""
        ...

    def keep(self, contents: Contents) -> None:
        """Replace the contents, by whoever is writing, and wake who waits for news."""
        ...

    def waiter(self) -> Waiter:
        """Return what waits for events."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class MemoryShelf:
    """In memory, for the threads of one process."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.has = Contents()
        self.lock = threading.Condition()

    def writing(self) -> AbstractContextManager[object]:
        """Let nobody else replace the contents meanwhile."""
        return self.lock

    def keep(self, contents: Contents) -> None:
        """Replace the contents, and wake who waits for news."""
        has_news = len(contents.events) > len(self.has.events)
        self.has = contents
        if has_news:
            self.lock.notify_all()

    def waiter(self) -> Waiter:
        """Return what waits for events."""
        return _Waiter(self)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class _Waiter:
    """Waits until there are more events than there were."""

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf
        self._seen = len(shelf.has.events)

    def wait(self, seconds: float) -> bool:
        """Wait until there are more."""
        lock = self._shelf.lock
        with lock:
            is_woken = lock.wait_for(lambda: len(self._shelf.has.events) > self._seen, seconds)
            self._seen = len(self._shelf.has.events)
        return is_woken

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
