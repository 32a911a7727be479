"""A stand-in for Planka that can be held up, put back to an earlier state, and drawn as text."""

from __future__ import annotations

import copy
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kanban_sync.standin.state import Record, State

PATIENCE = 30.0

# Making one takes longer than the requests.
_TLS = httpx.create_ssl_context()


@dataclass(eq=False)
class Gate:
    """Holds up the requests that it is for, until it is opened."""

    is_for: Callable[[str, str], bool]
    _reached: threading.Event = field(default_factory=threading.Event)
    _open: threading.Event = field(default_factory=threading.Event)

    def pass_through(self, method: str, path: str) -> None:
        """Wait here if the gate is shut for such a request."""
        if self.is_for(method, path):
            self._reached.set()
            self._open.wait(PATIENCE)

    def wait_until_reached(self) -> None:
        """Wait until a request stands before the gate."""
        assert self._reached.wait(PATIENCE), "no such request came"

    def open(self) -> None:
        """Let everybody through, from now on."""
        self._open.set()


class BoardServer(Standin):
    """The stand-in, with gates."""

    def __init__(self, *, port: int = 0, state: State | None = None) -> None:
        """Make the server, with no gate."""
        self._gates: list[Gate] = []
        super().__init__(port=port, state=state)

    @contextmanager
    def gate(self, is_for: Callable[[str, str], bool]) -> Iterator[Gate]:
        """Hold up these requests (method, path) within the block, or until it is opened."""
        gate = Gate(is_for)
        self._gates.append(gate)
        try:
            yield gate
        finally:
            self._gates.remove(gate)
            gate.open()

    def note(self, method: str, path: str) -> None:
        """Remember a request, and hold it up where a gate is shut."""
        super().note(method, path)
        for gate in list(self._gates):
            gate.pass_through(method, path)

    def restore(self, saved: State) -> None:
        """Go back to a saved state; nobody is held up and no request is remembered."""
        self.state = saved_copy(saved)
        self.delay = 0
        self._gates.clear()
        self.clear_log()

    def stop(self) -> None:
        """Be away from now on; connections that are open are cut."""
        self.__exit__(None, None, None)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests so far that change something."""
        return [each for each in self.requests if each[0] != "GET"]

    def send(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str = ""
    ) -> dict[str, Any]:
        """Send a request as a person would, with the administrator's key unless one is given."""
        headers = {"X-Api-Key": key or self.api_key}
        url = f"{self.url}{path}"
        answer = httpx.request(method, url, headers=headers, json=body, verify=_TLS)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


def saved_copy(state: State) -> State:
    """Return all records once more, which nobody else changes."""
    with state.lock:
        parts = {name: part for name, part in vars(state).items() if name != "lock"}
        saved = copy.copy(state)
        vars(saved).update(copy.deepcopy(parts), lock=threading.RLock())
    return saved


@dataclass(frozen=True, order=True)
class DrawnCard:
    """A card as people see it: its list, its words, what is ticked; no ids and no times."""

    board: str
    column: str
    title: str
    labels: tuple[str, ...] = ()
    ticks: tuple[tuple[str, str, bool], ...] = ()
    description: str = ""
    fields: tuple[str, ...] = ()

    @property
    def ticked(self) -> list[str]:
        """The names of the tasks that are ticked."""
        return [name for _, name, is_done in self.ticks if is_done]


def drawn(state: State, board: str | None = None) -> list[DrawnCard]:
    """Draw all cards of a server, or of the boards with that name, by list and title."""
    with state.lock:
        cards = (_drawn_card(state, card) for card in state.where("cards"))
        return sorted(card for card in cards if board in {None, card.board})


def columns(state: State, board: str | None = None) -> dict[str, str]:
    """Tell in which list each card lies, by title; two cards with one title are an error.

    The archive, which nobody sees on the board, is left out.
    """
    cards = [card for card in drawn(state, board) if card.column != "archive"]
    found = {card.title: card.column for card in cards}
    assert len(found) == len(cards), [card.title for card in cards]
    return found


def _drawn_card(state: State, card: Record) -> DrawnCard:
    lane, board = state.find("lists", card["listId"]), state.find("boards", card["boardId"])
    assert lane
    assert board
    labels = [
        state.find("labels", mark["labelId"])
        for mark in state.where("cardLabels", cardId=card["id"])
    ]
    lists = sorted(
        state.where("taskLists", cardId=card["id"]), key=lambda each: float(each["position"])
    )
    ticks = [
        (each["name"], task["name"], bool(task["isCompleted"]))
        for each in lists
        for task in sorted(
            state.where("tasks", taskListId=each["id"]), key=lambda one: float(one["position"])
        )
    ]
    values = state.where("customFieldValues", cardId=card["id"])
    return DrawnCard(
        board["name"],
        lane["name"] or lane["type"],
        card["name"],
        tuple(sorted(label["name"] for label in labels if label)),
        tuple(ticks),
        card["description"] or "",
        tuple(sorted(value["content"] for value in values)),
    )


def without_ids(text: str) -> str:
    """Return a text with the ids of Planka replaced: they differ from one run to the next."""
    return re.sub(r"\b\d{19}\b", "ID", text)
