"""Who could not be heard is not silent: a server that was away takes nobody's task by that."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kanban_sync import machine_time
from kanban_sync.agents.waiting import LONGEST
from kanban_sync.agents.work import Work
from kanban_sync.core.claims import SILENCE
from kanban_sync.core.errors import LostClaimError, UnreachableStoreError, UnwritableStoreError
from kanban_sync.core.ports import FilesState
from kanban_sync.core.silence import Life, life_of
from kanban_sync.databases.copies import LEADS
from kanban_sync.machine_time import Moment
from kanban_sync.stores.absence import Absence
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.postgres_work import PostgresDesk
from postgres.long_there import AS_IT_IS, started
from stores.machines import LEASE, NAMES, PROJECT, Machine, key, there, told
from stores.made_up import NOW, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.agents.work import Store
    from kanban_sync.core.journal import Journal
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
        assert store.hearing(NOW + 200).since == NOW + 200
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
        assert store.hearing(time.time()).since == asked
        store.merge([task("a")], {}, FilesState(), NOW)
        store.register("o1", NOW)
        store.claim(key("a"), "ada", NOW, 2 * LEASE, "o1")
        # As it was started long after that, by the clocks of the tests.
        assert store.reclaim(NOW + LEASE) == []


# --- A server that this clone could not reach, or not write to -------------------------------


class Shared:
    """Two machines: an agent of the other one's orchestrator has a task."""

    def __init__(self, one: Machine, two: Machine, emptied: Emptied) -> None:
        self.one, self.other, self.emptied = one, two, emptied
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


def worked_apart_on_a_copy_by_its_name_alone(shared: Shared) -> None:
    copies, name = shared.one.database.copies, shared.one.database.name
    shared.one.database.folder.rename(copies.by_name_alone(name).folder)
    for each in copies.root.glob(f"*{LEADS}"):
        each.unlink()
    worked_apart(shared)


def found_away(shared: Shared) -> None:
    shared.one.database.note_away(PROJECT, 0.0)


def found_away_without_a_copy(shared: Shared) -> None:
    shutil.rmtree(shared.one.database.copies.root)
    found_away(shared)
    assert shared.one.mode == "database"


def found_away_by_a_name_that_is_new(shared: Shared) -> None:
    one = shared.one
    Machine(one.state.path, shared.emptied.url, one.stack).database.note_away(PROJECT, 0.0)


def only_read(shared: Shared) -> None:
    ours = f'ALTER DATABASE "{shared.emptied.address.parameters["dbname"]}"'
    shared.emptied.tell(f"{ours} SET default_transaction_read_only = on")
    try:
        with pytest.raises(UnwritableStoreError):
            shared.one.claim("b", "bob")
    finally:
        shared.emptied.tell(f"{ours} RESET default_transaction_read_only")


@pytest.mark.parametrize(
    "was",
    [
        worked_apart,
        worked_apart_on_a_copy_by_its_name_alone,
        found_away,
        found_away_without_a_copy,
        found_away_by_a_name_that_is_new,
        only_read,
    ],
)
def test_who_could_not_reach_the_database_takes_nobody_for_silent_until_he_could_be_heard(
    shared: Shared, passes: Callable[[float], None], was: Callable[[Shared], None]
) -> None:
    was(shared)
    shared.long_ago()
    # Each is a command of its own; the first brings back what was done apart.
    assert (shared.taken(), shared.taken()) == ([], [])
    lives = shared.one.do(
        lambda store: [
            life_of(each.last_heartbeat, time.time(), store.hearing(time.time()))
            for each in store.orchestrators()
        ]
    )
    assert lives == [Life.AWAITED]
    passes(SILENCE - 5)
    assert shared.taken() == []
    passes(SILENCE + LONGEST + 5)
    assert shared.taken() == ["a"]
    assert shared.taken() == []


def test_who_was_refused_may_have_paused_for_as_long_as_anybody_does_before_he_tried_again(
    shared: Shared, passes: Callable[[float], None]
) -> None:
    only_read(shared)
    shared.long_ago()
    passes(SILENCE + LONGEST - 5)
    assert shared.taken() == []


def by_a_name_that_leads_nowhere(shared: Shared) -> Callable[[], None]:
    one = shared.one
    other = Machine(one.state.path, shared.emptied.url, one.stack)
    return lambda: other.database.note_away(PROJECT, 0.0)


