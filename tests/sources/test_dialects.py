"""Each way to write tasks in Markdown: how it is told from the others, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.edits import SetStatus
from kanban_sync.core.model import Document, ParsedTask, Status
from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources.markdown_dialects import DIALECTS
from kanban_sync.sources.tasks_md import TasksMd

PATH = "docs/TASKS.md"


def read(text: str, fixed: str = "") -> Document:
    settings = SourceSettings(dialects=((PATH, fixed),) if fixed else ())
    return TasksMd().parse(PATH, text.encode(), settings)


def shown(text: str, fixed: str = "") -> list[tuple[str, str]]:
    return [(task.title, task.status.value) for task in read(text, fixed).tasks]


def only(text: str, fixed: str = "") -> ParsedTask:
    (task,) = read(text, fixed).tasks
    return task


# --- how a dialect is told ----------------------------------------------------------------------

MOSAIC = """\
# Tasks

> Mission: bookshop. Schema: see below. Only the orchestrator writes.

## P8: Payments

| id | status | description | issue | agent | branch | depends_on | estimate | notes |
|----|--------|-------------|-------|-------|--------|------------|----------|-------|
| P8-007 | not-started | Take cards \\| cash | #12 | — | pay | P8-001, P8-002 | 15K | [PRD](a.md) |
| P8-008 | needs-qa | Refund | | ada | | | 5K | |
"""

KANBAN = """\
# Board

## TODO
- Write the manual
  - with pictures
- [ ] Mend the tap

## DOING
* [ ] Paint the door

## REVIEW

## DONE
- [x] Buy paint
"""

HEADINGS = """\
# Tasks

## Todo

### Sign in
<!-- id: PVTI_abc123 -->
- **Assignee:** @alice
- **Labels:** feature, security

Let people sign in.

## Done

### Set up CI
<!-- id: PVTI_ghi789 -->

Configured.
"""

NUMBERED = """\
## Phase 1: Setup

