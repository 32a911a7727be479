"""One sync of a board, as the engine does it, with a base in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from core.made import MARK, PROJECT
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.operations import Archive, Create, Forget, Plan, Update
from kanban_sync.core.ports import Board
from kanban_sync.core.sayings import about_to_say, said_after
from kanban_sync.core.settled import settled_as
from kanban_sync.sync.drawing import Drawn
from kanban_sync.sync.planning import plan_board

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from kanban_sync.core.board import Card, Said
    from kanban_sync.core.model import TaskKey


NOW = 1_800_000_000.0

AnyBoard = TypeVar("AnyBoard", bound=Board)


@dataclass
class Clone(Generic[AnyBoard]):
    """What one clone remembers of a board, and how it draws."""

    board: AnyBoard
    base: dict[TaskKey, Said] = field(default_factory=dict)
    mark: str = MARK
    keep_drift: bool = False
    project: str = PROJECT

    def plan(self, desired: Iterable[Card], *, force: bool = False) -> Plan:
        """Read the board and decide; nothing is written.

        On a board in memory it is seen to that the same is decided without what is settled.
        """
        cards = tuple(desired)
        found = self._planned(lambda _among: Drawn(cards, self.mark, self.base), force=force)
        if isinstance(self.board, MemoryBoard):
            reads = self.board.reads
            assert self._planned(partial(self._drawn, cards), force=force) == found
            self.board.reads = reads
        return found

    def _planned(self, draw: Callable[[Collection[TaskKey] | None], Drawn], *, force: bool) -> Plan:
        return plan_board(self.board, draw, self.project, force=force, keep_drift=self.keep_drift)

    def _drawn(self, cards: Iterable[Card], among: Collection[TaskKey] | None) -> Drawn:
        """Leave out what is settled: all of which the base says what it ought to be."""
        left = {
            card.key: each
            for card in cards
            if (said := self.base.get(card.key)) is not None
            and (each := settled_as(said, card, "", self.mark)) is not None
            and (among is None or card.key in among)
        }
        base = {key: said for key, said in self.base.items() if key not in left}
        rest = tuple(card for card in cards if card.key not in left)
        return Drawn(rest, self.mark, base, settled=left)

    def sync(
        self,
        desired: Iterable[Card],
        *,
        force: bool = False,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Plan:
        """Read, decide, announce, write and remember; return what was decided.

        ``meanwhile`` is what others do between the reading and the writing.
        """
        found = self.plan(desired, force=force)
        if found.missing:
            self.board.prepare()
        former = dict(self.base)
        for operation in found.operations:
            if isinstance(operation, Create | Update | Archive):
                key = operation.card.key
                self.base[key] = about_to_say(operation, self.base.get(key), NOW)
        meanwhile()
        for operation in found.operations:
            receipt = self.board.apply(operation)
            if isinstance(operation, Forget):
                del self.base[operation.key]
            elif receipt.said is not None:
                key = receipt.said.said.key
                self.base[key] = said_after(operation, receipt.said, former.get(key))
        return found


def picture(board: MemoryBoard, *, archived: bool = True) -> dict[str, object]:
    """Return all that people see of a board, without ids and positions, task lists in any order."""
    cards = [each for each in board.cards.values() if archived or not each.archived]
    cards.sort(key=lambda each: (str(each.key), each.title, int(each.id)))
    return {
        f"{number} {each.key}": (
            each.title,
            each.description,
            each.column,
            sorted(each.labels),
            sorted(
                (found.title, [(line.text, line.done) for line in found.items])
                for found in each.checklists
            ),
        )
        for number, each in enumerate(cards)
    }
