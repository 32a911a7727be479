"""What a pass was about to say is told apart by what may still become of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, cast

import pytest

from core.made import PROJECT, base_of, card
from kanban_sync.core.errors import BoardUnreachableError, RefusedError
from kanban_sync.core.operations import Create, key_of
from kanban_sync.core.ports import Receipt
from kanban_sync.core.precedence import stamp_made
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.announcing import Announced
from kanban_sync.sync.applying import IN_FLIGHT, apply_all

if TYPE_CHECKING:
    from kanban_sync.core.operations import Operation
    from kanban_sync.core.ports import Board, TaskStore

NOW = 1_800_000_000.0


class Answering:
    """A board that makes, refuses, does not answer or never hears of cards, by their names."""

    def apply(self, operation: Operation) -> Receipt:
        name = key_of(operation).name
        if name == "refused":
            raise RefusedError(name)
        if name in {"silent", "away"}:
            error = BoardUnreachableError(name)
            error.may_come = name == "silent"
            raise error
        return Receipt(base_of(card(name)))


def sync(store: TaskStore, *names: str) -> None:
    operations = [Create(card(each), 1.0, stamp_made(card(each), "mark"), "new") for each in names]
    sayings = Announced(store, "board", {}, lambda: NOW)
    steps = apply_all(cast("Board", Answering()), sayings.each(operations), {}, sayings.asked)
    with sayings, closing(steps) as waves:
        for wave in waves:
            sayings.record(wave)


def test_only_what_was_sent_and_not_answered_may_still_come() -> None:
    store = MemoryStore(PROJECT)
    never = [f"never {number}" for number in range(4 * IN_FLIGHT)]
    with pytest.raises(BoardUnreachableError):
        sync(store, "made", "refused", "silent", "away", *never)
    asked = {key.name: (said.finished, said.asked) for key, said in store.base("board").items()}
    assert asked.pop("made") == (True, 0.0)
    assert asked.pop("silent") == (False, NOW)
    assert {said for _, said in asked.values()} == {0.0}
    assert asked["refused"] == asked["away"] == asked[never[-1]] == (False, 0.0)


def test_what_was_refused_alone_will_not_come_either() -> None:
    store = MemoryStore(PROJECT)
    sync(store, "refused")
    assert [each.asked for each in store.base("board").values()] == [0.0]
