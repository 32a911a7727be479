"""Whose card is whose, where this clone does not see what a task was called first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.made import PROJECT, at, base_of, board, card, shown
from kanban_sync.core.board import NEVER, CardVersion
from kanban_sync.core.card_keys import keyed_by_cards
from kanban_sync.core.columns import Column
from kanban_sync.core.model import Status, Task, TaskKey, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.board import Card, Said, SeenCard

FILE = "TASKS.md"
APPLES, PEARS, PLUMS = "11111111", "22222222", "33333333"
SURE = at(5)
TICKED_SINCE = CardVersion(status=Version(9, "c9"))


def named(name: str, title: str, version: CardVersion = NEVER, file: str = FILE) -> Card:
    """Return a card of a task in a file; without a version nobody knows when it was worded."""
    key = TaskKey(PROJECT, "tasks-md", f"{file}/{name}" if file else name)
    return replace(card(title=title, version=version), key=key)


def keyed(
    desired: list[Card],
    seen: list[SeenCard],
    base: Mapping[TaskKey, Said] | None = None,
    path: str = FILE,
) -> tuple[dict[str, str], int]:
    """Return the own key that each title gets, and how many tasks are left to others."""
    tasks = [Task(each.key, each.title, Status.TODO, path=path) for each in desired]
    found = keyed_by_cards(desired, tasks, board(*seen), base or {}, PROJECT)
    cards = {each.title: each.key.name.removeprefix(f"{path}/") for each in found.cards}
    return cards, len(found.notes)


RED, SOUR = "red apples", "sour green apples"

TABLE: list[tuple[str, list[Card], list[Card], dict[str, str], int]] = [
    ("its title", [named(PEARS, RED)], [named(APPLES, RED, SURE)], {RED: APPLES}, 0),
    (
        "its title, and a tick since",
        [named(PEARS, RED, TICKED_SINCE)],
        [named(APPLES, RED, SURE)],
        {RED: APPLES},
        0,
    ),
    ("known words", [named(PEARS, RED, SURE)], [named(APPLES, RED, SURE)], {RED: PEARS}, 0),
    (
        "its own card",
        [named(PEARS, RED)],
        [named(PEARS, RED), named(APPLES, SOUR)],
        {RED: PEARS},
        0,
    ),
    (
        "two of one title here",
        [named(PEARS, RED), named(PLUMS, RED)],
        [named(APPLES, RED, SURE)],
        {RED: PLUMS},
        1,
    ),
    (
        "two of one title there",
        [named(PLUMS, RED)],
        [named(APPLES, RED, SURE), named(PEARS, RED, SURE)],
        {},
        1,
    ),
    (
        "shifted numbers",
        [named("1.3", "1.3 sow"), named("1.4", "1.4 reap")],
        [named("1.2", "1.3 sow", SURE), named("1.3", "1.4 reap", SURE)],
        {"1.3 sow": "1.2", "1.4 reap": "1.3"},
        0,
    ),
    (
        "a number that another one's card has",
        [named("1.3", "1.3 sow"), named("1.2", "1.2 weed")],
        [named("1.2", "1.3 sow", SURE)],
        {"1.3 sow": "1.2"},
        1,
    ),
    (
        "the file was moved",
        [named(PEARS, RED)],
        [named(APPLES, RED, SURE, "docs/TASKS.md")],
        {RED: f"docs/TASKS.md/{APPLES}"},
        0,
    ),
    ("similar words", [named(PEARS, RED)], [named(APPLES, SOUR, SURE)], {}, 1),
    ("similar, both guessed", [named(PEARS, RED)], [named(APPLES, SOUR)], {RED: APPLES}, 0),
    ("other words", [named(PEARS, "nuts")], [named(APPLES, SOUR, SURE)], {"nuts": PEARS}, 0),
    ("a change", [named("yard", RED, file="")], [named(APPLES, RED, SURE)], {RED: "yard"}, 0),
    ("ids", [named("E-1", "E-1 call")], [named("E-2", "E-2 call")], {"E-1 call": "E-1"}, 0),
]


@pytest.mark.parametrize(
    ("desired", "there", "keys", "left"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_task_has_the_key_of_its_card(
    desired: list[Card], there: list[Card], keys: dict[str, str], left: int
) -> None:
    seen = [shown(each, str(number)) for number, each in enumerate(there, start=1)]
    assert keyed(desired, seen) == (keys, left)


@pytest.mark.parametrize(
    "change",
    [
        {"stamp": None},
        {"stamp": shown(named(PLUMS, RED)).stamp},
        {"archived": True},
        {"key": TaskKey("another", "tasks-md", f"{FILE}/{APPLES}")},
    ],
    ids=["by hand", "pasted", "put away", "a stranger's"],
)
def test_only_a_card_that_a_clone_made_for_a_task_tells_its_key(change: dict[str, object]) -> None:
    seen = shown(named(APPLES, RED), "1", **change)
    assert keyed([named(PEARS, RED)], [seen]) == ({RED: PEARS}, 0)


def test_a_task_that_this_clone_has_named_is_called_so() -> None:
    task = named(PEARS, RED)
    base = {task.key: base_of(task)}
    assert keyed([task], [shown(named(APPLES, RED))], base) == ({RED: PEARS}, 0)


def test_a_task_that_is_over_takes_no_key() -> None:
    task = replace(named(PEARS, RED), column=Column.ARCHIVE)
    assert keyed([task], [shown(named(APPLES, RED))]) == ({RED: PEARS}, 0)


def test_a_task_that_was_found_by_its_card_keeps_it_when_it_is_reworded() -> None:
    said = named(APPLES, RED)
    base = {said.key: base_of(said)}
    reworded = named(PEARS, SOUR, SURE)
    assert keyed([reworded], [shown(said)], base) == ({SOUR: APPLES}, 0)
    assert keyed([reworded], [shown(said)]) == ({SOUR: PEARS}, 0)
