"""Tables of tasks: one row each, as Mosaic writes them; columns in any order.

``| id | status | description | issue | agent | branch | depends_on | estimate | notes |``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.labelled import is_nothing, name_of, plain_id
from kanban_sync.sources.markdown import Kind
from kanban_sync.sources.numbering import leading_id, leading_number
from kanban_sync.sources.outline import Box, Taken, is_box
from kanban_sync.sources.patterns import pattern
from kanban_sync.sources.status_words import status_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.sources.markdown import Line

_RULE = pattern(r"\s*+\|?\s*+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?\s*+")
_PIPE = pattern(r"(?<!\\)\|")
_ID_COLUMNS = {"#", "no", "no.", "nr", "nr."}
_NAMES_OF_ANYTHING = {"name", "summary", "title", "titel", "titre", "título"}
_DEEPEST = 3
"""Blanks in front of a row of a table; more of them make a block of code."""

_TICK = pattern(r"[✅✓✔☑]\ufe0f?")
MOST_COLUMNS = 1000
"""A table with more is none of tasks; reading what its columns are called would take seconds."""

_WORD_ID = pattern(r"[\w.-]{1,80}")


class _Columns(NamedTuple):
    """What each column holds: its label, and what that means ('' for what nobody knows)."""

    labels: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def has_status(self) -> bool:
        return "status" in self.names


class Tables:
    """The dialect in which the row of a table is a task."""

    NAME = "table"

    def take(self, lines: Sequence[Line], *, certain: bool = False) -> Taken:
        """Take the tables that hold tasks."""
        if not any("|" in line.raw for line in lines):
            return Taken([], lines)
        boxes: list[Box] = []
        left: list[Line] = []
        heading = ""
        start = index = 0
        is_below_box = False
        while index < len(lines):
            line = lines[index]
            if line.kind is Kind.HEADING:
                heading = line.text
            if line.kind is Kind.ITEM:
                is_below_box = is_box(line.text)
            elif line.kind is not Kind.BLANK and not line.indent:
                is_below_box = False
            # What is indented below a box belongs to its task.
            end = 0 if is_below_box else _end_of_table(lines, index)
            rows = _rows(lines[index:end], heading, certain=certain) if end else []
            if rows:
                boxes += rows
                left += lines[start:index]
                start = end
            index = max(end, index + 1)
        return Taken(boxes, [*left, *lines[start:]])


def _end_of_table(lines: Sequence[Line], index: int) -> int:
    """Return where the table ends that begins here, 0 if none does."""
    if not _is_row(lines[index]) or index + 1 == len(lines):
        return 0
    if not (_is_row(lines[index + 1]) and _RULE.fullmatch(lines[index + 1].raw)):
        return 0
    end = index + 2
    while end < len(lines) and _is_row(lines[end]):
        end += 1
    return end


class Run(NamedTuple):
    """Rows one below the other: a table, or what looks like a part of one.

    ``names`` are what the first row would mean as a header, ``ids`` what the first cells hold.
    """

    rows: tuple[Line, ...]
    width: int
    names: tuple[str, ...]
    ids: tuple[str, ...]
    is_table: bool


def runs_of_rows(lines: Sequence[Line]) -> Iterator[Run]:
    """Yield the tables of a file, and the rows between them that begin with a bar."""
    index = 0
    while index < len(lines):
        end = _end_of_table(lines, index)
        is_table = end > 0
        if not is_table:
            end = index
            while end < len(lines) and _is_loose(lines[end]) and not _end_of_table(lines, end):
                end += 1
        if end > index and lines[index].raw.count("|") <= MOST_COLUMNS:
            rows = tuple(lines[index:end])
            cells = [_cells(row.raw) for row in rows]
            names = _columns(rows[0]).names
            yield Run(rows, len(cells[0]), names, tuple(_id_in(row[0]) for row in cells), is_table)
        index = max(end, index + 1)


def _is_loose(line: Line) -> bool:
    return _is_row(line) and line.raw.lstrip().startswith("|")


class Table(NamedTuple):
    """A table around a row: what its columns mean, and its rows of tasks."""

    names: tuple[str, ...]
    rows: tuple[Line, ...]


def table_around(lines: Sequence[Line], number: int) -> Table | None:
    """Return the table in which a line stands, counted from 1."""
    start = number - 1
    while start > 0 and _is_row(lines[start - 1]):
        start -= 1
    for index in range(start, number - 1):
        end = _end_of_table(lines, index)
        if end >= number:
            return Table(_columns(lines[index]).names, tuple(lines[index + 2 : end]))
    return None


def spans_of_cells(raw: str) -> list[tuple[int, int]]:
    """Return where the cells of a row begin and end, with the blanks around their words."""
    start = len(raw) - len(raw.lstrip())
    plain = raw.strip()
    if plain.startswith("|"):
        start, plain = start + 1, plain[1:]
    pipes = [match.start() for match in _PIPE.finditer(plain)]
    spans = list(zip([0, *(pipe + 1 for pipe in pipes)], [*pipes, len(plain)], strict=True))
    if plain.endswith("|") and len(spans) > 1:
        spans.pop()
    return [(start + begin, start + end) for begin, end in spans]


def escaped(words: str) -> str:
    """Return words as they stand in a cell."""
    return words.replace("|", "\\|")


def _is_row(line: Line) -> bool:
    return line.kind is Kind.TEXT and line.indent <= _DEEPEST and "|" in line.raw


def _rows(lines: Sequence[Line], heading: str, *, certain: bool) -> list[Box]:
    if lines[0].raw.count("|") > MOST_COLUMNS:
        return []
    columns = _columns(lines[0])
    if not ({"id", "title", "description"} & set(columns.names)):
        return []
    rows = [(line.number, _cells(line.raw)) for line in lines[2:]]
    if not certain and not _holds_tasks(columns, [cells for _, cells in rows]):
        return []
    boxes = (_box(number, cells, columns, heading) for number, cells in rows)
    return [box for box in boxes if box]


def _columns(line: Line) -> _Columns:
    labels = tuple(cell.strip("*_` ") for cell in _cells(line.raw))
    names = ["id" if label.lower() in _ID_COLUMNS else name_of(label) for label in labels]
    # "Task | Title | Status": of two columns that could be the title, the first is the id.
    if "id" not in names and names.count("title") > 1:
        names[names.index("title")] = "id"
    return _Columns(labels, tuple(names))


def _holds_tasks(columns: _Columns, rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether rows are tasks: they have ids or statuses, or the table says that they are."""
    # One is enough, and most rows of a table of tasks have one.
    ids = (_id_in(value) for value in _column(columns, "id", rows))
    if columns.has_status:
        if any(ids) or _is_of_tasks(columns):
            return True
        words = [word for word in _column(columns, "status", rows) if not is_nothing(word)]
        known = sum(status_in(word) is not None for word in words)
        return known > 0 and 2 * known >= len(words)
    has_title = bool({"title", "description"} & set(columns.names))
    return has_title and any(each and leading_id(f"{each}:") for each in ids)


