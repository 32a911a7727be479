"""The TASKS.md specification v1.0."""

from __future__ import annotations

import pytest

from kanban_sync.core.model import Document, Status
from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources.tasks_md import TasksMd

FILE = """\
# Tasks

## P0 — Critical

- [ ] Fix the crash on token refresh (@cascade-1 — in progress)
  - **ID**: fix-refresh
  - **Tags**: backend, Auth
  - **Details**: The endpoint returns 500
    when the token has expired.
    - see the log
  - **Files**: `src/auth.ts`, `src/token.ts`
  - **Acceptance**: Refresh works
  - **Blocked by**: upgrade-jwt, `other-thing`
  - **Estimate:** 3h
  - [x] Write a test (@cursor-2)
  - [ ] Mend it

  Ask Ann.

## P3 — Future

- [ ] Dark mode
  - **ID**: dark-mode
  - **Blocked by**: none
- [ ] Light mode (@me)
- [x] Old one

## Notes

- [ ] Without a priority
"""


def read(text: str) -> Document:
    return TasksMd().parse("TASKS.md", text.encode())


def test_labels_go_where_they_belong() -> None:
    task = read(FILE).tasks[0]

    assert (task.id, task.title) == ("fix-refresh", "Fix the crash on token refresh")
    assert (task.priority, task.group) == ("P0", "P0 — Critical")
    assert task.labels == ("backend", "auth")
    assert task.depends_on == ("upgrade-jwt", "other-thing")
    assert task.fields == (("Estimate", "3h"),)
    assert task.body == (
        "**Details**: The endpoint returns 500\nwhen the token has expired.\n- see the log\n\n"
        "**Files**: `src/auth.ts`, `src/token.ts`\n\n"
        "**Acceptance**: Refresh works\n\n"
        "Ask Ann."
    )


def test_words_that_go_on_at_the_margin_belong_to_what_they_go_on_with() -> None:
    text = "## P1\n\n- [ ] One,\nand two\n  - **Details**: words\nthat go on\n  - **Note**: a\nb\n"

    (task,) = read(text).tasks

    assert task.body == "and two\n\n**Details**: words\nthat go on"
    assert task.fields == (("Note", "a\nb"),)


@pytest.mark.parametrize(
    ("title", "below"),
    [
        ("Ship (depends on fix-key, task-1)", ""),
        ("Ship", "  - Depends on: fix-key, task-1\n"),
        ("Ship (blocked by fix-key)", "  - Blocked by: task-1\n"),
        ("Ship", "  - **Dependencies**: fix-key; [task-1](#1)\n"),
        ("Ship", "  - **Blocked by**:\n    - fix-key\n    - task-1\n"),
        ("Ship", "  - **Blocked by**: completion of fix-key, task-1\n"),
    ],
)
def test_what_a_task_waits_for_is_understood_however_it_is_written(title: str, below: str) -> None:
    text = f"## P1\n\n- [ ] {title}\n{below}- [ ] Fix\n  - **ID**: fix-key\n"

    assert set(read(text).tasks[0].depends_on) == {"fix-key", "task-1"}
    assert set(read(text + "- [ ] more\n" * 2000).tasks[0].depends_on) == {"fix-key", "task-1"}


def test_a_label_without_bold_letters_makes_no_file_v1() -> None:
    assert read("- [ ] a\n  - Blocked by: b\n").dialect == "plain"


def test_a_claim_is_an_assignee_at_work() -> None:
    first, _, light, *_ = read(FILE).tasks

    assert (first.assignee, first.status) == ("cascade-1", Status.IN_PROGRESS)
    assert (light.assignee, light.status, light.title) == ("me", Status.IN_PROGRESS, "Light mode")


def test_nested_boxes_are_steps() -> None:
    steps = read(FILE).tasks[0].children

    assert [(step.title, step.status, step.assignee) for step in steps] == [
        ("Write a test", Status.DONE, "cursor-2"),
        ("Mend it", Status.TODO, ""),
    ]


def test_the_priority_comes_from_the_heading_and_p3_waits() -> None:
    tasks = {task.title: task for task in read(FILE).tasks}

    assert (tasks["Dark mode"].priority, tasks["Dark mode"].status) == ("P3", Status.BACKLOG)
    assert tasks["Dark mode"].depends_on == ()
    assert tasks["Without a priority"].priority == ""
    assert tasks["Without a priority"].status is Status.TODO


def test_a_ticked_task_is_done_and_reported() -> None:
    document = read(FILE)

    assert [task.title for task in document.tasks if task.status is Status.DONE] == ["Old one"]
    assert [(problem.line, problem.fatal) for problem in document.problems] == [(26, False)]


@pytest.mark.parametrize(
    ("text", "is_v1"),
    [
        ("## P0\n- [ ] a", True),
        ("## P2 — Nice to have\n- [ ] a", True),
        ("## 🔥 P1: now\n### Area\n- [ ] a", True),
        ("- [ ] a\n  - **ID**: a", True),
        ("- [ ] a\n  - **Id:** a", True),
        ("- [ ] a\n  - __Tags__: b", True),
        ("- [ ] a\n  * **Blocked by**: b", True),
        ("- [ ] a\n  **ID**: a", False),
        ("- [ ] a\n  - **Note**: a", False),
        ("- [ ] a\n  - **Details**: a", False),
        ("- **ID**: a\n- [ ] a", False),
        ("## P0\n\n## Work\n- [ ] a", False),
        ("## P4\n- [ ] a", False),
        ("## P2P network\n- [ ] a", False),
        ("## P1.5\n- [ ] a", False),
        ("# P0\n- [ ] a", False),
        ("```\n## P0\n```\n- [ ] a", False),
        ("- [ ] a\n  ```\n  - **ID**: a\n  ```", False),
    ],
)
def test_the_contents_tell_the_dialect(text: str, is_v1: bool) -> None:
    source, document = TasksMd(), read(text)
    (unit,) = source.units({"x/TASKS.md": "1"}, lambda _: text.encode(), SourceSettings())

    assert source.gone_means_done(document) is is_v1
    assert unit.prefix == ("" if is_v1 else "x/TASKS.md/")


def test_no_removed_block_counts_as_done_while_code_that_never_ends_hides_it() -> None:
    document = read("## P0\n- [ ] a\n```\n- [ ] b\n")

    assert not document.readable


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("a, b", ("a", "b")),
        ('"a", `b`', ("a", "b")),
        ("[a](#a), b (soft)", ("a", "b")),
        ("`a` and b-2.", ("a", "b-2")),
        ("\n    - task-1\n    - `b`", ("task-1", "b")),
        ("a, the new parser", ("a",)),
        ("a\n    b, a", ("a", "b")),
        ("—", ()),
        ("none", ()),
        ("", ()),
    ],
)
def test_blocked_by_names_each_task_once(value: str, ids: tuple[str, ...]) -> None:
    (task,) = read(f"- [ ] t\n  - **Blocked by**: {value}\n").tasks

    assert task.depends_on == ids
