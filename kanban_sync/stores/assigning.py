"""How monitors lead and offer tasks on any store, and how agents say that they wait."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from kanban_sync.core.assignment import LEAD, SEEN, Depth, Leader, Market, led, offered
from kanban_sync.core.claims import is_free
from kanban_sync.core.errors import LostLeadError
from kanban_sync.core.offers import NO_OFFER
from kanban_sync.stores.desk import Reach

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.assignment import Assignment, Idle
    from kanban_sync.stores.desk import Desk


class Assigning(ABC):
    """``AssigningStore`` upon whatever opens a desk."""

    @abstractmethod
    def _looking(self) -> AbstractContextManager[Desk]:
        """Open a desk to read one state of the database."""

    @abstractmethod
    def _working(self, reach: Reach = Reach.ONE) -> AbstractContextManager[Desk]:
        """Open a desk to write all or, if the block raises, nothing."""

    def clock(self, now: float) -> float:
        """Return the caller's own time: all who use the database are on one machine."""
        return now

    # --- The lead -----------------------------------------------------------------------

    def leader(self) -> Leader:
        """Return who leads, or led last."""
        with self._looking() as desk:
            return desk.leader()

    def lead(self, monitor: str, now: float, seconds: float = LEAD) -> Leader:
        """Take the lead if nobody has it, or renew one's own; return who leads now."""
        with self._working() as desk:
            before = desk.held_leader()
            after = led(before, monitor, now, seconds)
            if after != before:
                desk.put_leader(after)
            return after

    def step_down(self, monitor: str, token: int) -> None:
        """Let others lead, if the lead is one's own still."""
        with self._working() as desk:
            found = desk.held_leader()
            if (found.monitor, found.token) == (monitor, token):
                desk.put_leader(Leader(token=token))

    # --- Agents that wait ---------------------------------------------------------------

    def note_idle(self, idle: Idle, now: float) -> bool:
        """Note that an agent waits, if somebody leads now, and tell whether somebody does."""
        if not self.leader().leads(now):
            return False
        with self._working() as desk:
            desk.put_idle(idle)
        return True

    def forget_idle(self, agent: str, now: float, *, keep_offer: bool = False) -> None:
        """Note that an agent waits no more, and take back what is offered to it."""
        with self._working() as desk:
            for key in () if keep_offer else desk.offered_to(agent, now):
                desk.hold(key)
                standing = desk.standing(key)
                if standing is not None and standing.offer.is_for(agent, now):
                    desk.put(key, standing._replace(offer=NO_OFFER))
            desk.forget_idle(agent, now - SEEN)

    def has_offer(self, agent: str, now: float) -> bool:
        """Tell whether a task is offered to an agent now."""
        with self._looking() as desk:
            return bool(desk.offered_to(agent, now))

    # --- Offers -------------------------------------------------------------------------

    def market(self, now: float, most: int) -> Market:
        """Return who waits and what is ready, at most so many tasks for each wish."""
        with self._looking() as desk:
            idle = desk.idle(now - SEEN, now)
            counts = desk.claims(now) if any(each.orchestrator for each in idle) else {}
            agents = {each.instance_id: each.agent_count for each in desk.orchestrators()}
            limit = min(len(idle), most)
            wishes = dict.fromkeys(each.wanted for each in idle)
            ready = {
                wanted: [each.key for each in desk.ready(wanted, "", now, limit)]
                for wanted in wishes
            }
        load = {name: (counts.get(name, 0), count) for name, count in agents.items()}
        return Market(idle, ready, load)

    def offer(
        self, found: Sequence[Assignment], now: float, until: float, token: int
    ) -> list[Assignment]:
        """Offer tasks to agents, and return those offers that were made."""
        made: list[Assignment] = []
        with self._working() as desk:
            leader = desk.held_leader()
            if leader.token != token or not leader.monitor:
                raise LostLeadError(
                    f"This monitor stood still, and {leader.monitor or 'another one'} hands out"
                    " the tasks since. Nothing was offered; it stands by from now on."
                )
            for each in sorted(found):
                desk.hold(each.key)
                standing = desk.standing(each.key)
                if standing is None or standing.agent:
                    continue
                is_plan = desk.has_parts(each.key)
                if not is_free(standing, each.agent, now, is_plan=is_plan):
                    continue
                outcome = offered(standing, each.agent, until)
                desk.put(each.key, outcome.standing)
                desk.tell(each.key, outcome.told, now)
                made.append(each)
            for each in sorted(made, key=lambda one: one.agent):
                desk.note_offer(each.agent, until)
        return made

    def depth(self) -> Depth:
        """Return how much there is to hand out."""
        with self._looking() as desk:
            return desk.depth()
