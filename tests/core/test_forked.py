"""A file of a branch has its tasks under the keys that others know, whatever became of them."""

from __future__ import annotations

import pytest

from kanban_sync.core.following import follow
from kanban_sync.core.forked import follow_forked
from kanban_sync.core.model import UNKNOWN, Document, ParsedTask, Status, Version
from kanban_sync.core.slots import EMPTY, SlotChange

PATH = "TASKS.md"
FORK = "Draw a map\nMend the tap\n>Turn it off"


def parse(blob: str) -> Document:
    """Read a content: one task a line, ``>`` below the one before."""
    tasks: list[ParsedTask] = []
    for text in blob.splitlines():
        task = ParsedTask(text.removeprefix(">"), Status.TODO)
        if text.startswith(">"):
            tasks[-1] = tasks[-1]._replace(children=(*tasks[-1].children, task))
        else:
            tasks.append(task)
    return Document(tuple(tasks))


def change(new: str, time: int = 0, *old: str) -> SlotChange:
    version = Version(time, f"c{time}") if time else UNKNOWN
    return SlotChange(version, old, new, PATH)


@pytest.mark.parametrize(
    ("read", "here", "known"),
    [
        # What the branch that is read came to say, the file of the branch, and which are known.
        ((), "Mend the old tap", [1]),
        (("Draw a map",), "Draw a map\nMend the old tap\n>Turn it off", [0, 1, 2]),
        (("Draw a map\nMend the tap in the kitchen", "Draw a map"), "Mend the old tap", [1]),
        (("Draw a map\nCall Joe to mend taps",), "Mend the dripping tap for good", [1]),
        (("Draw a map", "Draw a map\nMend the tap"), "Mend the old tap", [1]),
        (("Mend the tap", "Paint it"), "Draw two maps\nMend the old tap", [0, 1]),
        (("Draw a map",), "Draw a map\nBrew some tea", [0, None]),
    ],
)
def test_a_task_is_the_one_that_stood_where_the_branch_forks_off(
    read: tuple[str, ...], here: str, known: list[int | None]
) -> None:
    steps = [FORK, *read]
    changes = [change(FORK, 1)]
    changes += [change(steps[at], at + 1, steps[at - 1]) for at in range(1, len(steps))]

    def walk(count: int) -> list[str]:
        state = follow(EMPTY, changes[:count], changes[count - 1], lambda _, b: parse(b), bool)
        return [task.own for task in state.tasks]

    before = follow(EMPTY, changes, changes[-1], lambda _, blob: parse(blob), bool)
    found = follow_forked(before, change(here), parse(here), bool, lambda: parse(FORK))
    first = walk(1)
    assert [first.index(each.own) if each.own in first else None for each in found.tasks] == known
