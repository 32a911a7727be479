"""Three orchestrators, 16 agents and real monitors, while they and their servers fail."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest

import kanban_sync
from bus.servers import Proxy, Server, valkey_server
from cli.program import PROGRAM, run_program
from kanban_sync.core.model import Status
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.postgres_address import address_of
from postgres.own import OwnServer
from repos import Repo
from system.crew import Order
from system.crew_judged import Span, longest_in_vain, ready_spans, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "crew"
AGENTS = {"one": 6, "two": 5, "three": 5}
LEASE = 4.0
SETTLING = 6.0
"""Seconds after a fault in which whoever it held up comes back, and what it held is free again."""

LONGEST_STALL = 0.5
"""Seconds by which this process may be late before the machine itself counts as at fault."""

PATIENCE = 600.0
"""Seconds in which all has to be done."""


class Size(NamedTuple):
    """How many tasks, for how many seconds something goes wrong, and how long work takes.

    ``stop`` is for how long a monitor stands still at most, beside the 10 s for which one leads.
    """

    tasks: int
    seconds: float
    longest: float
    stop: float


SHORT, LONG = Size(300, 5.0, 0.02, 2.0), Size(5000, 60.0, 0.2, 12.0)


def tasks_text(count: int) -> tuple[str, dict[str, list[str]]]:
    """Return a file of tasks, and what each of them waits for: two that come some way before it."""
    lines, needs = ["# Tasks", "", "## P1", ""], {}
    for number in range(count):
        before = [number - 40, number - 57] if number % 3 else [number - 40]
        others = [f"t{each:04}" for each in before if each >= 0]
        lines += [f"- [ ] Task {number}", f"  - **ID**: t{number:04}"]
        if others:
            lines.append(f"  - **Blocked by**: {', '.join(others)}")
        needs[f"tasks-md:t{number:04}"] = [f"tasks-md:{each}" for each in others]
    return "\n".join(lines) + "\n", needs


class Machine:
    """A clone with its monitor, and its own way to the servers."""

    def __init__(self, repo: Repo, server: OwnServer, valkey: Server, stack: ExitStack) -> None:
        self.repo = repo
        self.stack = stack
        self.postgres = stack.enter_context(closing(Proxy(server.port)))
        self.valkey = stack.enter_context(closing(Proxy(valkey.port)))
        port = urlsplit(self.postgres.url).port
        url = f"postgresql://kanban@127.0.0.1:{port}/postgres?connect_timeout=2"
        self.variables = {
            "KANBAN_SYNC_DATABASE_URL": url,
            "KANBAN_SYNC_VALKEY_URL": self.valkey.url,
        }
        answer = run_program("sync", folder=repo.path, env=self.variables)
        assert answer.code == 0, answer.err
        self.errors = stack.enter_context((repo.path.parent / f"{repo.path.name}.err").open("w+"))

    def start_monitor(self) -> None:
        """Begin to hand out tasks, or to stand by."""
        self.monitor = subprocess.Popen(
            [*PROGRAM, "monitor", "--json"],
            cwd=self.repo.path,
            env={**os.environ, **self.variables},
            stdout=subprocess.DEVNULL,
            stderr=self.errors,
        )
        self.stack.callback(self.monitor.wait)
        self.stack.callback(self.monitor.kill)

    def heal(self) -> None:
        """Let it reach both servers again."""
        self.postgres.heal()
        self.valkey.heal()


class World:
    """Everybody, and what becomes of them."""

    def __init__(self, folder: Path, size: Size, seed: str, stack: ExitStack) -> None:
        self.pick = random.Random(seed)
        self.size = size
        self.folder = folder
        self.postgres = stack.enter_context(OwnServer())
        self.valkey = stack.enter_context(closing(Server(valkey_server()[:1], folder)))
        text, self.needs = tasks_text(size.tasks)
        first = Repo.init(folder / "one")
        first.commit(**{".kanban-sync.yaml": f"project_id: {PROJECT}\n", "TASKS.md": text})
        for name in ("two", "three"):
            first.git("clone", "--quiet", str(first.path), str(folder / name))
        self.machines = {
            name: Machine(Repo(folder / name), self.postgres, self.valkey, stack) for name in AGENTS
        }
        self.seen: Counter[str] = Counter()
        self.faults: list[Span] = []
        self.began = time.time()
        for each in self.machines.values():
            each.start_monitor()
        self.crew = self._crew(size, stack)

    def _crew(self, size: Size, stack: ExitStack) -> subprocess.Popen[bytes]:
        machines = {
            name: (str(each.repo.path / ".git" / "kanban-sync"), each.variables)
            for name, each in self.machines.items()
        }
        order = Order(PROJECT, machines, AGENTS, LEASE, size.longest, str(self.folder))
        places = (Path(kanban_sync.__file__).parents[1], Path(__file__).parents[1])
        self.errors = stack.enter_context((self.folder / "crew.err").open("w+"))
        process = subprocess.Popen(
            [sys.executable, "-m", "system.crew", json.dumps(order)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))},
            stderr=self.errors,
            start_new_session=True,
        )
        stack.callback(process.wait)
        stack.callback(suppressed, os.killpg, process.pid, signal.SIGKILL)
        return process

    def fail_for(self, seconds: float) -> None:
        """Let one fault follow the other."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.is_over():
            fault = self.pick.choice(FAULTS)
            self.seen[fault.__name__] += 1
            begun = time.time()
            fault(self)
            self.faults.append((begun, time.time() + SETTLING))
            self.rest(self.pick.uniform(0.1, 0.5))

    def rest(self, seconds: float) -> None:
        """Wait, and note where the machine was so busy that everybody waited."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            time.sleep(0.05)
            if time.monotonic() > now + LONGEST_STALL:
                self.faults.append((time.time() - (time.monotonic() - now), time.time() + 1))

    def is_over(self) -> bool:
        assert self.crew.poll() is None, self.said()
        with closing(open_postgres(address_of(self.postgres.url), PROJECT)) as store:
            return all(each.status is Status.DONE for each in store.tasks())

    def said(self) -> str:
        """Return what everybody said on stderr."""
        files = [self.errors, *(each.errors for each in self.machines.values())]
        return "".join(Path(each.name).read_text() for each in files)

    def waits(self) -> list[Span]:
        """Return from when until when each agent waited."""
        lines = [
            line.split()
            for each in self.folder.glob("waits-*")
            for line in each.read_text().splitlines()
        ]
        return [(float(each[0]), float(each[1])) for each in lines if len(each) == 2]


def suppressed(act: Callable[..., object], *arguments: object) -> None:
    """Do something that may be done already."""
    with suppress(ProcessLookupError):
        act(*arguments)


# --- Faults --------------------------------------------------------------------------------------


def a_machine(world: World) -> Machine:
    return world.machines[world.pick.choice(list(world.machines))]


def postgres_killed(world: World) -> None:
    world.postgres.end(signal.SIGKILL)
    world.rest(world.pick.uniform(0, 1))
    world.postgres.start()


def postgres_restarted(world: World) -> None:
    world.postgres.end(world.pick.choice([signal.SIGINT, signal.SIGQUIT]))
    world.postgres.start()


def postgres_frozen(world: World) -> None:
    world.postgres.freeze()
    world.rest(world.pick.uniform(0.2, 1.5))
    world.postgres.thaw()


def machine_cut_off(world: World) -> None:
    machine = a_machine(world)
    machine.postgres.cut_after = world.pick.randrange(40)
    machine.valkey.cut_after = world.pick.randrange(40)
    world.rest(world.pick.uniform(0.2, 1.5))
    machine.heal()


def machine_apart(world: World) -> None:
    machine = a_machine(world)
    machine.postgres.stall()
    machine.valkey.stall()
    world.rest(world.pick.uniform(0.2, 4))
    machine.heal()


def valkey_killed(world: World) -> None:
    world.valkey.kill()
    world.rest(world.pick.uniform(0, 1))
    world.valkey.start()


def valkey_frozen(world: World) -> None:
    world.valkey.freeze()
    world.rest(world.pick.uniform(0.2, 1))
    world.valkey.thaw()


def valkey_flushed(world: World) -> None:
    world.valkey.forget()


def monitor_killed(world: World) -> None:
    machine = a_machine(world)
    machine.monitor.kill()
    machine.monitor.wait()
    machine.start_monitor()


def monitor_stopped(world: World) -> None:
    monitor = a_machine(world).monitor
    monitor.send_signal(signal.SIGSTOP)
    world.rest(world.pick.uniform(0.2, world.size.stop))
    monitor.send_signal(signal.SIGCONT)


def agent_killed(world: World) -> None:
    crew = world.crew.pid
    children = Path(f"/proc/{crew}/task/{crew}/children").read_text().split()
    if not children:
        return  # None has begun yet, or all have just been killed.
    suppressed(os.kill, int(world.pick.choice(children)), signal.SIGKILL)


FAULTS = (
    postgres_killed,
    postgres_restarted,
    postgres_frozen,
    machine_cut_off,
    machine_apart,
    valkey_killed,
    valkey_frozen,
    valkey_flushed,
    monitor_killed,
    monitor_stopped,
    agent_killed,
)


# --- The run -------------------------------------------------------------------------------------


@pytest.mark.hunt
def test_whatever_fails_each_task_is_done_once_in_its_turn_and_nobody_waits_in_vain(
    tmp_path: Path,
    hunt_factor: int,
    record_property: Callable[[str, object], None],
) -> None:
    size = SHORT if hunt_factor == 1 else LONG
    seed = "c" if hunt_factor == 1 else os.urandom(4).hex()
    with ExitStack() as stack:
        world = World(tmp_path, size, seed, stack)
        world.fail_for(size.seconds)
        until = time.monotonic() + PATIENCE
        while not world.is_over():
            assert time.monotonic() < until, world.said()
            world.rest(0.5)
        ended = time.time()
        (tmp_path / "over").touch()
        world.crew.wait(PATIENCE)
        with closing(open_postgres(address_of(world.postgres.url), PROJECT)) as store:
            events = store.events(limit=10**6)
        said = world.said()
    found = verdict(events, world.needs)
    ready = list(ready_spans(events, world.needs, world.began))
    vain = longest_in_vain(world.waits(), ready, world.faults)
    numbers = ", ".join(f"{what} {times}" for what, times in {**world.seen, **found.counts}.items())
    lasted = f"{ended - world.began:.1f} s, waited {vain:.2f} s in vain at most"
    record_property("case", f"crew of 16 with the seed {seed}: {lasted}; {numbers}")
    assert "Traceback" not in said
    assert (found.done_other_than_once, found.too_early) == ([], [])
    if hunt_factor > 1:
        assert vain <= 2
