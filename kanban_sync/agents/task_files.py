"""What the work on tasks asks of the task files, and what it hears of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.merge import Filed, Kept
    from kanban_sync.core.model import Task


class Written(NamedTuple):
    """What became of one task in the files: ``why`` tells what was left as it is, and why.

    ``change`` is ``changed``, ``removed``, ``unchanged`` or ``left``; ``path`` and ``line`` are
    where the task stands (or stood), ``status`` and ``assignee`` what the database has.
    """

    key: str
    path: str
    line: int
    change: str
    title: str
    status: str
    assignee: str
    why: str = ""


def written_of(task: Task, change: str, why: str = "") -> Written:
    """Return what became of a task, where it stands."""
    place = (str(task.key), task.path, task.line)
    return Written(*place, change, task.title, task.status.value, task.assignee, why)


class Files(Protocol):
    """The task files of the caller's work tree."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep all others of this clone from writing meanwhile, and see what they have written.

        What the database has is asked for inside: then whoever writes last writes what is newest.
        """
        ...

    def write(self, kept: Kept, before: Sequence[Filed] = ()) -> Written:
        """Write status and assignee of a task; ``before`` is what else its file may say."""
        ...

    def bring(self, kept: Kept, marks: Callable[[], Sequence[Filed]]) -> Written | None:
        """Write what was set elsewhere; None where the work tree is not behind.

        ``marks`` is what the database had before; it is asked where that matters.
        """
        ...

    def add(self, path: str, title: str, own: str, under: str) -> Task:
        """Add a task to a file, and return it with the key that it has from now on."""
        ...

    def tasks(self) -> Sequence[Task]:
        """Return the tasks as they stand in the files now, by the keys that the database has."""
        ...

    def has(self, path: str) -> bool:
        """Tell whether a file is there."""
        ...

    def take_back(self, path: str) -> None:
        """Take out again what was added to a file last."""
        ...
