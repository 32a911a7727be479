"""Each change of a card is the smallest request there is: what differs, and nothing besides."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.made import at, card, over
from core.passes import Clone
from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client
from kanban_sync.core.columns import Column
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanban_sync.boards.planka import api
    from kanban_sync.core.board import Card


class Overheard(Client):
    """A client that notes what it sends to change something."""

    said: list[api.Request]

    def send(self, request: api.Request) -> api.Json:
        if request.method != "GET":
            self.said.append(request)
        return super().send(request)

    def make(self, request: api.Request, find: Callable[[], api.Json | None]) -> api.Json:
        self.said.append(request)
        return super().make(request, find)


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin() as server:
        yield server


@pytest.fixture
def client(standin: Standin) -> Iterator[Overheard]:
    with Overheard(standin.url, standin.api_key) as client:
        client.said = []
        yield client


BEFORE = card(text="Why", column=Column.TODO, Build=("one", "+two", "three"))


def lines(*texts: str) -> Card:
    return card(text="Why", column=Column.TODO, Build=texts, version=at(6))


@pytest.mark.parametrize(
    ("after", "writes"),
    [
        (replace(BEFORE, title="New", version=at(6)), ["PATCH card name"]),
        (replace(BEFORE, text="New", version=at(6)), ["PATCH card description"]),
        (
            replace(BEFORE, title="New", text="New", column=Column.REVIEW, version=at(6)),
            ["PATCH card description listId name position"],
        ),
        (replace(BEFORE, column=Column.DONE, version=at(5, 6)), ["PATCH card listId position"]),
        (
            replace(BEFORE, labels=frozenset({"agent", "failed"}), version=at(5, 6)),
            ["POST board-label color name position", "POST card-label labelId"],
        ),
        (lines("+one", "+two", "three"), ["PATCH task isCompleted"]),
        (lines("one", "two", "three"), ["PATCH task isCompleted"]),
        (lines("three", "one", "+two"), ["PATCH task position"]),
        (lines("one", "+two", "three", "four"), ["POST task isCompleted name position"]),
        (lines("one", "three"), ["DELETE task"]),
        (over(version=at(6)), ["PATCH card listId"]),
    ],
    ids=[
        "title", "text", "all-in-one", "list", "label", "tick", "untick", "order", "more", "less",
        "over",
    ],
)  # fmt: skip
def test_only_what_differs_is_sent(client: Overheard, after: Card, writes: list[str]) -> None:
    clone = Clone(PlankaBoard(client, uuid.uuid4().hex, "Board"))
    clone.sync([BEFORE])
    client.said.clear()
    clone.sync([after])
    version, *others = [_short(each) for each in client.said]
    assert version == "PATCH version content"
    assert others == writes
    client.said.clear()
    clone.sync([after])
    assert client.said == []


def _short(request: api.Request) -> str:
    kinds = {
        "custom-field-values": "version",
        "card-labels": "card-label",
        "labels": "board-label",
        "task-lists": "task-list",
        "tasks": "task",
        "cards": "card",
    }
    path = request.path.partition("?")[0]
    kind = next(kinds[word] for word in reversed(path.split("/")) if word in kinds)
    return " ".join([request.method, kind, *sorted(request.body or ())])


def test_new_things_get_distinct_rising_positions(client: Overheard) -> None:
    clone = Clone(PlankaBoard(client, uuid.uuid4().hex, "Board"))
    clone.sync([card(name, Build=("1", "2"), Test=("3", "4", "5")) for name in "abc"])
    by_parent: dict[str, list[float]] = {}
    for request in client.said:
        if request.body and "position" in request.body:
            by_parent.setdefault(request.path, []).append(request.body["position"])
    counts: dict[str, list[int]] = {}
    for path, positions in sorted(by_parent.items()):
        counts.setdefault(path.rpartition("/")[2], []).append(len(positions))
    assert sorted(counts["tasks"]) == [2, 2, 2, 3, 3, 3]
    assert (counts["task-lists"], counts["cards"], counts["lists"]) == ([2, 2, 2], [3], [6])
    for positions in by_parent.values():
        assert positions == sorted(set(positions))


def test_nothing_is_ever_deleted_and_made_again_to_change_it(client: Overheard) -> None:
    clone = Clone(PlankaBoard(client, uuid.uuid4().hex, "Board"))
    clone.sync([BEFORE])
    (before,) = clone.board.read({}).cards
    client.said.clear()
    reworded = card(
        title="Other", text="Else", column=Column.DONE, labels=("agent", "root"),
        Made=("+one", "two", "three"), version=at(7),
    )  # fmt: skip
    clone.sync([reworded])
    (after,) = clone.board.read({}).cards
    assert {each.method for each in client.said if "card-labels" not in each.path} <= {
        "PATCH", "POST",
    }  # fmt: skip
    assert not any(re.search(r"/(cards|task-lists|tasks)$", each.path) for each in client.said)
    assert after.id == before.id
    assert [each.id for each in after.checklists] == [each.id for each in before.checklists]
    assert [line.id for line in after.checklists[0].items] == [
        line.id for line in before.checklists[0].items
    ]
