"""One test for each row of the table in plan.py, and the guard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.made import MARK, PROJECT, at, base_of, board, card, key, kinds, over, shown
from kanban_sync.core.board import NEVER, Said, Stamp, Words
from kanban_sync.core.checklists import STEP
from kanban_sync.core.columns import Column
from kanban_sync.core.description import compose, task_mark
from kanban_sync.core.model import UNKNOWN, TaskKey
from kanban_sync.core.operations import (
    Archive,
    Create,
    Forget,
    Move,
    Note,
    Plan,
    Remember,
    SetItem,
    SetText,
    SetTitle,
    Update,
    wants_another_look,
)
from kanban_sync.core.places import block_mark
from kanban_sync.core.plan import plan
from kanban_sync.core.sayings import about_to_say

if TYPE_CHECKING:
    from kanban_sync.core.board import BoardState, Card, CardVersion, SeenCard

WHY = block_mark("Why")
NOW = 1_800_000_000.0
TASK = task_mark(key())


def decide(
    desired: Card | None, actual: BoardState, base: Said | None = None, mark: str = MARK
) -> Plan:
    cards = [desired] if desired is not None else []
    known = {base.said.key: base} if base is not None else {}
    return plan(cards, actual, known, mark, PROJECT)


def only(found: Plan) -> object:
    """Return the one operation of a plan; it has no notes then."""
    assert found.notes == ()
    assert found.held == ()
    (operation,) = found.operations
    return operation


def noted(found: Plan) -> str:
    """Return the one note of a plan that does nothing."""
    assert found.operations == ()
    assert found.held == ()
    (note,) = found.notes
    assert isinstance(note, Note)
    return note.text


def test_row_1_a_base_of_which_neither_task_nor_card_exist_is_forgotten() -> None:
    found = decide(None, board(gone=["1"]), base_of(card()))
    assert only(found) == Forget(key(), "neither task nor card exist any more")


def test_row_2_a_task_that_is_not_asked_for_leaves_its_card_alone() -> None:
    assert decide(None, board(shown(card())), base_of(card())) == Plan()


@pytest.mark.parametrize("actual", [board(), board(shown(over()))])
def test_row_3_a_task_that_is_over_and_never_had_a_card_gets_none(actual: BoardState) -> None:
    assert decide(over(), actual) == Plan()


def test_row_4_the_deleted_card_of_a_task_that_is_over_is_forgotten() -> None:
    found = decide(over(), board(gone=["1"]), base_of(card()))
    assert only(found) == Forget(key(), "its card is not there")


def test_row_4_a_card_that_was_never_made_is_forgotten() -> None:
    base = Said("", card(), MARK, finished=False)
    assert only(decide(over(), board(), base)) == Forget(key(), "its card is not there")


def test_row_5_a_card_that_is_in_the_archive_already_is_remembered_as_over() -> None:
    seen = shown(over())
    marked = replace(seen, stamp=Stamp(at(5), MARK, archived=True))
    operation = only(decide(over(), board(marked), base_of(card())))
    assert isinstance(operation, Remember)
    assert operation.said.archived
    operation = only(decide(over(), board(seen), base_of(card())))
    assert isinstance(operation, Remember)
    assert not operation.said.archived
    assert operation.said.said == over()
    assert decide(over(), board(seen), operation.said) == Plan()


def test_row_6_a_card_that_another_clone_made_is_not_archived() -> None:
    assert "not made by this clone" in noted(decide(over(), board(shown(card()))))


def test_row_7_a_card_that_another_clone_changed_later_is_not_archived() -> None:
    newer = shown(card(), stamp=Stamp(at(5, 9), "other"))
    assert "newer version" in noted(decide(over(version=at(7)), board(newer), base_of(card())))


def test_row_7_what_was_only_seen_of_another_clone_was_not_said_by_us() -> None:
    newer = shown(card(), stamp=Stamp(at(5, 9), MARK, block=WHY))
    base = base_of(card(), newer)
    assert "newer version" in noted(decide(over(version=at(7)), board(newer), base))


def test_row_8_a_task_that_is_over_takes_its_card_into_the_archive() -> None:
    operation = only(decide(over(version=at(7)), board(shown(card())), base_of(card())))
    assert isinstance(operation, Archive)
    assert operation.stamp == Stamp(at(7), MARK, archived=True, block=WHY, task=TASK)


def test_row_8_a_task_that_a_reset_took_away_takes_along_what_we_said_last() -> None:
    gone = over(version=at(0))
    assert isinstance(only(decide(gone, board(shown(card())), base_of(card()))), Archive)


@pytest.mark.parametrize(
    ("keep_drift", "version", "expected"),
    [(True, at(5), []), (False, at(5), ["Archive"]), (True, at(6), ["Archive"])],
    ids=["kept", "repaired", "changed since"],
)
def test_row_8_what_a_person_takes_out_of_the_archive_is_kept_if_drift_is(
    *, keep_drift: bool, version: CardVersion, expected: list[str]
) -> None:
    stamp = Stamp(at(5), MARK, archived=True)
    base = base_of(over(), shown(over(), stamp=stamp), archived=True)
    out = shown(card(), stamp=stamp)
    found = plan(
        [over(version=version)], board(out), {key(): base}, MARK, PROJECT, keep_drift=keep_drift
    )
    assert kinds(found) == expected
    assert [note.is_drift for note in found.notes] == [True] * (not expected)


def test_row_9_a_task_without_a_card_gets_one_below_the_last() -> None:
    stranger = replace(shown(card("s"), "9"), key=None, position=100.0, description="")
    found = plan([card("a"), card("b")], board(stranger), {}, MARK, PROJECT)
    first, second = found.operations
    assert isinstance(first, Create)
    assert isinstance(second, Create)
    assert 100.0 < first.position < second.position
    assert first.stamp == Stamp(card().version, MARK, block=WHY, task=TASK)


def test_row_9_a_card_that_was_about_to_be_made_is_made_or_found() -> None:
    base = Said("", card(), MARK, finished=False)
    assert isinstance(only(decide(card(), board(), base)), Create)
    assert isinstance(only(decide(card(), board(shown(card())), base)), Remember)


def test_row_10_a_card_that_a_person_deleted_stays_deleted() -> None:
    found = decide(card(), board(gone=["1"]), base_of(card()))
    (operation,) = found.operations
    assert isinstance(operation, Remember)
    assert operation.said.deleted
    again = decide(card(), board(gone=["1"]), operation.said)
    assert again.operations == ()
    text = "1 card was deleted on the board; 'kanban-sync sync --force' makes it again"
    assert [[(note.key, note.text) for note in each.notes] for each in (found, again)] == [
        [("", text)]
    ] * 2


def test_row_10_several_deleted_cards_are_told_as_one() -> None:
    cards = [card("a"), card("b"), over("c")]
    base = {each.key: base_of(each, shown(each, each.key.name)) for each in cards}
    found = plan(cards, board(gone=["a", "b", "c"]), base, MARK, PROJECT)
    assert [note.text[:18] for note in found.notes] == ["2 cards were delet"]


def test_row_11_a_deleted_card_comes_back_when_its_task_changes() -> None:
    changed = card(title="Other", version=at(6))
    assert isinstance(only(decide(changed, board(gone=["1"]), base_of(card()))), Create)


def test_row_11_a_deleted_card_comes_back_if_it_is_forced() -> None:
    deleted = base_of(card(), deleted=True)
    found = plan([card()], board(gone=["1"]), {key(): deleted}, MARK, PROJECT, force=True)
    operation = only(found)
    assert isinstance(operation, Create)
    assert operation.reason == "forced"


@pytest.mark.parametrize("begun", [1, 3, 9])
@pytest.mark.parametrize(
    ("former", "kind"),
    [
        (base_of(card()), Create),
        (base_of(over(), archived=True), Create),
        (None, Create),
        (base_of(card(title="Said", version=at(6))), Remember),
    ],
    ids=["said less", "archived", "said nothing", "said the same"],
)
def test_row_10_what_was_begun_but_not_finished_does_not_count_as_said(
    former: Said | None, kind: type, begun: int
) -> None:
    wanted = card(title="Said", version=at(6))
    base = former
    for number in range(begun):
        said = replace(wanted, text=f"attempt {number % 2}") if number < begun - 1 else wanted
        update = Update(said, shown(card()), (), None, MARK, {}, "changed")
        base = about_to_say(update, base, NOW)
    assert isinstance(decide(wanted, board(gone=["1"]), base).operations[0], kind)


def test_row_12_a_card_that_a_person_moved_to_another_board_stays_there() -> None:
    found = decide(card(title="Other"), board(elsewhere=["1"]), base_of(card()))
    assert "another board" in noted(found)


def test_row_13_a_card_that_a_person_archived_stays_archived() -> None:
    seen = shown(card(), column=Column.ARCHIVE, archived=True)
    changed = card(title="Other", version=at(6))
    found = decide(changed, board(seen), base_of(card()))
    (operation,) = found.operations
    assert isinstance(operation, Remember)
    assert [(note.title, "stays archived" in note.text) for note in found.notes] == [
        ("Other", True)
    ]
    assert operation.said == replace(base_of(card()), seen=seen, settled=changed.digest)
    assert "stays archived" in noted(decide(changed, board(seen), operation.said))


def test_row_13_a_card_that_a_person_archived_before_this_clone_came_is_remembered() -> None:
    seen = shown(card(), column=Column.ARCHIVE, archived=True)
    (operation,) = decide(card(), board(seen)).operations
    assert isinstance(operation, Remember)
    assert operation.said.said.version == NEVER
    assert "stays archived" in noted(decide(card(), board(seen), operation.said))


def test_row_14_a_card_that_was_archived_for_a_later_commit_stays_archived() -> None:
    seen = shown(over(), stamp=Stamp(at(7), MARK, archived=True))
    assert "newer commit" in noted(decide(card(version=at(5)), board(seen), base_of(card())))


def test_row_14_the_newer_part_of_a_card_tells_how_new_it_is() -> None:
    seen = shown(over(), stamp=Stamp(at(7), MARK, archived=True))
    edited_later = card(version=at(5, 8))
    assert isinstance(only(decide(edited_later, board(seen), base_of(card()))), Update)


@pytest.mark.parametrize("version", [at(7), at(8)])
def test_row_15_whoever_holds_the_task_brings_its_card_back(version: object) -> None:
    seen = shown(over(), stamp=Stamp(at(7), MARK, archived=True))
    operation = only(decide(card(version=version), board(seen), base_of(card())))  # type: ignore[arg-type]
    assert isinstance(operation, Update)
    assert operation.changes == (Move(Column.TODO, 65536.0),)
    assert operation.stamp is not None
    assert not operation.stamp.archived


def test_row_15_a_deletion_that_this_clone_took_back_brings_the_card_back() -> None:
    seen = shown(over(), stamp=Stamp(at(7), MARK, archived=True))
    base = base_of(over(version=at(7)), seen, archived=True)
    assert isinstance(only(decide(card(version=at(5)), board(seen), base)), Update)


def test_row_16_a_card_that_is_as_it_should_be_is_left_alone() -> None:
    wanted = card(Tasks=("one", "+two"))
    assert decide(wanted, board(shown(wanted)), base_of(wanted)) == Plan()


@pytest.mark.parametrize(
    "base",
    [
        None,
        base_of(card(version=at(4))),
        base_of(card(), finished=False),
        base_of(card(), card_id="7"),
        base_of(card(), archived=True),
        base_of(card(), deleted=True),
        base_of(card(), items={"x": "y"}),
    ],
    ids=["none", "version", "unfinished", "card", "archived", "deleted", "items"],
)
def test_row_17_a_card_that_already_says_so_is_remembered_and_not_written(
    base: Said | None,
) -> None:
    operation = only(decide(card(), board(shown(card())), base))
    assert isinstance(operation, Remember)
    assert operation.said == base_of(card())


def test_row_18_a_card_without_a_version_is_written_in_both_parts() -> None:
    seen = shown(card(title="Old", column=Column.REVIEW), stamp=None)
    operation = only(decide(card(), board(seen)))
    assert isinstance(operation, Update)
    assert operation.changes == (SetTitle("Title"), Move(Column.TODO, 65536.0))
    assert operation.stamp == Stamp(at(5), MARK, block=WHY, task=TASK)


def test_row_18_marks_a_part_that_is_equal_anyway() -> None:
    operation = only(decide(card(), board(shown(card(title="Old"), stamp=None))))
    assert isinstance(operation, Update)
    assert operation.stamp == Stamp(at(5), MARK, block=WHY, task=TASK)


def test_row_19_a_part_that_is_older_is_written() -> None:
    old = card(title="Old", version=at(3))
    operation = only(decide(card(), board(shown(old)), base_of(old)))
    assert isinstance(operation, Update)
    assert operation.changes == (SetTitle("Title"),)
    assert operation.reason == "changed"


def test_row_20_what_we_said_ourselves_is_taken_back_after_a_reset() -> None:
    newer = card(title="Newer", version=at(9))
    operation = only(decide(card(), board(shown(newer)), base_of(newer)))
    assert isinstance(operation, Update)
    assert operation.changes == (SetTitle("Title"),)
    assert operation.stamp is not None
    assert operation.stamp.version.text == at(5).text


def test_row_20_a_taking_back_that_was_cut_off_goes_on() -> None:
    newer = card(title="Newer", version=at(9))
    base = base_of(card(), shown(newer), finished=False, before=(newer,))
    assert isinstance(only(decide(card(), board(shown(newer)), base)), Update)


@pytest.mark.parametrize("title", ["Title", "New"])
@pytest.mark.parametrize("persons", [Column.DONE, Column.REVIEW])
def test_row_20_the_version_of_what_we_said_is_taken_back_though_an_older_commit_says_it_too(
    title: str, persons: Column
) -> None:
    """Until it is, no clone may write whose version lies between the two."""
    ticked = card(column=Column.DONE, version=at(5, 9))
    seen = replace(shown(ticked), column=persons)
    older = card(title=title, column=Column.DONE, version=at(5 + (title == "New"), 7))
    operation = only(decide(older, board(seen), base_of(ticked)))
    assert isinstance(operation, Update)
    assert operation.stamp is not None
    assert operation.stamp.version == older.version
    assert operation.card == older
    moves = [each.column for each in operation.changes if isinstance(each, Move)]
    assert moves == [Column.DONE] * (persons is Column.REVIEW)


def test_row_21_what_another_clone_said_later_stays() -> None:
    newer = shown(card(title="Newer", version=at(9)))
    assert "is newer" in noted(decide(card(), board(newer), base_of(card(title="Older"))))


def test_row_21_a_part_that_another_clone_is_ahead_in_is_not_ours_to_take_back() -> None:
    """Writing the text beside another clone's newer status does not make the status ours."""
    theirs = card(column=Column.REVIEW, version=at(5, 9))
    ours = card(title="New", version=at(6, 5))
    operation = only(decide(ours, board(shown(theirs)), base_of(card())))
    assert isinstance(operation, Update)
    assert operation.changes == (SetTitle("New"),)
    assert operation.stamp == Stamp(at(6, 9), MARK, block=WHY, task=TASK)
    assert operation.card.version.status == UNKNOWN

    after = shown(theirs, title="New", stamp=operation.stamp)
    base = base_of(operation.card, after)
    moved = card(title="New", column=Column.PLANNING, version=at(6, 7))
    assert "is newer" in noted(decide(moved, board(after), base))


