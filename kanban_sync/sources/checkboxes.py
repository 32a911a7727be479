"""What stands in a Markdown file of tasks, whichever dialects it is written in.

Imported only where there is such a file to read: its patterns take a while to compile.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.core.limits import USUAL
from kanban_sync.core.model import Document
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.box_tasks import Reading, is_of_kiro
from kanban_sync.sources.markdown import Kind, damage, decode, scan, too_large
from kanban_sync.sources.markdown_dialects import V1, SortedOut, sort_out
from kanban_sync.sources.outline import Box, count_of, is_box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kanban_sync.core.limits import Limits
    from kanban_sync.sources.markdown import Page
    from kanban_sync.sources.plain_blocks import Quick

_LARGE = 16_384
"""Bytes of the smallest file of which plain parts are read at once; others take no time anyway."""

_LIKE_V1 = re.compile(rb"P[0-3]|(?:\*\*|__)\s*(?:id|tags|blocked)", re.IGNORECASE)
_BARE = {Kind.HEADING, Kind.BLANK, Kind.COMMENT, Kind.FRONT_MATTER}


class _Contents(NamedTuple):
    """What a file's bytes say, wherever the file lies.

    ``hides_from`` is the line of code or a comment that never ends and hides tasks (0: none);
    ``is_bare`` tells that nobody sees anything but headings.
    """

    sorted_out: SortedOut
    hides_from: int
    is_bare: bool


# A sync asks twice: which tasks are whose, and then what they say.
@lru_cache(maxsize=64)
def _contents(data: bytes, fixed: str) -> _Contents:
    page = scan(decode(data))
    hides = page.unclosed and _hides_tasks(page, fixed)
    is_bare = all(line.kind in _BARE for line in page.lines)
    return _Contents(sort_out(page.lines, fixed), page.unclosed if hides else 0, is_bare)


# Fewer, since these are large.
@lru_cache(maxsize=4)
def _quick(data: bytes, fixed: str) -> Quick | None:
    # Here, since most files are small: its patterns are too long to be compiled for one of those.
    from kanban_sync.sources.plain_blocks import read_quickly  # noqa: PLC0415

    return read_quickly(decode(data), fixed)


def read(path: str, data: bytes, fixed: str = "", limits: Limits = USUAL) -> Document:
    """Read the tasks of a file.

    Args:
        path: Where it lies, for messages.
        data: Its bytes.
        fixed: The dialect that the settings name, '' where they leave it open.
        limits: How much is read.
    """
    problem = damage(path, data, limits)
    if problem:
        return Document((), (problem,))
    is_large = len(data) >= _LARGE and not is_of_kiro(path)
    quick = _quick(data, fixed) if is_large else None
    if quick and quick.boxes <= limits.tasks:
        problems = tuple(each._replace(path=path) for each in quick.document.problems)
        return quick.document._replace(problems=problems)
    return read_by_line(path, data, fixed, limits)


def read_by_line(path: str, data: bytes, fixed: str = "", limits: Limits = USUAL) -> Document:
    """Read the tasks of a file that is not damaged, whatever stands in it; see ``read``."""
    contents = _contents(data, fixed)
    # A line holds one task at most, so that few files have to be counted.
    if len(data) > 2 * limits.tasks:
        count = count_of(box for _, box in contents.sorted_out.boxes)
        if count > limits.tasks:
            too_many = too_large(path, f"holds {count} tasks", str(limits.tasks), "tasks")
            return Document((), (too_many,))
    dialect, ways = contents.sorted_out.name, contents.sorted_out.ways
    reader = Reading(path, dialect)
    tasks = tuple(reader.tasks_of_file(contents.sorted_out.boxes))
    reader.report_twins(contents.sorted_out.twins)
    reader.report_unclosed(contents.hides_from)
    return Document(tasks, tuple(reader.problems), dialect, contents.is_bare, ways=ways)


class Standing(NamedTuple):
    """Where a task stands: its dialect, its box, and the top-level box that it is or is below."""

    dialect: str
    box: Box
    top: Box

    @property
    def is_top(self) -> bool:
        """Whether it is below no other task."""
        return self.box is self.top


class Whereabouts(NamedTuple):
    """Where all tasks of a file stand, in the order of ``read``, each before those below it."""

    standing: tuple[Standing, ...]
    twins: tuple[tuple[Box, Box], ...]


def whereabouts(data: bytes, fixed: str = "") -> Whereabouts:
    """Return where the tasks of a file stand, for those who change it."""
    sorted_out = _contents(data, fixed).sorted_out
    found = [
        Standing(name, each, box) for name, box in sorted_out.boxes for each in _that_count([box])
    ]
    return Whereabouts(tuple(found), sorted_out.twins)


def _that_count(found: Iterable[Box]) -> Iterator[Box]:
    """Yield boxes and those below them; an empty one with nothing below it is no task."""
    for box in found:
        if box.text or box.below:
            yield box
            yield from _that_count(box.below)


def is_v1(data: bytes, fixed: str = "", limits: Limits = USUAL) -> bool:
    """Tell whether a file has tasks of v1.0, whose ids are unique in the repository."""
    if fixed:
        return fixed == V1
    if _LIKE_V1.search(data) is None or damage("", data, limits):
        return False
    quick = _quick(data, "") if len(data) >= _LARGE else None
    return V1 in (quick.document.dialect if quick else _contents(data, "").sorted_out.by_dialect)


def _hides_tasks(page: Page, fixed: str) -> bool:
    """Tell whether tasks would stand behind what never ends, if it had not begun."""
    behind = page.unclosed
    if any(_is_box(line.raw) for line in page.lines[behind:]):
        return True
    lines = [line.raw for line in page.lines]
    del lines[behind - 1]
    found = (box for _, box in sort_out(scan("\n".join(lines)).lines, fixed).boxes)
    return any(box.line >= behind for box in _that_count(found))


def _is_box(raw: str) -> bool:
    line = next(iter(scan(raw).lines))
    return line.kind is Kind.ITEM and is_box(line.text)
