"""The door through which agents work: claims, what is ready, and who hands tasks out.

It is the other half of the task database; ``TaskStore`` brings the files in. A *task that is
handed out* is one that has a card, or a box of an OpenSpec change: what stands below it are its
steps, and go with it. A change itself is claimed by key only, and then its boxes are not handed to
others. It is in progress or in review as its boxes say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync.core.claims import GENERATION
from kanban_sync.core.model import Status
from kanban_sync.core.offers import NO_OFFER, Offer
from kanban_sync.core.order import ANY, Wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kanban_sync.core.claims import Claim, Standing
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import Event
    from kanban_sync.core.silence import Hearing

__all__ = ["ANY", "Wanted"]
"""What agents ask for; it lies where it is compared."""


class Waiting(NamedTuple):
    """What a task waits for: the name that its file calls it by, and the task.

    ``key`` and ``status`` are None where nobody has that name; ``is_part`` tells that it is a task
    of the milestone that waits.
    """

    name: str
    key: TaskKey | None
    status: Status | None
    is_part: bool = False

    @property
    def state(self) -> str:
        """How far that is, in words; what is done is waited for until its file says so."""
        if self.status is None:
            return "unknown"
        is_ahead = self.status.satisfies
        return f"{self.status}, not yet on the default branch" if is_ahead else self.status.value


MOST_NAMED = 8
"""How many of the tasks are named that one waits for: a milestone may have hundreds."""


def named(waits: Sequence[Waiting], *, unknown: str = "unknown", states: bool = True) -> str:
    """Return in words what a task waits for, the first few of many.

    Args:
        waits: What it waits for.
        unknown: How it is said that no task has a name.
        states: Whether it is said how far each is.
    """
    shown = [
        f"{each.name} ({unknown if each.status is None else each.state})" if states else each.name
        for each in waits[:MOST_NAMED]
    ]
    more = len(waits) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


class Entry(NamedTuple):
    """A task as those see it who work on it.

    ``claim`` is None where nobody has it; ``attempts`` counts its claims; ``reason`` is what was
    said when the last one ended; times are in seconds since 1970, 0 for never. ``offer`` tells for
    which agent it is kept, if for any; ``is_gone`` tells that its file holds it no more.
    """

    task: Task
    claim: Claim | None = None
    attempts: int = 0
    reason: str = ""
    started_at: float = 0.0
    waits_for: tuple[Waiting, ...] = ()
    offer: Offer = NO_OFFER
    is_gone: bool = False

    @property
    def key(self) -> TaskKey:
        """The key of the task."""
        return self.task.key


def entry_of(task: Task, standing: Standing, waits_for: tuple[Waiting, ...] = ()) -> Entry:
    """Return a task with how it stands; one that is over has no claim."""
    claim = None if standing.status.is_over else standing.claim
    attempts = standing.token % GENERATION
    is_gone = standing.file_status is Status.ORPHANED
    known = (standing.reason, standing.started_at, waits_for, standing.offer, is_gone)
    return Entry(task, claim, attempts, *known)


def open_ones(found: Sequence[Entry], every: Mapping[TaskKey, Task]) -> list[Entry]:
    """Return the tasks that stand below none that is over: steps are over with their task."""

    def is_open(key: TaskKey | None) -> bool:
        seen: set[TaskKey] = set()
        while key is not None and key not in seen and (above := every.get(key)) is not None:
            seen.add(key)
            if above.status.is_over:
                return False
            key = above.parent
        return True

    return [each for each in found if is_open(each.task.parent)]


class Orchestrator(NamedTuple):
    """A process that hands out tasks, and says from time to time that it is alive."""

    instance_id: str
    started_at: float
    last_heartbeat: float
    agent_count: int = 0


class Waiter(Protocol):
    """Somebody who waits for news of one project; for one thread."""

    def wait(self, seconds: float) -> bool:
        """Wait until something is committed, and tell whether that may have been so.

        What was committed since the waiter was made, or since it was told last, ends the wait at
        once. Whoever looks after making one, and after each wait, misses nothing; it may be told
        of more than there is to see.

        Args:
            seconds: How long at most.
        """
        ...

    def close(self) -> None:
        """Wait no more."""
        ...


class WorkStore(Protocol):
    """What agents do with the tasks of one project. Times are parameters, in seconds since 1970.

    Every method that writes is one transaction with its events, and is as if it had not begun when
    it raises. Every implementation inherits one contract suite. Of methods that take a token,
    ``who`` is who shows it; without a name nobody looks whose it is.

    Raises:
        UnknownTaskError: From any method that takes a key: no task has it.
        LostClaimError: From any method that takes a token: it is not the newest, the claim was
            taken back or released, or the task is over. A claim whose lease ran out and that
            nobody took is still good.
        HeldError: From any method that takes a token: it is that of another agent's claim.
        StoreError: From any method, if the database cannot be used.
    """

    def entry(self, key: TaskKey) -> Entry:
        """Return one task, with its claim and what it waits for still."""
        ...

    def entries(self, wanted: Wanted = ANY, statuses: Collection[Status] = ()) -> list[Entry]:
        """Return tasks, also those that are over, by path, position and key.

        Args:
            wanted: Which of them; what it prefers is left aside.
            statuses: Only those with one of these.
        """
        ...

    def ready(
        self, now: float, wanted: Wanted = ANY, limit: int = 20, agent: str = ""
    ) -> list[Entry]:
        """Return what may be claimed, in the order in which it is handed out.

        Args:
            now: The time; a task whose lease ran out before it may be claimed.
            wanted: Which of them.
            limit: How many at most.
            agent: For whom; what is assigned to others is left out.
        """
        ...

    def claim_next(
        self,
        agent: str,
        now: float,
        lease: float,
        wanted: Wanted = ANY,
        orchestrator: str = "",
    ) -> Entry | None:
        """Claim the first task that is ready; None if there is none."""
        ...

    def claim(
        self, key: TaskKey, agent: str, now: float, lease: float, orchestrator: str = ""
    ) -> Entry:
        """Claim one task: nobody has it, it is not over, and it waits for nothing.

        Also a step, or a change, while nobody has what stands above or below it.

        Raises:
            HeldError: Somebody has it, or what stands above or below it; also the agent itself.
            NotReadyError: It is not to do, waits for others, is assigned to somebody else, or
                stands below what is over.
        """
        ...

    def extend(self, key: TaskKey, token: int, now: float, lease: float, *, who: str = "") -> Entry:
        """Let a claim last for a lease from now on: the heartbeat."""
        ...

    def finish(  # noqa: PLR0913 - who says what, when and why
        self,
        key: TaskKey,
        token: int,
        status: Status,
        now: float,
        reason: str = "",
        *,
        who: str = "",
    ) -> Entry:
        """End a claim and say how it went: done, blocked, failed, review or cancelled."""
        ...

    def release(
        self, key: TaskKey, token: int, now: float, reason: str = "", *, who: str = ""
    ) -> Entry:
        """Give a task back: it is to do again, or what its file came to say meanwhile."""
        ...

    def set_status(  # noqa: PLR0913 - who says what, when and why
        self,
        key: TaskKey,
        status: Status,
        now: float,
        who: str,
        reason: str = "",
        *,
        assignee: str | None = None,
        force: bool = False,
        in_time: bool = False,
    ) -> Entry:
        """Set a status without a claim, and end one that ran out or is one's own.

        Args:
            key: Which task.
            status: Any but ``orphaned``.
            now: The time.
            who: Who says so.
            reason: Why.
            assignee: For whom the task is from now on, '' for anybody; None leaves that.
            force: Also where somebody else's claim is alive; that one is lost then.
            in_time: Only if ``who`` comes in time: ``core.endings.check_in_time``.

        Raises:
            HeldError: Somebody else has the task, or what stands above it.
            LostClaimError: It has to be in time, and is not.
        """
        ...

    def assign(self, key: TaskKey, agent: str, now: float, who: str) -> Entry:
        """Let a task be for one agent only, '' for anybody.

        Raises:
            HeldError: Somebody else than ``who`` has the task.
        """
        ...

    def add(self, task: Task, now: float) -> Entry:
        """Add a task that stands in no file.

        Raises:
            WorkError: There is a task with that key, or it waits for itself.
        """
        ...

    def rename(self, key: TaskKey, task: Task, now: float) -> Entry:
        """Let a task that stands in no file be the one that a file holds now.

        It keeps status, assignee, and history; what waits for it does so by its new key.

        Args:
            key: Its key up to now.
            task: The task as the file has it, with its key from now on.
            now: The time.

        Raises:
            WorkError: There is a task with the new key already.
        """
        ...

    def edges(self) -> list[Edge]:
        """Return all that tasks wait for, in the order of their keys.

        What has no task, and ``core.dependencies.cycles`` of the others, is what never ends.
        """
        ...

    def history(self, key: TaskKey) -> list[Event]:
        """Return the events of one task, oldest first."""
        ...

    def reclaim(self, now: float, *, leases: bool = True) -> list[Entry]:
        """Take back claims of orchestrators that fell silent, each once.

        Args:
            now: The time.
            leases: Also those whose lease ran out.
        """
        ...

    def register(self, instance_id: str, now: float, agent_count: int = 0) -> Orchestrator:
        """Let an orchestrator be known; one that is known already begins anew."""
        ...

    def beat(self, instance_id: str, now: float, agent_count: int | None = None) -> Orchestrator:
        """Note that an orchestrator is alive.

        Raises:
            WorkError: Nobody registered it.
        """
        ...

    def orchestrators(self) -> list[Orchestrator]:
        """Return all orchestrators that were ever registered, by their ids."""
        ...

    def hearing(self, now: float) -> Hearing:
        """Return whose heartbeats are heard, and since when.

        The database was away before: whoever was not heard of then may be alive.
        """
        ...

    def waiter(self) -> Waiter:
        """Return what waits for events: every one of the project wakes it."""
        ...
