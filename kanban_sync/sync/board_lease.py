"""The lease of a board during one pass: waited for, renewed beside it, asked before each write.

The board itself knows no tokens. So a request that writes to it is sent only while the lease has
long enough to go for it to be served, by a clock that goes on while a process is stopped or the
machine sleeps; else the database is asked first. What is recorded of the board is refused there to
whoever lost the lease.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from kanban_sync.core.errors import BoardHeldError, StoreAwayError, StoreError
from kanban_sync.core.lease import LEASE, held_elsewhere
from kanban_sync.machine_time import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.core.lease import Holder, Leases


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: for how long a lease is asked, how often anew, and how long it is waited for.

    Until ``safe`` seconds after the last renewal a write needs no asking; the rest of the lease is
    longer than any request lasts. The longest wait is longer than a lease, so a machine that
    crashed makes no sync fail.
    """

    lease: float = LEASE
    renew: float = 15.0
    safe: float = 30.0
    wait: float = 75.0
    poll: float = 0.25


class BoardLease:
    """The lease of one board; without leases, all that write have a lock, and nothing is done.

    ``after_lapse`` tells whether whoever had it before may still send a request. As a context
    manager it gives up what was acquired inside.
    """

    times = Times()

    def __init__(self, leases: Leases | None, target: str, place: str) -> None:
        """Take what keeps leases, whose it is to be, and where whoever asks for it lies."""
        self.after_lapse = False
        self._leases = leases
        self._target = target
        self._place = place
        self._safe_until = float("-inf")
        self._asking = threading.Lock()
        self._is_over = threading.Event()
        self._renewing: threading.Thread | None = None

    def acquire(self, is_needless: Callable[[], bool], tick: Callable[[], None]) -> bool:
        """Wait for the lease; False if others have done meanwhile all that was to be done.

        Args:
            is_needless: Whether nothing is left to do; asked as long as somebody else is at it.
            tick: Called again and again.

        Raises:
            BoardHeldError: It was not to be had in time.
        """
        if self._leases is None:
            return True
        until = time.monotonic() + self.times.wait
        while (other := self._take(self._leases)) is not None:
            tick()
            if is_needless():
                return False
            if time.monotonic() > until:
                raise held_elsewhere(other, self.times.wait)
            time.sleep(self.times.poll)
        self._renewing = threading.Thread(target=self._keep, name="board-lease", daemon=True)
        self._renewing.start()
        return True

    def check(self) -> None:
        """See whether a write may be sent, from any thread.

        Raises:
            LostLeaseError: The board is somebody else's.
            StoreError: The database cannot be asked.
        """
        if self._renewing is not None and running() >= self._safe_until:
            with self._asking:
                if running() >= self._safe_until:
                    self._renew()

    def _take(self, leases: Leases) -> Holder | None:
        asked = running()
        try:
            other, self.after_lapse = leases.take(self._target, self._place, self.times.lease)
        except StoreAwayError:
            # Whoever has it is just writing to the database, or stopped in the midst of that.
            other = leases.other_holder(self._target)
            if other is None:
                raise
        if other is None:
            self._safe_until = asked + self.times.safe
        return other

    def _keep(self) -> None:
        while not self._is_over.wait(self.times.renew):
            # Whatever it is: the next check asks once more, and says it.
            with suppress(StoreError, BoardHeldError):
                self._renew()

    def _renew(self) -> None:
        asked = running()
        try:
            if self._leases is not None:
                self._leases.renew(self._target, self.times.lease)
        except BoardHeldError:
            self._safe_until = float("-inf")
            raise
        self._safe_until = asked + self.times.safe

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Give the lease up; one that cannot be given up ends by itself."""
        if self._leases is not None and self._renewing is not None:
            self._is_over.set()
            self._renewing.join()
            with suppress(StoreError):
                self._leases.give_up(self._target)


def place_of(common_dir: Path) -> str:
    """Return where a clone lies, in words for whoever waits for it: machine and folder."""
    folder = common_dir.parent if common_dir.name == ".git" else common_dir
    # The database keeps text: what is none in the name of a folder is shown by its bytes.
    return f"{socket.gethostname()}:{folder}".encode(errors="backslashreplace").decode()
