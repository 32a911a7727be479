"""A project of a million tasks with 10,000 agents, beside one of 10,000 tasks with a hundred.

Agents claim, send heartbeats, complete, fail and fall silent by a simulated clock; what they ask of
the database is asked by the store itself. Both projects go on in turns, a step of either. Then it
is looked at how the database carries out each of the statements. Shorter, in a minute:

    python benchmarks/bench_growth.py --large 100000 --rounds 500
"""

from __future__ import annotations

import heapq
import random
import sys
import time
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from claim_engines import NOW, engines
from grown import check_rows, fill_postgres, fill_sqlite, vacuumed
from hot_queries import cost, sizes
from measure import Claim, options, report

from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from claim_engines import Engine

    from kanban_sync.core.model import TaskKey

    Answer = TypeVar("Answer")

SMALL, LARGE = 10_000, 1_000_000
TIMES = 3
"""How much more the large project may cost."""

CHECKED = 2_000
"""On how many tasks it is seen that what is filled in is what a merge writes."""

TASKS_PER_AGENT = 100
AGENTS_PER_ORCHESTRATOR = 100

LEASE, BEAT, WORK = 300.0, 100.0, 250.0
"""Seconds: of a lease, between heartbeats, and for which an agent works at a task on average."""

BEATS = 30.0
"""Seconds between two signs of life of an orchestrator."""

FAILS, FALLS_SILENT = 0.05, 0.02
"""The share of tasks that fail, and of those whose agent is never heard of again."""

LOOKS = 5
"""After how many steps somebody looks at the project."""

NEXT = "next and claim"


class Held(NamedTuple):
    """What an agent has, and until when it works at it."""

    key: TaskKey
    token: int
    until: float


class Growth:
    """A project with agents at work, step by step by a simulated clock."""

    def __init__(self, engine: Engine, name: str, agents: int) -> None:
        self.engine, self.name, self._agents = engine, name, agents
        self._store = engine.opened(name)
        self._chance = random.Random(name)
        self._now = NOW
        self._held: dict[int, Held] = {}
        self._last: TaskKey
        self._coming = [(NOW + self._chance.random(), agent) for agent in range(agents)]
        heapq.heapify(self._coming)
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._steps = 0
        self._beats_at = NOW + BEATS
        for number in range(0, agents, AGENTS_PER_ORCHESTRATOR):
            self._store.register(self._orchestrator(number), NOW, AGENTS_PER_ORCHESTRATOR)

    def begin(self) -> None:
        """Let each agent claim a task."""
        for _ in range(self._agents):
            self.step()

    def measured(self) -> dict[str, list[float]]:
        """Return the seconds of all that was done since the last time, by what it was."""
        seconds, self._seconds = self._seconds, defaultdict(list)
        return seconds

    def step(self) -> None:
        """Let the agent act whose turn it is, and now and then somebody look."""
        self._now, agent = heapq.heappop(self._coming)
        if self._now >= self._beats_at:
            # However few agents there are to act meanwhile, none of these is silent.
            self._beats_at = self._now + BEATS
            for number in range(0, self._agents, AGENTS_PER_ORCHESTRATOR):
                self._store.beat(self._orchestrator(number), self._now)
        heapq.heappush(self._coming, (self._now + self._act(agent), agent))
        self._steps += 1
        if self._steps % LOOKS == 0:
            for name, look in self.looks().items():
                self._timed(name, look)

    def looks(self) -> dict[str, Callable[[], object]]:
        """Return what is asked of the database besides."""
        store, now = self._store, self._now
        newest = store.last_event()
        backend = Wanted(prefers=frozenset({"Backend"}))
        some = self._last
        return {
            "what is ready": lambda: store.ready(now),
            "what is next for tags": lambda: store.ready(now, backend),
            "events after": lambda: store.events(newest - 100, 100),
            "ids of two tasks": lambda: store.twofold(NOW - 86400),
            "history of a task": lambda: store.history(some),
            "take back what ran out": lambda: store.reclaim(now),
            "orchestrator beats": lambda: store.beat(self._orchestrator(0), now),
        }

    def acts(self) -> dict[str, Callable[[], object]]:
        """Return one of each that agents do, to look how that is carried out."""
        if not self._held:
            why = "nobody has a task, and none is ready; give it more, or fewer --rounds"
            sys.exit(f"{self.name}: {why}.")
        agent = next(iter(self._held))
        held = self._held[agent]

        def finish() -> None:
            self._store.finish(held.key, held.token, Status.DONE, self._now)
            del self._held[agent]

        return {
            "heartbeat": lambda: self._store.extend(held.key, held.token, self._now, LEASE),
            "done": finish,
            NEXT: lambda: self._next(agent),
        }

    def silent(self) -> tuple[int, float]:
        """Let one orchestrator fall silent; return of how many claims it is taken, and seconds."""
        self._now += 61
        for number in range(AGENTS_PER_ORCHESTRATOR, self._agents, AGENTS_PER_ORCHESTRATOR):
            self._store.beat(self._orchestrator(number), self._now)
        found = self._timed("silent", lambda: self._store.reclaim(self._now, leases=False))
        return len(found), self._seconds["silent"].pop()

    def _act(self, agent: int) -> float:
        """Let an agent act, and return in how many seconds it does again."""
        held = self._held.get(agent)
        if held is None:
            return self._next(agent)
        if self._now < held.until:
            self._timed(
                "heartbeat", lambda: self._store.extend(held.key, held.token, self._now, LEASE)
            )
            return min(BEAT, held.until - self._now)
        del self._held[agent]
        chance = self._chance.random()
        if chance < FALLS_SILENT:
            return LEASE
        fails = chance < FALLS_SILENT + FAILS
        status = Status.FAILED if fails else Status.DONE
        self._timed(
            "failed" if fails else "done",
            lambda: self._store.finish(held.key, held.token, status, self._now),
        )
        return 0.0

    def _next(self, agent: int) -> float:
        name, orchestrator = f"agent-{agent}", self._orchestrator(agent)

        def claim() -> Held | None:
            # As any command that claims: first it is taken from those that fell silent.
            self._store.reclaim(self._now, leases=False)
            got = self._store.claim_next(name, self._now, LEASE, ANY, orchestrator)
            if got is None or got.claim is None:
                return None
            until = self._now + self._chance.expovariate(1 / WORK)
            return Held(got.key, got.claim.token, until)

        held = self._timed(NEXT, claim)
        if held is None:
            self._seconds[NEXT].pop()
            return BEAT
        self._held[agent], self._last = held, held.key
        return min(BEAT, held.until - self._now)

    def _orchestrator(self, agent: int) -> str:
        return f"orchestrator-{agent // AGENTS_PER_ORCHESTRATOR}"

    def _timed(self, name: str, act: Callable[[], Answer]) -> Answer:
        start = time.perf_counter()
        answer = act()
        self._seconds[name].append(time.perf_counter() - start)
        return answer


