"""What ``check --fix`` mends: a misspelt status, a tick that is none, an id in other letters.

Only these characters of a file are changed. The file is read again before it is written: unless
exactly the tasks that were meant say something else now, and what was wrong is gone, it stays.
"""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.check.openspec_rules import TICKS
from kanban_sync.check.rules import all_tasks
from kanban_sync.core.findings import (
    MISSPELT_DEPENDENCY,
    OPENSPEC_MARK,
    UNKNOWN_DEPENDENCY,
    UNKNOWN_MARK,
    UNKNOWN_STATUS,
)
from kanban_sync.core.model import plain_word
from kanban_sync.git import locate
from kanban_sync.work_tree import WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.check.rules import File, Known
    from kanban_sync.core.model import Document, ParsedTask, Problem, Status
    from kanban_sync.core.ports import Source, SourceSettings

SHORTEST = 5
"""Letters of a word that may be a misspelt status: shorter ones are like too many others."""

_END = re.compile(rb"\r\n|\n|\r")
_DEPENDENCIES = {UNKNOWN_DEPENDENCY, MISSPELT_DEPENDENCY}
_MARKS = {UNKNOWN_MARK, OPENSPEC_MARK}


class Fixed(NamedTuple):
    """Something that was mended: where it was found, what stood there and what stands there now."""

    path: str
    line: int
    code: str
    was: str
    now: str

    def text(self) -> str:
        """Return ``path:line: [code] mended: …``."""
        return f"{self.path}:{self.line}: [{self.code}] mended: {self.was!r} is {self.now!r} now"


class Sick(NamedTuple):
    """A file with what is wrong in it, its bytes, and who reads it."""

    file: File
    data: bytes
    problems: Sequence[Problem]
    source: Source
    settings: SourceSettings

    def parsed(self, data: bytes) -> Document:
        """Return what other bytes would say in its place."""
        return self.source.parse(self.file.path, data, self.settings)


def mend(top: str, found: Sequence[Sick], known: Known) -> tuple[Fixed, ...]:
    """Mend files of a work tree, and return what was mended.

    Raises:
        EditError: A file cannot be written, or git is in the middle of something.
    """
    place = locate(Path(top))
    tree = WorkTree(place.top, place.git_dir)
    fixed: list[Fixed] = []
    for sick in found:
        data, done = mended(sick, known)
        if done and tree.replace(sick.file.path, sick.data, data):
            fixed += done
    return tuple(fixed)


def mended(sick: Sick, known: Known) -> tuple[bytes, list[Fixed]]:
    """Return the bytes of a file without what can be mended in it, and what that was."""
    fixed: list[Fixed] = []
    tried: set[tuple[str, str]] = set()
    for problem in sick.problems:
        now = remedy(problem, known)
        if not now or (problem.code, problem.word) in tried:
            continue
        tried.add((problem.code, problem.word))
        document = sick.file.document
        concerned = [
            index for index, task in enumerate(all_tasks(sick.file)) if _says(task, problem)
        ]
        if problem.code in _DEPENDENCIES and _waits_for_itself(sick.file, concerned, now):
            continue
        data = _spliced(sick.data, document, concerned, problem, now)
        after = sick.parsed(data)
        if data != sick.data and _differs_only_there(document, after, concerned, problem, now):
            file = sick.file._replace(document=after)
            sick = sick._replace(file=file, data=data)
            fixed.append(Fixed(problem.path, problem.line, problem.code, problem.word, now))
    return sick.data, fixed


def _waits_for_itself(file: File, concerned: Sequence[int], now: str) -> bool:
    """Tell whether one of the tasks that are concerned is the one that is meant."""
    tasks = list(all_tasks(file))
    return any(tasks[index].id == now for index in concerned)


def remedy(problem: Problem, known: Known) -> str:
    """Return what a word of a file has to be instead, '' if nobody can tell for sure."""
    if problem.code in _MARKS:
        return "x" if problem.word[:1] in TICKS else ""
    if problem.code in _DEPENDENCIES:
        return known.meant(problem.word)
    return spelling(problem.word) if problem.code == UNKNOWN_STATUS else ""


def spelling(word: str) -> str:
    """Return the status that a word is but for one letter, '' if it is none, or several."""
    from kanban_sync.sources.status_words import LONGEST, status_in  # noqa: PLC0415 - slow

    if not SHORTEST <= len(word) <= LONGEST or not word.isascii():
        return ""
    read = status_in.__wrapped__
    found: dict[Status, list[str]] = {}
    for each in _one_letter_off(word):
        status = read(each)
        if status is not None:
            found.setdefault(status, []).append(each)
    if len(found) != 1:
        return ""
    (words,) = found.values()
    # Rather our own word, then a letter that was left out than one that was taken for another.
    own = {plain_word(status) for status in found}
    return min(words, key=lambda each: (plain_word(each) not in own, -len(each), each))


