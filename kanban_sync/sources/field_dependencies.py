"""Dependencies that tasks tell in their fields: what they block, and what else they wait for.

A task may wait for others in several ways at once (columns ``depends_on`` and ``blocked_by``), of
which its dialect knows one. What a task blocks depends on it: in its own file at once, elsewhere by
the value ``Blocks``, which the task database goes by.
"""

from __future__ import annotations

import re
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

from kanban_sync.core.dependencies import BLOCKS as LISTED
from kanban_sync.core.dependencies import names_of_number
from kanban_sync.sources.labelled import ids_in, is_nothing, name_of, names_only_ids, plain_id
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kanban_sync.core.model import ParsedTask

_FIELDS, _CHILDREN = attrgetter("fields"), attrgetter("children")

BLOCKS = "blocks"
WAITS = "depends on"
"""What such labels mean."""

_LISTED = pattern(r"[,，、;；|\n]")  # noqa: RUF001
_NO = pattern(
    r"(?:(?<!\w)(?:no|none|nothing|n/a|not|without|unless|independent|optional(?:ly)?"
    r"|nicht|keine?[mnrs]?|ohne|aucune?|sans|sin)|n't)(?!\w)",
    re.IGNORECASE,
)
_NAMED = pattern(
    r"(?<![\w.-])(?:(?i:task|step|issue|story|ticket)[ #-]*[0-9]{1,6}(?:\.[0-9]{1,6})*[a-z]?"
    r"|\w+(?:[.-]\w+)*)(?![\w-])"
)
_TELLING = pattern(r"[0-9-]")
"""What hardly any word of a language has."""


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
    waits_for = {index: [*ids] for index, task in enumerate(every) if (ids := _waits(task, places))}
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


def unclear(task: ParsedTask, names: Collection[str]) -> Iterator[str]:
    """Yield what a task says it waits for in words that name none of its file's tasks.

    Args:
        task: Who waits.
        names: What the tasks of its file are called.
    """
    for value in _said(task, WAITS):
        for part in _LISTED.split(value):
            is_clear = is_nothing(part) or ids_in(part) or _named(part, names)
            if not is_clear and not (_NO.match(part.strip("- \t*_`(")) and not _told(part)):
                yield part.strip()


def _waits(task: ParsedTask, names: Collection[str]) -> tuple[str, ...]:
    """Return the ids of those that a task waits for, also those that stand amid words."""
    parts = [part for value in _said(task, WAITS) for part in _LISTED.split(value)]
    found = (each for part in parts for each in ids_in(part) or _named(part, names))
    return tuple(dict.fromkeys(found))


def _named(words: str, names: Collection[str]) -> list[str]:
    """Return the tasks of a file that words name; none where the words may deny it."""
    return [] if _NO.search(words) else [each for each in _told(words) if each in names]


def _told(words: str) -> list[str]:
    """Return what stands amid words and may be the name of a task."""
    found = (plain_id(match[0]) for match in _NAMED.finditer(words))
    return [each for each in found if _TELLING.search(each) and not each.isdigit()]


def _ids(task: ParsedTask, meaning: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for value in _said(task, meaning) for each in ids_in(value)))


def _said(task: ParsedTask, meaning: str) -> Iterator[str]:
    return (value for label, value in task.fields if name_of(label) == meaning)


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
