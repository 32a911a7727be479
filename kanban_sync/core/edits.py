"""Edits of a task file as data, and whether an edit did what was asked and nothing else.

A task is named by its place among all tasks of its file, in the file's order, from 0: sub-tasks
count too. What was edited is read again, and compared with what was read before, before anybody
writes it: a file that would say anything else than what was asked for stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kanban_sync.core.model import Document, ParsedTask, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.core.model import Task

_CLAIM = re.compile(r"\s*\(@[\w.-]++[^()]*+\)$")
_REMARK = re.compile(r"\([^()]*+\)|\[[^\[\]]*+\]")
_OTHER_VALUE = re.compile(r"\|\s*[^\s|]|(?::[\s*_]+|：)[^\s*_]")  # noqa: RUF001
"""What tells that a value holds others: a bar, or the end of a label (``Owner: ada``)."""


class Edited(NamedTuple):
    """What came of an edit: which task, where it stands (or stood) now, and what was done.

    ``change`` is ``changed``, ``added``, ``removed`` or ``unchanged``.
    """

    key: str
    path: str
    line: int
    change: str
    title: str
    status: str
    assignee: str


def edited(task: Task, change: str) -> Edited:
    """Return what came of an edit of a task, as that stands or stood."""
    place = (str(task.key), task.path, task.line)
    return Edited(*place, change, task.title, task.status.value, task.assignee)


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Let a task have this status; in v1.0 one that is done is removed.

    ``word`` is what its file had called it, '' if nothing stood there; None if nobody knows.
    """

    place: int
    status: Status
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Let a task be somebody's, named without ``@``."""

    place: int
    assignee: str


@dataclass(frozen=True, slots=True)
class Unclaim:
    """Let a task be nobody's."""

    place: int


