"""Lists and labels of a Planka board that the settings call otherwise; who may make what."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.made import at, card
from core.passes import Clone
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client
from kanban_sync.boards.planka.reading import place_of
from kanban_sync.core.board import SeenCard
from kanban_sync.core.columns import LISTS, Column, LabelNames
from kanban_sync.core.errors import RightsError
from kanban_sync.core.mapping import Drawing
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.board import SeenCard

MAPPED = Drawing(
    lists=(("backlog", "Ideas"), ("todo", "Ideas"), ("in_progress", "Doing")),
    labels=(("agent", "bot"), ("blocked", "stuck")),
)
NAMES = LabelNames("bot", "stuck")
WANTED = replace(card(column=Column.IN_PROGRESS, labels=("bot", "stuck")), names=NAMES)


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin() as server:
        yield server


@pytest.fixture
def client(standin: Standin) -> Iterator[Client]:
    with Client(standin.url, standin.api_key) as client:
        yield client


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex


def opened(
    client: Client, name: str, drawing: Drawing = MAPPED, ids: dict[str, str] | None = None
) -> PlankaBoard:
    return PlankaBoard(client, name, "Board", ids, drawing.layout)


def things(client: Client, board: PlankaBoard) -> dict[str, list[tuple[str, str]]]:
    """Return the board's lists and labels as a person sees them: name, and type or colour."""
    included = client.send(api.board(board.ids["board"]))["included"]
    lists = sorted(included["lists"], key=lambda each: each["position"] or 0)
    return {
        "lists": [(each["name"], each["type"]) for each in lists if each["name"]],
        "labels": [(each["name"], each["color"]) for each in included["labels"]],
    }


def rename(client: Client, board: PlankaBoard, thing: str, name: str) -> None:
    client.send(api.Request("PATCH", f"/api/lists/{board.ids[thing]}", {"name": name}))


def only(board: PlankaBoard) -> SeenCard:
    (seen,) = board.read({}).cards
    return seen


def test_lists_and_labels_are_made_under_the_names_of_the_settings(
    client: Client, name: str
) -> None:
    board = opened(client, name)
    assert board.read({}).missing == (
        f"project {name}", "board Board", "list Ideas", "list Planning", "list Doing",
        "list Review", "list Done", "label bot", "field version",
    )  # fmt: skip
    Clone(board).sync([WANTED])
    assert things(client, board) == {
        "lists": [
            ("Ideas", "active"), ("Planning", "active"), ("Doing", "active"),
            ("Review", "active"), ("Done", "closed"),
        ],
        "labels": [("bot", "lagoon-blue"), ("stuck", "berry-red")],
    }  # fmt: skip
    assert (only(board).column, set(only(board).labels)) == (Column.IN_PROGRESS, {"bot", "stuck"})


def test_lists_and_labels_that_are_there_are_used_and_others_are_left_alone(
    client: Client, name: str
) -> None:
    project = client.send(api.create_project(name))["item"]["id"]
    board_id = client.send(api.create_board(project, "Board", api.STEP))["item"]["id"]
    for number, title in enumerate(("Doing", "Theirs", "Doing"), start=1):
        client.send(api.create_list(board_id, title, number * api.STEP, closed=False))
    for number, title in enumerate(("agent", "bot"), start=1):
        client.send(api.create_label(board_id, title, "egg-yellow", number * api.STEP))
    board = opened(client, name)
    Clone(board).sync([WANTED])
    there = things(client, board)
    assert [title for title, _ in there["lists"]] == [
        "Ideas", "Planning", "Doing", "Review", "Done", "Theirs", "Doing",
    ]  # fmt: skip
    assert there["labels"] == [
        ("agent", "egg-yellow"), ("bot", "egg-yellow"), ("stuck", "berry-red"),
    ]  # fmt: skip
    answer = client.send(api.board(board_id))["included"]
    oldest = min((each for each in answer["lists"] if each["name"] == "Doing"), key=_age)
    assert [each["listId"] for each in answer["cards"]] == [oldest["id"]]


def _age(thing: api.Json) -> int:
    return int(thing["id"])


def test_a_list_that_people_rename_stays_ours_until_the_settings_call_it_otherwise(
    client: Client, name: str
) -> None:
    board = opened(client, name)
    clone = Clone(board)
    clone.sync([WANTED])
    rename(client, board, "list In Progress", "At work")
    assert clone.sync([WANTED]).operations == ()
    assert board.read({}).missing == ()

    other = Drawing(lists=(("in_progress", "Busy"),), labels=MAPPED.labels)
    again = opened(client, name, other, board.ids)
    assert again.read({}).missing == ("list Backlog", "list To Do", "list Busy")
    clone.board = again
    clone.sync([WANTED])
    assert only(again).column is Column.IN_PROGRESS
    there = [title for title, _ in things(client, again)["lists"]]
    assert there == [
        "Ideas", "Backlog", "To Do", "Planning", "Busy", "At work", "Review", "Done",
    ]  # fmt: skip
    assert again.read({}).missing == ()


def test_settings_that_lose_their_names_go_back_to_the_lists_of_before(
    client: Client, name: str
) -> None:
    plain = opened(client, name, Drawing())
    clone = Clone(plain)
    before = card(column=Column.IN_PROGRESS)
    clone.sync([before])
    clone.board = opened(client, name, MAPPED, plain.ids)
    clone.sync([WANTED])
    clone.board = opened(client, name, Drawing(), clone.board.ids)
    clone.sync([before])
    assert clone.board.read({}).missing == ()
    assert (only(clone.board).column, set(only(clone.board).labels)) == (
        Column.IN_PROGRESS,
        {"agent"},
    )
    assert clone.sync([before]).operations == ()


