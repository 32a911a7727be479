"""Which tasks can never begin: they wait in a circle, or for what there is not. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.dependencies import cycles
from kanban_sync.core.findings import CYCLE, UNKNOWN_DEPENDENCY
from kanban_sync.core.model import SATISFYING, Problem, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.work import Waiting

MOST_SHOWN = 8
"""How many tasks of a circle are named."""

BEGUN = SATISFYING | {Status.IN_PROGRESS, Status.REVIEW}
"""Statuses of tasks that come to their end whatever they are said to wait for."""

NO_FILE = "the task database"
"""Where a task stands that is in no file."""


def never_begin(tasks: Iterable[Task], edges: Iterable[Edge]) -> tuple[Problem, ...]:
    """Return which tasks have not begun and never can, each where that can be mended."""
    every = {task.key: task for task in tasks}
    waits_for: dict[TaskKey, list[TaskKey]] = {}
    found: list[Problem] = []
    for edge in edges:
        task = every.get(edge.task)
        if task is None or task.status.is_over or task.status in BEGUN:
            continue
        needed = every.get(edge.needs) if edge.needs is not None else None
        if needed is None or needed.status is Status.ORPHANED:
            if not (needed is None and edge.lenient):
                found.append(_unknown(task, edge.name, is_gone=needed is not None))
        elif not needed.status.is_over:
            waits_for.setdefault(task.key, []).append(needed.key)
    for circle in cycles(_with_parts(every, waits_for)):
        whole = _whole(every, waits_for, circle)
        task = every[whole or circle[0]]
        words = way(circle) if whole is None else of_part(whole, circle[0])
        what = f"{words}; take {'that' if len(circle) == 1 else 'one of these'} out."
        found.append(Problem(task.path or NO_FILE, task.line, what, code=CYCLE))
    return tuple(found)


def way(circle: Sequence[TaskKey]) -> str:
    """Return in words how tasks wait for one another, and what that means."""
    if len(circle) == 1:
        return f"{circle[0]} waits for itself, so it can never begin"
    names = [str(key) for key in circle]
    shown = [*names[:MOST_SHOWN], "…"] if len(names) > MOST_SHOWN else [*names, names[0]]
    return f"{' waits for '.join(shown)}, so none of them can begin"


def of_part(whole: TaskKey, part: TaskKey) -> str:
    """Return in words that a task waits for what it consists of, and what that means."""
    return f"{whole} waits for {part}, which is a part of it, so neither can begin"


def circle_of(
    key: TaskKey, waits_for: Callable[[TaskKey], Sequence[Waiting]]
) -> list[TaskKey] | None:
    """Return the circle in which a task waits for itself, from it on; None if there is none."""
    found: dict[TaskKey, list[TaskKey]] = {}
    asked = [key]
    for each in asked:
        if each not in found:
            still = (one for one in waits_for(each) if one.status not in BEGUN)
            found[each] = [one.key for one in still if one.key is not None]
            asked += found[each]
    return next((circle for circle in cycles(found) if circle[0] == key), None)


def _with_parts(
    every: Mapping[TaskKey, Task], waits_for: Mapping[TaskKey, Sequence[TaskKey]]
) -> dict[TaskKey, list[TaskKey]]:
    """Return what tasks wait for by themselves, and as parts of others."""
    found = {key: list(needs) for key, needs in waits_for.items()}
    for key, task in every.items() if found else ():
        if not (task.parent is None or task.status.is_over or task.status in BEGUN):
            needs = [need for above in _above(every, key) for need in waits_for.get(above, ())]
            if needs:
                found.setdefault(key, []).extend(needs)
    return found


def _whole(
    every: Mapping[TaskKey, Task],
    waits_for: Mapping[TaskKey, Sequence[TaskKey]],
    circle: Sequence[TaskKey],
) -> TaskKey | None:
    """Return the task that waits for a circle's only one, which is a part of it; None if none."""
    part = circle[0]
    if len(circle) > 1 or part in waits_for.get(part, ()):
        return None
    return next(above for above in _above(every, part) if part in waits_for.get(above, ()))


def _above(every: Mapping[TaskKey, Task], key: TaskKey) -> Iterator[TaskKey]:
    """Yield what a task stands below, the nearest first."""
    seen = {key}
    while (task := every.get(key)) is not None and task.parent and task.parent not in seen:
        key = task.parent
        seen.add(key)
        yield key


def _unknown(task: Task, name: str, *, is_gone: bool) -> Problem:
    why = "which no file holds any more" if is_gone else "and no task has that id"
    what = f"{task.key} waits for {name}, {why}, so it can never begin; mend that id, or take it"
    return Problem(task.path or NO_FILE, task.line, f"{what} out.", code=UNKNOWN_DEPENDENCY)
