"""From a transaction to an agent that waits for it, beside bare drivers; and what waiting costs.

A process waits for events and tells each that it has read. The floor commits one row and looks for
it with nothing around: by ``PRAGMA data_version`` at the same pace, and by NOTIFY within the
transaction. Then a crowd of waiting processes has to get each of many events, in order.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from claim_engines import NOW, PROJECT, engines, key, told
from measure import Claim, Subject, interleave, options, report

from kanban_sync.agents.events import events_after
from kanban_sync.core.model import Status
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.postgres_text import translated
from kanban_sync.stores.rows import TELL
from kanban_sync.stores.sqlite_waiting import POLL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claim_engines import Engine

WAITERS = 200
PROCESSES = 4
EVENTS = 1_000
AT_ONCE = 10
"""Events of one transaction that many wait for: one for each task, and one of them all."""

LONGEST = 300.0
"""Seconds after which whoever waits in a crowd gives up."""

IDLE = 5.0
"""Seconds for which it is measured what waiting costs."""

DATABASE = "wake"
TIMES = 5.0
COST = 0.005
"""The share of a core that a waiter may cost."""


class Process:
    """A process that does something for each of its steps and says so."""

    def __init__(self, steps: Callable[[], Iterator[object]]) -> None:
        self._said, say = os.pipe()
        self._id = os.fork()
        if self._id == 0:
            try:
                for each in steps():
                    os.write(say, json.dumps(each).encode().ljust(64))
                os._exit(0)
            finally:
                os._exit(1)
        os.close(say)

    def hear(self) -> object:
        """Return what it says next."""
        return json.loads(os.read(self._said, 64))

    def end(self) -> None:
        """End it."""
        os.kill(self._id, signal.SIGKILL)
        os.waitpid(self._id, 0)
        os.close(self._said)


def waits(engine: Engine) -> Iterator[object]:
    """Wait by our store, and read what happened."""
    with closing(engine.opened(DATABASE)) as store, closing(store.waiter()) as waiter:
        after = store.last_event()
        yield 0
        while True:
            waiter.wait(60)
            for event in store.events(after):
                after = event.id
                yield after


def costs(engine: Engine) -> Iterator[object]:
    """Wait in vain, and tell which share of a core that took."""
    with closing(engine.opened(DATABASE)) as store, closing(store.waiter()) as waiter:
        start, used = time.monotonic(), time.process_time()
        waiter.wait(IDLE)
        yield (time.process_time() - used) / (time.monotonic() - start)


def bare_waits(engine: Engine) -> Iterator[object]:
    """Wait by hand, and read the newest row."""
    newest = "SELECT max(id) FROM events WHERE project = ?"
    with closing(engine.connection(DATABASE)) as db:
        if engine.kind == "SQLite":
            before = db.execute("PRAGMA data_version").fetchone()
            yield 0
            while True:
                while before == (now := db.execute("PRAGMA data_version").fetchone()):
                    time.sleep(POLL)
                before = now
                yield db.execute(newest, (PROJECT,)).fetchone()[0]
        db.execute(b"LISTEN bare")
        yield 0
        while True:
            list(db.notifies(stop_after=1))
            yield db.execute(translated(newest), (PROJECT,)).fetchone()[0]


def acts(engine: Engine) -> Callable[[], object]:
    """Return what commits one event by our store."""
    store = engine.opened(DATABASE)
    turns = iter(range(1 << 30))

    def act() -> None:
        status = Status.BLOCKED if next(turns) % 2 else Status.REVIEW
        store.set_status(key(0), status, NOW, "bob")

    return act


def merges(engine: Engine) -> Callable[[], object]:
    """Return what commits several events at once by our store, as the merge of a commit does."""
    store = engine.opened(DATABASE)
    some = [each for each in store.tasks() if each.key.name < key(AT_ONCE - 1).name]
    turns = iter(range(1 << 30))

    def act() -> None:
        turn = next(turns)
        new = [each._replace(title=f"{each.title}, {turn}") for each in some]
        told = store.merge(new, {}, FilesState(), NOW + turn).counts
        if sum(told.values()) != AT_ONCE - 1:
            raise RuntimeError(f"{told} was told of, and not {AT_ONCE - 1} tasks")

    return act


def bare_acts(engine: Engine) -> Callable[[], object]:
    """Return what does the same by hand."""
    db = engine.connection(DATABASE)

    def act() -> None:
        if engine.kind == "SQLite":
            db.execute("BEGIN IMMEDIATE")
            db.execute(TELL, told("tasks-md", "t00000"))
            db.execute("COMMIT")
        else:
            db.execute(b"BEGIN")
            db.execute(translated(TELL), told("tasks-md", "t00000"))
            db.execute(b"NOTIFY bare")
            db.execute(b"COMMIT")

    return act


class Woken(NamedTuple):
    """One who waits and one who commits."""

    process: Process
    act: Callable[[], object]

    def run(self) -> None:
        """Commit, until the other has seen it."""
        self.act()
        self.process.hear()


def started(engine: Engine, steps: Callable[[Engine], Iterator[object]]) -> Process:
    """Start a process, and wait until it waits."""
    process = Process(lambda: steps(engine))
    process.hear()
    return process


def waiting(
    engine: Engine, steps: Callable[[Engine], Iterator[object]], act: Callable[[], object]
) -> Woken:
    """Start one who waits, and return both at any moment between two of its looks."""
    process = started(engine, steps)
    time.sleep(POLL * random.uniform(1, 2))
    return Woken(process, act)


def subject(
    engine: Engine,
    steps: Callable[[Engine], Iterator[object]],
    make: Callable[[Engine], Callable[[], object]],
) -> Subject:
    """Return one of both, which waits only while it is measured."""
    act = make(engine)
    running: list[Woken] = []

    def begin() -> None:
        running.append(waiting(engine, steps, act))

    def run() -> None:
        running[0].run()

    def end() -> None:
        running.pop().process.end()

    return Subject(run, begin, end)


class Agent(threading.Thread):
    """One of a crowd, with connections of its own: waits, and notes what it gets and when."""

    def __init__(self, engine: Engine, begun: threading.Barrier, until: float) -> None:
        super().__init__()
        self._engine, self._begun, self._until = engine, begun, until
        self.got: list[tuple[int, float]] = []

    def run(self) -> None:
        """Wait, until there was enough or it is too late."""
        with closing(self._engine.opened(DATABASE)) as store, closing(store.waiter()) as waiter:
            after = store.last_event()
            self._begun.wait()
            while len(self.got) < EVENTS and time.monotonic() < self._until:
                waiter.wait(1)
                for event in store.events(after):
                    after = event.id
                    self.got.append((after, time.monotonic()))


def agents(engine: Engine, into: Path, until: float) -> Iterator[object]:
    """Let a part of the crowd wait, and write what it got into a file."""
    count = WAITERS // PROCESSES
    begun = threading.Barrier(count + 1)
    all_ = [Agent(engine, begun, until) for _ in range(count)]
    for each in all_:
        each.start()
    begun.wait()
    yield 0
    for each in all_:
        each.join()
    into.write_text(json.dumps([each.got for each in all_]))
    yield 0


def crowd(engine: Engine) -> bool:
    """See that each of many gets each of many events, in order, and tell whether it is so.

    They share a few processes, and a transaction tells of several events: hundreds of processes
    that are woken a thousand times would leave no time to whoever commits.
    """
    act, acted = merges(engine), []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}" for number in range(PROCESSES)]
        until = time.monotonic() + LONGEST
        processes = [
            Process(lambda file=file: agents(engine, file, until))  # type: ignore[misc]
            for file in files
        ]
        for process in processes:
            process.hear()
        for _ in range(EVENTS // AT_ONCE):
            acted += [time.monotonic()] * AT_ONCE
            act()
        for process in processes:
            process.hear()
            process.end()
        got = [each for file in files for each in json.loads(file.read_text())]
    with closing(engine.opened(DATABASE)) as store:
        ids = [each.id for each in events_after(store, store.last_event() - EVENTS)]
    good = sum([id_ for id_, _ in each] == ids[-EVENTS:] for each in got)
    late = [at - began for each in got for (_, at), began in zip(each, acted, strict=False)]
    p50, p99 = (1000 * statistics.quantiles(late, n=100)[at] for at in (49, 98))
    verdict = "holds" if good == len(got) == WAITERS else "MISSED"
    print(
        f"{engine.kind}: {good} of {WAITERS} waiting agents got each of {EVENTS} events in order:"
        f" {verdict}; from the begin of a transaction p50 {p50:.0f} ms, p99 {p99:.0f} ms;"
        f" {EVENTS / (time.monotonic() - acted[0]):.0f} events/s"
    )
    return verdict == "holds"


def main() -> None:
    """Measure, and end with what `report` says."""
    chosen = options(__doc__, 60)
    missed = False
    with engines({"max_connections": str(3 * WAITERS)}) as both:
        subjects = {}
        for engine in both:
            engine.anew(DATABASE)
            subjects[f"{engine.kind}: to an agent"] = subject(engine, waits, acts)
            subjects[f"{engine.kind}: {engine.floor}"] = subject(engine, bare_waits, bare_acts)
        claims = [
            Claim(f"{each.kind}: to an agent", f"{each.kind}: {each.floor}", TIMES) for each in both
        ]
        seconds = interleave(subjects, chosen.rounds)
        code = report(seconds, claims, chosen)
        for name, runs in seconds.items():
            print(f"{name}: p99 {1000 * statistics.quantiles(runs, n=100)[-1]:.2f} ms")
        for engine in both:
            process = Process(lambda engine=engine: costs(engine))  # type: ignore[misc]
            share = float(str(process.hear()))
            process.end()
            missed = missed or share > COST
            verdict = "holds" if share <= COST else "MISSED"
            print(
                f"{engine.kind}: waiting costs {100 * share:.2f} % of a core, <= 0.5 %: {verdict}"
            )
            engine.anew(DATABASE)
            missed = not crowd(engine) or missed
    sys.exit(code or int(chosen.check and missed))


if __name__ == "__main__":
    main()
