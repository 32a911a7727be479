"""Which card on the board is which task's.

By id in the base; else by a footer of this project (the smallest id counts for every clone); else,
only for a card without any footer, by a title that is unique among our labelled cards and among
the tasks that have no card (boards made by the tool's predecessor).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.core.columns import Column
from kanban_sync.core.operations import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.board import BoardState, Card, Said, SeenCard
    from kanban_sync.core.model import TaskKey


@dataclass(frozen=True, slots=True)
class Found:
    """The cards of our tasks by key, and what people should know of the others.

    ``twins`` are younger cards that the base knows as ours: made here while another clone made
    one of its own.
    """

    cards: Mapping[TaskKey, SeenCard]
    twins: Mapping[TaskKey, SeenCard]
    notes: tuple[Note, ...]


def find_cards(
    desired: Sequence[Card],
    actual: BoardState,
    base: Mapping[TaskKey, Said],
    project: str,
) -> Found:
    """Find the card of each desired task; cards with another project's footer are strangers'."""
    by_id = {seen.id: seen for seen in actual.cards}
    by_key: dict[TaskKey, list[SeenCard]] = {}
    for seen in sorted(actual.cards, key=_age):
        if seen.key is not None and seen.key.project == project:
            by_key.setdefault(seen.key, []).append(seen)
    found: dict[TaskKey, SeenCard] = {}
    twins: dict[TaskKey, SeenCard] = {}
    notes: list[Note] = []
    for card in desired:
        known = base.get(card.key)
        candidates = list(by_key.get(card.key, []))
        remembered = by_id.get(known.card_id) if known is not None else None
        if remembered is not None and remembered.key in {None, card.key}:
            candidates = sorted({*candidates, remembered}, key=_age)
        if not candidates:
            continue
        # One that we put away gives way to one that is there; a person's archiving counts.
        candidates.sort(key=lambda seen: archived_by_us(seen, known))
        oldest, *others = candidates
        found[card.key] = oldest
        for other in others:
            if other is remembered and not other.archived and not oldest.archived:
                twins[card.key] = other
            elif not other.archived:
                text = f"card {other.id} is a copy of card {oldest.id}; left alone"
                notes.append(Note(str(card.key), text))
    found.update(_adopt(desired, actual, base, found))
    return Found(found, twins, tuple(notes))


def _adopt(
    desired: Sequence[Card],
    actual: BoardState,
    base: Mapping[TaskKey, Said],
    found: Mapping[TaskKey, SeenCard],
) -> dict[TaskKey, SeenCard]:
    """Pair tasks without a card with labelled cards without a footer, by unique exact title."""
    known = {said.card_id for said in base.values()}
    without = [
        card
        for card in desired
        if card.key not in found and card.key not in base and card.column is not Column.ARCHIVE
    ]
    agents = {card.names.agent for card in without}
    free = [
        seen
        for seen in actual.cards
        if seen.key is None and seen.id not in known and not seen.archived and agents & seen.labels
    ]
    wanted = Counter(card.title for card in without)
    offered = Counter(seen.title for seen in free)
    by_title = {seen.title: seen for seen in free if offered[seen.title] == 1}
    return {
        card.key: by_title[card.title]
        for card in without
        if wanted[card.title] == 1 and card.title in by_title
    }


def archived_by_us(seen: SeenCard, base: Said | None) -> bool:
    """Whether a card is in the archive by our own doing, in this clone or another."""
    marked = seen.stamp is not None and seen.stamp.archived
    return seen.archived and (marked or (base is not None and base.archived))


def _age(card: SeenCard) -> tuple[int, str]:
    """Sort key: ids grow with time; they are numbers in text, so the shorter one is the older."""
    return (len(card.id), card.id)
