"""What the database has to have by what people and agents said last, each in their own place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kanban_sync.core.model import Status
from sync.hunt.by_hand import Dialect, Told

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    ended: Mapping[str, set[str]] = field(default_factory=dict)
    """Who had claimed a task and has it no more: in progress for them is nobody's word."""
    before: dict[str, str] = field(default_factory=dict)
    """For whom a task was that somebody claimed, and finished since."""

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

    def read(self, files: dict[str, tuple[Dialect, Told]], ended: Mapping[str, set[str]]) -> None:
        """Read what was committed: what was said there since, where nobody else said anything."""
        self.ended = ended
        for name, (dialect, told) in files.items():
            self.dialects[name] = dialect
            if name not in self.database:
                self.database[name] = told
            elif name in self.agreed:
                self.database[name] = self._heard(name, dialect, told)
            self.agreed[name] = told
        for name in self.there - files.keys():
            self._take_out(name)
        self.there = set(files)

    def _is_mark(self, name: str, told: Told) -> bool:
        ended = self.ended.get(name, set())
        return told.status is Status.IN_PROGRESS and told.assignee in ended

    def _is_name_alone(self, name: str, dialect: Dialect, told: Told) -> bool:
        """Tell whether a task has begun only by the name that an agent has given it."""
        before, now = self.agreed[name], self.database[name]
        is_ours = told.assignee not in {"", before.assignee} and told.assignee == now.assignee
        return dialect.removes_done and is_ours and before.status is Status.TODO

    def _heard(self, name: str, dialect: Dialect, told: Told) -> Told:
        """Return what the database has to have of a task, now that a file says this."""
        before, now = self.agreed[name], self.database[name]
        if self._is_mark(name, told) and told != before:
            if not (dialect.removes_done and before.status in OVER):
                return now
            told = Told(Status.TODO, before.assignee)
        elif self._is_name_alone(name, dialect, told):
            told = Told(now.status, told.assignee)
        anew: Told | None = before
        if self._is_mark(name, before) and told != before:
            anew = now if now.status is Status.TODO else None
        status = self._merged(name, "status", told.status, anew and anew.status)
        is_opened = status is Status.TODO and now.status is not Status.TODO
        if is_opened and name in self.before:
            whose = self.before.pop(name)
            return Told(status, whose if told.assignee == before.assignee else told.assignee)
        known = (anew or before).assignee
        return Told(status, self._merged(name, "assignee", told.assignee, known))

    def _merged(self, name: str, what: str, said: Any, before: Any) -> Any:  # noqa: ANN401 - either value
        now = getattr(self.database[name], what)
        if said in {before, now}:
            return now
        if now == before:
            return said
        self.lost.append(Lost(name, what, getattr(self.agreed[name], what), said, now))
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
