"""What the database knows of tasks, as a reading of the files asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.model import Status, TaskKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import Unit
    from kanban_sync.core.slots import SlotState


class Known:
    """The database's tasks, by change and by file."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.all = tasks
        self._by_change: dict[TaskKey, list[Task]] = {}
        self._by_path: dict[tuple[str, str], list[Task]] = {}
        for task in tasks:
            self._by_change.setdefault(task.parent or task.key, []).append(task)
            if task.status is not Status.ORPHANED:
                self._by_path.setdefault((task.key.source, task.path), []).append(task)

    def of_unit(self, unit: Unit, project: str, origin: str = "") -> list[Task]:
        """Return a change with its children, or what stands in a task file, or did elsewhere."""
        if unit.name:
            return self._by_change.get(TaskKey(project, unit.source, unit.name), [])
        found = (self._by_path.get((unit.source, file.path), []) for file in unit.files)
        moved = self._by_path.get((unit.source, origin), [])
        return [task for tasks in found for task in tasks] or moved


def standing_in(tasks: Iterable[Task], states: Iterable[SlotState]) -> list[Task]:
    """Return those of the tasks that stand in files as they were read, by the names given there.

    One whose block was removed was completed there, and nobody holds its id any more. Where another
    file gave the same id when they were read, a task is known by its path and that.
    """
    names = {
        state.name_of(each.own, tops.get(each.own, ""))
        for state in states
        for tops in (state.tops(),)
        for each in state.tasks
    }
    found: list[Task] = []
    for task in tasks:
        name = _given(task.key.name, task.path, names)
        if name not in names:
            continue
        parent = task.parent
        if parent is not None:
            parent = parent._replace(name=_given(parent.name, task.path, names))
        found.append(task._replace(key=task.key._replace(name=name), parent=parent))
    return found


def _given(name: str, path: str, names: Collection[str]) -> str:
    return name if name in names else name.removeprefix(f"{path}/")