def plans(both: Sequence[Growth]) -> bool:
    """Print what each statement costs in either project, and tell whether all is as it should be.

    Pages and instructions are the same however busy the machine is.
    """
    good = True
    kind = both[0].engine.kind
    unit = "instructions" if kind == "SQLite" else "pages"
    of_each = [
        {
            name: cost(each.engine, each.name, act)
            for name, act in {**each.looks(), **each.acts()}.items()
        }
        for each in both
    ]
    for name in of_each[0]:
        small, large = (each[name] for each in of_each)
        ratio = large.work / max(1, small.work)
        holds = ratio <= TIMES and not large.whole
        good = good and holds
        whole = f", reads all of {', '.join(sorted(large.whole))}" if large.whole else ""
        print(
            f"{kind}, {name}: {large.work} {unit} <= {TIMES} x {small.work}: {ratio:.2f}{whole}"
            f" {'holds' if holds else 'MISSED'}"
        )
    return good


def main() -> None:
    """Fill, let all work, look at the plans, and report."""
    chosen = options(__doc__, 2000, small=SMALL, large=LARGE)
    counts = {"small": chosen.small, "large": chosen.large}
    seconds: dict[str, list[float]] = {}
    claims: list[Claim] = []
    good = True
    with engines({}, dict.fromkeys(("claims", "merged", "checked", *counts), ())) as (lite, server):
        ways: tuple[tuple[Engine, Callable[[str, int], None]], ...] = (
            (lite, partial(fill_sqlite, lite)),
            (server, partial(fill_postgres, server)),
        )
        for engine, fill in ways:
            fill("checked", CHECKED)
            check_rows(engine, ["checked"], "merged", CHECKED)
            for name, count in counts.items():
                start = time.monotonic()
                fill(name, count)
                taken = time.monotonic() - start
                print(f"{engine.kind}: {count} tasks filled in in {taken:.0f} s", flush=True)
            both = [
                Growth(engine, name, count // TASKS_PER_AGENT) for name, count in counts.items()
            ]
            for each in both:
                each.begin()
                each.measured()
                vacuumed(engine, each.name)
            for _ in range(chosen.rounds):
                for each in both:
                    each.step()
            small, large = (each.measured() for each in both)
            for name in sorted(small.keys() & large.keys()):
                names = [f"{engine.kind}, {name}, {count} tasks" for count in counts.values()]
                seconds |= zip(names, (small[name], large[name]), strict=True)
                claims.append(Claim(names[1], names[0], TIMES))
            good = plans(both) and good
            for each in both:
                taken_back, needed = each.silent()
                print(
                    f"{engine.kind}, {each.name}: {taken_back} claims of a silent orchestrator"
                    f" taken back in {1000 * needed:.0f} ms"
                )
            for table, size in sizes(engine, "large").items():
                print(f"{engine.kind}, {table}: {size / 1e6:.1f} MB")
        code = report(seconds, claims, chosen)
    sys.exit(code or int(chosen.check and not good))


if __name__ == "__main__":
    main()
