"""The checkboxes of a Markdown file as people mean them: under headings, one below the other.

Boxes in code, comments and quotes are no tasks, nor are lines of a legend: a status each.
"""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.labelled import split
from kanban_sync.sources.markdown import Kind, dedented
from kanban_sync.sources.patterns import pattern
from kanban_sync.sources.status_words import explains

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_sync.sources.markdown import Line

# A digit is a reference in a list of literature; "(", "[" and ":" after the box make it a link.
_BOX = pattern(r"\[\s*+((?:[^\]\s0-9]\ufe0f?)?)\s*+\](?![(\[:])\*?\s*+(.*)")
_LEGEND = pattern(
    r"[\W_]*(?:.{0,30}\blegend|.{0,10}凡例.*|(?:(?:status|task|file|house)\s+)?rules)[\W_]*",
    re.IGNORECASE,
)
_LEGEND_LINE = pattern(r"[\W_]*(?:\w+\s+)?legend[\W_]*|[\W_]*凡例[\W_]*", re.IGNORECASE)
_LONGEST_LEGEND = 60
_PRIORITY = pattern(r"\W*P([0-3])(?!\w|\.\w)")
_WORDS = {Kind.ITEM, Kind.TEXT, Kind.QUOTE}
# A rule across the page or a block of HTML: no words that go on.
_BREAK = pattern(r" {0,3}(?:(?:[-*_][ \t]*){3,}|<[A-Za-z/!?].*)")
_CODE_INDENT = 4

DEEPEST = 16
"""Boxes that are nested deeper stand beside the deepest: nobody's indentation exhausts us."""


class Box:
    """A checkbox and what stands below it.

    ``priority`` is the digit of the nearest heading ``P0`` … ``P3``. ``body`` are the lines below
    it that are no boxes, as if the box's words began in the first column; ``at`` are their numbers
    in the file, 0 for a blank one. ``word`` is what its column, its heading or its row calls its
    status; ``id`` and ``values`` are what a heading or a row says besides. ``has_mark`` is False
    for what is a task without a checkbox.
    """

    __slots__ = (
        *("at", "below", "body", "has_mark", "heading", "id", "line"),
        *("mark", "priority", "text", "values", "word"),
    )

    def __init__(  # noqa: PLR0913 - what a box consists of; a dataclass takes long to import
        self,
        line: int,
        mark: str,
        text: str,
        heading: str,
        priority: str,
        *,
        word: str = "",
        id: str = "",  # noqa: A002 - its name
        values: Sequence[tuple[str, str]] = (),
        has_mark: bool = True,
    ) -> None:
        self.line = line
        self.mark = mark
        self.text = text
        self.heading = heading
        self.priority = priority
        self.body: list[str] = []
        self.at: list[int] = []
        self.below: list[Box] = []
        self.word = word
        self.id = id
        self.values = list(values)
        self.has_mark = has_mark

    @property
    def last(self) -> int:
        """The last line of what stands below it."""
        return max([self.line, *self.at, *(box.last for box in self.below)])


class Taken(NamedTuple):
    """What a dialect made of lines: its tasks, and the lines that it leaves to others."""

    boxes: list[Box]
    left: Sequence[Line]


class _Open(NamedTuple):
    """A list item that later lines may belong to, and the box they belong to (None: nobody's)."""

    reach: int
    content: int
    box: Box | None


def boxes(lines: Iterable[Line]) -> list[Box]:
    """Return the top-level boxes of a file in order."""
    reader = _Reader()
    for line in lines:
        reader.take(line)
    return reader.found


def legend_lines(lines: Iterable[Line]) -> list[tuple[int, str]]:
    """Return the numbers of the lines that only say what a mark means, with the mark."""
    reader = _Reader()
    for line in lines:
        reader.take(line)
    return reader.legend


def bullets(lines: Iterable[Line], level: int, word: str) -> list[Box]:
    """Return the top-level items of a column as tasks, with or without a checkbox.

    Args:
        lines: The column, its heading first.
        level: The heading's level; the words of a deeper one are the group.
        word: The heading's words: what the column calls its status.
    """
    reader = _Reader(column=level)
    for line in lines:
        reader.take(line)
    for box in reader.found:
        box.word = word
    return reader.found


def put_below(box: Box, lines: Iterable[Line]) -> None:
    """Put the lines of a section below the task that its heading is."""
    reader = _Reader(root=box)
    for line in lines:
        reader.take(line)


class Mark(NamedTuple):
    """Where the mark of a checkbox stands in an item's words, and all between its brackets."""

    start: int
    end: int
    inside: int
    closing: int


def mark_in(text: str) -> Mark | None:
    """Return where the mark stands with which an item's words begin."""
    match = _BOX.match(text)
    return Mark(match.start(1), match.end(1), 1, text.index("]", match.end(1))) if match else None


def is_box(text: str) -> bool:
    """Tell whether a list item's words begin with a checkbox."""
    return _BOX.match(text) is not None


def starts(line: Line) -> bool:
    """Tell whether a line below a lone box is what it is about, and no value of it."""
    return goes_on(line) and not any(label for label, _ in split([line.raw.strip()])[0])


def goes_on(line: Line) -> bool:
    """Tell whether a line would go on with the words of one right above it."""
    return line.kind is Kind.TEXT and not _BREAK.fullmatch(line.raw)


def count_of(found: Iterable[Box]) -> int:
    """Count boxes and all that is below them."""
    return sum(1 + count_of(box.below) for box in found)


