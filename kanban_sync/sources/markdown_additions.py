"""Adding a task to a Markdown file, in the manner of the task that it is put behind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status
from kanban_sync.sources import table_edits
from kanban_sync.sources.column_edits import column_for
from kanban_sync.sources.heading_tasks import HeadingTasks, names_itself
from kanban_sync.sources.kanban_headings import KanbanHeadings
from kanban_sync.sources.markdown import words_at
from kanban_sync.sources.markdown_dialects import NUMBERED, V1
from kanban_sync.sources.numbering import leading_id, leading_number
from kanban_sync.sources.outline import mark_in
from kanban_sync.sources.sections import named
from kanban_sync.sources.splicing import CannotError, Splice
from kanban_sync.sources.status_words import word_for
from kanban_sync.sources.tables import Tables

if TYPE_CHECKING:
    from kanban_sync.core.edits import AddTask
    from kanban_sync.sources.checkboxes import Standing
    from kanban_sync.sources.editable_markdown import Editable, Section


def add(file: Editable, edit: AddTask) -> list[Splice]:
    """Add a task behind the last one of the file, of its column for what is to do, or of a group.

    Raises:
        CannotError: There is no such group, or no place for what is to be said.
    """
    section = _section(file, edit.under) if edit.under else _column(file)
    if section and any(each.box.line == section.first for each in file.tops):
        raise CannotError(f"{section.words!r} is a task itself; name a heading above it")
    inside = [each for each in file.tops if section is None or each.box.line in section]
    like = inside[-1] if inside else None
    if like is None:
        block = _item(file, file.tops[-1] if file.tops else None, edit)
        if section is not None:
            return [file.below_heading(section, block)]
        last = file.text.last
        while last and file.text.is_blank(last):
            last -= 1
        return [file.text.below(last, ["", *block] if last else block)]
    if like.dialect == Tables.NAME:
        return table_edits.add_row(file, like.box, edit)
    if like.dialect == HeadingTasks.NAME:
        return [_heading(file, like, edit)]
    is_loose = len(inside) > 1 and file.text.is_blank(like.box.line - 1)
    is_loose = is_loose and inside[-2].box.heading == like.box.heading
    block = _item(file, like, edit)
    return [file.text.below(file.last_of(like.box), [""] * is_loose + block)]


def _section(file: Editable, under: str) -> Section | None:
    """Return the section that is meant: by the words of its heading, or by how they begin.

    Of one with columns inside it, that for what is to do.
    """
    sections = list(file.sections())
    index = named([each.words for each in sections], under)
    if index is None:
        names = ", ".join(repr(each.words) for each in sections) or "none"
        raise CannotError(f"no heading is called {under!r}; the file has {names}")
    section = sections[index]
    columns = file.columns()
    inside = [each for each in columns if section.first < each.first <= section.last]
    if inside:
        return column_for(inside, Status.TODO, needed=False) or column_for(inside, Status.BACKLOG)
    status = next((each.status for each in columns if each.first == section.first), None)
    if status is not None and status.is_over:
        raise CannotError(f"what stands below {section.words!r} is {status}; name another column")
    return section


def _column(file: Editable) -> Section | None:
    """Return the column for what is to do, None where the last task stands in no column."""
    last = file.tops[-1] if file.tops else None
    columns = file.columns()
    if last and last.dialect not in {KanbanHeadings.NAME, HeadingTasks.NAME}:
        return None
    if last and not any(last.box.line in column for column in columns):
        return None
    if not columns:
        return None
    found = column_for(columns, Status.TODO, needed=False)
    return found or column_for(columns, Status.BACKLOG)


def _item(file: Editable, like: Standing | None, edit: AddTask) -> list[str]:
    """Return the lines of a new item, marked and indented like another one."""
    marker, box, dialect = "- ", "[ ] ", file.fixed
    indent = 2
    if like is not None and like.dialect not in {Tables.NAME, HeadingTasks.NAME}:
        line = file.lines[like.box.line - 1]
        start = words_at(line.raw)
        marker, dialect, indent = line.raw[:start], like.dialect, line.content
        mark = mark_in(line.raw[start:])
        box = "[ ] " if mark else ""
    if dialect != V1:
        is_needed = not edit.id and not file.fixed and dialect == NUMBERED
        number = _number_like(file, like) if is_needed and like else ""
        return [f"{marker}{box}{f'{edit.id}: ' if edit.id else number}{edit.title}"]
    white = marker[: len(marker) - len(marker.lstrip())]
    inner = white + " " * (indent - len(white.expandtabs(4)))
    own = [f"{inner}- **ID**: {edit.id}"] if edit.id else []
    return [f"{marker}{box}{edit.title}", *own]


def _number_like(file: Editable, like: Standing) -> str:
    """Return what to put in front of new words, that the file stays numbered; '' if it does so."""
    texts = [each.box.text for each in file.tops if each.dialect == NUMBERED]
    every = [_own(each.box.text) for each in file.standing]
    found = sum(bool(_own(text)) for text in texts)
    text = like.box.text if _own(like.box.text) else next(filter(_own, texts), "")
    own = _own(text)
    number = re.search(r"[0-9]+(?=[a-z]?$)", own)
    if 2 * found > len(texts) + 1 or number is None:
        return ""
    start = own[: number.start()]
    taken = [each[len(start) :] for each in every if each.startswith(start)]
    highest = max((int(each) for each in taken if each.isdecimal()), default=int(number[0]))
    new = f"{start}{str(highest + 1).zfill(len(number[0]))}"
    before, _, after = text.partition(own)
    gap = re.match(r"[^\w\s\[(]*\s*", after)
    return f"{before}{new}{gap[0] if gap else ''}"


def _own(text: str) -> str:
    """Return the id or the number that a task's words begin with, '' for none."""
    leading = leading_id(text)
    return leading.id if leading else leading_number(text)


def _heading(file: Editable, like: Standing, edit: AddTask) -> Splice:
    """Return a new section behind another one, with a line for its status where that has one."""
    section = file.section_of(like.box.line)
    level = file.lines[section.first - 1].level
    words = f"{edit.id}: {edit.title}" if edit.id else edit.title
    block = ["", f"{'#' * level} {words}"]
    in_column = any(section.first in column for column in file.columns())
    if not (in_column or file.fixed or names_itself(words)):
        raise CannotError("a heading is a task by its id, as 'T-12: …' or 'Task 3: …'; give one")
    if not in_column or file.value_of(like.box, "status") is not None:
        word = word_for(Status.TODO, file.words_for(like.dialect), "-")
        block.append(file.like(like.box, "Status", word))
    last = section.last
    while file.text.is_blank(last):
        last -= 1
    return file.text.below(last, block)
