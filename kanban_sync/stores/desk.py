"""What every store has to read and write for those who work on its tasks, in one transaction."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kanban_sync.core.assignment import Depth, Idle, Leader
    from kanban_sync.core.claims import Standing, Told
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.model import Status, Task, TaskKey
    from kanban_sync.core.order import Wanted
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry, Orchestrator, Waiting


class Reach(Enum):
    """How far a transaction reaches: the less, the more of them may go on beside one another."""

    ONE = "one task"
    SEVERAL = "one task, and those that stand above or below it, need it or are needed by it"
    ALL = "what tasks there are, and which need which"


class Desk(Protocol):
    """What is done within one transaction."""

    def hold(self, key: TaskKey) -> None:
        """Let nobody else write to a task until the end, nor to what the transaction reaches."""
        ...

    def standing(self, key: TaskKey) -> Standing | None:
        """Return how a task stands, None if there is none."""
        ...

    def put(self, key: TaskKey, standing: Standing) -> None:
        """Write how a task stands."""
        ...

    def tell(self, key: TaskKey, told: Sequence[Told], now: float) -> None:
        """Record events of a task."""
        ...

    def entry(self, key: TaskKey) -> Entry:
        """Return a task that is there."""
        ...

    def entries(self, wanted: Wanted, statuses: Collection[Status]) -> list[Entry]:
        """Return tasks by path, position and key."""
        ...

    def ready(self, wanted: Wanted, agent: str, now: float, limit: int) -> list[Entry]:
        """Return what may be handed out, in its order."""
        ...

    def first(self, wanted: Wanted, agent: str, now: float) -> tuple[Task, Standing] | None:
        """Return what is to be handed out next, and how it stands."""
        ...

    def waits_for(self, key: TaskKey) -> tuple[Waiting, ...]:
        """Return what a task waits for still."""
        ...

    def parts(self, key: TaskKey) -> Collection[TaskKey]:
        """Return the tasks for a milestone, also those that do not hold it; none for others."""
        ...

    def has_parts(self, key: TaskKey) -> bool:
        """Tell whether a task is a milestone that has such."""
        ...

    def above(self, key: TaskKey) -> TaskKey | None:
        """Return the task that one stands below."""
        ...

    def claimed_below(self, key: TaskKey) -> list[tuple[TaskKey, Standing]]:
        """Return the tasks at any depth below one that have a claim."""
        ...

    def statuses_below(self, key: TaskKey) -> list[Status]:
        """Return the statuses of all tasks at any depth below one."""
        ...

    def reckon(self, key: TaskKey) -> None:
        """Note of all that a task needs, and of all that need it, whether somebody waits."""
        ...

    def lapsed(self, now: float, silent_since: float) -> list[tuple[TaskKey, Standing, str]]:
        """Return claims whose lease ran out, or whose orchestrator is silent, and why."""
        ...

    def add(self, task: Task) -> None:
        """Add a task that was not there, with what it waits for."""
        ...

    def rename(self, key: TaskKey, task: Task) -> None:
        """Give a task the key, the words and the place of another one, which is not there yet."""
        ...

    def edges(self) -> list[Edge]:
        """Return all that tasks wait for."""
        ...

    def all_keys(self) -> list[TaskKey]:
        """Return all keys, in their order."""
        ...

    def history(self, key: TaskKey) -> list[Event]:
        """Return the events of one task, oldest first."""
        ...

    def put_orchestrator(self, orchestrator: Orchestrator) -> None:
        """Write how an orchestrator is."""
        ...

    def orchestrator(self, instance_id: str) -> Orchestrator | None:
        """Return one orchestrator, None if it was never registered."""
        ...

    def orchestrators(self) -> list[Orchestrator]:
        """Return all orchestrators, by their ids."""
        ...

    def there_since(self) -> float:
        """Return since when the database has been there, as it says itself; 0 for ever."""
        ...

    def leader(self) -> Leader:
        """Return which monitor leads, or led last."""
        ...

    def held_leader(self) -> Leader:
        """Return the same, and let nobody else be given the lead until the end."""
        ...

    def put_leader(self, leader: Leader) -> None:
        """Write which monitor leads; it is held."""
        ...

    def idle(self, silent_since: float, now: float) -> list[Idle]:
        """Return who waits, has no claim, and is offered nothing; who waited longest first."""
        ...

    def put_idle(self, idle: Idle) -> None:
        """Write that an agent waits; the earlier time since when counts."""
        ...

    def note_offer(self, agent: str, until: float) -> None:
        """Note until when something is offered to an agent that waits."""
        ...

    def forget_idle(self, agent: str, silent_since: float) -> None:
        """Forget an agent that waited, and all that are silent."""
        ...

    def offered_to(self, agent: str, now: float) -> list[TaskKey]:
        """Return what is offered to an agent, in the order of the keys."""
        ...

    def claims(self, now: float) -> dict[str, int]:
        """Return how many live claims the agents of each orchestrator have."""
        ...

    def depth(self) -> Depth:
        """Return how many tasks are ready, and since when the oldest is to do."""
        ...
