"""Conduct of Planka that the recordings do not show."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kanban_sync.standin.server import Standin
from standin.rooms import STEP, Room

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def room() -> Iterator[Room]:
    with Standin() as standin, Room.open(standin) as room:
        yield room


# --- Positions -----------------------------------------------------------------------------


def test_cards_sent_to_one_position_pile_up_behind_the_first(room: Room) -> None:
    for number in range(8):
        room.card(f"n{number}", STEP)

    order = [card["name"] for card in room.read()["cards"]]
    assert order == ["n0", "n7", "n6", "n5", "n4", "n3", "n2", "n1"]


def test_the_answer_tells_the_position_that_is_stored(room: Room) -> None:
    room.card("first", STEP)

    second = room.card("second", STEP)

    assert second["position"] == STEP + 16384
    assert [card["position"] for card in room.read()["cards"]] == [STEP, STEP + 16384]


def test_a_list_without_room_is_renumbered_and_its_cards_count_as_changed(room: Room) -> None:
    first = room.card("first", 1)
    room.card("second", 2**51)

    cards = room.read()["cards"]
    assert [(card["name"], card["position"]) for card in cards] == [
        ("first", 16384),
        ("second", 32768),
    ]
    assert first["updatedAt"] is None
    assert cards[0]["updatedAt"] is not None


def test_a_card_keeps_its_own_position_when_it_is_sent_again(room: Room) -> None:
    card = room.card("card", STEP)

    assert room.owner.patch(f"/api/cards/{card['id']}", position=STEP)["position"] == STEP


# --- Limits and broken requests ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [("😀" * 512, 200), ("😀" * 512 + "x", 400), ("é" * 1024, 200), ("é" * 1025, 400)],
)
def test_limits_count_utf16_units(room: Room, name: str, status: int) -> None:
    body = {"type": "project", "name": name, "position": STEP}

    assert room.owner.send("POST", f"/api/lists/{room.todo}/cards", body).status_code == status


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (-1, 400)])
def test_a_body_above_one_mebibyte_is_refused_without_a_word(
    room: Room,
    spare: int,
    status: int,
) -> None:
    card = room.card()
    frame = len(json.dumps({"description": ""}))
    body = json.dumps({"description": "x" * (1_048_576 - frame - spare)})

    answer = room.owner.client.patch(
        f"/api/cards/{card['id']}",
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == status
    assert (answer.content == b"") is (status == 400)
    assert room.owner.get(f"/api/cards/{card['id']}")["item"]["id"] == card["id"]


@pytest.mark.parametrize("body", ["{", "{'a': 1}", '{"position": NaN}'])
def test_what_is_no_json_is_refused_without_a_word(room: Room, body: str) -> None:
    answer = room.owner.client.post(
        f"/api/lists/{room.todo}/cards",
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.content) == (400, b"")


def test_all_problems_are_named_at_once(room: Room) -> None:
    answer = room.owner.send("POST", f"/api/lists/{room.todo}/cards", {"name": "", "type": "bug"})

    assert len(answer.json()["problems"]) == 2
    assert answer.json()["message"].endswith("due to 2 missing or invalid parameters.")


def test_text_is_kept_byte_for_byte(room: Room) -> None:
    text = "  a\r\n\tb  \u2028é😀\r\n"
    card = room.card(description=text)

    assert room.owner.get(f"/api/cards/{card['id']}")["item"]["description"] == text


def test_parameters_may_come_in_a_form_or_in_the_query(room: Room) -> None:
    path = f"/api/lists/{room.todo}/cards"
    fields = {"type": "project", "name": "form", "position": "5"}

    by_form = room.owner.client.post(path, data=fields)
    by_query = room.owner.client.post(path, params={**fields, "name": "query"})

    assert [by_form.json()["item"]["name"], by_query.json()["item"]["name"]] == ["form", "query"]


@pytest.mark.parametrize("path", ["/api/nosuch", "/api/tasks/1912747852002493461", "/"])
def test_an_unknown_page_is_answered_with_html(room: Room, path: str) -> None:
    answer = room.owner.client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_an_unknown_call_is_not_found_without_a_message(room: Room, method: str) -> None:
    answer = room.owner.send(method, "/api/nosuch")

    assert (answer.status_code, answer.json()) == (404, {"code": "E_NOT_FOUND"})


# --- Rights --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "read", "write", "rename"),
    [("editor", 200, 200, 500), ("viewer", 200, 403, 500), (None, 404, 404, 404)],
)
def test_members_and_strangers_may_do_what_their_role_says(
    room: Room,
    role: str | None,
    read: int,
    write: int,
    rename: int,
) -> None:
    card = room.card()
    person = room.join("mia", role)

    assert person.send("GET", f"/api/boards/{room.board}").status_code == read
    assert person.send("GET", f"/api/cards/{card['id']}").status_code == read
    assert person.send("PATCH", f"/api/cards/{card['id']}", {"name": "x"}).status_code == write
    assert person.send("PATCH", f"/api/boards/{room.board}", {"name": "x"}).status_code == rename


@pytest.mark.parametrize(("project_type", "read"), [("shared", 200), ("private", 404)])
def test_an_administrator_reads_shared_boards_and_writes_none(
    project_type: str,
    read: int,
) -> None:
    with Standin() as standin, Room.open(standin, project_type=project_type) as room:
        card = room.card()
        admin = room.join("root", user_role="admin")

        assert admin.send("GET", f"/api/boards/{room.board}").status_code == read
        assert admin.send("PATCH", f"/api/cards/{card['id']}", {"name": "x"}).status_code == 404


def test_a_manager_who_left_the_board_reads_but_does_not_write(room: Room) -> None:
    card = room.card()
    mine = room.read()["boardMemberships"][0]["id"]

    room.owner.send("DELETE", f"/api/board-memberships/{mine}").raise_for_status()

    assert room.owner.send("GET", f"/api/boards/{room.board}").status_code == 200
    assert room.owner.send("PATCH", f"/api/cards/{card['id']}", {"name": "x"}).status_code == 404


def test_a_removed_member_loses_the_board_at_once(room: Room) -> None:
    person = room.join("mia", "editor")
    joined = room.read()["boardMemberships"][1]["id"]
    assert person.send("GET", f"/api/boards/{room.board}").status_code == 200

    room.owner.send("DELETE", f"/api/board-memberships/{joined}").raise_for_status()

    assert person.send("GET", f"/api/boards/{room.board}").status_code == 404


def test_a_viewer_comments_only_if_let(room: Room) -> None:
    card = room.card()
    person = room.join("mia", "viewer")
    joined = room.read()["boardMemberships"][1]["id"]
    path = f"/api/cards/{card['id']}/comments"

    assert person.send("POST", path, {"text": "hello"}).status_code == 403
    room.owner.patch(f"/api/board-memberships/{joined}", canComment=True)
    assert person.send("POST", path, {"text": "hello"}).status_code == 200


# --- Doing one thing twice, or at once -----------------------------------------------------


def test_of_six_parallel_labels_one_wins(room: Room) -> None:
    card = room.card()
    label = room.label("agent")

    statuses = at_once(room, "POST", f"/api/cards/{card['id']}/card-labels", labelId=label)

    assert sorted(statuses) == [200, 409, 409, 409, 409, 409]


def test_six_parallel_values_of_a_field_are_one_value(room: Room) -> None:
    card = room.card()
    group, field = room.field("kanban-sync", "version")
    path = f"/api/cards/{card['id']}/custom-field-values/customFieldGroupId:{group}:customFieldId:"

    assert at_once(room, "PATCH", f"{path}{field}", content="1") == [200] * 6
    assert len(room.read()["customFieldValues"]) == 1


def at_once(room: Room, method: str, path: str, **body: object) -> list[int]:
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda _: room.owner.send(method, path, body), range(6))
        return [answer.status_code for answer in answers]


# --- Closing, archiving, searching ---------------------------------------------------------


def test_the_type_of_a_list_closes_its_cards_and_the_tasks_that_stand_for_them(room: Room) -> None:
    child, parent = room.card("child", STEP), room.card("parent", 2 * STEP)
    path = f"/api/cards/{parent['id']}/task-lists"
    task_list = room.owner.post(path, name="Tasks", position=STEP)["id"]
    path = f"/api/task-lists/{task_list}/tasks"
    room.owner.post(path, linkedCardId=child["id"], position=STEP)
    room.owner.patch(f"/api/cards/{child['id']}", name="renamed")

    room.owner.patch(f"/api/lists/{room.todo}", type="closed")

    read = room.read()
    assert [card["isClosed"] for card in read["cards"]] == [True, True]
    assert [(task["name"], task["isCompleted"]) for task in read["tasks"]] == [("child", True)]


def test_a_task_that_stands_for_a_closed_card_is_completed_from_the_start(room: Room) -> None:
    path = f"/api/lists/{room.done}/cards"
    child = room.owner.post(path, type="project", name="child", position=STEP)
    path = f"/api/cards/{room.card()['id']}/task-lists"
    task_list = room.owner.post(path, name="Tasks", position=STEP)["id"]

    path = f"/api/task-lists/{task_list}/tasks"
    task = room.owner.post(path, linkedCardId=child["id"], position=STEP)

    assert (child["isClosed"], task["isCompleted"]) == (True, True)


def test_a_card_stays_closed_in_the_archive_and_opens_in_an_active_list(room: Room) -> None:
    path = f"/api/cards/{room.card()['id']}"

    closed = room.owner.patch(path, listId=room.done, position=STEP)
    archived = room.owner.patch(path, listId=room.put_away("archive"))
    opened = room.owner.patch(path, listId=room.todo, position=STEP)

    states = [(card["isClosed"], card["prevListId"]) for card in (closed, archived, opened)]
    assert states == [(True, None), (True, room.done), (False, None)]


@pytest.mark.parametrize("kind", ["archive", "trash"])
def test_a_card_that_is_put_away_is_not_on_the_board_yet_exists(room: Room, kind: str) -> None:
    card = room.card()

    room.owner.patch(f"/api/cards/{card['id']}", listId=room.put_away(kind))

    assert room.read()["cards"] == []
    assert room.owner.get(f"/api/cards/{card['id']}")["item"]["position"] is None


def test_the_cards_of_a_deleted_list_lie_in_the_trash(room: Room) -> None:
    card = room.card()

    room.owner.send("DELETE", f"/api/lists/{room.todo}").raise_for_status()

    moved = room.owner.get(f"/api/cards/{card['id']}")["item"]
    assert (moved["listId"], moved["prevListId"]) == (room.put_away("trash"), None)


def test_only_the_newest_fifty_cards_of_a_list_are_given_and_no_page_follows(room: Room) -> None:
    for number in range(51):
        room.card(f"n{number}", (number + 1) * STEP)
    path = f"/api/lists/{room.todo}/cards"

    page = room.owner.get(path)["items"]
    answer = room.owner.client.get(
        path,
        params={"before[listChangedAt]": page[-1]["listChangedAt"], "before[id]": page[-1]["id"]},
    )

    assert [card["name"] for card in page] == [f"n{number}" for number in range(50, 0, -1)]
    assert len(room.owner.get(f"/api/lists/{room.todo}")["included"]["cards"]) == 51
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


# --- Times and ids -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "changed"),
    [
        ("PATCH", "", {}, True),
        ("PATCH", "", {"name": "card"}, True),
        ("POST", "/comments", {"text": "hello"}, True),
        ("POST", "/task-lists", {"name": "Tasks", "position": STEP}, False),
    ],
)
def test_a_card_counts_as_changed_by_patches_and_comments_but_not_by_what_lies_on_it(
    room: Room,
    method: str,
    path: str,
    body: dict[str, object],
    changed: bool,
) -> None:
    card = room.card()

    room.owner.send(method, f"/api/cards/{card['id']}{path}", body).raise_for_status()

    now = room.owner.get(f"/api/cards/{card['id']}")["item"]
    assert card["updatedAt"] is None
    assert (now["updatedAt"] is not None) is changed


def test_ids_are_strings_of_nineteen_digits_that_rise(room: Room) -> None:
    ids = [room.card(f"n{number}", (number + 1) * STEP)["id"] for number in range(20)]

    assert {len(one) for one in ids} == {19}
    assert ids == sorted(set(ids), key=int)
