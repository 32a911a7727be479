"""Clones that share a board, each with its own base, agree in the end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.made import card, key, over
from core.passes import Clone
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.board import Card, CardVersion, Checklist, Item
from kanban_sync.core.columns import Column
from kanban_sync.core.description import compose
from kanban_sync.core.drawing import cards_of
from kanban_sync.core.errors import BoardUnreachableError
from kanban_sync.core.merge import SET_HERE
from kanban_sync.core.model import UNKNOWN, Status, Task, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("a", "b")
PARTS = ("title", "text", "column", "line", "delete")
COLUMNS = (Column.TODO, Column.IN_PROGRESS, Column.REVIEW, Column.DONE)

Commit: TypeAlias = "tuple[str, str, int]"
"""Which task, which part of it, and the value that it gets."""


def after(history: Sequence[Commit]) -> dict[str, Card]:
    """Return the tasks at the end of a history; one that was deleted is over."""
    tasks: dict[str, Card] = {}
    for time, (name, part, value) in enumerate(history, start=1):
        now = Version(time, f"c{time}")
        former = tasks.get(name)
        if part == "delete":
            if former is not None and former.column is not Column.ARCHIVE:
                tasks[name] = replace(over(name), version=CardVersion(former.version.text, now))
            continue
        if former is None or former.column is Column.ARCHIVE:
            former = card(name, column=Column.TODO, version=CardVersion(now, now))
        tasks[name] = changed(former, part, value, now)
    return tasks


def changed(former: Card, part: str, value: int, now: Version) -> Card:
    text, status = former.version
    if part == "column":
        return replace(former, column=COLUMNS[value], version=CardVersion(text, now))
    if part == "title":
        former = replace(former, title=f"Title {value}")
    elif part == "text":
        former = replace(former, text=f"Why {value}\n\nBecause {value}")
    else:
        former = replace(former, checklists=(Checklist("Do", (Item("1", f"do {value}", False),)),))
    return replace(former, version=CardVersion(now, status))


@dataclass
class Checkout:
    """A clone with the commit it has, and the tasks that it has ever known."""

    clone: Clone[MemoryBoard]
    at: int = 0
    known: set[str] = field(default_factory=set)

    def desired(self, history: Sequence[Commit]) -> list[Card]:
        tasks = after(history[: self.at])
        self.known |= set(tasks)
        reset = CardVersion(UNKNOWN, UNKNOWN)
        return [tasks.get(name) or over(name, version=reset) for name in sorted(self.known)]


COMMITS = st.tuples(st.sampled_from(NAMES), st.sampled_from(PARTS), st.integers(0, 3))
FAILINGS = st.just(0) | st.integers(0, 6)
STEPS = st.tuples(st.integers(0, 1), st.integers(0, 6), FAILINGS, st.booleans())
"""Which clone goes to which commit, at which write its sync fails (0: none), and how."""


@given(st.lists(COMMITS, min_size=1, max_size=6), st.lists(STEPS, max_size=8))
def test_clones_agree_within_two_syncs_of_each(
    history: list[Commit], steps: list[tuple[int, int, int, bool]]
) -> None:
    """Where a sync was cut off, words that another clone had said may stay as a person's."""
    board = MemoryBoard()
    clones = [Checkout(Clone(board)), Checkout(Clone(board))]
    for which, commit, failing, answer_lost in steps:
        checkout = clones[which]
        checkout.at = min(commit, len(history))
        board.fail_at(failing, answer_lost=answer_lost)
        with suppress(BoardUnreachableError):
            checkout.clone.sync(checkout.desired(history))
    was_cut_off = any(failing for _, _, failing, _ in steps)
    board.fail_at(0)
    for checkout in clones * 2:
        checkout.at = len(history)
        checkout.clone.sync(checkout.desired(history))

    for checkout in clones:
        assert checkout.clone.sync(checkout.desired(history)).writes == ()
    living = {
        str(each.key): each for each in after(history).values() if each.column is not Column.ARCHIVE
    }
    shown = [each for each in board.cards.values() if not each.archived]
    assert sorted(str(each.key) for each in shown) == sorted(living)
    for seen in shown:
        wanted = living[str(seen.key)]
        assert (seen.title, seen.column) == (wanted.title, wanted.column)
        lines = [item.text for each in wanted.checklists for item in each.items]
        there = [line.text for each in seen.checklists for line in each.items]
        assert wanted.text in seen.description
        assert set(lines) <= set(there)
        if not was_cut_off:
            assert seen.description == compose(wanted.text, wanted.key)
            assert there == lines


@pytest.mark.parametrize("is_line", [False, True])
@pytest.mark.parametrize(
    ("time", "commit"), [(5, "c5"), (7, SET_HERE)], ids=["named", "claimed before its last words"]
)
def test_clones_agree_though_a_database_alone_knows_whose_a_task_is(
    time: int, commit: str, *, is_line: bool
) -> None:
    worded = Version(9, "c9")
    change = Task(key(), "Change", Status.TODO, text_version=worded, status_version=worded)
    line = change._replace(key=key().child("1"), title="Line", parent=key())
    named = [change, line]
    told = named[is_line]
    named[is_line] = told._replace(assignee="ada", status_version=Version(time, commit))
    board = MemoryBoard()
    clones = ((Clone(board), cards_of([change, line])), (Clone(board), cards_of(named)))
    for _ in range(2):
        for clone, cards in clones:
            clone.sync(cards)
    assert [clone.sync(cards).operations for clone, cards in clones] == [(), ()]
    (seen,) = board.cards.values()
    assert "@ada" in f"{seen.description} {seen.checklists[0].items[0].text}"
