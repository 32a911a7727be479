"""What tasks say they block, and all that they wait for, in every dialect."""

from __future__ import annotations

import pytest

from kanban_sync.core.edits import Remove, SetStatus
from kanban_sync.core.model import ParsedTask, Status
from kanban_sync.sources import SOURCES

TABLE = """
| id | status | description | depends_on | blocks |
|----|--------|-------------|------------|--------|
| A-1 | done | One | | A-2, A-3 |
| A-2 | not-started | Two | A-1 | — |
| A-3 | not-started | Three | A-9 | |
"""
V1 = """
## P1

- [ ] One
  - **ID**: one
  - **Blocks**: two, gone
- [ ] Two
  - **ID**: two
"""
NUMBERED = """
- [ ] 1. One
  - Blocks: 2, Task 3
- [ ] 2. Two
  - [ ] 2.1 Half
    - Blocks: 3
- [ ] 3. Three
"""
HEADINGS = """
### TASK-1: One
Blocks: TASK-2

### TASK-2: Two
Depends on: TASK-0
"""
ROADMAP = """
tasks:
  - {id: T1, title: One, blocks: [T2]}
  - {id: T2, title: Two}
"""
MISSION = '{"milestones": [{"id": "M1", "blocks": ["M2", "M2"]}, {"id": "M2"}]}'
NAMELESS = "- [ ] One\n  - Blocks: T-2\n- [ ] T-2: Two\n"
ITSELF = "- [ ] T-1: One\n  - Blocks: T-1\n"


TWO_COLUMNS = """
| id | status | title | depends_on | blocked_by |
|----|--------|-------|------------|------------|
| A-1 | todo | One | A-0 | A-2, A-3 |
| A-2 | todo | Two | A-4, the big bank | the big bank |
"""
LABELS_OF_V1 = """
## P1

- [ ] One
  - **ID**: one
  - **Blocked by**: two
  - **Depends on**: three, `four`
  - **Dependencies**: none
"""
IN_LINES = """
- [ ] T-1: One (depends_on: T-2)
  - depends_on: [T-3, T-4]
- [ ] T-5: Two
  __depends_on__: T-6
- [ ] T-7: Three
  - _note_: that is all
  - a_b: c
"""


@pytest.mark.parametrize(
    ("source", "path", "text", "waiting", "left"),
    [
        (
            "tasks-md",
            "TASKS.md",
            TWO_COLUMNS,
            [("A-0", "A-2", "A-3"), ("A-4",)],
            [(), (("blocked_by", "the big bank"), ("Depends on", "A-4, the big bank"))],
        ),
        (
            "tasks-md",
            "TASKS.md",
            LABELS_OF_V1,
            [("two", "three", "four")],
            [()],
        ),
        (
            "tasks-md",
            "TASKS.md",
            IN_LINES,
            [("T-3", "T-4", "T-2"), ("T-6",), ()],
            [(), (), ()],
        ),
        (
            "roadmap",
            "roadmap.yaml",
            "tasks: [{id: a, dependencies: [b], blocked_by: c, depends: {x: y}}]",
            [("b", "c")],
            [(("depends", "x: y"),)],
        ),
        (
            "roadmap",
            "roadmap.yaml",
            "tasks: [{id: a, dependencies: {depends_on: [b], note: soon}}]",
            [("b",)],
            [(("note", "soon"),)],
        ),
        (
            "roadmap",
            "roadmap.yaml",
            "tasks: [{id: a, dependencies: {b: first, c: }}]",
            [("b", "c")],
            [(("b", "first"),)],
        ),
    ],
)
def test_a_task_waits_for_all_that_it_names_however_it_is_spelt(
    source: str,
    path: str,
    text: str,
    waiting: list[tuple[str, ...]],
    left: list[tuple[tuple[str, str], ...]],
) -> None:
    tasks = SOURCES[source].parse(path, text.encode()).tasks
    assert [task.depends_on for task in tasks] == waiting
    assert [task.fields for task in tasks] == left


@pytest.mark.parametrize(
    ("source", "path", "text", "waiting"),
    [
        ("tasks-md", "TASKS.md", TABLE, {"Two": ("A-1",), "Three": ("A-9", "A-1")}),
        ("tasks-md", "TASKS.md", V1, {"Two": ("one",)}),
        ("tasks-md", "TASKS.md", NUMBERED, {"2. Two": ("1",), "3. Three": ("1", "2.1")}),
        ("tasks-md", "TASKS.md", HEADINGS, {"TASK-2: Two": ("TASK-0", "TASK-1")}),
        ("tasks-md", "TASKS.md", NAMELESS, {}),
        ("tasks-md", "TASKS.md", ITSELF, {"T-1: One": ("T-1",)}),
        ("roadmap", "roadmap.yaml", ROADMAP, {"Two": ("T1",)}),
        ("mission", "mission.json", MISSION, {"M2": ("M1",)}),
    ],
)
def test_what_a_task_blocks_depends_on_it(
    source: str, path: str, text: str, waiting: dict[str, tuple[str, ...]]
) -> None:
    every = [
        task for top in SOURCES[source].parse(path, text.encode()).tasks for task in top.walk()
    ]
    assert {task.title: task.depends_on for task in every if task.depends_on} == waiting
    assert [label for task in every for label, _ in task.fields if label.lower() == "blocks"], (
        "what the file says is kept"
    )


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("- [ ] a\n  - Blocks: T-2, add-x\n", [("Blocks", "T-2, add-x")]),
        ("- [ ] a\n  - blockiert: T-2 und `T-3`\n", [("Blocks", "T-2, T-3")]),
        (
            "- [ ] a\n  - Blocks: [T-2](docs/prd.md)\n",
            [("Blocks", "T-2"), ("Blocks", "[T-2](docs/prd.md)")],
        ),
    ],
)
def test_whom_a_task_blocks_is_listed_where_the_database_looks(
    text: str, fields: list[tuple[str, str]]
) -> None:
    (task,) = SOURCES["tasks-md"].parse("TASKS.md", text.encode()).tasks
    assert [*task.fields] == fields


def test_a_task_that_blocks_another_is_done_and_taken_out_all_the_same() -> None:
    source = SOURCES["tasks-md"]
    for edit in (SetStatus(0, Status.DONE), Remove(0)):
        left = source.edit("TASKS.md", V1.encode(), edit)
        (two,) = source.parse("TASKS.md", left).tasks
        assert (two.id, two.depends_on) == ("two", ())


def test_a_file_in_which_nothing_blocks_is_read_as_it_is() -> None:
    (task,) = SOURCES["tasks-md"].parse("TASKS.md", b"- [ ] a\n  - Estimate: 3h\n").tasks
    assert task == ParsedTask("a", Status.TODO, line=1, fields=(("Estimate", "3h"),))


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("T-1 must be finished first", ["T-1"]),
        ("Task T-1", ["T-1"]),
        ("completion of T-1, then task 7", ["T-1", "Task-7"]),
        ("completion of T-9", []),
        ("not on T-1", []),
        ("independent of T-1", []),
        ("a well-known word, 7 days", []),
    ],
)
def test_ids_of_the_same_file_are_taken_out_of_words(said: str, waits: list[str]) -> None:
    for first in (f"- [ ] T-2: b\n  - Depends on: {said}\n", f"- [ ] T-2: b (depends on {said})\n"):
        text = f"{first}- [ ] T-1: a\n- [ ] Task 7: c\n"
        assert (
            list(SOURCES["tasks-md"].parse("TASKS.md", text.encode()).tasks[0].depends_on) == waits
        )
