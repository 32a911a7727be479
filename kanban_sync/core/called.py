"""The tasks of a work tree as they were found, and what each of them may be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.dependencies import bare_name, id_now
from kanban_sync.core.errors import WorkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.core.model import Task


class Found(NamedTuple):
    """A task of the work tree, with its source and its place in its file."""

    task: Task
    source: str
    place: int


class Tasks(list[Found]):
    """All tasks of a work tree, and what each of them may be called."""

    def __init__(self, found: Iterable[Found]) -> None:
        super().__init__(found)
        self.by_name: list[dict[str, list[Found]]] = [{} for _ in NAMES]
        for each in self:
            for names, name in zip(self.by_name, NAMES, strict=True):
                names.setdefault(name(each.task), []).append(each)

    def find(self, name: str) -> list[Found]:
        """Return the tasks that a name stands for: more than one where it is not clear which."""
        whole, *others = self.by_name
        if name in whole:
            return whole[name]
        found = next((names[name] for names in others if name in names), [])
        # It may have been the id of one before, and be that of another one now.
        now = self.by_name[-1].get(name, [])
        return found + [each for each in now if each not in found]


def several(name: str, tasks: Iterable[Task]) -> WorkError:
    """Return how a name is refused that stands for several tasks, with what each of them is."""
    told = ", ".join(f"{each.key} ({each.title})" for each in tasks)
    return WorkError(f"{name} stands for several tasks: {told}. Name one by its whole key.")


def renamed(task: Task, taken: dict[str, str]) -> Task:
    """Return a task under its file's name where another file has given its id before."""
    top = task.key.name.partition("#")[0]
    if taken.setdefault(f"{task.key.source}:{top}", task.path) == task.path:
        return task
    return task._replace(key=task.key._replace(name=f"{task.path}/{task.key.name}"))


def key_of(task: Task) -> str:
    """Return the whole key of a task."""
    return str(task.key)


def name_of(task: Task) -> str:
    """Return the name in the key of a task."""
    return task.key.name


def place_of(task: Task) -> str:
    """Return the file and the line of a task."""
    return f"{task.path}:{task.line}"


NAMES = (key_of, place_of, name_of, bare_name, id_now)
"""What a task may be called, what counts first before the others."""
