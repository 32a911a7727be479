"""All tasks at one moment, read once for all who look at them until something is committed.

To read thousands of tasks and to draw their cards takes far longer than to see that nothing has
changed, and each change lets every page look at once.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY

if TYPE_CHECKING:
    from kanban_sync.core.work import Entry, Waiter
    from kanban_sync.gateway.served import Served

KEPT = {"sqlite": 10.0}
"""Seconds for which one is kept, by the kind of database: a file may be replaced by another one."""

ELSEWHERE = 1.0
"""The same where only what makes an event is told: a version alone makes none."""


class Snapshot(NamedTuple):
    """All tasks, also those that are over; ``last`` is an event that they are not older than."""

    number: int
    entries: list[Entry]
    last: int


class Snapshots:
    """The newest snapshot of one clone; usable from any thread."""

    def __init__(self, served: Served) -> None:
        """Begin without one."""
        self._served = served
        self._lock = threading.Lock()
        self._kept: Snapshot | None = None
        self._until = 0.0
        self._waiter: Waiter | None = None
        self._number = 0

    def get(self) -> Snapshot:
        """Return all tasks as they are now.

        Raises:
            KanbanSyncError: They cannot be read.
        """
        with self._served.looking() as work, self._lock:
            if self._kept is None or self._waiter is None or time.monotonic() > self._until:
                self._forget()
                # Who waits hears of all that is committed after this.
                self._waiter = work.store_waiter()
                kind = self._served.clone.database.kind
                self._until = time.monotonic() + KEPT.get(kind, ELSEWHERE)
            elif not self._waiter.wait(0):
                return self._kept
            last = work.last_event()
            self._number += 1
            self._kept = Snapshot(self._number, work.tasks(ANY, list(Status)), last)
            return self._kept

    def close(self) -> None:
        """Forget it."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._kept = None
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            with suppress(KanbanSyncError):
                waiter.close()
