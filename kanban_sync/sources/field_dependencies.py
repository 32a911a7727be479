"""Dependencies that tasks tell in their fields: what they block, and what else they wait for.

A task may wait for others in several ways at once (columns ``depends_on`` and ``blocked_by``), of
which its dialect knows one. What a task blocks depends on it: in its own file at once, elsewhere by
the value ``Blocks``, which the task database goes by.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

from kanban_sync.core.dependencies import BLOCKS as LISTED
from kanban_sync.core.dependencies import names_of_number
from kanban_sync.sources.labelled import ids_in, name_of, names_only_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kanban_sync.core.model import ParsedTask

_FIELDS, _CHILDREN = attrgetter("fields"), attrgetter("children")

BLOCKS = "blocks"
WAITS = "depends on"
"""What such labels mean."""


def blocked_by(task: ParsedTask) -> tuple[str, ...]:
    """Return the ids that a task says it blocks."""
    return _ids(task, BLOCKS)


def with_dependencies(tasks: tuple[ParsedTask, ...]) -> tuple[ParsedTask, ...]:
    """Let the tasks of a file depend on all that they, or others, say they wait for.

    What is blocked may stand anywhere in the file, or in another one: all of it is listed in a
    value of the task that blocks it. A task without id and number has no name that others could be
    given.
    """
    if not _say_so(tasks):
        return tasks
    every = [each for top in tasks for each in top.walk()]
    places: dict[str, int] = {}
    for index, task in enumerate(every):
        for name in names_of(task):
            places.setdefault(name, index)
    waits_for = {index: [*ids] for index, task in enumerate(every) if (ids := _ids(task, WAITS))}
    for task in every:
        for name in names_of(task)[:1]:
            for each in blocked_by(task):
                waits_for.setdefault(places.get(each, -1), []).append(name)
    return tuple(_depending(tasks, waits_for, iter(range(len(every)))))


def names_of(task: ParsedTask) -> tuple[str, ...]:
    """Return what others in a file call a task, the shortest name first."""
    if task.id:
        return (task.id,)
    return names_of_number(task.number)


def _say_so(tasks: Sequence[ParsedTask]) -> bool:
    """Tell whether any of the tasks, or one below them, has such a field; most have none at all."""
    labels: set[str] = set()
    level = tasks
    while level:
        labels.update(label for each in filter(None, map(_FIELDS, level)) for label, _ in each)
        level = [*chain.from_iterable(filter(None, map(_CHILDREN, level)))]
    return any(name_of(label) in {BLOCKS, WAITS} for label in labels)


def _ids(task: ParsedTask, meaning: str) -> tuple[str, ...]:
    said = (value for label, value in task.fields if name_of(label) == meaning)
    return tuple(dict.fromkeys(each for value in said for each in ids_in(value)))


def _depending(
    tasks: Sequence[ParsedTask], waits_for: Mapping[int, Sequence[str]], places: Iterator[int]
) -> Iterator[ParsedTask]:
    for task in tasks:
        more = waits_for.get(next(places), ())
        below = tuple(_depending(task.children, waits_for, places)) if task.children else ()
        if more:
            depends_on = tuple(dict.fromkeys([*task.depends_on, *more]))
            task = task._replace(depends_on=depends_on)  # noqa: PLW2901 - as it depends now
        fields = _fields(task, waits=bool(more)) if task.fields else ()
        if (fields, below) == (task.fields, task.children):
            yield task
        else:
            yield task._replace(fields=fields, children=below)


def _fields(task: ParsedTask, *, waits: bool) -> tuple[tuple[str, str], ...]:
    """Return the values of a task without what is told, and with one that lists whom it blocks."""
    left = [each for each in task.fields if not (waits and _is_told(*each))]
    blocks = ", ".join(blocked_by(task))
    if not blocks or any((label.capitalize(), said) == (LISTED, blocks) for label, said in left):
        return tuple(left)
    at = next(place for place, (label, _) in enumerate(left) if name_of(label) == BLOCKS)
    others = (each for each in left[at:] if not _is_listed(*each))
    return (*left[:at], (LISTED, blocks), *others)


def _is_told(label: str, value: str) -> bool:
    """Tell whether a field says nothing but ids that the task waits for."""
    return name_of(label) == WAITS and names_only_ids(value)


def _is_listed(label: str, value: str) -> bool:
    """Tell whether a field says nothing but ids that the task blocks; a link says more."""
    return name_of(label) == BLOCKS and names_only_ids(value) and "](" not in value
