"""Kanban headings: a column is a heading such as ``## To Do``, each item below it is a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.sources.markdown import Kind
from kanban_sync.sources.outline import Box, Taken, bullets
from kanban_sync.sources.sections import section_at
from kanban_sync.sources.status_words import CORE, status_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.sources.markdown import Line

COLUMN_LEVEL = 2
"""Of a file that is said to have columns, the headings ``##`` are the columns."""


class KanbanHeadings:
    """The dialect in which a heading is a column."""

    NAME = "kanban"

    def take(self, lines: Sequence[Line], *, certain: bool = False) -> Taken:
        """Take the columns with their items."""
        boxes: list[Box] = []
        left: list[Line] = []
        end = 0
        for column in columns_of(lines, certain=certain):
            left += lines[end : column.start]
            heading = lines[column.start]
            section = lines[column.start : column.stop]
            boxes += bullets(section, heading.level, heading.text)
            end = column.stop
        return Taken(boxes, [*left, *lines[end:]])


def columns_in(lines: Sequence[Line]) -> list[range]:
    """Return the columns of a file, as ranges of its lines, heading first.

    A file has columns if headings of one level are called after two of backlog, to do, in progress
    and done: words like "Review" alone are the names of phases too.
    """
    headings = [index for index, line in enumerate(lines) if line.kind is Kind.HEADING]
    statuses = {index: status_in(lines[index].text) for index in headings}
    for level in sorted({lines[index].level for index in headings}):
        found = [each for each in headings if lines[each].level == level and statuses[each]]
        if len({statuses[each] for each in found} & CORE) > 1:
            return [section_at(lines, each) for each in found]
    return []


def columns_of(lines: Sequence[Line], *, certain: bool) -> list[range]:
    """Return the columns of a file; of one that is ``certain`` to have some, every ``##``."""
    return _all_columns(lines) if certain else columns_in(lines)


def _all_columns(lines: Sequence[Line]) -> list[range]:
    return [
        section_at(lines, index)
        for index, line in enumerate(lines)
        if line.kind is Kind.HEADING and line.level == COLUMN_LEVEL
    ]
