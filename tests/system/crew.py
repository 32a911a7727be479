"""Agents and their orchestrators, each a process that goes on until it is killed, or all is done.

Each orchestrator has a clone, as on a machine of its own, with a state folder and with its own way
to the servers: ``python -m system.crew ORDER``, where the order is JSON, as ``Order`` says it. An
agent that was killed is followed by another one. What each did goes to a file in the folder.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.telling import telling
from kanban_sync.agents.waiting import wait_for
from kanban_sync.agents.work import Store, Work
from kanban_sync.buses import named_bus
from kanban_sync.core.errors import StoreAwayError, WorkError
from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY
from kanban_sync.databases import task_database
from kanban_sync.sync.state_folder import StateFolder
from stores.workers import in_a_child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BEAT = 2.0
"""Seconds between two heartbeats of an orchestrator."""


class Order(NamedTuple):
    """Who works on what: how many agents for each machine, and for how many seconds on a task.

    ``machines`` are, by the name of each, its state folder and the variables that are set there.
    """

    project: str
    machines: Mapping[str, tuple[str, Mapping[str, str]]]
    agents: Mapping[str, int]
    lease: float
    longest: float
    folder: str


def main(text: str) -> None:
    order = Order(*json.loads(text))
    places: list[tuple[str, int]] = [
        (machine, number) for machine, count in order.agents.items() for number in range(count + 1)
    ]
    # Here once, and not by each agent; a bus is loaded once it is named.
    importlib.import_module("kanban_sync.bus.valkey")
    running = {in_a_child(part(order, *place)): place for place in places}
    is_over = Path(order.folder, "over")
    while running:
        child, status = os.wait()
        place = running.pop(child)
        if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
            raise RuntimeError(f"{place} fell")
        if not is_over.exists():
            running[in_a_child(part(order, *place))] = place


def part(order: Order, machine: str, number: int) -> Callable[[], None]:
    """Return what a process does; the first of a machine is its orchestrator."""

    def begin() -> None:
        os.environ.update(order.machines[machine][1])
        (orchestrate if number == 0 else agent)(order, machine, f"{machine}-{number}")

    return begin


def opened(order: Order, machine: str) -> Iterator[Work]:
    """Yield what is worked on, as a command of that machine would open it, and once more."""
    state = StateFolder(Path(order.machines[machine][0]))
    database = task_database(state.path / "tasks.db", os.environ, state)
    bus = named_bus(os.environ)
    over = Path(order.folder, "over")
    while not over.exists():
        try:
            with closing(database.work(order.project, lambda _: None)) as store:
                heard = telling(store, order.project, bus)
                assert isinstance(heard, Store)
                yield Work(heard, order.project, time.time, None, nothing, nothing, bus=bus)
        except StoreAwayError:
            pass
        time.sleep(random.uniform(0.1, 0.3))


def orchestrate(order: Order, machine: str, _: str) -> None:
    for work in opened(order, machine):
        # Where the copy does not know of it, it registers there.
        with suppress(StoreAwayError, WorkError):
            work.register(machine, order.agents[machine])
            while not Path(order.folder, "over").exists():
                work.beat(machine)
                time.sleep(BEAT)


def agent(order: Order, machine: str, name: str) -> None:
    """Claim and finish tasks, and note from when until when nothing was found."""
    pick = random.Random()
    over = Path(order.folder, "over")
    with Path(order.folder, f"waits-{name}-{os.getpid()}").open("w", buffering=1) as waits:
        for work in opened(order, machine):
            # Nobody claims in the name of an orchestrator that is not known, or not yet.
            with suppress(StoreAwayError, WorkError):
                while not over.exists():
                    began = time.time()
                    idle = Idleness(name, ANY, machine)

                    def look(work: Work = work) -> object:
                        return over.exists() or work.claim_next(
                            name, order.lease, orchestrator=machine
                        )

                    done = wait_for(work, look, 60, idle)
                    waits.write(f"{began} {time.time()}\n")
                    finish(order, work, name, done, pick)


def finish(order: Order, work: Work, name: str, done: object, pick: random.Random) -> None:
    """Work for a while, and say that it is done until that was heard."""
    entry = getattr(done, "entry", None)
    if entry is None:
        return
    time.sleep(pick.uniform(0, order.longest))
    until = time.monotonic() + order.lease
    while time.monotonic() < until:
        try:
            work.finish(str(entry.key), Status.DONE, name, entry.claim.token)
        except StoreAwayError:
            time.sleep(0.2)
        except WorkError:
            # Somebody else has it, or its end was heard of though its answer was not.
            return
        else:
            return


def nothing() -> None:
    """Ask for no sync, and bring nothing in."""


if __name__ == "__main__":
    main(sys.argv[1])
