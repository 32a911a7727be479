"""Reads a board and decides; before a card would be made, the board's archive is asked for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.operations import Create
from kanban_sync.core.plan import plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.board import BoardState, Card, Said
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.operations import Plan
    from kanban_sync.core.ports import Board


def plan_board(  # noqa: PLR0913 - the arguments of a plan, with a board in place of its state
    board: Board,
    desired: Sequence[Card],
    base: Mapping[TaskKey, Said],
    mark: str,
    project: str,
    *,
    force: bool = False,
    keep_drift: bool = False,
) -> Plan:
    """Read a board and return what has to be done; nothing is written.

    A card that a person archived is not on the board. A clone that never saw it, or has lost its
    record, would make a second one.
    """

    def decided(actual: BoardState) -> Plan:
        return plan(desired, actual, base, mark, project, force=force, keep_drift=keep_drift)

    actual = board.read(base)
    found = decided(actual)
    new = [each.card.key for each in found.operations if isinstance(each, Create)]
    away = board.put_away(new) if new else ()
    return decided(replace(actual, cards=(*actual.cards, *away))) if away else found
