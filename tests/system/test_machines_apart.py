"""Machines that lose one another while they share a database, or do not agree what time it is."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from cli.program import until
from postgres.server import database
from repos import Repo
from system.machines_apart import WITHIN, Monitor, Team, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def team(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """They share a database of their own."""
    with ExitStack() as stack:
        url = stack.enter_context(database(postgres_url, f"apart_{os.getpid()}"))
        yield Team(tmp_path_factory.mktemp("apart"), url, stack)


MINUTES = 300.0
"""By how many seconds a clock is off."""


# --- Who leads -----------------------------------------------------------------------------------


class Fault(NamedTuple):
    """What befalls the monitor that leads, once it sends certain words, and whether it ends so."""

    words: str
    strike: Callable[[Monitor], object]
    is_end: bool = False


def stop(monitor: Monitor) -> None:
    monitor.process.send_signal(signal.SIGSTOP)


def cut_off(monitor: Monitor) -> None:
    monitor.machine.proxy.stall()


def stop_unheard(monitor: Monitor) -> None:
    cut_off(monitor)
    stop(monitor)


def kill_unheard(monitor: Monitor) -> None:
    """Kill it when a part of what it sends is heard."""
    monitor.machine.proxy.cut_after = 200
    monitor.kill()


CHOOSING, OFFERING = '["{}"]', "task_offered"
"""What it asks of the database before it chooses, and what it tells as it offers what it chose."""

FAULTS = {
    "stopped-as-it-chooses": Fault(CHOOSING, stop),
    "cut-off-as-it-chooses": Fault(CHOOSING, cut_off),
    "stopped-as-it-offers": Fault(OFFERING, stop_unheard),
    "killed-as-it-offers": Fault(OFFERING, kill_unheard, is_end=True),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_leader_that_is_not_heard_of_gives_way_and_hands_out_nothing_later(
    name: str, team: Team
) -> None:
    fault, (first, second) = FAULTS[name], team.two_monitors()
    proxy = first.machine.proxy
    for_ada, for_bob, ada, bob = (f"{each}-{name}" for each in ("1", "2", "ada", "bob"))
    team.add(for_ada, for_bob, tag=name)
    words = fault.words.format(name).encode()
    proxy.once(words, lambda: fault.strike(first))
    team.let_wait(ada, bob, tag=name)
    try:
        assert second.told()["leads"]
        until(lambda: team.offers(for_ada, for_bob) == {for_ada: ada, for_bob: bob})
        assert team.claimed(ada, name) == for_ada
        # Nobody waits for the other one any more: whoever offers it comes too late.
        team.store.forget_idle(bob, team.now())
    finally:
        proxy.heal()
    if fault.is_end:
        team.monitors = [second, Monitor(first.machine)]
    else:
        first.process.send_signal(signal.SIGCONT)
        late = first.told()
        assert (late["leads"], late["leader"], late["offered"]) == (False, second.name, [])
        team.monitors.reverse()
    assert team.offers(for_ada, for_bob) == {}
    assert team.claimed("cy", name) == for_bob
    created = ("task_created", None)
    assert team.told(for_ada) == [created, ("task_offered", ada), ("claimed", ada)]
    assert team.told(for_bob) == [created, ("task_offered", bob), ("claimed", "cy")]


# --- Both sides ----------------------------------------------------------------------------------


def test_of_two_that_do_the_same_apart_one_counts_and_the_other_is_told(team: Team) -> None:
    team.without_monitors()
    machines = {"ada": team.one, "bob": team.two}
    names = ("finished", "begun", "mine-ada", "mine-bob")
    team.add(*names, tag="apart")
    for each in machines.values():
        assert each.program("sync").code == 0
        each.proxy.cut_after = 0
    for agent, each in machines.items():
        for words in (
            ("claim", "finished", "--agent", agent),
            ("done", "finished", "--agent", agent),
            ("claim", "begun", "--agent", agent),
            ("claim", f"mine-{agent}", "--agent", agent),
            ("done", f"mine-{agent}", "--agent", agent),
            ("add", f"Found by {agent}", "--id", f"found-{agent}"),
        ):
            answer = each.program("task", *words)
            assert (answer.code, "does not answer since" in answer.err) == (0, True), answer.err
    for each in machines.values():
        each.proxy.heal()
    # Whoever comes first has done it; the other one hears of it by its next command,
    # though somebody else has brought in what was done there.
    first = team.one.program("task", "claim", "found-ada", "--agent", "ada")
    assert (first.code, first.err) == (0, "")
    assert team.two.program("monitor", "--once").err == ""
    late = team.two.program("task", "claim", "found-bob", "--agent", "bob")
    assert late.code == 0
    for name in ("finished", "begun"):
        assert f"{key(name)} (bob)" in late.err
    assert "mine-bob" not in late.err
    assert team.two.program("task", "heartbeat", "found-bob", "--agent", "bob").err == ""
    for name in ("finished", "begun"):
        refused = team.two.program("task", "done", name, "--agent", "bob")
        assert (refused.code, "somebody else's" in refused.err) == (4, True), refused.err
    assert team.one.program("task", "done", "begun", "--agent", "ada").code == 0
    created, done, conflict = (
        ("task_created", None),
        ("status_changed", "done"),
        ("conflict", "bob"),
    )
    assert team.told("finished") == [created, ("claimed", "ada"), done, conflict]
    assert team.told("begun") == [created, ("claimed", "ada"), conflict, done]
    for agent in machines:
        assert team.told(f"mine-{agent}") == [created, ("claimed", agent), done]
        assert team.told(f"found-{agent}") == [created, ("claimed", agent)]


# --- What time it is -----------------------------------------------------------------------------


def test_clocks_that_are_off_take_no_lease_early_and_keep_none_and_one_leads(team: Team) -> None:
    team.without_monitors()
    fast, slow = team.one.by_clock(MINUTES), team.two.by_clock(-MINUTES)
    begun, last = team.now(), team.store.last_event()
    team.add("held", "by-fast", "by-slow", "free", tag="off")
    claim = team.one.program("task", "claim", "held", "--ttl", "4m", "--agent", "ada")
    assert claim.code == 0
    first, second = Monitor(fast), Monitor(slow)
    assert (first.leads, second.leads, second.leader) == (True, False, first.name)
    for monitor, name in ((first, "by-fast"), (second, "by-slow")):
        if monitor is second:
            first.end()
            assert second.told()["leads"]
        team.store.claim(key(name), "bob", team.now(), 0.5)
        assert monitor.told()["reclaimed"] == [str(key(name))]
    for machine, name in ((fast, "by-fast"), (slow, "by-slow")):
        taken = machine.program("task", "claim", name, "--ttl", "4m", "--agent", "cy", "--json")
        assert 0 < taken.data["expires"] - team.now() <= 240
    assert fast.program("task", "claim", "held", "--agent", "cy").code == 4
    # Nor does it look otherwise.
    assert "ada for " in fast.program("task", "show", "held").out
    team.store.register("orc", team.now())
    [known] = fast.program("orchestrator", "list", "--json").data["orchestrators"]
    assert known["alive"]
    looked = fast.program("monitor", "--once", "--json").data
    assert (looked["leader"], looked["ready"]) == (second.name, 1)
    assert looked["oldest_ready_age"] < MINUTES
    ended = team.now()
    second.end()
    events = team.store.events(last)
    assert [each.kind for each in events if each.key == str(key("held"))][1:] == ["claimed"]
    assert all(begun - 60 < each.at < ended + 60 for each in events)


# --- Where it works ------------------------------------------------------------------------------


def test_a_monitor_ends_with_its_clone_and_lets_another_one_lead(
    team: Team, tmp_path: Path
) -> None:
    team.without_monitors()
    shutil.copytree(team.two.repo.path, tmp_path / "three")
    third = team.two.of(Repo(tmp_path / "three"))
    first, second = Monitor(third), Monitor(team.one)
    assert (first.leads, second.leads) == (True, False)
    third.repo.path.rename(tmp_path / "away")
    assert first.process.wait(WITHIN) == 1
    assert f"{third.repo.path}/.git is no longer there: the clone was moved" in third.errors
    assert not third.repo.path.exists()
    assert second.told()["leads"]
    second.end()