def test_a_mapping_that_changed_moves_the_cards_once_and_keeps_what_people_made(
    standin: Standin, client: Client, name: str
) -> None:
    plain = opened(client, name, Drawing())
    clone, other = Clone(plain, mark="old"), Clone(opened(client, name, Drawing()), mark="old")
    before = card(column=Column.IN_PROGRESS, labels=("agent", "blocked"))
    for each in (clone, other):
        each.sync([before])
    theirs = client.send(api.create_label(plain.ids["board"], "theirs", "egg-yellow", 9e6))
    client.send(api.add_label(only(plain).id, theirs["item"]["id"]))
    clone.board, clone.mark = opened(client, name, MAPPED, plain.ids), "new"
    clone.sync([WANTED])
    standin.clear_log()
    for _ in range(2):
        assert clone.sync([WANTED]).operations == ()
        # A clone that has not heard of the mapping draws only what it drew itself.
        assert other.sync([before]).operations == ()
    assert {method for method, _ in standin.requests} == {"GET"}
    seen = only(clone.board)
    assert (seen.column, set(seen.labels)) == (Column.IN_PROGRESS, {"bot", "stuck", "theirs"})


def test_cards_in_a_list_that_columns_share_are_where_they_should_be(
    client: Client, name: str
) -> None:
    clone = Clone(opened(client, name))
    # Both are drawn in the first of the columns that share the list.
    wanted = [replace(card(each, column=Column.BACKLOG), names=NAMES) for each in "ab"]
    clone.sync(wanted)
    assert clone.sync(wanted).operations == ()


# --- rights ---------------------------------------------------------------------------------------


@pytest.fixture
def made(client: Client, name: str) -> PlankaBoard:
    """A board with a card, made by an account that may do everything."""
    board = opened(client, name, Drawing())
    Clone(board).sync([card()])
    return board


def member(standin: Standin, client: Client, board: PlankaBoard, role: str) -> str:
    """Return the key of a new account with that role on the board, '' for none."""
    key = standin.state.add_user(uuid.uuid4().hex)
    with Client(standin.url, key) as own:
        account = own.send(api.Request("GET", "/api/users/me"))["item"]["id"]
    path = f"/api/boards/{board.ids['board']}/board-memberships"
    if role:
        client.send(api.Request("POST", path, {"userId": account, "role": role}))
    return key


NEW_LIST = Drawing(lists=(("review", "Check"),))


@pytest.mark.parametrize(
    ("role", "told"),
    [("viewer", "editor of the board"), ("", "no member of it")],
)
def test_who_may_not_write_is_told_the_role_that_is_missing(
    standin: Standin, client: Client, name: str, made: PlankaBoard, role: str, told: str
) -> None:
    with Client(standin.url, member(standin, client, made, role)) as own:
        for drawing, wanted in (
            (NEW_LIST, card()),
            (Drawing(), card(title="New", version=at(6))),
            (Drawing(), card("b")),
        ):
            clone = Clone(opened(own, name, drawing, made.ids))
            with pytest.raises(RightsError, match=told):
                clone.sync([wanted])


def test_an_editor_may_make_lists_and_labels_and_cards(
    standin: Standin, client: Client, name: str, made: PlankaBoard
) -> None:
    with Client(standin.url, member(standin, client, made, "editor")) as own:
        Clone(opened(own, name, NEW_LIST)).sync([card(), card("b", labels=("agent", "new"))])
    there = things(client, made)
    assert ("Check", "active") in there["lists"]
    assert "new" in dict(there["labels"])


def test_an_admin_who_is_no_member_is_told_so_before_any_card_is_refused(
    standin: Standin, client: Client, name: str
) -> None:
    client.send(api.Request("POST", "/api/projects", {"type": "shared", "name": name}))
    made = opened(client, name, Drawing())
    Clone(made).sync([card()])
    key = standin.state.add_user(uuid.uuid4().hex, role="admin")
    with Client(standin.url, key) as own:
        for drawing, wanted in ((NEW_LIST, card()), (Drawing(), card("b"))):
            clone = Clone(opened(own, name, drawing, made.ids))
            with pytest.raises(RightsError, match="no member of the board"):
                clone.sync([wanted])


def test_who_may_not_make_a_board_is_told_who_may(
    standin: Standin, client: Client, name: str, made: PlankaBoard
) -> None:
    with Client(standin.url, member(standin, client, made, "editor")) as own:
        board = PlankaBoard(own, name, "Another board")
        assert board.read({}).missing[0] == "board Another board"
        with pytest.raises(RightsError, match="no manager of the project"):
            board.prepare()


@pytest.mark.parametrize(
    ("there", "made", "expected"),
    [
        ("", Column.BACKLOG, "Backlog"),
        ("Theirs", Column.BACKLOG, "Theirs Backlog"),
        ("Review", Column.BACKLOG, "Backlog Review"),
        ("Theirs Review", Column.BACKLOG, "Theirs Backlog Review"),
        ("Planning Done", Column.REVIEW, "Planning Review Done"),
        ("Planning Theirs Done", Column.REVIEW, "Planning Review Theirs Done"),
        ("Backlog Theirs", Column.DONE, "Backlog Done Theirs"),
        ("Done Planning", Column.REVIEW, "Done Planning Review"),
    ],
)
def test_a_list_is_made_behind_the_one_before_it_else_before_the_one_behind_it(
    there: str, made: Column, expected: str
) -> None:
    positions = {name: 7.0 * place for place, name in enumerate(there.split(), start=1)}
    columns = {column.value: column for column in LISTS}
    positions[made.value] = place_of(made, columns, positions)
    assert sorted(positions, key=lambda name: positions[name]) == expected.split()
    assert len(set(positions.values())) == len(positions)
    assert min(positions.values()) > 0
