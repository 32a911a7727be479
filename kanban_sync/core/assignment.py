"""Who is to do what next: the agents that wait, and the one monitor that hands out tasks. Pure.

A *monitor* offers tasks that are ready to agents that wait. Of all monitors of a project one
*leads*: it has a lease and a token, which are compared in the transaction of each offer.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync.core.claims import Outcome, Told
from kanban_sync.core.offers import Offer
from kanban_sync.core.order import ANY, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kanban_sync.core.claims import Standing
    from kanban_sync.core.model import TaskKey

LEAD = 10.0
"""Seconds for which a monitor leads, from each renewal on."""

OFFER = 20.0
"""Seconds for which a task is kept for an agent."""

SEEN = 60.0
"""Seconds after which an agent that has not said so again waits no more."""


class Leader(NamedTuple):
    """Which monitor leads, since when and until when (seconds since 1970); '' for none.

    The token grows each time that the lead is given to somebody.
    """

    monitor: str = ""
    token: int = 0
    since: float = 0.0
    expires: float = 0.0

    def leads(self, now: float) -> bool:
        """Whether there is somebody who leads now."""
        return bool(self.monitor) and self.expires > now


class Idle(NamedTuple):
    """An agent that waits for work: for which, since when, and when it said so last."""

    agent: str
    wanted: Wanted = ANY
    orchestrator: str = ""
    since: float = 0.0
    seen: float = 0.0


class Assignment(NamedTuple):
    """A task, and the agent that it is for."""

    key: TaskKey
    agent: str


class Market(NamedTuple):
    """What a monitor decides upon.

    ``idle`` are the agents that wait, ``ready`` the first of the tasks that each wish may have, in
    the order in which they are handed out, and ``load`` how many claims each orchestrator has for
    each of its agents.
    """

    idle: Sequence[Idle]
    ready: Mapping[Wanted, Sequence[TaskKey]]
    load: Mapping[str, tuple[int, int]]


class Depth(NamedTuple):
    """How many tasks are to do, for anybody, and wait for nothing; offers are among them.

    ``oldest`` is when the status of the oldest of them was set, 0 where that is known of none.
    """

    ready: int
    oldest: float


class AssigningStore(Protocol):
    """What monitors and agents that wait read and write. Times are parameters.

    Raises:
        StoreError: From any method, if the database cannot be used.
    """

    def clock(self, now: float) -> float:
        """Return the time by the clock that all who use the database share.

        Args:
            now: The caller's own, which counts where the database has none.
        """
        ...

    def leader(self) -> Leader:
        """Return who leads, or led last."""
        ...

    def lead(self, monitor: str, now: float, seconds: float = LEAD) -> Leader:
        """Take the lead if nobody has it, or renew one's own; return who leads now."""
        ...

    def step_down(self, monitor: str, token: int) -> None:
        """Let others lead, if the lead is one's own still."""
        ...

    def note_idle(self, idle: Idle, now: float) -> bool:
        """Note that an agent waits, if somebody leads now, and tell whether somebody does.

        An agent that waited before and says so again keeps the time since when it does.
        """
        ...

    def forget_idle(self, agent: str, now: float, *, keep_offer: bool = False) -> None:
        """Note that an agent waits no more, and take back what is offered to it."""
        ...

    def has_offer(self, agent: str, now: float) -> bool:
        """Tell whether a task is offered to an agent now."""
        ...

    def market(self, now: float, most: int) -> Market:
        """Return who waits and what is ready, at most so many tasks for each wish.

        Nobody waits who has a claim, has an offer, or let one run out and has not said so since.
        """
        ...

    def offer(
        self, found: Sequence[Assignment], now: float, until: float, token: int
    ) -> list[Assignment]:
        """Offer tasks to agents, and return those offers that were made.

        Raises:
            LostLeadError: The token is not that of who leads; nothing was offered.
        """
        ...

    def depth(self) -> Depth:
        """Return how much there is to hand out."""
        ...


def led(found: Leader, monitor: str, now: float, seconds: float) -> Leader:
    """Return who leads once a monitor has asked for it."""
    if found.monitor == monitor:
        # Also if it ran out: nobody else was given the lead meanwhile.
        return found._replace(expires=now + seconds)
    if found.leads(now):
        return found
    return Leader(monitor, found.token + 1, now, now + seconds)


def offered(standing: Standing, agent: str, until: float) -> Outcome:
    """Return a task as it is kept for an agent."""
    told = Told("task_offered", {"agent": agent, "until": until})
    return Outcome(standing._replace(offer=Offer(agent, until)), (told,))


def assign(market: Market) -> list[Assignment]:
    """Return who is to be offered what: each agent the first task of its wish that is left.

    First those choose who take certain tasks only, as what is left suits the others; then those of
    the orchestrator that has the fewest claims for its agents; then who has waited longest.
    """
    load = dict(market.load)
    left = {wanted: iter(keys) for wanted, keys in market.ready.items()}
    taken: set[TaskKey] = set()
    found: list[Assignment] = []
    for is_strict in (True, False):
        lines = _lines(each for each in market.idle if _is_strict(each.wanted) is is_strict)
        while lines:
            orchestrator = min(lines, key=lambda name: (_share(load, name), lines[name][0].since))
            line = lines[orchestrator]
            agent = line.popleft()
            if not line:
                del lines[orchestrator]
            key = next((each for each in left.get(agent.wanted, ()) if each not in taken), None)
            if key is not None:
                taken.add(key)
                found.append(Assignment(key, agent.agent))
                claims, agents = load.get(orchestrator, (0, 0))
                load[orchestrator] = (claims + 1, agents)
    return found


def _lines(idle: Iterator[Idle]) -> dict[str, deque[Idle]]:
    """Return the agents of each orchestrator, who has waited longest first."""
    lines: dict[str, deque[Idle]] = {}
    for each in sorted(idle, key=lambda one: (one.since, one.agent)):
        lines.setdefault(each.orchestrator, deque()).append(each)
    return lines


def _is_strict(wanted: Wanted) -> bool:
    return bool(wanted.tags or wanted.priority or wanted.sources)


def _share(load: Mapping[str, tuple[int, int]], orchestrator: str) -> float:
    """Return how many claims an orchestrator has for each agent; who has none is alone."""
    if not orchestrator:
        return 0.0
    claims, agents = load.get(orchestrator, (0, 0))
    return claims / max(agents, 1)
