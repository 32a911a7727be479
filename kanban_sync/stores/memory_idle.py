"""Which monitor leads and which agents wait, in memory; the desk's docstrings tell what for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kanban_sync.core.assignment import Leader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.assignment import Idle
    from kanban_sync.core.claims import Standing
    from kanban_sync.core.model import TaskKey

NOBODY = Leader()


@dataclass(frozen=True, slots=True)
class IdleAgents:
    """Who leads, and the agents that wait, each with the time until which it was offered a task."""

    leader: Leader = NOBODY
    idle: Mapping[str, tuple[Idle, float]] = field(default_factory=dict)


class MemoryIdle(ABC):
    """The part of a desk in memory that monitors and agents that wait need."""

    @property
    @abstractmethod
    def waiting(self) -> IdleAgents:
        """Who leads, and who waits."""

    @waiting.setter
    @abstractmethod
    def waiting(self, waiting: IdleAgents) -> None: ...

    @abstractmethod
    def _claimed(self) -> list[tuple[TaskKey, Standing]]:
        """Return the tasks that somebody has, and how they stand."""

    @abstractmethod
    def _standings(self) -> Mapping[TaskKey, Standing]:
        """Return how all tasks stand that were ever claimed or offered."""

    def leader(self) -> Leader:
        """Return which monitor leads, or led last."""
        return self.waiting.leader

    def held_leader(self) -> Leader:
        """Return the same; nobody else writes meanwhile."""
        return self.waiting.leader

    def put_leader(self, leader: Leader) -> None:
        """Write which monitor leads."""
        self.waiting = replace(self.waiting, leader=leader)

    def idle(self, silent_since: float, now: float) -> list[Idle]:
        """Return who waits, has no claim, and is offered nothing."""
        at_work = {standing.agent for _, standing in self._claimed() if standing.is_held(now)}
        found = [
            idle
            for idle, until in self.waiting.idle.values()
            if idle.seen > silent_since and idle.seen > until and idle.agent not in at_work
        ]
        return sorted(found, key=lambda each: (each.since, each.agent))

    def put_idle(self, idle: Idle) -> None:
        """Write that an agent waits."""
        before, until = self.waiting.idle.get(idle.agent, (idle, 0.0))
        idle = idle._replace(since=min(before.since, idle.since))
        self.waiting = replace(self.waiting, idle={**self.waiting.idle, idle.agent: (idle, until)})

    def note_offer(self, agent: str, until: float) -> None:
        """Note until when something is offered to an agent that waits."""
        if agent in self.waiting.idle:
            known = {**self.waiting.idle, agent: (self.waiting.idle[agent][0], until)}
            self.waiting = replace(self.waiting, idle=known)

    def forget_idle(self, agent: str, silent_since: float) -> None:
        """Forget an agent that waited, and all that are silent."""
        kept = {
            name: each
            for name, each in self.waiting.idle.items()
            if name != agent and each[0].seen > silent_since
        }
        self.waiting = replace(self.waiting, idle=kept)

    def offered_to(self, agent: str, now: float) -> list[TaskKey]:
        """Return what is offered to an agent."""
        return [
            key
            for key, standing in sorted(self._standings().items())
            if standing.offer.is_for(agent, now)
        ]

    def claims(self, now: float) -> dict[str, int]:
        """Return how many live claims the agents of each orchestrator have."""
        live = (standing for _, standing in self._claimed() if standing.is_held(now))
        return dict(Counter(each.orchestrator for each in live if each.orchestrator))
