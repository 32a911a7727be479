"""One finding of a check, and how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.core.findings import ERROR
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def excerpt(problem: Problem, contents: Mapping[str, bytes]) -> list[str]:
    """Return the line of a problem with a mark below its column; nothing if that is not known."""
    data = contents.get(problem.path, b"")
    lines = data.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    if not problem.column or not 0 < problem.line <= len(lines):
        return []
    # One column each, so that the mark stands below what it points to.
    text = "".join(char if char.isprintable() else " " for char in lines[problem.line - 1])
    begin = max(0, problem.column - 1 - WIDEST // 2)
    shown, number = text[begin : begin + WIDEST].rstrip(), str(problem.line)
    mark = " " * (problem.column - 1 - begin) + "^"
    return [f"    {number} | {shown}", f"    {' ' * len(number)} | {mark}"]
