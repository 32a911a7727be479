"""The board in memory keeps the contract, counts, and fails where it is told to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from boards.contract import FULL, BoardContract
from boards.contract_identity import IdentityContract
from boards.contract_lines import LinesContract
from boards.contract_meanwhile import MeanwhileContract
from boards.contract_precedence import PrecedenceContract
from core.passes import Clone
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.errors import BoardUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from boards.contract_lines import AtWrite
    from kanban_sync.core.board import SeenChecklist
    from kanban_sync.core.columns import Column

    Made = TypeVar("Made")


@dataclass
class MemoryPerson:
    board: MemoryBoard

    def adds(self, title: str, description: str, column: Column | None) -> str:
        return self.board.person_adds(title, description, column).id

    def edits(self, card_id: str, *, title: str = "", description: str = "") -> None:
        self.board.person_edits(card_id, title=title or None, description=description or None)

    def moves(self, card_id: str, column: Column | None) -> None:
        self.board.person_moves(card_id, column)

    def labels(self, card_id: str, name: str) -> None:
        self.board.person_labels(card_id, name)

    def adds_item(self, card_id: str, title: str, text: str) -> None:
        self.board.person_adds_item(card_id, title, text)

    def ticks(self, card_id: str, text: str, *, done: bool) -> None:
        self.board.person_ticks(card_id, text, done=done)

    def ticks_item(self, line_id: str) -> None:
        for card in list(self.board.cards.values()):
            self._change_lists(
                card.id,
                lambda each: each._replace(
                    items=tuple(
                        line._replace(done=line.done or line.id == line_id) for line in each.items
                    )
                ),
            )

    def renames_list(self, card_id: str, title: str, name: str) -> None:
        self._change_lists(
            card_id, lambda each: each._replace(title=name) if each.title == title else each
        )

    def _change_lists(self, card_id: str, change: Callable[[SeenChecklist], SeenChecklist]) -> None:
        card = self.board.card(card_id)
        self.board.keep(replace(card, checklists=tuple(map(change, card.checklists))))

    def unlabels(self, card_id: str, name: str) -> None:
        self.board.person_labels(card_id, remove=name)

    def drops_list(self, card_id: str, title: str) -> None:
        card = self.board.card(card_id)
        kept = tuple(each for each in card.checklists if each.title != title)
        self.board.keep(replace(card, checklists=kept))

    def clears_version(self, card_id: str) -> None:
        self.board.person_clears_version(card_id)

    def trashes(self, card_id: str) -> None:
        self.board.person_trashes(card_id)

    def archives(self, card_id: str) -> None:
        self.board.person_archives(card_id)

    def deletes(self, card_id: str) -> None:
        self.board.person_deletes(card_id)

    def takes_away(self, card_id: str) -> None:
        self.board.person_takes_away(card_id)

    def drops_column(self, column: Column) -> None:
        self.board.person_drops_column(column)

    def lists(self) -> tuple[str, ...]:
        return self.board.lists

    def copies(self, card_id: str) -> str:
        return self.board.person_copies(card_id).id


class TestMemoryBoard(
    BoardContract, IdentityContract, LinesContract, MeanwhileContract, PrecedenceContract
):
    @pytest.fixture
    def board(self) -> MemoryBoard:
        return MemoryBoard()

    @pytest.fixture
    def person(self, board: MemoryBoard) -> MemoryPerson:
        return MemoryPerson(board)

    @pytest.fixture
    def at_write(self, board: MemoryBoard, monkeypatch: pytest.MonkeyPatch) -> AtWrite:
        def watch(write: int, act: Callable[[], object], *, is_done: bool) -> None:
            carry_out, left = board.write, [write]

            def writes(change: Callable[[], Made]) -> Made:
                left[0] -= 1
                if left[0] == 0 and not is_done:
                    act()
                made = carry_out(change)
                if left[0] == 0 and is_done:
                    act()
                return made

            monkeypatch.setattr(board, "write", writes)

        return watch


def test_a_write_that_fails_is_not_carried_out() -> None:
    board = MemoryBoard()
    Clone(board).sync([])
    board.fail_at(1)
    with pytest.raises(BoardUnreachableError):
        Clone(board).sync([FULL])
    assert board.cards == {}


def test_a_write_whose_answer_is_lost_is_carried_out() -> None:
    board = MemoryBoard()
    Clone(board).sync([])
    board.fail_at(1, answer_lost=True)
    with pytest.raises(BoardUnreachableError):
        Clone(board).sync([FULL])
    assert [seen.key for seen in board.cards.values()] == [FULL.key]


def test_reads_and_writes_are_counted_as_a_server_would() -> None:
    board = MemoryBoard()
    clone = Clone(board)
    clone.sync([FULL])
    before = (board.reads, board.writes)
    clone.sync([FULL])
    assert (board.reads, board.writes) == (before[0] + 1, before[1])
