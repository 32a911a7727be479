"""Agents, their orchestrators and monitors at work on one database, in a time that is made up.

Every step of everybody is a real transaction; what goes wrong, and when, is the seed's.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.monitor import Monitor
from kanban_sync.agents.work import Work
from kanban_sync.core.errors import LostClaimError
from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY, Wanted
from kanban_sync.core.ports import FilesState
from stores.made_up import NOW, PROJECT, key, task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.core.assignment import Market
    from kanban_sync.core.work import Entry
    from stores.offers_contract import OfferingStore

TICK = 0.1
LEASE = 8.0
AFTERMATH = 30.0
"""Seconds after a fault in which what it held up is free again: leases, offers, and the lead."""

WISHES = (ANY, ANY, Wanted(prefers=frozenset({"db"})), Wanted(prefers=frozenset({"web"})))
TAGS: tuple[tuple[str, ...], ...] = ((), (), ("db",), ("web",))


class Timed:
    """The store in the made-up time; whoever looks what to offer may be put to sleep thereafter."""

    def __init__(self, store: OfferingStore, sleep: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._sleep = sleep

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self._store, name)

    def clock(self, now: float) -> float:
        return now

    def market(self, now: float, most: int) -> Market:
        found = self._store.market(now, most)
        self._sleep()
        return found


class Agent:
    """One agent: it waits, claims, works, and sometimes dies or sleeps too long."""

    def __init__(self, world: World, name: str, orchestrator: str) -> None:
        self.world = world
        self.name = name
        self.orchestrator = orchestrator
        self.wanted = world.pick.choice(WISHES)
        self.idle: Idleness | None = None
        self.entry: Entry | None = None
        self.due = self.away_until = self.looked = 0.0
        self.seen = -1
        self.waits_in_vain = 0.0

    def step(self) -> None:
        world = self.world
        if world.now < self.away_until:
            self.waits_in_vain = 0.0
            return
        if self.entry is not None:
            if world.now >= self.due:
                self.finish()
            elif world.now >= self.looked + LEASE / 3:
                self.beat()
            return
        if self.seen == world.last_event and world.now < self.looked + self.pace:
            return
        self.look()

    @property
    def pace(self) -> float:
        return self.idle.pace if self.idle else 0.0

    def look(self) -> None:
        world = self.world
        self.seen, self.looked = world.last_event, world.now
        if self.idle is not None and not self.idle.is_to_look(world.work()):
            return
        args = (world.now, LEASE, self.wanted, self.orchestrator)
        self.entry = world.store.claim_next(self.name, *args)
        if self.entry is None:
            clock = world.monotonic
            self.idle = self.idle or Idleness(self.name, self.wanted, self.orchestrator, clock)
            return
        if self.idle is not None:
            self.idle.end(world.work(), is_served=True)
            self.idle = None
        self.due = world.now + world.pick.uniform(0.2, 5)

    def finish(self) -> None:
        entry, self.entry = self.entry, None
        assert entry
        assert entry.claim
        try:
            self.world.store.finish(entry.key, entry.claim.token, Status.DONE, self.world.now)
        except LostClaimError:
            self.world.seen["late"] += 1
        self.world.progress()
        self.seen = -1

    def beat(self) -> None:
        self.looked = self.world.now
        assert self.entry
        assert self.entry.claim
        try:
            self.world.store.extend(self.entry.key, self.entry.claim.token, self.world.now, LEASE)
        except LostClaimError:
            self.entry = None

    def die(self, seconds: float) -> None:
        """Be killed, with whatever it had, and be started anew."""
        self.entry = self.idle = None
        self.away_until = self.world.now + seconds
        self.seen = -1


class World:
    """Everybody, and the time."""

    def __init__(self, store: OfferingStore, seed: str, tasks: int, sizes: Sequence[int]) -> None:
        """Fill the store; in the first part of the time things go wrong."""
        self.store = store
        self.pick = random.Random(seed)
        self.now = NOW
        self.seen: Counter[str] = Counter()
        self.fault_until = 0.0
        self.last_event = 0
        self.longest_in_vain = 0.0
        self.paused: set[str] = set()
        self.good_from = self.now + tasks / 6
        self.fill(tasks)
        self.agents = [
            Agent(self, f"o{number}-a{count}", f"o{number}")
            for number, size in enumerate(sizes)
            for count in range(size)
        ]
        for number, size in enumerate(sizes):
            store.register(f"o{number}", self.now, size)
        self.orchestrators = {f"o{number}": 0.0 for number, _ in enumerate(sizes)}
        self.monitors = {name: self.monitor(name) for name in ("m1", "m2")}
        self.rounds = dict.fromkeys(self.monitors, (-1, 0.0))
        self.down: dict[str, float] = {}

    def fill(self, count: int) -> None:
        """Make tasks of which each twelfth waits for those before it, and those after it for it."""
        tasks = []
        for number in range(count):
            gate = number // 12 * 12
            is_gate = number == gate
            needs = range(max(0, gate - 11), gate) if is_gate else [gate]
            tasks.append(
                task(
                    f"{number:05}",
                    position=number,
                    depends_on=tuple(f"{n:05}" for n in needs),
                    labels=self.pick.choice(TAGS),
                    priority=self.pick.choice(("", "P1", "P3")),
                )
            )
        self.store.merge(tasks, {}, FilesState(), self.now)

    def monotonic(self) -> float:
        return self.now

    def work(self, sleep: Callable[[], None] = lambda: None) -> Work:
        store: Any = Timed(self.store, sleep)
        return Work(store, PROJECT, self.monotonic, None, lambda: None, lambda: None)

    def monitor(self, name: str) -> Monitor:
        def sleep() -> None:
            if self.now < self.good_from and not self.paused and self.pick.random() < 0.1:
                self.fault("slept", 25)
                self.paused.add(name)
                for _ in range(int(self.pick.choice((2, 15)) / TICK)):
                    self.step()
                self.paused.discard(name)

        return Monitor(self.work(sleep), name)

    def fault(self, what: str, seconds: float) -> None:
        self.seen[what] += 1
        self.fault_until = max(self.fault_until, self.now + seconds + AFTERMATH)

    def progress(self) -> None:
        self.last_event = self.store.last_event()

    def run(self) -> None:
        """Go on until all is done."""
        while not all(each.status is Status.DONE for each in self.store.tasks()):
            for _ in range(10):
                self.step()
            assert self.now < NOW + 3600, "it never ends"

    def step(self) -> None:
        self.now += TICK
        self.progress()
        for name, monitor in self.monitors.items():
            self.oversee(name, monitor)
        for name, silent_until in self.orchestrators.items():
            if self.now >= silent_until:
                self.orchestrators[name] = self.now + 10
                self.store.beat(name, self.now)
        for agent in self.agents:
            agent.step()
            self.progress()
        if self.now < self.good_from and not self.paused:
            self.go_wrong()
        self.judge()

    def oversee(self, name: str, monitor: Monitor) -> None:
        event, at = self.rounds[name]
        if name in self.paused or self.now < self.down.get(name, 0):
            return
        if event == self.last_event and self.now < at + 1:
            return
        self.rounds[name] = (self.last_event, self.now)
        done = monitor.round()
        self.seen["offered"] += len(done.offered)
        self.seen["reclaimed"] += len(done.reclaimed)
        self.progress()

    def go_wrong(self) -> None:
        fate = self.pick.random()
        if fate < 0.016:
            self.fault("agent died", 5)
            self.pick.choice(self.agents).die(5)
        elif fate < 0.028:
            self.fault("agent slept", 20)
            self.pick.choice(self.agents).away_until = self.now + 20
        elif fate < 0.036:
            self.fault("monitor died", 15)
            name = self.pick.choice(sorted(self.monitors))
            self.monitors[name] = self.monitor(f"{name} since {self.now + 15:.1f}")
            self.down[name] = self.now + 15
        elif fate < 0.038:
            self.fault("orchestrator silent", 70)
            name = self.pick.choice(sorted(self.orchestrators))
            self.orchestrators[name] = self.now + 70
            for agent in self.agents:
                if agent.orchestrator == name:
                    agent.die(70)

    def judge(self) -> None:
        """See how long an agent waits beside work that is ready, unless something went wrong."""
        waiting = [a for a in self.agents if a.entry is None and self.now >= a.away_until]
        self.seen["judged"] += bool(waiting) and self.now > self.fault_until
        is_ready = bool(waiting) and self.store.depth().ready > 0
        for agent in self.agents:
            is_in_vain = is_ready and agent in waiting and self.now > self.fault_until
            agent.waits_in_vain = agent.waits_in_vain + TICK if is_in_vain else 0.0
            self.longest_in_vain = max(self.longest_in_vain, agent.waits_in_vain)


def told_of(store: OfferingStore) -> dict[str, int]:
    """Return what the events tell: how often tasks were done, and what was claimed too early."""
    needs = {str(each.key): [str(key(n)) for n in each.depends_on] for each in store.tasks()}
    done: Counter[str] = Counter()
    too_early = 0
    for event in store.events(limit=10**6):
        if event.kind == "claimed":
            too_early += not all(done[name] for name in needs[event.key])
        if event.kind == "status_changed" and json.loads(event.data)["new"] == "done":
            done[event.key] += 1
    return {
        "done other than once": sum(count != 1 for count in done.values()),
        "not done": len(needs) - len(done),
        "claimed too early": too_early,
    }
