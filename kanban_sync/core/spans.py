"""How long something lasts, and when it was, in words. Pure."""

from __future__ import annotations

from datetime import datetime

MINUTE = 60

UNHEARD = 253_370_764_800.0
"""Begin of the year 9999: when the lease of a claim ends whose heartbeats are not heard.

That is one of another machine, in the copy with which work goes on while the database is away.
"""


def span(seconds: float) -> str:
    """Return a time as people read it: whole minutes, or seconds where it is less than one."""
    if seconds < MINUTE:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / MINUTE)} min"


def when(seconds: float) -> str:
    """Return a moment, in seconds since 1970, as a clock on the wall here tells it."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def lasting(ends: float, now: float) -> str:
    """Return for how long a claim is kept, as whoever is refused hears of it."""
    if ends >= UNHEARD:
        return "kept for them until the task database answers"
    return f"for another {span(ends - now)} unless that is extended"


def left(ends: float, now: float) -> str:
    """Return how much is left of a lease that has not run out, in short."""
    return "until the database answers" if ends >= UNHEARD else f"for {span(ends - now)}"
