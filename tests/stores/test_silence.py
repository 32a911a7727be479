"""Who could not be heard is not silent: a server that was away takes nobody's task by that."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kanban_sync import machine_time
from kanban_sync.core.claims import SILENCE
from kanban_sync.core.errors import UnwritableStoreError
from kanban_sync.core.ports import FilesState
from kanban_sync.core.silence import Life, life_of
from kanban_sync.machine_time import Moment
from kanban_sync.stores.absence import Absence
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.postgres_work import PostgresDesk
from postgres.long_there import AS_IT_IS, started
from stores.machines import LEASE, PROJECT, Machine, key, told
from stores.made_up import NOW, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.core.work import Entry
    from stores.emptied import Emptied


def names(found: list[Entry]) -> list[str]:
    return [each.key.name for each in found]


# --- A server that was started anew ----------------------------------------------------------


def test_nobody_is_silent_before_the_server_was_there_for_long_enough(
    emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge([task(name) for name in "abc"], {}, FilesState(), NOW)
        store.register("o1", NOW)
        store.claim(key("a"), "ada", NOW, LEASE, "o1")
        store.claim(key("b"), "bob", NOW, 100, "o1")
        started(monkeypatch, NOW + 200)
        assert store.heard_since(NOW + 200) == NOW + 200
        # A lease runs out as ever.
        assert names(store.reclaim(NOW + 200 + SILENCE - 1)) == ["b"]
        assert store.reclaim(NOW + 200 + SILENCE - 1, leases=False) == []
        assert names(store.reclaim(NOW + 200 + SILENCE)) == ["a"]
    assert [each["why"] for each in told(emptied, "reclaimed")] == ["lease", "o1"]


def test_a_server_tells_when_it_was_started(
    emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, statement in AS_IT_IS.items():
        monkeypatch.setattr(PostgresDesk, name, statement)
    ((asked,),) = emptied.ask("SELECT extract(epoch FROM pg_postmaster_start_time())::float8")
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        assert store.heard_since(time.time()) == asked
        store.merge([task("a")], {}, FilesState(), NOW)
        store.register("o1", NOW)
        store.claim(key("a"), "ada", NOW, 2 * LEASE, "o1")
        # As it was started long after that, by the clocks of the tests.
        assert store.reclaim(NOW + LEASE) == []


# --- A server that this clone could not reach, or not write to -------------------------------


class Shared:
    """Two machines: an agent of the other one's orchestrator has a task."""

    def __init__(self, one: Machine, two: Machine, emptied: Emptied) -> None:
        self.one, self.emptied = one, emptied
        two.do(lambda store: store.register("o2", time.time()))
        two.do(lambda store: store.claim(key("a"), "ada", time.time(), LEASE, "o2"))
        one.sync("a", "b", "c", "d")

    def long_ago(self) -> None:
        """Let nothing have been heard of the orchestrator for long."""
        self.emptied.tell("UPDATE kanban_sync.orchestrators SET last_heartbeat = 1000")

    def taken(self) -> list[str]:
        """Return what a command takes back that begins now."""
        return names(self.one.do(lambda store: store.reclaim(time.time())))


@pytest.fixture
def shared(one: Machine, two: Machine, emptied: Emptied) -> Shared:
    return Shared(one, two, emptied)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time have passed on this machine, whatever its wall clock says."""
    running = machine_time.running

    def go_on(seconds: float) -> None:
        monkeypatch.setattr(machine_time, "running", lambda: running() + seconds)

    return go_on


def worked_apart(shared: Shared) -> None:
    shared.one.door.shut()
    shared.one.claim("b", "bob")
    shared.one.door.open()


def found_away(shared: Shared) -> None:
    shared.one.database.note_away(PROJECT, 0.0)


def only_read(shared: Shared) -> None:
    ours = f'ALTER DATABASE "{shared.emptied.address.parameters["dbname"]}"'
    shared.emptied.tell(f"{ours} SET default_transaction_read_only = on")
    try:
        with pytest.raises(UnwritableStoreError):
            shared.one.claim("b", "bob")
    finally:
        shared.emptied.tell(f"{ours} RESET default_transaction_read_only")


@pytest.mark.parametrize("was", [worked_apart, found_away, only_read])
def test_who_could_not_reach_the_database_takes_nobody_for_silent_until_he_could_be_heard(
    shared: Shared, passes: Callable[[float], None], was: Callable[[Shared], None]
) -> None:
    was(shared)
    shared.long_ago()
    # Each is a command of its own; the first brings back what was done apart.
    assert (shared.taken(), shared.taken()) == ([], [])
    lives = shared.one.do(
        lambda store: [
            life_of(each.last_heartbeat, time.time(), store.heard_since(time.time()))
            for each in store.orchestrators()
        ]
    )
    assert lives == [Life.AWAITED]
    passes(SILENCE - 5)
    assert shared.taken() == []
    passes(SILENCE + 5)
    assert shared.taken() == ["a"]
    assert shared.taken() == []


def test_who_was_never_away_takes_back_what_silent_ones_have_at_once(shared: Shared) -> None:
    shared.long_ago()
    assert shared.taken() == ["a"]


def test_an_absence_is_known_though_nothing_could_be_written_or_a_clock_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tasks.back"
    absence = Absence(path)
    assert absence.back_since(NOW) == 0
    absence.note()
    assert NOW - 5 < absence.back_since(NOW) <= NOW
    # There was no room for what it says: when it was written has to do.
    path.write_bytes(b"")
    os.utime(path, (time.time() - 100, time.time() - 100))
    assert NOW - 105 < absence.back_since(NOW) <= NOW - 100
    monkeypatch.setattr("kanban_sync.stores.absence.moment", lambda: Moment(NOW + 600, 5, "one"))
    absence.note()
    # Started anew, with its clock set back: that is long ago, or was never.
    monkeypatch.setattr("kanban_sync.stores.absence.moment", lambda: Moment(NOW, 5, "two"))
    assert absence.back_since(NOW) == 0
    Absence(tmp_path / "nowhere" / "tasks.back").note()
