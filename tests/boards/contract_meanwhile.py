"""A person who saves between our reading and our writing, for every kind of write, on any board."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from boards.contract import FULL, item_lines
from core.made import at, card, key, over
from kanban_sync.core.board import Checklist, Item
from kanban_sync.core.columns import Column
from kanban_sync.core.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from boards.contract import Person
    from core.passes import Clone
    from kanban_sync.core.board import Card, SeenCard
    from kanban_sync.core.ports import Board

BLOCKED = replace(FULL, labels=FULL.labels | {"blocked"})


def lists(**titles: tuple[str, ...]) -> Card:
    """Return FULL with other task lists."""
    drawn = card(**titles).checklists  # type: ignore[arg-type]
    return replace(FULL, checklists=drawn, version=at(6))


def reworded() -> Card:
    build, test = FULL.checklists
    first = Item("first", "first of all", done=False)
    return replace(
        FULL,
        checklists=(Checklist("Build", (first, *build.items[1:])), test),
        version=at(6),
    )


@dataclass(frozen=True)
class Write:
    """One kind of write: what is asked for, and what a person does to the same thing."""

    after: Card
    act: Callable[[Person, str], object] = field(default=lambda _person, _card: None)
    before: Card = FULL


BUILD = ("first", "+second", "third")

WRITES = {
    "title": Write(
        replace(FULL, title="New", version=at(6)),
        lambda person, card: person.edits(card, title="Theirs"),
    ),
    "description": Write(replace(FULL, text="Another reason", version=at(6))),
    "no description": Write(replace(FULL, text="", version=at(6))),
    "list": Write(
        replace(FULL, column=Column.IN_PROGRESS, version=at(5, 6)),
        lambda person, card: person.moves(card, Column.REVIEW),
    ),
    "label put on": Write(
        replace(BLOCKED, version=at(5, 6)),
        lambda person, card: person.labels(card, "blocked"),
    ),
    "label taken off": Write(
        replace(FULL, version=at(5, 6)),
        lambda person, card: person.unlabels(card, "blocked"),
        BLOCKED,
    ),
    "task list made": Write(
        lists(Build=BUILD, Test=("fourth",), Deploy=("fifth",)),
        lambda person, card: person.adds_item(card, "Deploy", "late line"),
    ),
    "task list renamed": Write(
        lists(Made=BUILD, Test=("fourth",)),
        lambda person, card: person.ticks(card, "first", done=True),
    ),
    "task list removed": Write(
        lists(Build=BUILD),
        lambda person, card: person.adds_item(card, "Test", "late line"),
    ),
    "task made": Write(
        lists(Build=(*BUILD, "fifth"), Test=("fourth",)),
        lambda person, card: person.adds_item(card, "Build", "late line"),
    ),
    "task reworded": Write(
        reworded(),
        lambda person, card: person.ticks(card, "first", done=True),
    ),
    "task ticked": Write(
        replace(lists(Build=("+first", "+second", "third"), Test=("fourth",)), version=at(5, 6)),
        lambda person, card: person.ticks(card, "first", done=True),
    ),
    "task unticked": Write(
        replace(lists(Build=("first", "second", "third"), Test=("fourth",)), version=at(5, 6)),
        lambda person, card: person.ticks(card, "third", done=True),
    ),
    "tasks in another order": Write(lists(Build=("third", "first", "+second"), Test=("fourth",))),
    "task to another list": Write(lists(Build=BUILD[1:], Test=("fourth", "first"))),
    "task removed": Write(
        lists(Build=BUILD[:1], Test=("fourth",)),
        lambda person, card: person.ticks(card, "second", done=False),
    ),
    "archive": Write(over(version=at(6)), lambda person, card: person.edits(card, title="Theirs")),
    "version": Write(
        replace(FULL, title="New", version=at(6)),
        lambda person, card: person.clears_version(card),
    ),
}

ALL_AT_ONCE = replace(
    card(Made=("first", "fifth"), Test=("+fourth",)),
    title="New",
    text="Another reason",
    column=Column.IN_PROGRESS,
    labels=frozenset({"agent", "failed"}),
    version=at(6),
)


def seen_of(board: Board, clone: Clone[Board]) -> SeenCard:
    """Return our card, wherever it is, as the board has it now."""
    asked = {key(): replace(clone.base[key()], finished=False)}
    return next(each for each in board.read(asked).cards if each.key == key())


def lines_of(seen: SeenCard) -> list[str]:
    return [line.text for each in seen.checklists for line in each.items]


LATE = {"task list made", "task list removed", "task made"}
"""Where the person adds a line to the very task list that is written."""


class MeanwhileContract:
    """Inherit beside ``BoardContract``, with the same fixtures."""

    @pytest.mark.parametrize("kind", WRITES)
    def test_what_a_person_saves_between_reading_and_writing_survives(
        self, clone: Clone[Board], person: Person, kind: str
    ) -> None:
        write, board = WRITES[kind], clone.board
        clone.sync([write.before])
        card_id = clone.base[key()].card_id
        description = seen_of(board, clone).description

        def save() -> None:
            person.edits(card_id, description=f"Above\n\n{description}\n\nBelow")
            person.labels(card_id, "theirs")
            person.adds_item(card_id, "Build", "their line")
            person.adds_item(card_id, "Their list", "fourth")
            write.act(person, card_id)

        clone.sync([write.after], meanwhile=save)
        for _ in range(2):
            clone.sync([write.after])
        again = clone.sync([write.after])

        assert again.operations == ()
        seen = seen_of(board, clone)
        assert seen.id == card_id
        assert seen.description.startswith("Above\n\n")
        assert seen.description.endswith("\n\nBelow")
        assert "theirs" in seen.labels
        lines = lines_of(seen)
        assert lines.count("their line") == 1
        assert lines.count("late line") == (kind in LATE)
        assert item_lines(seen)["Their list"] == [("fourth", False)]
        assert_says(seen, write.after)

    @pytest.mark.parametrize(
        ("kind", "act"),
        [
            ("description", lambda person, card: person.edits(card, title="Theirs")),
            ("list", lambda person, card: person.edits(card, title="Theirs")),
            ("list", lambda person, card: person.edits(card, description="Theirs alone")),
            ("task reworded", lambda person, card: person.ticks(card, "first", done=True)),
            ("task to another list", lambda person, card: person.ticks(card, "first", done=True)),
        ],
    )
    def test_what_a_person_changes_of_ours_beside_what_is_written_is_repaired(
        self, clone: Clone[Board], person: Person, kind: str, act: Callable[[Person, str], object]
    ) -> None:
        wanted = WRITES[kind].after
        clone.sync([FULL])
        card_id = clone.base[key()].card_id
        clone.sync([wanted], meanwhile=lambda: act(person, card_id))
        clone.sync([wanted])
        assert clone.sync([wanted]).operations == ()
        seen = seen_of(clone.board, clone)
        assert (seen.id, seen.key) == (card_id, key())
        assert_says(seen, wanted)

    @pytest.mark.parametrize(
        "act", ["archives", "trashes", "deletes", "takes_away", "copies", "clears_version"]
    )
    def test_what_a_person_does_with_the_card_before_all_of_it_is_written_is_respected(
        self, clone: Clone[Board], made: SeenCard, person: Person, act: str
    ) -> None:
        with suppress(RefusedError):
            clone.sync([ALL_AT_ONCE], meanwhile=lambda: getattr(person, act)(made.id))
        for _ in range(2):
            clone.sync([ALL_AT_ONCE])
        assert clone.sync([ALL_AT_ONCE]).operations == ()
        cards = {each.id: each for each in clone.board.read({}).cards}
        stays = act in {"copies", "clears_version"}
        assert (made.id in cards) == stays
        # A deleted card is made again: its task has changed since it was last written to the end.
        assert len(cards) == {"copies": 2, "clears_version": 1, "deletes": 1}.get(act, 0)
        if stays or act == "deletes":
            assert_says(cards.get(made.id) or next(iter(cards.values())), ALL_AT_ONCE)

    def test_a_task_list_that_a_person_removes_meanwhile_is_made_again(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        ticked = replace(lists(Build=("+first", "+second"), Test=("fourth",)), version=at(6))
        with suppress(RefusedError):
            clone.sync([ticked], meanwhile=lambda: person.drops_list(made.id, "Build"))
        for _ in range(2):
            clone.sync([ticked])
        assert clone.sync([ticked]).operations == ()
        assert_says(seen_of(clone.board, clone), ticked)


def assert_says(seen: SeenCard, wanted: Card) -> None:
    """Our part of the card is as it was asked for; an archived one keeps what it said."""
    if wanted.column is Column.ARCHIVE:
        assert seen.archived
        return
    assert (seen.title, seen.column) == (wanted.title, wanted.column)
    assert seen.labels - {"theirs"} == wanted.labels
    assert wanted.text in seen.description
    for checklist in wanted.checklists:
        ours = [(item.text, item.done) for item in checklist.items]
        assert ours in [
            [(line.text, line.done) for line in each.items if (line.text, line.done) in ours]
            for each in seen.checklists
            if each.title == checklist.title
        ]
    known = {item.text for each in wanted.checklists for item in each.items}
    assert set(lines_of(seen)) - known <= {"their line", "late line", "fourth"}
