"""One finding of a check, and how it is shown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kanban_sync.core.findings import ERROR
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kanban_sync.core.model import Problem

WIDEST = 100
"""Characters of a line that an excerpt shows."""


class Finding(NamedTuple):
    """Something that is wrong in a file: as the problem says, and how bad that is."""

    problem: Problem
    level: str

    @property
    def is_error(self) -> bool:
        """Whether the check fails because of it."""
        return self.level == ERROR

    def line(self) -> str:
        """Return ``path:line: [code] what; what to do``, and whether it is only a warning."""
        path, line, message, _, code, _, _ = self.problem
        where = f"{path}:{line}" if line else path
        return f"{where}: [{code}] {message}{'' if self.is_error else ' (warning)'}"

    def data(self) -> dict[str, Any]:
        """Return the finding as plain data, with stable keys."""
        path, line, message, fatal, code, _, column = self.problem
        return {
            "path": path,
            "line": line or None,
            "column": column or None,
            "code": code,
            "level": self.level,
            "message": message,
            "unreadable": fatal,
        }


class Excerpts:
    """The lines of files to which problems point; each file is split once, however many do."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """Take the bytes of files by path."""
        self._contents = contents
        self._path = ""
        self._lines: list[str] = []

    def of(self, problem: Problem) -> list[str]:
        """Return a problem's line with a mark below its column; nothing if that is not known."""
        if not problem.column:
            return []
        lines = self._lines_of(problem.path)
        if not 0 < problem.line <= len(lines):
            return []
        # One column each, so that the mark stands below what it points to.
        text = "".join(char if char.isprintable() else " " for char in lines[problem.line - 1])
        begin = max(0, problem.column - 1 - WIDEST // 2)
        shown, number = text[begin : begin + WIDEST].rstrip(), str(problem.line)
        mark = " " * (problem.column - 1 - begin) + "^"
        return [f"    {number} | {shown}", f"    {' ' * len(number)} | {mark}"]

    def _lines_of(self, path: str) -> list[str]:
        if path != self._path:
            data = self._contents.get(path, b"")
            text = data.decode("utf-8", "replace").removeprefix("\ufeff")
            self._path, self._lines = path, text.splitlines()
        return self._lines


def most_of(findings: Iterable[Finding], most: int) -> Iterator[tuple[Finding, int]]:
    """Yield what is shown of many findings: of each file and code the first ones alone.

    The last of them comes with how many there are besides, the others with 0.
    """
    findings = list(findings)
    counts = Counter((each.problem.path, each.problem.code) for each in findings)
    shown: Counter[tuple[str, str]] = Counter()
    for each in findings:
        kind = (each.problem.path, each.problem.code)
        shown[kind] += 1
        if shown[kind] <= most:
            yield each, counts[kind] - most if shown[kind] == most else 0
