"""Draws the cards of a pass, and what was agreed on of them; what is settled is left out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.columns import Column
from kanban_sync.core.drawing import cards_of, with_ends
from kanban_sync.core.lost import without_expired
from kanban_sync.core.operations import key_of
from kanban_sync.core.settled import drawn_by, settled_as

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.bases import Bases
    from kanban_sync.core.board import Card, Said
    from kanban_sync.core.mapping import Drawing
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.operations import Plan
    from kanban_sync.core.settled import Settled

FEW = 0.25
"""The share of the tasks up to which these are read, and not all of them."""


class Drawn(NamedTuple):
    """The cards as they ought to be, who drew them (the mark), what was agreed on, the tasks.

    Cards, and what was agreed on, are without those that are ``settled`` as far as their tasks can
    tell.
    """

    cards: Sequence[Card]
    mark: str
    base: Mapping[TaskKey, Said]
    tasks: Sequence[Task] = ()
    settled: Mapping[TaskKey, Settled] = {}


class Drawer:
    """Draws the cards of one board from the store, again and again."""

    def __init__(
        self, store: Bases, target: str, drawing: Callable[[], Drawing], now: float
    ) -> None:
        """Take from where to draw, and what tells how; ``now`` is in seconds since 1970."""
        self.base: Mapping[TaskKey, Said] = {}
        """What was agreed on of the cards that were drawn last."""
        self.since = 0
        """The last event of before they were drawn."""
        self._store = store
        self._target = target
        self._how = drawing
        self._now = now
        self._hashes: Mapping[TaskKey, str] = {}
        self._cards: Mapping[TaskKey, Card] = {}
        self._known: Mapping[TaskKey, Settled] = {}

    @cached_property
    def _drawing(self) -> Drawing:
        return self._how()

    @property
    def mark(self) -> str:
        """The rendering mark with which is drawn."""
        return self._drawing.mark

    @cached_property
    def _drawn_by(self) -> str:
        return drawn_by(self._drawing)

    def draw(self, among: Collection[TaskKey] | None = None) -> Drawn:
        """Draw all cards but those that are settled, if they are ``among`` these keys (None: any).

        Whatever changes meanwhile is news, for which there is another pass.
        """
        store = self._store
        self.since = store.last_event()
        self._known = store.settled(self._target) if self._drawn_by else {}
        families = store.families() if self._drawn_by else {}
        self._hashes = {key: f"{self._drawn_by}.{each}" for key, each in families.items()}
        left = {
            key: each
            for key, each in self._known.items()
            if each.drawn == self._hashes.get(key) and (among is None or key in among)
        }
        base = self.base = without_expired(store.base(self._target, left), self._now)
        fresh = families.keys() - left.keys()
        tasks = store.tasks(fresh if left and len(fresh) <= FEW * len(families) else None)
        cards = [card for card in cards_of(tasks, self._drawing, self._now) if card.key not in left]
        self._cards = {card.key: card for card in cards}
        if store.last_event() != self.since:
            # The tasks may be others by now than those of the hashes, which may come back.
            self._hashes = {}
        return Drawn(with_ends(cards, tasks, base), self._drawing.mark, base, tasks, left)

    def settled(self, said: Iterable[Said]) -> dict[TaskKey, Settled]:
        """Return by what it is known of these bases that nothing is to be done on their cards."""
        found: dict[TaskKey, Settled] = {}
        for each in said:
            key = each.said.key
            card, drawn = self._cards.get(key), self._hashes.get(key)
            if card is None or drawn is None or self._ages(card):
                continue
            if (settled := settled_as(each, card, drawn, self._drawing.mark)) is not None:
                found[key] = settled
        return found

    def _ages(self, card: Card) -> bool:
        """Whether the day comes on which a card is put away, though its task is as it was."""
        return bool(self._drawing.archive_done_after) and card.column is Column.DONE

    def note_settled(self, found: Plan) -> None:
        """Record by what it is known of cards that nothing was to be done on them, if it is new."""
        told = {key_of(each) for each in (*found.operations, *found.held)}
        noted = {note.key for note in found.notes}
        as_was = [
            said
            for key, said in self.base.items()
            if key not in told and not (noted and str(key) in noted)
        ]
        settled = self.settled(as_was)
        new = {key: each for key, each in settled.items() if self._known.get(key) != each}
        if new:
            said = [self.base[key] for key in new]
            self._store.remember(self._target, said, new, self.since)
