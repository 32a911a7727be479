"""A plan reads as sentences about cards."""

from __future__ import annotations

import pytest

from kanban_sync.core.board import Column, Item, Layout
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    AddLabel,
    Change,
    DropChecklist,
    DropItem,
    Move,
    RemoveLabel,
    RenameChecklist,
    SetItem,
    SetText,
    SetTitle,
)
from kanban_sync.core.plan_text import _change_text

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
