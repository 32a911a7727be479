"""Headings that are tasks: ``### TASK-1: …`` with lines ``Status:`` and boxes below, as steps."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.kanban_headings import columns_in
from kanban_sync.sources.labelled import split
from kanban_sync.sources.markdown import Kind
from kanban_sync.sources.numbering import (
    PRIORITIES,
    leading_id,
    leading_name,
    leading_number,
)
from kanban_sync.sources.outline import Box, Taken, is_box, put_below
from kanban_sync.sources.patterns import pattern
from kanban_sync.sources.status_words import status_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kanban_sync.sources.markdown import Line

_NUMBERED = pattern(
    r"(?:task|step|issue|story|ticket)[ #-]*[0-9]{1,6}(?:\.[0-9]{1,6})*[a-z]?(?!\w|\.\w|-\w)",
    re.IGNORECASE,
)
_GROUPS = pattern(r"(?i:phase|milestone|epic|sprint|week|part|section|stage|release|wave)\b")
_TICK = pattern(r"^[✅✓✔☑]\ufe0f?\s*|\s*[✅✓✔☑]\ufe0f?(?:\s*(?i:complete|completed|done))?$")
_BRACKETED = pattern(r"\s*[(\[]([^()\[\]]{2,30})[)\]]$")
_IN_FRONT = pattern(r"[^\w*`]+")
_FOREIGN_ID = pattern(
    r"\s*<!--\s*(?:[\w-]{0,20}id)\s*[:=]\s*([\w./-]{1,80})\s*-->\s*", re.IGNORECASE
)


class _Heading(NamedTuple):
    """A heading that may be a task: where its section begins and ends, and what is above it."""

    start: int
    end: int
    level: int
    above: int


class HeadingTasks:
    """The dialect in which a heading is a task.

    A heading is one if it begins with an id or with "Task 3" and has labelled lines or boxes
    below, or if it stands in a column and headings there have labelled lines. Of one below
    another the inner one is the task, unless the outer one has labelled lines.
    """

    NAME = "headings"

    def take(self, lines: Sequence[Line], *, certain: bool = False) -> Taken:
        """Take the sections of such headings."""
        if not any(line.kind is Kind.HEADING for line in lines):
            return Taken([], lines)
        headings = list(_headings(lines))
        columns = columns_in(lines)
        chosen = _certain(headings) if certain else _chosen(lines, headings, columns)
        opening = {column.start for column in columns}
        boxes: list[Box] = []
        left: list[Line] = []
        end = 0
        for each in chosen:
            if each.start < end:
                continue
            left += lines[end : each.start]
            boxes.append(_box(lines, each, opening))
            end = each.end
        left += lines[end:]
        return Taken(boxes, left)


def _certain(headings: Sequence[_Heading]) -> list[_Heading]:
    """Return the headings ``###``, or ``##`` where there are no others."""
    for level in (3, 2, 1):
        found = [each for each in headings if each.level == level]
        if found:
            return found
    return []


def _chosen(
    lines: Sequence[Line], headings: Sequence[_Heading], columns: Sequence[range]
) -> list[_Heading]:
    opening = {column.start for column in columns}
    with_title = _titled(lines, headings, columns)
    outside = [each for each in headings if each.start not in opening]
    certain = {each.start for each in outside if each.start in with_title or _is_task(lines, each)}
    kinds = {(each.level, _kind(lines, each)) for each in outside if each.start in certain}
    # Beside "Task 1" with a list, "Task 2" with mere words is a task too.
    found = [
        each
        for each in outside
        if each.start in certain
        or (_kind(lines, each) and (each.level, _kind(lines, each)) in kinds)
    ]
    return [
        each
        for each, following in zip_longest(found, found[1:])
        if following is None or following.start >= each.end or _has_label(lines, each)
    ]


def _headings(lines: Sequence[Line]) -> Iterator[_Heading]:
    """Yield the headings with the ends of their sections."""
    found: list[tuple[int, int, int]] = []
    ends: dict[int, int] = {}
    open_: list[tuple[int, int]] = []
    for index, line in enumerate(lines):
        if line.kind is Kind.HEADING:
            level = line.level
            while open_ and open_[-1][1] >= level:
                ends[open_.pop()[0]] = index
            found.append((index, level, open_[-1][0] if open_ else -1))
            open_.append((index, level))
    for start, level, above in found:
        yield _Heading(start, ends.get(start, len(lines)), level, above)


