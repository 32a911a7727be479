"""Which parts of a Markdown file are written in which dialect, and the tasks that stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.equal_headings import tell_apart
from kanban_sync.sources.fields import read_fields
from kanban_sync.sources.heading_tasks import HeadingTasks
from kanban_sync.sources.kanban_headings import KanbanHeadings
from kanban_sync.sources.numbering import leading_id, leading_number
from kanban_sync.sources.outline import Taken, boxes
from kanban_sync.sources.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.model import Ways
    from kanban_sync.sources.markdown import Line
    from kanban_sync.sources.outline import Box

V1 = "v1.0"
NUMBERED = "numbered"
PLAIN = "plain"

CHECKBOXES = (V1, NUMBERED, PLAIN)
"""The dialects in which each checkbox is a task, and nothing else is."""


class Dialect(Protocol):
    """A way to write tasks in Markdown."""

    NAME: str
    """What ``status`` and the settings call it."""

    def take(self, lines: Sequence[Line], *, certain: bool = False) -> Taken:
        """Take the parts of a file that are written so, and leave the rest.

        Args:
            lines: The lines that no other dialect has taken.
            certain: Whether the settings say that the file is written so.
        """
        ...


class Checkboxes:
    """The dialect in which a checkbox is a task, whatever stands above it."""

    NAME = PLAIN

    def take(self, lines: Sequence[Line], *, certain: bool = False) -> Taken:  # noqa: ARG002
        """Take all boxes; no line is left."""
        return Taken(boxes(lines), ())


DIALECTS: Mapping[str, Dialect] = {
    HeadingTasks.NAME: HeadingTasks(),
    Tables.NAME: Tables(),
    KanbanHeadings.NAME: KanbanHeadings(),
    V1: Checkboxes(),
    NUMBERED: Checkboxes(),
    PLAIN: Checkboxes(),
}
"""All that settings may name; those that take parts of a file are asked in this order."""


class SortedOut(NamedTuple):
    """The tasks of a file by dialect, in the order of the file.

    ``twins`` are rows of a table with the boxes that stand for the same tasks; what is below a box
    is below its row now. ``ways`` are the document's.
    """

    by_dialect: Mapping[str, list[Box]]
    twins: tuple[tuple[Box, Box], ...] = ()
    ways: Ways = ()

    @property
    def boxes(self) -> list[tuple[str, Box]]:
        """All tasks with the name of their dialect, by line."""
        found = [(name, box) for name, each in self.by_dialect.items() for box in each]
        return sorted(found, key=lambda pair: pair[1].line)

    @property
    def name(self) -> str:
        """What to call the file's dialect: all names, in the order in which they occur."""
        names = dict.fromkeys(name for name, _ in self.boxes)
        return ", ".join(names or self.by_dialect) or PLAIN


def sort_out(lines: Sequence[Line], fixed: str = "") -> SortedOut:
    """Find the tasks of a file; those under headings that are called alike are told apart.

    Args:
        lines: All lines of a file.
        fixed: The one dialect that the settings name, '' where they leave it open.
    """
    found = _sort_out(lines, fixed)
    boxes_found = (box for _, box in found.boxes)
    ways = tell_apart(lines, boxes_found, has_columns=fixed == KanbanHeadings.NAME)
    return found._replace(ways=ways)


def _sort_out(lines: Sequence[Line], fixed: str) -> SortedOut:
    """Find the dialects of a file's parts by what stands in them."""
    if fixed:
        taken = DIALECTS[fixed].take(lines, certain=True)
        return SortedOut({fixed: taken.boxes})
    headings = DIALECTS[HeadingTasks.NAME].take(lines)
    tables = DIALECTS[Tables.NAME].take(headings.left)
    plain = boxes(tables.left)
    columns = Taken([], ())
    is_v1 = _is_v1(plain)
    if not is_v1:
        columns = DIALECTS[KanbanHeadings.NAME].take(tables.left)
        plain = boxes(columns.left) if columns.boxes else plain
    name = V1 if is_v1 else name_for(plain)
    sections = {box.line for _, box in _twins(tables.boxes, headings.boxes)}
    twins = () if is_v1 else _twins(tables.boxes, [*columns.boxes, *plain])
    told = {box.line for _, box in twins}
    found = {
        HeadingTasks.NAME: [box for box in headings.boxes if box.line not in sections],
        Tables.NAME: tables.boxes,
        KanbanHeadings.NAME: [box for box in columns.boxes if box.line not in told],
        name: [box for box in plain if box.line not in told],
    }
    return SortedOut({each: tasks for each, tasks in found.items() if tasks}, twins)


def lines_of_columns(lines: Sequence[Line], fixed: str = "") -> Sequence[Line]:
    """Return the lines in which columns are looked for: what headings and tables leave."""
    if fixed:
        return lines
    left = DIALECTS[HeadingTasks.NAME].take(lines).left
    return DIALECTS[Tables.NAME].take(left).left


def _twins(rows: Iterable[Box], found: Sequence[Box]) -> tuple[tuple[Box, Box], ...]:
    """Put boxes below the rows of the same id; a row without a status takes its box's."""
    by_name = {name: row for row in rows if (name := _name(row))}
    twins: list[tuple[Box, Box]] = []
    for box in found if by_name else ():
        row = by_name.pop(_name(box), None)
        if row is not None:
            twins.append((row, box))
            row.below += box.below
            row.body += box.body
            row.at += box.at
            row.word = row.word or box.word
            if not row.has_mark:
                row.mark = box.mark
    return tuple(twins)


def _name(box: Box) -> str:
    """Return what tells a task of a file wherever it stands: an id, or a number with its words."""
    leading = None if box.id else leading_id(box.text)
    if box.id or leading:
        return box.id or (leading.id if leading else "")
    return box.text.casefold() if leading_number(box.text) else ""


def _is_v1(found: Iterable[Box]) -> bool:
    """Tell whether boxes are v1.0's: below a priority, or with its labels for machines."""
    return any(box.priority or read_fields(box.body).is_v1 for box in found)


def name_for(found: Sequence[Box], besides: int = 0) -> str:
    """Tell whether most checkboxes begin with a number or an id.

    Args:
        found: Checkboxes.
        besides: How many more there are, none of which does.
    """
    named = sum(bool(leading_id(box.text) or leading_number(box.text)) for box in found)
    return NUMBERED if 2 * named > len(found) + besides else PLAIN
