"""Which card on the board is which task's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.made import PROJECT, base_of, board, card, key, over, shown
from kanban_sync.core.columns import Column
from kanban_sync.core.finding import find_cards
from kanban_sync.core.model import TaskKey

if TYPE_CHECKING:
    from kanban_sync.core.board import Said, SeenCard


def found(*seen: SeenCard, base: Said | None = None) -> str | None:
    """Return the id of the card that is found for the task."""
    known = {key(): base} if base is not None else {}
    cards = find_cards([card()], board(*seen), known, PROJECT).cards
    return cards[key()].id if key() in cards else None


def plain(card_id: str, **changes: object) -> SeenCard:
    """Return a labelled card without a footer, as the tool's predecessor made them."""
    return replace(shown(card(), card_id), key=None, description="", **changes)  # type: ignore[arg-type]


def test_a_card_is_found_by_its_footer() -> None:
    assert found(shown(card("b"), "1"), shown(card(), "2")) == "2"


def test_a_card_whose_footer_a_person_took_away_is_found_by_its_id() -> None:
    assert found(plain("7"), base=base_of(card(), plain("7"))) == "7"


def test_an_id_does_not_count_if_the_footer_names_another_task() -> None:
    assert found(shown(card("b"), "7"), base=base_of(card(), shown(card(), "7"))) is None


def test_of_two_cards_with_one_footer_the_older_counts() -> None:
    assert found(shown(card(), "10"), shown(card(), "9")) == "9"


def test_a_card_that_we_put_away_gives_way_to_one_that_is_there() -> None:
    away = shown(over(), "9")
    base = base_of(card(), away, archived=True)
    assert found(away, shown(card(), "10"), base=base) == "10"
    by_a_person = base_of(card(), away)
    assert found(away, shown(card(), "10"), base=by_a_person) == "9"


@pytest.mark.parametrize(
    "stranger",
    [
        replace(shown(card()), key=TaskKey("other", "openspec", "a")),
        plain("1", labels=frozenset()),
        plain("1", title="Another title"),
        plain("1", archived=True, column=Column.ARCHIVE),
    ],
    ids=["other-project", "without-label", "other-title", "archived"],
)
def test_cards_of_strangers_are_not_taken(stranger: SeenCard) -> None:
    assert found(stranger) is None


def test_a_card_of_the_predecessor_is_taken_over_by_its_title() -> None:
    assert found(plain("1"), shown(card("b"), "2")) == "1"


def test_a_title_that_two_cards_or_two_tasks_have_takes_over_nothing() -> None:
    assert found(plain("1"), plain("2")) is None
    both = find_cards([card("a"), card("b")], board(plain("1")), {}, PROJECT)
    assert both.cards == {}


def test_a_task_that_is_over_or_had_a_card_takes_over_nothing() -> None:
    title = replace(over(), title="Title")
    assert find_cards([title], board(plain("1")), {}, PROJECT).cards == {}
    assert found(plain("1"), base=base_of(card(), shown(card(), "9"))) is None


def test_copies_are_told_to_people() -> None:
    notes = find_cards([card()], board(shown(card(), "1"), shown(card(), "2")), {}, PROJECT).notes
    assert [note.text for note in notes] == ["card 2 is a copy of card 1; left alone"]
