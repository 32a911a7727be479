"""Changing a file by splicing its text: only the characters that must change are replaced.

The frame of every source's edit is here: what may be edited at all, the splices that the source
finds, and the check that the file then says what was asked for and nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kanban_sync.core.edits import (
    AddTask,
    Claim,
    SetStatus,
    is_so,
    is_unread_id,
    mistake,
    task_at,
)
from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import Document
    from kanban_sync.core.ports import SourceSettings

    Reader: TypeAlias = Callable[[str, bytes, SourceSettings], Document]


_MARK = "\ufeff"
# Halves of characters stand for bytes of a command line that are no UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Splice(NamedTuple):
    """A part of a text, from ``start`` up to ``end``, and what to put in its place."""

    start: int
    end: int
    text: str


class CannotError(Exception):
    """What was asked for cannot be written there; its text says why, and what to do."""


class Text:
    """A file's text without its byte order mark, and where its lines are, counting from 1."""

    def __init__(self, text: str, line_end: str = r"\r\n|\n|\r") -> None:
        """Find the line ends; unless told otherwise, those that count in reading Markdown."""
        self.text = text
        ends = [match.span() for match in re.finditer(line_end, text)]
        self._ends = [*ends, (len(text), len(text))]
        self._starts = [0, *(after for _, after in ends)]
        self.line_end = text[slice(*ends[0])] if ends else "\n"

    @property
    def last(self) -> int:
        """The number of the last line, which is empty where the text ends with a line end."""
        return len(self._starts)

    def start(self, line: int) -> int:
        """Return where a line begins."""
        return self._starts[line - 1]

    def end(self, line: int) -> int:
        """Return where the words of a line end."""
        return self._ends[line - 1][0]

    def after(self, line: int) -> int:
        """Return where the line behind it begins."""
        return self._ends[line - 1][1]

    def line(self, number: int) -> str:
        """Return a line without its end, '' for one that there is not."""
        if not 0 < number <= self.last:
            return ""
        return self.text[self.start(number) : self.end(number)]

    def is_blank(self, number: int) -> bool:
        """Tell whether there is nothing in a line, or no such line."""
        return not self.line(number).strip()

    def without(self, first: int, last: int) -> Splice:
        """Take lines out; of the blank lines around them those above stay."""
        if self.is_blank(first - 1):
            while last < self.last and self.is_blank(last + 1):
                last += 1
        return Splice(self.start(first), self.after(last), "")

    def below(self, line: int, lines: Iterable[str]) -> Splice:
        """Put lines in below a line; 0 is what stands above the first one."""
        end = self.line_end
        if line == 0:
            return Splice(0, 0, "".join(f"{each}{end}" for each in lines))
        place = self.after(line)
        if place > self.end(line) or place == self.start(line):
            return Splice(place, place, "".join(f"{each}{end}" for each in lines))
        # The last line has no end; the new last one needs none either.
        return Splice(place, place, "".join(f"{end}{each}" for each in lines))


def refuse_to_lose(words: str, *, is_more: bool) -> None:
    """Refuse to write over words that say more than what is to be replaced.

    Raises:
        CannotError: They do.
    """
    if is_more:
        raise CannotError(f"{words!r} says more than what is replaced; change it by hand")


def splice(text: str, splices: Iterable[Splice]) -> str:
    """Replace parts of a text that do not overlap."""
    parts: list[str] = []
    done = 0
    for each in sorted(splices):
        parts += [text[done : each.start], each.text]
        done = each.end
    return "".join([*parts, text[done:]])


def edited(  # noqa: PLR0913 - who reads, the file, and the edit
    read: Reader,
    path: str,
    data: bytes,
    edit: Edit,
    settings: SourceSettings,
    find: Callable[[str], Iterable[Splice]],
) -> bytes:
    """Return a file's bytes after an edit; those that were given, where it says so already.

    Args:
        read: Reads the file before and after: where it lies, its bytes, the settings.
        path: Where it lies, for messages.
        data: Its bytes.
        edit: What to change.
        settings: Those that the file is read with.
        find: Returns what to replace in the text.

    Raises:
        EditError: The file cannot be edited so; it names what to do instead.
    """
    before = read(path, data, settings)
    if not before.readable:
        raise EditError(str(next(problem for problem in before.problems if problem.fatal)))
    if is_so(before, edit):
        return data
    task = None if isinstance(edit, AddTask) else task_at(before, edit.place)
    where = f"{path}:{task.line}" if task and task.line else path
    if task is None and not isinstance(edit, AddTask):
        raise EditError(f"{where}: there is no such task any more; look at the file again")
    if isinstance(edit, SetStatus) and edit.status is Status.ORPHANED:
        raise EditError(f"{where}: nobody sets {edit.status}: it is found out. Use cancelled")
    _refuse_words(where, edit)
    text = _text(path, data)
    plain = text.removeprefix(_MARK)
    try:
        new = (text[: len(text) - len(plain)] + splice(plain, find(plain))).encode()
    except CannotError as error:
        raise EditError(f"{where}: {error}") from error
    after = read(path, new, settings)
    if isinstance(edit, AddTask) and is_unread_id(before, after, edit):
        raise EditError(
            f"{where}: {edit.id!r} would not be read as an id in this file; ids look like T-7 there"
            ", capital letters and a number. Give such a one, or none"
        )
    wrong = mistake(before, after, edit)
    if wrong:
        raise EditError(f"{where}: cannot be edited without harm: {wrong}. Edit it by hand")
    return new


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EditError(f"{path}:{line}: is no text in UTF-8. Save it as UTF-8") from error


def _refuse_words(where: str, edit: Edit) -> None:
    """Refuse a title, an id or a name that is not one line of text."""
    if isinstance(edit, AddTask):
        said = {"a title": edit.title, "an id": edit.id or "-"}
        if len(edit.id.split()) > 1:
            raise EditError(f"{where}: an id has no blanks, as {edit.id!r} has")
    else:
        said = {"a name": edit.assignee} if isinstance(edit, Claim) else {}
    for what, words in said.items():
        if not words or words != " ".join(words.split()) or _UNPRINTABLE.search(words):
            raise EditError(f"{where}: {what} has to be one line of text, not {words!r}")


def taken_out(text: str, name: int, end: int) -> Splice | None:
    """Return what takes a value out of braces, None if it is the first in them.

    Args:
        text: The file.
        name: Where the value's name begins.
        end: Where the value ends.
    """
    before = len(text[:name].rstrip())
    return Splice(before - 1, end, "") if text[:before].endswith(",") else None
