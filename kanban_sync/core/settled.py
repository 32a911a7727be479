"""Which cards are as they were last agreed on: told from hashes, without drawing or reading them.

With the base of a card that is settled lie two hashes: of what it was drawn from, and of how the
board showed it. As long as both are the same, drawing the card would give what was said, and the
board has what was read back: there is nothing to do, and ``plan`` need not be asked. Whatever else
there may be to say of a card makes it one that is not settled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from typing import TYPE_CHECKING

from kanban_sync.core.columns import Column, digest
from kanban_sync.core.description import task_mark
from kanban_sync.core.mapping import SECTION
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanban_sync.core.board import BoardState, Card, Said, SeenCard
    from kanban_sync.core.mapping import Drawing
    from kanban_sync.core.model import TaskKey

DIGITS = 32
"""How much of a hash is kept: chance will not hit it."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


class Settled(NamedTuple):
    """With which hashes there is nothing to do on a card; ``drawn`` is of its tasks and settings.

    Of a base that was not read it is all that is known: it is finished, and neither archived nor
    deleted.
    """

    card_id: str
    drawn: str
    shown: str

    @property
    def seen(self) -> None:
        """Not read."""
        return

    @property
    def finished(self) -> bool:
        """Nothing is settled before."""
        return True

    @property
    def deleted(self) -> bool:
        """A card that is not there is not settled."""
        return False


def drawn_by(drawing: Drawing) -> str:
    """Return a hash of all that cards are drawn by, besides their tasks; '' where that is not all.

    A heading's card is drawn from several tasks that do not belong together otherwise.
    """
    if drawing.cards == SECTION:
        return ""
    return digest([drawing.mark, astuple(drawing)])[:DIGITS]


def shown_on(seen: SeenCard) -> str:
    """Return a hash of a card as the board has it; whether people used it does not count."""
    fields = (
        seen.id, seen.key, seen.title, seen.description, seen.column, sorted(seen.labels),
        seen.checklists, seen.stamp, seen.archived, seen.position, seen.trashed, seen.adrift,
    )  # fmt: skip
    return hashlib.sha256(_ENCODER.encode(fields).encode()).hexdigest()[:DIGITS]


def settled_as(said: Said, card: Card, drawn: str, mark: str) -> Settled | None:
    """Return by what it is known that nothing is to be done on a card, None if that takes more.

    Args:
        said: What was agreed on.
        card: How the card ought to be.
        drawn: The hash of what it was drawn from.
        mark: The rendering mark with which it was drawn.
    """
    seen = said.seen
    if seen is None or seen.stamp is None or said.said != card or said.mark != mark:
        return None
    is_plain = said.finished and not (said.archived or said.deleted or said.lost or said.asked)
    is_there = said.card_id == seen.id and seen.key == card.key and not seen.archived
    is_on_board = is_there and card.column is not Column.ARCHIVE
    is_undisputed = seen.stamp.version == card.version
    lines = {item.key for each in card.checklists for item in each.items}
    if is_plain and is_on_board and is_undisputed and said.items.keys() == lines:
        return Settled(said.card_id, drawn, shown_on(seen))
    return None


def still_settled(
    settled: Mapping[TaskKey, Settled], actual: BoardState, others: Iterable[Said]
) -> frozenset[TaskKey]:
    """Return the cards that the board still shows as they were, and that no other card concerns.

    Args:
        settled: What is known of cards whose tasks are as they were.
        actual: What one reading of the board told.
        others: What was agreed on of all other cards.
    """
    known = {said.card_id for said in others}
    there = {seen.id: seen for seen in actual.cards}
    found = {
        key: each.card_id
        for key, each in settled.items()
        if each.card_id not in known
        and (seen := there.get(each.card_id)) is not None
        and shown_on(seen) == each.shown
    }
    known.update(found.values())
    unknown = [seen for seen in actual.cards if seen.id not in known]
    claimed = {seen.key for seen in unknown}
    marks = {seen.stamp.task for seen in unknown if seen.stamp is not None and seen.stamp.task}
    return frozenset(
        key for key in found if key not in claimed and not (marks and task_mark(key) in marks)
    )
