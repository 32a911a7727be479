"""The lease of a board during a pass: waited for, renewed, and asked before each write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import pytest

from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.errors import (
    BoardHeldError,
    BoardUnreachableError,
    LostLeaseError,
    StoreAwayError,
    StoreError,
)
from kanban_sync.core.lease import Holder, Taken, lost
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.board_lease import BoardLease, Times, place_of
from repos import Repo
from sync.runner_passes import until
from sync.test_engine import TARGET, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.core.operations import Operation
    from kanban_sync.core.ports import Receipt


BOB = Holder("bob", "there:/b", 42.0)
TIMES = Times(lease=60, renew=1000, safe=40, wait=10, poll=0.001)


@dataclass
class Told:
    """Leases that note what they are asked for, and answer as the test says."""

    asked: list[str] = field(default_factory=list)
    holder: Holder | None = None
    after_lapse: bool = False
    takes: Callable[[], Holder | None] = lambda: None
    renews: Callable[[], None] = lambda: None

    def take(self, _target: str, place: str, seconds: float = 0.0) -> Taken:
        self.asked.append(f"take {place} {seconds:g}")
        return Taken(self.takes(), after_lapse=self.after_lapse)

    def renew(self, _target: str, seconds: float = 0.0) -> None:
        self.asked.append(f"renew {seconds:g}")
        self.renews()

    def give_up(self, _target: str) -> None:
        self.asked.append("give up")

    def other_holder(self, _target: str) -> Holder | None:
        return self.holder


@dataclass
class Clock:
    """The clock that goes on while a process is stopped."""

    now: float = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("kanban_sync.sync.board_lease.running", lambda: clock.now)
    monkeypatch.setattr(BoardLease, "times", TIMES)
    return clock


def raising(error: Exception) -> Callable[[], NoReturn]:
    def act() -> NoReturn:
        raise error

    return act


def nothing() -> None:
    """Be told, and do nothing about it."""


def acquired(lease: BoardLease) -> bool:
    return lease.acquire(lambda: False, nothing)


def test_where_nobody_keeps_leases_nothing_stands_before_the_board(clock: Clock) -> None:
    with BoardLease(None, "t", "here:/a") as lease:
        assert acquired(lease)
        clock.now += 1000
        lease.check()


def test_a_lease_is_taken_asked_for_anew_only_when_it_is_old_and_given_up(clock: Clock) -> None:
    leases = Told(after_lapse=True)
    with BoardLease(leases, "t", "here:/a") as lease:
        assert acquired(lease)
        assert lease.after_lapse
        for later in (39, 2, 39, 2):
            clock.now += later
            lease.check()
    assert leases.asked == ["take here:/a 60", "renew 60", "renew 60", "give up"]


def test_a_lease_that_others_have_is_waited_for(clock: Clock) -> None:
    answers = [BOB, BOB, None]
    leases, ticks = Told(takes=lambda: answers.pop(0)), []
    with BoardLease(leases, "t", "here:/a") as lease:
        assert lease.acquire(lambda: False, lambda: ticks.append(clock.now))
    assert len(ticks) == 2
    assert leases.asked[-1] == "give up"


def test_nobody_waits_for_what_others_have_done_meanwhile(clock: Clock) -> None:
    leases, done = Told(takes=lambda: BOB), [False, False, True]
    with BoardLease(leases, "t", f"here:/{clock.now:g}") as lease:
        assert not lease.acquire(lambda: done.pop(0), nothing)
    assert "give up" not in leases.asked


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("is_busy", [False, True], ids=["it is told", "the database waits"])
def test_a_lease_that_does_not_come_in_time_names_its_holder_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, *, is_busy: bool
) -> None:
    monkeypatch.setattr(BoardLease, "times", Times(wait=0.01, poll=0.001))
    takes = raising(StoreAwayError("busy")) if is_busy else lambda: BOB
    leases = Told(takes=takes, holder=BOB)
    with (
        BoardLease(leases, "t", "here:/a") as lease,
        pytest.raises(BoardHeldError, match="there:/b has it for another 42 s") as refused,
    ):
        acquired(lease)
    assert refused.value.place == "there:/b"
    # As with a board that is away, the sync is tried again in the background.
    assert isinstance(refused.value, BoardUnreachableError)
    assert "give up" not in leases.asked


@pytest.mark.usefixtures("clock")
def test_a_database_that_is_away_is_not_taken_for_a_board_that_is_held() -> None:
    leases = Told(takes=raising(StoreAwayError("away")))
    with BoardLease(leases, "t", "here:/a") as lease, pytest.raises(StoreAwayError, match="away"):
        acquired(lease)


@pytest.mark.parametrize(
    "error", [lost(BOB), lost(None), StoreError("away")], ids=["lost", "and ended", "away"]
)
def test_no_write_is_let_through_once_the_lease_is_lost_or_nobody_can_tell(
    clock: Clock, error: Exception
) -> None:
    leases = Told()
    with BoardLease(leases, "t", "here:/a") as lease:
        assert acquired(lease)
        leases.renews = raising(error)
        lease.check()
        clock.now += 41
        for _ in range(2):
            with pytest.raises(type(error), match=str(error)):
                lease.check()
    assert leases.asked.count("renew 60") == 2


def test_a_lease_is_renewed_beside_what_takes_long(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoardLease, "times", Times(renew=0.001))
    leases = Told()
    with BoardLease(leases, "t", "here:/a") as lease:
        assert acquired(lease)
        clock.now += 41
        until(lambda: leases.asked.count("renew 60") >= 2)
        leases.renews = raising(lost(BOB))
        before = len(leases.asked)
        until(lambda: len(leases.asked) >= before + 2)
        with pytest.raises(LostLeaseError):
            lease.check()


def test_a_place_is_told_by_machine_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    assert place_of(tmp_path / ".git") == f"laptop:{tmp_path}"
    assert place_of(tmp_path / "bare") == f"laptop:{tmp_path / 'bare'}"
    assert place_of(tmp_path / "caf\udce9") == f"laptop:{tmp_path / 'caf'}\\udce9"


# --- In a pass ---------------------------------------------------------------------------------


def leased_world(tmp_path: Path, told: Told) -> World:
    """Return a world with one change, on a board that nobody has to look at again."""
    store = MemoryStore("p1")
    store.leases = told
    world = World(Repo.init(tmp_path / "r"), store)
    world.repo.commit(**{"openspec/changes/x/tasks.md": "## A\n- [ ] 1.1 a\n"})
    for _ in range(2):
        world.sync()
    told.asked.clear()
    world.board.reads = 0
    return world


def commit_news(world: World) -> None:
    world.repo.commit(**{"openspec/changes/x/tasks.md": "## A\n- [x] 1.1 a\n"})


def test_without_news_no_lease_is_asked_for(tmp_path: Path) -> None:
    told = Told()
    leased_world(tmp_path, told).sync()
    assert told.asked == []


@pytest.mark.parametrize(("after_lapse", "reads"), [(False, 1), (True, 2)])
def test_a_board_taken_from_somebody_who_stood_still_is_looked_at_once_more(
    tmp_path: Path, reads: int, *, after_lapse: bool
) -> None:
    told = Told()
    world = leased_world(tmp_path, told)
    commit_news(world)
    told.after_lapse = after_lapse
    world.sync()
    told.after_lapse = False
    for _ in range(2):
        world.sync()
    assert world.board.reads == reads


def test_what_others_brought_up_during_the_wait_is_not_even_read(tmp_path: Path) -> None:
    told = Told()
    world = leased_world(tmp_path, told)
    other = World(world.repo, world.store, world.board)
    commit_news(world)

    def takes() -> Holder | None:
        told.takes = lambda: None
        other.sync()
        return BOB

    told.takes = takes
    world.sync()
    assert world.board.reads == 1
    assert world.results(TARGET)[-2:] == ["done", "done"]


class Overtaken(MemoryBoard):
    """A board on which somebody does all that is to be done while an operation stands still."""

    def __init__(self, other: World) -> None:
        super().__init__(other.board.ids)
        self.cards = other.board.cards
        self._other = other

    def apply(self, _operation: Operation) -> Receipt:
        self._other.sync()
        raise lost(BOB)


def test_whoever_lost_the_board_looks_at_it_again_though_others_did_all(tmp_path: Path) -> None:
    world = leased_world(tmp_path, Told())
    other = World(world.repo, world.store, world.board)
    commit_news(world)
    mine, world.board = world.board, Overtaken(other)
    with pytest.raises(LostLeaseError, match="there:/b"):
        world.sync()
    assert "unreachable" in world.results(TARGET)
    world.board, mine.reads = mine, 0
    world.sync()
    assert mine.reads == 1
