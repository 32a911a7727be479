"""Nothing to install: who waits does so at the database, and there are neither locks nor queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.core.bus import Held, Hint, Queue, State
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.work import Waiter


class LocalBus:
    """The database alone; ``state`` says why, where something else was named."""

    is_silent = True

    def __init__(self, state: State | None = None) -> None:
        """Take what is wrong with the bus that was named, if one was."""
        self._state = state

    def lock(self, key: TaskKey, held: Held, seconds: float) -> bool:  # noqa: ARG002 - the port's
        """Do nothing."""
        return False

    def extend(self, key: TaskKey, held: Held, seconds: float) -> bool:  # noqa: ARG002 - as above
        """Do nothing."""
        return False

    def unlock(self, key: TaskKey, held: Held) -> bool:  # noqa: ARG002 - as above
        """Do nothing."""
        return False

    def holder(self, key: TaskKey) -> Held | None:  # noqa: ARG002 - as above
        """Know of no lock."""
        return None

    def offer(self, project: str, queue: Queue, hint: Hint) -> bool:  # noqa: ARG002 - as above
        """Do nothing: who waits sees the assignment in the database."""
        return False

    def taken(self, project: str, queue: Queue) -> Hint | None:  # noqa: ARG002 - as above
        """Know of no hint."""
        return None

    def publish(self, project: str, messages: Sequence[str]) -> bool:  # noqa: ARG002 - as above
        """Do nothing: who waits is woken by the database."""
        return False

    def waiter(
        self,
        project: str,  # noqa: ARG002 - as above
        own: Callable[[], Waiter],
        queues: Sequence[Queue] = (),  # noqa: ARG002 - as above
    ) -> Waiter:
        """Return the database's own."""
        return own()

    def connections(self) -> int:
        """Know of none."""
        return 0

    def state(self) -> State | None:
        """Return what is wrong with what was named."""
        return self._state

    def close(self) -> None:
        """Do nothing."""
