"""A line scanner for Markdown: which lines are headings, list items, code, quotes or comments.

It reads what people and agents write, not what a renderer would make of it: every line keeps its
number, and nothing that can stand in a file makes it fail.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanban_sync.core.findings import CONFLICT, TOO_LARGE, UNREADABLE
from kanban_sync.core.limits import MIB, USUAL
from kanban_sync.core.model import Problem
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.limits import Limits

NO_TEXT = "(no text)"
"""The title of a checkbox without words: a board refuses empty names."""

TAB = 4


class Kind:
    """What a line is; no Enum, whose members take long to look up for each of 100,000 lines."""

    BLANK = "blank"
    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"
    QUOTE = "quote"
    CODE = "code"
    COMMENT = "comment"
    FRONT_MATTER = "front matter"


class Line(NamedTuple):
    """One line of a file; ``number`` counts from 1, ``kind`` is one of ``Kind``.

    ``raw`` is the line without its end and without comments. ``text`` is a heading's words, or
    what follows an item's marker, or the line itself. ``indent`` and ``content`` are columns,
    ``content`` is where an item's words begin,
    ``level`` is a heading's.
    """

    number: int
    kind: str
    raw: str
    text: str
    indent: int = 0
    content: int = 0
    level: int = 0


class Page(NamedTuple):
    """A scanned file; ``unclosed`` is the line of a fence or comment that never ends (0: none)."""

    lines: tuple[Line, ...]
    unclosed: int = 0


_CONFLICT = rb"^(?:<{7}|\|{7}|>{7}) "
_IN_PLACE_OF_TASKS = {
    b"version https://git-lfs.github.com/spec/": "is a pointer of Git LFS, which is all that"
    " commits have of the file; keep files of tasks out of LFS (in .gitattributes)",
    b"<!doctype html": "is a web page (HTML) and no file of tasks; put the tasks back",
}
"""How files begin that are something else altogether, and what to tell of them."""
_ENDS = pattern(r"\r\n|\n|\r")
_HEADING = pattern(r" {0,3}(#{1,6})(?:[ \t]+(.*))?")
_ITEM = pattern(r"([ \t]*)([-*+]|[0-9]{1,9}[.)])(?:([ \t]+)(.*))?")
_UNDERLINE = pattern(r" {0,3}(=+|-{2,})[ \t]*")
_MARKERS = r"(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?:\[[^\]]?\][ \t]+)?)*"
_FENCE = pattern(rf"([ \t]*{_MARKERS})(?:(`{{3,}})[^`]*|(~{{3,}}).*)")
_BOX_ITEM = pattern(r" ?(?:[-*+]|[0-9]{1,9}[.)])[ \t]+\[[^\]]?\]")


def decode(data: bytes) -> str:
    """Decode a file as UTF-8, whatever is in it; a byte order mark is left out."""
    return data.decode("utf-8", errors="replace").removeprefix("\ufeff")


def damage(path: str, data: bytes, limits: Limits = USUAL) -> Problem | None:
    """Return why a file cannot be read at all, or None.

    A lone ``=======`` is no sign of a conflict: it underlines a heading.
    """
    if len(data) > limits.file_size * MIB:
        size = f"{len(data) / MIB:.1f} MiB"
        return too_large(path, f"has {size}", f"{limits.file_size} MiB", "file_size")
    if len(data) > limits.lines:
        lines = max(data.count(b"\n"), data.count(b"\r") if b"\r" in data else 0)
        if lines > limits.lines:
            return too_large(path, f"has {lines} lines", str(limits.lines), "lines")
    if b"\0" in data:
        what = "is no text in UTF-8 (it has NUL bytes); save it as UTF-8"
        return refused(path, 0, what, UNREADABLE)
    begin = data[:99].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for first, what in _IN_PLACE_OF_TASKS.items():
        if begin.startswith(first):
            return refused(path, 1, what, UNREADABLE)
    # Looking for the bare marks first is ten times faster, and for their signs again.
    marks = (b"<<<<<<< ", b"||||||| ", b">>>>>>> ")
    marked = any(mark[:1] in data and mark in data for mark in marks)
    conflict = re.search(_CONFLICT, data, re.MULTILINE) if marked else None
    if conflict:
        line = data.count(b"\n", 0, conflict.start()) + 1
        what = "a merge conflict stands here; resolve it and commit"
        return refused(path, line, what, CONFLICT)
    return None


def too_large(path: str, what: str, most: str, limit: str) -> Problem:
    """Return the problem of a file that holds more than anybody writes.

    Args:
        path: Where the file lies.
        what: What it holds.
        most: How much of that is read.
        limit: The name of the limit in the settings.
    """
    remedy = f"up to {most} are read; split the file, or raise 'limits.{limit}' in the settings"
    return refused(path, 0, f"{what}, and {remedy}", TOO_LARGE)


def refused(path: str, line: int, what: str, code: str, column: int = 0) -> Problem:
    """Return the problem of a file that is not read; its last good state is kept."""
    message = f"{what}. Until then the file counts as it last was."
    return Problem(path, line, message, fatal=True, code=code, column=column)


class Fences:
    """Follows code fences from line to line."""

    def __init__(self) -> None:
        self.fence = ""
        """What closes the fence that the last line left open, '' if it left none."""
        self._in_item = False

    def covers(self, line: str, *, in_list: bool = False) -> bool:
        """Tell whether a line belongs to a code block, its fences included.

        A fence in a list item that was never closed ends at the next box at the margin.
        """
        if not self.fence:
            opening = _FENCE.fullmatch(line) if "```" in line or "~~~" in line else None
            if opening is None:
                return False
            self.fence = opening[2] or opening[3]
            self._in_item = in_list and len(opening[1].expandtabs(TAB)) > 1
            return True
        if self._in_item and _BOX_ITEM.match(line):
            self.fence = ""
            return False
        plain = line.strip(" \t")
        if plain.startswith(self.fence) and not plain.strip(self.fence[0]):
            self.fence = ""
        return True


def scan(text: str) -> Page:
    """Sort the lines of a file."""
    return _Scanner(_ENDS.split(text)).page()


def heading(line: str) -> tuple[int, str] | None:
    """Return level and words of a ``#`` heading, or None for any other line."""
    match = _HEADING.fullmatch(line.rstrip()) if "#" in line else None
    if match is None:
        return None
    words = (match[2] or "").strip()
    without_end = words.rstrip("#")
    closed = not without_end or without_end[-1].isspace()
    return len(match[1]), without_end.rstrip() if closed else words


