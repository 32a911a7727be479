"""What was refused is named so that its author finds the line."""

from __future__ import annotations

import pytest

from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.sync.applying import refusal_lines


def task(name: str, path: str, line: int = 0, parent: TaskKey | None = None) -> Task:
    return Task(TaskKey("p", "s", name), name, Status.TODO, path=path, line=line, parent=parent)


CHANGE = TaskKey("p", "s", "change")
TASKS = [
    task("change", "openspec/changes/change"),
    task("second", "openspec/changes/change/tasks.md", 9, CHANGE),
    task("first", "openspec/changes/change/tasks.md", 3, CHANGE),
    task("empty", "openspec/changes/empty"),
    task("parent", "TASKS.md", 20),
    task("child", "TASKS.md", 21, TaskKey("p", "s", "parent")),
    task("born", ""),
]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("change", "openspec/changes/change/tasks.md:3: s:change: too long"),
        ("empty", "openspec/changes/empty: s:empty: too long"),
        ("parent", "TASKS.md:20: s:parent: too long"),
        ("child", "TASKS.md:21: s:child: too long"),
        ("born", "s:born: too long"),
        ("gone", "s:gone: too long"),
    ],
)
def test_a_refused_card_is_named_with_the_line_of_its_task(name: str, line: str) -> None:
    assert refusal_lines({TaskKey("p", "s", name): "too long"}, TASKS) == [line]
