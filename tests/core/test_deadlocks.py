"""What can never begin is told where it can be mended, and nothing else is."""

from __future__ import annotations

import pytest

from kanban_sync.core.deadlocks import circle_of, never_begin
from kanban_sync.core.dependencies import Edge
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.work import Waiting


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
        ((edge("begun>?"), edge("begun>begun"), edge("review>gone")), []),
        ((edge("a>begun"), edge("begun>a"), edge("b>review"), edge("review>b")), []),
        (
            (edge("a>part"),),
            ["T.md:1: tasks-md:a waits for tasks-md:part, which is a part of it, so neither can"],
        ),
        ((edge("a>b"), edge("b>part")), ["T.md:2: tasks-md:b waits for tasks-md:part waits for"]),
        ((edge("part>b"), edge("a>b")), []),
        ((edge("blocked>?"),), ["T.md: tasks-md:blocked waits for ?, and no task has that id"]),
    ],
)
def test_what_can_never_begin(edges: tuple[Edge, ...], told: list[str]) -> None:
    tasks = [
        Task(key(name), name, Status.TODO, path="T.md", line=line)
        for line, name in enumerate("abc", 1)
    ]
    tasks.append(Task(key("done"), "", Status.DONE, path="T.md"))
    tasks.append(Task(key("gone"), "", Status.ORPHANED, path="T.md"))
    tasks.append(Task(key("part"), "", Status.TODO, path="T.md", line=4, parent=key("a")))
    tasks.append(Task(key("born"), "", Status.TODO))
    tasks.append(Task(key("begun"), "", Status.IN_PROGRESS, path="T.md"))
    tasks += [Task(key(each), "", each, path="T.md") for each in (Status.REVIEW, Status.BLOCKED)]
    found = [str(each) for each in never_begin(tasks, edges)]
    assert len(found) == len(told)
    assert all(each.startswith(begins) for each, begins in zip(found, told, strict=True))


@pytest.mark.parametrize(
    ("status", "found"),
    [(Status.TODO, True), (Status.BLOCKED, True), (Status.IN_PROGRESS, False)],
)
def test_a_circle_ends_at_a_task_that_has_begun(status: Status, *, found: bool) -> None:
    waits = {
        key("a"): [Waiting("b", key("b"), status)],
        key("b"): [Waiting("a", key("a"), Status.TODO)],
    }
    assert (circle_of(key("a"), waits.__getitem__) is not None) is found
