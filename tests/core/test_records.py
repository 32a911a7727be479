"""What stores keep comes back as it was."""

from __future__ import annotations

import json

import pytest

from core.made import at, base_of, card, over, shown
from kanban_sync.core.board import Lost, Said, Words
from kanban_sync.core.columns import Column
from kanban_sync.core.identity import Traits
from kanban_sync.core.model import Document, ParsedTask, Problem, Status, Version
from kanban_sync.core.records import (
    document_from_json,
    document_to_json,
    said_from_json,
    said_to_json,
    slot_from_json,
    slot_to_json,
)
from kanban_sync.core.slots import EMPTY, KeyedTask, SlotState

FULL = card(
    labels=("agent", "blocked", "root"), Build=("one", "+two"), Test=("\u00e9",), evident=True
)


@pytest.mark.parametrize(
    "said",
    [
        base_of(FULL),
        base_of(FULL, shown(FULL, key=None, column=None, stamp=None)),
        base_of(over(), archived=True),
        base_of(FULL, finished=False, before=(card(version=at(3, 4)), over())),
        base_of(FULL, theirs=frozenset({"8", "9"})),
        base_of(FULL, made=frozenset({"8", "9"})),
        base_of(
            FULL, lost=(Lost("h", 5.0),), place=2.5, words=Words("a", "b"), settled="d", asked=7.0
        ),
        Said("", card(column=Column.DONE), "mark", finished=False, deleted=True),
    ],
    ids=[
        "full",
        "stranger",
        "archived",
        "unfinished",
        "with-lines-of-people",
        "with-lines-of-its-own",
        "with-what-is-seldom",
        "about-to-be-made",
    ],
)
def test_a_base_comes_back_as_it_was(said: Said) -> None:
    assert said_from_json(said_to_json(said)) == said


@pytest.mark.parametrize(
    "state",
    [
        EMPTY,
        SlotState(
            "b1",
            "TASKS.md",
            (
                KeyedTask("1", "", Traits("", "/G", "1", "A"), "todo", "d", Version(1, "c")),
                KeyedTask("2", "1", Traits("T", "/G/A", "", "Two"), "done", "e"),
                KeyedTask(
                    "3", "", Traits("", "/", "", "C"), "todo", "f",
                    assignee="bob", assignee_version=Version(4, "c4"),
                ),
            ),
            dict.fromkeys(["1", "2", "3"], "hash"),
            gone_means_done=True,
            shape_version=Version(5, "c5"),
            completed={"T1": Version(6, "c6"), "T2": Version(7, "c7")},
            hidden=(KeyedTask("T3", "", Traits("T3", "/", "", "C"), "todo", "f"),),
            prefixes={"2": "", "1": "a/TASKS.md/"},
            roots={"3": "", "4": "2"},
            places={"old/TASKS.md": 3, "TASKS.md": 4},
        ),
    ],
    ids=["empty", "full"],
)  # fmt: skip
def test_the_state_of_a_slot_comes_back_as_it_was(state: SlotState) -> None:
    assert slot_from_json(slot_to_json(state)) == state


@pytest.mark.parametrize(
    ("path", "is_v1", "name"),
    [
        ("TASKS.md", True, "buy"),
        ("TASKS.md", False, "TASKS.md/buy"),
        ("roadmap.yaml", False, "buy"),
    ],
)
def test_a_state_of_before_names_its_tasks_as_it_did(path: str, is_v1: bool, name: str) -> None:
    task = KeyedTask("buy", "", Traits("buy", "/", "", "Buy"), "todo", "d")
    plain = json.loads(slot_to_json(SlotState("b", path, (task,), gone_means_done=is_v1)))
    del plain["prefixes"]
    assert slot_from_json(json.dumps(plain)).name_of("buy") == name


@pytest.mark.parametrize(
    "document",
    [
        Document(),
        Document(
            (
                ParsedTask(
                    "One",
                    Status.DONE,
                    word="x",
                    id="T1",
                    group="G",
                    number="1",
                    body="b\n\u00e9",
                    labels=("l",),
                    assignee="me",
                    priority="P1",
                    depends_on=("T2",),
                    fields=(("a", "b"),),
                    line=3,
                    children=(ParsedTask("Two", Status.TODO),),
                ),
            ),
            (Problem("p", 1, "m", fatal=True),),
            ways=(("G", ("Plan", "G")),),
        ),
    ],
    ids=["empty", "full"],
)
def test_a_parsed_file_comes_back_as_it_was(document: Document) -> None:
    assert document_from_json(document_to_json(document)) == document


def test_the_same_base_is_the_same_text() -> None:
    """A set has no order; the text must have one, or each sync would write it again."""
    assert '["agent","blocked","root"]' in said_to_json(base_of(FULL))


@pytest.mark.parametrize("text", ['{"card_id": "1"}', "{}", "[]", "1", '["1", [], "mark"]'])
def test_a_base_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the store tells it in its own words
        said_from_json(text)
