"""Tasks, states of files and bases to fill a store with, one by one or at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kanban_sync.core.board import (
    Card,
    CardVersion,
    Checklist,
    Item,
    Said,
    SeenCard,
    SeenChecklist,
    SeenItem,
    Stamp,
)
from kanban_sync.core.columns import Column
from kanban_sync.core.identity import Traits
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import FilesState
from kanban_sync.core.slots import KeyedTask, SlotState

PROJECT = "p1"
NOW = 1_700_000_000.5


def key(name: str, project: str = PROJECT) -> TaskKey:
    return TaskKey(project, "tasks-md", name)


def task(name: str, **fields: Any) -> Task:  # noqa: ANN401 - any field of a task
    """Make a task that is to do; `fields` say otherwise."""
    return Task(
        **{
            "key": key(name),
            "title": f"Task {name}",
            "status": Status.TODO,
            "path": "TASKS.md",
            **fields,
        }
    )


def said(name: str, **fields: Any) -> Said:  # noqa: ANN401 - any field of a base
    card = Card(key(name), f"Card {name}", "", Column.TODO, frozenset({"agent"}))
    return Said(**{"card_id": name, "said": card, "mark": "m", **fields})


def state(*own: str) -> SlotState:
    """Make the state of a file that holds the tasks with these own keys."""
    keyed = tuple(
        KeyedTask(each, "", Traits("", "", each, each), "todo", "", Version(1, "a")) for each in own
    )
    return SlotState(blob="-".join(own), tasks=keyed, taken=dict.fromkeys(own, "text"))


# --- At random ------------------------------------------------------------------------------

# Drawn from a few that are hard to keep: free text makes no new failures, only slow ones.
TEXT = st.sampled_from(("", "a", "b", "a\0b", "\0", "\x1f", '"\\', "'", "Ü 🦉", "[]", "1", " "))
FREE_TEXT = st.text(max_size=8) | TEXT.map(lambda text: text * 5000)
COUNT = st.integers(0, 2**40)
VERSIONS = st.builds(Version, COUNT, TEXT)
KEYS = st.builds(TaskKey, st.just(PROJECT), st.sampled_from(("openspec", "tasks-md")), TEXT)
TASKS = st.builds(
    Task,
    key=KEYS,
    title=FREE_TEXT,
    status=st.sampled_from(Status),
    word=TEXT,
    parent=st.none() | KEYS,
    group=TEXT,
    number=TEXT,
    body=TEXT,
    labels=st.lists(TEXT, max_size=3).map(tuple),
    assignee=TEXT,
    priority=TEXT,
    depends_on=st.lists(TEXT, max_size=3).map(tuple),
    fields=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    position=COUNT,
    path=TEXT,
    line=COUNT,
    text_version=VERSIONS,
    status_version=VERSIONS,
    assignee_version=VERSIONS,
)
TASK_LISTS = st.lists(TASKS, max_size=6, unique_by=lambda each: each.key)

KEYED = st.builds(
    KeyedTask,
    own=TEXT,
    above=TEXT,
    traits=st.builds(Traits, TEXT, TEXT, TEXT, TEXT),
    status=TEXT,
    text=TEXT,
    text_version=VERSIONS,
    status_version=VERSIONS,
    assignee=TEXT,
    assignee_version=VERSIONS,
)
SLOTS = st.builds(
    SlotState,
    blob=TEXT,
    path=TEXT,
    tasks=st.lists(KEYED, max_size=3).map(tuple),
    taken=st.dictionaries(TEXT, TEXT, max_size=3),
    gone_means_done=st.booleans(),
    shape_version=VERSIONS,
    completed=st.dictionaries(TEXT, VERSIONS, max_size=2),
)
FILES = st.builds(
    FilesState,
    tips=st.dictionaries(TEXT, TEXT, max_size=3),
    slots=st.dictionaries(TEXT, SLOTS, max_size=3),
)

CARD_VERSIONS = st.builds(CardVersion, VERSIONS, VERSIONS)
NUMBER = st.floats(0, 1e12)
CARDS = st.builds(
    Card,
    key=KEYS,
    title=FREE_TEXT,
    text=TEXT,
    column=st.sampled_from(Column),
    labels=st.frozensets(TEXT, max_size=3),
    checklists=st.lists(
        st.builds(
            Checklist,
            TEXT,
            st.lists(st.builds(Item, TEXT, TEXT, st.booleans()), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    version=CARD_VERSIONS,
)
SEEN = st.builds(
    SeenCard,
    id=TEXT,
    key=st.none() | KEYS,
    title=TEXT,
    description=TEXT,
    column=st.none() | st.sampled_from(Column),
    labels=st.frozensets(TEXT, max_size=3),
    checklists=st.lists(
        st.builds(
            SeenChecklist,
            TEXT,
            TEXT,
            NUMBER,
            st.lists(st.builds(SeenItem, TEXT, TEXT, st.booleans(), NUMBER), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    stamp=st.none() | st.builds(Stamp, CARD_VERSIONS, TEXT, st.booleans()),
    archived=st.booleans(),
    position=NUMBER,
)
SAID = st.builds(
    Said,
    card_id=TEXT,
    said=CARDS,
    mark=TEXT,
    seen=st.none() | SEEN,
    items=st.dictionaries(TEXT, TEXT, max_size=3),
    archived=st.booleans(),
    deleted=st.booleans(),
)
SAID_LISTS = st.lists(SAID, max_size=2, unique_by=lambda each: each.said.key)
