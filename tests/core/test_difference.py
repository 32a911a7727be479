"""What differs between a card as it ought to be and as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.made import at, base_of, card, shown
from kanban_sync.core.board import Card, CardVersion, Said, SeenCard
from kanban_sync.core.columns import Column
from kanban_sync.core.difference import difference
from kanban_sync.core.model import UNKNOWN
from kanban_sync.core.operations import AddLabel, Change, Move, RemoveLabel, SetText, SetTitle

BOTTOM = 9.0


def differs(
    wanted: Card, seen: SeenCard, base: Said | None = None
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    found = difference(wanted, seen, base, BOTTOM)
    return found.text, found.status


def test_equal_cards_differ_in_nothing() -> None:
    assert differs(card(), shown(card())) == ((), ())


def test_title_and_words_are_text_column_and_labels_are_status() -> None:
    wanted = card(title="New", text="Else", column=Column.DONE, labels=("agent", "failed"))
    text, status = differs(wanted, shown(card()), base_of(card()))
    assert text[0] == SetTitle("New")
    assert isinstance(text[1], SetText)
    assert (text[1].text, text[1].former) == ("Else", ("Why",))
    assert status == (Move(Column.DONE, BOTTOM), AddLabel("failed"))


def test_what_the_board_made_of_our_words_is_as_good_as_our_words() -> None:
    stored = replace(shown(card(title="a  b")), title="a b")
    wanted = card(title="a  b")
    assert differs(wanted, stored, base_of(wanted, stored)) == ((), ())
    unfinished = base_of(wanted, stored, finished=False)
    assert differs(wanted, stored, unfinished) == ((SetTitle("a  b"),), ())
    unsaid = base_of(replace(wanted, version=CardVersion(UNKNOWN, at(5).status)), stored)
    assert differs(wanted, stored, unsaid) == ((SetTitle("a  b"),), ())


def test_a_block_of_another_clone_is_known_by_its_mark_before_and_after_a_crash() -> None:
    theirs = shown(card(text="Theirs"))
    assert theirs.stamp is not None
    (change,), _ = differs(card(text="New"), theirs)
    assert isinstance(change, SetText)
    assert change.marked == (theirs.stamp.block,)

    marked_anew = replace(theirs, stamp=theirs.stamp._replace(block="1-abc"))
    begun = base_of(card(text="New"), theirs, finished=False)
    (change,), _ = differs(card(text="New"), marked_anew, begun)
    assert isinstance(change, SetText)
    assert change.marked == ("1-abc", theirs.stamp.block)


@pytest.mark.parametrize(
    ("labels", "removed"),
    [
        ({"agent", "blocked", "failed"}, ["blocked", "failed"]),
        ({"agent", "old root"}, ["old root"]),
        ({"agent", "theirs"}, []),
    ],
)
def test_only_labels_of_ours_are_taken_off(labels: set[str], removed: list[str]) -> None:
    base = base_of(card(labels=("agent", "old root")))
    _, status = differs(card(), shown(card(), labels=frozenset(labels)), base)
    assert status == tuple(RemoveLabel(name) for name in removed)


@pytest.mark.parametrize(
    ("wanted", "seen", "said", "moves"),
    [
        (Column.TODO, Column.BACKLOG, Column.TODO, False),
        (Column.BACKLOG, Column.TODO, Column.BACKLOG, False),
        (Column.TODO, Column.BACKLOG, None, False),
        (Column.TODO, Column.BACKLOG, Column.BACKLOG, True),
        (Column.TODO, Column.REVIEW, Column.TODO, True),
        (Column.REVIEW, Column.TODO, Column.REVIEW, True),
        (Column.TODO, None, Column.TODO, True),
    ],
)
def test_people_move_cards_that_wait_between_backlog_and_to_do(
    wanted: Column, seen: Column | None, said: Column | None, moves: bool
) -> None:
    base = base_of(card(column=said)) if said is not None else None
    there = shown(card(), column=seen)
    _, status = differs(card(column=wanted), there, base)
    assert status == ((Move(wanted, BOTTOM),) if moves else ())


def test_a_move_that_was_cut_off_is_no_persons_doing() -> None:
    before, after = card(column=Column.BACKLOG), card(column=Column.TODO)
    base = base_of(after, shown(before), finished=False, before=(before,))
    assert differs(after, shown(before), base) == ((), (Move(Column.TODO, BOTTOM),))


def test_a_card_in_the_archive_is_not_in_its_place() -> None:
    seen = shown(card(), archived=True)
    assert differs(card(), seen) == ((), (Move(Column.TODO, BOTTOM),))
