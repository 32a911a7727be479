"""Finds tasks that wait for the milestone that they are to be done for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.check import rules
from kanban_sync.core.deadlocks import BEGUN
from kanban_sync.core.dependencies import Edge
from kanban_sync.core.findings import CYCLE
from kanban_sync.core.missions import parts_of
from kanban_sync.core.model import Problem, Task, TaskKey
from kanban_sync.core.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


def waiting_for_own(
    files: Sequence[rules.File], known: rules.Known, checked: Collection[str]
) -> Iterator[Problem]:
    """Yield tasks that wait for their own milestone, which does not wait for them then.

    Args:
        files: All that were read.
        known: Their tasks by the names that others call them.
        checked: The paths of the files in which a task is told.
    """
    by_place = _tasks(files)
    parts = parts_of(by_place.values())
    if not parts:
        return
    places = {task.key: place for place, task in by_place.items()}
    tasks = {task.key: task for task in by_place.values()}
    parents = {task.key: task.parent for task in tasks.values() if task.parent is not None}
    said = [
        Edge(by_place[place].key, needed.id, by_place[needed].key)
        for place, needs in rules.waits_for(files, known).items()
        for needed in needs
    ]
    waits_for: dict[TaskKey, list[TaskKey]] = {key: [whole] for key, whole in parents.items()}
    for edge in with_parts(said, parts, parents):
        if edge.needs is not None:
            waits_for.setdefault(edge.task, []).append(edge.needs)
    for milestone, own in parts.items():
        if tasks[milestone].status.is_over:
            continue
        held = frozenset(waits_for.get(milestone, ()))
        for task in (tasks[key] for key in own):
            is_so = task.key in held or task.status in BEGUN or task.status.is_over
            if not is_so and task.path in checked:
                yield _told(task, [places[each] for each in _way(task.key, milestone, waits_for)])


def _told(task: Task, way: Sequence[rules.Place]) -> Problem:
    """Return what is wrong with a task that waits for its milestone on a way, itself the first."""
    names = [each.id if each.path == task.path else f"{each.id} ({each.path})" for each in way]
    which = "this dependency" if way[1:] == way[-1:] else "one of these dependencies"
    what = f"{' waits for '.join(names)}, whose task it is, so {way[-1].id} does not wait for it"
    text = f"{what}; take {which} out."
    return Problem(task.path, task.line, text, code=CYCLE, word=way[0].id)


def _tasks(files: Sequence[rules.File]) -> dict[rules.Place, Task]:
    """Return all tasks, in the order of their files, with keys that count for this check alone."""
    found: dict[rules.Place, Task] = {}
    for file in files:
        keys: dict[rules.Place, TaskKey] = {}
        for each in rules.all_tasks(file):
            place = rules.place_of(file, each)
            key = TaskKey("", file.source, f"{file.path}/{place.id}")
            keys |= {rules.place_of(file, child): key for child in each.children}
            task = Task(
                key,
                each.title,
                each.status,
                parent=keys.get(place),
                group=each.group,
                number=each.number or each.id,
                fields=each.fields,
                path=file.path,
                line=each.line,
            )
            found.setdefault(place, task)
    return found


def _way(
    start: TaskKey, end: TaskKey, waits_for: Mapping[TaskKey, Sequence[TaskKey]]
) -> list[TaskKey]:
    """Return the shortest way on which a task waits for another one, both included."""
    before: dict[TaskKey, TaskKey] = {}
    asked = [start]
    for each in asked:
        new = [one for one in waits_for.get(each, ()) if one not in before and one != start]
        before |= dict.fromkeys(new, each)
        asked += new
    way = [end]
    while way[0] != start:
        way.insert(0, before[way[0]])
    return way
