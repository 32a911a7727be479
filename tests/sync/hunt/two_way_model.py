"""What the database has to have by what people and agents said last, each in their own place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kanban_sync.core.model import Status
from sync.hunt.by_hand import Dialect, Told

OVER = frozenset({Status.DONE, Status.CANCELLED})


class Lost(NamedTuple):
    """What was said in a file and is not taken, as a conflict tells it."""

    name: str
    field: str
    base: str
    file: str
    database: str


@dataclass
class Model:
    """What was read last of each task, what the database has, and what was lost on the way."""

    dialects: dict[str, Dialect] = field(default_factory=dict)
    agreed: dict[str, Told] = field(default_factory=dict)
    database: dict[str, Told] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    there: set[str] = field(default_factory=set)

    def known(self, name: str) -> list[Told]:
        """Return what a file said when it was read last, if any did."""
        return [self.agreed[name]] if name in self.agreed else []

    def is_ahead(self, name: str) -> bool:
        """Whether an agent said what the file does not."""
        if name not in self.agreed:
            return True
        said, agreed = self.database[name], self.agreed[name]
        is_open = said.status not in {*OVER, Status.ORPHANED}
        return said.status is not agreed.status or (is_open and said.assignee != agreed.assignee)

    def is_behind(self, name: str, began: list[Told]) -> bool:
        """Whether the database has what the beginning of a branch did not say."""
        said = self.database[name]
        if said.status is Status.ORPHANED:
            return False
        return any(
            each.status is not said.status
            or (said.status not in OVER and each.assignee != said.assignee)
            for each in began
        )

    def read(self, files: dict[str, tuple[Dialect, Told]]) -> None:
        """Read what was committed: what was said there since, where nobody else said anything."""
        for name, (dialect, told) in files.items():
            self.dialects[name] = dialect
            if name not in self.database:
                self.database[name] = told
            elif name in self.agreed:
                self.database[name] = Told(
                    self._merged(name, "status", told.status), self._merged_name(name, told)
                )
            self.agreed[name] = told
        for name in self.there - files.keys():
            self._take_out(name)
        self.there = set(files)

    def _merged(self, name: str, what: str, said: Status) -> Status:
        before, now = self.agreed[name].status, self.database[name].status
        if said is before or said is now:
            return now
        if now is before:
            return said
        self.lost.append(Lost(name, what, before, said, now))
        return now

    def _merged_name(self, name: str, told: Told) -> str:
        before, now = self.agreed[name].assignee, self.database[name].assignee
        if told.assignee in {before, now}:
            return now
        if now == before:
            return told.assignee
        self.lost.append(Lost(name, "assignee", before, told.assignee, now))
        return now

    def _take_out(self, name: str) -> None:
        dialect, said, before = self.dialects[name], self.database[name], self.agreed[name]
        # A box of a change that is still there is not over because somebody once said so.
        is_part = dialect.name == "OpenSpec"
        if before.status in OVER and not is_part:
            return
        gone = Status.DONE if dialect.removes_done else Status.ORPHANED
        if said.status not in OVER or is_part:
            self.database[name] = Told(gone, said.assignee)
        self.agreed[name] = Told(gone, before.assignee)
