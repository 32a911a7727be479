"""What time it is while the database is away, on a machine whose clock is off, or is set."""

from __future__ import annotations

import re
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kanban_sync import machine_time
from kanban_sync.agents.work import Work
from kanban_sync.core.errors import HeldError, UnreachableStoreError
from kanban_sync.core.model import Status
from kanban_sync.stores.flatfile import manifest_path
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from stores.machines import LEASE, NAMES, PROJECT, Machine, key, there, told

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.core.claims import Claim
    from kanban_sync.stores.shelf import Contents
    from stores.emptied import Emptied

SHORT = 240.0
"""Seconds for which agents claim, and by far less than clocks are set."""

SET = pytest.mark.parametrize("set_by", [600, -600])


class Clocks:
    """Those of the machine: time passes when it is told to, and the wall clock is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = 0.0
        self.set_by = 0.0
        self.right, running = time.time, machine_time.running
        monkeypatch.setattr(time, "time", lambda: self.right() + self.passed + self.set_by)
        monkeypatch.setattr(machine_time, "running", lambda: running() + self.passed)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def clocked(machine: Machine) -> Work:
    """Return what a command works with that begins now."""
    return Work(machine.work(), PROJECT, time.time, None, lambda: None, lambda: None)


def claimed(machine: Machine, name: str, agent: str) -> Claim:
    claim = clocked(machine).claim(name, agent, SHORT).entry.claim
    assert claim is not None
    return claim


def come_back(machine: Machine) -> None:
    machine.door.open()
    machine.do(lambda store: store.ready(time.time()))
    assert machine.mode == "database"


# --- A clock that is off ---------------------------------------------------------------------


@pytest.mark.parametrize("off", [300, -300])
def test_apart_time_goes_on_by_the_clock_of_the_database(
    one: Machine, emptied: Emptied, clocks: Clocks, off: int
) -> None:
    clocks.set_by = off
    one.sync(*NAMES, "d")
    claimed(one, "a", "ada")
    one.door.shut()
    # Nobody else gets what is held still, and what was claimed apart is held once it is back.
    with pytest.raises(HeldError):
        claimed(one, "a", "bob")
    made = claimed(one, "b", "bob")
    come_back(one)
    claim = there(emptied, "b").claim
    assert claim == made
    assert SHORT - 60 < made.expires - clocks.right() <= SHORT + 1


def test_an_answer_that_comes_late_puts_no_later_time_into_the_copy(
    one: Machine, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = PostgresStore.clock

    def late(store: PostgresStore, now: float) -> float:
        clocks.passed += 50
        try:
            return clock(store, now)
        finally:
            clocks.passed += 50

    monkeypatch.setattr(PostgresStore, "clock", late)
    with closing(one.database.reach(PROJECT)) as store:
        parted = store.copied().parted
    assert parted.there(machine_time.moment()) <= clocks.right()


# --- A clock that is set ---------------------------------------------------------------------


@pytest.mark.parametrize("is_apart", [False, True], ids=["before it parts", "apart"])
@SET
def test_a_clock_that_is_set_ends_no_lease_and_keeps_none(
    one: Machine, emptied: Emptied, clocks: Clocks, set_by: int, *, is_apart: bool
) -> None:
    ada = claimed(one, "a", "ada")
    one.door.shut()
    if is_apart:
        claimed(one, "b", "bob")
    clocks.set_by = set_by
    if not is_apart:
        claimed(one, "b", "bob")
    clocks.passed = SHORT - 60
    for name in ("a", "b"):
        with pytest.raises(HeldError):
            claimed(one, name, "eve")
    # Whoever is alive goes on with what the database gave.
    assert clocked(one).extend("a", "ada", ada.token, SHORT).claim is not None
    clocks.passed = SHORT + 60
    with pytest.raises(HeldError):
        claimed(one, "a", "eve")
    eve = claimed(one, "b", "eve")
    come_back(one)
    assert there(emptied, "b").claim == eve
    assert 0 < eve.expires - (clocks.right() + clocks.passed) <= SHORT + 1


@SET
def test_an_orchestrator_that_falls_silent_apart_is_found_so_in_time(
    one: Machine, clocks: Clocks, set_by: int
) -> None:
    clocked(one).register("o1")
    one.sync(*NAMES, "d")
    clocks.set_by = set_by
    one.door.shut()
    apart = clocked(one)
    apart.claim("a", "ada", LEASE, "o1")
    apart.beat("o1")
    clocks.passed = 40
    assert apart.reclaim() == []
    clocks.passed = 80
    assert [each.key.name for each in apart.reclaim()] == ["a"]


@SET
def test_who_did_not_hear_of_its_claim_goes_on_though_the_clock_was_set(
    one: Machine, emptied: Emptied, clocks: Clocks, set_by: int
) -> None:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.claim(key("a"), "ada", clocks.right(), LEASE)
    clocks.set_by = set_by
    one.door.shut()
    ada = claimed(one, "a", "ada")
    come_back(one)
    assert told(emptied, "conflict") == []
    assert there(emptied, "a").claim == ada


@SET
def test_who_parts_again_before_there_is_a_new_copy_knows_the_time(
    one: Machine, emptied: Emptied, clocks: Clocks, monkeypatch: pytest.MonkeyPatch, set_by: int
) -> None:
    def cut(_: PostgresStore) -> Contents:
        one.door.shut()
        raise UnreachableStoreError("cut off")

    one.door.shut()
    claimed(one, "a", "ada")
    clocks.set_by = set_by
    one.door.open()
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "copied", cut)
        bob = claimed(one, "b", "bob")
    assert one.mode == "fallback"
    come_back(one)
    assert there(emptied, "b").claim == bob
    assert SHORT - 60 < bob.expires - clocks.right() <= SHORT + 1


def test_what_was_done_since_a_copy_counts_though_the_clock_was_set_back(
    one: Machine, emptied: Emptied, clocks: Clocks
) -> None:
    clocks.set_by = -600
    ada = claimed(one, "a", "ada")
    one.door.shut()
    with pytest.raises(HeldError):
        claimed(one, "a", "eve")
    clocked(one).finish("a", Status.DONE, "ada", ada.token)
    come_back(one)
    assert there(emptied, "a").task.status is Status.DONE


def test_what_was_done_before_a_copy_says_nothing_though_the_clock_was_set_back(
    one: Machine, two: Machine, clocks: Clocks
) -> None:
    ada = claimed(one, "a", "ada")
    clocked(two).release("a", "ada", ada.token)
    clocks.set_by = -600
    one.sync(*NAMES, "d")
    one.door.shut()
    assert claimed(one, "a", "eve").token > ada.token


def test_a_copy_is_renewed_in_passing_though_the_clock_was_set_back(
    one: Machine, two: Machine, clocks: Clocks
) -> None:
    two.claim("a", "bob")
    clocks.set_by = -600
    clocked(one).next()
    one.stack.close()
    one.door.shut()
    with pytest.raises(HeldError):
        claimed(one, "a", "ada")


def test_who_was_heard_after_the_server_was_found_away_is_not_silent_as_work_parts(
    one: Machine, clocks: Clocks
) -> None:
    before = clocked(one)
    before.register("o1")
    one.sync(*NAMES, "d")
    before.claim("a", "ada", LEASE, "o1")
    # By somebody else, for a moment: all that are connected go on.
    one.database.note_away(PROJECT, 0.1)
    clocks.passed = 100
    before.beat("o1")
    one.door.shut()
    assert clocked(one).reclaim() == []


# --- A machine that is started anew, or has an older release's files -------------------------


def test_a_copy_is_made_anew_once_the_machine_was_started_anew(
    one: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = PostgresStore.copied
    copies: list[Contents] = []

    def counted(store: PostgresStore) -> Contents:
        copies.append(copied(store))
        return copies[-1]

    monkeypatch.setattr(PostgresStore, "copied", counted)
    for start, count in (("first", 1), ("first", 1), ("second", 2), ("second", 2)):
        monkeypatch.setattr("kanban_sync.databases.renewing.boot", lambda start=start: start)
        one.database.open(PROJECT).close()
        assert len(copies) == count


def test_files_of_an_older_release_tell_by_the_wall_clock(
    one: Machine, emptied: Emptied, clocks: Clocks
) -> None:
    clocks.set_by = 300
    one.sync(*NAMES, "d")
    ada = claimed(one, "a", "ada")
    one.door.shut()
    bob = claimed(one, "b", "bob")
    copy = manifest_path(one.database.folder, PROJECT)
    without(copy, r'"clocks": .*\n')
    without(copy.with_suffix(".notes"), r'"clock": \[[^]]*\], ')
    clocks.passed = SHORT - 60
    for name, claim in (("a", ada), ("b", bob)):
        with pytest.raises(HeldError):
            claimed(one, name, "eve")
        clocked(one).finish(name, Status.DONE, claim.agent, claim.token)
    come_back(one)
    assert there(emptied, "b").task.status is Status.DONE


def without(path: Path, words: str) -> None:
    """Take out of a file what a pattern matches."""
    text, count = re.subn(words, "", path.read_text())
    assert count
    path.write_text(text)
