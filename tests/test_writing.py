"""What was set in the task database is written into a file: in one piece where it can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from kanban_sync.core.errors import EditError
from kanban_sync.core.merge import Filed, Kept
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.writing import write

HERE = Task(TaskKey("shop", "tasks-md", "a"), "A", Status.TODO, path="TASKS.md", line=3)
WANTED = HERE._replace(status=Status.BLOCKED, assignee="ada")

Call = tuple[Status | None, str | None]


@dataclass
class OneFile:
    """A file that says some parts of a task, and not others."""

    can: tuple[str, ...]
    calls: list[Call] = field(default_factory=list)

    def look(self, _key: str) -> Task:
        return HERE

    def set(
        self, _key: str, status: Status | None = None, assignee: str | None = None
    ) -> SimpleNamespace:
        for name, value in (("status", status), ("assignee", assignee)):
            if value is not None and name not in self.can:
                raise EditError(f"TASKS.md:3: no place for {name}")
        self.calls.append((status, assignee))
        return SimpleNamespace(change="changed")


@pytest.mark.parametrize(
    ("can", "calls", "change", "why"),
    [
        (("status", "assignee"), [(Status.BLOCKED, "ada")], "changed", ""),
        (("status",), [(Status.BLOCKED, None)], "changed", "no place for assignee"),
        (("assignee",), [(None, "ada")], "changed", "no place for status"),
        ((), [], "left", "no place for assignee"),
    ],
)
def test_a_file_is_written_once_as_far_as_it_can_say_it(
    can: tuple[str, ...], calls: list[Call], change: str, why: str
) -> None:
    file = OneFile(can)
    written = write(file, Kept(WANTED, Filed(Status.TODO)))
    assert (file.calls, written.change, written.why) == (calls, change, why)
