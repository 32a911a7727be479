"""What a store keeps of each card: what was last agreed on, and by what that is known at a glance.

A port, as those in ``ports``; a part of the task store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from kanban_sync.core.board import Said
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.settled import Settled


class Bases(Protocol):
    """The part of the task store that a sync of a board reads and writes."""

    def last_event(self) -> int:
        """Return the id of the newest event, 0 if there is none."""
        ...

    def tasks(self, of: Collection[TaskKey] | None = None) -> list[Task]:
        """Return all tasks, also those that are over, by path, position and key.

        ``of`` are keys of tasks below no other: only they, and all below them, are returned.
        """
        ...

    def families(self) -> dict[TaskKey, str]:
        """Return a hash of each task that is below no other, and of all tasks below it."""
        ...

    def base(self, target: str, without: Collection[TaskKey] = ()) -> dict[TaskKey, Said]:
        """Return what was last agreed on with that board, but for some cards."""
        ...

    def settled(self, target: str) -> dict[TaskKey, Settled]:
        """Return by what it is known of cards that nothing is to be done on them."""
        ...

    def remember(
        self,
        target: str,
        said: Iterable[Said],
        settled: Mapping[TaskKey, Settled] | None = None,
        since: int | None = None,
    ) -> None:
        """Record bases (the key is the card's), replacing older ones.

        Those that are not among ``settled`` are not, from now on. Of a task that got another key
        after the event ``since`` it is the base under that one.
        """
        ...

    def forget(self, target: str, keys: Iterable[TaskKey]) -> None:
        """Forget the bases of these keys."""
        ...
