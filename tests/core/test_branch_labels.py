"""Labels that name branches, on a board of clones that do not see the same branches."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from core.made import PROJECT
from core.passes import Clone
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.drawing import cards_of
from kanban_sync.core.mapping import Drawing
from kanban_sync.core.model import Status, Task, TaskKey, Version

if TYPE_CHECKING:
    from kanban_sync.core.board import Card

KEY = TaskKey(PROJECT, "tasks-md", "TASKS.md/1")
FIRST, SECOND = Version(1_700_000_000, "5" * 12), Version(1_700_000_060, "4" * 12)
OPEN = Task(KEY, "apples", Status.TODO, text_version=FIRST, status_version=FIRST, path="TASKS.md")
TICKED = OPEN._replace(status=Status.DONE, word="x", status_version=SECOND)
REWORDED = OPEN._replace(title="ripe apples", text_version=SECOND)
LINE = Task(KEY.child("1"), "wash", Status.TODO, parent=KEY, path="TASKS.md", text_version=FIRST)
LABELLED = Drawing(branches="label")


def drawn(task: Task, *, branch: str = "", drawing: Drawing = LABELLED) -> list[Card]:
    return cards_of([task._replace(branch=branch), LINE._replace(status_version=FIRST)], drawing)


def labels(board: MemoryBoard) -> set[str]:
    (card,) = board.cards.values()
    return {name.removeprefix("branch: ") for name in card.labels - {"agent"}}


@pytest.mark.parametrize("told", [TICKED, REWORDED])
def test_who_knows_that_a_branch_was_merged_is_newer_than_who_sees_the_branch(told: Task) -> None:
    views = (OPEN, ""), (told, "one"), (told, "")
    cards = [drawn(task, branch=branch)[0] for task, branch in views]
    statuses = [card.version.status for card in cards]
    assert statuses == sorted(set(statuses))
    assert len({card.version.text for card in cards}) == len({OPEN.text_version, told.text_version})


@pytest.mark.parametrize("told", [TICKED, REWORDED])
def test_clones_that_see_other_branches_agree_on_labels_and_write_no_more(told: Task) -> None:
    views = {
        "behind": drawn(OPEN),
        "one": drawn(told, branch="one"),
        "two": drawn(told, branch="two"),
        "merged": drawn(told),
    }
    due: dict[str, list[set[str]]] = {
        "behind behind": [set()],
        "behind one": [{"one"}],
        "behind two": [{"two"}],
        "one one": [{"one"}],
        "two two": [{"two"}],
        # Of two names for the same commits each clone sees one.
        "one two": [{"one"}, {"two"}],
    }
    anybody = list(product(range(2), views))
    for steps in product(anybody[: len(views)], anybody, anybody):
        board = MemoryBoard()
        clones = [Clone(board), Clone(board)]
        last = ["behind", "behind"]
        for which, view in steps:
            # Words that were merged go no more: a status that is as it was takes nothing back.
            if told is TICKED or last[which] != "merged":
                last[which] = view
            clones[which].sync(views[last[which]])
        for _ in range(2):
            for clone, view in zip(clones, last, strict=True):
                clone.sync(views[view])
        found = labels(board)
        assert found in due.get(" ".join(sorted(last)), [set()]), (steps, found)
        for clone, view in zip(clones, last, strict=True):
            assert clone.sync(views[view]).writes == (), steps


def test_a_label_of_another_clone_goes_from_a_clone_that_never_synced() -> None:
    board = MemoryBoard()
    Clone(board).sync(drawn(TICKED, branch="one"))
    assert labels(board) == {"one"}
    Clone(board).sync(drawn(TICKED))
    assert labels(board) == set()


def test_a_label_that_only_looks_like_a_branch_stays_where_none_are_drawn() -> None:
    board = MemoryBoard()
    plain = drawn(TICKED, drawing=Drawing())
    Clone(board).sync(plain)
    (card,) = board.cards
    board.person_labels(card, "branch: office", "theirs")
    assert Clone(board).sync(plain).writes == ()
    Clone(board).sync(drawn(TICKED))
    assert labels(board) == {"theirs"}
