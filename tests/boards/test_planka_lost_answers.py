"""What was made while its answer got lost is looked for, and never made a second time."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from boards.lossy import Loss, LossyWay
from core.made import at, card, shown
from core.passes import NOW, Clone
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client, Conduct
from kanban_sync.core.board import Checklist, Item, Lost
from kanban_sync.core.columns import Column
from kanban_sync.core.description import compose
from kanban_sync.core.errors import BoardUnreachableError, RefusedError
from kanban_sync.core.lost import hash_of
from kanban_sync.core.operations import Archive
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTS = {
    "project": "POST /api/projects",
    "board": "POST /api/projects/[0-9]+/boards",
    "list": "POST /api/boards/[0-9]+/lists",
    "label": "POST /api/boards/[0-9]+/labels",
    "field group": "POST /api/boards/[0-9]+/custom-field-groups",
    "field": "POST /api/custom-field-groups/[0-9]+/custom-fields",
    "card": "POST /api/lists/[0-9]+/cards",
    "card label": "POST /api/cards/[0-9]+/card-labels",
    "task list": "POST /api/cards/[0-9]+/task-lists",
    "task": "POST /api/task-lists/[0-9]+/tasks",
}
TABLES = (
    "projects", "boards", "lists", "labels", "customFieldGroups", "customFields",
    "cards", "cardLabels", "taskLists", "tasks",
)  # fmt: skip
TOLD = [loss for loss in Loss if loss is not Loss.SWALLOWED]

# Two lines are alike: the one that was there before must not be taken for the lost one.
ALIKE = Checklist("Build", (Item("1", "again", done=False), Item("2", "again", done=True)))
WANTED = [
    replace(card("a", column=Column.IN_PROGRESS), checklists=(ALIKE,)),
    card("b", title="Other", Build=("one",), Test=("two",)),
]


@contextmanager
def on_the_way(way: LossyWay) -> Iterator[Client]:
    # What is never answered is waited for in full; everything else has to be answered in time.
    silent = way.loss in {Loss.LATE, Loss.SWALLOWED}
    conduct = Conduct(timeout=1.0 if silent else 20.0, pause=0.001)
    with way, Client(way.url, "key_1", conduct) as client:
        yield client


def clone_of(client: Client) -> Clone[PlankaBoard]:
    return Clone(PlankaBoard(client, "Project", "Board"))


def things(server: Standin) -> dict[str, int]:
    """Return how many things there are of each kind."""
    return {table: len(server.state.where(table)) for table in TABLES}


@pytest.fixture(scope="module")
def faultless() -> dict[str, int]:
    with Standin(api_key="key_1") as server:
        with Client(server.url, "key_1") as client:
            clone_of(client).sync(WANTED)
        return things(server)


@pytest.mark.parametrize("loss", TOLD, ids=[loss.name.lower() for loss in TOLD])
@pytest.mark.parametrize("kind", POSTS)
def test_what_was_made_without_an_answer_is_found_and_not_made_again(
    faultless: dict[str, int], kind: str, loss: Loss
) -> None:
    with Standin(api_key="key_1") as server:
        way = LossyWay(server.port, POSTS[kind], loss)
        with on_the_way(way) as client:
            clone = clone_of(client)
            clone.sync(WANTED)
            assert things(server) == faultless
            # Nothing is left for the next one: what was found is what was meant.
            assert clone.sync(WANTED).operations == ()
        assert things(server) == faultless


@pytest.mark.parametrize("kind", [kind for kind in POSTS if kind != "card label"])
def test_what_may_still_be_under_way_is_never_sent_again(
    faultless: dict[str, int], kind: str
) -> None:
    with Standin(api_key="key_1") as server:
        way = LossyWay(server.port, POSTS[kind], Loss.SWALLOWED)
        with on_the_way(way) as client:
            clone = clone_of(client)
            before = way.count()
            with pytest.raises(
                BoardUnreachableError, match="did not answer in time to POST"
            ) as how:
                clone.sync(WANTED)
            assert how.value.may_come
            assert way.count() == before + 1
            # It has not come: the next sync makes it, once.
            clone.sync(WANTED)
        assert things(server) == faultless


@pytest.mark.parametrize("loss", [Loss.UNSEEN, Loss.TOO_MANY])
def test_what_is_over_will_not_come_later(loss: Loss) -> None:
    with Standin(api_key="key_1") as server:
        way = LossyWay(server.port, POSTS["task"], loss, times=3)
        with on_the_way(way) as client, pytest.raises(BoardUnreachableError) as how:
            clone_of(client).sync(WANTED)
    assert not how.value.may_come


def test_a_copy_on_which_a_person_commented_is_never_taken_for_a_late_one() -> None:
    wanted = [card()]
    with Standin(api_key="key_1") as server, Client(server.url, "key_1") as client:
        clone = clone_of(client)
        clone.sync(wanted)
        (ours,) = server.state.where("cards")
        copy = api.create_card(ours["listId"], "Title", compose("Why", card().key), 1.0)
        made = client.send(copy)["item"]
        base = clone.base[card().key]
        clone.base[card().key] = replace(base, lost=(Lost(hash_of(shown(card())), NOW),))
        assert isinstance(clone.plan(wanted).operations[0], Archive)
        comment = api.Request("POST", f"/api/cards/{made['id']}/comments", {"text": "mine"})
        client.send(comment)
        assert clone.plan(wanted).operations == ()


@pytest.mark.parametrize("words", ["Why", "Because"], ids=["unchanged", "changed since"])
def test_a_card_that_comes_after_it_was_made_again_is_put_away_and_copies_of_people_stay(
    words: str,
) -> None:
    wanted = [card(Build=("one",))]
    with Standin(api_key="key_1") as server:
        way = LossyWay(server.port, POSTS["card"], Loss.SWALLOWED)
        with on_the_way(way) as client:
            clone = clone_of(client)
            with pytest.raises(BoardUnreachableError):
                clone.sync(wanted)
            wanted = [replace(wanted[0], text=words, version=at(6))]
            clone.sync(wanted)
            (ours,) = server.state.where("cards")
            late = api.create_card(ours["listId"], "Title", compose("Why", card().key), 1.0)
            client.send(late)
            duplicate = client.send(
                api.Request(
                    "POST", f"/api/cards/{ours['id']}/duplicate", {"position": 2, "name": "Title"}
                )
            )["item"]
            (archiving,) = clone.sync(wanted).operations
            assert isinstance(archiving, Archive)
            assert clone.sync(wanted).operations == ()
            archive = clone.board.ids["archive"]
            there = {
                each["id"] for each in server.state.where("cards") if each["listId"] != archive
            }
            assert there == {ours["id"], duplicate["id"]}
            # Only one request was lost: whatever says the same after that is a person's.
            client.send(late)
            assert clone.sync(wanted).operations == ()


@pytest.mark.parametrize("keep_drift", [False, True])
@pytest.mark.parametrize("kind", ["task list", "task"])
def test_a_line_that_comes_after_it_was_made_again_is_taken_away_and_lines_of_people_stay(
    kind: str,
    keep_drift: bool,
) -> None:
    wanted = [card(Build=("one", "two"))]
    with Standin(api_key="key_1") as server:
        way = LossyWay(server.port, POSTS[kind], Loss.SWALLOWED)
        with on_the_way(way) as client:
            clone = clone_of(client)
            clone.keep_drift = keep_drift
            with pytest.raises(BoardUnreachableError):
                clone.sync(wanted)
            clone.sync(wanted)
            made = {table: server.state.where(table) for table in ("taskLists", "tasks")}
            (there,) = made["taskLists"]
            request = {
                "task list": api.create_task_list(there["cardId"], "Build", 1.0),
                "task": api.create_task(there["id"], "one", 1.0, done=False),
            }[kind]
            client.send(request)
            client.send(api.create_task(there["id"], "two", 9.0, done=False))
            assert len(clone.sync(wanted).operations) == 1
            client.send(request)
            clone.sync(wanted)
            assert clone.sync(wanted).operations == ()
            left = {table: server.state.where(table) for table in made}
    # What a person wrote, and what equals it but was lost only once, stays beside ours.
    more = {"task list": (2, 3), "task": (1, 4)}[kind]
    assert (len(left["taskLists"]), len(left["tasks"])) == more
    assert all(each in left[table] for table in made for each in made[table])


@pytest.mark.parametrize("times", [1, 2])
def test_a_few_lost_answers_are_made_good(faultless: dict[str, int], times: int) -> None:
    with Standin(api_key="key_1") as server:
        way = LossyWay(server.port, POSTS["task"], Loss.UNSEEN, times)
        with on_the_way(way) as client:
            clone_of(client).sync(WANTED)
        assert things(server) == faultless
        assert way.count() == faultless["tasks"] + times


def test_a_card_on_which_the_server_breaks_is_refused_but_not_the_whole_board() -> None:
    with Standin(api_key="key_1") as server:
        way = LossyWay(server.port, POSTS["card"], Loss.BROKEN_AT_ONCE, times=3)
        with on_the_way(way) as client:
            clone = clone_of(client)
            with pytest.raises(RefusedError, match=f"{way.url} broke on POST"):
                clone.sync(WANTED)
            assert server.state.where("cards") == []
            clone.sync(WANTED)
        assert len(server.state.where("cards")) == len(WANTED)
