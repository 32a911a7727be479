"""Random work apart that is written into another database: all counts that nobody else touched."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, closing, suppress
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from kanban_sync.core.claims import first_number
from kanban_sync.core.errors import UnreachableStoreError, WorkError
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import FilesState
from kanban_sync.databases import take_left, told_once
from kanban_sync.databases.copies import Copy
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.postgres_database import upgrade_database
from postgres.server import PATIENCE
from stores.machines import LEASE, PROJECT, Machine, key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.agents.work import Store
    from stores.emptied import Emptied

AGENTS = ("ada", "bob", "eve")
WAYS = ("anew", "restored", "renamed")
NAMES = tuple("abcdef")
ADDED = key("n1", "db")
SETTABLE = (Status.TODO, Status.BLOCKED, Status.REVIEW, Status.DONE)
HISTORIES = len(WAYS)
"""Of the short form."""


class Stands(NamedTuple):
    """How a task stands for whoever works on it."""

    status: Status
    agent: str
    assignee: str
    token: int


Base = tuple[Status, str, str] | None


class World:
    """One clone that goes away from a database, and what that is in the end."""

    def __init__(self, random: Random, way: str, one: Machine, emptied: Emptied) -> None:
        self.random = random
        self.way = way
        self.one = one
        self.emptied = emptied
        self.project = "p2" if way == "renamed" else PROJECT
        self.log: list[str] = []

    def work(self, store: Store, project: str, deeds: int) -> None:
        """Do what may be done with tasks as they stand."""
        for _ in range(deeds):
            which = key(self.random.choice(NAMES))
            if self.random.random() < 0.15:
                which = ADDED
            with suppress(WorkError):
                self.log.append(
                    f"{which.name} {self.go_on(store, which._replace(project=project))}"
                )

    def go_on(self, store: Store, which: TaskKey) -> str:
        """Do something with a task."""
        found, now = store.entry(which), time.time()
        agent, lot = self.random.choice(AGENTS), self.random.random()
        if found.claim is not None and lot < 0.8:
            status = self.random.choice((Status.DONE, Status.BLOCKED, None, "extend"))
            if status is None:
                store.release(which, found.claim.token, now)
            elif isinstance(status, Status):
                store.finish(which, found.claim.token, status, now)
            else:
                store.extend(which, found.claim.token, now, 2 * LEASE)
            return f"{found.claim.agent} {status}"
        if found.claim is None and found.task.status is Status.TODO and lot < 0.8:
            store.claim(which, agent, now, LEASE)
            return f"claim {agent}"
        if lot < 0.9:
            status = self.random.choice(SETTABLE)
            store.set_status(which, status, now, agent, force=True)
            return f"{agent} set {status}"
        store.assign(which, agent, now, agent)
        return f"assign {agent}"

    def before(self, two: Machine) -> None:
        """Work, with the database there; the backup is of some moment of that."""
        self.one.sync(*NAMES)
        if self.random.random() < 0.5:
            self.one.do(lambda store: store.add(Task(ADDED, "N", Status.TODO), time.time()))
        for each in (self.one, two, self.one):
            each.do(lambda store: self.work(store, PROJECT, self.random.randrange(8)))
            if self.way == "restored" and self.random.random() < 0.4:
                self.log.append("keep")
                self.emptied.tell("DROP SCHEMA IF EXISTS kept CASCADE")
                self.emptied.keep()
        if self.way == "restored":
            with suppress(Exception):
                self.emptied.keep()
        self.one.do(lambda store: self.work(store, PROJECT, self.random.randrange(3)))
        self.one.sync(*NAMES)
        if self.way != "restored":
            self.one.do(lambda store: self.work(store, PROJECT, self.random.randrange(3)))

    def apart(self, patch: pytest.MonkeyPatch) -> tuple[dict[str, Stands], dict[str, list[Base]]]:
        """Work without the database; return how all stand then, and how what was touched did."""
        self.log.append("-- apart")
        self.one.door.shut()
        self.one.do(lambda store: self.work(store, PROJECT, self.random.randrange(12)))
        if self.random.random() < 0.3:
            self.log.append("-- sent")
            with patch.context() as lost:
                lost.setattr(PostgresStore, "replay", unheard)
                self.one.door.open()
                with suppress(UnreachableStoreError), closing(self.one.database.reach(PROJECT)):
                    pass  # There was nothing to be sent.
                self.one.door.shut()
            self.one.do(lambda store: self.work(store, PROJECT, self.random.randrange(6)))
        shelf = Copy(self.one.database.folder).shelf(PROJECT)
        touched: dict[str, list[Base]] = {}
        for one in shelf, shelf.sent:
            for each, base in one.has.parted.bases.items() if one.path.exists() else ():
                stood = (base.status, base.agent, base.assignee) if base is not None else None
                touched.setdefault(each.name, []).append(stood)
        return self.one.do(stand), touched

    def lose(self) -> None:
        """Let there be another database, or name of the project, with the tasks of files."""
        self.one.door.open()
        if self.way != "renamed":
            self.emptied.tell("DROP SCHEMA kanban_sync CASCADE")
            # One that takes the place of a lost one has higher numbers than were given apart.
            first = first_number(time.time() + 60) if self.random.random() < 0.5 else 0
            upgrade_database(self.emptied.address, first_number=first)
        if self.way == "restored":
            self.emptied.restore()
        with closing(self.one.database.open(self.project)) as store:
            tasks = [
                Task(key(each)._replace(project=self.project), each, Status.TODO, path="T.md")
                for each in NAMES
            ]
            store.merge(tasks, {}, FilesState({"main": "c1"}), time.time())

    def check(self, patch: pytest.MonkeyPatch) -> None:
        """Write what was done apart into the other database, and check what came of it."""
        ends, touched = self.apart(patch)
        self.lose()
        with closing(open_postgres(self.emptied.address, self.project)) as store:
            begin = events(store)
            self.log.append("-- there")
            self.work(store, self.project, self.random.randrange(10))
            theirs = {name for name, told in events(store).items() if told != begin.get(name)}
            before = stand(store)
            take_left(self.one.database, self.project, self.one.state)
            take_left(self.one.database, self.project, self.one.state)
            after, told = stand(store), events(store)
        lost = set()
        for name in {*before, *touched}:
            news = told[name]
            conflicts = [data for kind, data in news if kind == "conflict" and "journal" in data]
            tokens = [data["token"] for kind, data in news if kind == "claimed"]
            assert len(tokens) == len({*tokens}), (name, news)
            if name not in touched:
                assert after[name] == before[name], name
                continue
            if conflicts:
                lost.add(name)
            end, now = ends[name], after[name]
            if name not in theirs:
                self.check_untouched(name, before.get(name), end, now, conflicts)
            else:
                self.check_touched(name, (before[name], touched[name]), end, now, conflicts)
            if now.agent:
                assert now.token == max(tokens, default=now.token), (name, now, tokens)
        said = told_once(self.one.database)
        assert (f"with {len(lost)} task" in said) is bool(lost), (said, lost)

    def check_untouched(
        self, name: str, before: Stands | None, end: Stands, now: Stands, conflicts: list[Any]
    ) -> None:
        """Check what came of a task with which nobody did anything there."""
        if conflicts:
            # What a backup has may have been done since, for all that is known.
            assert self.way == "restored", (name, conflicts)
            assert before is not None, name
            assert now[:3] == before[:3], (name, before, now)
        else:
            assert now[:3] == end[:3], (name, end, now)

    def check_touched(
        self,
        name: str,
        stood: tuple[Stands, list[Base]],
        end: Stands,
        now: Stands,
        conflicts: list[Any],
    ) -> None:
        """Check what came of one with which somebody did something there."""
        before, bases = stood
        is_to_do = before.status is Status.TODO and not before.agent
        is_as_it_was = self.way == "restored" and (is_to_do or before[:3] in bases)
        # Nobody had it, it is to do, or as it was; or it was given to whom it was of.
        may_come = (end.agent and is_to_do) or is_as_it_was
        if before.agent:
            assert now[:2] == before[:2], (name, before, now)
            assert conflicts or end[:2] == before[:2], name
        elif (may_come or before[:3] == (Status.TODO, "", end.assignee)) and now[:3] == end[:3]:
            pass
        else:
            assert now == before or now.token >= before.token, name
            assert now[:3] == before[:3], (name, before, now)
            assert conflicts or now[:2] == end[:2], (name, end, now)


def unheard(*_: object) -> None:
    raise UnreachableStoreError("no answer")


def stand(store: Any) -> dict[str, Stands]:  # noqa: ANN401 - one that is away, or not
    return {
        each.task.key.name: Stands(
            each.task.status,
            each.claim.agent if each.claim else "",
            each.task.assignee,
            each.claim.token if each.claim else 0,
        )
        for each in store.entries()
    }


def events(store: PostgresStore) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for each in store.events(limit=100_000):
        if each.key:
            name = each.key.rpartition(":")[2]
            found.setdefault(name, []).append((each.kind, json.loads(each.data)))
    return found


@pytest.mark.hunt
def test_work_apart_counts_in_another_database_where_nobody_touched_its_task_there(
    emptied: Emptied,
    tmp_path: Path,
    hunt_factor: int,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    # However busy this machine is: a server that is found away is asked again by the next.
    monkeypatch.setattr("kanban_sync.databases.fallback.SLOW", PATIENCE)
    for number in range(HISTORIES * hunt_factor):
        seed = f"{number}" if hunt_factor == 1 else os.urandom(6).hex()
        emptied.tell("DROP SCHEMA IF EXISTS kept CASCADE; DROP SCHEMA kanban_sync CASCADE")
        upgrade_database(emptied.address)
        with ExitStack() as stack:
            one, two = (
                Machine(tmp_path / f"{number}-{each}", emptied.url, stack) for each in range(2)
            )
            random = Random(seed)
            record_property("case", f"into one {WAYS[number % len(WAYS)]}")
            world = World(random, WAYS[number % len(WAYS)], one, emptied)
            try:
                world.before(two)
                world.check(monkeypatch)
            except BaseException as error:
                error.add_note(f"seed {seed} {world.way}\n" + "\n".join(world.log))
                raise
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    upgrade_database(emptied.address)
