"""Cards that the answer for a whole board leaves out: archived, moved to another board, or gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.boards.planka import api, reading
from kanban_sync.boards.planka.answers import NotThereError
from kanban_sync.core.board import BoardState
from kanban_sync.core.description import footer_words, keys_of, project_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.boards.planka.client import Client
    from kanban_sync.core.board import Known, SeenCard
    from kanban_sync.core.columns import Column
    from kanban_sync.core.model import TaskKey

DEFINITIONS = ("labels", "customFieldGroups", "customFields")
"""What the answers for single cards lack of the board's own."""

ENDLESS = frozenset({"archive", "trash"})
"""The types of the lists whose cards a board's answer lacks."""


class AbsentCards:
    """Looks for cards of one board, as it was read just now, outside of its lists."""

    def __init__(
        self,
        client: Client,
        board: str = "",
        included: api.Json | None = None,
        columns: Mapping[str, Column] | None = None,
    ) -> None:
        """Take what the board's answer said of itself; without one there is nothing to look at."""
        parts = included or {}
        self._client = client
        self._board = board
        self._columns = dict(columns or {})
        self._definitions = {kind: parts.get(kind, []) for kind in DEFINITIONS}
        lists = parts.get("lists", [])
        self._trash = {each["id"] for each in lists if each["type"] == "trash"}
        self._endless = tuple(each["id"] for each in lists if each["type"] in ENDLESS)

    # --- by their ids -------------------------------------------------------------------------

    def complete(
        self,
        cards: Iterable[SeenCard],
        base: Mapping[TaskKey, Known],
        missing: tuple[str, ...],
        moved: Collection[str] = (),
    ) -> BoardState:
        """Return the board's cards with those of the base that are not on it.

        Those of which it is known that they were ``moved`` to another board are not asked for.
        """
        cards = list(cards)
        present = {card.id for card in cards}
        gone: set[str] = set()
        elsewhere: set[str] = set()
        for said in base.values():
            if said.card_id in present or not said.card_id:
                continue
            if said.deleted:
                gone.add(said.card_id)
            elif said.card_id in moved:
                elsewhere.add(said.card_id)
            elif said.seen is not None and said.seen.archived and said.finished:
                # A card that a person takes out of the archive is on the board again; whether one
                # was deleted there is asked once it matters.
                cards.append(said.seen)
            else:
                self._look_for(said.card_id, cards, gone, elsewhere)
        return BoardState(tuple(cards), frozenset(gone), frozenset(elsewhere), missing)

    def ask_again(self, ids: Iterable[str]) -> BoardState:
        """Return what has become of these cards, wherever they are; a few are asked for at once."""
        cards: list[SeenCard] = []
        gone: set[str] = set()
        elsewhere: set[str] = set()

        def ask(card_id: str) -> None:
            self._look_for(card_id, cards, gone, elsewhere)

        with ThreadPoolExecutor(self._client.connections, thread_name_prefix="search") as pool:
            for _ in pool.map(ask, ids):
                pass
        return BoardState(tuple(cards), frozenset(gone), frozenset(elsewhere))

    def _look_for(
        self, card_id: str, cards: list[SeenCard], gone: set[str], elsewhere: set[str]
    ) -> None:
        try:
            answer = self._client.send(api.card(card_id))
        except NotThereError:
            gone.add(card_id)
            return
        if answer["item"]["boardId"] != self._board:
            elsewhere.add(card_id)
            return
        cards.append(self._card(answer["item"], answer["included"]))

    # --- by their footers ---------------------------------------------------------------------

    def put_away(self, keys: Collection[TaskKey]) -> tuple[SeenCard, ...]:
        """Search archive and trash for cards of these tasks.

        One search finds all cards of a project where they are few. Only where they may be more
        than a search finds, each task is searched for: by the end of its footer, which tells it
        from others, and only where that is too common by what stands before.
        """
        wide = [
            (list_id, project)
            for list_id in self._endless
            for project in sorted({key.project for key in keys})
        ]
        answers = self._search([(list_id, project_words(project)) for list_id, project in wide])
        found = [card for cards in answers for card in cards]
        narrow = [
            (list_id, key, api.patterns(footer_words(key)))
            for (list_id, project), cards in zip(wide, answers, strict=True)
            if len(cards) >= api.PAGE
            for key in keys
            if key.project == project
        ]
        while narrow:
            answers = self._search([(list_id, parts[0]) for list_id, _, parts in narrow])
            found += (card for cards in answers for card in cards)
            narrow = [
                (list_id, key, parts[1:])
                for (list_id, key, parts), cards in zip(narrow, answers, strict=True)
                if parts[1:] and len(cards) >= api.PAGE and not _is_among(key, cards)
            ]
        wanted = set(keys)
        ours = (card for card in found if keys_of(card.description) & wanted)
        return tuple({card.id: card for card in ours}.values())

    def _search(self, asked: Sequence[tuple[str, str]]) -> list[list[SeenCard]]:
        """Search lists for words, a few at once; the answers are in the order of the questions."""
        requests = [api.find_cards(list_id, words) for list_id, words in asked]
        with ThreadPoolExecutor(self._client.connections, thread_name_prefix="search") as pool:
            return [
                [self._card(item, answer["included"]) for item in answer["items"]]
                for answer in pool.map(self._client.send, requests)
            ]

    def _card(self, item: api.Json, included: api.Json) -> SeenCard:
        """Read a card whose answer lacks the definitions of the board's labels and fields."""
        added = {
            kind: [*included.get(kind, ()), *known] for kind, known in self._definitions.items()
        }
        card = reading.card_of(item, {**included, **added}, self._columns)
        if item["listId"] not in self._trash:
            return card
        # Planka notes the list from which a person puts a card there, but not where it deletes it.
        return replace(card, trashed=True, adrift=item.get("prevListId", "") is None)


def _is_among(key: TaskKey, cards: Iterable[SeenCard]) -> bool:
    return any(key in keys_of(card.description) for card in cards)
