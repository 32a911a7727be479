"""Machines that share a database: each with its own way there, and with a clock of its own."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bus.servers import Proxy
from cli.program import Answer, run_program, until
from kanban_sync.core.assignment import Idle
from kanban_sync.core.merge import SET_HERE
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.order import Wanted
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.postgres_address import address_of
from postgres.door import SOCKET
from postgres.server import OWNER
from repos import Repo

PROJECT = "apart"
BORN = "db"
"""Where tasks come from that stand in no file."""

FILES = {
    ".kanban-sync.yaml": f"project_id: {PROJECT}\n",
    "TASKS.md": "# Tasks\n\n## Now\n\n- [x] T-1 Begin\n",
}

WITHIN = 60.0
"""Seconds that anything may take."""

LEASE = 3600.0
"""Seconds for which a task is claimed that nobody is to take back, however long the tests take."""

PROGRAM = """
import sys, time
ahead, right = float(sys.argv.pop(1)), time.time
time.time = lambda: right() + ahead
from kanban_sync.stores import postgres_errors
postgres_errors.SLEEP = 2
from kanban_sync.agents import monitor
monitor.Times.__new__.__defaults__ = 3.0, 0.5, 20.0
from kanban_sync.cli.start import main
main()
"""
"""The program by a clock that is so many seconds ahead.

Whoever falls silent leads for 3 seconds, and sleeps over what he is about to write for 2; both are
10 otherwise.
"""


class Machine:
    """A clone with its own way to the database."""

    def __init__(self, repo: Repo, url: str, stack: ExitStack, ahead: float = 0.0) -> None:
        """Set out; the URL is that of a database on a socket."""
        self.repo = repo
        self.ahead = ahead
        self._url = url
        head, _, folder = url.partition("?host=")
        self.proxy = stack.enter_context(closing(Proxy(Path(unquote(folder)) / SOCKET)))
        there = f"postgresql://{OWNER}@127.0.0.1:{self.proxy.port}/{head.rpartition('/')[2]}"
        self._variables = {"KANBAN_SYNC_DATABASE_URL": f"{there}?connect_timeout=2"}
        self._stack = stack
        self._errors = stack.enter_context((repo.path / ".git" / f"{ahead:g}.err").open("w+"))

    def program(self, *words: str) -> Answer:
        """Run a command to its end."""
        if not self.ahead:
            return run_program(*words, folder=self.repo.path, env=self._variables)
        process = self.started(*words)
        out = process.communicate(timeout=WITHIN)[0]
        return Answer(process.returncode, out, self.errors)

    def of(self, repo: Repo) -> Machine:
        """Return a machine with another clone."""
        return Machine(repo, self._url, self._stack)

    def by_clock(self, ahead: float) -> Machine:
        """Return the same with a clock that is so many seconds ahead."""
        return Machine(self.repo, self._url, self._stack, ahead)

    def started(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command that goes on."""
        process = subprocess.Popen(
            [sys.executable, "-E", "-P", "-c", PROGRAM, str(self.ahead), *words],
            cwd=self.repo.path,
            env={**os.environ, **self._variables},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    @property
    def errors(self) -> str:
        """What those have said on stderr that were started."""
        self._errors.seek(0)
        return self._errors.read()


class Monitor:
    """A monitor on a machine, and what it tells."""

    def __init__(self, machine: Machine) -> None:
        """Let it begin."""
        self.machine = machine
        self.process = machine.started("monitor", "--json")
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        first = self._told.get(timeout=WITHIN)
        self.name: str = first["monitor"]
        self.leads: bool = first["leads"]
        self.leader: str = first["leader"]

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._told.put(json.loads(line))

    def told(self) -> dict[str, Any]:
        """Return what it tells next."""
        return self._told.get(timeout=WITHIN)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Let it end, and another one lead."""
        self.process.terminate()
        self.process.wait(WITHIN)


class Team:
    """Two machines, and the database between them as it is."""

    def __init__(self, folder: Path, url: str, stack: ExitStack) -> None:
        """Make two clones that are synced."""
        self.monitors: list[Monitor] = []
        first = Repo.init(folder / "one")
        first.commit(**FILES)
        first.git("clone", "--quiet", str(first.path), str(folder / "two"))
        self.one = Machine(first, url, stack)
        self.two = Machine(Repo(folder / "two"), url, stack)
        for each in (self.one, self.two):
            answer = each.program("sync")
            assert answer.code == 0, answer.err
        self.store = stack.enter_context(closing(open_postgres(address_of(url), PROJECT)))

    def two_monitors(self) -> list[Monitor]:
        """Return one that leads, and another one that stands by."""
        self.monitors = self.monitors or [Monitor(self.one), Monitor(self.two)]
        return self.monitors

    def without_monitors(self) -> None:
        """Let nobody lead."""
        while self.monitors:
            self.monitors.pop().end()
        until(lambda: not self.store.leader().leads(self.now()))

    def now(self) -> float:
        """Return the time by the clock of the database."""
        return self.store.clock(0.0)

    def add(self, *names: str, tag: str) -> None:
        """Add tasks that a tag tells from all others."""
        for name in names:
            now = self.now()
            version = Version(int(now), SET_HERE)
            task = Task(key(name), name, Status.TODO, labels=(tag,), status_version=version)
            self.store.add(task, now)

    def let_wait(self, *agents: str, tag: str) -> None:
        """Let agents wait for tasks with a tag, who look at nothing by themselves."""
        for agent in agents:
            now = self.now()
            idle = Idle(agent, Wanted(tags=frozenset({tag})), "", now, now)
            assert self.store.note_idle(idle, now)

    def offers(self, *names: str) -> dict[str, str]:
        """Return to whom tasks are offered now."""
        found = {name: self.store.entry(key(name)).offer for name in names}
        return {name: each.agent for name, each in found.items() if each.agent}

    def claimed(self, agent: str, tag: str) -> str:
        """Let an agent claim what comes first, and return its name; '' for none."""
        wanted = Wanted(tags=frozenset({tag}))
        found = self.store.claim_next(agent, self.now(), LEASE, wanted)
        return "" if found is None else found.key.name

    def told(self, name: str) -> list[tuple[str, Any]]:
        """Return what happened to a task: the kind of each event, and the agent it tells of."""
        events = self.store.history(key(name))
        said = [(each.kind, json.loads(each.data)) for each in events]
        return [(kind, data.get("agent") or data.get("new")) for kind, data in said]


def key(name: str) -> TaskKey:
    return TaskKey(PROJECT, BORN, name)
