"""The line that the next hook prints: what a person has to know of a sync that nobody saw."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanban_sync.sync.consent import Target
    from kanban_sync.sync.session import Report

PACKAGE = Path(__file__).parents[1]


def advice(report: Report) -> str:
    """Return the line where a sync that went well still needs a person, '' if it does not."""
    if report.plan is not None and report.plan.held:
        count = len(report.plan.held)
        text = f"kanban-sync: {count} changes to the board are held back"
        return f"{text}; run 'kanban-sync sync --dry-run'"
    fatal = [problem for problem in report.problems if problem.fatal]
    return f"kanban-sync: {fatal[0]} (run 'kanban-sync status')" if fatal else ""


def failure(text: str, named: Target | None) -> str:
    """Return the line where a sync failed with this text, of a board that the user named if any."""
    first = text.splitlines()[0]
    call = ["kanban-sync", "sync"]
    call += ["--project", named.project, "--board", named.board] if named is not None else []
    return f"kanban-sync: {first} (run '{shlex.join(call)}' to try again)"


def surprise(error: Exception, logs: Path) -> str:
    """Return the line where a sync ended with an error that is a bug, or comes of an upgrade."""
    missing = _missing(error)
    if missing:
        return (
            f"kanban-sync: {missing} is missing, as it is while kanban-sync is upgraded; the next"
            " commit goes on. If it stays missing, install kanban-sync again"
        )
    text = "kanban-sync: the sync failed for a reason nobody foresaw; see the newest"
    return f"{text} file in {logs}"


def _missing(error: Exception) -> str:
    """Return which part of the installation an error could not find, '' if it is about others."""
    if isinstance(error, ImportError):
        return f"the module {error.name or 'that was asked for'}"
    if isinstance(error, FileNotFoundError) and error.filename:
        path = Path(str(error.filename))
        return f"the file {path}" if path.is_relative_to(PACKAGE) else ""
    return ""
