"""Runs a check from the command line, and prints what it found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kanban_sync.check.finding import Excerpts, most_of
from kanban_sync.check.judge import check
from kanban_sync.core.printable import printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.check.judge import Result

MOST_SHOWN = 100
"""Findings of one code in one file that are shown; whoever has more sees what to mend."""


def run(folder: str, names: Sequence[str], *, fix: bool, as_json: bool) -> int:
    """Check, print, and return the exit code: 1 if there are errors.

    Raises:
        KanbanSyncError: As ``check``.
    """
    result = check(folder, names, fix=fix)
    text = _json(result) if as_json else printable("".join(f"{x}\n" for x in _lines(result)))
    sys.stdout.write(text)
    unreadable = dict.fromkeys(each.problem.path for each in result.findings if each.problem.fatal)
    for path in unreadable:
        text = "cannot be read: tasks and cards stay as it last was, until it can"
        sys.stderr.write(printable(f"kanban-sync: {path} {text}\n"))
    return 1 if result.errors else 0


def _lines(result: Result) -> Iterator[str]:
    for fixed in result.fixed:
        yield fixed.text()
    excerpts = Excerpts(result.contents)
    for finding, besides in most_of(result.findings, MOST_SHOWN):
        yield finding.line()
        yield from excerpts.of(finding.problem)
        if besides > 0:
            problem = finding.problem
            yield f"{problem.path}: [{problem.code}] and {besides} more; '--json' has all of them"
    warnings = len(result.findings) - result.errors
    counts = [(result.errors, "error"), (warnings, "warning")]
    told = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    files = f"{result.files} file{'' if result.files == 1 else 's'} checked"
    yield f"{files}: {', '.join(told) or 'nothing found'}"


def _json(result: Result) -> str:
    import json  # noqa: PLC0415 - not where nobody asks for it

    data = {
        "files": result.files,
        "errors": result.errors,
        "warnings": len(result.findings) - result.errors,
        "findings": [each.data() for each in result.findings],
        "fixed": [each._asdict() for each in result.fixed],
    }
    return printable_json(json.dumps(data, indent=2, ensure_ascii=False)) + "\n"
