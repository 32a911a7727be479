"""What stands in a Markdown file of tasks, whichever dialects it is written in.

Imported only where there is such a file to read: its patterns take a while to compile.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.core.findings import (
    BOX_DISAGREES,
    DUPLICATE_ID,
    MIXED,
    TICKED,
    UNCLOSED,
    UNKNOWN_MARK,
    UNKNOWN_STATUS,
)
from kanban_sync.core.limits import USUAL
from kanban_sync.core.model import Document, ParsedTask, Problem, Status
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.fields import read_fields
from kanban_sync.sources.heading_tasks import HeadingTasks
from kanban_sync.sources.labelled import marks_in, name_of, split, values
from kanban_sync.sources.markdown import NO_TEXT, Kind, damage, decode, scan, too_large
from kanban_sync.sources.markdown_dialects import PLAIN, V1, SortedOut, sort_out
from kanban_sync.sources.numbering import leading_id, leading_number
from kanban_sync.sources.outline import Box, is_box
from kanban_sync.sources.patterns import pattern
from kanban_sync.sources.status_words import status_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kanban_sync.core.limits import Limits

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

_STRUCK = pattern(r"~~(.+?)~~\s*(?:([-—–(].*)|$)")  # noqa: RUF001
_DONE_WORD = pattern(r"✅|✓|✔|\bdone\b", re.IGNORECASE)
_LIKE_V1 = re.compile(rb"P[0-3]|(?:\*\*|__)\s*(?:id|tags|blocked)", re.IGNORECASE)
_CLAIM = pattern(r"\(@([\w.-]++)[^()]*+\)$")

_BARE = {Kind.HEADING, Kind.BLANK, Kind.COMMENT, Kind.FRONT_MATTER}


class _Contents(NamedTuple):
    """What a file's bytes say, wherever the file lies.

    ``hides_from`` is the line of code or a comment that never ends and hides boxes (0: none);
    ``is_bare`` tells that nobody sees anything but headings.
    """

    sorted_out: SortedOut
    hides_from: int
    is_bare: bool


# A sync asks twice: which tasks are whose, and then what they say.
@lru_cache(maxsize=64)
def _contents(data: bytes, fixed: str) -> _Contents:
    page = scan(decode(data))
    hides = page.unclosed and any(_hides_box(line.raw) for line in page.lines[page.unclosed :])
    is_bare = all(line.kind in _BARE for line in page.lines)
    return _Contents(sort_out(page.lines, fixed), page.unclosed if hides else 0, is_bare)


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
    contents = _contents(data, fixed)
    # A line holds one task at most, so that few files have to be counted.
    if len(data) > 2 * limits.tasks:
        count = _count(box for _, box in contents.sorted_out.boxes)
        if count > limits.tasks:
            too_many = too_large(path, f"holds {count} tasks", str(limits.tasks), "tasks")
            return Document((), (too_many,))
    dialect = contents.sorted_out.name
    reader = _Reading(path, dialect)
    tasks = tuple(reader.tasks_of_file(contents.sorted_out.boxes))
    reader.report_twins(contents.sorted_out.twins)
    reader.report_unclosed(contents.hides_from)
    return Document(tasks, tuple(reader.problems), dialect, contents.is_bare)


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
    is_like_v1 = _LIKE_V1.search(data) and damage("", data, limits) is None
    return bool(is_like_v1) and V1 in _contents(data, "").sorted_out.by_dialect


class _Reading:
    """The reading of one file: what was found wrong, and which ids are taken."""

    def __init__(self, path: str, dialect: str) -> None:
        self.path = path
        self.dialect = dialect
        self.problems: list[Problem] = []
        self._ids: dict[str, int] = {}
        self._unknown: set[str] = set()

    def tasks_of_file(self, found: Sequence[tuple[str, Box]]) -> Iterator[ParsedTask]:
        """Yield the top-level tasks of all dialects."""
        for name, box in found:
            yield from self._tasks([box], name)
        if V1 in self.dialect and self.dialect != V1:
            self._report(
                0,
                MIXED,
                f"mixes {self.dialect}: a task that is removed from it does not count as done; "
                "move what is not v1.0 into a file of its own.",
            )

    def report_unclosed(self, line: int) -> None:
        """Report code or a comment that hides boxes to the end; fatal where gone means done."""
        if line:
            self._report(
                line,
                UNCLOSED,
                "what begins here (code or a comment) never ends and hides checkboxes below; "
                "close it.",
                fatal=self.dialect == V1,
            )

    def _tasks(self, found: Iterable[Box], name: str, *, top: bool = True) -> Iterator[ParsedTask]:
        """Yield the tasks that boxes stand for; an empty one with nothing below it is none."""
        for box in found:
            if box.text or box.below:
                yield self._task_of_v1(box, top=top) if name == V1 else self._task(box, name, top)

    def _task_of_v1(self, box: Box, *, top: bool) -> ParsedTask:
        fields = read_fields(box.body)
        title, status = _struck(box.text, self._status_of_mark(box))
        title, assignee = _claimed(title)
        status = self._status_in_v1(box, status, assignee) if top else status
        task_id = self._own_id(box, fields.id, title)
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
            children=tuple(self._tasks(box.below, V1, top=False)),
        )

    def _task(self, box: Box, name: str, top: bool) -> ParsedTask:  # noqa: FBT001 - called once
        pairs, body = split(box.body) if box.body else ([], "")
        said = values([*box.values, *pairs], body)
        title, status = _struck(box.text, self._status_of_mark(box))
        marks = marks_in(title)
        task_id = self._own_id(box, box.id, title)
        children = tuple(self._tasks(box.below, PLAIN, top=False))
        word = said.status or box.word
        if word:
            status = self._status_of_word(box, word, status)
        elif name == HeadingTasks.NAME and top and status is Status.TODO:
            status = _status_of_steps(children)
        return ParsedTask(
            title=title or NO_TEXT,
            status=status,
            word=word or box.mark,
            id=task_id,
            group=box.heading if top else "",
            number="" if task_id else leading_number(title),
            body=said.body,
            labels=tuple(dict.fromkeys([*said.labels, *marks.labels])),
            assignee=said.assignee or marks.assignee,
            priority=said.priority,
            depends_on=tuple(dict.fromkeys([*said.depends_on, *marks.depends_on])),
            fields=said.others,
            line=box.line,
            children=children,
        )

    def report_twins(self, twins: Iterable[tuple[Box, Box]]) -> None:
        """Report rows and boxes of one task that disagree on whether it is done."""
        for row, box in twins:
            word = next((value for label, value in row.values if name_of(label) == "status"), "")
            status = status_in(word)
            if status and status.is_over != MARKS.get(box.mark, Status.TODO).is_over:
                self._report(
                    box.line,
                    BOX_DISAGREES,
                    f"the box of {row.id} is [{box.mark or ' '}], but the table in line {row.line} "
                    f"says {word}; the table counts: mend one of them.",
                )

    def _status_of_mark(self, box: Box) -> Status:
        status = MARKS.get(box.mark)
        if status is None:
            known = " ".join(f"[{mark or ' '}]" for mark in MARKS if mark != "X")
            text = f"nobody knows the mark [{box.mark}]; use one of {known}."
            self._report(box.line, UNKNOWN_MARK, text, word=box.mark)
            return Status.TODO
        return status

    def _status_of_word(self, box: Box, word: str, marked: Status) -> Status:
        """Return what a word says of a task; a tick says more, an unknown word nothing."""
        status = status_in(word)
        if status is None and word not in self._unknown:
            self._unknown.add(word)
            self._report(
                box.line,
                UNKNOWN_STATUS,
                f"nobody knows the status {word!r}; use one of {', '.join(Status)}.",
                word=word,
            )
        if marked is Status.DONE:
            return marked
        return status or marked

    def _status_in_v1(self, box: Box, status: Status, assignee: str) -> Status:
        if status is Status.DONE:
            self._report(
                box.line,
                TICKED,
                "this task is ticked; in TASKS.md v1.0 a completed task is removed.",
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
            text = f"the id {own} is taken by line {first}; give it another one."
            self._report(box.line, DUPLICATE_ID, text, word=own)
        return ""

    def _report(
        self, line: int, code: str, message: str, *, fatal: bool = False, word: str = ""
    ) -> None:
        self.problems.append(Problem(self.path, line, message, fatal, code, word))


def _count(found: Iterable[Box]) -> int:
    """Count boxes and all that is below them."""
    return sum(1 + _count(box.below) for box in found)


def _status_of_steps(steps: Sequence[ParsedTask]) -> Status:
    """Return the status of a heading that says nothing itself: what its steps say."""
    over = sum(step.status.is_over for step in steps)
    if not over and all(step.status is not Status.IN_PROGRESS for step in steps):
        return Status.TODO
    return Status.DONE if over == len(steps) else Status.IN_PROGRESS


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
