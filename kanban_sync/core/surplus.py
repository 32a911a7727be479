"""Cards of a task that has another one: two clones made one each, or a lost request came late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.columns import Column
from kanban_sync.core.lost import hash_of, without
from kanban_sync.core.operations import Archive
from kanban_sync.core.precedence import stamp_archived

if TYPE_CHECKING:
    from kanban_sync.core.board import Card, Said
    from kanban_sync.core.finding import Found


def archive_surplus(card: Card, found: Found, base: Said | None) -> Archive | None:
    """Return what puts away a card that its task has besides the one that counts, if any."""
    if base is None:
        return None
    if (twin := found.twins.get(card.key)) is not None:
        # Row 24: two clones made a card at the same time; the oldest counts for all of them.
        stamp = stamp_archived(card, twin, base)
        reason = "an older card of its task counts"
        return Archive(
            ended(card, base), twin, stamp, base.items, reason, is_twin=True, made=base.made
        )
    if (late := found.late.get(card.key)) is not None:
        # Row 25: the server acted on a request long after it was given up.
        stamp = stamp_archived(card, late, base)
        reason = "its task has a card; this one came late, of a request without an answer"
        keeps = replace(base, lost=without(base.lost, [hash_of(late)]))
        return Archive(ended(card, base), late, stamp, {}, reason, is_twin=True, keeps=keeps)
    return None


def ended(card: Card, base: Said) -> Card:
    """Return the card as an archiving says it: the words on the board stay as they were."""
    there = base.said
    return replace(there, column=Column.ARCHIVE, version=card.version, evident=card.evident)
