"""The two parts of a watcher's pass: the task database with all work trees, then the board."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from kanban_sync.core.plan_text import plan_lines
from kanban_sync.git_work_trees import Edits, places
from kanban_sync.sync import requests
from kanban_sync.sync.consent import allowed_target
from kanban_sync.sync.notices import advice
from kanban_sync.sync.requests import DATABASE, Cause, Request
from kanban_sync.sync.runner import Outcome, Patience, Progress, run
from kanban_sync.sync.session import Watcher
from kanban_sync.workplace import taken_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.app import Clone
    from kanban_sync.sync.report import Report

AT_ONCE = Patience(debounce=0.0)
"""Whoever watches has waited already."""


class Passes:
    """Brings up one clone, as hooks would, and with what nobody has committed."""

    def __init__(self, clone: Clone, say: Callable[[str], None]) -> None:
        """Bind to a clone; from now on its work trees are read, too."""
        self.clone = clone
        self.asked_to = 0
        """Up to which byte the file of requests holds what was asked for here."""
        self.has_problems = False
        """Whether some file could not be read in the last pass that read any."""
        self._say = say
        clone.state.make()
        main = clone.top if clone.worktree == "-" and clone.place is not None else None
        self.edits = clone.edits = Edits(clone.common_dir, main)
        self.edits.hold_back = self._hold_back
        self._told: frozenset[str] = frozenset()

    def _hold_back(self) -> set[str]:
        """Take out of work trees what was written while the database was away, and does not count.

        Returns what of their files is not to be read.
        """
        held: set[str] = set()
        told: list[str] = []
        for worktree, top, _ in places(self.clone.common_dir, self.edits.top):
            taken = taken_out(type(self.clone), top, self.clone.database, worktree)
            held |= {f"{os.path.realpath(top)}/{path}" for path in taken.held}
            told += taken.told
        for line in told:
            if line not in self._told:
                self._say(line)
        self._told = frozenset(told)
        return held

    @property
    def _target(self) -> str:
        target = allowed_target(self.clone.state)
        return target.id if target is not None else DATABASE

    def database(self) -> None:
        """Bring the task database up to date; what is new is asked for on the board.

        Raises:
            KanbanSyncError: It cannot be read or written.
        """
        with closing(self.clone.engine(None, None, Watcher(), Progress())) as engine:
            engine.database([Request(DATABASE, Cause.CLI, self.clone.worktree)])
            report = engine.report
        if report.merged is not None and report.merged.counts:
            self.ask()
        self._tell_merged(report)

    def _tell_merged(self, report: Report) -> None:
        if report.merged is None:
            return
        self.has_problems = any(problem.fatal for problem in report.problems)
        for problem in report.problems:
            self._say(str(problem))
        if counts := report.merged.counts:
            told = ", ".join(f"{count} {what}" for what, count in counts.items())
            self._say(f"task database: {told}")

    def ask(self) -> None:
        """Ask for the board; whatever happens to this process, the next hook hears of it."""
        self.clone.request()
        self.asked_to = requests.size(self.clone.state)

    def board(self) -> Outcome:
        """Serve what was asked for, here and by hooks, and tell how that ended.

        Raises:
            BoardUnreachableError: Nobody answered; the rest is pending.
            KanbanSyncError: The pass failed, or did not get on.
        """
        clone = self.clone
        target, name = allowed_target(clone.state), self._target
        heard = Watcher(log=lambda _text: None)
        with closing(clone.engine(target, None, heard, Progress())) as engine:
            outcome = run(
                clone.state, name, engine, patience=AT_ONCE, board_lock=target is not None
            )
            report = engine.report
        # Something may have changed since the database was brought up.
        self._tell_merged(report)
        if outcome is Outcome.DONE and report.done is not None:
            for line in plan_lines(report.done):
                self._say(f"board: {line}")
        if outcome is Outcome.DONE and (text := advice(report)):
            clone.state.notice(text)
            self._say(text.removeprefix("kanban-sync: "))
        return outcome

    def is_pending(self) -> bool:
        """Tell whether anything that was asked for has yet to be done."""
        return bool(requests.pending(self.clone.state, self._target))
