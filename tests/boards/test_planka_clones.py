"""Clones that meet on one Planka without knowing one another agree on where everything is."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from boards.planka_person import remove_project
from core.made import card
from core.passes import Clone
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client
from kanban_sync.boards.planka.made_twice import REMOVALS, surplus, take_back_board
from kanban_sync.boards.planka.reading import columns_of
from kanban_sync.core.columns import LISTS, Column, Layout
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Read here, since the tests themselves run without the variables of whoever runs them.
REAL_KEY = os.environ.get("KANBAN_SYNC_TEST_PLANKA_API_KEY", "")

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


def thing(number: int, name: str, **fields: object) -> api.Json:
    return {"id": str(number), "name": name, **fields}


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


def make_at_once(boards: list[PlankaBoard]) -> None:
    """Let all find that nothing is there, and make it then."""
    for board in boards:
        board.read({})
    started = Barrier(len(boards))

    def prepare(board: PlankaBoard) -> None:
        make = board._make_things  # noqa: SLF001 - the moment between reading and making

        def make_together() -> None:
            board._make_things = make  # type: ignore[method-assign]  # noqa: SLF001
            started.wait(30.0)
            make()

        board._make_things = make_together  # type: ignore[method-assign]  # noqa: SLF001
        board.prepare()

    with ThreadPoolExecutor(len(boards)) as pool:
        list(pool.map(prepare, boards))


def assert_made_once(client: Client, board: PlankaBoard) -> None:
    answer = client.send(api.board(board.ids["board"]))
    project, included = answer["item"]["projectId"], answer["included"]
    boards = client.send(api.projects())["included"]["boards"]
    assert [each["name"] for each in boards if each["projectId"] == project] == ["B"]
    assert sorted(each["name"] for each in included["lists"] if each["name"]) == sorted(LISTS)
    assert [each["name"] for each in included["labels"]] == ["agent"]
    assert [each["name"] for each in included["customFieldGroups"]] == ["kanban-sync"]
    assert [each["name"] for each in included["customFields"]] == ["version"]


def test_what_three_clones_made_of_a_board_at_once_is_there_once(
    opened: Callable[[], PlankaBoard],
) -> None:
    boards = [opened() for _ in range(3)]
    make_at_once(boards)
    assert_made_once(boards[0]._client, boards[0])  # noqa: SLF001
    settle(*map(Clone, boards))


@pytest.mark.needs("planka")
def test_what_three_clones_made_of_a_real_board_at_once_is_there_once(planka_url: str) -> None:
    project = f"test {uuid.uuid4().hex}"
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(planka_url, REAL_KEY)) for _ in range(3)]
        clients[0].send(api.create_project(project))
        boards = [PlankaBoard(client, project, "B") for client in clients]
        make_at_once(boards)
        assert_made_once(clients[0], boards[0])
        settle(*map(Clone, boards))
        remove_project(clients[0], boards[0].ids["project"])


def test_a_board_on_which_something_is_is_not_taken_back(
    opened: Callable[[], PlankaBoard],
) -> None:
    board = opened()
    board.read({})
    board.prepare()
    client = board._client  # noqa: SLF001
    take_back_board(client, board.ids["board"], "1")
    client.send(api.board(board.ids["board"]))


@pytest.mark.parametrize(
    ("made", "taken_back"),
    [
        ({"1", "2", "3", "4", "5", "6", "7", "8"}, {"2", "4", "6"}),
        ({"1", "3", "5", "7", "8"}, set()),
        (set(), set()),
    ],
    ids=["ours", "the older ones are ours", "others'"],
)
def test_only_what_this_clone_made_and_nobody_uses_is_taken_back(
    made: set[str], taken_back: set[str]
) -> None:
    included: api.Json = {
        "lists": [
            *(thing(20, "To Do"), thing(2, "To Do"), thing(1, "To Do")),
            *(thing(7, "Done"), thing(8, "Done"), thing(9, None)),  # type: ignore[arg-type]
        ],
        "labels": [thing(3, "agent"), thing(4, "agent"), thing(10, "agent"), thing(30, "blocked")],
        "customFieldGroups": [
            *(thing(5, "kanban-sync", boardId="1"), thing(6, "kanban-sync", boardId="1")),
            thing(4, "kanban-sync", boardId=None),
        ],
        "customFields": [
            *(
                thing(11, "version", customFieldGroupId="5"),
                thing(12, "note", customFieldGroupId="5"),
            ),
            thing(13, "version", customFieldGroupId="6"),
        ],
        "cards": [{"id": "50", "listId": "8"}],
        "cardLabels": [{"cardId": "50", "labelId": "10"}],
        "customFieldValues": [{"customFieldGroupId": "5", "customFieldId": "11"}],
    }
    found = {id_ for kind in REMOVALS for id_ in surplus(kind, made | {"10"}, included)}
    assert found == taken_back