def test_row_22_what_a_person_changed_is_repaired() -> None:
    edited = shown(card(), title="Person's")
    operation = only(decide(card(), board(edited), base_of(card())))
    assert isinstance(operation, Update)
    assert operation.changes == (SetTitle("Title"),)
    assert operation.reason == "repaired"
    assert operation.stamp is None


def test_row_22_what_we_drew_with_a_former_release_is_redrawn() -> None:
    former = shown(card(text="Drawn otherwise"))
    found = decide(card(), board(former), base_of(card(text="Drawn otherwise")), mark="next")
    operation = only(found)
    assert isinstance(operation, Update)
    assert operation.changes == (
        SetText("Why", ("Drawn otherwise",), (block_mark("Drawn otherwise"),), Words()),
    )
    assert operation.stamp == Stamp(at(5), "next", block=WHY, task=TASK)


def kept(desired: Card, actual: BoardState, base: Said | None, mark: str = MARK) -> Plan:
    known = {base.said.key: base} if base is not None else {}
    return plan([desired], actual, known, mark, PROJECT, keep_drift=True)


@pytest.mark.parametrize(
    "edited",
    [
        shown(card(), title="Person's"),
        shown(card(), column=Column.REVIEW),
        shown(card(), labels=frozenset({"agent", "blocked"})),
        shown(card(), description=compose("Person's words", key())),
    ],
    ids=["title", "list", "label", "description"],
)
@pytest.mark.parametrize("has_base", [True, False])
def test_row_22_what_a_person_changed_is_left_where_drift_is_kept(
    edited: SeenCard, *, has_base: bool
) -> None:
    found = kept(card(), board(edited), base_of(card()) if has_base else None)
    assert "drift: keep" in noted(found)
    assert found.notes[0].is_drift


