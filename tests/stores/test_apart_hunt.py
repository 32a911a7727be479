"""Random histories of work without the database: nothing is lost unheard, and one wins."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.model import Status
from kanban_sync.databases import told_once
from kanban_sync.stores.postgres import PostgresStore
from postgres.server import PATIENCE
from stores.apart_world import AGENTS, MOST, SETTABLE, World
from stores.machines import LEASE, NAMES, Machine, key, there, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.agents.work import Store
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.work import Entry
    from stores.emptied import Emptied

CLONES = 3
LENGTH = 25
SHORT = 2
"""Histories of the short form."""


def run(seed: str, emptied: Emptied, folder: Path, length: int) -> None:
    """Let one history happen, and check it."""
    random = Random(seed)
    folder.mkdir()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        emptied.empty()
        clones = [Machine(folder / str(n), emptied.url, stack) for n in range(CLONES)]
        world = World(clones, emptied, random)
        patch.setattr(time, "time", lambda: world.now)
        patch.setattr("kanban_sync.machine_time.running", lambda: world.now)
        patch.setattr(PostgresStore, "clock", lambda *_: world.now)
        try:
            for _ in range(length):
                world.step()
            world.check()
        except BaseException as error:
            error.add_note(f"seed {seed}\n" + "\n".join(world.log))
            raise


@pytest.mark.hunt
def test_whatever_befalls_those_apart_nothing_is_lost_unheard_and_one_wins(
    emptied: Emptied,
    tmp_path: Path,
    hunt_factor: int,
    record_property: Callable[[str, object], None],
) -> None:
    for number in range(SHORT * hunt_factor):
        seed = f"{number}" if hunt_factor == 1 else os.urandom(6).hex()
        record_property("case", f"{LENGTH} steps")
        run(seed, emptied, tmp_path / str(number), LENGTH)


def pass_on(random: Random, one: Machine, folder: Path) -> dict[str, tuple[object, ...]]:
    """Let copies of a clone work, each task in one of them at a time; return how all end."""
    clones, holders = [one], dict.fromkeys(NAMES, 0)
    for name in NAMES[1:]:
        one.do(partial(go_on, key(name), random))
    one.door.shut()
    for _ in range(LENGTH):
        deed = random.choice(("copy", *["work"] * 5))
        if deed == "copy" and len(clones) < MOST:
            source = random.randrange(len(clones))
            clones.append(clones[source].copied(folder.with_name(f"{folder.name}-{len(clones)}")))
            mine = [name for name, which in holders.items() if which == source]
            some = random.sample(mine, random.randint(0, len(mine)))
            holders |= dict.fromkeys(some, len(clones) - 1)
        else:
            name = random.choice(NAMES)
            clones[holders[name]].do(partial(go_on, key(name), random))
    ends: dict[str, tuple[object, ...]] = {}
    for name, which in holders.items():
        found: Entry = clones[which].do(partial(entry_of, key(name)))
        ends[name] = (found.task.status, found.claim and found.claim[:2], found.task.assignee)
    one.door.open()
    for each in random.sample(clones, len(clones)):
        each.do(lambda store: store.ready(time.time()))
        assert each.mode == "database"
        assert told_once(each.database) == ""
    return ends


def entry_of(name: TaskKey, store: Store) -> Entry:
    return store.entry(name)


def go_on(name: TaskKey, random: Random, store: Store) -> None:
    """Do what may be done with a task as it stands."""
    found, now = store.entry(name), time.time()
    if found.claim is not None:
        token = found.claim.token
        status = random.choice((Status.DONE, Status.BLOCKED, None, Status.IN_PROGRESS))
        if status is None:
            store.release(name, token, now)
        elif status is Status.IN_PROGRESS:
            store.extend(name, token, now, 2 * LEASE)
        else:
            store.finish(name, token, status, now)
    elif found.task.status is Status.TODO and random.random() < 0.6:
        store.claim(name, found.task.assignee or random.choice(AGENTS), now, LEASE)
    elif random.random() < 0.2:
        store.assign(name, random.choice(AGENTS), now, "eve")
    else:
        store.set_status(name, random.choice(SETTABLE), now, "eve")


@pytest.mark.hunt
def test_of_copies_of_a_clone_that_pass_tasks_on_all_counts_and_nothing_is_told_as_lost(
    emptied: Emptied, tmp_path: Path, hunt_factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy this machine is: a server that is found away is asked again by the next.
    monkeypatch.setattr("kanban_sync.databases.fallback.SLOW", PATIENCE)
    for number in range(SHORT * hunt_factor):
        seed = f"{number}" if hunt_factor == 1 else os.urandom(6).hex()
        emptied.empty()
        with ExitStack() as stack:
            one = Machine(tmp_path / f"{number}", emptied.url, stack)
            one.sync(*NAMES)
            ends = pass_on(Random(seed), one, tmp_path / f"{number}")
        for name, end in ends.items():
            found = there(emptied, name)
            claim = found.claim and found.claim[:2]
            assert (found.task.status, claim, found.task.assignee) == end, (seed, name)
        assert told(emptied, "conflict") == [], seed
        tokens = [(each["key"], each["token"]) for each in told(emptied, "claimed")]
        assert len(tokens) == len({*tokens}), seed
