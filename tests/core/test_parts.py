"""What milestones wait for, and that they never wait for what waits for them."""

from __future__ import annotations

import pytest

from kanban_sync.core.deadlocks import never_begin
from kanban_sync.core.dependencies import Edge, cycles
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.parts import all_edges

NAMED = (("tasks_file", "TASKS.md"),)


def milestone(name: str, position: int, *needs: str, path: str = "mission.json") -> Task:
    key = TaskKey("p", "mission", name)
    place = {"path": path, "position": position, "fields": NAMED}
    return Task(key, f"Title {name}", Status.TODO, depends_on=needs, **place)  # type: ignore[arg-type]


def task(name: str, of: str, *needs: str, parent: str = "") -> Task:
    key, above = (TaskKey("p", "tasks-md", each) for each in (name, parent))
    whose = above if parent else None
    return Task(key, name, Status.TODO, parent=whose, group=of, depends_on=needs, path="TASKS.md")


def parts(*tasks: Task) -> list[tuple[str, str]]:
    """Return what waits for what since it is of a milestone."""
    found = [each for each in all_edges(tasks, ()) if not each.is_loose]
    waits: dict[TaskKey, list[TaskKey]] = {}
    for each in found:
        assert each.needs is not None
        waits.setdefault(each.task, []).append(each.needs)
    for one in tasks:
        if one.parent is not None:
            waits.setdefault(one.key, []).append(one.parent)
    assert cycles(waits) == []
    return [(each.task.name, each.needs.name) for each in found if each.is_part and each.needs]


M1, M2 = milestone("M1", 1), milestone("M2", 2)


def test_a_milestone_waits_for_its_tasks_and_not_for_their_steps() -> None:
    found = all_edges([M1, M2, task("a", "M1"), task("b", "M1"), task("a1", "M1", parent="a")], ())
    assert found == [
        Edge(M1.key, f"tasks-md:{name}", TaskKey("p", "tasks-md", name), is_part=True)
        for name in "ab"
    ]


def test_two_missions_may_name_one_file() -> None:
    other = milestone("M9", 1, path="other/mission.json")._replace(
        title="Roof", fields=(("tasks", "../TASKS.md"),)
    )
    assert parts(M1, other, task("a", "M1"), task("b", "Roof")) == [("M1", "a"), ("M9", "b")]


def test_a_milestone_that_names_its_task_itself_waits_for_it_once() -> None:
    own = milestone("M1", 1, "a")
    assert all_edges([own, task("a", "M1")], ()) == [
        Edge(own.key, "a", TaskKey("p", "tasks-md", "a"), is_part=True)
    ]


def test_a_milestone_is_not_told_to_wait_for_ever_for_what_was_removed() -> None:
    gone = task("a", "M1")._replace(status=Status.ORPHANED)
    found = all_edges([M1, gone], ())
    assert [each.is_part for each in found] == [True]
    assert never_begin([M1, gone], found) == ()
    assert never_begin([M1, gone], [each._replace(is_part=False) for each in found])


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        # What waits for its own milestone does not hold that; the others do.
        ((M1, task("a", "M1", "M1"), task("b", "M1")), [("M1", "b")]),
        # Nor what waits for such a one.
        ((M1, task("a", "M1", "M1"), task("b", "M1", "a"), task("c", "M1")), [("M1", "c")]),
        # An earlier milestone may be needed by name.
        ((M1, M2, task("a", "M1"), task("b", "M2", "M1")), [("M1", "a"), ("M2", "b")]),
        # A later one may be, too, but not if that one waits for this one.
        ((M1, M2, task("a", "M1", "M2"), task("b", "M2")), [("M1", "a"), ("M2", "b")]),
        ((M1, M2, task("a", "M1", "M2"), task("b", "M2", "M1")), [("M2", "b")]),
        ((M1, milestone("M2", 2, "M1"), task("a", "M1", "M2"), task("b", "M2")), [("M2", "b")]),
        # A step waits for what its task waits for.
        ((M1, task("a", "M1", "x1"), task("x", "", "M1"), task("x1", "", parent="x")), []),
    ],
)
def test_a_milestone_does_not_wait_for_what_waits_for_it(
    tasks: tuple[Task, ...], expected: list[tuple[str, str]]
) -> None:
    assert parts(*tasks) == expected
