"""What differs between a card as it ought to be and as the board has it, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.core.checklists import compare_checklists
from kanban_sync.core.columns import BRANCH_LABEL
from kanban_sync.core.description import is_written, words_around
from kanban_sync.core.operations import AddLabel, Move, RemoveLabel, SetText, SetTitle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.board import Card, Said, SeenCard, Words
    from kanban_sync.core.operations import Change


@dataclass(frozen=True, slots=True)
class Difference:
    """What would have to be written: to the text part, and to the status part, of one card.

    ``items`` are the ids of lines that were recognised as ours, by item key; ``theirs`` those of
    people's lines. ``twice`` are those of the writes to the text part that take away what this
    clone and another one made at the same time. ``words`` are people's around our block, None if
    nobody knows where it is.
    """

    text: tuple[Change, ...]
    status: tuple[Change, ...]
    items: Mapping[str, str]
    theirs: frozenset[str]
    twice: tuple[Change, ...] = ()
    words: Words | None = None


def difference(card: Card, seen: SeenCard, base: Said | None, bottom: float) -> Difference:
    """Compare a desired card with a seen one.

    A field is as it should be if it equals, or if the board still has what was read back after
    we said the same: a server may store another text than it was sent.

    Args:
        card: How the card ought to be.
        seen: How the board has it.
        base: What was last agreed on, if anything.
        bottom: The position below the last card of the column in which the card ought to be.
    """
    text: list[Change] = []
    status: list[Change] = []
    said = base.said if base is not None else None
    back = base.read_back if base is not None else None
    if card.title != seen.title and not (
        said and back and card.title == said.title and seen.title == back.title
    ):
        text.append(SetTitle(card.title))
    all_said = base.all_said if base is not None else ()
    settled = bool(said and back and card.text == said.text)
    words = base.words if base is not None else None
    if not (settled and back and seen.description == back.description):
        former = tuple(dict.fromkeys(each.text for each in all_said))
        wanted = SetText(card.text, former, _marks(seen, base), words)
        if not is_written(seen.description, card.key, wanted, settled=settled):
            text.append(wanted)
        elif card.text:
            words = words_around(seen.description, card.key, wanted)
    if not _is_in_place(card, seen, base):
        status.append(Move(card.column, bottom))
    status += [AddLabel(name) for name in sorted(card.labels - seen.labels)]
    ours = set(card.names).union(*(each.labels for each in all_said))
    if card.owns_branches:
        ours |= {name for name in seen.labels if name.startswith(BRANCH_LABEL)}
    status += [RemoveLabel(name) for name in sorted((ours & seen.labels) - card.labels)]
    # The lines of a card that a person made in place of ours have ids of their own.
    known = base if base is not None and base.card_id in {"", seen.id} else None
    is_adopted = known is None and seen.key is None and seen.stamp is None
    lists = compare_checklists(
        card.checklists, seen.checklists, known, seen.stamp, is_adopted=is_adopted
    )
    text += lists.text
    status += lists.status
    changes = (tuple(text), tuple(status))
    return Difference(*changes, lists.items, lists.theirs, lists.twice, words)


def _marks(seen: SeenCard, base: Said | None) -> tuple[str, ...]:
    """Return the marks by which our block is found; one we were about to write may not be there."""
    begun = base.seen if base is not None and not base.finished else None
    stamps = (each.stamp for each in (seen, begun) if each is not None)
    return tuple(stamp.block for stamp in stamps if stamp is not None and stamp.block)


def _is_in_place(card: Card, seen: SeenCard, base: Said | None) -> bool:
    """Whether the card is in its column; people may move a card that waits between the two."""
    if card.column is seen.column and not seen.archived:
        return True
    if seen.archived or seen.column is None:
        return False
    unchanged = base is None or all(each.column is card.column for each in base.all_said)
    return unchanged and card.column.is_shared and seen.column.is_shared