class _Scanner:
    """One pass over the lines, with what is open between them."""

    def __init__(self, lines: list[str]) -> None:
        self._raw = lines
        self._lines: list[Line] = []
        self._fences = Fences()
        self._in_list = False
        self._in_comment = False
        self._opened = 0
        self._no_end_before = 0

    def page(self) -> Page:
        start = self._front_matter()
        for index in range(start, len(self._raw)):
            line = self._line(index)
            self._lines.append(line)
            if line.kind is Kind.TEXT:
                self._underline()
        unclosed = self._opened if self._fences.fence or self._in_comment else 0
        return Page(tuple(self._lines), unclosed)

    def _front_matter(self) -> int:
        if self._raw[0].rstrip() != "---":
            return 0
        for index, raw in enumerate(self._raw[1:], 1):
            if raw.rstrip() in {"---", "..."}:
                self._lines.extend(
                    Line(number, Kind.FRONT_MATTER, each, each)
                    for number, each in enumerate(self._raw[: index + 1], 1)
                )
                return index + 1
        return 0

    def _line(self, index: int) -> Line:
        raw, number = self._raw[index], index + 1
        is_inside = self._fences.fence or self._in_comment
        if is_inside or "```" in raw or "~~~" in raw or "<!--" in raw:
            hidden, raw = self._hidden(index, raw)
            if hidden:
                return hidden
        line = _classified(number, raw)
        if line.kind is Kind.ITEM:
            self._in_list = True
        elif line.kind is not Kind.BLANK and not line.indent:
            self._in_list = False
        return line

    def _hidden(self, index: int, raw: str) -> tuple[Line | None, str]:
        """Return a line of code or of a comment; None for others, and what is seen of them."""
        number = index + 1
        was_open = self._fences.fence or self._in_comment
        if not self._in_comment and self._fences.covers(raw, in_list=self._in_list):
            self._opened = self._opened if was_open else number
            return Line(number, Kind.CODE, raw, raw, _indent(raw)), raw
        if self._in_comment or "<!--" in raw:
            shown = self._without_comments(raw, index)
            self._opened = self._opened if was_open else number
            if not shown.strip() and raw.strip():
                return Line(number, Kind.COMMENT, raw, ""), raw
            raw = shown
        return None, raw

    def _without_comments(self, raw: str, index: int) -> str:
        shown: list[str] = []
        start = ticks = 0
        at_margin = True
        while start < len(raw):
            sign = "-->" if self._in_comment else "<!--"
            found = raw.find(sign, start)
            end = found + len(sign) if found >= 0 else len(raw)
            if self._in_comment:
                self._in_comment = found < 0
            elif found < 0:
                shown.append(raw[start:])
            else:
                ticks += raw.count("`", start, found)
                shown.append(raw[start:found])
                at_margin = at_margin and not shown[-1].strip()
                if ticks % 2 == 0 and (at_margin or self._ends_soon(index, end)):
                    self._in_comment = True
                else:
                    shown.append(sign)
                    at_margin = False
            start = end
        return "".join(shown)

    def _ends_soon(self, index: int, start: int) -> bool:
        """Tell whether a comment amid the words ends before the paragraph does."""
        if index < self._no_end_before:
            return False
        if self._raw[index].find("-->", start) >= 0:
            return True
        for following in range(index + 1, len(self._raw)):
            line = self._raw[following]
            if "-->" in line:
                return True
            if not line.strip():
                break
        else:
            following = len(self._raw)
        self._no_end_before = following
        return False

    def _underline(self) -> None:
        """Make a heading of a line of text that the line below underlines."""
        underline = _UNDERLINE.fullmatch(self._lines[-1].raw)
        if underline is None or len(self._lines) < 2 or self._in_list:  # noqa: PLR2004
            return
        words, above = self._lines[-2], self._lines[-3:-2]
        alone = not above or above[0].kind is not Kind.TEXT
        if words.kind is Kind.TEXT and self._lines[-1].kind is Kind.TEXT and alone:
            level = 1 if underline[1][0] == "=" else 2
            number, text = words.number, words.text.strip()
            self._lines[-2] = Line(number, Kind.HEADING, words.raw, text, level=level)
            self._lines[-1] = Line(number + 1, Kind.BLANK, self._lines[-1].raw, "")


