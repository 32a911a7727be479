"""Lines that people add to our task lists, on any board: above all those that say what ours say."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from boards.contract import item_lines, only_card
from core.made import at, card, key, kinds
from core.passes import Clone
from kanban_sync.core.board import Checklist, Item
from kanban_sync.core.errors import BoardUnreachableError
from kanban_sync.core.operations import RenameChecklist, Update

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from boards.contract import Person
    from kanban_sync.core.board import Card, SeenCard
    from kanban_sync.core.ports import Board

    class AtWrite(Protocol):
        """Lets something happen at one of the next writes, counted from 1: before it, or after."""

        def __call__(self, write: int, act: Callable[[], object], *, is_done: bool) -> None: ...


def build(*lines: str, version: int = 5) -> Card:
    return card(Build=lines, version=at(version))


BEFORE = build("first")
WITH = build("first", "ask Bob", version=6)
WITHOUT = build("first", version=7)
MORE = build("first", "step 1", "step 2", version=6)
MORE_LISTS = replace(
    BEFORE,
    checklists=(
        Checklist("Build", (Item("first", "first", done=False), Item("1", "step 1", done=True))),
        Checklist("Test", (Item("2", "same", done=False), Item("3", "same", done=True))),
        Checklist("Ship", (Item("4", "same", done=False),)),
    ),
    version=at(6),
)


class LinesContract:
    """Inherit beside ``BoardContract``, with the same fixtures, and ``at_write``."""

    @pytest.fixture
    def asked(self, clone: Clone[Board], person: Person) -> SeenCard:
        """The card of BEFORE, in which a person added a line and ticked it."""
        clone.sync([BEFORE])
        made = only_card(clone.board)
        person.adds_item(made.id, "Build", "ask Bob")
        person.ticks(made.id, "ask Bob", done=True)
        return only_card(clone.board)

    def test_a_line_of_a_person_stays_beside_ours_that_says_the_same(
        self, clone: Clone[Board], asked: SeenCard
    ) -> None:
        theirs = asked.checklists[0].items[1]
        clone.sync([WITH])
        assert lines_of(clone) == [
            ("ask Bob", False),
            ("ask Bob", True),
            ("first", False),
        ]
        assert clone.sync([WITH]).operations == ()
        assert theirs_of(clone, theirs.id) == (theirs.text, theirs.done)
        clone.sync([WITHOUT])
        assert lines_of(clone) == [("ask Bob", True), ("first", False)]
        assert theirs_of(clone, theirs.id) == (theirs.text, theirs.done)

    @pytest.mark.parametrize("is_known", [True, False], ids=["from before", "new"])
    def test_another_clone_tells_a_line_of_a_person_from_ours_that_says_the_same(
        self, clone: Clone[Board], asked: SeenCard, *, is_known: bool
    ) -> None:
        other = Clone(clone.board)
        if is_known:
            other.sync([BEFORE])
        clone.sync([WITH])
        assert kinds(other.sync([WITH])) == ["Remember"]
        other.sync([WITHOUT])
        for each in (clone, other):
            each.sync([WITHOUT])
        assert lines_of(clone) == [("ask Bob", True), ("first", False)]
        theirs = asked.checklists[0].items[1]
        assert theirs_of(clone, theirs.id) == (theirs.text, theirs.done)

    def test_a_line_of_a_person_that_is_called_as_its_list_stays(
        self, clone: Clone[Board], person: Person
    ) -> None:
        clone.sync([BEFORE])
        person.adds_item(only_card(clone.board).id, "Build", "Build")
        for each in (clone, Clone(clone.board)):
            each.sync([BEFORE])
            each.sync([WITH])
            assert ("Build", False) in lines_of(clone)

    @pytest.mark.parametrize("write", range(1, 3))
    @pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
    def test_a_line_of_a_person_survives_a_sync_that_is_cut_off(
        self, clone: Clone[Board], asked: SeenCard, at_write: AtWrite, write: int, *, is_done: bool
    ) -> None:
        """The version field is written first, then ours: it is there once, as theirs is."""
        at_write(write, cut_off, is_done=is_done)
        with pytest.raises(BoardUnreachableError):
            clone.sync([WITH])
        clone.sync([WITH])
        assert clone.sync([WITH]).operations == ()
        assert lines_of(clone) == [("ask Bob", False), ("ask Bob", True), ("first", False)]
        theirs = asked.checklists[0].items[1]
        assert theirs_of(clone, theirs.id) == (theirs.text, theirs.done)

    @pytest.mark.parametrize("write", range(1, 7))
    @pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
    def test_a_card_that_was_half_made_gets_each_of_its_lines_once(
        self, clone: Clone[Board], at_write: AtWrite, write: int, *, is_done: bool
    ) -> None:
        clone.sync([])
        at_write(write, cut_off, is_done=is_done)
        with pytest.raises(BoardUnreachableError):
            clone.sync([WITH])
        clone.sync([WITH])
        assert clone.sync([WITH]).operations == ()
        assert lines_of(clone) == [("ask Bob", False), ("first", False)]

    @pytest.mark.parametrize("write", range(1, 4))
    def test_a_person_who_adds_a_line_while_a_list_is_emptied_keeps_line_and_list(
        self, clone: Clone[Board], person: Person, at_write: AtWrite, write: int
    ) -> None:
        clone.sync([card(Build=("first",), Test=("second", "third"))])
        made = only_card(clone.board)
        emptied = build("first", version=6)
        at_write(write, lambda: person.adds_item(made.id, "Test", "mine"), is_done=False)
        for _ in range(2):
            clone.sync([emptied])
        assert item_lines(only_card(clone.board)) == {
            "Build": [("first", False)],
            "Test": [("mine", False)],
        }
        assert clone.sync([emptied]).operations == ()

    # --- made twice ---------------------------------------------------------------------------

    @pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
    @pytest.mark.parametrize("after", [MORE, MORE_LISTS], ids=["lines", "lists"])
    def test_lines_that_clones_made_at_the_same_time_become_one_each(
        self, clone: Clone[Board], after: Card, order: tuple[int, ...]
    ) -> None:
        clones = [clone, Clone(clone.board), Clone(clone.board)]
        for each in clones:
            each.sync([BEFORE])
        # Each reads before the other has written.
        clone.sync([after], meanwhile=lambda: clones[1].sync([after]))
        for _ in range(2):
            for number in order:
                clones[number].sync([after])
        assert item_lines(only_card(clone.board)) == wanted_lines(after)
        assert len(only_card(clone.board).checklists) == len(after.checklists)
        for each in clones:
            assert each.sync([after]).operations == ()

    def test_three_clones_that_make_the_same_at_once_leave_the_oldest(
        self, clone: Clone[Board]
    ) -> None:
        one, two, three = clone, Clone(clone.board), Clone(clone.board)
        for each in (one, two, three):
            each.sync([BEFORE])
        last = lambda: three.sync([MORE])  # noqa: E731
        one.sync([MORE], meanwhile=lambda: two.sync([MORE], meanwhile=last))
        oldest = set(three.base[key()].items.values())
        for _ in range(2):
            for each in (one, two, three, Clone(clone.board)):
                each.sync([MORE])
        assert {line.id for line in only_card(clone.board).checklists[0].items} == oldest

    @pytest.mark.parametrize("act", ["the younger", "the older"])
    def test_the_tick_that_a_person_gave_to_one_of_two_equal_lines_is_kept_as_drift(
        self, clone: Clone[Board], person: Person, act: str
    ) -> None:
        one, two = clone, Clone(clone.board)
        for each in (one, two):
            each.sync([BEFORE])
            each.keep_drift = True
        one.sync([MORE], meanwhile=lambda: two.sync([MORE]))
        ticking = one if act == "the younger" else two
        person.ticks_item(ticking.base[key()].items["step 1"])
        for _ in range(2):
            for each in (one, two):
                each.sync([MORE])
        assert lines_of(clone) == [("first", False), ("step 1", True), ("step 2", False)]

    def test_a_line_of_a_person_stays_when_ours_that_says_the_same_was_made_twice(
        self, clone: Clone[Board], asked: SeenCard
    ) -> None:
        theirs = asked.checklists[0].items[1]
        one, two = clone, Clone(clone.board)
        two.sync([BEFORE])
        one.sync([WITH], meanwhile=lambda: two.sync([WITH]))
        for each in (one, two, one, two):
            each.sync([WITH])
        assert lines_of(clone) == [("ask Bob", False), ("ask Bob", True), ("first", False)]
        assert theirs_of(clone, theirs.id) == (theirs.text, theirs.done)
        for each in (one, two, one, two):
            each.sync([WITHOUT])
        assert lines_of(clone) == [("ask Bob", True), ("first", False)]

    # --- lists and cards that people changed ----------------------------------------------------

    def test_the_lines_of_a_copy_without_version_that_took_the_place_of_its_card_are_known(
        self, clone: Clone[Board], person: Person
    ) -> None:
        clone.sync([BEFORE])
        made = only_card(clone.board)
        copy = person.copies(made.id)
        person.deletes(made.id)
        person.clears_version(copy)
        clone.sync([BEFORE], force=True)
        assert lines_of(clone) == [("first", False)]
        assert clone.sync([BEFORE], force=True).operations == ()

    def test_a_task_list_that_a_person_renamed_gets_its_name_back(
        self, clone: Clone[Board], person: Person
    ) -> None:
        clone.sync([BEFORE])
        made = only_card(clone.board)
        person.renames_list(made.id, "Build", "Mine")
        person.adds_item(made.id, "Build", "theirs")
        (update,) = clone.sync([BEFORE]).operations
        assert isinstance(update, Update)
        assert [type(each) for each in update.changes] == [RenameChecklist]
        lists = {
            each.id: [line.text for line in each.items]
            for each in only_card(clone.board).checklists
        }
        assert lists[made.checklists[0].id] == ["first"]
        clone.sync([build("first", "second", version=6)])
        lists = {
            each.id: [line.text for line in each.items]
            for each in only_card(clone.board).checklists
        }
        assert lists[made.checklists[0].id] == ["first", "second"]
        assert sorted(lists.values()) == [["first", "second"], ["theirs"]]

    def test_a_task_list_that_a_person_renamed_is_left_so_where_drift_is_kept(
        self, clone: Clone[Board], person: Person
    ) -> None:
        clone.sync([BEFORE])
        clone.keep_drift = True
        person.renames_list(only_card(clone.board).id, "Build", "Mine")
        assert clone.sync([BEFORE]).operations == ()
        assert item_lines(only_card(clone.board)) == {"Mine": [("first", False)]}


def wanted_lines(wanted: Card) -> dict[str, list[tuple[str, bool]]]:
    return {
        each.title: [(item.text, item.done) for item in each.items] for each in wanted.checklists
    }


def cut_off() -> None:
    raise BoardUnreachableError("the test cut it off")


def lines_of(clone: Clone[Board]) -> list[tuple[str, bool]]:
    (lines,) = item_lines(only_card(clone.board)).values()
    return sorted(lines)


def theirs_of(clone: Clone[Board], line_id: str) -> tuple[str, bool]:
    card = only_card(clone.board)
    assert card.key == key()
    (found,) = [
        (line.text, line.done)
        for each in card.checklists
        for line in each.items
        if line.id == line_id
    ]
    return found
