"""Which of the tasks that are ready comes first, and which an agent wants at all. Pure.

Work that others wait for comes first, then by priority, then by the place in the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanban_sync.core.model import Task, TaskKey

RANKS = (
    (0, ("p0", "crit", "urgent", "highest", "blocker")),
    (1, ("p1", "high")),
    (3, ("p3", "low")),
)
"""How the words for a priority begin, whatever follows: ``P1 - soon`` is ``P1``."""

USUAL = 2
"""The rank of a task whose priority is not given, or is a word that nobody knows."""


KNOWN = (
    *("p0", "crit", "critical", "urgent", "highest", "blocker"),
    *("p1", "high"),
    *("p2", "med", "medium", "normal"),
    *("p3", "low", "lowest"),
)
"""The words that somebody may ask for; files may say whatever they like."""


class Wanted(NamedTuple):
    """Which tasks an agent asks for; capital letters in tags make no difference.

    Args:
        prefers: Tags of the agent. Tasks with one of them, and those without any tag, come before
            all others; the others come too.
        tags: Only tasks with one of these.
        priority: Only tasks of this priority, in whatever words: ``P1`` is ``high``.
        sources: Only tasks of these sources.
        parent: Only tasks directly below this one, its steps too; those for it if it is a
            milestone.
    """

    prefers: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    priority: str = ""
    sources: frozenset[str] = frozenset()
    parent: TaskKey | None = None

    def takes(self, task: Task, parts: Collection[TaskKey] = ()) -> bool:
        """Tell whether a task is asked for at all; whether it is preferred is left aside.

        Args:
            task: Which one.
            parts: The tasks for the milestone that is asked for, if one is.
        """
        return (
            (not self.tags or bool(spellings(self.tags, task.labels)))
            and (not self.priority or rank(task.priority) == rank(self.priority))
            and (not self.sources or task.key.source in self.sources)
            and (self.parent is None or task.parent == self.parent or task.key in parts)
        )

    def suits(self, task: Task) -> bool:
        """Tell whether a task is for agents with these tags: it has one of them, or none at all."""
        if not self.prefers or not task.labels:
            return True
        return bool(spellings(self.prefers, task.labels))


ANY = Wanted()
"""Whatever there is."""


def priority_problem(said: str) -> str:
    """Return what is wrong with a priority that somebody names; '' if its first word is known."""
    if said.lstrip(" ").lower().partition(" ")[0] in KNOWN:
        return ""
    return (
        f"{said!r} is no priority; P0 (critical, urgent), P1 (high), P2 (medium, normal) and P3"
        " (low) are."
    )


def rank(priority: str) -> int:
    """Return 0 for the most urgent tasks to 3 for the least; databases compute the same."""
    word = priority.lstrip(" ").lower()
    return next((number for number, begins in RANKS if word.startswith(begins)), USUAL)


def order(task: Task, *, is_waited_for: bool) -> tuple[object, ...]:
    """Return what tasks that are ready are sorted by."""
    key = task.key
    return (not is_waited_for, rank(task.priority), task.path, task.position, key.source, key.name)


def spellings(tags: Collection[str], labels: Collection[str]) -> frozenset[str]:
    """Return which labels are among the tags, whatever letters of either are capitals."""
    asked = {tag.casefold() for tag in tags}
    return frozenset(label for label in labels if label.casefold() in asked)