def _classified(number: int, raw: str) -> Line:
    plain = raw.lstrip(" \t")
    if not plain or plain.isspace():
        return Line(number, Kind.BLANK, raw, "")
    indent = _indent(raw)
    first = plain[0]
    item = _ITEM.fullmatch(raw) if first in "-*+0123456789" else None
    if item:
        marker, gap, words = item.group(2, 3, 4)
        wide = len(gap) if gap and len(gap) <= TAB else 1
        return Line(number, Kind.ITEM, raw, words or "", indent, indent + len(marker) + wide)
    if first == ">":
        return Line(number, Kind.QUOTE, raw, raw, indent)
    title = heading(raw) if first == "#" else None
    if title:
        return Line(number, Kind.HEADING, raw, title[1], indent, level=title[0])
    return Line(number, Kind.TEXT, raw, raw, indent)


def words_at(raw: str) -> int:
    """Return where the words of a list item begin in its line."""
    item = _ITEM.fullmatch(raw)
    return len(raw) if item is None or item[4] is None else item.start(4)


def _indent(raw: str) -> int:
    white = len(raw) - len(raw.lstrip(" \t"))
    return len(raw[:white].expandtabs(TAB)) if "\t" in raw[:white] else white


def dedented(raw: str, columns: int) -> str:
    """Return a line without its first columns, as far as they are white space."""
    if raw[:columns] == " " * columns and raw[columns : columns + 1] > " ":
        return raw[columns:].rstrip()
    rest = raw.lstrip(" \t")
    return " " * max(0, _indent(raw) - columns) + rest.rstrip()


def joined(lines: Sequence[str]) -> str:
    """Join lines into one text without blank lines at its ends."""
    return "\n".join(lines).strip("\n")
