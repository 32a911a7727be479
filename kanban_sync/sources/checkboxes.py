"""What stands in a TASKS.md: checkboxes under headings, and the TASKS.md specification v1.0.

Imported only where there is such a file to read: its patterns take a while to compile.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.model import Document, ParsedTask, Problem, Status
from kanban_sync.sources.fields import Fields, read_fields
from kanban_sync.sources.markdown import NO_TEXT, Kind, damage, decode, joined, scan
from kanban_sync.sources.numbering import leading_id, leading_number
from kanban_sync.sources.outline import Box, boxes, is_box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

V1 = "v1.0"
PLAIN = "plain"

MARKS = {
    "": Status.TODO,
    "x": Status.DONE,
    "X": Status.DONE,
    "~": Status.IN_PROGRESS,
    "/": Status.IN_PROGRESS,
    "!": Status.BLOCKED,
    "-": Status.CANCELLED,
    ">": Status.BACKLOG,
}

_STRUCK = re.compile(r"~~(.+?)~~\s*(?:([-—–(].*)|$)")  # noqa: RUF001
_DONE_WORD = re.compile(r"✅|✓|✔|\bdone\b", re.IGNORECASE)
_LIKE_V1 = re.compile(rb"P[0-3]|(?:\*\*|__)\s*(?:id|tags|blocked)", re.IGNORECASE)
_CLAIM = re.compile(r"\(@([\w.-]++)[^()]*+\)$")


class _Contents(NamedTuple):
    """What a file's bytes say, wherever the file lies.

    ``hides_from`` is the line of code or a comment that never ends and hides boxes (0: none).
    """

    boxes: tuple[Box, ...]
    dialect: str
    hides_from: int


# A sync asks twice: which tasks are whose, and then what they say.
@lru_cache(maxsize=64)
def _contents(data: bytes) -> _Contents:
    page = scan(decode(data))
    found = tuple(boxes(page.lines))
    hides = page.unclosed and any(_hides_box(line.raw) for line in page.lines[page.unclosed :])
    return _Contents(found, V1 if _is_v1(found) else PLAIN, page.unclosed if hides else 0)


def read(path: str, data: bytes) -> Document:
    """Read the tasks of a file."""
    problem = damage(path, data)
    if problem:
        return Document((), (problem,))
    contents = _contents(data)
    reader = _Reading(path, contents.dialect)
    tasks = tuple(reader.tasks(contents.boxes))
    reader.report_unclosed(contents.hides_from)
    return Document(tasks, tuple(reader.problems), reader.dialect)


def dialect_of(data: bytes) -> str:
    """Return ``V1`` or ``PLAIN``, whichever a file's bytes follow."""
    is_like_v1 = _LIKE_V1.search(data) and damage("", data) is None
    return _contents(data).dialect if is_like_v1 else PLAIN


def _is_v1(found: Iterable[Box]) -> bool:
    """Tell whether boxes are v1.0's: below a priority, or with its labels for machines."""
    return any(box.priority or read_fields(box.body).is_v1 for box in found)


class _Reading:
    """The reading of one file: what was found wrong, and which ids are taken."""

    def __init__(self, path: str, dialect: str) -> None:
        self.path = path
        self.dialect = dialect
        self.problems: list[Problem] = []
        self._ids: dict[str, int] = {}

    def tasks(self, found: Iterable[Box], *, top: bool = True) -> Iterator[ParsedTask]:
        """Yield the tasks that boxes stand for; an empty one with nothing below it is none."""
        for box in found:
            if box.text or box.below:
                yield self._task(box, top=top)

    def report_unclosed(self, line: int) -> None:
        """Report code or a comment that hides boxes to the end; fatal where gone means done."""
        if line:
            self._report(
                line,
                "what begins here (code or a comment) never ends and hides checkboxes below. "
                "Close it.",
                fatal=self.dialect == V1,
            )

    def _task(self, box: Box, *, top: bool) -> ParsedTask:
        fields = read_fields(box.body) if self.dialect == V1 else Fields(body=joined(box.body))
        title, status = _struck(box.text, self._status_of_mark(box))
        assignee = ""
        if self.dialect == V1:
            title, assignee = _claimed(title)
            status = self._status_in_v1(box, status, assignee) if top else status
        task_id = self._own_id(box, fields.id, title)
        children = tuple(self.tasks(box.below, top=False))
        return ParsedTask(
            title=title or NO_TEXT,
            status=status,
            word=box.mark,
            id=task_id,
            group=box.heading if top else "",
            number="" if task_id else leading_number(title),
            body=fields.body,
            labels=fields.tags,
            assignee=assignee,
            priority=f"P{box.priority}" if box.priority and top else "",
            depends_on=fields.blocked_by,
            fields=fields.others,
            line=box.line,
            children=children,
        )

    def _status_of_mark(self, box: Box) -> Status:
        status = MARKS.get(box.mark)
        if status is None:
            known = " ".join(f"[{mark or ' '}]" for mark in MARKS if mark != "X")
            self._report(box.line, f"nobody knows the mark [{box.mark}]; use one of {known}.")
            return Status.TODO
        return status

    def _status_in_v1(self, box: Box, status: Status, assignee: str) -> Status:
        if status is Status.DONE:
            self._report(
                box.line, "this task is ticked; in TASKS.md v1.0 a completed task is removed."
            )
        elif status is Status.TODO and assignee:
            return Status.IN_PROGRESS
        elif status is Status.TODO and box.priority == "3":
            return Status.BACKLOG
        return status

    def _own_id(self, box: Box, field_id: str, title: str) -> str:
        """Return the task's id; one that was used above is reported and taken away."""
        leading = leading_id(title)
        own, certain = field_id, True
        if not own and leading:
            own, certain = leading
        if not own:
            return ""
        first = self._ids.setdefault(own, box.line)
        if first == box.line:
            return own
        if certain:
            self._report(box.line, f"the id {own} is taken by line {first}. Give it another one.")
        return ""

    def _report(self, line: int, message: str, *, fatal: bool = False) -> None:
        self.problems.append(Problem(self.path, line, message, fatal=fatal))


def _struck(text: str, status: Status) -> tuple[str, Status]:
    """Take the strokes off a struck title; an open one is cancelled, unless it says it is done."""
    match = _STRUCK.fullmatch(text)
    if match is None:
        return text, status
    words, rest = match[1], match[2] or ""
    if status is Status.TODO:
        status = Status.DONE if _DONE_WORD.search(rest) else Status.CANCELLED
    return f"{words} {rest}".strip(), status


def _claimed(text: str) -> tuple[str, str]:
    """Split the claim ``(@agent)`` off a title."""
    match = _CLAIM.search(text)
    return (text[: match.start()].rstrip(), match[1]) if match else (text, "")


def _hides_box(raw: str) -> bool:
    line = next(iter(scan(raw).lines))
    return line.kind is Kind.ITEM and is_box(line.text)
