"""What lies on a card when it is copied, goes to another board, or is put away and brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kanban_sync.standin.server import Standin
from standin.rooms import STEP, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """A board with a group of two custom fields, and a card on it that has one of each thing."""

    room: Room
    card: Record
    path: str
    group: str
    field: str

    @classmethod
    def make(cls, room: Room) -> Scene:
        card = room.card("card", description="`kanban-sync: key`")
        path = f"/api/cards/{card['id']}"
        group, field = room.field("kanban-sync", "version", "unused")
        value = f"{path}/custom-field-values/customFieldGroupId:{group}:customFieldId:{field}"
        room.owner.patch(value, content="v1")
        task_list = room.owner.post(f"{path}/task-lists", name="Tasks", position=STEP)["id"]
        room.owner.post(f"/api/task-lists/{task_list}/tasks", name="one", position=STEP)
        room.owner.post(f"{path}/comments", text="hello")
        return cls(room, card, path, group, field)

    def parts(self) -> dict[str, list[Record]]:
        """Return what lies on the card."""
        included: dict[str, list[Record]] = self.room.owner.get(self.path)["included"]
        return included

    def put_label(self, name: str) -> str:
        label = self.room.label(name)
        self.room.owner.post(f"{self.path}/card-labels", labelId=label)
        return label


@pytest.fixture
def scene() -> Iterator[Scene]:
    with Standin() as standin, Room.open(standin) as room:
        yield Scene.make(room)


def values_of(records: list[Record], field: str) -> list[object]:
    return [record[field] for record in records]


# --- Duplicates ----------------------------------------------------------------------------


def test_a_duplicate_has_copies_of_all_that_lies_on_the_card_but_comments(scene: Scene) -> None:
    scene.put_label("agent")

    copy = scene.room.owner.post(f"{scene.path}/duplicate", position=2 * STEP)

    read = scene.room.read()
    both = {scene.card["id"], copy["id"]}
    assert (copy["description"], copy["commentsTotal"]) == (scene.card["description"], 0)
    for table in ("customFieldValues", "cardLabels", "taskLists"):
        assert set(values_of(read[table], "cardId")) == both
    assert len(set(values_of(read["tasks"], "taskListId"))) == 2
    assert values_of(read["customFieldValues"], "content") == ["v1", "v1"]
    assert set(values_of(read["customFieldValues"], "customFieldGroupId")) == {scene.group}


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ({}, "card (copy)"),
        ({"name": None}, "card (copy)"),
        ({"name": ""}, "card (copy)"),
        ({"name": "x"}, "x"),
    ],
)
def test_a_duplicate_is_named_as_wanted_or_after_the_card(
    scene: Scene,
    named: dict[str, object],
    name: str,
) -> None:
    copy = scene.room.owner.post(f"{scene.path}/duplicate", position=2 * STEP, **named)

    assert copy["name"] == name


@pytest.mark.parametrize(("body", "status"), [({}, 422), ({"position": None}, 500)])
def test_a_duplicate_needs_a_position_where_cards_have_one(
    scene: Scene,
    body: dict[str, object],
    status: int,
) -> None:
    assert scene.room.owner.send("POST", f"{scene.path}/duplicate", body).status_code == status


@pytest.mark.parametrize("body", [{}, {"position": None}, {"position": 5}])
def test_a_duplicate_of_an_archived_card_is_archived_and_knows_the_list_it_came_from(
    scene: Scene,
    body: dict[str, object],
) -> None:
    archive = scene.room.put_away("archive")
    scene.room.owner.patch(scene.path, listId=archive)

    copy = scene.room.owner.post(f"{scene.path}/duplicate", **body)

    assert (copy["listId"], copy["position"]) == (archive, None)
    assert copy["prevListId"] == scene.room.todo


# --- Other boards --------------------------------------------------------------------------


def test_a_card_on_another_board_has_new_marks_for_labels_of_the_same_names(scene: Scene) -> None:
    scene.put_label("agent")
    scene.put_label("new there")
    marks_before = values_of(scene.parts()["cardLabels"], "id")
    other = scene.room.other_board()
    older, there_before = (scene.room.label("agent", board=other.board) for _ in range(2))

    other.take(scene.path)

    there = scene.room.owner.get(f"/api/boards/{other.board}")["included"]
    put = set(values_of(there["cardLabels"], "labelId"))
    assert sorted(one["name"] for one in there["labels"]) == ["agent", "agent", "new there"]
    assert put == set(values_of(there["labels"], "id")) - {older}
    assert there_before in put
    assert not set(values_of(there["cardLabels"], "id")) & set(marks_before)
    assert scene.room.read()["cards"] == []


def test_a_card_on_another_board_has_all_field_groups_of_the_old_one_as_its_own(
    scene: Scene,
) -> None:
    scene.room.field("empty")
    other = scene.room.other_board()

    other.take(scene.path)

    parts = scene.parts()
    groups = [(one["name"], one["position"], one["boardId"]) for one in parts["customFieldGroups"]]
    assert groups == [("kanban-sync", STEP, None), ("empty", 2 * STEP, None)]
    assert sorted(one["name"] for one in parts["customFields"]) == ["unused", "version"]
    (value,) = parts["customFieldValues"]
    assert value["content"] == "v1"
    assert value["customFieldGroupId"] == parts["customFieldGroups"][0]["id"] != scene.group
    assert value["customFieldId"] == parts["customFields"][0]["id"] != scene.field
    assert len(scene.room.read()["customFieldGroups"]) == 2


def test_a_card_that_comes_back_keeps_its_own_groups_behind_copies_of_the_board_s(
    scene: Scene,
) -> None:
    other = scene.room.other_board()
    scene.room.field("there", board=other.board)

    other.take(scene.path)
    body = {"boardId": scene.room.board, "listId": scene.room.todo, "position": STEP}
    scene.room.owner.patch(scene.path, **body)

    groups = scene.parts()["customFieldGroups"]
    assert [(one["name"], one["position"]) for one in groups] == [
        ("there", STEP),
        ("kanban-sync", 2 * STEP),
    ]


@pytest.mark.parametrize("leaves_project", [False, True])
def test_a_group_of_the_project_stays_one_only_within_it(
    scene: Scene,
    leaves_project: bool,
) -> None:
    owner, room = scene.room.owner, scene.room
    path = f"/api/projects/{room.project}/base-custom-field-groups"
    base = owner.post(path, name="base")["id"]
    path = f"/api/base-custom-field-groups/{base}/custom-fields"
    field = owner.post(path, name="of the project", position=STEP)["id"]
    path = f"/api/boards/{room.board}/custom-field-groups"
    group = owner.post(path, baseCustomFieldGroupId=base, position=2 * STEP)["id"]
    value = f"custom-field-values/customFieldGroupId:{group}:customFieldId:{field}"
    owner.patch(f"{scene.path}/{value}", content="kept")
    other = room.other_board(in_new_project=leaves_project)

    other.take(scene.path)

    parts = scene.parts()
    copied = parts["customFieldGroups"][1]
    kept = next(one for one in parts["customFieldValues"] if one["content"] == "kept")
    assert kept["customFieldGroupId"] == copied["id"]
    assert copied["baseCustomFieldGroupId"] == (None if leaves_project else base)
    assert copied["name"] == ("base" if leaves_project else None)
    assert (kept["customFieldId"] == field) is not leaves_project


def test_people_who_are_no_members_of_the_other_board_lose_the_card(scene: Scene) -> None:
    room = scene.room
    room.join("mia", "editor")
    users = {one["userId"] for one in room.read()["boardMemberships"]}
    for user in users:
        room.owner.post(f"{scene.path}/card-memberships", userId=user)
    mia = max(users, key=int)
    task = scene.parts()["tasks"][0]["id"]
    room.owner.patch(f"/api/tasks/{task}", assigneeUserId=mia)
    other = room.other_board()

    other.take(scene.path)

    assert {one["userId"] for one in scene.parts()["cardMemberships"]} == users - {mia}
    assert scene.parts()["tasks"][0]["assigneeUserId"] is None


def test_a_card_that_goes_to_another_board_leaves_no_action(scene: Scene) -> None:
    other = scene.room.other_board()

    other.take(scene.path)

    actions = scene.room.owner.get(f"{scene.path}/actions")["items"]
    assert [action["type"] for action in actions] == ["createCard"]


# --- Archive, trash and positions ----------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "before"),
    [
        ("archive", "todo"),
        ("trash", "todo"),
        ("archive trash", "archive"),
        ("trash archive", None),
        ("archive trash archive", None),
        ("archive todo", None),
        ("trash done", None),
        ("done archive", "done"),
    ],
)
def test_a_card_that_is_put_away_knows_its_list_unless_it_was_in_the_trash(
    scene: Scene,
    way: str,
    before: str | None,
) -> None:
    room = scene.room
    lists = {
        "todo": room.todo,
        "done": room.done,
        "archive": room.put_away("archive"),
        "trash": room.put_away("trash"),
    }
    card: Record = {}
    for name in way.split():
        card = room.owner.patch(scene.path, listId=lists[name], position=STEP)

    assert card["prevListId"] == (before and lists[before])


def test_a_card_loses_its_position_by_a_null_and_gets_one_again(scene: Scene) -> None:
    owner = scene.room.owner

    cleared = owner.patch(scene.path, position=None)
    moved = owner.patch(scene.path, listId=scene.room.done, position=None)
    again = owner.patch(scene.path, position=STEP)

    assert [one["position"] for one in (cleared, moved, again)] == [None, None, STEP]
    assert moved["listId"] == scene.room.done


def test_a_task_changes_its_list_without_a_position(scene: Scene) -> None:
    owner = scene.room.owner
    task = scene.parts()["tasks"][0]
    target = owner.post(f"{scene.path}/task-lists", name="Other", position=2 * STEP)["id"]

    moved = owner.patch(f"/api/tasks/{task['id']}", taskListId=target)

    assert (moved["taskListId"], moved["position"]) == (target, task["position"])


def test_a_deleted_card_is_shown_without_its_comments(scene: Scene) -> None:
    now = scene.room.owner.get(scene.path)["item"]

    deleted = scene.room.owner.send("DELETE", scene.path).json()["item"]

    assert (now["commentsTotal"], deleted["commentsTotal"]) == (1, 0)


@pytest.mark.parametrize("kind", ["archive", "trash"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_archive_and_trash_cannot_be_changed(scene: Scene, kind: str, method: str) -> None:
    path = f"/api/lists/{scene.room.put_away(kind)}"

    answer = scene.room.owner.send(method, path, {"name": "x"})

    assert (answer.status_code, answer.headers["x-exit"]) == (403, "notEnoughRights")


@pytest.mark.parametrize(
    ("source", "target", "status"),
    [("todo", "archive", 403), ("done", "archive", 200), ("done", "trash", 404)],
)
def test_only_a_closed_list_is_archived_at_once(
    scene: Scene,
    source: str,
    target: str,
    status: int,
) -> None:
    path = f"/api/lists/{getattr(scene.room, source)}/move-cards"

    answer = scene.room.owner.send("POST", path, {"listId": scene.room.put_away(target)})

    assert answer.status_code == status


def test_a_viewer_follows_a_card_and_changes_nothing_else(scene: Scene) -> None:
    person = scene.room.join("mia", "viewer")

    assert person.send("PATCH", scene.path, {"isSubscribed": True}).status_code == 200
    assert person.get(scene.path)["item"]["isSubscribed"] is True
    assert person.send("PATCH", scene.path, {"name": "x"}).status_code == 403


def test_a_task_is_assigned_to_members_only(scene: Scene) -> None:
    task = scene.parts()["tasks"][0]["id"]
    stranger = scene.room.join("mia").get("/api/users/me")["item"]["id"]

    answer = scene.room.owner.send("PATCH", f"/api/tasks/{task}", {"assigneeUserId": stranger})

    assert (answer.status_code, answer.headers["x-exit"]) == (404, "userNotFound")
