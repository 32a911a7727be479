"""What is recorded before an operation and after it, so that a crash in between is mended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.board import Said
from kanban_sync.core.lost import of_line, under_way, with_more, without
from kanban_sync.core.operations import (
    Archive,
    Create,
    DropChecklist,
    DropItem,
    Move,
    Remember,
    Update,
)

if TYPE_CHECKING:
    from kanban_sync.core.board import Card, Lost, SeenCard
    from kanban_sync.core.operations import Operation

SAYINGS = 4
"""How many sayings that were begun, but not finished, are remembered besides the finished one."""


def about_to_say(operation: Create | Update | Archive, former: Said | None, now: float) -> Said:
    """Return the base to record before the first write, so that a crash in between is mended.

    It forgets nothing of the former base: the writes may not have begun. A card that is yet to be
    made has no id. Until it is known what became of the writes, some may be under way from ``now``.
    """
    lost = _lost(operation, former)
    if isinstance(operation, Create):
        mark, place = operation.stamp.mark, operation.position
        return Said("", operation.card, mark, finished=False, place=place, lost=lost, asked=now)
    if isinstance(operation, Archive) and operation.keeps is not None:
        return former or operation.keeps
    card, seen = operation.card, operation.seen
    base = former or Said(seen.id, card, operation.mark, seen)
    return replace(
        base,
        card_id=seen.id,
        said=card,
        mark=operation.mark,
        items={**base.items, **operation.items},
        finished=False,
        archived=base.archived or seen.archived or isinstance(operation, Archive),
        deleted=False,
        before=() if former is None else _remembered(base.all_said),
        theirs=operation.theirs if isinstance(operation, Update) else base.theirs,
        place=_place(operation),
        settled="" if former is None else former.last_settled,
        lost=lost,
        asked=now,
    )


def ended(begun: Said) -> Said:
    """Return an unfinished saying of which it is known that nothing of it is under way."""
    return replace(begun, asked=0.0)


def said_after(operation: Operation, said: Said, former: Said | None) -> Said:
    """Return the base to record after an operation: what it said, and what may still come."""
    if isinstance(operation, Archive) and operation.keeps is not None:
        return said
    return replace(said, lost=without(_lost(operation, former), _come(operation, former)))


def _lost(operation: Operation, former: Said | None) -> tuple[Lost, ...]:
    """Return what may still come of all that was said before this operation."""
    match operation:
        case Update() | Archive():
            seen: SeenCard | None = operation.seen
        case Remember():
            seen = operation.said.seen
        case _:
            seen = None
    return with_more(former, under_way(former, seen)) if former is not None else ()


def _come(operation: Operation, former: Said | None) -> list[str]:
    """Return hashes of what came late and is taken away by this operation."""
    if not isinstance(operation, Update) or former is None:
        return []
    titles = {line.id: each.title for each in operation.seen.checklists for line in each.items}
    known = set(former.items.values())
    come = [
        of_line(titles[each.id], each.text)
        for each in operation.changes
        if isinstance(each, DropItem) and each.id in titles and each.id not in known
    ]
    dropped = (each for each in operation.changes if isinstance(each, DropChecklist))
    return come + [of_line(each.title) for each in dropped]


def _place(operation: Update | Archive) -> float:
    """Return the position to which a card is moved, 0 if it is not."""
    changes = operation.changes if isinstance(operation, Update) else ()
    return next((change.position for change in changes if isinstance(change, Move)), 0.0)


def _remembered(said: tuple[Card, ...]) -> tuple[Card, ...]:
    """Keep the oldest, which was finished, and the latest: a refused card may change for long."""
    each_once = tuple(dict.fromkeys(said))
    return (*each_once[:SAYINGS], *each_once[SAYINGS:][-1:])