@pytest.mark.parametrize(
    ("desired", "base", "mark", "reason"),
    [
        (card(text="New", version=at(6, 5)), base_of(card()), MARK, "changed"),
        (card(text="New"), base_of(card()), MARK, "changed"),
        (card(), base_of(card(), finished=False), MARK, "continued"),
        (card(), base_of(card()), "next", "drawn anew"),
    ],
    ids=["newer", "reread", "cut off", "next release"],
)
def test_row_22_what_no_person_changed_is_written_where_drift_is_kept(
    desired: Card, base: Said, mark: str, reason: str
) -> None:
    edited = shown(card(), title="Person's", stamp=Stamp(at(5), MARK, block=WHY))
    operation = only(kept(desired, board(edited), base, mark))
    assert isinstance(operation, Update)
    assert SetTitle("Title") in operation.changes
    assert operation.reason == reason


def test_row_22_the_part_that_a_person_changed_stays_while_the_other_one_is_written() -> None:
    edited = shown(card(), title="Person's")
    moved = card(column=Column.REVIEW, version=at(5, 6))
    operation = only(kept(moved, board(edited), base_of(card())))
    assert isinstance(operation, Update)
    assert operation.changes == (Move(Column.REVIEW, 65536.0),)
    after = shown(moved, title="Person's", stamp=operation.stamp)
    assert "drift: keep" in noted(kept(moved, board(after), base_of(operation.card, after)))


