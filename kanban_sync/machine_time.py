"""What time it is on this machine: by its wall clock, and since it was started.

The wall clock may be set at any time, by a person or by a server of times. The other one is
nobody's to set, and goes on while the machine sleeps. It begins anew with each start, which is
known by an id that the system makes; where there is none, the wall clock has to do.
"""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import NamedTuple

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps; what macOS calls monotonic does, too."""

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Where Linux tells which start of the machine this is."""

NOTHING = 1.0
"""Seconds by which clocks go apart that nobody has set: none is read at the moment of another."""


class Moment(NamedTuple):
    """A moment as this machine tells it, so that others can be told how long ago it was.

    ``wall`` is in seconds since 1970, ``running`` in seconds since the machine was started, and
    ``boot`` tells which start that was, '' where that is unknown.
    """

    wall: float = 0.0
    running: float = 0.0
    boot: str = ""

    def until(self, later: Moment) -> float:
        """Return how many seconds are between, whatever the wall clock was set to meanwhile.

        Once the machine was started anew, only the wall clock tells.
        """
        if self.boot and self.boot == later.boot:
            return later.running - self.running
        return later.wall - self.wall

    def at(self, now: Moment) -> float:
        """Return when it was by the wall clock of now, in seconds since 1970, never later."""
        found = now.wall - max(0.0, self.until(now))
        return self.wall if abs(found - self.wall) < NOTHING else found


def moment() -> Moment:
    """Return what time it is."""
    return Moment(time.time(), running(), boot())


def running() -> float:
    """Return for how many seconds the machine has been running or asleep."""
    return time.clock_gettime(CLOCK)


@functools.cache
def boot() -> str:
    """Return by what this start of the machine is known, '' if nothing tells."""
    try:
        return BOOT.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