- [X] T001 Create the project
- [ ] T002 [P] [US1] Write the parser (depends on T001)
"""

V1 = "## P1\n\n- [ ] Rotate keys\n  - **ID**: rotate\n"


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (MOSAIC, "table"),
        (KANBAN, "kanban"),
        (HEADINGS, "headings"),
        (NUMBERED, "numbered"),
        (V1, "v1.0"),
        ("- [ ] 1. One\n- [ ] 1.1 Two\n", "numbered"),
        ("- [ ] **T-1**: One\n- [ ] Two\n- [ ] T-3 Three", "numbered"),
        ("- [ ] One\n- [ ] 1. Two\n", "plain"),
        ("# Nothing\n", "plain"),
        ("", "plain"),
        ("## Now\n- a\n## Next\n- b\n## Later\n- c\n", "kanban"),
        ("## EN COURS\n- a\n## TERMINÉ\n- b\n", "kanban"),
        ("## 🚧 In Arbeit (2)\n- a\n## ✅ Erledigt\n- b\n", "kanban"),
        ("## 进行中\n- a\n## 已完成\n- b\n", "kanban"),
        ("## Planning\n- [ ] a\n## Review\n- [ ] b\n", "plain"),
        ("## Done\n- [x] a\n## Phase 2\n- [ ] b\n", "plain"),
        ("## Todo\n- [ ] a\n### Done\n- [ ] b\n", "plain"),
        ("## To Do\n- [ ] a\n## TODO\n- [ ] b\n", "plain"),
        ("### Task 1: One\nStatus: done\n", "headings"),
        ("### Task 1: One\n- [ ] a step\n", "headings"),
        ("## Step 2 · Two\n- a step\n", "headings"),
        ("### TASK-0001: One\n**Status:** done\n", "headings"),
        ("## T9-01. One\n- [ ] a step\n", "headings"),
        ("### 1.1 One\n- **Dependencies**: 1.0\n", "headings"),
        ("### 1.1 One\n- [ ] a\n", "plain"),
        ("## Phase 1: One\nStatus: done\n- [ ] a\n", "plain"),
        ("## M1: One\n- [ ] a\n", "plain"),
        ("# TASK-1: One\n- [ ] a\n", "plain"),
        ("## P1\n### TASK-7: One\n", "plain"),
        (f"{MOSAIC}\n## Other work\n\n- [ ] Sweep\n", "table, plain"),
        (f"{KANBAN}\n## Ideas of Ann\n- [ ] Sweep\n", "kanban, plain"),
    ],
)
def test_the_contents_tell_the_dialect(text: str, dialect: str) -> None:
    assert read(text).dialect == dialect


@pytest.mark.parametrize("text", [MOSAIC, KANBAN, HEADINGS, NUMBERED])
def test_only_in_v1_a_removed_task_was_completed(text: str) -> None:
    assert not TasksMd().gone_means_done(read(text))
    assert TasksMd().gone_means_done(read(V1))


def test_a_file_that_mixes_v1_with_others_keeps_its_keys_and_takes_no_removal_for_done() -> None:
    text = f"{V1}\n{MOSAIC}"
    document = read(text)
    (unit,) = TasksMd().units({PATH: "1"}, lambda _: text.encode(), SourceSettings())

    assert document.dialect == "v1.0, table"
    assert not TasksMd().gone_means_done(document)
    assert unit.prefix == ""
    assert any("does not count as done" in problem.message for problem in document.problems)


@pytest.mark.parametrize(
    ("fixed", "tasks"),
    [
        ("plain", [("Mend", "todo"), ("Painted", "done")]),
        ("numbered", [("Mend", "todo"), ("Painted", "done")]),
        ("v1.0", [("Mend", "todo"), ("Painted", "done")]),
        ("kanban", [("Mend", "todo"), ("Sweep", "todo"), ("Painted", "done")]),
        ("headings", [("Kitchen", "todo"), ("Hall", "done")]),
        ("table", [("T-1", "todo")]),
    ],
)
def test_the_settings_can_fix_the_dialect(fixed: str, tasks: list[tuple[str, str]]) -> None:
    text = "## Kitchen\n- [ ] Mend\n- Sweep\n\n## Hall\n- [x] Painted\n\n|id|\n|-|\n|T-1|\n"
    document = read(text, fixed)

    assert [(task.title, task.status.value) for task in document.tasks] == tasks
    assert document.dialect == fixed


def test_of_several_globs_in_the_settings_the_first_counts() -> None:
    settings = SourceSettings(dialects=(("docs/*", "kanban"), ("**/TASKS.md", "plain")))

    assert TasksMd().parse(PATH, b"", settings).dialect == "kanban"
    assert TasksMd().parse("TASKS.md", b"", settings).dialect == "plain"


def test_every_dialect_goes_by_the_name_it_is_listed_under() -> None:
    boxes = {"v1.0", "numbered", "plain"}
    assert {name: dialect.NAME for name, dialect in DIALECTS.items() if name not in boxes} == {
        name: name for name in DIALECTS if name not in boxes
    }
    assert boxes < set(DIALECTS)


# --- tables -------------------------------------------------------------------------------------


def test_a_row_is_a_task_with_all_that_its_columns_say() -> None:
    first, second = read(MOSAIC).tasks

    assert (first.id, first.title, first.line) == ("P8-007", "Take cards | cash", 9)
    assert (first.status, first.word) == (Status.TODO, "not-started")
    assert first.group == "P8: Payments"
    assert first.depends_on == ("P8-001", "P8-002")
    assert first.fields == (
        ("issue", "#12"),
        ("branch", "pay"),
        ("estimate", "15K"),
        ("notes", "[PRD](a.md)"),
    )
    assert (second.status, second.assignee, second.fields) == (
        Status.REVIEW,
        "ada",
        (("estimate", "5K"),),
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("not-started", Status.TODO),
        ("in-progress", Status.IN_PROGRESS),
        ("done", Status.DONE),
        ("blocked", Status.BLOCKED),
        ("failed", Status.FAILED),
        ("needs-qa", Status.REVIEW),
        ("✅", Status.DONE),
        ("✅ Done", Status.DONE),
        ("**Done** (2026-01-02)", Status.DONE),
        ("🚧 in progress", Status.IN_PROGRESS),
        ("完了", Status.DONE),
        ("", Status.TODO),
        ("—", Status.TODO),
    ],
)
def test_a_cell_tells_the_status(word: str, status: Status) -> None:
    document = read(f"|id|status|description|\n|-|-|-|\n|A-1|{word}|a|\n")

    assert [task.status for task in document.tasks] == [status]
    assert document.problems == ()


def test_a_status_that_nobody_knows_is_reported_once_and_not_guessed() -> None:
    document = read("|id|status|title|\n|-|-|-|\n|A-1|on fire|a|\n|A-2|on fire|b|\n|A-3|done|c|\n")

    assert [(task.status, task.word) for task in document.tasks[:2]] == [
        (Status.TODO, "on fire")
    ] * 2
    (problem,) = document.problems
    assert (problem.line, problem.fatal) == (3, False)
    assert "'on fire'" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "| Status | Title | ID |\n|---|:-:|--:|\n| done | a | A-1 |\n",
        "Status | Title | ID\n---|---|---\ndone | a | A-1\n",
        "| ID | State | Task |\n|-|-|-|\n| `A-1` | DONE | a |\n",
        "| # | Estado | Tarea |\n|-|-|-|\n| [A-1](x.md) | hecho | a |\n",
        "| ID | Title |\n|-|-|\n| ✅ A-1 | a |\n",
        "| タスクID | 状態 | タスク |\n|-|-|-|\n| A-1 | 完了 | a |\n",
    ],
)
def test_columns_stand_in_any_order_and_language(text: str) -> None:
    task = only(text)

    assert (task.id, task.title, task.status) == ("A-1", "a", Status.DONE)


@pytest.mark.parametrize(
    "text",
    [
        "| Name | Value |\n|-|-|\n| A-1 | b |\n",
        "| Feature | Status |\n|-|-|\n| A-1 | b |\n",
        "| Title | Status |\n|-|-|\n| a | works on my machine |\n",
        "| Mark | Status |\n|-|-|\n| [ ] | todo |\n",
        "| id | status |\n| A-1 | done |\n",
        "| id | title |\n|-|-|\n| one | b |\n",
        "```\n| id | status |\n|-|-|\n| A-1 | done |\n```\n",
        "> | id | status |\n> |-|-|\n> | A-1 | done |\n",
        "<!--\n| id | status |\n|-|-|\n| A-1 | done |\n-->\n",
        "| id | status |\n|-|-|\n",
    ],
)
def test_a_table_of_something_else_holds_no_tasks(text: str) -> None:
    assert shown(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "| Task | Status |\n|-|-|\n| One | wat |\n| Two | done |\n",
        "| Name | Status |\n|-|-|\n| One | wat |\n| Two | done |\n",
        "- All:\n\n  | Task | Status |\n  |-|-|\n  | One | wat |\n  | Two | done |\n",
        "   | Task | Status |\n   |-|-|\n   | One | wat |\n   | Two | done |\n",
    ],
)
def test_a_word_that_nobody_knows_makes_no_row_of_a_table_vanish(text: str) -> None:
    document = read(text)
    assert [(task.title, task.status.value) for task in document.tasks] == [
        ("One", "todo"),
        ("Two", "done"),
    ]
    assert [problem.code for problem in document.problems] == ["unknown-status"]


def test_a_table_below_a_box_belongs_to_its_task() -> None:
    task = only("- [ ] One\n\n  | Task | Status |\n  |-|-|\n  | a | done |\n")
    assert "| a | done |" in task.body


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            """| ID | Status | Title |
|-|-|-|
| T-1 | todo | One |