def test_row_22_a_footer_is_written_again_even_where_drift_is_kept() -> None:
    edited = replace(shown(card()), key=None, description="Person's words")
    operation = only(kept(card(), board(edited), base_of(card())))
    assert isinstance(operation, Update)
    assert [type(each) for each in operation.changes] == [SetText]


def test_row_23_what_another_release_drew_is_left_to_it() -> None:
    other = shown(card(title="Drawn otherwise"), stamp=Stamp(at(5), "other"))
    assert "release" in noted(decide(card(), board(other), base_of(card())))


def test_row_24_the_younger_of_two_cards_made_at_once_is_archived_by_its_maker() -> None:
    older, younger = shown(card(), "8"), shown(card(), "11")
    base = base_of(card(), younger)
    operation = only(decide(card(), board(older, younger), base))
    assert isinstance(operation, Archive)
    assert operation.seen.id == "11"

    found = decide(card(), board(older, younger), base_of(card(), older))
    assert found.operations == ()
    assert "copy" in found.notes[0].text


def test_rows_are_decided_for_text_and_status_on_their_own() -> None:
    seen = shown(card(title="Theirs", column=Column.REVIEW, version=at(9, 3)))
    operation = only(decide(card(), board(seen), base_of(card(title="Former"))))
    assert isinstance(operation, Update)
    assert operation.changes == (Move(Column.TODO, 65536.0),)
    assert operation.stamp == Stamp(at(9, 5), MARK, block=WHY, task=TASK)


