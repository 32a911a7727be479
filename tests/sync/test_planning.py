"""The board's answer is awaited while the cards are drawn, and what was agreed on is read."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest

from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.board import Card, Said
from kanban_sync.core.columns import Column
from kanban_sync.core.errors import StoreError
from kanban_sync.core.model import TaskKey
from kanban_sync.core.operations import Forget
from kanban_sync.sync.drawing import Drawn
from kanban_sync.sync.planning import plan_board

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kanban_sync.core.board import BoardState, Known

PROJECT, MARK = "p1", "m1"
KEY = TaskKey(PROJECT, "openspec", "x")


class Asked(MemoryBoard):
    """A board that tells when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = Event()

    def read(self, base: Mapping[TaskKey, Known]) -> BoardState:
        self.is_asked.set()
        return super().read(base)


def test_what_was_agreed_on_is_read_after_the_board_was_asked() -> None:
    board = Asked()
    gone = Said("7", Card(KEY, "x", "", Column.TODO, frozenset()), MARK)

    def draw(_among: Collection[TaskKey] | None) -> Drawn:
        assert board.is_asked.wait(60), "the board is asked only once all is drawn"
        return Drawn((), MARK, {KEY: gone})

    (operation,) = plan_board(board, draw, PROJECT).operations
    assert isinstance(operation, Forget)
    assert operation.key == KEY


def test_a_database_that_cannot_be_read_meanwhile_ends_the_pass() -> None:
    def draw(_among: Collection[TaskKey] | None) -> Drawn:
        raise StoreError("damaged")

    with pytest.raises(StoreError, match="damaged"):
        plan_board(MemoryBoard(), draw, PROJECT)
