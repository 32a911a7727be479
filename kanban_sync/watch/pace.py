"""When what has changed is read, and when the board is told: pure, by a clock that only goes on.

A file has settled when it was the same in all looks for a while; then the task database is due, at
once or as soon as those have settled that are just about to. The board is due when nothing has
changed for longer, or when the first change that it was not told of is so old, settled or not.
Nothing is forgotten but by a pass that began after it; one that failed is due again, after a pause
that grows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Stamp: TypeAlias = "tuple[object, ...] | None"
"""What tells one state of a file from others; None where there is none."""

PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds until a part of a pass that failed is tried again, the more often it did."""


class Times(NamedTuple):
    """How long is waited for what, in seconds.

    ``settle`` is how long a file has to stay the same, ``look`` how often it is looked at,
    ``debounce`` how long nothing may change before the board is told, ``longest`` how long the
    board waits at most, ``safety`` how often all is looked through, ``poll`` how often it is where
    nobody tells of changes.
    """

    settle: float = 0.5
    look: float = 0.1
    debounce: float = 2.0
    longest: float = 10.0
    safety: float = 60.0
    poll: float = 10.0


class Due(NamedTuple):
    """What is to be done now; what brings up the board brings up the database first."""

    database: bool
    board: bool


class _Waiting(NamedTuple):
    """A file that has yet to settle: as it was last, since when, and when it began to change."""

    stamp: Stamp
    since: float
    first: float


@dataclass(slots=True)
class _Part:
    """The task database, or the board: how often it failed in a row, and when it may be tried."""

    failures: int = 0
    not_before: float = 0.0

    def failed(self, now: float) -> None:
        pause = PAUSES[min(self.failures, len(PAUSES) - 1)]
        self.failures, self.not_before = self.failures + 1, now + pause

    def done(self) -> None:
        self.failures, self.not_before = 0, 0.0


@dataclass(slots=True)
class Pace:
    """What was seen, and what became of it. Whoever uses it tells it the time."""

    times: Times
    all_at: float
    """When all is looked through next; at once for a start."""
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    """Files that have yet to settle."""
    untold: float | None = None
    """When the first change was seen that the board was not told of."""
    last: float = 0.0
    settled: float | None = None
    """When the first file settled of which the database was not told."""
    is_owed: bool = False
    """Whether the board is to be looked at, whatever has changed."""
    database: _Part = field(default_factory=_Part)
    board: _Part = field(default_factory=_Part)

    def touched(self, names: Iterable[str], now: float) -> None:
        """Take down that something may have happened to these files."""
        for name in names:
            known = self.waiting.get(name, _Waiting(("never looked at",), now, now))
            self.waiting[name] = known._replace(since=now)
            self._changed(now)

    def looked(self, stamps: Mapping[str, Stamp], now: float) -> None:
        """Take down how files are that have yet to settle."""
        for name in self.waiting.keys() & stamps.keys():
            known = self.waiting[name]
            if stamps[name] != known.stamp:
                self.waiting[name] = known._replace(stamp=stamps[name], since=now)
                self._changed(now)
            elif now >= known.since + self.times.settle:
                del self.waiting[name]
                self.settled = now if self.settled is None else self.settled

    def missed(self, now: float) -> None:
        """Take down that things may have happened of which nobody told."""
        self.all_at = min(now, self.all_at)

    def _changed(self, now: float) -> None:
        self.untold = now if self.untold is None else self.untold
        self.last = now

    def due(self, now: float) -> Due:
        """Tell what is to be done."""
        if now < self.database.not_before:
            return Due(database=False, board=False)
        board = now >= self.board.not_before and now >= self._board_at()
        return Due(database=board or now >= self._database_at(), board=board)

    def _database_at(self) -> float:
        ready = math.inf
        if self.settled is not None:
            # Files that are written together settle nearly at once.
            ready = self.settled + self.times.settle if self.waiting else self.settled
        late = min((each.first for each in self.waiting.values()), default=math.inf)
        return min(self.all_at, late + self.times.longest, ready)

    def _board_at(self) -> float:
        if self.is_owed:
            return 0.0
        is_quiet = self.untold is not None and not self.waiting
        quiet = self.last + self.times.debounce if is_quiet else math.inf
        late = math.inf if self.untold is None else self.untold + self.times.longest
        return min(self.all_at, late, quiet)

    def unsettled(self, now: float) -> list[str]:
        """Return the files that do not count as they are: they may yet settle in time."""
        longest = self.times.longest
        return [name for name, each in self.waiting.items() if now < each.first + longest]

    def wait(self, now: float) -> float:
        """Tell after how many seconds to ask again if nothing happens: 0 if something is due."""
        database = max(self._database_at(), self.database.not_before)
        board = max(self._board_at(), self.database.not_before, self.board.not_before)
        look = now + self.times.look if self.waiting else math.inf
        return max(min(database, board, look) - now, 0.0)

    def read(self, now: float) -> None:
        """Take down that the database has all that had been seen when the pass began."""
        self.database.done()
        if now >= self.all_at:
            self.all_at, self.is_owed = now + self.times.safety, True
        self.settled = None
        unsettled = {*self.unsettled(now)}
        for name in self.waiting.keys() - unsettled:
            self.waiting[name] = self.waiting[name]._replace(first=now)

    def told(self) -> None:
        """Take down that the board was told all that the database has."""
        self.board.done()
        self.is_owed = False
        firsts = [each.first for each in self.waiting.values()]
        firsts += [self.settled] if self.settled is not None else []
        self.untold = min(firsts, default=None)

    def read_failed(self, now: float) -> None:
        """Take down that the database could not be brought up."""
        self.database.failed(now)

    def told_failed(self, now: float) -> None:
        """Take down that the board could not be brought up."""
        self.board.failed(now)
        self.is_owed = True