def test_one_ticked_line_is_one_change() -> None:
    before, after = card(Tasks=("one", "two")), card(Tasks=("one", "+two"), version=at(5, 6))
    operation = only(decide(after, board(shown(before)), base_of(before)))
    assert isinstance(operation, Update)
    (change,) = operation.changes
    assert isinstance(change, SetItem)
    assert (change.id, change.text, change.done, change.position) == ("1-two", None, True, None)


def test_a_card_of_another_project_is_a_strangers() -> None:
    theirs = replace(shown(card()), key=TaskKey("p2", "openspec", "a"))
    assert kinds(decide(card(), board(theirs))) == ["Create"]


# --- the guard ------------------------------------------------------------------------------------


def many(count: int) -> tuple[list[Card], BoardState, dict[TaskKey, Said]]:
    cards = [card(f"n{number}") for number in range(count)]
    seen = [shown(each, str(number)) for number, each in enumerate(cards, start=1)]
    base = {each.key: base_of(each, there) for each, there in zip(cards, seen, strict=True)}
    return cards, board(*seen), base


@pytest.mark.parametrize(
    ("cards", "flips", "is_held"),
    [(9, 9, False), (10, 3, False), (10, 4, True), (20, 6, False), (20, 7, True), (10, 10, True)],
)
@pytest.mark.parametrize("end", [Column.ARCHIVE, Column.IN_PROGRESS])
def test_more_than_30_percent_of_at_least_10_cards_are_held_back(
    cards: int, flips: int, is_held: bool, end: Column
) -> None:
    desired, actual, base = many(cards)
    for number in range(flips):
        desired[number] = replace(desired[number], column=end, version=at(6))
    found = plan(desired, actual, base, MARK, PROJECT)
    assert len(found.held) == (flips if is_held else 0)
    assert len(found.operations) == (0 if is_held else flips)


