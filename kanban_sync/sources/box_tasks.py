"""The tasks that boxes stand for, whichever dialect they are written in."""

from __future__ import annotations

import re
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
from kanban_sync.core.model import ParsedTask, Problem, Status
from kanban_sync.sources.fields import read_fields
from kanban_sync.sources.heading_tasks import HeadingTasks
from kanban_sync.sources.labelled import (
    ids_as_written,
    marks_in,
    name_of,
    split,
    values,
    waits_in,
)
from kanban_sync.sources.markdown import NO_TEXT, refused
from kanban_sync.sources.markdown_dialects import PLAIN, V1
from kanban_sync.sources.numbering import leading_id, leading_name, leading_number
from kanban_sync.sources.patterns import pattern
from kanban_sync.sources.status_words import status_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kanban_sync.sources.outline import Box

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

_OF_KIRO = {**MARKS, "-": Status.IN_PROGRESS}
"""What marks mean to Kiro (https://github.com/kirodotdev/Kiro/issues/1418)."""

_KIRO = pattern(r"(?:.*/)?\.kiro/specs/[^/]++/tasks\.md")

_WAITS = "Depends on"
"""The label of what a title says in words that its task waits for."""

_STRUCK = pattern(r"~~(.+?)~~\s*(?:([-—–(].*)|$)")  # noqa: RUF001
_DONE_WORD = pattern(r"✅|✓|✔|\bdone\b", re.IGNORECASE)
_CLAIM = pattern(r"\(@([\w.-]++)[^()]*+\)$")


def is_of_kiro(path: str) -> bool:
    """Tell whether Kiro keeps its tasks in a file; there ``[-]`` is what it works on."""
    return ".kiro/" in path and _KIRO.fullmatch(path) is not None


class Reading:
    """The reading of one file: what was found wrong, and which ids are taken."""

    def __init__(self, path: str, dialect: str) -> None:
        self.path = path
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.ids: dict[str, int] = {}
        self._marks = _OF_KIRO if is_of_kiro(path) else MARKS
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
        """Report code or a comment that hides tasks to the end: they are not gone."""
        if line:
            what = "what begins here (code or a comment) never ends and hides tasks below; close it"
            self.problems.append(refused(self.path, line, what, UNCLOSED))

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
        waits, unclear = ids_as_written(waits_in(title))
        return ParsedTask(
            title=title or NO_TEXT,
            status=status,
            word=box.mark,
            id=task_id,
            group=box.heading if top else "",
            number="" if task_id else leading_number(title) or leading_name(title),
            body=fields.body,
            labels=fields.tags,
            assignee=assignee,
            priority=f"P{box.priority}" if box.priority and top else "",
            depends_on=tuple(dict.fromkeys([*fields.blocked_by, *waits])),
            fields=(*fields.others, (_WAITS, unclear)) if unclear else fields.others,
            line=box.line,
            children=tuple(self._tasks(box.below, V1, top=False)),
        )

    def _task(self, box: Box, name: str, top: bool) -> ParsedTask:  # noqa: FBT001 - called once
        pairs, body = split(box.body) if box.body else ([], "")
        said = values(box.values, pairs, body)
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
            number="" if task_id else leading_number(title) or leading_name(title),
            body=said.body,
            labels=tuple(dict.fromkeys([*said.labels, *marks.labels])),
            assignee=said.assignee or marks.assignee,
            priority=said.priority,
            depends_on=tuple(dict.fromkeys([*said.depends_on, *marks.depends_on])),
            fields=(*said.others, *((_WAITS, words) for words in marks.unclear)),
            line=box.line,
            children=children,
        )

    def report_twins(self, twins: Iterable[tuple[Box, Box]]) -> None:
        """Report rows and boxes of one task that disagree on whether it is done."""
        for row, box in twins:
            word = next((value for label, value in row.values if name_of(label) == "status"), "")
            status = status_in(word)
            if status and status.is_over != MARKS.get(box.mark, Status.TODO).is_over:
                # A tick says more than a word, whatever tells of it.
                one = "box" if MARKS.get(row.mark) is Status.DONE else "table"
                self._report(
                    box.line,
                    BOX_DISAGREES,
                    f"the box of {row.id} is [{box.mark or ' '}], but the table in line {row.line} "
                    f"says {word}; the {one} counts: mend one of them.",
                )

    def _status_of_mark(self, box: Box) -> Status:
        status = self._marks.get(box.mark)
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
        first = self.ids.setdefault(own, box.line)
        if first == box.line:
            return own
        if certain:
            text = f"the id {own} is taken by line {first}; give it another one."
            self._report(box.line, DUPLICATE_ID, text, word=own)
        return ""

    def _report(self, line: int, code: str, message: str, *, word: str = "") -> None:
        self.problems.append(Problem(self.path, line, message, code=code, word=word))


def _status_of_steps(steps: Sequence[ParsedTask]) -> Status:
    """Return the status of a heading that says nothing itself: what its steps say."""
    over = sum(step.status.is_over for step in steps)
    if not over and all(step.status is not Status.IN_PROGRESS for step in steps):
        return Status.TODO
    return Status.DONE if over == len(steps) else Status.IN_PROGRESS


def _struck(text: str, status: Status) -> tuple[str, Status]:
    """Take the strokes off a struck title; an open one is cancelled, unless it says it is done."""
    match = _STRUCK.fullmatch(text) if text.startswith("~~") else None
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
