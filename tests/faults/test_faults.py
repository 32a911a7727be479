"""Whatever goes wrong on the wire, at whichever request: the next sync ends where none goes wrong.

Short, the first request of each kind goes wrong in each way, once: of kinds that the first sync and
a later one have in common, the two take turns. Long, each request of a sync of more than 30 cards
does, in both. The table of cases is printed at the end of the test run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from faults.proxy import FAULTS, KILLS, Proxy, Trouble
from faults.world import (
    CALM,
    FEW,
    HASTY,
    TARGET,
    Outcome,
    Place,
    act_as_a_person,
    differences,
    files_after,
    files_before,
    records_of_people,
)
from kanban_sync.standin.state import State
from kanban_sync.sync.locks import RunLock
from repos import Repo
from system.board_server import BoardServer, saved_copy
from system.synced_clone import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.hunt

TESTS = Path(__file__).parents[1]

SITUATIONS = ("first", "later")
LATER = "later"
WAYS = (*FAULTS, *KILLS)


@dataclass(frozen=True)
class Situation:
    """Something to sync: the clone that asked for it, the server, and how an undisturbed one ends.

    ``kinds`` are those of the requests of the undisturbed sync, in order.
    """

    place: Place
    server: BoardServer
    proxy: Proxy
    state: State
    outcome: Outcome
    kinds: list[str]

    @classmethod
    def of(cls, place: Place, server: BoardServer, proxy: Proxy) -> Situation:
        """Take note of the situation, and of where a sync leads to that nothing disturbs."""
        place.ask()
        state = saved_copy(server.state)
        undisturbed = place.copied_to(place.state_path.with_name("undisturbed"))
        proxy.expect(None)
        assert undisturbed.sync(CALM) == ""
        outcome = Outcome.of(server.state, undisturbed)
        return cls(place, server, proxy, state, outcome, list(proxy.seen))

    def again(self, path: Path, trouble: Trouble) -> Place:
        """Go back to the situation, with a trouble to come."""
        self.server.restore(self.state)
        self.proxy.expect(trouble)
        return self.place.copied_to(path)


@pytest.fixture(scope="module")
def proxied() -> Iterator[tuple[BoardServer, Proxy]]:
    """A board and what stands before it."""
    with BoardServer() as server, Proxy(server.port) as proxy:
        yield server, proxy


@pytest.fixture(scope="module")
def bundles(hunt_factor: int) -> int:
    """Of how many times 17 cards there are."""
    return 1 if hunt_factor == 1 else 2


@pytest.fixture(scope="module")
def situations(
    proxied: tuple[BoardServer, Proxy], bundles: int, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Situation]:
    """The first sync, and one after people were there."""
    server, proxy = proxied
    found: dict[str, Situation] = {}
    for name in SITUATIONS:
        folder = tmp_path_factory.mktemp(name)
        server.restore(State(api_key=server.api_key))
        repo = Repo.init(folder / "repository")
        # What is synced anew a hundred times are a few cards; they bring all kinds of requests.
        some = {} if name == LATER or bundles > 1 else {"names": FEW}
        repo.commit("first", **files_before(bundles, **some))
        place = Place(repo.path / ".git", folder / "state", proxy.url, server.api_key)
        if name == LATER:
            place.ask()
            proxy.expect(None)
            assert place.sync(CALM) == ""
            assert set(proxy.seen) == set(found["first"].kinds)
            act_as_a_person(server.state, server.send)
            repo.commit("second", **files_after(bundles))
        found[name] = Situation.of(place, server, proxy)
    return found


def kinds_to_try(situations: dict[str, Situation], name: str, fault: str) -> list[str]:
    """List the kinds of requests at which a fault is tried in one situation of the two.

    Those that both know go to one of them, in turn; which begins is the fault's to say.
    """
    first, later = (dict.fromkeys(each.kinds) for each in situations.values())
    common = [kind for kind in first if kind in later]
    turn = (WAYS.index(fault) + SITUATIONS.index(name)) % 2
    left_to_the_other = set(common) - set(common[turn::2])
    return [kind for kind in (first, later)[name == LATER] if kind not in left_to_the_other]


def troubles(
    situations: dict[str, Situation], name: str, fault: str, *, each: bool
) -> list[Trouble]:
    """List the troubles to try: at the first request of a kind, or at each request.

    Every other one lasts until the next sync.
    """
    if each:
        count = len(situations[name].kinds)
        found = [Trouble(fault, number) for number in range(1, count + 1)]
    else:
        found = [Trouble(fault, 1, kind) for kind in kinds_to_try(situations, name, fault)]
    odd = WAYS.index(fault) % 2
    return [replace(one, lasts=index % 2 == odd) for index, one in enumerate(found)]


@pytest.mark.parametrize("fault", WAYS)
def test_each_way_goes_with_each_kind_of_request(
    situations: dict[str, Situation], fault: str
) -> None:
    every = {kind for each in situations.values() for kind in each.kinds}
    tried = [
        trouble.kind
        for name in SITUATIONS
        for trouble in troubles(situations, name, fault, each=False)
    ]
    assert sorted(tried) == sorted(every)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SITUATIONS)
def test_after_a_fault_the_next_sync_ends_where_an_undisturbed_one_does(
    situations: dict[str, Situation],
    name: str,
    fault: str,
    hunt_factor: int,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    def sync(place: Place) -> bool:
        return place.sync(HASTY) != ""

    cases = troubles(situations, name, fault, each=hunt_factor > 1)
    try_all(situations[name], cases, tmp_path, record_property, sync)


@pytest.mark.parametrize("fault", KILLS)
@pytest.mark.parametrize("name", SITUATIONS)
def test_after_a_kill_the_next_sync_ends_where_an_undisturbed_one_does(
    situations: dict[str, Situation],
    name: str,
    fault: str,
    hunt_factor: int,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    with Victims.started() as victims:

        def sync(place: Place) -> bool:
            return victims.sync(place, situations[name].proxy)

        cases = troubles(situations, name, fault, each=hunt_factor > 1)
        try_all(situations[name], cases, tmp_path, record_property, sync)


def try_all(
    situation: Situation,
    cases: list[Trouble],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    sync: Callable[[Place], bool],
) -> None:
    """Try each case; ``sync`` tells whether it ended early."""
    wrong: list[str] = []
    for trouble in cases:
        victim = situation.again(tmp_path / "victim", trouble)
        early = sync(victim)
        situation.proxy.wait_until_quiet()
        struck = situation.proxy.struck
        behind = victim.is_behind
        problems = [] if struck or not trouble.kind else ["it never came"]
        if early != behind:
            problems.append(f"ended early: {early}, but left something to do: {behind}")
        problems += what_is_wrong(situation, victim)
        lasts = ", and nothing afterwards" if trouble.lasts else ""
        case = f"{trouble.fault}{lasts}: {struck}"
        record_property("case", f"{case}: healed {'by the next sync' if early else 'at once'}")
        wrong += [f"{case}: {problem}" for problem in problems]
    assert cases
    assert not wrong, "\n".join(wrong)


def what_is_wrong(situation: Situation, victim: Place) -> list[str]:
    """Sync again, now undisturbed; tell what differs from a sync that was never disturbed."""
    situation.proxy.expect(None)
    victim.ask()
    if failure := victim.sync(CALM):
        return [f"the next sync failed: {failure}"]
    server = situation.server
    found = differences(Outcome.of(server.state, victim), situation.outcome)
    if records_of_people(server.state) != records_of_people(situation.state):
        found.append("what people made was touched")
    if victim.is_behind:
        found.append("something is left to do")
    server.clear_log()
    victim.ask()
    victim.sync(CALM, force=True)
    if server.writes:
        found.append(f"one more sync still writes: {server.writes}")
    return found


@dataclass(frozen=True)
class Victims:
    """The program whose processes are killed."""

    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Victims]:
        call = [sys.executable, "-P", str(Path(__file__).with_name("victim.py"))]
        env = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
        with subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        ) as process:
            assert process.stdin
            with closing(process.stdin):
                yield cls(process)

    def sync(self, place: Place, proxy: Proxy) -> bool:
        """Let a process serve what was asked for; tell whether it was killed."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        known: list[int] = []
        proxy.kill = lambda: kill(known)
        stdin.write("\t".join(map(str, (place.git, place.state_path, place.url, place.key))) + "\n")
        stdin.flush()
        known.append(int(stdout.readline()))
        is_killed = stdout.readline().strip() == "killed"
        # A git that it was about to start holds its locks, too, until it has become git.
        until(lambda: is_free(place), "the end of what the process was starting")
        return is_killed


def is_free(place: Place) -> bool:
    """Tell whether nobody serves the clone any more."""
    with RunLock(place.state.run_lock(TARGET)) as lock:
        return lock.acquire()


def kill(known: list[int]) -> None:
    """Kill a process as soon as its id is known."""
    until(lambda: bool(known), "the id of the process")
    os.kill(known[0], signal.SIGKILL)
