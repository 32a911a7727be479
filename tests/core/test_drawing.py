"""From tasks to cards, and what fits on a board."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.made import PROJECT, at
from kanban_sync.core.board import CardVersion, Stamp
from kanban_sync.core.columns import LIST_NAME_LIMIT, NAME_LIMIT, ROOT_FIELD, Column, fit
from kanban_sync.core.drawing import cards_of
from kanban_sync.core.lines import line_marks
from kanban_sync.core.mapping import PLAIN, Drawing, mark_of
from kanban_sync.core.model import UNKNOWN, Status, Task, TaskKey, Version

KEY = TaskKey(PROJECT, "openspec", "add-login")
CHANGE = Task(
    KEY, "add-login", Status.IN_PROGRESS, body="Why\0\n", path="b", status_version=at(4)[1]
)


def child(
    number: str, title: str, *, group: str = "1. Build", parent: TaskKey = KEY, **more: object
) -> Task:
    task = Task(parent.child(number), title, Status.TODO, parent=parent, group=group, path="b")
    return task._replace(**more)  # type: ignore[arg-type]


def test_a_change_is_a_card_with_its_groups_as_task_lists() -> None:
    (card,) = cards_of(
        [
            child("1.2", "Two", position=2, status=Status.DONE),
            child("2.1", "Three", group="2. Test", position=3),
            CHANGE,
            child("1.1", "One", position=1, text_version=Version(7, "c7")),
        ]
    )
    assert (card.key, card.title, card.text, card.column) == (
        KEY,
        "add-login",
        "Why",
        Column.IN_PROGRESS,
    )
    lists = {each.title: [(i.key, i.text, i.done) for i in each.items] for each in card.checklists}
    assert list(lists.items()) == [
        ("1. Build", [("1.1", "One", False), ("1.2", "Two", True)]),
        ("2. Test", [("2.1", "Three", False)]),
    ]
    assert [each.time for each in card.version] == [7, 4]
    assert card.labels == {"agent"}


def test_of_two_states_that_one_commit_changed_last_the_one_that_knows_more_is_newer() -> None:
    lines = [child(f"{n}", f"{n}", position=n) for n in (1, 2)]
    last = lines[0]._replace(status=Status.DONE, status_version=Version(50, "c50"))
    ticked = lines[1]._replace(status=Status.DONE, status_version=Version(40, "c40"))
    (less,), (more,) = cards_of([CHANGE, last, lines[1]]), cards_of([CHANGE, last, ticked])
    assert less.version.status.time == more.version.status.time == 50
    assert less.version.status < more.version.status
    assert less.version.text == more.version.text


def test_tasks_below_tasks_are_lines_too_and_orphans_are_not() -> None:
    first = child("1", "One", position=1)
    below = child("1", "x", position=2)._replace(
        key=first.key.child("2"), parent=first.key, title="Below"
    )
    gone = child("3", "Gone", position=3, status=Status.ORPHANED, text_version=Version(9, "c9"))
    (card,) = cards_of([CHANGE, first, below, gone])
    assert [item.text for item in card.checklists[0].items] == ["One", "Below"]
    assert card.checklists[0].items[1].key == "1#2"
    assert card.version.text.time == 9


def test_the_card_of_a_task_that_is_gone_has_the_version_of_what_took_it_away() -> None:
    """Of a layer that went away nobody knows one: whoever still holds the task is newer."""
    line = child("1", "One", position=1, status=Status.ORPHANED)
    gone = CHANGE._replace(status=Status.ORPHANED, text_version=Version(9, "c9"))
    (card,) = cards_of([gone._replace(status_version=UNKNOWN), line])
    assert card.version == CardVersion(UNKNOWN, UNKNOWN)


def test_lines_without_a_group_of_their_own_stand_under_tasks() -> None:
    (card,) = cards_of([CHANGE._replace(group="G"), child("1", "One", group="G")])
    assert [each.title for each in card.checklists] == ["Tasks"]


def test_cards_stand_in_the_order_of_files_and_lines() -> None:
    tasks = [
        CHANGE._replace(key=KEY._replace(name=name), path=path, position=place)
        for name, path, place in [("c", "a", 2), ("b", "a", 1), ("a", "b", 0)]
    ]
    assert [card.key.name for card in cards_of(tasks)] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("status", "column", "labels"),
    [
        (Status.BACKLOG, "Backlog", set()),
        (Status.TODO, "To Do", set()),
        (Status.PLANNING, "Planning", set()),
        (Status.IN_PROGRESS, "In Progress", set()),
        (Status.BLOCKED, "In Progress", {"blocked"}),
        (Status.REVIEW, "Review", set()),
        (Status.DONE, "Done", set()),
        (Status.FAILED, "Review", {"failed"}),
        (Status.CANCELLED, "archive", set()),
        (Status.ORPHANED, "archive", set()),
    ],
)
def test_each_status_has_its_column_and_label(
    status: Status, column: str, labels: set[str]
) -> None:
    (card,) = cards_of([CHANGE._replace(status=status)])
    assert PLAIN.place(status) == card.column == column
    assert card.labels == {"agent", *labels}


@pytest.mark.parametrize(
    ("status", "word", "children", "evident"),
    [
        (Status.DONE, "archived", (), True),
        (Status.DONE, "x", (), True),
        (Status.DONE, "", (), False),
        (Status.REVIEW, "", (child("1", "One", status=Status.DONE),), True),
        (Status.REVIEW, "needs-qa", (), True),
        (Status.REVIEW, "", (), False),
        (Status.REVIEW, "", (child("1", "One", status=Status.ORPHANED),), False),
        (Status.CANCELLED, "-", (), False),
        (Status.ORPHANED, "", (), False),
        (Status.IN_PROGRESS, "doing", (), False),
        (Status.TODO, "", (), False),
    ],
)
def test_what_a_file_says_is_finished_is_evident_and_what_is_missing_is_not(
    status: Status, word: str, children: tuple[Task, ...], *, evident: bool
) -> None:
    (card,) = cards_of([CHANGE._replace(status=status, word=word), *children])
    assert card.evident == evident


def test_a_branch_that_says_more_is_a_label_where_the_settings_ask_for_it() -> None:
    tasks = [CHANGE, child("1.1", "One", branch="one"), child("1.2", "Two", branch="two")]
    (plain,), (card,) = cards_of(tasks), cards_of(tasks, Drawing(branches="label"))
    assert plain.labels == {"agent"}
    assert card.labels == {"agent", "branch: one", "branch: two"}
    # Clones that know other branches never say other labels under the same version.
    (other,) = cards_of([*tasks[:2], child("1.2", "Two")], Drawing(branches="label"))
    assert other.version.text == card.version.text
    assert other.version.status != card.version.status


def test_the_root_of_a_change_is_a_label() -> None:
    (card,) = cards_of([CHANGE._replace(fields=((ROOT_FIELD, "web"), ("other", "x")))])
    assert card.labels == {"agent", "web"}


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("plain", "plain"),
        (" a\0b\n", "ab"),
        ("x" * 8, "x" * 8),
        ("x" * 9, "x" * 7 + "…"),
        ("\U0001f389" * 4, "\U0001f389" * 4),
        ("\U0001f389" * 5, "\U0001f389" * 3 + "…"),
        ("a\ud83d", "a?"),
    ],
)
def test_names_fit_what_a_board_stores(text: str, fitted: str) -> None:
    assert fit(text, 8) == fitted


@pytest.mark.parametrize("text", ["", "\0 ", "\n"])
def test_no_name_is_blank(text: str) -> None:
    assert fit(text, 100) == "(no text)"


@given(st.text(st.characters(codec=None)), st.integers(2, 20))
def test_what_fits_once_fits_for_ever(text: str, limit: int) -> None:
    once = fit(text, limit + 8)
    assert len(once.encode("utf-16-le")) <= 2 * (limit + 8)
    assert once.strip() != ""
    assert fit(once, limit + 8) == once


def test_long_names_of_cards_lines_and_lists_are_cut() -> None:
    (card,) = cards_of([CHANGE._replace(title="t" * 2000), child("1", "i" * 2000, group="g" * 200)])
    (checklist,) = card.checklists
    assert len(card.title) == len(checklist.items[0].text) == NAME_LIMIT
    assert len(checklist.title) == LIST_NAME_LIMIT


def test_digests_tell_text_and_status_apart() -> None:
    (one,) = cards_of([CHANGE, child("1", "One")])
    (ticked,) = cards_of([CHANGE, child("1", "One", status=Status.DONE)])
    (reworded,) = cards_of([CHANGE, child("1", "Other")])
    assert one.text_digest == ticked.text_digest != reworded.text_digest
    assert one.status_digest == reworded.status_digest != ticked.status_digest


# --- the version field ----------------------------------------------------------------------------

VERSIONS = st.builds(Version, st.integers(0, 2**40), st.text("0123456789abcdef", max_size=12))
LINES = st.text("abc", max_size=3).map(lambda text: text * 3)


@given(
    st.builds(
        Stamp,
        st.builds(CardVersion, VERSIONS, VERSIONS),
        st.text("0123456789abcdef", min_size=8, max_size=8),
        st.booleans(),
        st.sampled_from(["", "3-0123456789ab"]),
        LINES,
        st.sampled_from(["", "ab-_CD09"]),
    )
)
def test_a_version_field_is_read_as_it_was_written(stamp: Stamp) -> None:
    assert Stamp.parse(str(stamp)) == stamp


@pytest.mark.parametrize("text", ["", "hello", "1.a 2.b", "x.a 2.b mark", "1.a", "1.a x.b mark"])
def test_a_version_field_that_a_person_spoiled_is_none(text: str) -> None:
    assert Stamp.parse(text) is None


def test_the_longest_version_field_fits() -> None:
    version = Version(99_999_999_999, "f" * 40)
    marks = line_marks(
        cards_of([CHANGE, *(child(str(n), str(n)) for n in range(999))])[0].checklists
    )
    stamp = Stamp(
        CardVersion(version, version), mark_of(), True, "999999-0123456789ab", marks, "a" * 8
    )
    assert len(str(stamp)) <= 512


def test_each_mapping_draws_under_its_own_mark() -> None:
    assert mark_of() == mark_of(()) != mark_of(("cards: section",))
    assert " " not in mark_of()


def test_what_has_no_place_of_its_own_stands_below_the_words_of_a_card() -> None:
    fields = (("estimate", "15K"), ("notes", "see [PRD](a.md)"))
    (card,) = cards_of([Task(KEY, "a", Status.TODO, body="Words.", fields=fields)])
    assert card.text == "Words.\n\n**estimate**: 15K\n\n**notes**: see [PRD](a.md)"