@dataclass(frozen=True, slots=True)
class AddTask:
    """Add a task behind the last one, or behind the last one of the group called ``under``."""

    title: str
    id: str = ""
    under: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a task out, with all that stands below it."""

    place: int


Edit: TypeAlias = SetStatus | Claim | Unclaim | AddTask | Remove


def task_at(document: Document, place: int) -> ParsedTask | None:
    """Return the task at a place, None where the file holds fewer."""
    every = (task for top in document.tasks for task in top.walk())
    return next((task for index, task in enumerate(every) if index == place), None)


def is_so(document: Document, edit: Edit) -> bool:
    """Tell whether a file says already what an edit asks for."""
    if isinstance(edit, (AddTask, Remove)):
        return False
    task = task_at(document, edit.place)
    if task is None:
        return False
    if isinstance(edit, SetStatus):
        return task.status is edit.status
    return task.assignee == (edit.assignee if isinstance(edit, Claim) else "")


def mistake(before: Document, after: Document, edit: Edit) -> str:
    """Return what is wrong with the file after an edit; '' if it is as was asked for."""
    if len(after.problems) > len(before.problems):
        known = {problem.message for problem in before.problems}
        new = next((each for each in after.problems if each.message not in known), None)
        return f"the file would have a new problem ({new.message if new else 'one more'})"
    # Of a file without tasks nobody can tell the dialect.
    is_told = bool(before.tasks and after.tasks) and not isinstance(edit, Remove)
    if is_told and after.dialect != before.dialect:
        return f"the file would be read as {after.dialect}, no longer as {before.dialect}"
    if not _is_as_asked(before, after, edit):
        return "other things in the file would change too"
    lost = _lost_besides(before, after, edit)
    return f"{lost!r} would be lost, which says more than what is replaced" if lost else ""


def is_unread_id(before: Document, after: Document, edit: Edit) -> bool:
    """Tell whether all is as was asked for, but that an id is read as words of the title."""
    if not isinstance(edit, AddTask) or len(after.problems) > len(before.problems):
        return False
    if _is_as_asked(before, after, edit):
        return False
    return _is_as_asked(before, after, replace(edit, id=""))


def _is_as_asked(before: Document, after: Document, edit: Edit) -> bool:
    old, new = _plain(before.tasks), _plain(after.tasks)
    if isinstance(edit, AddTask):
        return _is_added(old, new, edit)
    is_over = isinstance(edit, SetStatus) and edit.status is Status.DONE
    if isinstance(edit, Remove) or (is_over and len(new) < len(old)):
        return _masked(old, edit.place, lambda _: None) == new
    mask = _without_status if isinstance(edit, SetStatus) else _without_assignee
    if is_so(after, edit) and _masked(old, edit.place, mask) == _masked(new, edit.place, mask):
        return True
    return isinstance(edit, SetStatus) and _is_moved(old, new, edit)


def _lost_besides(before: Document, after: Document, edit: Edit) -> str:
    """Return the value that an edit replaced, if others stood in it that nobody told apart."""
    task = None if isinstance(edit, (AddTask, Remove)) else task_at(before, edit.place)
    if task is None:
        return ""
    said = _replaced(task, edit)
    if not _OTHER_VALUE.search(_REMARK.sub("", said).strip(" |")):
        return ""
    every = (each for top in after.tasks for each in top.walk())
    return "" if any(_replaced(each, edit) == said for each in every) else said


def _replaced(task: ParsedTask, edit: Edit) -> str:
    return task.word if isinstance(edit, SetStatus) else task.assignee


def _is_added(old: Sequence[ParsedTask], new: Sequence[ParsedTask], edit: AddTask) -> bool:
    same = next(
        (index for index, each in enumerate(old) if new[index : index + 1] != (each,)), None
    )
    index = len(old) if same is None else same
    if len(new) != len(old) + 1 or new[index + 1 :] != old[index:]:
        return False
    task = new[index]
    named = task.id == edit.id if edit.id else True
    return named and task.title.endswith(edit.title) and not task.status.is_over


def _is_moved(old: Sequence[ParsedTask], new: Sequence[ParsedTask], edit: SetStatus) -> bool:
    """Tell whether a top-level task went to another place, with what is below it."""
    sizes = (sum(1 for _ in task.walk()) for task in old)
    starts = list(accumulate(sizes, initial=0))
    if edit.place not in starts[:-1]:
        return False
    source = starts.index(edit.place)
    wanted = _without_status(old[source])
    rest = (*old[:source], *old[source + 1 :])
    return any(
        task.status is edit.status
        and _without_status(task) in {wanted, wanted._replace(group="")}
        and (*new[:index], *new[index + 1 :]) == rest
        for index, task in enumerate(new)
    )


def _plain(tasks: Sequence[ParsedTask]) -> tuple[ParsedTask, ...]:
    """Return tasks without their lines, which move when a line is put in or taken out above."""
    return tuple(task._replace(line=0, children=_plain(task.children)) for task in tasks)


def _masked(
    tasks: Sequence[ParsedTask], place: int, mask: Callable[[ParsedTask], ParsedTask | None]
) -> tuple[ParsedTask, ...]:
    """Return tasks with one of them masked, and the statuses above it that follow from it."""
    found: list[ParsedTask] = []
    for task in tasks:
        size = sum(1 for _ in task.walk())
        new: ParsedTask | None = task
        if place == 0:
            new = mask(task)
        elif 0 < place < size:
            below = _masked(task.children, place - 1, mask)
            new = _unless_said(task)._replace(children=below)
        found += [new] if new is not None else []
        place -= size
    return tuple(found)


def _unless_said(task: ParsedTask) -> ParsedTask:
    """Return a task without its status, unless the file has a word for it: it follows then."""
    return task if task.word else task._replace(status=Status.TODO)


def _without_status(task: ParsedTask) -> ParsedTask:
    """Mask a status, and those of criteria, which are met when their task is done."""
    below = tuple(_unless_said(child) for child in task.children)
    return task._replace(status=Status.TODO, word="", children=below)


def _without_assignee(task: ParsedTask) -> ParsedTask:
    """Mask an assignee: the claim in a title too, and the status that a claim brings with it."""
    title = _CLAIM.sub("", task.title)
    return _unless_said(task)._replace(title=title, assignee="")
