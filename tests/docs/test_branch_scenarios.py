"""The page of histories shows the boards that come of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from docs.documents import document, words
from docs.histories import DEEDS, World, deed_of

if TYPE_CHECKING:
    from pathlib import Path

PAGE = document("explanation/branch-scenarios.md")
SCENARIO = re.compile(
    r"^### (?P<name>.+)\n\n.+\n\n"
    r"```text\n(?P<history>[^`]+)\n```\n\n```text\n(?P<board>[^`]+)\n```$",
    re.MULTILINE,
)
LEAST = 25


class Scenario(NamedTuple):
    """A history, and the board as it is drawn below it."""

    name: str
    history: str
    board: str


SCENARIOS = [Scenario(**found.groupdict()) for found in SCENARIO.finditer(PAGE.text)]


def _named(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", SCENARIOS, ids=_named)
def test_the_board_that_comes_of_a_history_is_the_one_that_is_drawn(
    scenario: Scenario, tmp_path: Path
) -> None:
    world = World(tmp_path.resolve())
    world.replay(scenario.history)
    drawn = {habit.name: habit.drawn() for habit in world.habits}
    assert drawn == dict.fromkeys(drawn, scenario.board)


def test_every_scenario_of_the_page_is_replayed() -> None:
    headings = re.findall(r"^### (.+)$", PAGE.prose(), re.MULTILINE)
    assert headings == [each.name for each in SCENARIOS]
    assert len(set(headings)) == len(headings) >= LEAST


def test_every_deed_is_explained_and_done_in_some_history() -> None:
    rows = re.findall(r"^\| (`.+?) \| ", PAGE.section("## The notation"), re.MULTILINE)
    told = [deed for row in rows for deed in words(row)]
    lines = [line for each in SCENARIOS for line in each.history.splitlines() if line]
    assert sorted(told) == sorted(DEEDS)
    assert {deed_of(line) for line in lines} == set(DEEDS)
