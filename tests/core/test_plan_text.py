"""A plan reads as sentences about cards."""

from __future__ import annotations

from typing import Any

import pytest

from core.made import at, base_of, card, key, over, shown
from kanban_sync.core.board import Item, Stamp
from kanban_sync.core.columns import Column, Layout
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    AddLabel,
    Archive,
    Change,
    Create,
    DropChecklist,
    DropItem,
    Forget,
    Move,
    Note,
    Plan,
    Remember,
    RemoveLabel,
    RenameChecklist,
    SetItem,
    SetText,
    SetTitle,
    Update,
)
from kanban_sync.core.plan_text import _change_text, plan_data, plan_lines, plan_markdown

STAMP = Stamp(at(5), "m")
ITEM = Item("k", "Do it", done=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (SetTitle("x"), "title: x"),
        (
            SetText("words"),
            "description: our part is written anew, what people wrote stays",
        ),
        (Move(Column.DONE, 1.0), "moves to Done"),
        (AddLabel("blocked"), "gets the label blocked"),
        (RemoveLabel("blocked"), "loses the label blocked"),
        (AddChecklist("1. Do", 1.0), "gets the task list 1. Do"),
        (RenameChecklist("7", "2. Do"), "a task list is renamed to 2. Do"),
        (DropChecklist("7", "1. Do"), "loses the empty task list 1. Do"),
        (AddItem("1. Do", ITEM, 1.0), "gets the task Do it"),
        (DropItem("7", "Do it"), "loses the task Do it"),
        (SetItem("7", ITEM, done=True), "ticked: Do it"),
        (SetItem("7", ITEM, done=False), "no longer ticked: Do it"),
        (SetItem("7", ITEM, text="Do it", done=True), "ticked, reworded: Do it"),
        (SetItem("7", ITEM, checklist="2. Do", position=1.0), "moved to 2. Do: Do it"),
        (SetItem("7", ITEM, position=1.0), "moved: Do it"),
    ],
)
def test_each_change_is_a_sentence(change: Change, sentence: str) -> None:
    assert _change_text(change, Layout()) == sentence


CREATE = Create(card(title="A *new* card", L=("a", "b")), 1.0, STAMP, "new")
UPDATE = Update(card(), shown(card()), (Move(Column.DONE, 1.0),), None, "m", {}, "changed")
ARCHIVE = Archive(over(), shown(card()), STAMP, {}, "its task is over")
PLAN = Plan(
    (CREATE, UPDATE, Remember(base_of(card()), "same"), Forget(key(), "gone")),
    (ARCHIVE,),
    (Note("openspec:b", "left"),),
    ("list Shipped",),
    Layout({**Layout().lists, Column.DONE: "Shipped"}),
)


def test_a_plan_is_grouped_by_card_with_reasons_in_every_form() -> None:
    assert plan_lines(PLAN) == [
        "+ list Shipped",
        "+ A *new* card  [To Do, 2 tasks]  (new)",
        "~ Title  (changed)",
        "    moves to Shipped",
        "held back: - Title  [into the archive]  (its task is over)",
        "  openspec:b: left",
    ]
    assert plan_markdown(PLAN, "Shop / Work") == [
        "## Shop / Work",
        "",
        "- make list Shipped",
        r"- **A \*new\* card** new in To Do, 2 tasks (new)",
        "- **Title** changes (changed)",
        "  - moves to Shipped",
        "- held back: **Title** goes to the archive (its task is over)",
        "- left alone: `openspec:b`: left",
    ]
    data: Any = plan_data(PLAN)
    assert [each["reason"] for each in data["operations"]] == ["new", "changed"]
    assert data["operations"][1]["changes"] == [{"change": "Move", "column": "Shipped"}]
    assert [each["kind"] for each in data["held"]] == ["archive"]


def test_a_plan_without_anything_to_do_says_so() -> None:
    assert plan_lines(Plan()) == []
    assert plan_markdown(Plan(), "Shop / Work")[-1] == "Nothing to do."


def test_a_plan_that_the_next_sync_would_not_carry_out_says_so_in_every_form() -> None:
    drifted = Update(card(), shown(card()), (SetTitle("x"),), None, "m", {}, "repaired")
    plan = Plan((drifted,), waits=True)
    told = "nothing is new, so a sync writes this with --force, or else with the next news"
    assert plan_lines(plan)[-1] == f"  {told}"
    assert plan_data(plan)["put_off"] == told
    assert plan_markdown(plan, "B")[-1] == f"- {told}"
    for other in (Plan((drifted,)), Plan(waits=True)):
        assert plan_data(other)["put_off"] == ""
        assert told not in "".join([*plan_lines(other), *plan_markdown(other, "B")])


def test_what_was_left_alone_is_said_once() -> None:
    plan = Plan(notes=(Note("openspec:a", "card 2 is a copy of card 1; left alone"),))
    assert plan_markdown(plan, "B")[-1] == "- `openspec:a`: card 2 is a copy of card 1; left alone"
