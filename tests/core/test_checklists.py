"""Task lists: which line is which task, where it goes, and how few writes that takes."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.made import MARK, at, base_of, card, shown
from kanban_sync.core.board import Card, Said, SeenCard, SeenChecklist, SeenItem, Stamp
from kanban_sync.core.checklists import STEP, compare_checklists, place_between
from kanban_sync.core.lines import MARKS, line_marks
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    DropChecklist,
    DropItem,
    RenameChecklist,
    SetItem,
)


def compare(
    wanted: Card, seen: SeenCard, base: Said | None
) -> tuple[tuple[object, ...], tuple[object, ...]]:
    found = compare_checklists(wanted.checklists, seen.checklists, base, seen.stamp)
    return found.text, found.status


BEFORE = card(Build=("a", "b", "c"), Test=("d",))
SEEN = shown(BEFORE)
BASE = base_of(BEFORE)


def text_of(wanted: Card) -> tuple[object, ...]:
    text, status = compare(wanted, SEEN, BASE)
    assert status == ()
    return text


def with_lines(seen: SeenCard, title: str, *texts: str) -> SeenCard:
    """Return the card after a person added lines to the task list with that title."""
    lists = tuple(
        each._replace(
            items=(
                *each.items,
                *(SeenItem(f"p-{text}", text, done=False, position=99.0) for text in texts),
            ),
        )
        if each.title == title
        else each
        for each in seen.checklists
    )
    return replace(seen, checklists=lists)


def test_lines_as_they_should_be_need_no_write() -> None:
    assert compare(BEFORE, SEEN, BASE) == ((), ())
    assert compare(BEFORE, SEEN, None) == ((), ())


def test_a_tick_belongs_to_the_status_part() -> None:
    text, status = compare(card(Build=("a", "+b", "c"), Test=("d",)), SEEN, BASE)
    assert text == ()
    (change,) = status
    assert isinstance(change, SetItem)
    assert (change.id, change.done) == ("1-b", True)


def test_a_tick_that_was_taken_off_is_written_too() -> None:
    ticked = card(Build=("+a",))
    _, (change,) = compare(card(Build=("a",)), shown(ticked), base_of(ticked))
    assert isinstance(change, SetItem)
    assert change.done is False


def test_a_reworded_line_is_renamed() -> None:
    (build, test) = BEFORE.checklists
    items = (build.items[0]._replace(text="a, but better"), *build.items[1:])
    (change,) = text_of(replace(BEFORE, checklists=(build._replace(items=items), test)))
    assert isinstance(change, SetItem)
    assert (change.id, change.text, change.position) == ("1-a", "a, but better", None)


def test_a_new_line_goes_between_its_neighbours() -> None:
    (change,) = text_of(card(Build=("a", "new", "b", "c"), Test=("d",)))
    assert isinstance(change, AddItem)
    assert (change.checklist, change.item.text, change.position) == ("Build", "new", 1.5)


def test_a_new_line_at_the_end_goes_below_the_last() -> None:
    (change,) = text_of(card(Build=("a", "b", "c", "new"), Test=("d",)))
    assert isinstance(change, AddItem)
    assert change.position == 3.0 + STEP


def test_a_line_whose_task_is_gone_is_removed() -> None:
    assert text_of(card(Build=("a", "c"), Test=("d",))) == (DropItem("1-b", "b"),)


def test_a_list_without_tasks_is_removed_after_its_lines() -> None:
    assert text_of(card(Build=("a", "b", "c"))) == (
        DropItem("1-d", "d"),
        DropChecklist("1-Test", "Test"),
    )


def test_a_list_in_which_a_person_has_a_line_is_kept() -> None:
    seen = with_lines(SEEN, "Test", "theirs")
    text, _ = compare(card(Build=("a", "b", "c")), seen, BASE)
    assert text == (DropItem("1-d", "d"),)


def test_an_empty_list_of_a_person_with_a_title_of_ours_is_kept() -> None:
    theirs = SeenChecklist("p", "Build", 9.0)
    seen = replace(SEEN, checklists=(*SEEN.checklists, theirs))
    assert compare(BEFORE, seen, BASE) == ((), ())


def test_a_group_with_another_name_is_a_list_with_another_name() -> None:
    assert text_of(card(Made=("a", "b", "c"), Test=("d",))) == (RenameChecklist("1-Build", "Made"),)


@pytest.mark.parametrize(
    ("groups", "position"),
    [
        (("New", "Build", "Test"), 0.5),
        (("Build", "New", "Test"), 1.5),
        (("Build", "Test", "New"), 2.0 + STEP),
    ],
)
def test_a_new_group_stands_between_its_neighbours(
    groups: tuple[str, ...], position: float
) -> None:
    lines = {"New": ("new",), "Build": ("a", "b", "c"), "Test": ("d",)}
    (first, _) = text_of(card(**{group: lines[group] for group in groups}))  # type: ignore[arg-type]
    assert first == AddChecklist("New", position)


def test_a_list_of_a_person_is_not_renamed_though_it_holds_our_lines() -> None:
    mine = SeenChecklist("p", "Mine", 1.0, SEEN.checklists[0].items)
    seen = replace(SEEN, checklists=(mine, SEEN.checklists[1]))
    text, _ = compare(BEFORE, seen, BASE)
    assert text[0] == AddChecklist("Build", 1.0)
    assert [(each.id, each.checklist) for each in text[1:] if isinstance(each, SetItem)] == [
        ("1-a", "Build"),
        ("1-b", "Build"),
        ("1-c", "Build"),
    ]


def test_a_line_that_changes_its_group_changes_its_list() -> None:
    (change,) = text_of(card(Build=("a", "b"), Test=("c", "d")))
    assert isinstance(change, SetItem)
    assert (change.id, change.checklist, change.position) == ("1-c", "Test", 0.5)


def test_one_line_that_moved_is_one_write() -> None:
    (change,) = text_of(card(Build=("c", "a", "b"), Test=("d",)))
    assert isinstance(change, SetItem)
    assert (change.id, change.position) == ("1-c", 0.5)


def test_lines_of_a_person_are_no_business_of_ours() -> None:
    seen = with_lines(SEEN, "Build", "theirs", "a")
    assert compare(BEFORE, seen, BASE) == ((), ())


def test_a_line_of_a_person_that_says_the_same_is_not_ours() -> None:
    """It was there first, or it is the copy of a line that we know."""
    seen = with_lines(SEEN, "Build", "theirs", "a")
    wanted = card(Build=("a", "b", "c", "theirs"), Test=("d",))
    found = compare_checklists(wanted.checklists, seen.checklists, BASE, seen.stamp)
    (added,) = found.text
    assert isinstance(added, AddItem)
    assert added.item.text == "theirs"
    assert found.theirs == {"p-theirs", "p-a"}


@pytest.mark.parametrize("base", [None, BASE], ids=["a new clone", "one from before"])
def test_of_two_equal_lines_that_nobody_knows_ours_has_the_tick_of_the_task(
    base: Said | None,
) -> None:
    there = card(Build=("a", "b", "c", "ask"), Test=("d",))
    seen = ticked(with_lines(shown(there), "Build", "ask"), "p-ask")
    found = compare_checklists(there.checklists, seen.checklists, base, seen.stamp)
    assert (found.text, found.status) == ((), ())
    assert found.items["ask"] == "1-ask"
    # The clone that made the one we took may have made it at the same time as another clone.
    assert found.theirs == frozenset()


def test_of_two_equal_lines_ours_is_the_later_one() -> None:
    build, test = SEEN.checklists
    lines = tuple(SeenItem(id_, "ask", done=False, position=9.0) for id_ in ("99", "100"))
    seen = replace(SEEN, checklists=(build._replace(items=(*build.items, *lines)), test))
    wanted = card(Build=("a", "b", "c", "ask"), Test=("d",))
    marked = Stamp(at(5), MARK, lines=line_marks(wanted.checklists))
    found = compare_checklists(wanted.checklists, seen.checklists, BASE, marked)
    assert found.items["ask"] == "100"


def test_a_line_of_a_person_stays_theirs_after_a_crash_between_the_mark_and_our_line() -> None:
    seen = with_lines(SEEN, "Build", "ask")
    wanted = card(Build=("a", "b", "c", "ask"), Test=("d",))
    marked = Stamp(at(6), MARK, lines=line_marks(wanted.checklists))
    begun = replace(BASE, said=wanted, finished=False, theirs=frozenset({"p-ask"}))
    (added,) = compare_checklists(wanted.checklists, seen.checklists, begun, marked).text
    assert isinstance(added, AddItem)
    after = with_lines(seen, "Build", "new")
    after = renamed(after, "p-new", "ask")
    found = compare_checklists(wanted.checklists, after.checklists, begun, marked)
    assert found.text == ()
    assert (found.items["ask"], *found.theirs) == ("p-new", "p-ask")


def test_a_line_of_a_person_that_says_what_a_task_list_is_called_stays() -> None:
    seen = with_lines(SEEN, "Build", "Build", "Test")
    for base in (None, BASE):
        assert compare(BEFORE, seen, base) == ((), ())


def test_a_line_of_a_person_that_says_what_ours_said_before_it_was_reworded_stays() -> None:
    seen = with_lines(renamed(SEEN, "1-a", "a person's a"), "Build", "a")
    (rename,), status = compare(BEFORE, seen, BASE)
    assert isinstance(rename, SetItem)
    assert (rename.id, rename.text, status) == ("1-a", "a", ())


def test_where_no_version_tells_lines_are_known_by_their_text_and_none_is_removed() -> None:
    """So it is on cards that are taken over from another tool."""
    seen = replace(with_lines(SEEN, "Build", "theirs"), stamp=None)
    assert compare(BEFORE, seen, None) == ((), ())
    assert compare(card(Build=("a",)), seen, None) == ((), ())


def test_lines_that_the_version_field_has_no_room_for_are_known_by_their_text() -> None:
    lines = tuple(f"line {number}" for number in range(MARKS + 20))
    there = card(Build=lines, version=at(6))
    seen = ticked(with_lines(shown(there), "Build", "theirs", "line 1"), "p-line 1")
    before = card(Build=lines[:-1], version=at(5))
    for base in (None, base_of(before, shown(before))):
        found = compare_checklists(there.checklists, seen.checklists, base, seen.stamp)
        assert (found.text, found.status) == ((), ())
        assert found.items["line 1"] == "1-line 1"
        assert "p-theirs" in found.theirs


def test_of_a_card_that_this_clone_wrote_last_all_lines_are_known() -> None:
    lines = tuple(f"line {number}" for number in range(MARKS + 20))
    before = card(Build=lines)
    seen = with_lines(shown(before), "Build", "theirs")
    wanted = card(Build=(*lines, "theirs"))
    (added,) = compare_checklists(
        wanted.checklists, seen.checklists, base_of(before), seen.stamp
    ).text
    assert isinstance(added, AddItem)


def ticked(seen: SeenCard, line_id: str) -> SeenCard:
    return _with(seen, line_id, done=True)


def renamed(seen: SeenCard, line_id: str, text: str) -> SeenCard:
    return _with(seen, line_id, text=text)


def _with(seen: SeenCard, line_id: str, **changes: object) -> SeenCard:
    lists = tuple(
        each._replace(
            items=tuple(
                line._replace(**changes) if line.id == line_id else line  # type: ignore[arg-type]
                for line in each.items
            ),
        )
        for each in seen.checklists
    )
    return replace(seen, checklists=lists)


def test_a_line_that_a_person_dragged_comes_back() -> None:
    build, test = SEEN.checklists
    dragged = build.items[2]._replace(position=0.5)
    seen = replace(SEEN, checklists=(build._replace(items=(dragged, *build.items[:2])), test))
    (change,), _ = compare(BEFORE, seen, BASE)
    assert isinstance(change, SetItem)
    assert (change.id, change.position) == ("1-c", 2.0 + STEP)


def test_a_text_that_the_board_stores_otherwise_is_not_written_again() -> None:
    build, test = SEEN.checklists
    stored = build.items[0]._replace(text="A")
    seen = replace(SEEN, checklists=(build._replace(items=(stored, *build.items[1:])), test))
    assert compare(BEFORE, seen, base_of(BEFORE, seen)) == ((), ())
    unfinished = replace(base_of(BEFORE, seen), finished=False)
    assert compare(BEFORE, seen, unfinished)[0] != ()


def test_without_a_base_lines_are_known_by_their_text() -> None:
    found = compare_checklists(BEFORE.checklists, SEEN.checklists, None)
    assert found.items == {"a": "1-a", "b": "1-b", "c": "1-c", "d": "1-d"}


def test_lines_of_a_saying_that_was_cut_off_are_known_by_their_text() -> None:
    begun = card(Build=("a", "new"), Test=("d",))
    seen = with_lines(shown(card(Build=("a",), Test=("d",))), "Build", "new")
    base = replace(base_of(card(Build=("a",), Test=("d",))), said=begun, finished=False)
    text, _ = compare(card(Build=("a",), Test=("d",)), seen, base)
    assert text == (DropItem("p-new", "new"),)


def test_a_line_of_another_clone_is_known_by_its_mark() -> None:
    """This clone has no base, and the task was reworded since: the old line does not stay."""
    there = card(Build=("1.1 write it", "gone"))
    wanted = card(Build=("1.1 write it well",))
    seen = with_lines(shown(there), "Build", "theirs")
    found = compare_checklists(wanted.checklists, seen.checklists, None, seen.stamp)
    rename, drop = found.text
    assert isinstance(rename, SetItem)
    assert (rename.id, rename.text) == ("1-1.1 write it", "1.1 write it well")
    assert drop == DropItem("1-gone", "gone")
    assert "1-gone" in found.items.values()


def test_two_tasks_with_one_text_are_two_lines() -> None:
    (build, test) = BEFORE.checklists
    items = tuple(item._replace(text="same") for item in build.items)
    wanted = replace(BEFORE, checklists=(build._replace(items=items), test))
    found = compare_checklists(wanted.checklists, shown(wanted).checklists, None)
    assert (found.text, found.status) == ((), ())
    assert len(set(found.items.values())) == 4


# --- positions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([], []),
        ([None, None], [STEP, 2 * STEP]),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        ([1.0, None, 2.0], [1.0, 1.5, 2.0]),
        ([None, 2.0], [1.0, 2.0]),
        ([1.0, None, None, 4.0], [1.0, 2.0, 3.0, 4.0]),
        ([3.0, 1.0, 2.0], [0.5, 1.0, 2.0]),
        ([2.0, 3.0, 1.0], [2.0, 3.0, 3.0 + STEP]),
        ([1.0, 1.0], [0.5, 1.0]),
        ([0.0, 1.0], [0.5, 1.0]),
    ],
)
def test_positions_rise_and_those_that_rise_already_stay(
    positions: list[float | None], expected: list[float]
) -> None:
    assert place_between(positions) == expected


@given(st.lists(st.none() | st.integers(1, 8).map(float), max_size=7))
def test_positions_always_rise_and_as_few_as_possible_change(
    positions: list[float | None],
) -> None:
    placed = place_between(positions)
    assert all(one < other for one, other in pairwise([0.0, *placed]))
    kept = sum(before == after for before, after in zip(positions, placed, strict=True))
    assert kept >= longest_rising([each for each in positions if each is not None])


def longest_rising(positions: list[float]) -> int:
    """Return the length of a longest rising run, found by trying all."""
    return next(
        length
        for length in range(len(positions), -1, -1)
        for run in combinations(positions, length)
        if all(one < other for one, other in pairwise(run))
    )
