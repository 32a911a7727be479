"""A monitor in a thread of the server: it hands out tasks as ``kanban-sync monitor`` does."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from kanban_sync.agents.monitor import LOOK, Monitor, own_name
from kanban_sync.agents.waiting import follow
from kanban_sync.core.errors import MovedCloneError, StoreError, told_of

if TYPE_CHECKING:
    from kanban_sync.gateway.served import Served

AGAIN, RARELY = 1.0, 30.0
"""Seconds until it begins anew after something went wrong; each time twice as many, up to the last.
"""

PATIENCE = 5.0
"""Seconds for which it may take to end, and to let another one lead."""


class Monitoring:
    """One monitor of the clone that is served."""

    def __init__(self, served: Served) -> None:
        """Set out; nothing is handed out yet."""
        self._served = served
        self._name = own_name()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    def start(self) -> None:
        """Begin to hand out tasks, or to stand by."""
        self._thread.start()

    def end(self) -> None:
        """Let another monitor lead, and end."""
        self._ended.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        pause = AGAIN
        while not self._ended.is_set():
            try:
                with self._served.changing() as work:
                    monitor = Monitor(work, self._name)
                    try:
                        for _ in follow(work, monitor.round, LOOK):
                            pause = AGAIN
                            if self._ended.is_set():
                                return
                    finally:
                        with suppress(StoreError):
                            monitor.end()
            except MovedCloneError:
                return  # The server ends, and says so.
            except Exception as error:  # noqa: BLE001 - nobody else would go on, or hear of it
                self._served.note(told_of(error))
                self._ended.wait(pause)
                pause = min(2 * pause, RARELY)
