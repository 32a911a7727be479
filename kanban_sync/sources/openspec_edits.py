"""Edits of the checkboxes of OpenSpec changes: a tick is put in or taken out, a line is added.

Imported only where a file is to be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.edits import AddTask, SetStatus
from kanban_sync.core.model import Status
from kanban_sync.sources.markdown import heading
from kanban_sync.sources.splicing import CannotError, Splice, Text, one_line

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import ParsedTask

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
        raise CannotError("OpenSpec has boxes to tick, and no place for anything else")
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
    title = one_line(edit.title, "a title")
    if edit.id:
        raise CannotError("tasks of OpenSpec have no ids; begin the title with the number")
    inside = [task for task in tasks if not edit.under or _is_called(task.group, edit.under)]
    if not inside and edit.under:
        return _first(lines, edit.under, title)
    if not inside:
        last = lines.last
        while last and lines.is_blank(last):
            last -= 1
        return lines.below(last, [*([""] if last else []), f"- [ ] {title}"])
    last = inside[-1].line
    like = [each for each in inside if not lines.line(each.line)[:1].isspace()] or inside
    match = task_line.match(lines.line(like[-1].line))
    marker = match.string[: match.string.index("[")] if match else "- "
    while last < lines.last and lines.line(last + 1)[:1] in {" ", "\t"}:
        if lines.is_blank(last + 1):
            break
        last += 1
    return lines.below(last, [f"{marker}[ ] {title}"])


def _first(lines: Text, under: str, words: str) -> Splice:
    """Add the first task of a group."""
    for number in range(1, lines.last + 1):
        found = heading(lines.line(number))
        if found and found[0] == 2 and _is_called(found[1], under):  # noqa: PLR2004 - ``##``
            is_apart = lines.is_blank(number + 1) and number + 1 < lines.last
            return lines.below(number + is_apart, [f"- [ ] {words}"])
    raise CannotError(f"no group of this file is called {under!r}")


def _is_called(group: str, under: str) -> bool:
    return group.casefold().startswith(under.strip("# ").casefold())
