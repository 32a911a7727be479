"""What is settled is told by two hashes; that plans are the same without it is tried in passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.made import MARK, at, base_of, board, card, key, over, shown
from kanban_sync.core.board import Card, Lost, Said, SeenCard
from kanban_sync.core.columns import Column
from kanban_sync.core.description import task_mark
from kanban_sync.core.mapping import Drawing
from kanban_sync.core.settled import Settled, drawn_by, settled_as, shown_on, still_settled

CARD = card(Tasks=("one", "+two"))
SEEN = shown(CARD)
SAID = base_of(CARD)


(LIST,) = SEEN.checklists
LINES = LIST.items


def with_list(**changes: Any) -> SeenCard:  # noqa: ANN401 - any field of a task list
    return replace(SEEN, checklists=(LIST._replace(**changes),))


def settled(said: Said = SAID, wanted: Card = CARD, mark: str = MARK) -> Settled | None:
    return settled_as(said, wanted, "drawn", mark)


def test_a_card_that_was_written_and_read_back_is_settled() -> None:
    assert settled() == Settled("1", "drawn", shown_on(SEEN))


@pytest.mark.parametrize(
    "said",
    [
        replace(SAID, finished=False),
        replace(SAID, archived=True),
        replace(SAID, deleted=True),
        replace(SAID, lost=(Lost("hash", 1.0),)),
        replace(SAID, asked=1.0),
        replace(SAID, mark="other"),
        replace(SAID, seen=None),
        replace(SAID, card_id="2"),
        replace(SAID, items={}),
        replace(SAID, said=replace(CARD, title="Other")),
        replace(SAID, said=replace(CARD, version=at(4))),
        base_of(CARD, replace(SEEN, stamp=None)),
        base_of(CARD, shown(replace(CARD, version=at(6)))),
        base_of(CARD, replace(SEEN, archived=True)),
        base_of(CARD, replace(SEEN, key=None)),
        base_of(CARD, replace(SEEN, key=key("b"))),
    ],
)
def test_a_card_of_which_there_is_more_to_say_is_not(said: Said) -> None:
    assert settled(said) is None


def test_neither_is_one_that_is_drawn_otherwise_or_over() -> None:
    assert settled(mark="other") is None
    assert settled(wanted=replace(CARD, text="Other")) is None
    assert settled(base_of(over(), shown(over(), archived=False)), over()) is None


@pytest.mark.parametrize(
    "seen",
    [
        replace(SEEN, id="2"),
        replace(SEEN, title="Other"),
        replace(SEEN, description="Other"),
        replace(SEEN, column=Column.DONE),
        replace(SEEN, column=None),
        replace(SEEN, labels=SEEN.labels | {"theirs"}),
        replace(SEEN, position=1.0),
        replace(SEEN, archived=True),
        replace(SEEN, trashed=True),
        replace(SEEN, adrift=True),
        replace(SEEN, stamp=None),
        replace(SEEN, key=key("b")),
        replace(SEEN, checklists=()),
        with_list(id="9"),
        with_list(title="Other"),
        with_list(position=9.0),
        with_list(items=()),
        with_list(items=LINES[:1]),
        with_list(items=LINES[::-1]),
        with_list(items=(LINES[0]._replace(id="9"), LINES[1])),
        with_list(items=(LINES[0]._replace(text="Other"), LINES[1])),
        with_list(items=(LINES[0]._replace(done=True), LINES[1])),
        with_list(items=(LINES[0]._replace(position=9.0), LINES[1])),
    ],
)
def test_whatever_people_change_on_a_card_is_told_by_its_hash(seen: SeenCard) -> None:
    assert seen != SEEN
    assert shown_on(seen) != shown_on(SEEN)
    assert not still_settled({CARD.key: Settled("1", "drawn", shown_on(SEEN))}, board(seen), [])


def test_that_people_commented_on_a_card_is_no_change() -> None:
    used = replace(SEEN, is_used=True)
    assert used == SEEN
    assert shown_on(used) == shown_on(SEEN)


B = card("b")


@pytest.mark.parametrize(
    ("others", "said", "left"),
    [
        ((), (), True),
        ((shown(B, "2"),), (base_of(B, shown(B, "2")),), True),
        ((shown(B, "2"),), (), True),
        ((replace(shown(B, "2"), key=None, stamp=None),), (), True),
        # A copy; one whose footer was pasted over; a base that takes the card for its own.
        ((replace(SEEN, id="2"),), (), False),
        ((replace(SEEN, id="2", stamp=None),), (), False),
        ((replace(SEEN, id="2", key=key("b")),), (), False),
        ((replace(SEEN, id="2", key=None),), (), False),
        ((), (base_of(B, shown(B, "1")),), False),
    ],
)
def test_a_card_that_another_one_concerns_is_not_settled(
    others: tuple[SeenCard, ...], said: tuple[Said, ...], *, left: bool
) -> None:
    known = settled()
    assert known is not None
    assert SEEN.stamp is not None
    assert SEEN.stamp.task == task_mark(CARD.key)
    found = still_settled({CARD.key: known}, board(SEEN, *others), said)
    assert found == ({CARD.key} if left else set())


def test_a_card_that_is_not_on_the_board_any_more_is_not_settled() -> None:
    known = settled()
    assert known is not None
    assert still_settled({CARD.key: known}, board(), []) == set()


def test_each_setting_of_the_drawing_counts() -> None:
    drawings = (
        Drawing(),
        Drawing(lists=(("done", "Finished"),)),
        Drawing(labels=(("agent", "robot"),)),
        Drawing(statuses=(("draft", "todo"),)),
        Drawing(archive_done_after=7),
        Drawing(branches="label"),
        replace(Drawing(), links=replace(Drawing().links, file="https://x/{path}")),
        replace(Drawing(), links=replace(Drawing().links, file="https://y/{path}")),
        replace(Drawing(), links=replace(Drawing().links, commit="https://x/{commit}")),
    )
    assert len({drawn_by(each) for each in drawings}) == len(drawings)
    # A heading's card is drawn from tasks that nothing else holds together.
    assert drawn_by(Drawing(cards="section")) == ""
