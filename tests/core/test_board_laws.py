"""Laws that hold for any cards, on a board on which people work too."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from core.made import at, key
from core.passes import Clone, picture
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.board import Card, Checklist, Item
from kanban_sync.core.columns import LISTS, Column
from kanban_sync.core.description import footer
from kanban_sync.core.errors import BoardUnreachableError
from kanban_sync.core.operations import Update

if TYPE_CHECKING:
    from kanban_sync.core.board import CardVersion, SeenCard

NAMES = ("a", "b")
TITLES = st.sampled_from(["One", "Two"])
TEXTS = st.sampled_from(["", "Why", "Why\n\n## What\n- it", "Why not\n\n---\nbecause\n- it", "x"])
COLUMNS = st.sampled_from([*LISTS, Column.ARCHIVE])
LABELS = st.sets(st.sampled_from(["blocked", "root"])).map(lambda more: frozenset(more | {"agent"}))


@st.composite
def checklists(draw: st.DrawFn) -> tuple[Checklist, ...]:
    keys = draw(st.lists(st.sampled_from("1234"), unique=True, max_size=3))
    lines: dict[str, list[Item]] = {}
    for own in keys:
        title = draw(st.sampled_from(["Build", "Test"]))
        text = draw(st.sampled_from([f"do {own}", "do it", f"do {own} well"]))
        lines.setdefault(title, []).append(Item(own, text, draw(st.booleans())))
    return tuple(Checklist(title, tuple(items)) for title, items in lines.items())


@st.composite
def desired(draw: st.DrawFn, version: CardVersion) -> list[Card]:
    """Return what one commit that changed everything says; not every task is in it."""
    return [
        Card(
            key(name),
            draw(TITLES),
            draw(TEXTS),
            draw(COLUMNS),
            draw(LABELS),
            draw(checklists()),
            version,
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]


@given(desired(at(1)), desired(at(2)))
def test_a_second_sync_plans_nothing(first: list[Card], second: list[Card]) -> None:
    clone = Clone(MemoryBoard())
    for wanted in (first, second, first):
        clone.sync(wanted)
        writes = clone.board.writes
        again = clone.sync(wanted)
        assert again.operations == ()
        assert clone.board.writes == writes


@given(desired(at(1)))
def test_the_board_shows_what_was_asked_for(wanted: list[Card]) -> None:
    board = MemoryBoard()
    Clone(board).sync(wanted)
    living = {each.key: each for each in wanted if each.column is not Column.ARCHIVE}
    assert {seen.key for seen in board.cards.values()} == set(living)
    for seen in board.cards.values():
        assert seen.key is not None
        card = living[seen.key]
        assert (seen.title, seen.column, seen.labels) == (card.title, card.column, card.labels)
        assert seen.description.startswith(card.text)
        assert [
            (each.title, [(line.text, line.done) for line in each.items])
            for each in seen.checklists
        ] == [
            (each.title, [(item.text, item.done) for item in each.items])
            for each in card.checklists
        ]


@given(desired(at(1)), desired(at(2)), st.data())
def test_a_sync_that_was_cut_off_anywhere_ends_like_one_that_was_not(
    first: list[Card], second: list[Card], data: st.DataObject
) -> None:
    whole = MemoryBoard()
    smooth = Clone(whole)
    smooth.sync(first)
    before = whole.writes
    smooth.sync(second)
    writes = whole.writes - before

    board = MemoryBoard()
    clone = Clone(board)
    clone.sync(first)
    for _ in range(data.draw(st.integers(1, 2))):
        at_write = data.draw(st.integers(1, max(1, writes)))
        board.fail_at(at_write, answer_lost=data.draw(st.booleans()))
        try:
            clone.sync(second)
        except BoardUnreachableError:
            continue
    board.fail_at(0)
    clone.sync(second)
    assert picture(board) == picture(whole)
    assert clone.sync(second).operations == ()


@given(desired(at(1)), desired(at(2)), desired(at(3)), st.data())
def test_a_sync_that_was_cut_off_is_mended_by_the_next_commit(
    first: list[Card], second: list[Card], third: list[Card], data: st.DataObject
) -> None:
    last = {each.key: each for each in [*first, *second, *third]}
    smooth, clone = Clone(MemoryBoard()), Clone(MemoryBoard())
    for each in (smooth, clone):
        each.sync(first)
    clone.board.fail_at(data.draw(st.integers(1, 12)), answer_lost=data.draw(st.booleans()))
    with suppress(BoardUnreachableError):
        clone.sync(second)
    clone.board.fail_at(0)
    smooth.sync(second)
    for each in (smooth, clone):
        each.sync([replace(card, version=at(3)) for card in last.values()])
    assert picture(clone.board, archived=False) == picture(smooth.board, archived=False)


@given(desired(at(1)), st.data())
def test_a_card_whose_record_was_lost_is_found_again_and_not_made_twice(
    wanted: list[Card], data: st.DataObject
) -> None:
    clone = Clone(MemoryBoard())
    clone.sync(wanted)
    before = picture(clone.board)
    for forgotten in data.draw(st.lists(st.sampled_from([each.key for each in wanted] or [key()]))):
        clone.base.pop(forgotten, None)
    clone.sync(wanted)
    assert picture(clone.board) == before


PEOPLES_TEXT = st.lists(
    st.sampled_from(["", "  code", "---", "```", "\U0001f389", "- it!", "Hm"]) | st.text(),
    min_size=1,
    max_size=3,
).map("\n".join)


def with_words(description: str, words: str, place: str, block: str) -> str:
    """Return a description into which a person wrote, above, inside or below what is ours."""
    if place == "above":
        return f"{words}\n{description}"
    if place == "below":
        return f"{description}\n{words}"
    head, found, tail = description.partition(block.splitlines()[0] if block else "`kanban")
    return f"{head}{found}\n{words}\n{tail}" if block else f"{head}{words}\n{found}{tail}"


def lines_of(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.split("\n") if line.strip())


@given(
    desired(at(1)),
    desired(at(2)),
    PEOPLES_TEXT.filter(lambda text: "kanban-sync:" not in text and "\r" not in text),
    st.sampled_from(["above", "inside", "below"]),
)
def test_what_people_made_is_never_touched(
    first: list[Card], second: list[Card], words: str, place: str
) -> None:
    board = MemoryBoard()
    clone = Clone(board)
    clone.sync(first)
    ours = [seen.id for seen in board.cards.values()]
    texts = {each.key: each.text for each in first}
    for card_id in ours:
        seen = board.cards[card_id]
        assert seen.key is not None
        board.person_edits(
            card_id,
            description=with_words(seen.description, words, place, texts[seen.key]),
        )
        board.person_labels(card_id, "theirs")
        board.person_adds_item(card_id, "Build", "theirs")
        board.person_adds_item(card_id, "Own list", "do 1")
    strangers = [
        board.person_adds("One", "words", Column.TODO),
        board.person_adds("Two", footer(key("a")._replace(project="other")), Column.REVIEW),
        board.person_adds("One", column=None),
    ]
    for wanted in (second, first, second):
        clone.sync(wanted)
    for stranger in strangers:
        assert board.cards[stranger.id] == stranger
    for card_id in ours:
        seen = board.cards[card_id]
        assert lines_of(seen.description) >= lines_of(words)
        assert "theirs" in seen.labels
        lists = {each.title: [line.text for line in each.items] for each in seen.checklists}
        # Our list may have been given the name of another group meanwhile.
        assert [line for lines in lists.values() for line in lines].count("theirs") == 1
        assert lists["Own list"] == ["do 1"]
    assert clone.sync(second).operations == ()


BLOCKS = st.sampled_from(["x", "Why", "Why\n\n- one\n- two", "- one", "---", "Why\n\n---\nx"])
TYPED = st.lists(st.sampled_from(["old", "new", "Hm"]), min_size=1, max_size=4)


@given(
    st.lists(BLOCKS, min_size=3, max_size=3, unique=True),
    TYPED,
    st.sampled_from(["above", "above, for a fresh clone", "below"]),
    st.booleans(),
)
def test_copies_of_our_words_in_peoples_are_theirs(
    blocks: list[str], typed: list[str], place: str, retitled: bool
) -> None:
    first, second, third = (
        Card(
            key("a"), f"One {number if retitled else ''}", block, Column.TODO, frozenset({"agent"})
        )
        for number, block in enumerate(blocks)
    )
    board = MemoryBoard()
    clone = Clone(board)
    clone.sync([replace(first, version=at(1))])
    card_id = next(iter(board.cards))
    said = {"old": first.text, "new": second.text, "Hm": "Hm"}
    # What is typed below ends with other words: else it might as well have been typed above.
    theirs = "\n\n".join(said[each] for each in [*typed, "Hm"])
    above, below = ("", f"\n\n{theirs}") if place == "below" else (f"{theirs}\n\n", "")
    line = footer(first.key)
    board.person_edits(card_id, description=f"{above}{first.text}{below}\n\n{line}")
    if "fresh" in place:
        clone = Clone(board)
        clone.sync([replace(first, version=at(1))])
    for number, wanted in enumerate((second, third), start=2):
        found = clone.sync([replace(wanted, version=at(number))])
        assert sum(isinstance(each, Update) for each in found.operations) == 1
        description = board.cards[card_id].description
        assert description == f"{above}{wanted.text}{below}\n\n{line}"
        assert clone.sync([replace(wanted, version=at(number))]).operations == ()


@given(desired(at(1)), st.data())
def test_what_people_did_to_our_cards_is_repaired_or_respected(
    wanted: list[Card], data: st.DataObject
) -> None:
    board = MemoryBoard()
    clone = Clone(board)
    clone.sync(wanted)
    before = picture(board)
    left = set()
    for seen in list(board.cards.values()):
        act = data.draw(st.sampled_from(ACTS))
        if act(board, seen):
            left.add(seen.id)
    clone.sync(wanted)
    again = clone.sync(wanted)
    assert again.operations == ()
    if not left:
        assert picture(board) == before


def _untick(board: MemoryBoard, seen: SeenCard) -> bool:
    for line in (line for each in seen.checklists for line in each.items):
        board.person_ticks(seen.id, line.text, done=not line.done)
    return False


def _rename(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_edits(seen.id, title="Person's title")
    return False


def _review(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_moves(seen.id, Column.REVIEW)
    return False


def _unlabel(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_labels(seen.id, "blocked", "failed", remove="agent")
    return False


def _drop_lists(board: MemoryBoard, seen: SeenCard) -> bool:
    board.keep(replace(seen, checklists=()))
    return False


def _clear(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_clears_version(seen.id)
    return False


def _empty(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_edits(seen.id, description="")
    return False


def _archive(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_archives(seen.id)
    return True


def _delete(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_deletes(seen.id)
    return True


def _take_away(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_takes_away(seen.id)
    return True


def _copy(board: MemoryBoard, seen: SeenCard) -> bool:
    board.person_copies(seen.id)
    return True


ACTS = [
    _untick, _rename, _review, _unlabel, _drop_lists, _clear, _empty,
    _archive, _delete, _take_away, _copy,
]  # fmt: skip
"""What a person may do to a card; true if it is to stay so."""
