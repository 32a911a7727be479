"""What a sync did, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanban_sync.core.model import Problem
    from kanban_sync.core.operations import Plan
    from kanban_sync.core.ports import Merged
    from kanban_sync.sync.consent import Target
    from kanban_sync.sync.runner import Outcome


@dataclass(slots=True)
class Report:
    """What a pass did, for whoever shows it; ``done`` is what was carried out of ``plan``."""

    branch: str = ""
    tip: str = ""
    merged: Merged | None = None
    problems: tuple[Problem, ...] = ()
    plan: Plan | None = None
    done: Plan | None = None


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How a sync in the foreground ended: with what outcome, and what it did."""

    outcome: Outcome
    report: Report
    target: Target | None
