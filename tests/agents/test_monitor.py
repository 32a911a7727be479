"""Monitors hand out tasks to agents that wait: one leads, and whatever befalls it harms nobody."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from agents.handed_out import World, told_of
from kanban_sync.agents.entries import lines_of
from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.monitor import TRY, Monitor, round_data
from kanban_sync.agents.work import Work
from kanban_sync.core.errors import StoreError
from kanban_sync.core.order import ANY
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.stores.sqlite import open_sqlite
from stores.inside import connection
from stores.made_up import NOW, PROJECT, key, task
from stores.work_contract import LEASE, fill, names, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.core.assignment import Leader

REVOKED = StoreError("The role lacks a right.")


@pytest.mark.hunt
def test_whatever_goes_wrong_each_task_is_done_once_in_its_turn_and_nobody_waits_in_vain(
    tmp_path: Path, hunt_factor: int, record_property: Callable[[str, object], None]
) -> None:
    is_short = hunt_factor == 1
    seed = "e" if is_short else os.urandom(4).hex()
    record_property("case", f"tasks handed out with the seed {seed}")
    with closing(open_sqlite(tmp_path / "tasks.db", PROJECT)) as store:
        world = World(store, seed, 150 if is_short else 5000, (6, 6, 4))
        world.run()
        nothing = {"done other than once": 0, "not done": 0, "claimed too early": 0}
        assert told_of(store) == nothing
    assert world.longest_in_vain <= 2
    assert world.seen["judged"] > 50
    wrong = {"agent died", "agent slept", "monitor died", "slept", "late", "offered"}
    assert wrong <= {what for what, times in world.seen.items() if times}


class Clock:
    """A time that is told, for a monitor and for agents that wait."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def work_on(store: Any, clock: Clock) -> Work:  # noqa: ANN401 - any store
    return Work(store, PROJECT, clock, None, lambda: None, lambda: None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def work(clock: Clock) -> Work:
    store = MemoryStore(PROJECT)
    fill(store, task("a"), task("b", depends_on=("a",)), task("c"))
    return work_on(store, clock)


def monitors(work: Work) -> tuple[Monitor, Monitor]:
    return Monitor(work, "one"), Monitor(work, "two")


def test_a_monitor_that_may_only_read_does_not_stand_by_as_if_it_could_lead(
    work: Work, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads, stands_by = monitors(work)
    assert leads.round().leads
    assert stands_by.round().leader == "one"
    lead = MemoryStore.lead

    def barred(store: MemoryStore, monitor: str, now: float, seconds: float) -> Leader:
        if monitor == "two":
            raise REVOKED
        return lead(store, monitor, now, seconds)

    monkeypatch.setattr(MemoryStore, "lead", barred)
    clock.now += TRY - 1
    assert leads.round().leads
    assert stands_by.round().leader == "one"
    clock.now += 1
    for each in (stands_by, Monitor(work, "two")):
        with pytest.raises(StoreError, match="lacks a right"):
            each.round()


def waits(work: Work, clock: Clock, agent: str) -> Idleness:
    idle = Idleness(agent, ANY, "", clock)
    assert idle.is_to_look(work)
    return idle


def test_one_leads_and_the_other_takes_over_when_it_ends_or_falls_silent(
    work: Work, clock: Clock
) -> None:
    one, two = monitors(work)
    assert one.round()[:2] == (True, "one")
    assert two.round()[:2] == (False, "one")
    one.end()
    assert two.round()[:2] == (True, "two")
    for _ in range(5):
        clock.now += 4
        assert one.round()[:2] == (False, "two")
        assert two.round()[:2] == (True, "two")
    clock.now += 10
    assert one.round()[:2] == (True, "one")
    assert two.round()[:2] == (False, "one")


def test_a_leader_that_slept_while_it_chose_offers_nothing(
    work: Work, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = monitors(work)
    one.round()
    waits(work, clock, "ada")
    market, after = work.assigning.market, work.last_event()

    def sleep(now: float, most: int) -> object:
        found = market(now, most)
        monkeypatch.undo()
        clock.now += 11
        offered = two.round().offered
        assert [each.key for each in offered] == [key("a")]
        return found

    monkeypatch.setattr(work.assigning, "market", sleep)
    done = one.round()
    assert (done.leads, done.leader, done.offered) == (False, "two", ())
    assert [each.kind for each in work.events(after, 9)] == ["task_offered"]


def test_a_monitor_takes_back_what_ran_out_and_offers_it(work: Work, clock: Clock) -> None:
    one, _ = monitors(work)
    one.round()
    work.claim_next("bob", 5)
    work.claim_next("cy", 5)
    waits(work, clock, "ada")
    clock.now += 6
    done = one.round()
    assert [entry.key for entry in done.reclaimed] == [key("a"), key("c")]
    data = round_data(done, "one")
    assert (data["expired"], data["idle"]) == (2, 1)
    assert data["offered"] == [{"key": str(key("a")), "agent": "ada"}]
    said = f"{key('a')}  todo  offered to ada for 20 s"
    assert next(lines_of(work.show("a"), clock.now)) == said


def test_who_waits_lets_the_monitor_choose_for_a_second(work: Work, clock: Clock) -> None:
    one, _ = monitors(work)
    one.round()
    work.claim_next("bob", LEASE)
    idle = waits(work, clock, "ada")
    assert not idle.is_to_look(work)
    clock.now += 0.9
    assert not idle.is_to_look(work)
    clock.now += 0.2
    assert idle.is_to_look(work)
    assert not idle.is_to_look(work)
    assert len(one.round().offered) == 1
    assert idle.is_to_look(work)
    idle.end(work, is_served=False)
    assert one.round()[2:4] == (0, ())
    assert names(work.next("cy")) == ["c"]


def test_without_a_leader_who_waits_looks_whenever_something_happens_and_writes_nothing(
    work: Work, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryStore, "_working", None)
    idle = Idleness("ada", ANY, "", clock)
    for _ in range(5):
        assert idle.is_to_look(work)
        clock.now += 1
    idle.end(work, is_served=False)


def test_a_monitor_with_nothing_to_do_writes_nothing_and_asks_little(
    tmp_path: Path, clock: Clock
) -> None:
    with closing(open_sqlite(tmp_path / "tasks.db", PROJECT)) as store:
        fill(store, task("a"), task("b"))
        monitor = Monitor(work_on(store, clock), "one")
        monitor.round()
        after, asked = store.last_event(), list[str]()
        connection(store).set_trace_callback(asked.append)
        clock.now += 1
        monitor.round()
        connection(store).set_trace_callback(None)
        statements = [each for each in asked if not each.startswith(("BEGIN", "COMMIT", "ROLL"))]
        assert len(statements) <= 4
        assert all(each.lstrip().startswith("SELECT") for each in statements)
        assert told(store, after) == []
