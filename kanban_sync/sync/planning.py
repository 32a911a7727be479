"""Reads a board and decides; before a card would be made, the board's archive is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.card_keys import keyed_by_cards
from kanban_sync.core.finding import asked_again, doubtful_cards
from kanban_sync.core.operations import Create
from kanban_sync.core.plan import plan
from kanban_sync.core.telling import titled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from kanban_sync.core.board import BoardState, Card, Said
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.operations import Plan
    from kanban_sync.core.ports import Board


class Drawn(NamedTuple):
    """The cards as they ought to be, who drew them (the mark), what was agreed on, the tasks."""

    cards: Sequence[Card]
    mark: str
    base: Mapping[TaskKey, Said]
    tasks: Sequence[Task] = ()


class _Coming(Mapping["TaskKey", "Said"]):
    """A base that another thread still reads: whoever asks for anything of it waits."""

    def __init__(self, drawing: Future[Drawn]) -> None:
        self._drawing = drawing

    def __getitem__(self, key: TaskKey) -> Said:
        return self._drawing.result().base[key]

    def __iter__(self) -> Iterator[TaskKey]:
        return iter(self._drawing.result().base)

    def __len__(self) -> int:
        return len(self._drawing.result().base)


def plan_board(
    board: Board,
    draw: Callable[[], Drawn],
    project: str,
    *,
    force: bool = False,
    keep_drift: bool = False,
) -> Plan:
    """Read a board and return what has to be done; nothing is written.

    ``draw`` is called in a thread of its own, while the board's answer is awaited: it reads the
    base, too, which takes as long.

    A card that a person archived is not on the board. A clone that never saw it, or has lost its
    record, would make a second one. One that was seen there may have been deleted since: it is
    asked for once its task has changed, or if it is forced. Of a board that was made again under
    its name the base knows nothing: it speaks of the one before.
    """

    def decided(actual: BoardState) -> Plan:
        return plan(
            keyed.cards, actual, base, drawn.mark, project, force=force, keep_drift=keep_drift
        )

    # Not the other way round: an alarm, or Ctrl-C, ends a wait of the main thread only.
    with ThreadPoolExecutor(1, thread_name_prefix="drawing") as pool:
        drawing = pool.submit(draw)
        known = dict(board.ids)
        actual = board.read(_Coming(drawing))
        drawn = drawing.result()
    base = {} if is_another(board, known) else drawn.base
    keyed = keyed_by_cards(drawn.cards, drawn.tasks, actual, base, project)
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
