"""Empty tasks claimed and done by 64 agents of 1, 2 and 4 orchestrators, on PostgreSQL.

Each agent is a process. Beside them do the same: a bare loop that claims with SKIP LOCKED, and
procrastinate (``pip install procrastinate``), as many of its workers on as many empty jobs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import sys
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import procrastinate
from bench_claims import Crowd
from claim_engines import CLAIMS, LEASE, Postgres, engines
from measure import Claim, Subject, interleave, options, report

from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claim_engines import Engine

ORCHESTRATORS = (1, 2, 4)
AGENTS = 64
BARE, PEER = "bare SKIP LOCKED loop", "procrastinate"
JOB = "nothing"

TIMES = 2
"""How much longer than the bare loop ours may take."""


def ours(engine: Engine, name: str, *, orchestrators: int) -> Iterator[bool]:
    """Claim by our store for an orchestrator, and be done with it, until there is none."""
    orchestrator = f"orchestrator-{os.getpid() % orchestrators}"
    with closing(engine.opened(name)) as store:
        store.register(orchestrator, time.time(), AGENTS // orchestrators)
        yield True
        while True:
            now = time.time()
            got = store.claim_next(f"agent-{os.getpid()}", now, LEASE, orchestrator=orchestrator)
            if got is None or got.claim is None:
                break
            store.finish(got.key, got.claim.token, Status.DONE, now)
            yield True
        yield False


def bare(engine: Engine, name: str) -> Iterator[bool]:
    """Do the same by hand, without a token."""
    assert isinstance(engine, Postgres)  # noqa: S101 - for the type checker
    return engine.claims(name, done=True)


def address(engine: Engine, name: str) -> str:
    """Return how a database is connected to."""
    with closing(engine.connection(name)) as db:
        return str(db.info.dsn)


def prepare_peer(engine: Engine, name: str) -> None:
    """Make a database with as many empty jobs."""
    engine.anew(name)
    app = procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=address(engine, name))
    )
    with app.open():
        app.schema_manager.apply_schema()
        app.configure_task(JOB).batch_defer(*({} for _ in range(CLAIMS)))


def peer(engine: Engine, name: str) -> Iterator[bool]:
    """Let a worker of procrastinate do jobs until there is none."""
    connector = procrastinate.PsycopgConnector(
        conninfo=address(engine, name), min_size=1, max_size=2
    )
    app, done = procrastinate.App(connector=connector), 0

    def nothing() -> None:
        nonlocal done
        done += 1

    app.task(name=JOB)(nothing)

    async def connect() -> None:
        await app.open_async()

    with asyncio.Runner() as runner:
        runner.run(connect())
        yield True
        runner.run(
            app.run_worker_async(wait=False, listen_notify=False, install_signal_handlers=False)
        )
        for _ in range(done):
            yield True
        yield False


def main() -> None:
    """Measure, and tell how many are done in a second."""
    # Each worker says that its app is made in the main module; no job is to be found by its name.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    chosen = options(__doc__, 10, agents=AGENTS)
    with engines({"max_connections": str(4 * chosen.agents + 20)}) as (_, postgres):
        crowds = {
            BARE: Crowd(postgres, bare, chosen.agents),
            PEER: Crowd(postgres, peer, chosen.agents, prepare_peer),
        }
        for count in ORCHESTRATORS:
            work = partial(ours, orchestrators=count)
            crowds[f"ours, {count} orchestrators"] = Crowd(postgres, work, chosen.agents)
        subjects = {
            name: Subject(crowd.run, crowd.before, crowd.after) for name, crowd in crowds.items()
        }
        seconds = interleave(subjects, chosen.rounds)
    claims = [
        Claim(name, floor, times)
        for name in crowds
        if name not in {BARE, PEER}
        for floor, times in ((BARE, TIMES), (PEER, 1))
    ]
    code = report(seconds, claims, chosen)
    for name, runs in seconds.items():
        print(f"{name}: {CLAIMS / statistics.median(runs):.0f}/s with {chosen.agents} agents")
    sys.exit(code)


if __name__ == "__main__":
    main()
