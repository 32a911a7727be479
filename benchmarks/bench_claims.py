"""Claims in SQLite and PostgreSQL, by as many processes, beside the bare drivers.

All processes begin at once and go on until nothing is ready; told is also who got least, and who
waited longest.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import time
import traceback
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from claim_engines import CLAIMS, LEASE, NOW, engines
from measure import Claim, Subject, interleave, options, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from claim_engines import Engine

PROCESSES = (1, 4, 16, 64)

LINE = 64
"""How many bytes a process says at a time."""

FELL = b"!" * LINE
"""What a process says that cannot go on, lest it be waited for."""


class Got(NamedTuple):
    """How many tasks a process got, and for how many seconds it waited for one at most."""

    tasks: int
    longest: float


def ours(engine: Engine, name: str) -> Iterator[bool]:
    """Claim by our store, one after the other, and tell whether there was one."""
    with closing(engine.opened(name)) as store:
        yield True
        while True:
            yield store.claim_next("ada", NOW, LEASE) is not None


def bare(engine: Engine, name: str) -> Iterator[bool]:
    """Do the same by hand."""
    return engine.claims(name)


def nothing_claimed(engine: Engine, name: str) -> None:
    """Make a database with nothing claimed."""
    engine.anew(name)


class Crowd:
    """Processes that claim all at once until nothing is ready; what each of them got is kept."""

    def __init__(
        self,
        engine: Engine,
        work: Callable[[Engine, str], Iterator[bool]],
        processes: int,
        prepare: Callable[[Engine, str], None] = nothing_claimed,
    ) -> None:
        self._engine = engine
        self._work = work
        self._prepare = prepare
        self.processes = processes
        self._start = self._results = (0, 0)
        self._children: list[int] = []
        self.rounds: list[list[Got]] = []

    def before(self) -> None:
        """Begin with nothing claimed, and with all processes ready to."""
        self._prepare(self._engine, "crowd")
        self._start, self._results = os.pipe(), os.pipe()
        self._children = [self._child() for _ in range(self.processes)]
        for _ in self._children:
            self._read()

    def run(self) -> None:
        """Let all go, and see that they got all there was."""
        os.close(self._start[1])
        got = [Got(*json.loads(self._read())) for _ in self._children]
        if sum(each.tasks for each in got) != CLAIMS:
            raise RuntimeError(f"not every task was claimed once: {got}")
        self.rounds.append(got)

    def after(self) -> None:
        """Let them end."""
        if any(os.waitpid(child, 0)[1] for child in self._children):
            raise RuntimeError("a process fell")
        for each in (self._start[0], *self._results):
            os.close(each)

    def smallest(self) -> float:
        """Return how many tasks the process got that got least, in the median round."""
        return statistics.median(min(each.tasks for each in got) for got in self.rounds)

    def longest(self) -> float:
        """Return how long a process waited for a task at most, in the median round."""
        return statistics.median(max(each.longest for each in got) for got in self.rounds)

    def _read(self) -> bytes:
        said = os.read(self._results[0], LINE)
        if said == FELL:
            for each in self._children:
                os.kill(each, signal.SIGKILL)
            raise RuntimeError("a process fell; what it says of it is above")
        return said

    def _child(self) -> int:
        child = os.fork()
        if child == 0:
            try:
                self._claim()
            except BaseException:  # noqa: BLE001 - told, and nothing of the parent's goes on here
                traceback.print_exc()
                os.write(self._results[1], FELL)
                os._exit(1)
            os._exit(0)
        return child

    def _claim(self) -> None:
        os.close(self._start[1])
        claims = self._work(self._engine, "crowd")
        next(claims)
        os.write(self._results[1], b" " * LINE)
        os.read(self._start[0], 1)  # Returns when the parent closes the other end.
        count, longest, before = 0, 0.0, time.perf_counter()
        while next(claims):
            now = time.perf_counter()
            count, longest, before = count + 1, max(longest, now - before), now
        os.write(self._results[1], json.dumps([count, longest]).encode().ljust(LINE))


def fairness(crowds: Mapping[str, Crowd]) -> bool:
    """Print who got least and who waited longest, and tell whether each of ours got something."""
    fair = True
    for name, crowd in crowds.items():
        smallest, share = crowd.smallest(), CLAIMS / crowd.processes
        verdict = "" if smallest else ": STARVED"
        fair = fair and (smallest > 0 or not name.endswith("ours"))
        print(
            f"{name}: smallest share {smallest:.0f} of {share:.0f}, "
            f"longest wait {1000 * crowd.longest():.0f} ms{verdict}"
        )
    return fair


def main() -> None:
    """Measure claims on both databases."""
    chosen = options(__doc__, 10)
    subjects: dict[str, Subject] = {}
    crowds: dict[str, Crowd] = {}
    claims: list[Claim] = []
    with engines() as both:
        for engine in both:
            for processes in PROCESSES:
                names = [
                    f"{CLAIMS} claims, {engine.kind}, {processes} processes, {who}"
                    for who in (engine.floor, "ours")
                ]
                for name, work in zip(names, (bare, ours), strict=True):
                    crowd = crowds[name] = Crowd(engine, work, processes)
                    subjects[name] = Subject(crowd.run, crowd.before, crowd.after)
                claims.append(Claim(names[1], names[0], round(1 / 0.6, 2)))
        seconds = interleave(subjects, chosen.rounds)
    code = report(seconds, claims, chosen)
    fair = fairness(crowds)
    sys.exit(code or (1 if chosen.check and not fair else 0))


if __name__ == "__main__":
    main()