def _is_of_tasks(columns: _Columns) -> bool:
    """Tell whether a column is headed as tasks are; people and parts have names and statuses too.

    With it in the header one word that nobody knows does not make all rows vanish.
    """
    return any(
        name == "title" and label.lower() not in _NAMES_OF_ANYTHING
        for label, name in zip(columns.labels, columns.names, strict=True)
    )


def _column(columns: _Columns, name: str, rows: Sequence[Sequence[str]]) -> list[str]:
    if name not in columns.names:
        return []
    index = columns.names.index(name)
    return [cells[index] for cells in rows if index < len(cells)]


def _box(number: int, cells: Sequence[str], columns: _Columns, heading: str) -> Box | None:
    """Return the task of a row; None for one that sums up several, or is empty."""
    values = list(zip(columns.labels, columns.names, cells, strict=False))
    row_id, is_ticked = "", False
    kept: list[tuple[str, str]] = []
    for label, name, value in values:
        if name == "id" and not row_id:
            row_id = _id_in(value)
            is_ticked = _TICK.search(value) is not None
            if not row_id and not is_nothing(value):
                return None
        elif not is_nothing(value):
            kept.append((label, value))
    words = {name_of(label): value for label, value in reversed(kept)}
    title = words.get("title") or words.get("description") or row_id
    if not title or (not row_id and not columns.has_status):
        return None
    number_only = leading_number(f"{row_id}.") == row_id
    return Box(
        line=number,
        mark="x" if is_ticked else "",
        text=title if not (row_id and number_only) else f"{row_id}. {title}",
        heading=heading,
        priority="",
        id="" if number_only else row_id,
        values=kept,
        has_mark=is_ticked,
    )


def _id_in(cell: str) -> str:
    """Return the id of a cell; '' where it names none, or several."""
    plain = _TICK.sub("", cell).strip()
    leading = leading_id(plain.strip("*`_~ "))
    if leading:
        return leading.id
    word = plain_id(plain)
    return word if _WORD_ID.fullmatch(word) else ""


def _cells(raw: str) -> list[str]:
    plain = raw.strip().removeprefix("|")
    cells = _PIPE.split(plain)
    if plain.endswith("|") and len(cells) > 1:
        cells.pop()
    return [cell.strip().replace("\\|", "|") for cell in cells]
