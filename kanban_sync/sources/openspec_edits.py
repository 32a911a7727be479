"""Edits of the checkboxes of OpenSpec changes: a tick is put in or taken out, a line is added.

Imported only where a file is to be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.edits import AddTask, SetStatus
from kanban_sync.core.model import Status
from kanban_sync.sources.markdown import heading
from kanban_sync.sources.sections import named
from kanban_sync.sources.splicing import CannotError, Splice, Text

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import ParsedTask

BOXES_ALONE = "OpenSpec has boxes to tick, and no place for anything else"

GROUP_LEVEL = 2

LINE_END = r"\r?\n"
"""To OpenSpec a lone CR ends no line."""


def splices(
    text: str, edit: Edit, tasks: Sequence[ParsedTask], task_line: re.Pattern[str]
) -> list[Splice]:
    """Return what an edit replaces in a text.

    Args:
        text: The file without its byte order mark.
        edit: What is asked for.
        tasks: The tasks of the file, as they were read.
        task_line: What matches a line that is a task, with its ``mark``.

    Raises:
        CannotError: It cannot be written there.
    """
    lines = Text(text, LINE_END)
    if isinstance(edit, AddTask):
        return [_added(lines, edit, tasks, task_line)]
    if not isinstance(edit, SetStatus):
        raise CannotError(BOXES_ALONE)
    if edit.status not in {Status.TODO, Status.DONE}:
        raise CannotError(f"a checkbox of OpenSpec says todo or done, not {edit.status}")
    number = tasks[edit.place].line
    match = task_line.match(lines.line(number))
    if match is None:
        raise CannotError("its checkbox is not where it was read")
    start = lines.start(number)
    opening, closing = _brackets(match)
    if edit.status is Status.TODO or not match["mark"]:
        mark = "x" if edit.status is Status.DONE else " "
        return [Splice(start + opening + 1, start + closing, mark)]
    return [Splice(start + match.start("mark"), start + match.end("mark"), "x")]


def _brackets(match: re.Match[str]) -> tuple[int, int]:
    opening = match.string.index("[")
    return opening, match.string.index("]", opening)


def _added(
    lines: Text, edit: AddTask, tasks: Sequence[ParsedTask], task_line: re.Pattern[str]
) -> Splice:
    """Add a line behind the last task, or behind the last one of a group, marked like that."""
    if edit.id:
        raise CannotError("tasks of OpenSpec have no ids; begin the title with the number")
    groups = _groups(lines)
    line = _chosen(groups, edit.under) if edit.under else 0
    end = min((each for each in groups if each > line), default=lines.last + 1)
    inside = [task for task in tasks if not line or line < task.line < end]
    if not inside and line:
        is_apart = lines.is_blank(line + 1) and line + 1 < lines.last
        return lines.below(line + is_apart, [f"- [ ] {edit.title}"])
    if not inside:
        last = lines.last
        while last and lines.is_blank(last):
            last -= 1
        return lines.below(last, [*([""] if last else []), f"- [ ] {edit.title}"])
    last = inside[-1].line
    like = [each for each in inside if not lines.line(each.line)[:1].isspace()] or inside
    match = task_line.match(lines.line(like[-1].line))
    marker = match.string[: match.string.index("[")] if match else "- "
    while last < lines.last and lines.line(last + 1)[:1] in {" ", "\t"}:
        if lines.is_blank(last + 1):
            break
        last += 1
    return lines.below(last, [f"{marker}[ ] {edit.title}"])


def _chosen(groups: Mapping[int, str], under: str) -> int:
    """Return the line of the group that is meant."""
    index = named(list(groups.values()), under)
    if index is None:
        names = ", ".join(repr(each) for each in groups.values()) or "none"
        raise CannotError(f"no group is called {under!r}; the file has {names}")
    return list(groups)[index]


def _groups(lines: Text) -> dict[int, str]:
    """Return the headings ``##`` by their lines."""
    found = ((each, heading(lines.line(each))) for each in range(1, lines.last + 1))
    return {each: title[1] for each, title in found if title and title[0] == GROUP_LEVEL}
