"""Edits of Markdown files of tasks, in whichever dialect the task to be changed is written.

Imported only where a file is to be changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanban_sync.core.edits import AddTask, Claim, Remove, SetStatus, Unclaim
from kanban_sync.core.model import Status
from kanban_sync.sources import table_edits
from kanban_sync.sources.column_edits import move_heading, move_item
from kanban_sync.sources.editable_markdown import NOTHING, Editable
from kanban_sync.sources.heading_tasks import HeadingTasks, status_in_title
from kanban_sync.sources.kanban_headings import KanbanHeadings
from kanban_sync.sources.labelled import names_several, split
from kanban_sync.sources.markdown_additions import add
from kanban_sync.sources.markdown_dialects import V1
from kanban_sync.sources.splicing import CannotError, Splice, refuse_to_lose
from kanban_sync.sources.status_words import says_more, status_in, word_again, word_for
from kanban_sync.sources.tables import Tables

if TYPE_CHECKING:
    from kanban_sync.core.edits import Edit
    from kanban_sync.sources.checkboxes import Standing

_CLAIM = re.compile(r"\s*\(@([\w.-]++)[^()]*+\)$")
_NAME = re.compile(r"[\w.-]+")


def splices(text: str, edit: Edit, fixed: str) -> list[Splice]:
    """Return what an edit replaces in a text.

    Args:
        text: The file without its byte order mark.
        edit: What is asked for.
        fixed: The dialect that the settings name, '' where they leave it open.

    Raises:
        CannotError: It cannot be written there.
    """
    file = Editable(text, fixed)
    match edit:
        case AddTask():
            return add(file, edit)
        case SetStatus(place, status, word):
            return _set_status(file, file.standing[place], status, word)
        case Claim(place, assignee):
            return _assign(file, file.standing[place], assignee)
        case Unclaim(place):
            return _assign(file, file.standing[place], "")
        case Remove(place):
            return _remove(file, file.standing[place])


# --- status ---------------------------------------------------------------------------------------


def _set_status(file: Editable, task: Standing, status: Status, before: str | None) -> list[Splice]:
    if task.dialect == V1:
        return _set_in_v1(file, task, status)
    if task.is_top and task.dialect == Tables.NAME:
        return table_edits.set_status(file, task.box, status, before)
    if file.value_of(task.box, "status") is not None:
        return _set_in_line(file, task, status, before)
    if task.is_top and task.dialect == HeadingTasks.NAME:
        return _set_in_heading(file, task, status)
    if task.is_top and task.dialect == KanbanHeadings.NAME:
        return move_item(file, task.box, status)
    return _set_at_box(file, task, status)


def _set_in_line(
    file: Editable, task: Standing, status: Status, before: str | None
) -> list[Splice]:
    """Set the status in its line below a task; what was to do without one needs none."""
    if before == "" and status is Status.TODO and file.stands_alone(task.box, "status"):
        return [*file.unsay(task.box, "status"), *file.tick(task.box, done=False)]
    said = file.value_of(task.box, "status") or ""
    refuse_to_lose(said, is_more=status_in(said) is not None and says_more(said))
    used = file.words_for(task.dialect)
    word = word_again(before, status) or word_for(status, used, "-")
    return [
        *file.says(task.box, "status", word),
        *file.tick(task.box, done=status is Status.DONE),
    ]


def _set_at_box(file: Editable, task: Standing, status: Status) -> list[Splice]:
    """Set the status of a box: by its mark, and what that cannot say by a line below it."""
    if status not in {Status.TODO, Status.DONE}:
        # A tick would say otherwise.
        word = word_for(status, file.words_for(task.dialect), "-")
        return [*file.clear(task.box), file.say(task.box, "Status", word)]
    return _mark(file, task, done=status is Status.DONE)


def _mark(file: Editable, task: Standing, *, done: bool) -> list[Splice]:
    found = file.tick(task.box, done=True) if done else file.clear(task.box)
    if not found:
        raise CannotError("its box says so, but a struck title or its heading says otherwise")
    return found


def _set_in_v1(file: Editable, task: Standing, status: Status) -> list[Splice]:
    if task.is_top and status is Status.DONE:
        return _remove(file, task)
    if status is Status.IN_PROGRESS and task.is_top:
        raise CannotError("a task of v1.0 is in progress once it is claimed; name its assignee")
    if status is Status.TODO and _CLAIM.search(task.box.text) and not task.box.mark:
        raise CannotError("a task of v1.0 is in progress while it is claimed; unassign it")
    if status not in {Status.TODO, Status.DONE}:
        raise CannotError(f"TASKS.md v1.0 has no way to say {status}; it knows todo and done")
    return _mark(file, task, done=status is Status.DONE)


def _set_in_heading(file: Editable, task: Standing, status: Status) -> list[Splice]:
    """Set the status of a heading that has no line ``Status``: in its words, or by its column."""
    box = task.box
    line = file.lines[box.line - 1]
    found = status_in_title(line.text)
    word = word_for(status, [box.word], "-")
    if found is not None:
        start = line.raw.index(line.text)
        if found.is_word:
            return [file.splice_in(box.line, start + found.start, start + found.end, word)]
        gone = file.splice_in(box.line, start + found.start, start + found.end, "")
        return [gone] if status is Status.TODO else [gone, file.say(box, "Status", word)]
    is_in_column = any(box.line in column for column in file.columns())
    moved = move_heading(file, box, status) if is_in_column else []
    return moved or [file.say(box, "Status", word)]


# --- assignee -------------------------------------------------------------------------------------


def _assign(file: Editable, task: Standing, name: str) -> list[Splice]:
    """Write an assignee where the file has its place; '' takes it out."""
    if name and not _NAME.fullmatch(name):
        raise CannotError(f"{name!r} is no name: letters, digits, '.', '-' and '_' without blanks")
    box = task.box
    if task.is_top and task.dialect == Tables.NAME:
        return table_edits.assign(file, box, name)
    said = file.value_of(box, "assignee") if task.dialect != V1 else None
    if said is not None:
        refuse_to_lose(said, is_more=names_several(said))
        sign = "@" if said.lstrip("`*_ ").startswith("@") else ""
        # A heading may be a task by this line alone.
        is_needed = (
            task.is_top and task.dialect == HeadingTasks.NAME and len(split(box.body)[0]) == 1
        )
        if name or is_needed:
            return file.says(box, "assignee", sign + name if name else NOTHING)
        return file.unsay(box, "assignee")
    raw = file.lines[box.line - 1].raw.rstrip()
    claim = _CLAIM.search(raw)
    if claim is not None:
        start, end = claim.span(1) if name else claim.span()
        return [file.splice_in(box.line, start, end, name)]
    if not name:
        raise CannotError("who it is assigned to stands in its words; change them by hand")
    if task.dialect == V1:
        return [file.splice_in(box.line, len(raw), len(raw), f" (@{name})")]
    return [file.say(box, "Assignee", f"@{name}")]


# --- removing -------------------------------------------------------------------------------------


def _remove(file: Editable, task: Standing) -> list[Splice]:
    if task.dialect != V1:
        raise CannotError(
            "a task that is removed counts as completed in TASKS.md v1.0 only; set its status"
        )
    if not task.is_top:
        raise CannotError("sub-tasks stay once they are ticked; set its status to done")
    others = {each.dialect for each in file.standing} - {V1}
    if others:
        raise CannotError(
            f"the file holds tasks that are no v1.0 ({', '.join(sorted(others))}), so one that is"
            " removed does not count as completed; move those into a file of their own"
        )
    return [file.text.without(task.box.line, file.last_of(task.box))]
