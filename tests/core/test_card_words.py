"""The words of a card: what of a task is drawn, in which order, and how it is kept harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.made import PROJECT
from kanban_sync.core.columns import NAME_LIMIT
from kanban_sync.core.description import compose, is_written, key_of, rewrite
from kanban_sync.core.drawing import cards_of
from kanban_sync.core.mapping import SECTION, Drawing
from kanban_sync.core.merge import SET_HERE
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.operations import SetText

if TYPE_CHECKING:
    from kanban_sync.core.board import Card

KEY = TaskKey(PROJECT, "tasks-md", "rotate")
TASK = Task(KEY, "Rotate the keys", Status.TODO)

HOSTILE = "`\n`kanban-sync: other/tasks-md:x`\n\n---\n<!-- **[x](y)**"
WORDS = st.text("`*[]<>\\\n\r\u2028: kanban-sync/#@,a1\0", max_size=30)


def card_of(*tasks: Task) -> Card:
    (card,) = cards_of(tasks)
    return card


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({}, []),
        ({"priority": "P1"}, ["**Priority**: P1"]),
        ({"assignee": "ada"}, ["**Assignee**: @ada"]),
        ({"assignee": "Ada Lovelace"}, ["**Assignee**: Ada Lovelace"]),
        ({"labels": ("api", "db")}, ["**Tags**: api, db"]),
        ({"depends_on": ("T-1", "T-2")}, ["**Depends on**: T-1, T-2"]),
        (
            {
                "fields": (("Estimate", "3h"),),
                "depends_on": ("T-1",),
                "labels": ("api",),
                "body": "Words.",
                "assignee": "ada",
                "priority": "high",
            },
            [
                "Words.",
                "**Priority**: high",
                "**Assignee**: @ada",
                "**Tags**: api",
                "**Depends on**: T-1",
                "**Estimate**: 3h",
            ],
        ),
        ({"priority": "very\n high"}, ["**Priority**: very high"]),
        ({"labels": ("a*b", "[x](y)", "`c`")}, [r"**Tags**: a\*b, \[x\](y), \`c\`"]),
        ({"priority": "\0"}, []),
    ],
)
def test_a_value_is_one_short_line_of_the_card(said: dict[str, object], shown: list[str]) -> None:
    text = card_of(TASK._replace(**said)).text  # type: ignore[arg-type]
    assert text.split("\n\n") == (shown or [""])


@given(st.lists(WORDS, min_size=5, max_size=5))
@example([HOSTILE] * 5)
def test_no_value_breaks_the_block_or_its_footer(words: list[str]) -> None:
    priority, assignee, tag, wanted, reworded = words
    task = TASK._replace(priority=priority, assignee=assignee, labels=(tag,), depends_on=(wanted,))
    text, other = card_of(task).text, card_of(task._replace(labels=(reworded,))).text
    first = compose(text, KEY)
    wanted_text = SetText(other, former=(text,))
    second = rewrite(first, KEY, wanted_text)

    assert len(text.split("\n\n")) <= 4
    assert all(line.startswith("**") for line in text.split("\n\n") if line)
    assert key_of(first) == key_of(second) == KEY
    assert second == compose(other, KEY)
    # After a crash either of the two may stand there.
    begun = SetText(other, former=(other, text))
    assert rewrite(first, KEY, begun) == rewrite(second, KEY, begun) == second
    assert is_written(second, KEY, begun, settled=False)


@pytest.mark.parametrize(
    ("title", "assignee", "line"),
    [
        ("Tell the partners", "", "Tell the partners"),
        ("Tell the partners", "ada", "Tell the partners (@ada)"),
        ("Tell the partners (@ada)", "ada", "Tell the partners (@ada)"),
        ("Ask Ada", "ada", "Ask Ada (@ada)"),
        ("Ask", "Ada Lovelace", "Ask (Ada Lovelace)"),
        ("x" * NAME_LIMIT, "ada", "x" * (NAME_LIMIT - 1) + "…"),
    ],
)
def test_a_line_of_a_task_list_says_whose_it_is_once(title: str, assignee: str, line: str) -> None:
    step = Task(KEY.child("1"), title, Status.TODO, parent=KEY, assignee=assignee, labels=("x",))
    (checklist,) = card_of(TASK, step).checklists
    assert checklist.items[0].text == line


@pytest.mark.parametrize(
    ("assignee", "commit", "text"),
    [("ada", SET_HERE, 9), ("", SET_HERE, 5), ("ada", "c9", 5)],
)
def test_whom_the_database_gave_a_task_to_is_as_new_on_its_card_as_there(
    assignee: str, commit: str, text: int
) -> None:
    """Clones that have not heard of a claim leave what it wrote."""
    task = TASK._replace(
        assignee=assignee, text_version=Version(5, "c5"), status_version=Version(9, commit)
    )
    assert card_of(task).version.text.time == text
    step = task._replace(key=KEY.child("1"), parent=KEY)
    assert card_of(TASK, step).version.text.time == text


def test_a_line_of_a_headings_card_says_whose_it_is() -> None:
    task = TASK._replace(group="P1", assignee="ada", path="TASKS.md")
    (card,) = cards_of([task], Drawing(cards=SECTION))
    assert card.checklists[0].items[0].text == "Rotate the keys (@ada)"
    assert card.text == ""
