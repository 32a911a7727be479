"""How long ago something was on a machine whose clock is set, or that sleeps or was restarted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from kanban_sync import machine_time
from kanban_sync.machine_time import Moment, moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEPLESS = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The clock that goes on while the machine sleeps."""

THEN = Moment(10_000.0, 500.0, "first")


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (Moment(10_060.5, 560.0, "first"), 10_000.0),
        (Moment(13_660.0, 560.0, "first"), 13_600.0),
        (Moment(6_460.0, 560.0, "first"), 6_400.0),
        (Moment(9_000.0, 5.0, "second"), 9_000.0),
    ],
    ids=["as it goes", "set forward", "set back", "started anew"],
)
def test_when_something_was_is_told_by_the_clock_of_now(now: Moment, then: float) -> None:
    assert THEN.at(now) == then


class Case(NamedTuple):
    """What time it is later on, and how many seconds passed as far as can be known."""

    later: Moment
    passed: float


CASES = {
    "as it goes": Case(Moment(10_060.0, 560.0, "first"), 60.0),
    "set forward": Case(Moment(10_660.0, 560.0, "first"), 60.0),
    "set back": Case(Moment(9_460.0, 560.0, "first"), 60.0),
    "asleep for an hour": Case(Moment(13_660.0, 4_160.0, "first"), 3_660.0),
    "before": Case(Moment(10_660.0, 440.0, "first"), -60.0),
    "started anew": Case(Moment(10_060.0, 5.0, "second"), 60.0),
    "started anew long after": Case(Moment(20_000.0, 600.0, "second"), 10_000.0),
    "no start is known": Case(Moment(10_660.0, 560.0), 660.0),
}


@pytest.mark.parametrize("name", CASES)
def test_how_much_later_a_moment_is_is_known_as_well_as_it_can_be(name: str) -> None:
    later, passed = CASES[name]
    assert THEN.until(later) == passed
    assert later.until(THEN) == -passed


def test_two_moments_of_which_no_start_is_known_go_by_the_wall_clock() -> None:
    assert Moment(1_000.0, 500.0).until(Moment(1_600.0, 560.0)) == 600.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the system tells which start it is."""
    path = tmp_path / "boot_id"
    monkeypatch.setattr(machine_time, "BOOT", path)
    machine_time.boot.cache_clear()
    yield path
    machine_time.boot.cache_clear()


def test_a_moment_tells_all_that_the_system_does(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_text("9f0c-11\n")
    monkeypatch.setattr(time, "time", lambda: 10_000.0)
    monkeypatch.setattr(time, "clock_gettime", {SLEEPLESS: 500.0}.__getitem__)
    assert moment() == (10_000.0, 500.0, "9f0c-11")


def test_a_system_that_tells_no_start_has_none(place: Path) -> None:
    assert moment().boot == ""
    assert not place.exists()
