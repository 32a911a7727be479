"""What milestones wait for: the tasks that are to be done for them. Pure.

No file says so; it follows from which tasks belong to which milestone. Where a task of a milestone
waits for that milestone itself, by what files say, the milestone does not wait for it: it would be
for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.dependencies import Edge, Named, edges, kept_name, knots
from kanban_sync.core.missions import parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.model import Task, TaskKey


def all_edges(
    tasks: Sequence[Task], lenient: Collection[str], *, is_strict: bool = False
) -> list[Edge]:
    """Return what tasks wait for, by what files say and as milestones; which are of one besides.

    Args:
        tasks: All tasks of a project, by path, position and key.
        lenient: As for ``core.dependencies.edges``.
        is_strict: The same.
    """
    said = edges([Named.of(task) for task in tasks], lenient, is_strict=is_strict)
    parents = {task.key: task.parent for task in tasks if task.parent is not None}
    parts = parts_of(tasks)
    return with_loose(with_parts(said, parts, parents, is_strict=is_strict), parts)


def with_parts(
    said: Iterable[Edge],
    parts: Mapping[TaskKey, Sequence[TaskKey]],
    parents: Mapping[TaskKey, TaskKey],
    *,
    is_strict: bool = False,
) -> list[Edge]:
    """Return what files say that tasks wait for, and what milestones wait for besides.

    Args:
        said: What files say.
        parts: The tasks of each milestone, in the order of the milestones.
        parents: What tasks stand below, of those that do.
        is_strict: Whether the default branch's files have to say that what is needed is done.
    """
    found = list(said)
    if not parts:
        return found
    of = _without_circles(found, parts, parents)
    places = {(each.task, each.needs): at for at, each in enumerate(found) if each.task in of}
    for milestone, tasks in of.items():
        for task in tasks:
            at = places.get((milestone, task))
            if at is None:
                name = kept_name(str(task))
                found.append(Edge(milestone, name, task, is_strict=is_strict, is_part=True))
            else:
                found[at] = found[at]._replace(is_part=True)
    return found


def with_loose(found: list[Edge], parts: Mapping[TaskKey, Sequence[TaskKey]]) -> list[Edge]:
    """Return what ``with_parts`` does, and which tasks are of a milestone and do not hold it."""
    if not parts:
        return found
    holding = {(each.task, each.needs) for each in found if each.is_part}
    return found + [
        Edge(milestone, kept_name(f"of {task}"), task, is_loose=True)
        for milestone, tasks in parts.items()
        for task in tasks
        if (milestone, task) not in holding
    ]


def _without_circles(
    said: Iterable[Edge],
    parts: Mapping[TaskKey, Sequence[TaskKey]],
    parents: Mapping[TaskKey, TaskKey],
) -> dict[TaskKey, list[TaskKey]]:
    """Return for each milestone those of its tasks that do not wait for it.

    Later milestones have theirs first: a task that waits for a later one is the one in the wrong.
    """
    waits_for: dict[TaskKey, list[TaskKey]] = {}
    for each in said:
        if each.needs is not None:
            waits_for.setdefault(each.task, []).append(each.needs)
    for part, whole in parents.items():
        waits_for.setdefault(part, []).append(whole)
    every = {key: [*waits_for.get(key, ()), *parts.get(key, ())] for key in {**waits_for, **parts}}
    knotted = {key for knot in knots(every) for key in knot}
    # Whom those in a circle are waited for by, by what files say.
    waiting: dict[TaskKey, list[TaskKey]] = {}
    for key in knotted:
        for needed in waits_for.get(key, ()):
            waiting.setdefault(needed, []).append(key)
    found: dict[TaskKey, list[TaskKey]] = {}
    for milestone in reversed([*parts]):
        wait = _reaching(milestone, waiting) if milestone in knotted else set()
        found[milestone] = [task for task in parts[milestone] if task not in wait]
        for task in found[milestone]:
            waiting.setdefault(task, []).append(milestone)
    return {milestone: found[milestone] for milestone in parts}


def _reaching(key: TaskKey, waiting: Mapping[TaskKey, Sequence[TaskKey]]) -> set[TaskKey]:
    """Return all that wait for a task, directly or by way of others."""
    found: set[TaskKey] = set()
    asked = [key]
    for each in asked:
        new = [one for one in waiting.get(each, ()) if one not in found]
        found.update(new)
        asked += new
    return found
