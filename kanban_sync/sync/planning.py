"""Reads a board and decides; before a card would be made, the board's archive is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from kanban_sync.core.card_keys import keyed_by_cards
from kanban_sync.core.finding import asked_again, doubtful_cards
from kanban_sync.core.operations import Create
from kanban_sync.core.plan import plan
from kanban_sync.core.settled import still_settled
from kanban_sync.core.telling import titled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from concurrent.futures import Future

    from kanban_sync.core.board import BoardState, Known
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.operations import Plan
    from kanban_sync.core.ports import Board
    from kanban_sync.sync.drawing import Drawn


class _Coming(Mapping["TaskKey", "Known"]):
    """A base that another thread still reads: whoever asks for anything of it waits."""

    def __init__(self, drawing: Future[Drawn]) -> None:
        self._drawing = drawing

    @cached_property
    def _all(self) -> dict[TaskKey, Known]:
        drawn = self._drawing.result()
        return {**drawn.settled, **drawn.base}

    def __getitem__(self, key: TaskKey) -> Known:
        return self._all[key]

    def __iter__(self) -> Iterator[TaskKey]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def plan_board(  # noqa: PLR0913 - two sides, whose cards, and what the settings say
    board: Board,
    draw: Callable[[Collection[TaskKey] | None], Drawn],
    project: str,
    *,
    foreign: Callable[[str], frozenset[str]] = lambda _mark: frozenset(),
    force: bool = False,
    keep_drift: bool = False,
) -> Plan:
    """Read a board and return what has to be done; nothing is written.

    ``draw`` is called in a thread of its own, while the board's answer is awaited: it reads the
    base, too, which takes as long. It leaves out what is settled, and is called again where the
    board tells that some of that is not: then only what is among the given keys may be left out.
    ``foreign`` tells with which marks others draw who share the base, by the mark of the drawing.

    A card that a person archived is not on the board. A clone that never saw it, or has lost its
    record, would make a second one. One that was seen there may have been deleted since: it is
    asked for once its task has changed, or if it is forced. Of a board that was made again under
    its name the base knows nothing: it speaks of the one before.
    """

    def decided(actual: BoardState) -> Plan:
        return plan(
            keyed.cards,
            actual,
            base,
            drawn.mark,
            project,
            others=foreign(drawn.mark),
            left=len(drawn.settled),
            force=force,
            keep_drift=keep_drift,
        )

    # Not the other way round: an alarm, or Ctrl-C, ends a wait of the main thread only.
    with ThreadPoolExecutor(1, thread_name_prefix="drawing") as pool:
        drawing = pool.submit(draw, None)
        known = dict(board.ids)
        actual = board.read(_Coming(drawing))
        drawn = drawing.result()
    is_other = is_another(board, known)
    while drawn.settled:
        others = drawn.base.values()
        left = () if is_other else still_settled(drawn.settled, actual, others)
        if len(left) == len(drawn.settled):
            break
        drawn = draw(left)
    base = {} if is_other else drawn.base
    keyed = keyed_by_cards(drawn.cards, drawn.tasks, actual, base, project, drawn.settled)
    doubtful = doubtful_cards(keyed.cards, actual, base, drawn.mark, force=force)
    if doubtful:
        actual = asked_again(actual, board.ask_again(doubtful))
    found = decided(actual)
    new = [each.card.key for each in found.operations if isinstance(each, Create)]
    away = board.put_away(new) if new else ()
    if away:
        found = decided(replace(actual, cards=(*actual.cards, *away)))
    return replace(found, notes=(*found.notes, *titled(keyed.notes, drawn.cards)))


def is_another(board: Board, known: Mapping[str, str]) -> bool:
    """Whether a board that was read is another than the one of which these ids were remembered."""
    return bool(known.get("board")) and board.ids.get("board") != known["board"]
