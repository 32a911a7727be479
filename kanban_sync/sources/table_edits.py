"""Edits of tables of tasks: a cell is replaced, and its column keeps its width where that fits."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status
from kanban_sync.sources.box_tasks import MARKS
from kanban_sync.sources.labelled import is_nothing, names_several
from kanban_sync.sources.splicing import CannotError, Splice, refuse_to_lose, splice
from kanban_sync.sources.status_words import says_more, word_again, word_for
from kanban_sync.sources.tables import Table, escaped, spans_of_cells, table_around

if TYPE_CHECKING:
    from kanban_sync.core.edits import AddTask
    from kanban_sync.sources.editable_markdown import Editable
    from kanban_sync.sources.outline import Box

_WIDE = frozenset("WF")


def set_status(file: Editable, box: Box, status: Status, word: str | None) -> list[Splice]:
    """Write a status into its cell; a box elsewhere that stands for the same task is ticked too.

    ``word`` is what stood there before, if that is known.
    """
    table = _table(file, box)
    twin = next((other for row, other in file.twins if row is box), None)
    if "status" not in table.names:
        ticked = file.tick(twin, done=status is Status.DONE) if twin else []
        if not ticked or status not in {Status.TODO, Status.DONE}:
            raise CannotError("its table has no column for the status; add a column 'status'")
        return ticked
    before = _said(file, box, table, "status")
    refuse_to_lose(before, is_more=says_more(before))
    words = [_words(row.raw, table.names.index("status")) for row in table.rows]
    said = word_again(word, status) or word_for(status, words, "-")
    found = [_put(file, box, table, "status", said)]
    if twin and MARKS.get(twin.mark, Status.TODO).is_over is not status.is_over:
        found += file.tick(twin, done=True) if status.is_over else file.clear(twin)
    return found


def assign(file: Editable, box: Box, name: str) -> list[Splice]:
    """Write a name into the cell for the assignee; '' empties it as other rows are."""
    table = _table(file, box)
    if "assignee" not in table.names:
        raise CannotError("its table has no column for the assignee; add a column 'agent'")
    words = name or _nothing(table, "assignee")
    before = _said(file, box, table, "assignee")
    refuse_to_lose(before, is_more=names_several(before))
    return [_put(file, box, table, "assignee", f"@{name}" if before[:1] == "@" and name else words)]


def add_row(file: Editable, box: Box, edit: AddTask) -> list[Splice]:
    """Add a row below another one, as wide as that."""
    table = _table(file, box)
    raw = file.lines[box.line - 1].raw
    spans = spans_of_cells(raw)
    title = "title" if "title" in table.names else "description"
    said = {"id": edit.id, title: edit.title, "status": ""}
    if "status" in table.names:
        used = [_words(row.raw, table.names.index("status")) for row in table.rows]
        said["status"] = word_for(Status.TODO, used, "-")
    if title not in table.names or len(spans) <= table.names.index(title):
        raise CannotError("its table has no column for the title; add a column 'title'")
    if edit.id and "id" not in table.names:
        raise CannotError("its table has no column for the id; add a column 'id'")
    if not edit.id and "status" not in table.names:
        raise CannotError("a row without a status is a task by its id only; give one")
    cells: list[Splice] = []
    for index, (name, span) in enumerate(zip(table.names, spans, strict=False)):
        is_first = table.names.index(name) == index
        words = said.pop(name, "") if name and is_first else ""
        filled = _filled(raw[slice(*span)], escaped(words or _nothing_in(table, index)))
        cells.append(Splice(*span, filled))
    return [file.text.below(box.line, [splice(raw, cells)])]


def _table(file: Editable, box: Box) -> Table:
    table = table_around(file.lines, box.line)
    if table is None:
        raise CannotError("it stands in no table any more")
    return table


def _said(file: Editable, box: Box, table: Table, name: str) -> str:
    """Return the words of the cell that counts."""
    raw = file.lines[box.line - 1].raw
    return _words(raw, _column(raw, table, name))


def _column(raw: str, table: Table, name: str) -> int:
    """Return the column that counts: the first in which a row says something."""
    columns = [index for index, each in enumerate(table.names) if each == name]
    filled = [each for each in columns if not is_nothing(_words(raw, each))]
    return (filled or columns)[0]


def _put(file: Editable, box: Box, table: Table, name: str, words: str) -> Splice:
    raw = file.lines[box.line - 1].raw
    spans = spans_of_cells(raw)
    index = _column(raw, table, name)
    if index >= len(spans):
        raise CannotError(f"its row ends before the column for the {name}; add the cells")
    start, end = spans[index]
    return file.splice_in(box.line, start, end, _filled(raw[start:end], escaped(words)))


def _filled(cell: str, words: str) -> str:
    """Return a cell with other words: as wide as before, where they fit."""
    plain = cell.strip()
    if not plain:
        return _filled_first(cell, words)
    left = len(cell) - len(cell.lstrip())
    right = len(cell) - left - len(plain)
    room = left + _width(plain) + right - _width(words)
    if left > max(right, 1):
        # Words on the right stay there.
        return " " * max(room - right, min(left, 1)) + words + " " * right
    return " " * left + words + " " * max(room - left, min(right, 1))


def _filled_first(cell: str, words: str) -> str:
    """Return an empty cell with words, which have a blank on both sides if there was any."""
    gap = cell[:1]
    room = len(cell) - len(gap) - _width(words)
    return f"{gap}{words}{' ' * max(room, len(gap))}" if words else cell


def _width(words: str) -> int:
    """Return how many columns of a terminal words take."""
    return sum(1 + (unicodedata.east_asian_width(char) in _WIDE) for char in words)


def _words(raw: str, index: int) -> str:
    """Return the words of a cell, '' for one that a short row does not have."""
    spans = spans_of_cells(raw)
    return raw[slice(*spans[index])].strip() if index < len(spans) else ""


def _nothing(table: Table, name: str) -> str:
    return _nothing_in(table, table.names.index(name))


def _nothing_in(table: Table, index: int) -> str:
    """Return how a column says that there is nothing, '' where no row shows it."""
    words = (_words(row.raw, index) for row in table.rows)
    return next((word for word in words if word and is_nothing(word)), "")