class _Reader:
    """Takes the lines one by one and knows which items are open."""

    def __init__(self, column: int = 0, root: Box | None = None) -> None:
        self.found: list[Box] = []
        self.legend: list[tuple[int, str]] = []
        """The lines that say what a mark means, with the mark."""
        self._column = column
        self._roots = [_Open(-1, 0, root)] if root else []
        self._open = list(self._roots)
        self._heading = ""
        self._priority = ""
        self._margin = 0
        self._legend_level = 0
        self._legend_list = False
        self._after_blank = False
        self._in_code = False
        self._above: Line | None = None

    def take(self, line: Line) -> None:
        """Put one line where it belongs."""
        kind = line.kind
        if kind is Kind.ITEM:
            self._take_item(line)
        elif kind is Kind.HEADING:
            self._begin_section(line)
        elif kind is Kind.TEXT or kind is Kind.QUOTE:
            self._take_text(line)
        elif kind is Kind.CODE:
            # What is inside a fence is often less indented than the fence.
            self._close(float(line.indent) if not self._in_code else inf)
            self._add_to_body(line)
        self._in_code = kind is Kind.CODE
        self._after_blank = kind is Kind.BLANK
        self._above = line

    def _begin_section(self, line: Line) -> None:
        # A heading within an item: what is below it is as deep.
        self._margin = line.indent if self._open or self._margin else 0
        self._open = list(self._roots)
        self._legend_list = False
        if self._roots:
            self._add_to_body(line)
        self._heading = line.text if line.level > self._column else ""
        if line.level <= 2:  # noqa: PLR2004 - the specification's priorities are ``##``
            priority = _PRIORITY.match(line.text) if line.level == 2 else None  # noqa: PLR2004
            self._priority = priority[1] if priority else ""
        if not self._legend_level or line.level <= self._legend_level:
            self._legend_level = line.level if _names(_LEGEND, line.text) else 0

    def _take_text(self, line: Line) -> None:
        still_open = list(self._open) if self._open and self._goes_on(line) else []
        self._close(line.indent)
        if still_open and len(self._open) == len(self._roots):
            # Words that go on at the margin are their item's, and do not end it.
            self._open = still_open
            self._add_to_body(line, goes_on=True)
            return
        if not self._open:
            self._legend_list = _names(_LEGEND_LINE, line.text)
        self._add_to_body(line)
        self._open = still_open or self._open

    def _goes_on(self, line: Line) -> bool:
        """Tell whether a line goes on with the words of the line above."""
        above = self._above
        if above is None or above.kind not in _WORDS or not goes_on(line):
            return False
        if above.number + 1 != line.number or not above.text.strip() or _BREAK.fullmatch(above.raw):
            return False
        # What says something of a heading, or of boxes below, is nobody's second half.
        is_label = self._roots and any(label for label, _ in split([line.text])[0])
        return not (is_label or _names(_LEGEND_LINE, line.text))

    def _take_item(self, line: Line) -> None:
        if not self._open and line.indent >= self._margin + _CODE_INDENT:
            return
        self._close(line.indent)
        owner = self._open[-1].box if self._open else None
        reach = line.indent + 2
        match = _BOX.match(line.text)
        if match is None and self._column and not self._open and not self._is_legend:
            # A rule across the page ("* * *") has no words.
            words = " ".join(line.text.split()) if line.text.strip("-*_ ") else ""
            box = Box(line.number, "", words, self._heading, self._priority, has_mark=False)
            self.found.append(box)
            self._open.append(_Open(reach, line.content, box))
        elif match is None:
            self._add_to_body(line)
            self._open.append(_Open(reach, line.content, owner))
        elif self._is_legend and explains(match[2]):
            self.legend.append((line.number, match[1]))
            self._open.append(_Open(reach, line.content, None))
        else:
            words = " ".join(match[2].split())
            box = Box(line.number, match[1], words, self._heading, self._priority)
            self._siblings().append(box)
            self._open.append(_Open(reach, line.content, box))

    @property
    def _is_legend(self) -> bool:
        return bool(self._legend_level) or self._legend_list

    def _siblings(self) -> list[Box]:
        """Return the list that the next box belongs to."""
        if not self._open:
            return self.found
        owners = list({id(each.box): each.box for each in self._open if each.box}.values())
        return owners[:DEEPEST][-1].below if owners else self.found

    def _close(self, indent: float) -> None:
        while self._open and indent < self._open[-1].reach:
            self._open.pop()

    def _add_to_body(self, line: Line, *, goes_on: bool = False) -> None:
        box = self._open[-1].box if self._open else None
        if box is None:
            return
        if self._after_blank and box.body:
            box.body.append("")
            box.at.append(0)
        content = next(each.content for each in self._open if each.box is box)
        words = dedented(line.raw, content)
        if box.line + 1 == line.number and box.has_mark and not box.text and starts(line):
            # The box stands alone in its line, and what it is about in the next one.
            box.text, words = " ".join(words.split()), ""
        if goes_on:
            # As if it stood where the words do that it goes on with.
            words = " " * (self._open[-1].content - content) + words
        box.body.append(words)
        box.at.append(line.number)


def opens_legend(words: str) -> bool:
    """Tell whether the words of a line or a heading say that a legend follows."""
    return _names(_LEGEND, words) or _names(_LEGEND_LINE, words)


def _names(legend: re.Pattern[str], text: str) -> bool:
    return len(text) <= _LONGEST_LEGEND and legend.fullmatch(text) is not None
