"""A Markdown file that is to be changed: its text, its scanned lines, and where its tasks stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.sources.checkboxes import whereabouts
from kanban_sync.sources.kanban_headings import KanbanHeadings, columns_of
from kanban_sync.sources.labelled import name_of, written
from kanban_sync.sources.markdown import Kind, scan, words_at
from kanban_sync.sources.markdown_dialects import lines_of_columns
from kanban_sync.sources.outline import goes_on, mark_in
from kanban_sync.sources.sections import section_at
from kanban_sync.sources.splicing import CannotError, Splice, Text
from kanban_sync.sources.status_words import status_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.model import Status
    from kanban_sync.sources.checkboxes import Standing
    from kanban_sync.sources.outline import Box

TICKED = frozenset({"x", "X"})
NOTHING = "—"
"""What a value says that has to stay."""


class Section:
    """A heading with all below it, as line numbers; ``status`` is what its words stand for."""

    def __init__(self, first: int, last: int, words: str) -> None:
        """Note the heading's line, the last line, and the heading's words."""
        self.first = first
        self.last = last
        self.words = words
        self.status: Status | None = status_in(words)

    def __contains__(self, line: int) -> bool:
        return self.first < line <= self.last


class Editable:
    """One Markdown file; lines count from 1."""

    def __init__(self, text: str, fixed: str) -> None:
        """Scan a text.

        Args:
            text: The file without its byte order mark.
            fixed: The dialect that the settings name, '' where they leave it open.
        """
        self.fixed = fixed
        self.text = Text(text)
        self.lines = scan(text).lines
        self.standing, self.twins = whereabouts(text.encode(), fixed)

    @property
    def tops(self) -> list[Standing]:
        """The tasks that are below no other, in the order of the file."""
        return [each for each in self.standing if each.is_top]

    # --- sections -------------------------------------------------------------------------------

    def sections(self) -> Iterator[Section]:
        """Yield all sections of the file."""
        for index, line in enumerate(self.lines):
            if line.kind is Kind.HEADING:
                last = self.lines[section_at(self.lines, index).stop - 1].number
                yield Section(line.number, last, line.text)

    def columns(self) -> list[Section]:
        """Return the sections that are columns."""
        lines = lines_of_columns(self.lines, self.fixed)
        is_certain = self.fixed == KanbanHeadings.NAME
        found = columns_of(lines, certain=is_certain)
        firsts = {lines[each.start].number for each in found}
        return [section for section in self.sections() if section.first in firsts]

    def section_of(self, line: int) -> Section:
        """Return the section that a heading opens."""
        return next(each for each in self.sections() if each.first == line)

    def end_of_heading(self, line: int) -> int:
        """Return the last line of a heading: it may be underlined."""
        below = self.lines[line : line + 1]
        return line + any(each.kind is Kind.BLANK and each.raw.strip() != "" for each in below)

    def below_heading(self, section: Section, block: list[str]) -> Splice:
        """Put lines in below a heading and what stands there, above deeper headings."""
        end = section.first
        while end < section.last and self.lines[end].kind is not Kind.HEADING:
            end += 1
        last = end
        while self.text.is_blank(last):
            last -= 1
        is_last = last + 1 == self.text.last
        if is_last and last == self.end_of_heading(section.first):
            others = [each.first for each in self.sections() if each.first != section.first]
            is_airy = any(self.text.is_blank(each + 1) for each in others)
            return self.text.below(last, ["", *block] if is_airy else block)
        if is_last or last > self.end_of_heading(section.first) or last == end:
            return self.text.below(last, block)
        return self.text.below(last + 1, block if end > last + 1 else [*block, ""])

    # --- lines ----------------------------------------------------------------------------------

    def last_of(self, box: Box) -> int:
        """Return the last line of a task with all below it, indented comments included."""
        last = box.last
        while last < len(self.lines) and self.lines[last].kind is Kind.COMMENT:
            if not self.text.line(last + 1)[:1].isspace():
                break
            last += 1
        return last

    def block(self, box: Box) -> list[str]:
        """Return the lines of a task with all below it."""
        return [self.text.line(each) for each in range(box.line, self.last_of(box) + 1)]

    def place(self, line: int, column: int) -> int:
        """Return where a column of a scanned line is in the text; up to there it has no comment."""
        if self.text.line(line)[:column] != self.lines[line - 1].raw[:column]:
            raise CannotError("a comment stands in front of what is to be changed; move it away")
        return self.text.start(line) + column

    def splice_in(self, line: int, start: int, end: int, words: str) -> Splice:
        """Replace columns of a scanned line."""
        return Splice(self.place(line, end) - (end - start), self.place(line, end), words)

    # --- what stands in them --------------------------------------------------------------------

    def tick(self, box: Box, *, done: bool) -> list[Splice]:
        """Tick or untick a box; nothing for a task without one, or one that is so already."""
        if (box.mark in TICKED) is done:
            return []
        marks = [each.box.mark for each in self.standing]
        tick = "X" if "X" in marks and "x" not in marks else "x"
        return self._put_mark(box, tick if done else " ")

    def clear(self, box: Box) -> list[Splice]:
        """Take whatever mark a box has; nothing for one without."""
        return self._put_mark(box, " ") if box.mark else []

    def _put_mark(self, box: Box, mark: str) -> list[Splice]:
        raw = self.lines[box.line - 1].raw
        start = words_at(raw)
        found = mark_in(raw[start:]) if box.has_mark else None
        if found is None:
            return []
        is_kept = box.mark and mark != " "
        first, last = (found.start, found.end) if is_kept else (found.inside, found.closing)
        return [self.splice_in(box.line, start + first, start + last, mark)]

    def says(self, box: Box, name: str, value: str) -> list[Splice]:
        """Replace the value of a labelled line below a task; nothing where there is none."""
        found = written(box.body, name)
        if found is None:
            return []
        line, (start, end) = box.at[found.line], found.value
        raw = self.lines[line - 1].raw
        white = len(raw) - len(raw.lstrip(" \t"))
        gap = " " if start == end and raw[: white + start][-1:] not in {" ", "\t"} else ""
        return [self.splice_in(line, white + start, white + end, gap + value)]

    def value_of(self, box: Box, name: str) -> str | None:
        """Return the value of a labelled line below a task, None where there is none."""
        found = written(box.body, name)
        return box.body[found.line][slice(*found.value)] if found else None

    def stands_alone(self, box: Box, name: str) -> bool:
        """Tell whether a labelled line below a task says nothing else."""
        found = written(box.body, name)
        return found is not None and found.is_alone

    def unsay(self, box: Box, name: str) -> list[Splice]:
        """Take a labelled line below a task out; beside other values its own says nothing then."""
        found = written(box.body, name)
        if found is None:
            return []
        if not found.is_alone:
            return self.says(box, name, NOTHING)
        line = box.at[found.line]
        return [Splice(self.text.start(line), self.text.after(line), "")]

    def say(self, box: Box, label: str, value: str) -> Splice:
        """Put a labelled line in below a task, written like the first one there.

        A status stays in front of it: so they stand the same way round, whichever came first.
        """
        like = written(box.body)
        if like is not None:
            is_status = like.is_alone and like == written(box.body, "status")
            last = self._end_of_value(box, like.line) if is_status else box.at[like.line] - 1
            return self.text.below(last, [self.like(box, label, value)])
        raw = self.lines[box.line - 1].raw
        white = raw[: len(raw) - len(raw.lstrip(" \t"))]
        line = self.lines[box.line - 1]
        if line.kind is Kind.ITEM:
            indent = white + " " * (line.content - line.indent)
            return self.text.below(self._end_of_words(box), [f"{indent}- {label}: {value}"])
        last = self.end_of_heading(box.line)
        while last < len(self.lines) and self.lines[last].kind is Kind.COMMENT:
            last += 1
        gap = [] if self.text.is_blank(last + 1) else [""]
        return self.text.below(last, [f"{label}: {value}", *gap])

    def _end_of_words(self, box: Box) -> int:
        """Return the last line of the words that begin behind a box."""
        last = box.line
        while last + 1 in box.at and goes_on(self.lines[last]):
            last += 1
        return last

    def _end_of_value(self, box: Box, index: int) -> int:
        """Return the last line of a value that begins in a line of a task's body."""
        for line, words in zip(box.at[index + 1 :], box.body[index + 1 :], strict=False):
            if line != box.at[index] + 1 or not goes_on(self.lines[line - 1]) or written([words]):
                break
            index += 1
        return box.at[index]

    def like(self, box: Box, label: str, value: str) -> str:
        """Return a labelled line with the marks of the first one below a task."""
        found = written(box.body)
        if found is None:
            return f"{label}: {value}"
        line, raw = box.body[found.line], self.lines[box.at[found.line] - 1].raw
        white = raw[: len(raw) - len(raw.lstrip(" \t"))]
        (start, middle), (begin, end) = found.label, found.value
        name = label if line[start : start + 1].isupper() else label.lower()
        gap = "" if line[middle:begin][-1:] == " " else " "
        return f"{white}{line[:start]}{name}{line[middle:begin]}{gap}{value}{line[end:]}"

    def words_for(self, dialect: str) -> list[str]:
        """Return the words that tasks of a dialect have for their statuses."""
        boxes = [each.box for each in self.standing if each.dialect == dialect]
        below = [self.value_of(box, "status") or "" for box in boxes]
        cells = [text for box in boxes for name, text in box.values if name_of(name) == "status"]
        return [word for word in [*cells, *below] if word]
