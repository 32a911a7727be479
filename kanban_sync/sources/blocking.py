"""Tasks that say which others they block: those depend on them. Ids count within their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.sources.labelled import ids_in, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kanban_sync.core.model import ParsedTask

BLOCKS = "blocks"
"""What such a label means."""


def blocked_by(task: ParsedTask) -> tuple[str, ...]:
    """Return the ids that a task says it blocks."""
    if not task.fields:
        return ()
    said = (value for label, value in task.fields if name_of(label) == BLOCKS)
    return tuple(dict.fromkeys(each for value in said for each in ids_in(value)))


def with_blocks(tasks: tuple[ParsedTask, ...]) -> tuple[ParsedTask, ...]:
    """Let tasks of a file depend on those that say they block them.

    What is blocked may stand anywhere in the file; what is in no line of it stays a word of the
    task that names it. A task without id and number is none that others can wait for.
    """
    if not _say_so(tasks):
        return tasks
    every = [each for top in tasks for each in top.walk()]
    blocked = {index: ids for index, task in enumerate(every) if (ids := blocked_by(task))}
    places: dict[str, int] = {}
    for index, task in enumerate(every):
        for name in names_of(task):
            places.setdefault(name, index)
    waits_for: dict[int, list[str]] = {}
    for index, ids in blocked.items():
        for name in names_of(every[index])[:1]:
            for each in ids:
                waits_for.setdefault(places.get(each, -1), []).append(name)
    return tuple(_depending(tasks, waits_for, iter(range(len(every)))))


def names_of(task: ParsedTask) -> tuple[str, ...]:
    """Return what others in a file call a task, the shortest name first."""
    if task.id:
        return (task.id,)
    return (task.number, f"Task-{task.number}") if task.number else ()


def _say_so(tasks: Sequence[ParsedTask]) -> bool:
    """Tell whether any of the tasks, or one below them, blocks another; most have no fields."""
    return any(
        (task.fields and blocked_by(task)) or (task.children and _say_so(task.children))
        for task in tasks
    )


def _depending(
    tasks: Sequence[ParsedTask], waits_for: Mapping[int, Sequence[str]], places: Iterator[int]
) -> Iterator[ParsedTask]:
    for task in tasks:
        more = waits_for.get(next(places), ())
        below = tuple(_depending(task.children, waits_for, places)) if task.children else ()
        if more:
            depends_on = tuple(dict.fromkeys([*task.depends_on, *more]))
            yield task._replace(depends_on=depends_on, children=below)
        else:
            yield task._replace(children=below) if below else task
