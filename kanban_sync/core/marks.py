"""What claims leave in files: a task that is in progress for an agent whose claim is over since.

A claim is written into the file of its work tree, and committed from there at any time, also when
the claim was taken back long ago, or somebody else has finished the task. What such a commit says
is the database's own word of then, and nobody's of now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Collection


class Past(NamedTuple):
    """What is known of the claims of a task.

    ``agent`` is who has it now ('' for nobody), ``ended`` are those who had it; ``before`` is for
    whom it was before it was claimed last, None where no claim has set that.
    """

    agent: str = ""
    ended: frozenset[str] = frozenset()
    before: str | None = None


UNCLAIMED = Past()
"""Nobody has ever claimed the task."""


def past_of(agent: str, claimers: Collection[str], before: str | None) -> Past:
    """Return what is known of a task: who has it now, and all who ever claimed it."""
    return Past(agent, frozenset(claimers) - {agent}, before)


def is_mark(status: Status, assignee: str, past: Past) -> bool:
    """Tell whether a file says only what a claim that is over has written there."""
    return status is Status.IN_PROGRESS and assignee in past.ended
