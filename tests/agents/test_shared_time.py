"""The time by the clock of the database, also where its answer comes late."""

from __future__ import annotations

import pytest

from kanban_sync.agents.shared_time import SAME, SURE, SharedTime


class Clocks:
    """One clock here, another one there, and answers that take a while."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
        self.passed = 0.0
        self.ahead = ahead
        self.there_and_back = (0.0, 0.0)
        self.asked = 0
        monkeypatch.setattr("kanban_sync.agents.shared_time.time.monotonic", lambda: self.passed)

    @property
    def there(self) -> float:
        return 1000.0 + self.passed

    def here(self) -> float:
        return self.there + self.ahead

    def ask(self, _: float) -> float:
        self.asked += 1
        there, back = self.there_and_back
        self.passed += there
        said = self.there
        self.passed += back
        return said


@pytest.mark.parametrize("ahead", [0.0, 300.0, -300.0])
@pytest.mark.parametrize("slow", [(50.0, 0.0), (0.0, 50.0), (25.0, 25.0)])
def test_an_answer_that_came_late_makes_nobody_believe_in_a_later_time(
    monkeypatch: pytest.MonkeyPatch, ahead: float, slow: tuple[float, float]
) -> None:
    clocks = Clocks(monkeypatch, ahead)
    time = SharedTime(clocks.here, clocks.ask)
    clocks.there_and_back = slow
    said = time()
    assert said == pytest.approx(clocks.there - slow[1])
    clocks.there_and_back = (SURE / 2, SURE / 2)
    # What was heard at once is good for a while.
    for passed in (0, SAME - 1):
        clocks.passed += passed
        said = time()
        assert clocks.there - SURE <= said <= clocks.there
    assert clocks.asked == 2


@pytest.mark.parametrize("set_by", [300.0, -300.0])
def test_a_clock_that_is_set_while_it_is_used_moves_nobody_s_time(
    monkeypatch: pytest.MonkeyPatch, set_by: float
) -> None:
    clocks = Clocks(monkeypatch, 0.0)
    time = SharedTime(clocks.here, clocks.ask)
    assert time() == clocks.there
    clocks.passed += SAME / 2
    clocks.ahead += set_by
    assert time() == pytest.approx(clocks.there)
    clocks.passed += SAME / 2
    assert time() == pytest.approx(clocks.there)
    assert clocks.asked == 2
