"""The time by the clock that all who use a database share, as one process knows it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SAME = 60.0
"""Seconds for which it is known how far this machine's clock is off."""

SURE = 0.5
"""Seconds that an answer may take; after a slower one it is asked again the next time."""

STEP = 0.5
"""Seconds by which this machine's clock may go otherwise than time does; then it was set."""


class SharedTime:
    """This machine's clock, corrected by that of the database. For one thread, or any number."""

    def __init__(self, now: Callable[[], float], ask: Callable[[float], float]) -> None:
        """Set out.

        Args:
            now: The time, in seconds since 1970, by this machine's clock.
            ask: Returns it by the clock of the database, which is given this machine's.
        """
        self._now = now
        self._ask = ask
        self._ahead = self._ask_at = self._set_to = 0.0

    def __call__(self) -> float:
        """Return the time, in seconds since 1970: at most what it is, and seldom much less.

        Whoever believed in a later time would take claims that are alive. A server that stood
        still, or a process that did, makes an answer old: it was right at some moment before. A
        clock that is set meanwhile, or a machine that was put to sleep, lets it be asked anew.

        Raises:
            StoreError: The database cannot be asked.
        """
        began = time.monotonic()
        if began >= self._ask_at or abs(self._now() - began - self._set_to) > STEP:
            there = self._ask(self._now())
            self._ahead = there - self._now()
            ended = time.monotonic()
            self._set_to = self._now() - ended
            self._ask_at = ended + SAME if ended - began <= SURE else 0.0
        return self._now() + self._ahead