def by_a_name_that_only_reads(shared: Shared) -> Callable[[], None]:
    one, only_reads = shared.one, "options=-c%20default_transaction_read_only%3Don&host="
    other = Machine(one.state.path, shared.emptied.url.replace("host=", only_reads), one.stack)

    def refused() -> None:
        with pytest.raises(UnwritableStoreError):
            other.claim("c", "cid")

    return refused


@pytest.mark.parametrize("other", [by_a_name_that_leads_nowhere, by_a_name_that_only_reads])
@pytest.mark.parametrize("is_open", [True, False], ids=["a monitor", "commands"])
def test_what_is_not_to_be_had_by_another_name_keeps_nobody_alive_without_end(
    shared: Shared,
    passes: Callable[[float], None],
    other: Callable[[Shared], Callable[[], None]],
    *,
    is_open: bool,
) -> None:
    ask, monitor = other(shared), shared.one.work()

    def taken() -> list[str]:
        return names(monitor.reclaim(time.time())) if is_open else shared.taken()

    ask()
    shared.long_ago()
    assert taken() == []
    for seconds in (SILENCE / 2, SILENCE - 5):
        passes(seconds)
        ask()
        assert taken() == []
    passes(SILENCE + 5)
    ask()
    assert taken() == ["a"]


def test_who_was_never_away_takes_back_what_silent_ones_have_at_once(shared: Shared) -> None:
    shared.long_ago()
    assert shared.taken() == ["a"]


def test_an_absence_is_known_though_nothing_could_be_written_or_a_clock_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tasks.back"
    absence = Absence(path, "one")
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
    Absence(tmp_path / "nowhere" / "tasks.back", "one").note()


def yes() -> bool:
    return True


def no() -> bool:
    return False


def test_what_another_name_tells_of_an_absence_counts_until_it_was_there_by_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(seconds: float) -> None:
        now = Moment(NOW + seconds, seconds, "boot")
        monkeypatch.setattr("kanban_sync.stores.absence.moment", lambda: now)

    def told() -> tuple[float, float]:
        now = NOW + float(clock[0])
        return one.back_since(now) - NOW, two.back_since(now) - NOW

    one, two = Absence(tmp_path / "back", "one"), Absence(tmp_path / "back", "two")
    clock = [0.0]
    steps: list[tuple[float, Callable[[], None], tuple[float, float]]] = [
        (100, two.note, (100, 100)),
        (110, lambda: one.answered(no), (110, 100)),
        # It leads nowhere still, which says nothing of the database.
        (120, two.note, (110, 120)),
        (130, lambda: one.answered(no), (110, 120)),
        # It has led there again: now it does.
        (140, lambda: two.answered(no), (110, 140)),
        (150, two.note, (150, 150)),
        (160, lambda: two.answered(no), (160, 160)),
        # One's own counts each time.
        (200, one.note, (200, 200)),
        (210, lambda: one.answered(no), (210, 210)),
        (220, one.note, (220, 220)),
        (230, lambda: one.answered(no), (230, 230)),
        # What was refused to another one counts until one could write oneself.
        (300, lambda: two.note(again=45, refused=True), (345, 345)),
        (310, lambda: one.answered(no), (345, 345)),
        (320, lambda: one.answered(yes), (320, 345)),
        (330, lambda: two.answered(no), (320, 345)),
        (340, lambda: two.note(again=45, refused=True), (320, 385)),
        # A full disk is everybody's.
        (400, lambda: two.note(again=45, refused=True, by_any_name=True), (445, 445)),
        (410, lambda: one.answered(yes), (445, 445)),
    ]
    for seconds, deed, expected in steps:
        clock[0] = seconds
        at(seconds)
        deed()
        assert told() == expected, seconds


# --- An orchestrator that is heard of while the database is away ---------------------------------


def given_up(machine: Machine) -> list[str]:
    """Return what a command takes back that begins now, by the clock of where it works."""
    return names(machine.do(lambda store: store.reclaim(store.clock(time.time()))))


def claim_for(machine: Machine, name: str, agent: str, orchestrator: str) -> int:
    entry: Entry = machine.do(
        lambda store: store.claim(
            key(name), agent, store.clock(time.time()), 2 * LEASE, orchestrator
        )
    )
    assert entry.claim is not None
    return entry.claim.token


