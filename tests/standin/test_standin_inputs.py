"""What the stand-in takes, what it makes of it, and the words in which it refuses the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanban_sync.standin.server import Standin
from standin.rooms import STEP, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

JSON = {"Content-Type": "application/json"}
NO_NULL = "  Cannot use `null`.  Even though this input is optional, it still does not allow"


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with Standin() as standin, Room.open(standin) as room:
        yield room


def sent(room: Room, **fields: object) -> httpx.Response:
    body = {"type": "project", "name": "card", "position": STEP, **fields}
    return room.owner.send("POST", f"/api/lists/{room.todo}/cards", body)


def sent_raw(room: Room, body: bytes, path: str | None = None) -> httpx.Response:
    path = path or f"/api/lists/{room.todo}/cards"
    return room.owner.client.post(path, content=body, headers=JSON)


# --- Values of another kind ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
    ],
)
def test_numbers_and_booleans_become_texts(room: Room, value: object, text: str) -> None:
    assert sent(room, name=value).json()["item"]["name"] == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (True, 1),
        (False, 0),
        ("70000", 70000),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5),
        ("+5", 5),
        ("1e3", 1000),
        ("00", 0),
        ("0x10", 16),
    ],
)
def test_booleans_and_texts_become_numbers(room: Room, value: object, number: float) -> None:
    board = room.other_board()
    path = f"/api/lists/{board.column}/cards"
    given = {"type": "project", "name": "card"}

    stored = [
        room.owner.post(path, **given, position=position)["position"]
        for position in (number or 16384, value)
    ]
    with_number = room.owner.post(path, **given, position=number)["position"]

    # The first takes the place; what comes as another kind gives way as a number would.
    assert stored[1] == (8192 if number == 0 else number + 16384)
    assert with_number != stored[1]


@pytest.mark.parametrize(
    ("value", "boolean"),
    [("true", True), ("false", False), ("1", True), ("0", False), (1, True), (0, False)],
)
def test_some_texts_and_numbers_become_booleans(room: Room, value: object, boolean: bool) -> None:
    made = sent(room, dueDate="2026-05-05", isDueCompleted=value).json()["item"]

    assert made["isDueCompleted"] is boolean


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", None, "  Cannot use `null` for this required input."),
        ("name", "", "  Cannot use '' (empty string) for a required input."),
        ("name", [], "\n  · Expecting a string, but got an array."),
        ("name", {}, "\n  · Expecting a string, but got a dictionary."),
        ("position", "5a", "\n  · Expecting a number, but got a string."),
        ("position", " 5 ", "\n  · Expecting a number, but got a string."),
        ("position", "Infinity", "\n  · Expecting a number, but got a string."),
        ("position", "1e400", "\n  · Expecting a number, but got a string."),
        ("position", [1], "\n  · Expecting a number, but got an array."),
        ("position", -1, "\n  · Value (-1) was less than the configured minimum (0)"),
        ("isDueCompleted", "TRUE", "\n  · Expecting a boolean, but got a string."),
        ("isDueCompleted", 5, "\n  · Expecting a boolean, but got a number."),
        ("description", "", "\n  · Value ('') was an empty string."),
        ("dueDate", "", "\n  · Value ('') failed custom validation."),
        ("dueDate", True, "\n  · Value ('true') failed custom validation."),
        (
            "type",
            5,
            "\n  · Value ('5') was not in the configured whitelist (project, story)",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_named_in_planka_s_words(
    room: Room,
    field: str,
    value: object,
    problem: str,
) -> None:
    answer = sent(room, **{field: value})

    assert answer.status_code == 400
    assert answer.json()["problems"] == [f'Invalid "{field}":{problem}']


@pytest.mark.parametrize(
    ("field", "kind"),
    [("name", "string"), ("isSubscribed", "boolean"), ("listId", "string"), ("type", "string")],
)
def test_a_null_that_is_not_allowed_is_refused_at_length(room: Room, field: str, kind: str) -> None:
    path = f"/api/cards/{room.card()['id']}"

    (problem,) = room.owner.send("PATCH", path, {field: None}).json()["problems"]

    assert problem.startswith(f'Invalid "{field}":{NO_NULL}')
    assert f"because `null` is not a valid {kind}." in problem


@pytest.mark.parametrize(
    ("literal", "got"),
    [("1e400", "Infinity"), ("-1e400", "-Infinity")],
)
@pytest.mark.parametrize(("field", "kind"), [("name", "string"), ("position", "number")])
def test_a_number_beyond_all_numbers_is_none(
    room: Room,
    literal: str,
    got: str,
    field: str,
    kind: str,
) -> None:
    others = {"name": '"card"', "position": "5"} | {field: literal}
    body = f'{{"type":"project","name":{others["name"]},"position":{others["position"]}}}'

    (problem,) = sent_raw(room, body.encode()).json()["problems"]

    assert problem == f'Invalid "{field}":\n  · Expecting a {kind}, but got {got}.'


@pytest.mark.parametrize(
    ("identifier", "faults"),
    [
        ("abc", ["did not match"]),
        ("01", ["did not match"]),
        ("0", ["did not match"]),
        ("9223372036854775808", ["failed custom validation"]),
        ("99999999999999999999", ["-1 characters longer", "failed custom validation"]),
        ("10000000000000000000", ["-1 characters longer"]),
    ],
)
def test_an_id_has_at_most_nineteen_digits(
    room: Room,
    identifier: str,
    faults: list[str],
) -> None:
    (problem,) = room.owner.send("GET", f"/api/cards/{identifier}").json()["problems"]

    lines = problem.split("\n  · ")[1:]
    assert len(lines) == len(faults)
    assert all(fault in line for fault, line in zip(faults, lines, strict=True))


# --- Bodies --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"null", b"5", b'"x"', b"true", b"{", b"\xff\xfe"])
def test_a_body_that_is_no_object_is_refused_without_a_word(room: Room, body: bytes) -> None:
    answer = sent_raw(room, body)

    assert (answer.status_code, answer.content) == (400, b"")
    assert "x-exit" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'[{"type": "project"}]'])
def test_a_body_without_fields_lacks_them(room: Room, body: bytes) -> None:
    problems = sent_raw(room, body).json()["problems"]

    assert problems == [
        '"type" is required, but it was not defined.',
        '"name" is required, but it was not defined.',
    ]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        (b"\\ud83c lone", "\ufffd lone"),
        (b"\\ud83c\\udf89 pair \\udf89", "\U0001f389 pair \ufffd"),
        (b"\xff raw", "\ufffd raw"),
    ],
)
def test_half_a_character_becomes_a_question_mark_of_unicode(
    room: Room,
    raw: bytes,
    stored: str,
) -> None:
    answer = sent_raw(room, b'{"type":"project","position":5,"name":"%s"}' % raw)

    assert answer.json()["item"]["name"] == stored


def test_a_mark_of_the_byte_order_does_no_harm(room: Room) -> None:
    answer = sent_raw(room, b'\xef\xbb\xbf{"type":"project","position":5,"name":"bom"}')

    assert answer.json()["item"]["name"] == "bom"


# --- Searching -----------------------------------------------------------------------------

ARCHIVED = {
    "One two": "three four",
    "x_y": "a%b",
    "xzy": "`kanban-sync: p1/openspec:add-thing`",
    "back\\slash": None,
    "multi\nline": "first\nsecond",
}


@pytest.fixture(scope="module")
def archive(room: Room) -> str:
    path = f"/api/lists/{room.put_away('archive')}/cards"
    for name, description in ARCHIVED.items():
        room.owner.post(path, type="project", name=name, description=description)
    return path


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("two ONE", ["One two"]),
        ("one,two;", ["One two"]),
        ("three four", ["One two"]),
        ("one three", []),
        ("p1/openspec:add-thing", ["xzy"]),
        ("`kanban-sync: p1/openspec:add-thing`", ["xzy"]),
        ("add_thing", ["xzy"]),
        ("x_y", ["x_y", "xzy"]),
        ("a%b", ["x_y", "xzy"]),
        ("_ %", list(ARCHIVED)),
        ("back\\slash", []),
        ("back\\\\slash", ["back\\slash"]),
        ("\\", []),
        (" ", list(ARCHIVED)),
        ("first second", ["multi\nline"]),
        ("/x.Y", ["x_y", "xzy"]),
        ("/^first$", []),
        ("/first.second", ["multi\nline"]),
        ("/[", []),
        ("/", list(ARCHIVED)),
        ("nowhere", []),
    ],
)
def test_a_search_finds_all_words_in_the_name_or_all_in_the_description(
    room: Room,
    archive: str,
    search: str,
    found: list[str],
) -> None:
    answer = room.owner.client.get(archive, params={"search": search})

    assert sorted(card["name"] for card in answer.json()["items"]) == sorted(found)


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("search", "", 400),
        ("search", "x" * 128, 200),
        ("search", "x" * 129, 400),
        ("labelIds", "5", 200),
        ("labelIds", "5,6", 200),
        ("labelIds", "5,", 400),
        ("labelIds", "x", 400),
        ("userIds", "0", 400),
        ("userIds", "5,99999999999999999999", 400),
        ("before", '{"id": "1"}', 400),
        ("before[id]", "5", 500),
        ("search[part]", "x", 500),
        ("other[part]", "x", 200),
    ],
)
def test_what_a_search_takes(
    room: Room,
    archive: str,
    name: str,
    value: str,
    status: int,
) -> None:
    assert room.owner.client.get(archive, params={name: value}).status_code == status


def test_a_search_by_label_or_person_knows_those_of_the_board_only(room: Room) -> None:
    card = room.card()
    label, stranger = room.label("agent"), room.label("agent", board=room.other_board().board)
    room.owner.post(f"/api/cards/{card['id']}/card-labels", labelId=label)
    me = room.owner.get("/api/users/me")["item"]["id"]
    room.owner.post(f"/api/cards/{card['id']}/card-memberships", userId=me)
    path = f"/api/lists/{room.todo}/cards"

    for query, count in (
        ({"labelIds": label}, 1),
        ({"labelIds": f"{stranger},{label}"}, 1),
        ({"labelIds": stranger}, 0),
        ({"userIds": me, "labelIds": label}, 1),
        ({"userIds": "5"}, 0),
    ):
        assert len(room.owner.client.get(path, params=query).json()["items"]) == count


def test_a_search_gives_fifty_cards_and_does_not_sort_them_by_time() -> None:
    with Standin() as standin, Room.open(standin) as room:
        path = f"/api/lists/{room.put_away('archive')}/cards"
        for number in range(51):
            room.owner.post(path, type="project", name=f"hit {number}")

        found = room.owner.client.get(path, params={"search": "hit"}).json()["items"]
        newest = room.owner.get(path)["items"]

    assert len(found) == len(newest) == 50
    assert [card["name"] for card in newest] == [f"hit {number}" for number in range(50, 0, -1)]
    assert [card["id"] for card in found] != [card["id"] for card in newest]