def _titled(
    lines: Sequence[Line], headings: Iterable[_Heading], columns: Sequence[range]
) -> set[int]:
    """Return headings one level below a column, where at least one has labels and none has items.

    Where they have items but no labels, the items are the tasks and the headings their groups.
    """
    if not columns:
        return set()
    level_of = {column.start: lines[column.start].level for column in columns}
    inside = [each for each in headings if level_of.get(each.above) == each.level - 1]
    if not inside:
        return set()
    labelled = [each for each in inside if _has_label(lines, each) or _foreign_id(lines, each)]
    plain = [each for each in inside if not _has_item(lines, each)]
    is_kanban = not labelled and len(plain) < len(inside)
    return set() if is_kanban else {each.start for each in inside}


def _kind(lines: Sequence[Line], heading: _Heading) -> str:
    """Return what stands in front of the number with which a heading names its task, '' if none."""
    text = _bare(lines[heading.start].text)
    if heading.level == 1 or text in PRIORITIES or _GROUPS.match(text):
        return ""
    leading = leading_id(text)
    if leading and leading.certain and "-" in leading.id:
        return leading.id.rstrip("0123456789.-")
    return text.partition(" ")[0].rstrip("0123456789.-:").lower() if _NUMBERED.match(text) else ""


def _is_task(lines: Sequence[Line], heading: _Heading) -> bool:
    text = _bare(lines[heading.start].text)
    if heading.level == 1 or text in PRIORITIES or _GROUPS.match(text):
        return False
    leading = leading_id(text)
    if _NUMBERED.match(text) or (leading and leading.certain and "-" in leading.id):
        return _has_label(lines, heading) or _has_item(lines, heading)
    has_name = (leading and leading.certain) or leading_number(text)
    return bool(has_name) and _has_label(lines, heading)


def _direct(lines: Sequence[Line], heading: _Heading) -> Iterator[Line]:
    """Yield the lines of a section up to the next heading, however deep."""
    for index in range(heading.start + 1, heading.end):
        if lines[index].kind is Kind.HEADING:
            return
        yield lines[index]


def _has_label(lines: Sequence[Line], heading: _Heading) -> bool:
    plain = [
        line.raw
        for line in _direct(lines, heading)
        if line.kind in {Kind.TEXT, Kind.ITEM} and not line.indent and not is_box(line.text)
    ]
    return any(label for label, _ in split(plain)[0])


def _has_item(lines: Sequence[Line], heading: _Heading) -> bool:
    inside = range(heading.start + 1, heading.end)
    return any(lines[index].kind is Kind.ITEM for index in inside)


def _foreign_id(lines: Sequence[Line], heading: _Heading) -> str:
    for line in _direct(lines, heading):
        if line.kind is Kind.COMMENT:
            match = _FOREIGN_ID.fullmatch(line.raw)
            if match:
                return match[1]
        elif line.kind is not Kind.BLANK:
            break
    return ""


def _box(lines: Sequence[Line], heading: _Heading, opening: Collection[int]) -> Box:
    line = lines[heading.start]
    title, word = _title(line.text)
    above = lines[heading.above] if heading.above >= 0 else None
    if not word and above and heading.above in opening:
        word = above.text
    group = above.text if above and heading.above not in opening and above.level > 1 else ""
    leading = leading_id(_bare(title))
    own = _foreign_id(lines, heading) or (leading.id if leading else "")
    box = Box(line.number, "", title, group, "", word=word, id=own, has_mark=False)
    put_below(box, lines[heading.start + 1 : heading.end])
    return box


def names_itself(title: str) -> bool:
    """Tell whether a heading's words begin with what makes it a task: an id, or a number."""
    bare = _bare(title)
    return bool(leading_id(bare) or leading_number(bare) or leading_name(bare))


def _title(text: str) -> tuple[str, str]:
    """Split the status that stands at an end of a heading off its words."""
    bracketed = _BRACKETED.search(text)
    if bracketed and status_in(bracketed[1]):
        return text[: bracketed.start()], bracketed[1]
    tick = _TICK.search(text)
    if tick:
        return text.replace(tick[0], "", 1).strip(" -–—:"), tick[0].strip()  # noqa: RUF001
    return text, ""


class InTitle(NamedTuple):
    """Where a heading's words tell its status: with a word in brackets, or with a tick."""

    start: int
    end: int
    is_word: bool


def status_in_title(text: str) -> InTitle | None:
    """Return where the status stands in a heading's words, None where it does not."""
    bracketed = _BRACKETED.search(text)
    if bracketed and status_in(bracketed[1]):
        return InTitle(*bracketed.span(1), is_word=True)
    tick = _TICK.search(text)
    return InTitle(*tick.span(), is_word=False) if tick else None


def _bare(text: str) -> str:
    """Return a heading's words without marks and emoji in front of them."""
    in_front = _IN_FRONT.match(text)
    return text[in_front.end() if in_front else 0 :].strip()
