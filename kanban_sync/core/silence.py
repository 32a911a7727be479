"""When an orchestrator counts as silent: once it could be heard for long, and was not. Pure."""

from __future__ import annotations

from enum import StrEnum

from kanban_sync.core.claims import SILENCE

NOBODY = 0.0
"""Before this, in seconds since 1970, nobody was heard of last."""


class Life(StrEnum):
    """Whether an orchestrator is alive, as far as that is known.

    One is ``awaited`` that was not heard of for long, and could not be heard for a part of it.
    """

    ALIVE = "alive"
    AWAITED = "awaited"
    SILENT = "silent"


def silent_since(now: float, heard_since: float) -> float:
    """Return before when a silent orchestrator was heard of last, in seconds since 1970.

    Args:
        now: The time.
        heard_since: Since when all heartbeats are heard, 0 for ever.
    """
    since = now - SILENCE
    return since if heard_since <= since else NOBODY


def life_of(last_heartbeat: float, now: float, heard_since: float) -> Life:
    """Return whether an orchestrator is alive that was heard of last at a moment."""
    if last_heartbeat >= now - SILENCE:
        return Life.ALIVE
    return Life.SILENT if last_heartbeat < silent_since(now, heard_since) else Life.AWAITED
