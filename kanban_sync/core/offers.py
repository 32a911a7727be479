"""Offers: a task that a monitor keeps for one agent, for a short time. Pure.

An offer is no claim and nobody's word: the task is to do still, and its assignee is whoever a file
or a person named. It ends by itself, unless the agent claims the task before.
"""

from __future__ import annotations

from typing import NamedTuple

from kanban_sync.core.errors import NotReadyError


class Offer(NamedTuple):
    """For which agent a task is kept until when (seconds since 1970); '' where it is for none."""

    agent: str = ""
    until: float = 0.0

    def is_for(self, agent: str, now: float) -> bool:
        """Whether the task is kept for an agent now."""
        return self.until > now and self.agent == agent != ""

    def is_for_other(self, agent: str, now: float) -> bool:
        """Whether the task is kept for another agent now."""
        return self.until > now and self.agent not in {"", agent}

    def check(self, key: str, agent: str, now: float) -> None:
        """Refuse a claim of a task that is kept for another agent.

        Raises:
            NotReadyError: Naming that agent.
        """
        if self.is_for_other(agent, now):
            left = max(1, round(self.until - now))
            raise NotReadyError(
                f"{key} is offered to {self.agent} for another {left} s; claim another task, or "
                "try again then."
            )


NO_OFFER = Offer()
