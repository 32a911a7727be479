"""From ready to running on an idle agent: by Valkey, by LISTEN and NOTIFY, by SQLite; bare BLPOP.

A process waits; another lets a task be ready; the first wakes, claims it, and says so. The floor
puts a word into a queue that a process waits at with BLPOP, with no database and nothing around.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_wake import DATABASE, waiting
from claim_engines import LEASE, PROJECT, engines, key
from measure import Claim, Subject, interleave, nothing, options, report
from valkey import Valkey

from bus.servers import Server, valkey_server
from kanban_sync.agents.telling import telling
from kanban_sync.bus.local import LocalBus
from kanban_sync.bus.valkey import ValkeyBus
from kanban_sync.bus.valkey_address import address_of
from kanban_sync.core.bus import Queue
from kanban_sync.core.errors import WorkError
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench_wake import Woken
    from claim_engines import Engine

    from kanban_sync.core.bus import Bus

    Act = Callable[[], object]
    Steps = Callable[[Engine], Iterator[object]]

FLOOR = "Valkey: bare BLPOP"

TIMES = {"SQLite": 1.0, "PostgreSQL": 2.0}
"""How many times as long as by the database alone it may take: a file is looked at now and then,
and LISTEN is as quick as Valkey, which needs no connection to PostgreSQL for each who waits."""

NEVER = 60.0


def bus_of(url: str) -> Bus:
    """Return a bus: by a server, or by the database alone."""
    return ValkeyBus(address_of(url), "bench") if url else LocalBus()


def claims(url: str, engine: Engine) -> Iterator[object]:
    """Wait, and claim the task once it is ready."""
    with closing(engine.opened(DATABASE)) as store, closing(bus_of(url)) as bus:
        heard = telling(store, PROJECT, bus)
        with closing(bus.waiter(PROJECT, store.waiter, [Queue("agent", "ada")])) as waiter:
            yield 0
            while True:
                waiter.wait(NEVER)
                with suppress(WorkError):
                    claim = heard.claim(key(0), "ada", time.time(), LEASE).claim
                    yield claim.token if claim else 0


def sets(url: str, engine: Engine, status: Status) -> Callable[[], object]:
    """Return what sets the status of the task, whoever has it."""
    heard = telling(engine.opened(DATABASE), PROJECT, bus_of(url))
    # By the clock: it is told what was committed at that time.
    return lambda: heard.set_status(key(0), status, time.time(), "bob", force=True)


def subject(engine: Engine, steps: Steps, rest: Act, act: Act) -> Subject:
    """Return one who waits, only while it is measured, and one who wakes it."""
    running: list[Woken] = []

    def begin() -> None:
        rest()
        running.append(waiting(engine, steps, act))

    def run() -> None:
        running[0].run()

    def end() -> None:
        running.pop().process.end()

    return Subject(run, begin, end)


def agent(url: str, engine: Engine) -> Subject:
    """Return an agent, and who makes its task ready."""
    rest, act = sets(url, engine, Status.BLOCKED), sets(url, engine, Status.TODO)
    return subject(engine, partial(claims, url), rest, act)


def pops(port: int, _engine: Engine) -> Iterator[object]:
    """Wait at a queue by hand."""
    with Valkey(port=port) as server:
        yield 0
        while True:
            server.blpop(["bare"])
            yield 1


def bare(port: int, engine: Engine) -> Subject:
    """Return the floor."""
    server: Any = Valkey(port=port)
    return subject(engine, partial(pops, port), nothing, partial(server.rpush, "bare", "word"))


def main() -> None:
    """Measure, and end with what `report` says."""
    chosen = options(__doc__, 100)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Server(valkey_server()[:1], Path(folder))) as server,
        engines({}) as both,
    ):
        subjects, told = {}, []
        for engine in both:
            engine.anew(DATABASE)
            own, valkey = (f"{engine.kind}{more}: ready to running" for more in ("", " and Valkey"))
            subjects[own], subjects[valkey] = agent("", engine), agent(server.url, engine)
            told.append(Claim(valkey, own, TIMES[engine.kind]))
        subjects[FLOOR] = bare(server.port, both[0])
        seconds = interleave(subjects, chosen.rounds)
        code = report(seconds, told, chosen)
        for name, runs in seconds.items():
            p50, p99 = (1000 * statistics.quantiles(runs, n=100)[at] for at in (49, 98))
            print(f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    sys.exit(code)


if __name__ == "__main__":
    main()