def _one_letter_off(word: str) -> Iterator[str]:
    """Yield the words with one letter more, less or other, or with two letters exchanged."""
    letters = string.ascii_uppercase if word.isupper() else string.ascii_lowercase
    for index in range(len(word) + 1):
        before, here, after = word[:index], word[index : index + 1], word[index + 1 :]
        yield from (f"{before}{letter}{here}{after}" for letter in letters)
        if here.isalpha():
            yield f"{before}{after}"
            yield from (f"{before}{letter}{after}" for letter in letters)
            yield f"{before}{after[:1]}{here}{after[1:]}"


def _says(task: ParsedTask, problem: Problem) -> bool:
    if problem.code in _DEPENDENCIES:
        return problem.word in task.depends_on
    return task.word == problem.word


def _spliced(
    data: bytes, document: Document, concerned: Sequence[int], problem: Problem, now: str
) -> bytes:
    """Return a file with a word replaced at all tasks that say it; unchanged if one is unclear."""
    lines = [0, *(match.end() for match in _END.finditer(data)), len(data) + 1]
    tasks = [task.line for top in document.tasks for task in top.walk()]
    following = sorted(set(tasks))
    spots: set[int] = set()
    word = problem.word.encode()
    pattern = _pattern(problem.code, word)
    for index in concerned:
        line = tasks[index]
        after = next((each for each in following if each > line), len(lines))
        if problem.code in _MARKS:
            after = line + 1
        found = _only(pattern, data, lines[line - 1], lines[min(after, len(lines)) - 1])
        found = _heading_above(pattern, data, lines, line) if found < 0 else found
        if found < 0:
            return data
        spots.add(found)
    for spot in sorted(spots, reverse=True):
        data = data[:spot] + now.encode() + data[spot + len(word) :]
    return data


def _pattern(code: str, word: bytes) -> re.Pattern[bytes]:
    if code in _MARKS:
        return re.compile(rb"(?<=\[)" + re.escape(word) + rb"(?=\])")
    return re.compile(rb"(?<![\w-])" + re.escape(word) + rb"(?![\w-])")


def _only(pattern: re.Pattern[bytes], data: bytes, start: int, end: int) -> int:
    """Return where a pattern is found, if that is once; else -1."""
    found = [match.start() for match in pattern.finditer(data, start, min(end, len(data)))]
    return found[0] if len(found) == 1 else -1


def _heading_above(pattern: re.Pattern[bytes], data: bytes, lines: Sequence[int], line: int) -> int:
    """Return where the nearest heading above a line has a word, -1 if it has not."""
    for number in range(line - 1, 0, -1):
        start, end = lines[number - 1], lines[number]
        if data.startswith(b"#", start):
            return _only(pattern, data, start, end)
    return -1


def _differs_only_there(
    before: Document, after: Document, concerned: Sequence[int], problem: Problem, now: str
) -> bool:
    """Tell whether just the tasks that are concerned say something else, and a problem is gone."""
    old = [task for top in before.tasks for task in top.walk()]
    new = [task for top in after.tasks for task in top.walk()]
    wanted = set(concerned)
    if not after.readable or len(old) != len(new) or after.dialect != before.dialect:
        return False
    if problem.code in {UNKNOWN_STATUS, UNKNOWN_MARK}:
        left = [(each.code, each.word) for each in after.problems]
        if (problem.code, problem.word) in left or len(after.problems) >= len(before.problems):
            return False
    return all(
        _is_mended(one, other, problem, now)
        if index in wanted
        else one._replace(children=()) == other._replace(children=())
        for index, (one, other) in enumerate(zip(old, new, strict=True))
    )


def _is_mended(one: ParsedTask, other: ParsedTask, problem: Problem, now: str) -> bool:
    """Tell whether a task says what it said but for the word, which may be part of its title."""
    wanted = one._replace(word=now, status=other.status)
    if problem.code in _DEPENDENCIES:
        names = tuple(now if each == problem.word else each for each in one.depends_on)
        wanted = one._replace(depends_on=tuple(dict.fromkeys(names)))
        if other.title == one.title.replace(problem.word, now):
            wanted = wanted._replace(title=other.title)
    return wanted._replace(children=()) == other._replace(children=())
