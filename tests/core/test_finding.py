"""Which card on the board is which task's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.made import MARK, PROJECT, at, base_of, board, card, key, over, shown
from kanban_sync.core.board import Said, SeenCard, Stamp
from kanban_sync.core.columns import Column
from kanban_sync.core.finding import each_its_own, find_cards
from kanban_sync.core.model import TaskKey

if TYPE_CHECKING:
    from kanban_sync.core.board import SeenCard


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


def pasted(card_id: str, name: str = "a") -> SeenCard:
    """Return a card of a person, into which the footer of a task was pasted."""
    return replace(shown(card(name), card_id), title="Theirs", stamp=None, labels=frozenset())


def test_a_card_known_by_its_id_stays_its_tasks_whatever_footers_stand_on_it() -> None:
    ours = replace(shown(card(), "7"), key=key("b"))
    second = shown(card("b"), "8")
    base = {key(): base_of(card(), shown(card(), "7")), key("b"): base_of(card("b"), second)}
    cards = find_cards([card("b"), card()], board(ours, second), base, PROJECT).cards
    assert {each.name: seen.id for each, seen in cards.items()} == {"a": "7", "b": "8"}


def test_without_a_base_the_version_field_tells_whose_card_has_two_footers() -> None:
    ours, second = replace(shown(card(), "7"), key=key("b")), shown(card("b"), "8")
    cards = find_cards([card("b"), card()], board(ours, second), {}, PROJECT).cards
    assert {each.name: seen.id for each, seen in cards.items()} == {"a": "7", "b": "8"}


@pytest.mark.parametrize("is_known", [True, False])
def test_a_persons_older_card_with_a_pasted_footer_is_left_and_told(*, is_known: bool) -> None:
    ours = shown(card(), "7")
    base = {key(): base_of(card(), ours)} if is_known else {}
    result = find_cards([card()], board(pasted("3"), ours), base, PROJECT)
    assert result.cards[key()].id == "7"
    assert result.twins == {}
    assert [n.text for n in result.notes] == ["card 3 has the footer of card 7; left alone"]


def test_an_older_card_of_another_clone_makes_ours_a_twin() -> None:
    ours = shown(card(), "7")
    result = find_cards(
        [card()], board(shown(card(), "3"), ours), {key(): base_of(card(), ours)}, PROJECT
    )
    assert result.cards[key()].id == "3"
    assert result.twins == {key(): ours}


def test_a_card_that_we_began_to_make_is_ours_before_its_version_is_written() -> None:
    begun = replace(shown(card(), "3"), stamp=None, labels=frozenset())
    base = Said("", card(), MARK, finished=False)
    assert found(begun, shown(card(), "7"), base=base) == "3"
    assert found(pasted("3"), shown(card(), "7"), base=base) == "7"


def test_a_base_that_takes_one_card_for_two_tasks_goes_by_the_footer() -> None:
    seen = shown(card("b"), "7")
    base = {key(name): base_of(card(name), seen) for name in "ab"}
    assert each_its_own(base, board(seen)).keys() == {key("b")}
    assert each_its_own(base, board()).keys() == {key("a")}


def test_of_two_cards_with_one_footer_the_older_counts() -> None:
    assert found(shown(card(), "10"), shown(card(), "9")) == "9"


def test_a_card_that_we_put_away_gives_way_to_one_that_is_there() -> None:
    away = shown(over(), "9", stamp=Stamp(at(5), MARK, archived=True))
    assert found(away, shown(card(), "10")) == "10"
    by_a_person = shown(over(), "9")
    assert found(by_a_person, shown(card(), "10")) == "9"


def test_a_copy_of_a_card_that_we_put_away_is_not_taken_for_it() -> None:
    away = shown(over(), "9")
    base = base_of(card(), away, archived=True)
    assert found(away, shown(card(), "10"), base=base) == "9"


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