### T-1: One

Priority: high

- [x] first
""",
            [("T-1", "One", "todo", "high", 1)],
        ),
        (
            "| ID | Title |\n|-|-|\n| T-1 | One |\n\n### T-1: One\n\nStatus: done\n",
            [("T-1", "One", "done", "", 0)],
        ),
        (
            """| # | Task | Status |
|-|-|-|
| 1 | One | todo |
| 2 | Two | todo |

- [ ] 1. One
  - [ ] first
- [ ] 2. Other
""",
            [
                ("", "1. One", "todo", "", 1),
                ("", "2. Two", "todo", "", 0),
                ("", "2. Other", "todo", "", 0),
            ],
        ),
    ],
)
def test_a_row_and_what_tells_more_of_it_are_one_task(
    text: str, expected: list[tuple[str, str, str, str, int]]
) -> None:
    document = read(text)
    found = [
        (task.id, task.title, task.status.value, task.priority, len(task.children))
        for task in document.tasks
    ]
    assert found == expected
    assert document.problems == ()


def test_a_line_may_say_several_things_with_bars_between_them() -> None:
    line = "**Priority:** High | **Estimate:** 2h | **Status:** In Progress"
    task = only(f"### T-1: One\n\n{line}\n\nSome words | of: more\n")

    assert (task.priority, task.status) == ("High", Status.IN_PROGRESS)
    assert task.fields == (("Estimate", "2h"),)
    assert task.body == "Some words | of: more"
    text = f"### T-1: One\n\n{line}\n"
    edited = TasksMd().edit(PATH, text.encode(), SetStatus(0, Status.DONE))
    assert edited.decode() == text.replace("In Progress", "Done")


@pytest.mark.parametrize(
    ("line", "status", "assignee", "fields"),
    [
        ("**Status:** In Progress | **Sprint:** 4 | **Owner:** @bob", "in_progress", "bob",
         (("Sprint", "4"),)),
        ("**Owner:** @bob | **Sprint:** 4", "todo", "bob", (("Sprint", "4"),)),
        ("Owner: bob | Sprint: 4 | Risk: high", "todo", "bob",
         (("Sprint", "4"), ("Risk", "high"))),
        ("- Sprint: 4 | Owner: bob", "todo", "bob", (("Sprint", "4"),)),
        ("**Status**: Done | **Completed**: 2026-01-02", "done", "",
         (("Completed", "2026-01-02"),)),
        ("Owner: bob | Status: in-progress (since May) | ", "in_progress", "bob", ()),
        ("Owner: bob |", "todo", "bob", ()),
        ("Status: done | ID: 5 | Title: b", "done", "", (("ID", "5"), ("Title", "b"))),
        ("Status: done|Link: `a | Owner: eve`|Sprint: 4", "done", "",
         (("Link", "`a | Owner: eve`"), ("Sprint", "4"))),
        ("Owner: bob | Blocks: T-2 | 3 | Sprint: -", "todo", "bob", (("Blocks", "T-2, 3"),)),
    ],
)  # fmt: skip
def test_values_side_by_side_are_told_apart_whatever_their_labels(
    line: str, status: str, assignee: str, fields: tuple[tuple[str, str], ...]
) -> None:
    for text in (f"### T-1: One\n{line}\n- [ ] a\n- [ ] b\n", f"- [ ] One\n  {line}\n"):
        task = only(text)
        assert (task.status.value, task.assignee, task.fields) == (status, assignee, fields)
        assert task.body == ""


@pytest.mark.parametrize(
    "line",
    ["Sprint: 4 | Risk: high", "Some words | Status: done", "| Status: done | Owner: bob |",
     "`a: b | Status: done`", "Note: `b | Status: done`"],
)  # fmt: skip
def test_bars_between_other_words_tell_no_values(line: str) -> None:
    task = only(f"- [ ] One\n  {line}\n")
    assert (task.body, task.fields, task.status) == (line, (), Status.TODO)


def test_ids_behind_bars_are_no_labels() -> None:
    task = only("- [ ] One\n  Depends on: T-1 | T-2: dig | Sprint: 4\n")
    assert (task.depends_on, task.fields) == (("T-1", "T-2"), (("Sprint", "4"),))


def test_a_list_of_ids_that_repeats_itself_names_each_once() -> None:
    task = only(f"- [ ] T-9 x\n  - Depends on: {'T-1..3, T-7, ' * 20_000}T-8\n")
    assert task.depends_on == ("T-1", "T-2", "T-3", "T-7", "T-8")


def test_a_row_that_sums_up_several_tasks_is_none() -> None:
    text = (
        "| ID | Status | Title |\n|-|-|-|\n| TSK-REV-001 ～ 013 | done | all |\n"  # noqa: RUF001
        "| TSK-REV-014 | done | one |\n| A-1 … A-9 | todo | more |\n|||\n"
    )
    assert shown(text) == [("one", "done")]


def test_a_task_in_a_table_and_in_a_checklist_is_one_task() -> None:
    text = (
        "| ID | Status | Title |\n|-|-|-|\n| A-1 | done | One |\n| A-2 | todo | Two |\n\n"
        "- [ ] A-1: One\n  - [x] first\n- [ ] **A-2** Two\n- [ ] A-3 Three\n"
    )
    document = read(text)

    assert [(task.id, task.title, task.status.value) for task in document.tasks] == [
        ("A-1", "One", "done"),
        ("A-2", "Two", "todo"),
        ("A-3", "A-3 Three", "todo"),
    ]
    assert [step.title for step in document.tasks[0].children] == ["first"]
    assert [problem.line for problem in document.problems] == [6]


def test_a_row_without_a_status_takes_that_of_its_box() -> None:
    text = "| ID | Title |\n|-|-|\n| A-1 | One |\n| A-2 | Two |\n\n- [x] A-1 One\n- [~] A-2 Two\n"

    assert shown(text) == [("One", "done"), ("Two", "in_progress")]
    assert read(text).problems == ()


def test_cells_that_are_missing_or_too_many_are_survived() -> None:
    text = "|id|status|title|\n|-|-|-|\n|A-1|\n|A-2|done|b|c|d|\n"

    assert shown(text) == [("A-1", "todo"), ("b", "done")]


# --- kanban -------------------------------------------------------------------------------------


def test_the_column_is_the_status_and_an_item_needs_no_box() -> None:
    tasks = read(KANBAN).tasks

    assert [(task.title, task.status.value, task.word, task.line) for task in tasks] == [
        ("Write the manual", "todo", "TODO", 4),
        ("Mend the tap", "todo", "TODO", 6),
        ("Paint the door", "in_progress", "DOING", 9),
        ("Buy paint", "done", "DONE", 14),
    ]
    assert tasks[0].body == "- with pictures"
    assert {task.group for task in tasks} == {""}


@pytest.mark.parametrize(
    ("box", "status"),
    [("", "review"), ("[ ] ", "review"), ("[~] ", "review"), ("[x] ", "done"), ("[!] ", "review")],
)
def test_the_column_wins_unless_the_box_is_ticked(box: str, status: str) -> None:
    text = f"## Todo\n## Review\n- {box}a\n## Done\n"

    assert shown(text) == [("a", status)]


def test_a_heading_in_a_column_is_the_group() -> None:
    tasks = read("## Todo\n### Kitchen\n- a\n### Hall\n- b\n## Done\n- c\n").tasks

    assert [(task.title, task.group) for task in tasks] == [
        ("a", "Kitchen"),
        ("b", "Hall"),
        ("c", ""),
    ]


@pytest.mark.parametrize("filler", ["", "Words.\n" * 4000], ids=["small", "large"])
def test_headings_that_are_called_alike_are_told_apart_by_the_headings_above_them(
    filler: str,
) -> None:
    text = (
        f"# Tasks\n{filler}\n## One\n\n### Build\n\n- [ ] a\n\n### Test\n\n- [ ] b\n\n## Two\n\n"
        "### Build\n\n- [ ] c\n\n## Build\n\n- [ ] d\n\n"
        "## Notes\n\n- [ ] e\n\n## Notes\n\n- [ ] f\n"
    )
    document = read(text)
    groups = {task.title: task.group for task in document.tasks}
    told = {"a": "One / Build", "b": "Test", "c": "Two / Build", "d": "Build"}
    assert groups == {**told, "e": "Notes", "f": "Notes"}
    assert dict(document.ways) == {
        "One / Build": ("Tasks", "One", "Build"),
        "Test": ("Tasks", "One", "Test"),
        "Two / Build": ("Tasks", "Two", "Build"),
        "Build": ("Tasks", "Build"),
        "Notes": ("Tasks", "Notes"),
    }


def test_a_group_is_the_same_in_each_column() -> None:
    document = read("## Todo\n### Hall\n- a\n## Done\n### Hall\n- b\n")
    assert {task.group for task in document.tasks} == {"Hall"}
    assert document.ways == ()


def test_what_is_no_item_of_a_column() -> None:
    text = (
        "## Todo\nWords.\n* * *\n- - -\n-\n> - quoted\n```\n- code\n```\n<!-- - no -->\n"
        "**Legend:**\n\n- [ ] open\n- no box\n\nEnd.\n- a\n\n## Done\n"
    )
    assert shown(text) == [("a", "todo")]


def test_a_column_that_nobody_knows_is_reported_if_the_settings_say_that_it_is_one() -> None:
    document = read("## Kitchen\n- a\n- b\n## Done\n- c\n", "kanban")

    assert [task.word for task in document.tasks] == ["Kitchen", "Kitchen", "Done"]
    assert ["'Kitchen'" in problem.message for problem in document.problems] == [True]


# --- headings -----------------------------------------------------------------------------------


def test_a_heading_is_a_task_with_its_labelled_lines() -> None:
    first, second = read(HEADINGS).tasks

    assert (first.id, first.title, first.line) == ("PVTI_abc123", "Sign in", 5)
    assert (first.status, first.word) == (Status.TODO, "Todo")
    assert (first.assignee, first.labels) == ("alice", ("feature", "security"))
    assert first.body == "Let people sign in."
    assert (second.id, second.status, second.body) == ("PVTI_ghi789", Status.DONE, "Configured.")


PLAN = """\
# Plan

