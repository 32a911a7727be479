"""What was done apart, while the database was away, as it is written into that: a journal."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kanban_sync.core.claims import Standing, Told
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.work import Orchestrator

APART = "apart"
"""What the data of an event holds of something done apart: by what that one deed is known.

A conflict holds those of all that is lost by it.
"""

OWN = 16
"""How many characters of a digest tell journals of one name apart."""

MARK = "journal"
"""Stands for the source in the key of the event by which it is known that a journal was taken."""


class Apart(NamedTuple):
    """One task that was worked on apart: as it stood before (None: it was not there), and stands.

    ``told`` are the events of it since then.
    """

    key: TaskKey
    base: Standing | None
    kept: Kept
    standing: Standing
    told: tuple[Told, ...] = ()

    def of(self, project: str) -> Apart:
        """Return it as a task of a project."""
        task = self.kept.task
        parent = task.parent and task.parent._replace(project=project)
        key = self.key._replace(project=project)
        kept = self.kept._replace(task=task._replace(key=key, parent=parent))
        return self._replace(key=key, kept=kept)

    @property
    def was_claimed(self) -> bool:
        """Whether somebody has claimed it apart."""
        return any(each.kind == "claimed" for each in self.told)

    @property
    def deeds(self) -> list[object]:
        """By what all that was done with it is known; of an older release, nothing is."""
        return [each.data[APART] for each in self.told if APART in each.data]

    @property
    def is_in_no_file(self) -> bool:
        """Whether the database alone has it, so that no other one gets it from a file."""
        return self.kept.filed is None

    def is_as_before(self, there: Standing) -> bool:
        """Whether it stands in the database as it did before."""
        return self.base is not None and stands_as(self.base, there)


class Into(Enum):
    """Into which database a journal is written."""

    SAME = "that which was away"
    RESTORED = "one that was made from a backup of that"
    OTHER = "one that was made by itself, or the tasks of another project"


class Journal(NamedTuple):
    """What was done apart since a moment (seconds since 1970), under a name made at random.

    Of a clone that was copied meanwhile there are two of one name; the ``digest`` tells them apart.
    It is that of the file that is sent, '' where there is none. ``is_another`` is it if one of
    that name was taken already. Of what happened in the database until ``copied_at``, by its clock,
    the base knows; and so it does of the ``known`` deeds, which the journals before this one have.
    """

    id: str
    since: float
    entries: tuple[Apart, ...] = ()
    orchestrators: tuple[Orchestrator, ...] = ()
    digest: str = ""
    is_another: bool = False
    copied_at: float = 0.0
    known: frozenset[object] = frozenset()
    into: Into = Into.SAME

    def of(self, project: str) -> Journal:
        """Return it with the tasks of a project, however that was called then."""
        return self._replace(entries=tuple(each.of(project) for each in self.entries))

    def as_another(self) -> Journal:
        """Return it under a name of its own, which is the same each time."""
        return self._replace(id=f"{self.id}-{self.digest[:OWN]}", is_another=True)


def stands_as(base: Standing, there: Standing) -> bool:
    """Tell whether nobody has done anything with a task, as far as its standing shows."""
    return says_the_same(base, there) and base.token == there.token


def says_the_same(one: Standing, two: Standing) -> bool:
    """Tell whether a task stands the same with those who work on it."""
    if (one.status, one.assignee, one.agent) != (two.status, two.assignee, two.agent):
        return False
    return not one.agent or one.token == two.token


def deed_of(clone: str, number: str) -> str:
    """Return by what something is known that was done apart in a clone."""
    return f"{clone}-{number}"


def is_deed_of(clone: str, deed: object) -> bool:
    """Tell whether that was done in a clone, and not in one of which it is a copy."""
    return str(deed).rpartition("-")[0] == clone
