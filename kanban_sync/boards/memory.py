"""A board in memory on which people work too: for tests, and to try a plan on."""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, TypeVar, assert_never

from kanban_sync.boards.memory_writer import MemoryWriter, put_away
from kanban_sync.core.board import BoardState, SeenCard
from kanban_sync.core.checklists import STEP
from kanban_sync.core.columns import AGENT_LABEL, LISTS, Column
from kanban_sync.core.description import key_of, keys_of
from kanban_sync.core.errors import BoardUnreachableError, RefusedError
from kanban_sync.core.operations import Archive, Create, Forget, Remember, Update
from kanban_sync.core.ports import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kanban_sync.core.board import Known
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.operations import Operation

Made = TypeVar("Made")


class MemoryBoard:
    """A board that several clones may share; what people do to it are the ``person_`` methods.

    ``cards`` are all cards by id, archived ones too. ``reads`` and ``writes`` count as requests
    to a server would. A write may be told to fail.
    """

    def __init__(self, ids: Mapping[str, str] | None = None) -> None:
        """Make a board without lists, as a server without our board is."""
        self.ids = dict(ids or {})
        self.cards: dict[str, SeenCard] = {}
        self.reads = 0
        self.writes = 0
        self._elsewhere: set[str] = set()
        self._things: set[str] = set()
        self._last_id = 0
        self._failing = 0
        self._is_answer_lost = False
        self._lock = RLock()

    def fail_at(self, write: int, *, answer_lost: bool = False) -> None:
        """Let one of the next writes fail, counted from 1; 0 lets all succeed.

        With ``answer_lost`` it is carried out before it fails, like a request that timed out.
        """
        self._failing = self.writes + write if write else 0
        self._is_answer_lost = answer_lost

    # --- the port -----------------------------------------------------------------------------

    def read(self, base: Mapping[TaskKey, Known]) -> BoardState:
        """Read the board; look besides only for cards of the base not on it."""
        with self._lock:
            self.reads += 1
            cards = [card for card in self.cards.values() if not card.archived]
            cards.sort(key=lambda card: int(card.id))
            return self._with_absent(cards, base)

    def _with_absent(self, cards: list[SeenCard], base: Mapping[TaskKey, Known]) -> BoardState:
        present = {card.id for card in cards}
        gone: set[str] = set()
        elsewhere: set[str] = set()
        for said in base.values():
            if said.card_id in present or not said.card_id:
                continue
            if said.deleted:
                gone.add(said.card_id)
            elif said.seen is not None and said.seen.archived and said.finished:
                cards.append(said.seen)
            else:
                self._look_for(said.card_id, cards, gone, elsewhere)
        missing = tuple(name for name in _things() if name not in self._things)
        return BoardState(tuple(cards), frozenset(gone), frozenset(elsewhere), missing)

    def _look_for(
        self, card_id: str, cards: list[SeenCard], gone: set[str], elsewhere: set[str]
    ) -> None:
        self.reads += 1
        if card_id in self._elsewhere:
            elsewhere.add(card_id)
        elif card_id in self.cards:
            cards.append(self.cards[card_id])
        else:
            gone.add(card_id)

    def ask_again(self, ids: Collection[str]) -> BoardState:
        """Return what has become of cards that a reading believed to be put away still."""
        cards: list[SeenCard] = []
        gone: set[str] = set()
        elsewhere: set[str] = set()
        with self._lock:
            for card_id in ids:
                self._look_for(card_id, cards, gone, elsewhere)
        return BoardState(tuple(cards), frozenset(gone), frozenset(elsewhere))

    def put_away(self, keys: Collection[TaskKey]) -> tuple[SeenCard, ...]:
        """Return the cards of these tasks that lie in the archive."""
        with self._lock:
            self.reads += 1
            cards = (card for card in self.cards.values() if card.archived)
            return tuple(card for card in cards if keys_of(card.description) & set(keys))

    def prepare(self) -> None:
        """Make what the last reading found missing: lists, label, field."""
        for name in _things():
            if name not in self._things:
                self.write(lambda name=name: self._things.add(name))  # type: ignore[misc]
                self.ids[name] = name

    def apply(self, operation: Operation) -> Receipt:
        """Carry out one operation; safe to call from several threads."""
        writer = MemoryWriter(self)
        match operation:
            case Create():
                return Receipt(writer.create(operation))
            case Update():
                return Receipt(writer.update(operation))
            case Archive():
                return Receipt(writer.archive(operation))
            case Remember():
                return Receipt(operation.said)
            case Forget():
                return Receipt(None)
            case _:
                assert_never(operation)

    def close(self) -> None:
        """Let go of nothing: there are no connections."""

    # --- what the writer needs ----------------------------------------------------------------

    def write(self, change: Callable[[], Made]) -> Made:
        """Count a write and carry it out, or fail as was asked for."""
        with self._lock:
            self.writes += 1
            is_failing = self.writes == self._failing
            if is_failing and not self._is_answer_lost:
                raise BoardUnreachableError("the board in memory was told not to answer")
            made = change()
            if is_failing:
                raise BoardUnreachableError("the board in memory was told to lose its answer")
            return made

    def card(self, card_id: str) -> SeenCard:
        """Return a card, wherever it is.

        Raises:
            RefusedError: It was deleted.
        """
        with self._lock:
            if card_id not in self.cards:
                raise RefusedError(f"card {card_id} of the board in memory was deleted")
            return self.cards[card_id]

    def keep(self, card: SeenCard) -> SeenCard:
        """Put a card in place of the one with its id; its footer tells its key."""
        with self._lock:
            self.cards[card.id] = replace(card, key=key_of(card.description))
            return self.cards[card.id]

    def new_id(self) -> str:
        """Return an id that was never given before; ids grow with time."""
        with self._lock:
            self._last_id += 1
            return str(self._last_id)

    @property
    def lists(self) -> tuple[str, ...]:
        """The names of the lists, in the board's order."""
        return tuple(each.value for each in LISTS if f"list {each.value}" in self._things)

    # --- what people do -----------------------------------------------------------------------

    def person_adds(
        self, title: str, description: str = "", column: Column | None = None
    ) -> SeenCard:
        """Make a card, in a list that is none of ours unless a column is given."""
        position = STEP * (len(self.cards) + 1)
        return self.keep(
            SeenCard(self.new_id(), None, title, description, column, position=position)
        )

    def person_edits(
        self, card_id: str, *, title: str | None = None, description: str | None = None
    ) -> None:
        """Change the words of a card."""
        card = self.card(card_id)
        title = card.title if title is None else title
        description = card.description if description is None else description
        self.keep(replace(card, title=title, description=description))

    def person_labels(self, card_id: str, *add: str, remove: str = "") -> None:
        """Put labels on a card, and take one off."""
        card = self.card(card_id)
        self.keep(replace(card, labels=(card.labels | set(add)) - {remove}))

    def person_moves(self, card_id: str, column: Column | None) -> None:
        """Drag a card to the end of a list, also out of the archive."""
        card = replace(self.card(card_id), column=column, archived=False, trashed=False)
        self.keep(replace(card, position=STEP * (len(self.cards) + 1)))

    def person_archives(self, card_id: str) -> None:
        """Put a card into the board's archive."""
        self.keep(put_away(self.card(card_id)))

    def person_trashes(self, card_id: str) -> None:
        """Put a card into the board's trash."""
        self.keep(replace(put_away(self.card(card_id)), trashed=True))

    def person_deletes(self, card_id: str) -> None:
        """Delete a card for good."""
        with self._lock:
            del self.cards[card_id]

    def person_takes_away(self, card_id: str) -> None:
        """Move a card to another board."""
        with self._lock:
            del self.cards[card_id]
            self._elsewhere.add(card_id)

    def person_drops_column(self, column: Column) -> None:
        """Delete a list; its cards go to the trash."""
        with self._lock:
            for card in list(self.cards.values()):
                if card.column is column:
                    self.keep(replace(put_away(card), trashed=True, adrift=True))
            self._things.discard(f"list {column.value}")

    def person_copies(self, card_id: str) -> SeenCard:
        """Duplicate a card: description and version field are copied, footer included."""
        return self.keep(replace(self.card(card_id), id=self.new_id()))

    def person_clears_version(self, card_id: str) -> None:
        """Empty the version field."""
        self.keep(replace(self.card(card_id), stamp=None))

    def person_ticks(self, card_id: str, text: str, *, done: bool) -> None:
        """Tick the lines with that text, or take their ticks off."""
        card = self.card(card_id)
        lists = tuple(
            each._replace(
                items=tuple(
                    line._replace(done=done) if line.text == text else line for line in each.items
                ),
            )
            for each in card.checklists
        )
        self.keep(replace(card, checklists=lists))

    def person_adds_item(self, card_id: str, title: str, text: str) -> None:
        """Add a line at the end of the task list with that title; make the list if need be."""
        writer = MemoryWriter(self)
        writer.start_from(self.card(card_id))
        writer.add_line(card_id, title, text)


def _things() -> tuple[str, ...]:
    """Return what a board has to have before the first card is made."""
    return (*(f"list {column.value}" for column in LISTS), f"label {AGENT_LABEL}", "field version")
