"""How processes that work on one project hear of each other, beside the task database.

Whatever a bus says is a hint: the row in the database decides, always. So a bus may lose what it
was told, tell it twice, or be away, and no task is lost by that and none handed out twice. It
changes only how soon somebody looks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.work import Waiter


class Held(NamedTuple):
    """What a lock says of a claim: whose it is, and its fencing token."""

    agent: str
    token: int

    def __str__(self) -> str:
        """Return it as the lock has it."""
        return f"{self.agent}:{self.token}"


class Queue(NamedTuple):
    """For whom assignments wait: ``kind`` is ``agent`` or ``tag``."""

    kind: str
    name: str


class Hint(NamedTuple):
    """That a task may be for whoever reads it; whether it is so, the database tells.

    ``key`` is that of the task without its project, ``agent`` whom it is assigned to ('' for
    nobody), ``by`` who says so, and ``at`` when, in seconds since 1970.
    """

    key: str
    agent: str = ""
    by: str = ""
    at: float = 0.0

    @property
    def text(self) -> str:
        """The hint as JSON."""
        return json.dumps(self._asdict())


class State(NamedTuple):
    """How a bus is: its name without a password, its server's version, and what is wrong with it.

    ``version`` is '' where nobody answered, and ``problem`` '' where all is well.
    """

    name: str
    version: str = ""
    problem: str = ""


class Bus(Protocol):
    """How processes that work on one project hear of each other.

    No method raises because nobody answers, and none waits for that longer than a moment: it
    returns what it would return if nobody had said anything. Usable from any thread.
    """

    @property
    def is_silent(self) -> bool:
        """Whether nobody would ever hear what is told."""
        ...

    def lock(self, key: TaskKey, held: Held, seconds: float) -> bool:
        """Let a lock say for so long who has claimed a task, and tell whether it does.

        To be taken after the database has given the claim. One with a higher token stays.
        """
        ...

    def extend(self, key: TaskKey, held: Held, seconds: float) -> bool:
        """Let a lock last for so long from now on, and tell whether it is that of this claim."""
        ...

    def unlock(self, key: TaskKey, held: Held) -> bool:
        """Take a lock away, and tell whether it was that of this claim."""
        ...

    def holder(self, key: TaskKey) -> Held | None:
        """Return what the lock of a task says, None if there is none; it may be out of date."""
        ...

    def offer(self, project: str, queue: Queue, hint: Hint) -> bool:
        """Put a hint at the end of a queue, and tell whether it is there.

        To be put there after the database has the assignment. A queue forgets what is old.
        """
        ...

    def taken(self, project: str, queue: Queue) -> Hint | None:
        """Take the first hint out of a queue, None if there is none."""
        ...

    def publish(self, project: str, messages: Sequence[str]) -> bool:
        """Tell all who listen, in order, and tell whether that was possible.

        Args:
            project: The id of the project.
            messages: JSON; to be told after what they tell of was committed.
        """
        ...

    def waiter(
        self, project: str, own: Callable[[], Waiter], queues: Sequence[Queue] = ()
    ) -> Waiter:
        """Return what waits for news of a project, and for hints in queues.

        It wakes too by what is committed while the bus is away. A hint that woke it is gone.

        Args:
            project: The id of the project.
            own: Makes a waiter of the database's own; may raise StoreError.
            queues: Of the one who waits.
        """
        ...

    def connections(self) -> int:
        """Count this process's connections to its server."""
        ...

    def state(self) -> State | None:
        """Ask how it is; None where there is nothing to be asked."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def held_of(text: str) -> Held | None:
    """Return what a lock says, None where it is none of ours."""
    agent, colon, token = text.rpartition(":")
    return Held(agent, int(token)) if colon and token.isascii() and token.isdecimal() else None


def hint_of(text: str) -> Hint:
    """Return a hint as it was written down; one of others says as much as can be read of it."""
    try:
        said = json.loads(text)
    except ValueError:
        return Hint("")
    said = said if isinstance(said, dict) else {}
    key, agent, by = (str(said.get(name) or "") for name in ("key", "agent", "by"))
    at = said.get("at")
    return Hint(key, agent, by, at if isinstance(at, float | int) else 0.0)
