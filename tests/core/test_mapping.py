"""Settings of the board: other names and places, cards by heading, cards put away for their age."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.made import MARK, PROJECT, base_of, board, card, key, kinds, shown
from core.passes import Clone
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.board import Card, CardVersion
from kanban_sync.core.columns import Column, LabelNames
from kanban_sync.core.drawing import DAY, cards_of, with_ends
from kanban_sync.core.links import links_of
from kanban_sync.core.mapping import Drawing, mark_of
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.operations import AddLabel, Archive, RemoveLabel, Update
from kanban_sync.core.plan import plan


def task(name: str = "a", status: Status = Status.TODO, **more: object) -> Task:
    own = TaskKey(PROJECT, "tasks-md", name)
    made = Task(own, f"Title {name}", status, path="TASKS.md", text_version=Version(5, "c5"))
    return made._replace(**{"status_version": Version(5, "c5"), **more})  # type: ignore[arg-type]


def drawn(drawing: Drawing, *tasks: Task, now: float = 0.0) -> list[Card]:
    return cards_of(tasks, drawing, now)


# --- names and places -----------------------------------------------------------------------------


def test_lists_have_the_names_of_the_settings() -> None:
    lists = Drawing(lists=(("in_progress", "Doing"), ("done", "Shipped"))).layout.lists
    assert list(lists.values()) == [
        "Backlog", "To Do", "Planning", "Doing", "Review", "Shipped",
    ]  # fmt: skip


def test_columns_that_share_a_list_are_one() -> None:
    drawing = Drawing(lists=(("backlog", "To Do"), ("planning", "Doing"), ("in_progress", "Doing")))
    assert list(drawing.layout.lists.items()) == [
        (Column.BACKLOG, "To Do"),
        (Column.PLANNING, "Doing"),
        (Column.REVIEW, "Review"),
        (Column.DONE, "Done"),
    ]
    assert drawing.place(Status.TODO) is Column.BACKLOG
    assert drawing.place(Status.BLOCKED) is Column.PLANNING


@pytest.mark.parametrize(
    ("said", "status", "word", "column"),
    [
        (("blocked", "review"), Status.BLOCKED, "", Column.REVIEW),
        (("in-progress", "planning"), Status.IN_PROGRESS, "", Column.PLANNING),
        (("In Progress", "planning"), Status.IN_PROGRESS, "", Column.PLANNING),
        (("cancelled", "done"), Status.CANCELLED, "", Column.DONE),
        (("needs QA", "in_progress"), Status.REVIEW, "needs-qa", Column.IN_PROGRESS),
        (("?", "review"), Status.TODO, "?", Column.REVIEW),
        (("-", "backlog"), Status.CANCELLED, "-", Column.BACKLOG),
        (("x", "review"), Status.DONE, "x", Column.REVIEW),
        (("blocked", "review"), Status.TODO, "", Column.TODO),
        (("orphaned", "done"), Status.ORPHANED, "", Column.ARCHIVE),
    ],
)
def test_a_status_or_a_word_of_a_file_stands_where_the_settings_say(
    said: tuple[str, str], status: Status, word: str, column: Column
) -> None:
    assert Drawing(statuses=(said,)).place(status, word) is column


def test_a_word_counts_more_than_a_status() -> None:
    drawing = Drawing(statuses=(("todo", "planning"), ("?", "review")))
    assert drawing.place(Status.TODO, "?") is Column.REVIEW
    assert drawing.place(Status.TODO) is Column.PLANNING


def test_the_label_stays_that_of_the_status_wherever_it_stands() -> None:
    drawing = Drawing(labels=(("blocked", "stuck"),), statuses=(("blocked", "review"),))
    (made,) = drawn(drawing, task(status=Status.BLOCKED))
    assert (made.column, set(made.labels)) == (Column.REVIEW, {"agent", "stuck"})


@pytest.mark.parametrize(
    "drawing",
    [
        Drawing(lists=(("done", "Shipped"),)),
        Drawing(labels=(("agent", "bot"),)),
        Drawing(statuses=(("blocked", "review"),)),
        Drawing(cards="section"),
        Drawing(links=links_of("git@github.com:me/shop", "main")),
    ],
)
def test_each_mapping_draws_under_a_mark_of_its_own(drawing: Drawing) -> None:
    assert drawing.mark not in {mark_of(), Drawing(statuses=(("blocked", "done"),)).mark}


def test_what_does_not_change_a_card_does_not_change_the_mark() -> None:
    one = Drawing(lists=(("done", "A"), ("todo", "B")), archive_done_after=3)
    assert one.mark == replace(one, lists=one.lists[::-1], archive_done_after=0).mark
    assert Drawing(archive_done_after=3).mark == mark_of()


def test_labels_that_are_called_otherwise_leave_those_of_people_alone() -> None:
    names = LabelNames("bot", "stuck", "broken")
    wanted = replace(card(labels=("bot",)), names=names)
    seen = shown(wanted, labels=frozenset({"bot", "agent", "blocked", "stuck"}))
    (update,) = plan([wanted], board(seen), {key(): base_of(wanted)}, MARK, PROJECT).operations
    assert isinstance(update, Update)
    assert update.changes == (RemoveLabel("stuck"),)


def test_a_mapping_that_changed_gives_the_new_label_and_takes_the_old_one_away() -> None:
    wanted = replace(card(labels=("bot",)), names=LabelNames("bot"))
    base = {key(): base_of(card())}
    (update,) = plan([wanted], board(shown(card())), base, "new", PROJECT).operations
    assert isinstance(update, Update)
    assert update.changes == (AddLabel("bot"), RemoveLabel("agent"))


def test_cards_of_a_predecessor_are_adopted_by_the_label_that_the_settings_name() -> None:
    wanted = replace(card(labels=("bot",)), names=LabelNames("bot"))
    theirs = shown(wanted, key=None, description="", stamp=None)
    for labels, kind in ((("bot",), "Update"), (("agent",), "Create")):
        seen = replace(theirs, labels=frozenset(labels))
        assert kinds(plan([wanted], board(seen), {}, MARK, PROJECT)) == [kind]


def test_a_mapping_that_changed_redraws_once_and_never_fights() -> None:
    there = MemoryBoard()
    one, two = Clone(there, mark="old"), Clone(there, mark="old")
    for clone in (one, two):
        clone.sync([card()])
    moved = card(column=Column.REVIEW, labels=("agent", "bot"))
    one.mark = "new"
    assert kinds(one.sync([moved])) == ["Update"]
    for _ in range(3):
        assert kinds(two.sync([card()])) == []
        assert kinds(one.sync([moved])) == []
    two.mark = "new"
    assert kinds(two.sync([moved])) == ["Remember"]


def test_a_card_that_a_person_deleted_is_not_made_again_because_it_is_drawn_otherwise() -> None:
    there = MemoryBoard()
    clone = Clone(there, mark="old")
    clone.sync([card()])
    there.person_deletes(clone.base[key()].card_id)
    clone.sync([card()])
    clone.mark = "new"
    for _ in range(2):
        clone.sync([card(column=Column.REVIEW, text="Why\n\n[link](x)")])
    assert there.cards == {}
    clone.sync([card(text="Else", version=CardVersion(Version(9, "c9"), Version(9, "c9")))])
    assert len(there.cards) == 1


# --- links ----------------------------------------------------------------------------------------


def test_a_card_ends_with_links_to_its_file_and_to_the_commit_that_last_changed_its_words() -> None:
    links = links_of("git@github.com:me/shop", "main")
    ticked = task(body="Why", status_version=Version(9, "c9"))
    (made,) = drawn(Drawing(links=links), ticked)
    assert made.text == (
        "Why\n\n[TASKS.md](https://github.com/me/shop/blob/main/TASKS.md) · "
        "[c5](https://github.com/me/shop/commit/c5)"
    )


def test_links_are_no_content_of_a_task() -> None:
    (bare,) = drawn(Drawing(), task(body="Why"))
    (linked,) = drawn(Drawing(links=links_of("git@github.com:me/shop", "main")), task(body="Why"))
    assert bare.text != linked.text
    assert bare.text_digest == linked.text_digest


# --- cards by heading -----------------------------------------------------------------------------

SECTION = Drawing(cards="section")

TASKS = [
    task("a", group="P1", position=1, status=Status.DONE),
    task("b", group="P1", position=2, text_version=Version(8, "c8")),
    task("b#1", parent=TaskKey(PROJECT, "tasks-md", "b"), position=3, title="Below"),
    task("c", group="P2", position=4, status_version=Version(7, "c7")),
    task("d", position=5),
]


def test_tasks_below_a_heading_share_a_card_with_one_task_list() -> None:
    first, second, alone = drawn(SECTION, *TASKS)
    assert (first.title, first.key.name, first.column) == ("P1", "TASKS.md§P1", Column.IN_PROGRESS)
    (lines,) = first.checklists
    assert [(item.key, item.text, item.done) for item in lines.items] == [
        ("a", "Title a", True),
        ("b", "Title b", False),
        ("b#1", "Below", False),
    ]
    assert [each.time for each in first.version] == [8, 5]
    assert (second.title, second.column) == ("P2", Column.TODO)
    assert alone.key == TASKS[-1].key


def test_a_change_keeps_its_card_when_headings_have_cards() -> None:
    own = TaskKey(PROJECT, "openspec", "x")
    change = Task(own, "x", Status.IN_PROGRESS, path="openspec/changes/x")
    lines = [Task(own.child("1"), "One", Status.TODO, parent=own, group="1. Do", path="t")]
    assert drawn(SECTION, change, *lines) == drawn(Drawing(), change, *lines)


@pytest.mark.parametrize(
    ("statuses", "column", "labels"),
    [
        (["todo", "todo"], Column.TODO, set()),
        (["backlog", "backlog"], Column.BACKLOG, set()),
        (["backlog", "todo"], Column.TODO, set()),
        (["backlog", "cancelled"], Column.BACKLOG, set()),
        (["todo", "done"], Column.IN_PROGRESS, set()),
        (["in_progress", "todo"], Column.IN_PROGRESS, set()),
        (["blocked", "todo"], Column.IN_PROGRESS, {"blocked"}),
        (["failed", "done"], Column.IN_PROGRESS, {"failed"}),
        (["review", "done"], Column.REVIEW, set()),
        (["done", "done"], Column.DONE, set()),
        (["done", "cancelled"], Column.DONE, set()),
        (["done", "orphaned"], Column.DONE, set()),
        (["cancelled"], Column.ARCHIVE, set()),
        (["orphaned", "orphaned"], Column.ARCHIVE, set()),
    ],
)
def test_a_heading_stands_where_its_tasks_are(
    statuses: list[str], column: Column, labels: set[str]
) -> None:
    tasks = [task(str(number), Status(status), group="G") for number, status in enumerate(statuses)]
    (made,) = drawn(SECTION, *tasks)
    assert (made.column, set(made.labels)) == (column, {"agent", *labels})


def test_the_same_heading_in_two_files_is_two_cards() -> None:
    made = drawn(SECTION, task("a", group="G"), task("b", group="G", path="x/TASKS.md"))
    assert [each.key.name for each in made] == ["TASKS.md§G", "x/TASKS.md§G"]


def synced(clone: Clone[MemoryBoard], drawing: Drawing, *tasks: Task) -> dict[str, bool]:
    """Sync as the engine does; return which cards are archived, by title."""
    clone.mark = drawing.mark
    wanted = with_ends(drawn(drawing, *tasks), tasks, clone.base)
    clone.sync(wanted, force=False)
    return {each.title: each.archived for each in clone.board.cards.values()}


def test_no_task_has_two_cards_after_switching_to_headings_and_back() -> None:
    clone = Clone(MemoryBoard())
    synced(clone, Drawing(), *TASKS)
    headings = {"Title a": True, "Title b": True, "Title c": True, "Title d": False}
    assert synced(clone, SECTION, *TASKS) == {**headings, "P1": False, "P2": False}
    writes = clone.board.writes
    synced(clone, SECTION, *TASKS)
    assert clone.board.writes == writes
    tasks = dict.fromkeys(headings, False)
    assert synced(clone, Drawing(), *TASKS) == {**tasks, "P1": True, "P2": True}
    assert synced(clone, SECTION, *TASKS) == {**headings, "P1": False, "P2": False}


def test_a_clone_that_still_draws_otherwise_does_not_bring_a_card_back() -> None:
    there = MemoryBoard()
    one, two = Clone(there), Clone(there)
    for clone in (one, two):
        synced(clone, Drawing(), *TASKS)
    after = synced(one, SECTION, *TASKS)
    for _ in range(2):
        assert synced(two, Drawing(), *TASKS) == after
        assert synced(one, SECTION, *TASKS) == after
    assert synced(two, SECTION, *TASKS) == after


def test_many_cards_that_are_drawn_otherwise_are_not_held_back() -> None:
    tasks = [task(str(number), group="G", position=number) for number in range(20)]
    clone = Clone(MemoryBoard())
    synced(clone, Drawing(), *tasks)
    assert list(synced(clone, SECTION, *tasks).values()).count(False) == 1


def test_a_heading_that_is_renamed_gets_a_new_card_and_the_old_one_is_archived() -> None:
    clone = Clone(MemoryBoard())
    synced(clone, SECTION, *TASKS)
    renamed = [each._replace(group="Now") if each.group == "P1" else each for each in TASKS]
    assert synced(clone, SECTION, *renamed) == {
        "P1": True, "P2": False, "Now": False, "Title d": False,
    }  # fmt: skip


def test_a_base_of_nobody_that_is_drawn_no_more_is_left_alone() -> None:
    said = base_of(card("x"))
    assert with_ends([], [], {key("x"): said}) == []


# --- age ------------------------------------------------------------------------------------------

MONTH = Drawing(archive_done_after=30)
DONE_AT = Version(1_000_000, "c1")
LATER = 1_000_000 + 30 * DAY


def done(**more: object) -> Task:
    return task(status=Status.DONE, status_version=DONE_AT)._replace(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("drawing", "made", "now", "column"),
    [
        (MONTH, done(), LATER, Column.ARCHIVE),
        (MONTH, done(), LATER - 1, Column.DONE),
        (MONTH, done(status_version=Version(0, "")), LATER, Column.DONE),
        (MONTH, done(status=Status.REVIEW), LATER, Column.REVIEW),
        (Drawing(), done(), LATER, Column.DONE),
    ],
    ids=["old", "young", "of-unknown-age", "not-done", "not-asked-for"],
)
def test_a_card_that_stood_in_done_for_too_long_is_put_away(
    drawing: Drawing, made: Task, now: float, column: Column
) -> None:
    assert [each.column for each in drawn(drawing, made, now=now)] == [column]


def test_a_card_put_away_for_its_age_says_why_and_is_not_held_back() -> None:
    clone = Clone(MemoryBoard())
    tasks = [done()._replace(key=TaskKey(PROJECT, "tasks-md", str(n))) for n in range(20)]
    clone.sync(drawn(MONTH, *tasks, now=LATER - 1))
    found = clone.sync(drawn(MONTH, *tasks, now=LATER), force=False)
    assert {type(each) for each in found.operations} == {Archive}
    assert isinstance(found.operations[0], Archive)
    assert found.operations[0].reason == "its task is done for 30 days"
    assert found.held == ()
    assert clone.sync(drawn(MONTH, *tasks, now=LATER), force=False).operations == ()


def test_no_clone_makes_a_card_again_that_was_put_away_for_its_age() -> None:
    there = MemoryBoard()
    one, two, new = Clone(there), Clone(there), Clone(there)
    for clone in (one, two):
        clone.sync(drawn(MONTH, done(), now=LATER - 1))
    one.sync(drawn(MONTH, done(), now=LATER))
    (put_away,) = there.cards.values()
    assert put_away.archived
    for clone in (new, two, one):
        clone.sync(drawn(MONTH, done(), now=LATER))
        # A clone whose clock is behind, or which has not heard of the setting.
        two.sync(drawn(MONTH, done(), now=LATER - 10))
        two.sync(drawn(Drawing(), done(), now=LATER))
    assert [each.archived for each in there.cards.values()] == [True]


def test_a_card_that_was_put_away_for_its_age_comes_back_when_its_task_is_open_again() -> None:
    clone, other = Clone(there := MemoryBoard()), Clone(there)
    for each in (clone, other):
        each.sync(drawn(MONTH, done(), now=LATER - 1))
    clone.sync(drawn(MONTH, done(), now=LATER))
    reopened = task(status_version=Version(LATER + 5, "c2"))
    assert kinds(other.sync(drawn(MONTH, reopened, now=LATER + 9))) == ["Update"]
    (card_,) = clone.board.cards.values()
    assert (card_.archived, card_.column) == (False, Column.TODO)


def test_a_card_comes_back_when_the_settings_let_it_stand_longer() -> None:
    clone = Clone(MemoryBoard())
    for drawing in (Drawing(), MONTH, Drawing()):
        clone.sync(drawn(drawing, done(), now=LATER))
    assert [each.archived for each in clone.board.cards.values()] == [False]