def test_other_operations_go_on_while_some_are_held_back() -> None:
    desired, actual, base = many(10)
    desired = [replace(each, column=Column.DONE, version=at(6)) for each in desired]
    desired.append(card("new"))
    desired[0] = replace(desired[0], column=Column.TODO, title="Other")
    found = plan(desired, actual, base, MARK, PROJECT)
    assert kinds(found) == ["Update", "Create"]
    assert len(found.held) == 9


@pytest.mark.parametrize("end", [Column.DONE, Column.REVIEW])
def test_moves_of_what_files_say_is_finished_do_not_count(end: Column) -> None:
    desired, actual, base = many(10)
    desired = [replace(each, column=end, version=at(6), evident=True) for each in desired]
    found = plan(desired, actual, base, MARK, PROJECT)
    assert len(found.operations) == 10
    assert found.held == ()


def test_archivings_count_unless_they_follow_from_how_cards_are_drawn() -> None:
    desired, actual, base = many(10)
    desired = [replace(each, column=Column.ARCHIVE, version=at(6)) for each in desired]
    redrawn = [replace(each, evident=True) for each in desired]
    assert len(plan(desired, actual, base, MARK, PROJECT).held) == 10
    assert plan(redrawn, actual, base, MARK, PROJECT).held == ()


def test_younger_cards_of_two_that_clones_made_at_once_do_not_count() -> None:
    desired, actual, base = many(20)
    older = [shown(each, str(100 + n)) for n, each in enumerate(desired)]
    younger = [replace(each, id=f"1{each.id:0>4}") for each in actual.cards]
    base = {each.key: base_of(each, mine) for each, mine in zip(desired, younger, strict=True)}
    found = plan(desired, board(*older, *younger), base, MARK, PROJECT)
    assert kinds(found) == ["Archive"] * 20