## Engine

### TASK-0001: Parse lines
Status: in-progress
Dependencies: none
**Priority**: high

Some words.

#### Steps
- [x] Read
- [ ] Split

### Task 2: Write ✅
- **Depends on:** TASK-0001, Task 1
- **Estimate:** 3h
- **Risk**: high

### TASK-0003 [BLOCKED]
- Dependencies: the design has to be approved
"""


def test_ids_steps_and_lines_of_a_plan_are_read() -> None:
    first, second, third = read(PLAN).tasks

    assert (first.id, first.title) == ("TASK-0001", "TASK-0001: Parse lines")
    assert (first.status, first.word, first.priority) == (
        Status.IN_PROGRESS,
        "in-progress",
        "high",
    )
    assert (first.group, first.depends_on) == ("Engine", ())
    assert first.body == "Some words.\n\n#### Steps"
    assert [(step.title, step.status.value) for step in first.children] == [
        ("Read", "done"),
        ("Split", "todo"),
    ]
    assert (second.id, second.number, second.status) == ("", "Task-2", Status.DONE)
    assert second.depends_on == ("TASK-0001", "Task-1")
    assert second.fields == (("Estimate", "3h"),)
    assert second.body == "- **Risk**: high"
    assert (third.title, third.status, third.depends_on) == ("TASK-0003", Status.BLOCKED, ())
    assert third.fields == (("Depends on", "the design has to be approved"),)


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ("- [ ] a\n- [ ] b", "todo"),
        ("- [x] a\n- [ ] b", "in_progress"),
        ("- [~] a\n- [ ] b", "in_progress"),
        ("- [x] a\n- [x] b", "done"),
        ("- a\n- b", "todo"),
    ],
)
def test_a_heading_without_a_status_stands_where_its_steps_stand(steps: str, status: str) -> None:
    assert shown(f"## Task 1\n{steps}\n") == [("Task 1", status)]


def test_a_heading_with_mere_words_is_a_task_beside_others_of_its_kind() -> None:
    text = "### Task 1: a\n- [ ] b\n### Task 2: c\n\nwords\n### ADR-1: d\n\nwords\n"

    assert [title for title, _ in shown(text)] == ["Task 1: a", "Task 2: c"]
    assert shown("### Task 2: c\n\nwords\n") == []


def test_of_headings_below_each_other_the_inner_ones_are_tasks() -> None:
    text = "## T-1: Group\n### T-2: a\n- [ ] x\n### T-3: b\n- [ ] y\n"
    assert [task.id for task in read(text).tasks] == ["T-2", "T-3"]

    text = "## T-1: Task\nStatus: todo\n### Step 1: a\n- [ ] x\n### Step 2: b\n- [ ] y\n"
    assert [task.id for task in read(text).tasks] == ["T-1"]
    assert [step.title for step in read(text).tasks[0].children] == ["x", "y"]


# --- numbered boxes -----------------------------------------------------------------------------


def test_spec_kit_says_more_in_the_title() -> None:
    first, second = read(NUMBERED).tasks

    assert (first.id, first.status) == ("T001", Status.DONE)
    assert (second.id, second.title) == (
        "T002",
        "T002 [P] [US1] Write the parser (depends on T001)",
    )
    assert (second.labels, second.depends_on) == (("P", "US1"), ("T001",))


def test_kiro_says_more_in_a_slanted_line() -> None:
    task = only("- [x] 1. Set up\n  - Make folders\n  - _Requirements: 1.1, 5.2_\n  - [ ]* 1.1 a\n")

    assert (task.number, task.status, task.body) == ("1", Status.DONE, "- Make folders")
    assert task.fields == (("Requirements", "1.1, 5.2"),)
    assert [step.number for step in task.children] == ["1.1"]


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("- [ ] a (depends on T001, T-2)", ("T001", "T-2")),
        ("- [ ] a (Blocked by: fix-login)", ("fix-login",)),
        ("- [ ] a (deps: T001–T003)", ("T001", "T002", "T003")),  # noqa: RUF001
        ("- [ ] a (depends on T001-T003)", ("T001", "T002", "T003")),
        ("- [ ] a (depends on P1-007)", ("P1-007",)),
        ("- [ ] a (depends on nothing)", ()),
        ("- [ ] a (depends on the weather)", ()),
        ("- [ ] a\n  - Depends on: `T-1` and T-2", ("T-1", "T-2")),
        ("- [ ] a\n  - **Dependencies:**\n    - T-1: the first\n    - [T-2](b.md)", ("T-1", "T-2")),
        ("- [ ] a\n  Blocked by: T-1、T-2", ("T-1", "T-2")),
        ("- [ ] a\n  - **依赖**：T-1，T-2", ("T-1", "T-2")),  # noqa: RUF001
    ],
)
def test_dependencies_are_found_in_every_spelling(line: str, ids: tuple[str, ...]) -> None:
    assert only(line).depends_on == ids


@pytest.mark.parametrize(
    ("line", "who", "status"),
    [
        ("- [ ] a (@ada)", "ada", Status.TODO),
        ("- [~] a (@ada — at work)", "ada", Status.IN_PROGRESS),
        ("- [ ] a\n  - Owner: @ada", "ada", Status.TODO),
        ("- [ ] a (see @ada)", "", Status.TODO),
    ],
)
def test_who_has_a_task_stands_beside_it(line: str, who: str, status: Status) -> None:
    task = only(line)

    assert (task.assignee, task.status) == (who, status)


@pytest.mark.parametrize(
    ("line", "status", "word"),
    [
        ("- [ ] a\n  - Status: blocked", Status.BLOCKED, "blocked"),
        ("- [~] a\n  - **Status**: needs review", Status.REVIEW, "needs review"),
        ("- [x] a\n  - Status: in progress", Status.DONE, "in progress"),
        ("- [~] a\n  - Status: on fire", Status.IN_PROGRESS, "on fire"),
    ],
)
def test_a_line_says_more_than_an_open_box_and_less_than_a_tick(
    line: str, status: Status, word: str
) -> None:
    task = only(line)

    assert (task.status, task.word) == (status, word)


def test_tags_in_a_title_are_labels_and_numbers_of_issues_are_not() -> None:
    assert only("- [ ] Mend #backend #12 C# x#y").labels == ("backend",)


# --- what a reader must survive -----------------------------------------------------------------


@pytest.mark.parametrize("text", [MOSAIC, KANBAN, HEADINGS, NUMBERED, PLAN])
def test_line_ends_and_a_byte_order_mark_change_nothing(text: str) -> None:
    assert read("\ufeff" + text.replace("\n", "\r\n")) == read(text)


@pytest.mark.parametrize("text", [MOSAIC, KANBAN, HEADINGS, NUMBERED, PLAN])
@pytest.mark.parametrize(
    "damage", [b"\n<<<<<<< HEAD\n", b"\0", b"\n>>>>>>> x\n", b" " * 11_000_000]
)
def test_what_cannot_be_believed_is_not_read(text: str, damage: bytes) -> None:
    document = TasksMd().parse(PATH, text.encode() + damage)

    assert document.tasks == ()
    assert not document.readable


@pytest.mark.parametrize("text", [MOSAIC, KANBAN, HEADINGS, NUMBERED])
def test_bytes_that_are_no_utf_8_spoil_only_themselves(text: str) -> None:
    titles = [task.title for task in read(text).tasks]
    data = text.encode().replace(titles[-1][-3:].encode(), b"\xff\xfe")

    assert len(TasksMd().parse(PATH, data).tasks) == len(titles)


LARGE = 20_000


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("|id|status|\n|-|-|\n" + "".join(f"|A-{n}|done|\n" for n in range(LARGE)), LARGE),
        ("## Todo\n" + "- a\n" * LARGE + "## Done\n", LARGE),
        ("## Todo\n## Done\n" * LARGE, 0),
        ("### Task 1\n- [ ] a\n" * LARGE, LARGE),
        ("## Todo\n" + "### a\n" * LARGE + "## Done\n", LARGE),
        ("#### a\n### a\n## a\n" * LARGE, 0),
        ("|" * 500_000 + "\n" + "|-" * 250_000 + "\n" + "|" * 500_000, 0),
        ("## " + "(" * 500_000 + "\n## Todo\n## Done\n", 0),
        ("- [ ] a\n" + "  Status: " * LARGE, 1),
        ("- [ ] a\n" + "  - **" * LARGE, 1),
        ("- [ ] a\n  _" + "a:" * LARGE, 1),
        ("- [ ] " + "(depends on " * 50_000, 1),
        ("- [ ] " + "(depends on A1" + ", A1" * 50_000 + ")", 1),
        ("- [ ] a\n  depends on: " + "1" * 500_000, 1),
        ("- [ ] a\n  depends on: A1–A" + "9" * 500_000, 1),  # noqa: RUF001
        ("- [ ] " + "#a" * LARGE, 1),
        ("- [ ] " + "[" * LARGE, 1),
        ("|id|status|\n|-|-|\n|" + "[" * LARGE + "|done|\n", 0),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else "",
)
def test_large_inputs_are_read_in_bounded_time(text: str, count: int) -> None:
    """Each takes a second or two; quadratic time would be hours, and the run would be ended."""
    assert len(read(text).tasks) == count


PIECES = st.sampled_from(
    ["## Todo\n", "## Done\n", "### Task 1: a\n", "### T-2: b\n", "# x\n", "|id|status|\n|-|-|\n",
     "|T-1|done|\n", "|T-2|odd|\n", "- [ ] T-1: a\n", "- b\n", "  - c\n", "Status: done\n",
     "- **Dependencies:** T-1\n", "  - [x] d\n", "\n", "words\n", "```\n", "<!-- id: abc123 -->\n",
     "## P1\n", "  - **ID**: q\n", "> quote\n"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join)


@given(TEXTS, st.sampled_from(["", *DIALECTS]))
def test_ids_are_unique_and_lines_are_those_of_the_file(text: str, fixed: str) -> None:
    document = read(text, fixed)
    tasks = [task for top in document.tasks for task in top.walk()]

    ids = [task.id for task in tasks if task.id]
    assert len(ids) == len(set(ids))
    assert len({task.line for task in tasks}) == len(tasks)
    assert all(text.split("\n")[task.line - 1].strip() for task in tasks)
    assert [top.line for top in document.tasks] == sorted(top.line for top in document.tasks)


@given(TEXTS)
def test_every_box_outside_code_becomes_a_task_in_some_dialect(text: str) -> None:
    text = text.replace("```", "").replace("<!--", "")
    boxes = text.count("[ ]") + text.count("[x]")
    document = read(text)
    marked = {
        index
        for index, line in enumerate(text.split("\n"), 1)
        if line.lstrip().startswith(("- [ ]", "- [x]"))
    }
    found = {task.line for top in document.tasks for task in top.walk()}

    assert len(marked) == boxes
    assert len(marked - found) <= sum("T-1: a" in line for line in text.split("\n"))


def test_a_word_with_a_number_in_front_is_a_number_and_no_id() -> None:
    text = (
        "## A\n- [ ] Task 1: Login\n- [ ] **Story 2**: P (depends on Task 1)\n- [ ] ✅ step 3.1\n"
    )
    tasks = read(text).tasks
    assert [(task.id, task.number) for task in tasks] == [
        ("", "Task-1"),
        ("", "Story-2"),
        ("", "Step-3.1"),
    ]
    assert tasks[1].depends_on == ("Task-1",)
    plan = read(
        "### Task 1: One\nStatus: todo\n\n### Story 2: Two\nDependencies: 1, Story 2\n"
    ).tasks
    assert [(task.id, task.number) for task in plan] == [("", "Task-1"), ("", "Story-2")]
    assert plan[1].depends_on == ("1", "Story-2")
