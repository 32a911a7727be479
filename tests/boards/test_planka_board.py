"""The board on Planka keeps the contract, with few requests."""

from __future__ import annotations

import json
import os
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from boards.canned import Canned, CannedServer
from boards.contract import FULL, BoardContract
from boards.contract_identity import IdentityContract
from boards.contract_lines import LinesContract
from boards.contract_meanwhile import MeanwhileContract
from boards.contract_precedence import PrecedenceContract
from boards.planka_person import PlankaPerson, remove_project
from core.made import MARK, PROJECT, at, card, kinds, over
from core.passes import Clone
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.board import DAY, PlankaBoard
from kanban_sync.boards.planka.client import Client
from kanban_sync.core.columns import Column
from kanban_sync.core.errors import BoardError, RefusedError, RightsError, SignInError
from kanban_sync.core.model import TaskKey
from kanban_sync.core.operations import Create, Operation
from kanban_sync.core.precedence import stamp_made
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from boards.contract_lines import AtWrite
    from kanban_sync.core.board import Card

# Read here, since the tests themselves run without the variables of whoever runs them.
REAL_KEY = os.environ.get("KANBAN_SYNC_TEST_PLANKA_API_KEY", "")


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin() as server:
        yield server


class TestPlankaBoard(
    BoardContract, IdentityContract, LinesContract, MeanwhileContract, PrecedenceContract
):
    @pytest.fixture
    def client(self, standin: Standin) -> Iterator[Client]:
        with Client(standin.url, standin.api_key) as client:
            yield client

    @pytest.fixture
    def board(self, client: Client) -> PlankaBoard:
        return PlankaBoard(client, uuid.uuid4().hex, "Board")

    @pytest.fixture
    def person(self, client: Client, board: PlankaBoard) -> PlankaPerson:
        return PlankaPerson(client, board)

    @pytest.fixture
    def at_write(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> AtWrite:
        return lambda write, act, *, is_done: watch_writes(
            client, monkeypatch, write, act, is_done=is_done
        )


@pytest.mark.needs("planka")
class TestRealPlanka(
    BoardContract, IdentityContract, LinesContract, MeanwhileContract, PrecedenceContract
):
    @pytest.fixture
    def client(self, planka_url: str) -> Iterator[Client]:
        with Client(planka_url, REAL_KEY) as client:
            yield client

    @pytest.fixture
    def board(self, client: Client) -> Iterator[PlankaBoard]:
        board = PlankaBoard(client, f"test {uuid.uuid4().hex}", "Board")
        yield board
        if "project" in board.ids:
            remove_project(client, board.ids["project"])

    @pytest.fixture
    def person(self, client: Client, board: PlankaBoard) -> PlankaPerson:
        return PlankaPerson(client, board)

    @pytest.fixture
    def at_write(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> AtWrite:
        return lambda write, act, *, is_done: watch_writes(
            client, monkeypatch, write, act, is_done=is_done
        )


def watch_writes(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    write: int,
    act: Callable[[], object],
    *,
    is_done: bool,
) -> None:
    """Let something happen once, before or after a request that writes."""
    # Below what repeats requests, so that it happens once.
    name = "_send_once"
    send, left = getattr(client, name), [write]

    def sends(request: api.Request) -> api.Json:
        left[0] -= request.method != "GET"
        if left[0] or request.method == "GET":
            return dict(send(request))
        answer = send(request) if is_done else {}
        act()
        return dict(answer or send(request))

    monkeypatch.setattr(client, name, sends)


# --- requests -------------------------------------------------------------------------------------

CHANGE = card(
    title="A change",
    column=Column.IN_PROGRESS,
    Build=("first", "+second", "third"),
    Test=("fourth", "fifth"),
)


@pytest.fixture
def board(standin: Standin) -> Iterator[PlankaBoard]:
    with Client(standin.url, standin.api_key) as client:
        yield PlankaBoard(client, uuid.uuid4().hex, "Board")


@pytest.fixture
def clone(board: PlankaBoard) -> Clone[PlankaBoard]:
    """A clone whose board has 20 cards, one of them CHANGE."""
    clone = Clone(board)
    clone.sync([CHANGE, *OTHERS])
    return clone


OTHERS = [card(f"n{number}", title=f"n{number}", Tasks=("one",)) for number in range(19)]


def requests(standin: Standin, clone: Clone[PlankaBoard], change: Card) -> tuple[int, int, int]:
    """Return how many requests a sync of one change takes: board, card, writes."""
    standin.clear_log()
    clone.sync([change, *OTHERS])
    seen = standin.requests
    boards = [path for method, path in seen if method == "GET" and "/boards/" in path]
    cards = [path for method, path in seen if method == "GET" and "/cards/" in path]
    writes = [path for method, path in seen if method != "GET"]
    assert len(boards) + len(cards) + len(writes) == len(seen)
    return len(boards), len(cards), len(writes)


def ticked(wanted: Card, *texts: str) -> Card:
    lists = tuple(
        each._replace(
            items=tuple(item._replace(done=item.done or item.text in texts) for item in each.items),
        )
        for each in wanted.checklists
    )
    return replace(wanted, checklists=lists, version=at(5, 6))


def test_nothing_new_is_one_request(standin: Standin, clone: Clone[PlankaBoard]) -> None:
    assert requests(standin, clone, CHANGE) == (1, 0, 0)


def test_a_card_on_another_board_is_asked_for_once_a_day(
    standin: Standin, clone: Clone[PlankaBoard], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = PlankaPerson(clone.board._client, clone.board)  # noqa: SLF001 - the same account
    person.takes_away(clone.base[CHANGE.key].card_id)
    assert requests(standin, clone, CHANGE) == (1, 1, 0)
    # A later process knows no more than what was remembered.
    clone.board = PlankaBoard(clone.board._client, "", "", clone.board.ids)  # noqa: SLF001
    assert requests(standin, clone, CHANGE) == (1, 0, 0)
    tomorrow = time.time() + DAY
    monkeypatch.setattr("kanban_sync.boards.planka.board.time.time", lambda: tomorrow)
    assert requests(standin, clone, CHANGE) == (1, 1, 0)
    assert requests(standin, clone, CHANGE) == (1, 0, 0)


def test_a_ticked_box_is_one_reading_and_two_writes(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    assert requests(standin, clone, ticked(CHANGE, "first")) == (1, 0, 2)


def test_a_change_that_moves_with_its_last_tick_is_one_reading_and_three_writes(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    moved = replace(ticked(CHANGE, "first"), column=Column.REVIEW)
    assert requests(standin, clone, moved) == (1, 0, 3)


def test_a_new_card_with_five_tasks_is_at_most_ten_writes(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    standin.clear_log()
    new = card("new", Tasks=("1", "2", "3", "4", "5"))
    clone.sync([CHANGE, *OTHERS, new])
    methods = [method for method, _ in standin.requests]
    # The board, its archive and its trash: a card of this task may have been put there.
    assert methods.count("GET") == 3
    assert len(methods) - 3 == 9


def searches(standin: Standin) -> list[str]:
    return [path for method, path in standin.requests if method == "GET" and "/lists/" in path]


def test_five_hundred_new_cards_cost_two_searches(board: PlankaBoard, standin: Standin) -> None:
    clone = Clone(board)
    clone.sync([card("archived"), card("there")])
    (seen,) = [each for each in board.read({}).cards if each.key == card("archived").key]
    PlankaPerson(board._client, board).archives(seen.id)  # noqa: SLF001 - the same account
    standin.clear_log()
    found = Clone(board).plan([card("archived"), *(card(f"n{n}") for n in range(500))])
    assert len(searches(standin)) == 2
    assert kinds(found).count("Create") == 500
    assert kinds(found).count("Remember") == 1


FOLDERS = "docs/" + "a-rather-long-folder-name/" * 4


@pytest.mark.parametrize(
    "name",
    [
        f"{FOLDERS}TASKS.md:item {{}} of 60",
        f"{FOLDERS}TASKS.md:(all) *of* the {{}}. [word] \\d % _ is a \N{GRINNING FACE}",
        f"{{}}/{FOLDERS * 2}TASKS.md:the same words",
    ],
)
def test_a_card_that_was_put_away_is_found_among_many_whatever_its_key(
    board: PlankaBoard, name: str
) -> None:
    cards = [
        replace(card(f"c{n}"), key=TaskKey(PROJECT, "tasks-md", name.format(n))) for n in range(60)
    ]
    clone = Clone(board)
    clone.sync(cards)
    person = PlankaPerson(board._client, board)  # noqa: SLF001 - the same account
    for said in clone.base.values():
        person.archives(said.card_id)
    assert "Create" not in kinds(Clone(board).plan(cards))


def test_a_board_that_is_yet_to_be_made_is_not_searched(
    board: PlankaBoard, standin: Standin
) -> None:
    standin.clear_log()
    Clone(board).plan([CHANGE])
    assert searches(standin) == []


def test_a_clone_that_knows_its_cards_searches_for_none(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    standin.clear_log()
    changed = replace(CHANGE, title="New", version=at(6))
    clone.sync([changed, *OTHERS])
    Clone(clone.board).sync([changed, *OTHERS])
    assert searches(standin) == []


@pytest.mark.parametrize("is_over", [False, True])
def test_an_account_that_lost_its_membership_is_told_so_and_which_role_it_needs(
    standin: Standin, clone: Clone[PlankaBoard], *, is_over: bool
) -> None:
    with Client(standin.url, standin.api_key) as client:
        board_id = clone.board.ids["board"]
        (mine,) = client.send(api.board(board_id))["included"]["boardMemberships"]
        client.send(api.Request("DELETE", f"/api/board-memberships/{mine['id']}"))
    changed = over(CHANGE.key.name, at(9)) if is_over else ticked(CHANGE, "first")
    operations = clone.plan([changed, *OTHERS]).operations
    with pytest.raises(RightsError, match=r"no member of it .*as an editor"):
        clone.board.apply(operations[0])


def test_a_card_that_a_person_deletes_meanwhile_is_that_cards_matter(
    clone: Clone[PlankaBoard],
) -> None:
    operations = clone.plan([ticked(CHANGE, "first"), *OTHERS]).operations
    person = PlankaPerson(clone.board._client, clone.board)  # noqa: SLF001 - the same account
    person.deletes(clone.base[CHANGE.key].card_id)
    with pytest.raises(RefusedError, match="not found"):
        clone.board.apply(operations[0])


def test_of_two_labels_with_one_name_both_are_taken_off(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    blocked = replace(CHANGE, labels=CHANGE.labels | {"blocked"}, version=at(5, 6))
    clone.sync([blocked, *OTHERS])
    card_id = clone.base[CHANGE.key].card_id
    with Client(standin.url, standin.api_key) as client:
        second = api.create_label(clone.board.ids["board"], "blocked", "egg-yellow", 65536.0 * 9)
        client.send(api.add_label(card_id, client.send(second)["item"]["id"]))
    clone.sync([blocked, *OTHERS])
    clone.sync([replace(CHANGE, version=at(5, 7)), *OTHERS])
    assert clone.sync([replace(CHANGE, version=at(5, 7)), *OTHERS]).operations == ()
    (seen,) = [each for each in clone.board.read({}).cards if each.id == card_id]
    assert seen.labels == {"agent"}


def test_a_change_of_other_fields_leaves_what_people_keep_on_a_card(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    card_id = clone.base[CHANGE.key].card_id
    with Client(standin.url, standin.api_key) as client:
        me = client.send(api.Request("GET", "/api/users/me"))["item"]["id"]
        due = {"dueDate": "2027-01-01T00:00:00.000Z", "isDueCompleted": True}
        client.send(api.change_card(card_id, due))
        for path, body in (
            ("card-memberships", {"userId": me}),
            ("comments", {"text": "Well done"}),
            ("attachments", {"type": "link", "name": "a link", "url": "https://example.org"}),
        ):
            client.send(api.Request("POST", f"/api/cards/{card_id}/{path}", body))

        def theirs() -> tuple[object, ...]:
            answer = client.send(api.card(card_id))
            item, included = answer["item"], answer["included"]
            people = [each["userId"] for each in included["cardMemberships"]]
            names = [each["name"] for each in included["attachments"]]
            fields = [item[name] for name in ("dueDate", "isDueCompleted", "commentsTotal")]
            return (*fields, item["position"], people, names)

        before = theirs()
        assert all(before)
        everything = card(title="New", text="Else", column=CHANGE.column, Other=("+first",))
        clone.sync([replace(everything, version=at(6)), *OTHERS])
        assert theirs() == before
        clone.sync([over(version=at(7)), *OTHERS])
        assert theirs()[:3] == before[:3]


def test_before_a_description_is_written_the_card_is_read_again(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    changed = replace(CHANGE, text="Why not", version=at(6))
    assert requests(standin, clone, changed) == (1, 1, 2)


def test_the_version_is_written_before_what_it_stands_for(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    everything = card(title="New", text="Else", column=Column.REVIEW, Other=("+first",))
    for wanted in (replace(everything, version=at(6)), over(version=at(7))):
        standin.clear_log()
        clone.sync([wanted, *OTHERS])
        writes = [path for method, path in standin.requests if method != "GET"]
        assert len(writes) > 1
        assert ["custom-field-values" in path for path in writes] == [
            True,
            *[False] * (len(writes) - 1),
        ]


def test_a_line_that_moves_up_is_one_write_beside_the_version(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    moved = card(
        title="A change",
        column=Column.IN_PROGRESS,
        Build=("third", "first", "+second"),
        Test=("fourth", "fifth"),
        version=at(6),
    )
    assert requests(standin, clone, moved) == (1, 0, 2)


def test_archived_cards_are_not_asked_for_again(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    assert requests(standin, clone, over(version=at(6))) == (1, 0, 2)
    assert requests(standin, clone, over(version=at(6))) == (1, 0, 0)


def test_a_board_that_is_known_by_its_ids_is_not_looked_for(standin: Standin) -> None:
    with Client(standin.url, standin.api_key) as client:
        first = PlankaBoard(client, uuid.uuid4().hex, "Board")
        Clone(first).sync([FULL])
        standin.clear_log()
        again = PlankaBoard(client, "renamed", "too", first.ids)
        assert len(again.read({}).cards) == 1
        assert len(standin.requests) == 1


# --- whose board it is ----------------------------------------------------------------------------


def test_people_may_rename_our_lists(standin: Standin, clone: Clone[PlankaBoard]) -> None:
    renamed = api.Request(
        "PATCH", f"/api/lists/{clone.board.ids['list In Progress']}", {"name": "Doing"}
    )
    with Client(standin.url, standin.api_key) as client:
        client.send(renamed)
    assert clone.sync([CHANGE, *OTHERS]).operations == ()


def test_a_list_that_is_gone_is_made_again_and_its_card_comes_back(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    gone = api.Request("DELETE", f"/api/lists/{clone.board.ids['list In Progress']}")
    with Client(standin.url, standin.api_key) as client:
        client.send(gone)
    found = clone.sync([CHANGE, *OTHERS])
    assert found.missing == ("list In Progress",)
    assert clone.sync([CHANGE, *OTHERS]).missing == ()


def test_a_task_list_of_a_person_with_our_title_is_not_filled(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    card_id = clone.base[CHANGE.key].card_id
    with Client(standin.url, standin.api_key) as client:
        client.send(api.create_task_list(card_id, "Build", 99 * 65536.0))
    more = card(
        title="A change",
        column=Column.IN_PROGRESS,
        Build=("first", "+second", "third", "new"),
        Test=("fourth", "fifth"),
        version=at(6),
    )
    clone.sync([more, *OTHERS])
    said = clone.base[CHANGE.key].seen
    assert said is not None
    assert [(each.title, len(each.items)) for each in said.checklists] == [
        ("Build", 4),
        ("Test", 2),
        ("Build", 0),
    ]
    assert next(each for each in clone.board.read({}).cards if each.id == card_id) == said


def made_again(client: Client, board: PlankaBoard, name: str) -> str:
    """Delete a board as a person would, make one of that name, and return its id."""
    client.send(api.Request("DELETE", f"/api/boards/{board.ids['board']}"))
    made = client.send(api.create_board(board.ids["project"], name, api.STEP))
    return str(made["item"]["id"])


def test_a_board_that_was_made_again_under_its_name_gets_all_cards(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    with Client(standin.url, standin.api_key) as client:
        heir = made_again(client, clone.board, "Board")
    found = clone.sync([CHANGE, card("new"), *OTHERS])
    assert "list In Progress" in found.missing
    assert clone.board.ids["board"] == heir
    wanted = {each.key for each in (CHANGE, card("new"), *OTHERS)}
    assert {each.key for each in clone.board.read({}).cards} == wanted
    assert clone.sync([CHANGE, card("new"), *OTHERS]).operations == ()


def test_a_board_that_is_gone_and_has_no_heir_stays_known_as_gone(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    with Client(standin.url, standin.api_key) as client:
        made_again(client, clone.board, "Another name")
    known = dict(clone.board.ids)
    for _ in range(2):
        with pytest.raises(RightsError, match="is gone, or this account is no member"):
            clone.board.read(clone.base)
    assert clone.board.ids == known


def test_an_account_that_may_not_make_the_board_is_told_what_to_do(standin: Standin) -> None:
    key = standin.state.add_user(uuid.uuid4().hex)
    with Client(standin.url, key) as client:
        board = PlankaBoard(client, "Project of others", "Board")
        assert "project Project of others" in board.read({}).missing
        with pytest.raises(RightsError, match="add the account as an editor"):
            board.prepare()


def test_an_account_that_is_no_member_is_told_what_to_do(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    key = standin.state.add_user(uuid.uuid4().hex)
    with Client(standin.url, key) as client:
        board = PlankaBoard(client, "Project", "Board", clone.board.ids)
        with pytest.raises(RightsError, match="no member of it"):
            board.read({})


def test_a_viewer_may_read_and_is_told_what_to_do_when_writing(
    standin: Standin, clone: Clone[PlankaBoard]
) -> None:
    key = standin.state.add_user(uuid.uuid4().hex)
    with Client(standin.url, key) as client, Client(standin.url, standin.api_key) as admin:
        me = client.send(api.Request("GET", "/api/users/me"))["item"]["id"]
        path = f"/api/boards/{clone.board.ids['board']}/board-memberships"
        admin.send(api.Request("POST", path, {"userId": me, "role": "viewer"}))
        board = PlankaBoard(client, "Project", "Board", clone.board.ids)
        viewer = Clone(board, dict(clone.base))
        assert viewer.sync([CHANGE, *OTHERS]).operations == ()
        with pytest.raises(RightsError, match="editor of the board"):
            viewer.sync([replace(CHANGE, title="New", version=at(6)), *OTHERS])


def test_a_key_that_is_worth_nothing_is_named_as_such(standin: Standin) -> None:
    with Client(standin.url, "wrong_key") as client:
        board = PlankaBoard(client, "Project", "Board")
        with pytest.raises(SignInError, match="PLANKA_API_KEY"):
            board.read({})


def test_of_a_url_that_leads_into_a_planka_the_right_one_is_named(standin: Standin) -> None:
    with Client(f"{standin.url}/boards/1", standin.api_key) as client:
        board = PlankaBoard(client, "Project", "Board")
        with pytest.raises(BoardError, match=f"one does at {standin.url};"):
            board.read({})


# --- answers of another shape ---------------------------------------------------------------------

IDS = {
    "board": "1",
    "project": "2",
    "group": "3",
    "field": "4",
    "archive": "5",
    **{f"list {column.value}": "6" for column in Column},
}
LISTS_OF_A_BOARD = [{"id": "6", "type": "active", "name": "To Do", "position": 1.0}]
CARD = {"id": "7", "name": "a", "listId": "6", "description": "", "position": 1.0}


def board_with(**included: object) -> dict[str, object]:
    kinds = ("labels", "cardLabels", "taskLists", "tasks", "customFieldGroups", "customFields")
    empty: dict[str, object] = {kind: [] for kind in (*kinds, "customFieldValues", "cards")}
    return {"item": {}, "included": {**empty, "lists": LISTS_OF_A_BOARD, **included}}


SHAPES: list[dict[str, object]] = [
    {},
    {"item": None, "included": None},
    {"item": [], "items": 5, "included": []},
    {"item": {"id": None}, "items": [[]], "included": {"boards": {}}},
    {"item": "x", "items": [{"name": "Project", "id": "x"}], "included": {"lists": ["x"]}},
]

BOARDS_OF_ANOTHER_SHAPE = [
    board_with(lists=None),
    board_with(cards=[{}]),
    board_with(cards=["x"]),
    board_with(cards=[{**CARD, "id": 7}]),
    board_with(cards=[{**CARD, "id": "x"}]),
    board_with(cards=[{**CARD, "name": None}]),
    board_with(cards=[{**CARD, "description": 1}]),
    board_with(cards=[{**CARD, "position": "first"}]),
    board_with(labels=[{"id": "x", "name": "a", "position": 1.0}]),
    board_with(customFields=5),
]


def canned(shape: dict[str, object]) -> CannedServer:
    return CannedServer(Canned(body=json.dumps(shape).encode()))


@pytest.mark.parametrize("shape", [*SHAPES, *BOARDS_OF_ANOTHER_SHAPE])
def test_a_board_that_reads_otherwise_than_one_of_planka_is_named_as_such(
    shape: dict[str, object],
) -> None:
    with (
        canned(shape) as server,
        Client(server.url, "key") as client,
        pytest.raises(BoardError, match=server.url),
    ):
        PlankaBoard(client, "Project", "Board", IDS).read({})


def test_the_board_of_these_tests_is_read_where_nothing_is_wrong() -> None:
    with canned(board_with(cards=[CARD])) as server, Client(server.url, "key") as client:
        assert len(PlankaBoard(client, "Project", "Board", IDS).read({}).cards) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_looking_for_a_board_on_what_is_no_planka_is_an_error_that_names_it(
    shape: dict[str, object],
) -> None:
    with (
        canned(shape) as server,
        Client(server.url, "key") as client,
        pytest.raises(BoardError, match=server.url),
    ):
        PlankaBoard(client, "Project", "Board").read({})


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ids", [{}, {"board": "1"}, {**IDS, "group": ""}, {**IDS, "field": ""}])
def test_making_a_board_on_what_is_no_planka_is_an_error_that_names_it(
    shape: dict[str, object], ids: dict[str, str]
) -> None:
    with (
        canned(shape) as server,
        Client(server.url, "key") as client,
        pytest.raises(BoardError, match=server.url),
    ):
        PlankaBoard(client, "Project", "Board", ids).prepare()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_write_that_is_answered_otherwise_than_by_planka_is_an_error_that_names_it(
    shape: dict[str, object],
) -> None:
    operation: Operation = Create(CHANGE, 1.0, stamp_made(CHANGE, MARK), "new")
    with (
        canned(shape) as server,
        Client(server.url, "key") as client,
        pytest.raises(BoardError, match=server.url),
    ):
        PlankaBoard(client, "Project", "Board", IDS).apply(operation)
