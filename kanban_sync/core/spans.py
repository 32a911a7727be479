"""How long something lasts, in words. Pure."""

from __future__ import annotations

MINUTE = 60


def span(seconds: float) -> str:
    """Return a time as people read it: whole minutes, or seconds where it is less than one."""
    if seconds < MINUTE:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / MINUTE)} min"
