"""Which tasks can never begin: they wait in a circle, or for what there is not. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from kanban_sync.core.dependencies import cycles
from kanban_sync.core.findings import CYCLE, UNKNOWN_DEPENDENCY
from kanban_sync.core.model import SATISFYING, Problem, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.work import Waiting

Name = TypeVar("Name")

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
        if task is None or _has_begun(task.status):
            continue
        needed = every.get(edge.needs) if edge.needs is not None else None
        if needed is None or needed.status is Status.ORPHANED:
            if not (needed is None and edge.lenient) and not edge.is_part:
                found.append(_unknown(task, edge.name, is_gone=needed is not None))
        else:
            waits_for.setdefault(task.key, []).append(needed.key)
    statuses = {key: task.status for key, task in every.items()} if waits_for else {}
    parents = {key: task.parent for key, task in every.items() if task.parent and waits_for}
    for circle, whole in circles(statuses, parents, waits_for):
        task = every[whole or circle[0]]
        words = way(circle) if whole is None else of_part(whole, circle[0])
        what = f"{words}; take {'that' if len(circle) == 1 else 'one of these'} out."
        found.append(Problem(task.path or NO_FILE, task.line, what, code=CYCLE))
    return tuple(found)


def circles(
    statuses: Mapping[Name, Status],
    parents: Mapping[Name, Name],
    waits_for: Mapping[Name, Sequence[Name]],
) -> Iterator[tuple[list[Name], Name | None]]:
    """Yield circles of tasks of which none can begin: they wait by themselves, or as parts.

    With each comes the task that waits for the circle's only one, which is a part of it, or None.
    One that is over, or has begun, waits for nobody; and nobody waits for one that is over.
    """
    waiting = {
        name: [need for need in needs if not statuses[need].is_over]
        for name, needs in waits_for.items()
        if not _has_begun(statuses[name])
    }
    for circle in cycles(_with_parts(statuses, parents, waiting)):
        yield circle, _whole(parents, waiting, circle)


def _has_begun(status: Status) -> bool:
    return status.is_over or status in BEGUN


def way(circle: Sequence[object]) -> str:
    """Return in words how tasks wait for one another, and what that means."""
    if len(circle) == 1:
        return f"{circle[0]} waits for itself, so it can never begin"
    names = [str(key) for key in circle]
    shown = [*names[:MOST_SHOWN], "…"] if len(names) > MOST_SHOWN else [*names, names[0]]
    return f"{' waits for '.join(shown)}, so none of them can begin"


def of_part(whole: object, part: object) -> str:
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
    statuses: Mapping[Name, Status],
    parents: Mapping[Name, Name],
    waits_for: Mapping[Name, Sequence[Name]],
) -> dict[Name, list[Name]]:
    """Return what tasks wait for by themselves, and as parts of others."""
    found = {name: list(needs) for name, needs in waits_for.items()}
    for name in parents if found else ():
        if not _has_begun(statuses[name]):
            needs = [need for above in _above(parents, name) for need in waits_for.get(above, ())]
            if needs:
                found.setdefault(name, []).extend(needs)
    return found


def _whole(
    parents: Mapping[Name, Name], waits_for: Mapping[Name, Sequence[Name]], circle: Sequence[Name]
) -> Name | None:
    """Return the task that waits for a circle's only one, which is a part of it; None if none."""
    part = circle[0]
    if len(circle) > 1 or part in waits_for.get(part, ()):
        return None
    return next(above for above in _above(parents, part) if part in waits_for.get(above, ()))


def _above(parents: Mapping[Name, Name], name: Name) -> Iterator[Name]:
    """Yield what a task stands below, the nearest first."""
    seen = {name}
    while (above := parents.get(name)) is not None and above not in seen:
        name = above
        seen.add(name)
        yield name


def _unknown(task: Task, name: str, *, is_gone: bool) -> Problem:
    why = "which no file holds any more" if is_gone else "and no task has that id"
    what = f"{task.key} waits for {name}, {why}, so it can never begin; mend that id, or take it"
    return Problem(task.path or NO_FILE, task.line, f"{what} out.", code=UNKNOWN_DEPENDENCY)
