"""What stands in a Markdown file and is read as no task, though its author may think so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanban_sync.core.findings import (
    BAD_UTF8,
    LEGEND,
    LOOSE_ROW,
    NOTHING_READ,
    STRAY_ID,
    UNKNOWN_COLUMN,
)
from kanban_sync.core.model import Document, Problem
from kanban_sync.sources.kanban_headings import KanbanHeadings, columns_in
from kanban_sync.sources.markdown import Kind, decode, scan
from kanban_sync.sources.markdown_dialects import CHECKBOXES, lines_of_columns
from kanban_sync.sources.outline import is_box, legend_lines
from kanban_sync.sources.patterns import pattern
from kanban_sync.sources.sections import section_at
from kanban_sync.sources.status_words import CORE, status_in
from kanban_sync.sources.tables import runs_of_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kanban_sync.sources.markdown import Line

_UNSEEN = str.maketrans(
    {"\u00a0": " ", "\\": None, **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff")}
)
_BOX = pattern(r"\s*(?:<!--\s*)?(?:(?:[-*+]|[0-9]{1,9}[.)])\s+(?:\[[ xX~]?\]|[☐☑☒])|[☐☑☒])\s*\S")
_FIELD = pattern(
    r"\s*(?:[-*+]\s+)?(?:\*\*|__)(?:id|status|blocked by|depends on|tags)(?:[:：]|\*\*|__)",  # noqa: RUF001
    re.IGNORECASE,
)
_ASIDE = pattern(
    r"\W*(?:notes?|links?|references?|resources|legend|rules|about|overview|goals?|risks?"
    r"|hinweise?|notizen|ziele)\b",
    re.IGNORECASE,
)
_LEGEND = pattern(r"legend|rules|凡例", re.IGNORECASE)
_HEADER = 2
"""Rows that a table has without any task: its header, and the rule below it."""

_PLACEHOLDER = pattern(r"[\w./-]*\w")


def bad_utf8(path: str, data: bytes) -> Iterator[Problem]:
    """Yield the first byte that is none of UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is no UTF-8 here (byte {data[error.start]:#x}), and is shown as '\ufffd' on cards"
        yield Problem(path, line, f"{what}; save the file as UTF-8.", code=BAD_UTF8)


def unread(path: str, data: bytes, document: Document) -> Iterator[Problem]:
    """Yield what is read as no task in a file that was read."""
    text = decode(data)
    if not document.tasks:
        yield from _no_tasks(path, text)
        return
    if b"**" in data or b"__" in data:
        yield from _stray_ids(path, text, document)
    lines = scan(text).lines if "|" in text or KanbanHeadings.NAME in document.dialect else ()
    if _LEGEND.search(text):
        yield from _legends(path, lines or scan(text).lines)
    if "|" in text:
        yield from _loose_rows(path, lines, document)
    if KanbanHeadings.NAME in document.dialect:
        left = lines_of_columns(lines)
        starts = {each.start for each in columns_in(left)}
        yield from _unknown_columns(path, left, starts, document)


def _legends(path: str, lines: Sequence[Line]) -> Iterator[Problem]:
    """Yield boxes that count as lines of a legend, though it explains their mark already."""
    explained: set[str] = set()
    for number, mark in legend_lines(lines):
        if mark in explained:
            what = f"this box counts as a line of a legend, which has told [{mark or ' '}] already"
            remedy = "if it is a task, move it below another heading"
            yield Problem(path, number, f"{what}; {remedy}.", code=LEGEND, word=mark)
        explained.add(mark)


def _no_tasks(path: str, text: str) -> Iterator[Problem]:
    lines = scan(text).lines
    # A column may be called so in vain, where it is the only one.
    columns = {
        index
        for index, line in enumerate(lines)
        if line.kind is Kind.HEADING and status_in(line.text) in CORE
    }
    yield from _unknown_columns(path, lines, columns, Document())
    for run in runs_of_rows(lines) if "|" in text else ():
        if run.is_table and len(run.rows) > _HEADER and {"id", "status"} & {*run.names}:
            what = "no row of this table is read as a task"
            remedy = "name its columns 'id', 'status' and 'description'"
            number = run.rows[0].number
            yield Problem(path, number, f"{what}; {remedy}.", code=NOTHING_READ)
    found = (
        line.number
        for line in lines
        if _FIELD.match(line.raw)
        or (not _is_seen(line) and _BOX.match(line.raw.translate(_UNSEEN)))
    )
    line = next(found, 0)
    if line:
        what = "has fields, ids or boxes from here on, but no task was read"
        remedy = "write tasks as '- [ ] words', outside of code and comments"
        yield Problem(path, line, f"{what}; {remedy}.", code=NOTHING_READ)


def _is_seen(line: Line) -> bool:
    """Tell whether a line has a box, or quotes one: in a legend it is none on purpose."""
    return line.kind is Kind.QUOTE or (line.kind is Kind.ITEM and is_box(line.text))


def _stray_ids(path: str, text: str, document: Document) -> Iterator[Problem]:
    """Yield fields with ids that no task has, where boxes are the tasks."""
    from kanban_sync.sources.written_ids import in_fields  # noqa: PLC0415 - few files have any

    if not any(name in CHECKBOXES for name in document.dialect.split(", ")):
        return
    ids = {task.id for top in document.tasks for task in top.walk()}
    for name, line in in_fields(text).items():
        if name not in ids and _PLACEHOLDER.fullmatch(name):
            what = f"the id {name} stands here, and no task with it is read"
            remedy = "give the task its box '- [ ]' outside of code and comments, or take the id"
            yield Problem(path, line, f"{what}; {remedy} out.", code=STRAY_ID, word=name)


def _loose_rows(path: str, lines: Sequence[Line], document: Document) -> Iterator[Problem]:
    """Yield rows that belong to no table, where tasks are written like that."""
    every = [task for top in document.tasks for task in top.walk()]
    numbers = {task.line for task in every}
    known = {task.id for task in every if task.id} | {x for task in every for x in task.depends_on}
    above, end = 0, 0
    for run in runs_of_rows(lines):
        first = run.rows[0].number
        is_cut = run.width == above and all(
            each.kind is Kind.BLANK for each in lines[end : first - 1]
        )
        named = next((each for each in run.ids if each in known), "")
        has_header = len(run.rows) > 1 and "status" in run.names and {"id", "title"} & {*run.names}
        if run.is_table:
            above = run.width if any(row.number in numbers for row in run.rows) else 0
            end = run.rows[-1].number
        elif is_cut or named or has_header:
            what = "this row is in no table, so it is no task"
            remedy = "take the blank line above it out, or give it a header and a row '|---|'"
            yield Problem(path, first, f"{what}; {remedy}.", code=LOOSE_ROW, word=named)


def _unknown_columns(
    path: str, left: Sequence[Line], starts: Collection[int], document: Document
) -> Iterator[Problem]:
    """Yield headings beside columns with items below them, of which none is a task."""
    level = min((left[each].level for each in starts), default=0)
    numbers = {task.line for top in document.tasks for task in top.walk()}
    for index, line in enumerate(left):
        is_beside = line.kind is Kind.HEADING and line.level == level and index not in starts
        if not is_beside or _ASIDE.match(line.text):
            continue
        section = [left[each] for each in section_at(left, index)]
        items = [
            each
            for each in section
            if each.kind is Kind.ITEM and not each.indent and not is_box(each.text)
        ]
        if items and not any(each.number in numbers for each in section):
            what = f"{line.text!r} is the name of no column, so the items below it are no tasks"
            remedy = "call it as a status, or give them boxes"
            yield Problem(
                path, line.number, f"{what}; {remedy}.", code=UNKNOWN_COLUMN, word=line.text
            )