def test_apart_only_who_was_heard_there_falls_silent(
    shared: Shared, passes: Callable[[float], None]
) -> None:
    def life(store: Store) -> Life:
        (known,), now = store.orchestrators(), store.clock(time.time())
        return life_of(known.last_heartbeat, now, store.hearing(now))

    one = shared.one
    claim_for(one, "b", "bob", "o2")
    one.door.shut()
    assert given_up(one) == []
    passes(SILENCE + 5)
    # It may send heartbeats by another clone, also if an agent of this one works for it.
    claim_for(one, "c", "eve", "o2")
    passes(2 * SILENCE + 10)
    assert (given_up(one), one.do(life)) == ([], Life.AWAITED)
    one.do(lambda store: store.beat("o2", store.clock(time.time())))
    passes(3 * SILENCE + 15)
    assert one.do(life) == Life.SILENT
    assert given_up(one) == ["b", "c"]


@pytest.mark.parametrize("is_heard", [True, False], ids=["heard of", "silent"])
def test_who_was_silent_apart_keeps_the_claim_if_the_database_has_heard_of_it_since(
    shared: Shared, passes: Callable[[float], None], *, is_heard: bool
) -> None:
    one, two = shared.one, shared.other
    tokens = {"bob": claim_for(one, "b", "bob", "o2")}
    claim_for(one, "c", "bob", "o2")
    one.door.shut()
    one.do(lambda store: store.beat("o2", store.clock(time.time())))
    passes(SILENCE + 5)
    assert given_up(one) == ["b", "c"]
    tokens["eve"] = claim_for(one, "b", "eve", "")
    if is_heard:
        two.do(lambda store: store.beat("o2", time.time()))
    one.door.open()
    winner, loser = ("bob", "eve") if is_heard else ("eve", "bob")
    with pytest.raises(LostClaimError):
        one.finish("b", tokens[loser])
    one.finish("b", tokens[winner])
    # Nobody worked on the other one meanwhile: nothing is told of it.
    assert there(shared.emptied, "c").task.assignee == ("bob" if is_heard else "")
    conflicts = [each["agent"] for each in told(shared.emptied, "conflict")]
    assert conflicts == (["eve"] if is_heard else [])


def orchestrators(emptied: Emptied) -> dict[str, int]:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        return {each.instance_id: each.agent_count for each in store.orchestrators()}


def test_an_orchestrator_that_is_registered_apart_is_known_once_the_database_is_back(
    one: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    work = Work(one.work(), PROJECT, time.time, None, lambda: None, lambda: None)
    work.register("o1", 3)
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert orchestrators(emptied) == {"o1": 3}
    assert [(each["written"], each["conflicts"]) for each in told(emptied, "replayed")] == [(0, 0)]


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
def test_an_orchestrator_is_not_lost_with_a_journal_of_which_the_end_was_not_heard(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    replay = PostgresStore.replay

    def sent(store: PostgresStore, journal: Journal, now: float) -> None:
        if is_taken:
            replay(store, journal, now)
        raise UnreachableStoreError("cut off")

    one.door.shut()
    one.do(lambda store: store.register("o1", time.time(), 1))
    one.door.open()
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "replay", sent)
        with pytest.raises(UnreachableStoreError):
            one.sync(*NAMES)
    one.door.shut()
    one.do(lambda store: store.beat("o1", time.time(), 2))
    token = one.claim("a", "ada")
    one.do(lambda store: store.register("o2", time.time()))
    one.door.open()
    one.finish("a", token)
    assert orchestrators(emptied) == {"o1": 2, "o2": 0}
    # The first journal and the second, each once.
    assert [each["written"] for each in told(emptied, "replayed")] == [0, 1]


def test_an_orchestrator_is_known_whose_database_goes_away_right_after(
    one: Machine, emptied: Emptied
) -> None:
    one.do(lambda store: store.register("o1", time.time()))
    one.door.shut()
    one.do(lambda store: store.claim(key("a"), "ada", time.time(), LEASE, "o1"))
    one.do(lambda store: store.beat("o1", time.time(), 5))
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert orchestrators(emptied) == {"o1": 5}
