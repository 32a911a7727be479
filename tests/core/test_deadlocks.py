"""What can never begin is told where it can be mended, and nothing else is."""

from __future__ import annotations

import pytest

from kanban_sync.core.deadlocks import never_begin
from kanban_sync.core.dependencies import Edge
from kanban_sync.core.model import Status, Task, TaskKey


def key(name: str) -> TaskKey:
    return TaskKey("p", "tasks-md", name)


def edge(text: str, *, lenient: bool = False) -> Edge:
    """Make the edge that ``a>b`` stands for; nobody is called ``?``."""
    name, _, needs = text.partition(">")
    return Edge(key(name), needs, None if needs == "?" else key(needs), lenient)


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ((), []),
        ((edge("a>b"), edge("b>c")), []),
        ((edge("a>a"),), ["T.md:1: tasks-md:a waits for itself, so it can never begin; take that"]),
        (
            (edge("a>b"), edge("b>c"), edge("c>b")),
            ["T.md:2: tasks-md:b waits for tasks-md:c waits for tasks-md:b, so none of them"],
        ),
        ((edge("a>?"),), ["T.md:1: tasks-md:a waits for ?, and no task has that id"]),
        ((edge("a>?", lenient=True),), []),
        ((edge("a>done"), edge("done>a"), edge("done>?")), []),
        ((edge("a>gone"),), ["T.md:1: tasks-md:a waits for gone, which no file holds any more"]),
        ((edge("born>born"),), ["the task database: tasks-md:born waits for itself"]),
    ],
)
def test_what_can_never_begin(edges: tuple[Edge, ...], told: list[str]) -> None:
    tasks = [
        Task(key(name), name, Status.TODO, path="T.md", line=line)
        for line, name in enumerate("abc", 1)
    ]
    tasks.append(Task(key("done"), "", Status.DONE, path="T.md"))
    tasks.append(Task(key("gone"), "", Status.ORPHANED, path="T.md"))
    tasks.append(Task(key("born"), "", Status.TODO))
    found = [str(each) for each in never_begin(tasks, edges)]
    assert len(found) == len(told)
    assert all(each.startswith(begins) for each, begins in zip(found, told, strict=True))
