"""Clones that meet on one Planka without knowing one another agree on where everything is."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from core.made import card
from core.passes import Clone
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client
from kanban_sync.boards.planka.reading import columns_of
from kanban_sync.core.columns import LISTS, Column, Layout
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WANTED = [card("x", column=Column.IN_PROGRESS)]


@pytest.fixture
def opened() -> Iterator[Callable[[], PlankaBoard]]:
    with ExitStack() as stack:
        server = stack.enter_context(Standin())

        def another() -> PlankaBoard:
            client = stack.enter_context(Client(server.url, server.api_key))
            return PlankaBoard(client, "P", "B")

        yield another


def kinds(clone: Clone[PlankaBoard]) -> list[str]:
    return [type(operation).__name__ for operation in clone.sync(WANTED).operations]


def settle(*clones: Clone[PlankaBoard]) -> None:
    for _ in range(2):
        for clone in clones:
            clone.sync(WANTED)
    assert [kinds(clone) for clone in clones] == [[] for _ in clones]


def test_clones_that_made_a_project_at_once_meet_on_one_board(
    opened: Callable[[], PlankaBoard],
) -> None:
    one, two = opened(), opened()
    for board in (one, two):
        board.read({})
    for board in (one, two):
        board.prepare()
    settle(Clone(one), Clone(two))
    assert one.ids["board"] == two.ids["board"]


def test_clones_that_made_their_lists_at_once_agree_on_them(
    opened: Callable[[], PlankaBoard],
) -> None:
    opened_first = opened()
    opened_first.read({})
    opened_first.prepare()
    one, two = opened(), opened()
    client = one._client  # noqa: SLF001 - a person's deletion of all lists
    for board in (one, two):
        board.read({})
    for column in LISTS:
        client.send(api.Request("DELETE", f"/api/lists/{one.ids[f'list {column.value}']}"))
    for board in (one, two):
        board.read({})
    for board in (one, two):
        board.prepare()
    settle(Clone(one), Clone(two))


def test_a_list_that_was_renamed_and_made_again_is_the_new_one_for_every_clone(
    opened: Callable[[], PlankaBoard],
) -> None:
    one = opened()
    first = Clone(one)
    first.sync(WANTED)
    name = f"list {Column.IN_PROGRESS.value}"
    client = one._client  # noqa: SLF001 - a person's renaming
    client.send(api.Request("PATCH", f"/api/lists/{one.ids[name]}", {"name": "Doing"}))
    assert kinds(first) == []
    settle(first, Clone(opened()))


@pytest.mark.parametrize(
    ("names", "remembered", "found"),
    [
        (["Review"], {}, "0"),
        (["Review", "Review"], {"list Review": "1"}, "0"),
        (["Checking"], {"list Review": "0"}, "0"),
        (["Checking", "Review"], {"list Review": "0"}, "1"),
        (["Done"], {"list Review": "0"}, None),
        (["review"], {}, None),
    ],
)
def test_a_list_is_found_by_its_name_and_else_by_its_id(
    names: list[str], remembered: dict[str, str], found: str | None
) -> None:
    lists = [
        {"id": str(number), "name": name, "type": "active", "position": 1.0}
        for number, name in enumerate(names)
    ]
    columns = columns_of(lists, remembered, Layout())
    by_column = {column: id_ for id_, column in columns.items()}
    assert by_column.get(Column.REVIEW) == found
