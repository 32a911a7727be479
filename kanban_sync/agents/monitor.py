"""The monitor: offers what is ready to agents that wait, and takes back the work of silent ones.

Any number of monitors may run on one database. One leads; the others stand by, and one of them
takes over within seconds once the lead is free. All that counts is in the database: a monitor may
be killed at any moment, and nothing needs one.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from kanban_sync.core.assignment import LEAD, OFFER, Leader, assign
from kanban_sync.core.claims import RAN_OUT
from kanban_sync.core.errors import LostLeadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.agents.work import Work
    from kanban_sync.core.assignment import Assignment
    from kanban_sync.core.work import Entry

LOOK = 1.0
"""Seconds after which a monitor looks, though nothing was told."""

TRY = 30.0
"""Seconds after which a monitor that stands by sees whether it might lead: a role that may only
read never could."""

MOST = 200
"""How many tasks are read for a wish at most; the others are handed out right after them."""


class Times(NamedTuple):
    """Seconds: how long a monitor leads, when it renews that (two may fail), how long it offers."""

    lead: float = LEAD
    renew: float = 3.0
    offer: float = OFFER


class Round(NamedTuple):
    """What a monitor did at one moment.

    ``leader`` is who leads; ``reclaimed`` were taken back, ``expired`` of them because their lease
    ran out; ``offered`` are the new offers; ``idle`` agents waited, None where it stood by and
    did not ask.
    """

    leads: bool
    leader: str
    idle: int | None = None
    offered: tuple[Assignment, ...] = ()
    reclaimed: tuple[Entry, ...] = ()

    @property
    def expired(self) -> int:
        """How many were taken back because their lease ran out."""
        return sum(each.reason == RAN_OUT for each in self.reclaimed)


class Monitor:
    """One monitor of a project. For one thread.

    Raises:
        StoreError: From any method: the database cannot be used.
    """

    def __init__(self, work: Work, name: str = "", times: Times | None = None) -> None:
        """Set out, and lead nobody yet.

        Args:
            work: The work on tasks.
            name: What no other monitor is called; one made up if it is empty.
            times: How long what lasts; the usual times if None.
        """
        self._times = times or Times()
        self._work = work
        self._store = work.assigning
        self.name = name or own_name()
        self._lead = Leader()
        self._tried = float("-inf")

    def round(self) -> Round:
        """Do what is to be done now."""
        now = self._work.time()
        leader = self._led(now)
        if leader.monitor != self.name:
            return Round(leads=False, leader=leader.monitor if leader.leads(now) else "")
        reclaimed = tuple(self._work.reclaim())
        offered: list[Assignment] = []
        try:
            idle, made = self._hand_out(now)
            offered += made
            while len(made) >= MOST:
                _, made = self._hand_out(now)
                offered += made
        except LostLeadError:
            # It stood still for longer than its lease; whoever leads now hands out the rest.
            self._lead = Leader()
            other = self._store.leader().monitor
            return Round(False, other, None, tuple(offered), reclaimed)  # noqa: FBT003 - leads
        return Round(True, self.name, idle, tuple(offered), reclaimed)  # noqa: FBT003 - leads

    def waiting(self, done: Round) -> int | None:
        """Return how many agents waited at a round, None where only the database away knows."""
        if done.leads or not done.leader:
            return done.idle
        return len(self._store.market(self._work.time(), 1).idle)

    def end(self) -> None:
        """Let another monitor lead at once."""
        if self._lead.monitor == self.name:
            self._store.step_down(self.name, self._lead.token)
            self._lead = Leader()

    def _led(self, now: float) -> Leader:
        """Return who leads; take the lead if it is free, and renew it now and then."""
        mine = self._lead
        given = mine.expires - self._times.lead
        if mine.monitor == self.name and given <= now < given + self._times.renew:
            return mine
        if mine.monitor != self.name and 0 <= now - self._tried < TRY:
            other = self._store.leader()
            # Whoever stands by writes nothing.
            if other.leads(now) and other.monitor != self.name:
                return other
        self._tried = now
        self._lead = self._store.lead(self.name, now, self._times.lead)
        return self._lead

    def _hand_out(self, now: float) -> tuple[int, Sequence[Assignment]]:
        market = self._store.market(now, MOST)
        found = assign(market)
        if not found:
            return len(market.idle), ()
        made = self._store.offer(found, now, now + self._times.offer, self._lead.token)
        return len(market.idle), made


def own_name() -> str:
    """Return a name by which this process is known, and no other one."""
    return f"{os.uname().nodename.partition('.')[0]}-{os.getpid()}-{secrets.token_hex(2)}"


def round_data(done: Round, name: str) -> dict[str, Any]:
    """Return what a monitor did as plain data with stable keys."""
    return {
        "monitor": name,
        "leads": done.leads,
        "leader": done.leader or None,
        "idle": done.idle,
        "offered": [{"key": str(each.key), "agent": each.agent} for each in done.offered],
        "reclaimed": [str(each.key) for each in done.reclaimed],
        "expired": done.expired,
    }


def round_lines(done: Round) -> Iterator[str]:
    """Yield what a monitor did, in words."""
    for entry in done.reclaimed:
        yield f"took back {entry.key}: {entry.reason}"
    for each in done.offered:
        yield f"offered {each.key} to {each.agent}"