def test_forced_everything_goes_through() -> None:
    desired, actual, base = many(10)
    desired = [replace(each, column=Column.ARCHIVE, version=at(6)) for each in desired]
    assert len(plan(desired, actual, base, MARK, PROJECT, force=True).operations) == 10


def test_archived_cards_are_not_counted_as_cards_of_the_board() -> None:
    desired, actual, base = many(10)
    first = replace(actual.cards[0], archived=True, column=Column.ARCHIVE)
    actual = board(first, *actual.cards[1:])
    desired[1:] = [replace(each, column=Column.REVIEW, version=at(6)) for each in desired[1:]]
    assert plan(desired, actual, base, MARK, PROJECT).held == ()


def test_what_the_board_lacks_is_part_of_the_plan() -> None:
    found = plan([], replace(board(), missing=("list Review",)), {}, MARK, PROJECT)
    assert found.missing == ("list Review",)


# --- places that were meant ------------------------------------------------------------------


def test_cards_of_which_a_sync_made_only_some_come_to_lie_as_was_meant() -> None:
    cards = [card(name, column=Column.TODO, version=at(5)) for name in "abc"]
    meant = plan(cards, board(), {}, MARK, PROJECT).operations
    said = {
        each.card.key: about_to_say(each, None, NOW) for each in meant if isinstance(each, Create)
    }
    places = {each.card.key: each.position for each in meant if isinstance(each, Create)}
    last = shown(cards[2], position=places[cards[2].key])
    new = card("d", column=Column.TODO, version=at(5))
    found = plan([new, *cards], board(last), said, MARK, PROJECT).operations
    again = {each.card.key: each.position for each in found if isinstance(each, Create)}
    assert again.pop(new.key) > max(places.values())
    assert again == {each.key: places[each.key] for each in cards[:2]}


def test_a_card_that_was_to_be_moved_is_moved_to_where_it_was_meant() -> None:
    before, after = (
        card(column=column, version=at(5, status))
        for column, status in ((Column.TODO, 5), (Column.DONE, 6))
    )
    base = base_of(after, shown(before), finished=False, before=(before,), place=7 * STEP)
    move = only(decide(after, board(shown(before)), base))
    assert isinstance(move, Update)
    assert Move(Column.DONE, 7 * STEP) in move.changes
    elsewhere = replace(after, column=Column.REVIEW)
    move = only(decide(elsewhere, board(shown(before)), base))
    assert isinstance(move, Update)
    assert Move(Column.REVIEW, STEP) in move.changes


@pytest.mark.parametrize(
    ("wanted", "looks"),
    [
        (card(Build=("one", "two"), version=at(6)), True),
        (card(Build=("one",), Test=(), version=at(6)), True),
        (card(Build=("+one",), version=at(5, 6)), False),
        (card(version=at(6)), False),
        (card("b"), True),
    ],
    ids=["item", "task list", "tick", "removed", "card"],
)
def test_what_was_made_is_looked_at_once_more(wanted: Card, looks: bool) -> None:
    before = card(Build=("one",))
    base = {before.key: base_of(before)} if wanted.key == before.key else {}
    seen = [shown(before)] if base else []
    (operation,) = plan([wanted], board(*seen), base, MARK, PROJECT).operations
    assert wants_another_look(operation) is looks
