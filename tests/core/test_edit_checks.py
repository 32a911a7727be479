"""An edit that does more than was asked for, or less, is noticed before it is written."""

from __future__ import annotations

import pytest

from kanban_sync.core.edits import (
    AddTask,
    Claim,
    Edit,
    Remove,
    SetStatus,
    Unclaim,
    is_so,
    mistake,
    task_at,
)
from kanban_sync.core.model import Document, ParsedTask, Problem, Status

TODO, DONE = Status.TODO, Status.DONE
STEP = ParsedTask("step", TODO, line=2)
A = ParsedTask("a", TODO, "todo", assignee="eve", line=1, children=(STEP,))
B = ParsedTask("b", TODO, "todo", line=3)
OTHERS = "other things in the file would change too"


def document(*tasks: ParsedTask, dialect: str = "plain") -> Document:
    return Document(tasks, (), dialect)


BEFORE = document(A, B)
DONE_A = A._replace(status=DONE, word="done")


@pytest.mark.parametrize(
    ("after", "edit"),
    [
        (document(DONE_A, B), SetStatus(0, DONE)),
        (document(B._replace(line=1), DONE_A), SetStatus(0, DONE)),
        (document(A, B._replace(line=9, status=DONE, word="✅")), SetStatus(2, DONE)),
        (document(A._replace(children=(STEP._replace(status=DONE),)), B), SetStatus(1, DONE)),
        (document(B), SetStatus(0, DONE)),
        (document(B), Remove(0)),
        (document(A), Remove(2)),
        (document(A._replace(assignee="ada"), B), Claim(0, "ada")),
        (document(A._replace(assignee=""), B), Unclaim(0)),
        (document(A, B._replace(title="b (@ada)", assignee="ada")), Claim(2, "ada")),
        (document(A, ParsedTask("c", TODO), B), AddTask("c")),
        (document(A, B, ParsedTask("T-1: c", TODO, id="T-1")), AddTask("c", "T-1")),
    ],
)
def test_what_was_asked_for_is_no_mistake(after: Document, edit: Edit) -> None:
    assert mistake(BEFORE, after, edit) == ""


@pytest.mark.parametrize(
    ("said", "is_lost"),
    [
        ("doing | 50%", True),
        ("doing** | **Sprint:** 4", True),
        ("doing, owner: ada", True),
        ("进行中 负责人：ada", True),  # noqa: RUF001
        ("[ ] todo | [x] doing", True),
        ("doing |", False),
        ("doing (since: May | June)", False),
        ("[bob](https://a.invalid/b)", False),
        ("since 10:30", False),
        ("done:", False),
    ],
)
def test_an_edit_that_loses_what_stands_beside_a_value_is_a_mistake(
    said: str, is_lost: bool
) -> None:
    busy = B._replace(word=said, assignee=said)
    set_ = (SetStatus(2, DONE), busy._replace(status=DONE, word="done"))
    claimed = (Claim(2, "ada"), busy._replace(assignee="ada"))
    for edit, after in (set_, claimed, (Unclaim(2), busy._replace(assignee=""))):
        found = mistake(document(A, busy), document(A, after), edit)
        assert found == (f"{said!r} would be lost, which says more than what is replaced"
                         if is_lost else "")  # fmt: skip


@pytest.mark.parametrize(
    ("after", "edit"),
    [
        (BEFORE, SetStatus(0, DONE)),
        (document(DONE_A, B._replace(status=DONE, word="done")), SetStatus(0, DONE)),
        (document(DONE_A._replace(title="aa"), B), SetStatus(0, DONE)),
        (document(DONE_A._replace(children=()), B), SetStatus(0, DONE)),
        (document(DONE_A._replace(children=(STEP._replace(word="x"),)), B), SetStatus(0, DONE)),
        (document(A, B._replace(status=DONE, word="done")), SetStatus(0, DONE)),
        (document(B._replace(title="bb"), DONE_A), SetStatus(0, DONE)),
        (document(B), SetStatus(0, Status.REVIEW)),
        (document(), Remove(0)),
        (document(A), Remove(0)),
        (document(A._replace(assignee="bob"), B), Claim(0, "ada")),
        (document(A._replace(assignee="ada"), B._replace(assignee="ada")), Claim(0, "ada")),
        (document(A._replace(assignee="ada", title="aa"), B), Claim(0, "ada")),
        (document(A, B), AddTask("c")),
        (document(A, B, ParsedTask("d", TODO)), AddTask("c")),
        (document(A, B, ParsedTask("c", DONE)), AddTask("c")),
        (document(A, B, ParsedTask("c", TODO)), AddTask("c", "T-1")),
        (document(A, B._replace(children=(ParsedTask("c", TODO),))), AddTask("c")),
        (document(B, A, ParsedTask("c", TODO)), AddTask("c")),
    ],
)
def test_anything_else_is_a_mistake(after: Document, edit: Edit) -> None:
    assert mistake(BEFORE, after, edit) == OTHERS


def test_a_status_that_follows_from_those_below_may_follow() -> None:
    open_, ticked = (ParsedTask("a", TODO, children=(STEP,)), STEP._replace(status=DONE, word="x"))
    after = document(ParsedTask("a", DONE, children=(ticked,)))
    assert mistake(document(open_), after, SetStatus(1, DONE)) == ""


def test_a_new_problem_is_a_mistake_and_is_named() -> None:
    old, new = (Problem("f", line, text) for line, text in ((1, "odd"), (2, "id taken")))
    before, after = Document((A, B), (old,)), Document((DONE_A, B), (old, new))
    assert "id taken" in mistake(before, after, SetStatus(0, DONE))
    assert mistake(after, Document((DONE_A, B), (old,)), SetStatus(0, DONE)) == ""


def test_a_file_keeps_its_dialect_but_where_its_last_task_is_removed() -> None:
    other = document(DONE_A, B, dialect="kanban")
    assert "read as kanban" in mistake(BEFORE, other, SetStatus(0, DONE))
    v1, nothing = document(B, dialect="v1.0"), document(dialect="plain")
    assert mistake(v1, nothing, Remove(0)) == ""
    assert mistake(v1, nothing, SetStatus(0, DONE)) == ""


def test_places_count_sub_tasks_too() -> None:
    assert [task_at(BEFORE, place) for place in range(4)] == [A, STEP, B, None]


@pytest.mark.parametrize(
    ("edit", "so"),
    [
        (SetStatus(0, TODO), True),
        (SetStatus(0, DONE), False),
        (Claim(0, "eve"), True),
        (Claim(2, "eve"), False),
        (Unclaim(2), True),
        (Unclaim(9), False),
        (AddTask("a"), False),
        (Remove(0), False),
    ],
)
def test_what_is_so_already_is_seen(edit: Edit, *, so: bool) -> None:
    assert is_so(BEFORE, edit) is so
