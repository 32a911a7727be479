"""When an orchestrator counts as silent: once it could be heard for long, and was not. Pure.

A database that was away could not hear anybody: those are heard since it was back. Of a clone that
uses several names of it, or roles, each may find it away. What is found by one's own name counts
each time. What is found by another name counts until the database has answered by one's own, which
tells that it is the other name, or role, that is wrong; and again once it has answered by that.

While the database is away nobody is heard there. A clone that goes on with a copy hears whoever
sends heartbeats by that copy, and nobody else: so who was heard there since work began to be done
apart, and then was not for long, is silent there. What an agent claims for an orchestrator is no
word of its own there: it may send its heartbeats by another clone.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

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


class Hearing(NamedTuple):
    """Who can be heard: all, ``since`` a moment, 0 for ever; in seconds since 1970.

    In a copy only those are who were heard of there, ``after`` work began to be done apart.
    """

    since: float = 0.0
    after: float = -math.inf


def silent_since(now: float, heard_since: float) -> float:
    """Return before when a silent orchestrator was heard of last, in seconds since 1970.

    Args:
        now: The time.
        heard_since: Since when all heartbeats are heard, 0 for ever.
    """
    since = now - SILENCE
    return since if heard_since <= since else NOBODY


def life_of(last_heartbeat: float, now: float, hearing: Hearing) -> Life:
    """Return whether an orchestrator is alive that was heard of last at a moment."""
    if last_heartbeat >= now - SILENCE:
        return Life.ALIVE
    is_silent = hearing.after <= last_heartbeat < silent_since(now, hearing.since)
    return Life.SILENT if is_silent else Life.AWAITED
