"""How agents work on tasks in memory: the plain way, all tasks looked at each time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kanban_sync.core.assignment import Depth
from kanban_sync.core.claims import Standing, is_free, is_unit
from kanban_sync.core.marks import past_of
from kanban_sync.core.merge import Kept
from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY, order
from kanban_sync.core.parts import all_edges
from kanban_sync.core.work import Orchestrator, Waiting, entry_of
from kanban_sync.stores.changes import News, to_json
from kanban_sync.stores.memory_idle import IdleAgents, MemoryIdle
from kanban_sync.stores.relinking import is_met

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kanban_sync.core.claims import Claim, Told
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.marks import Past
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.order import Wanted
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry


OF_DATABASE = ("status", "word", "status_version", "assignee")
"""What a task keeps of itself that a file comes to hold."""

OF_MILESTONE = frozenset({Status.TODO, Status.IN_PROGRESS})

NOBODY_WAITS = IdleAgents()


@dataclass(frozen=True, slots=True)
class WorkContents:
    """What a store holds of the work at one moment.

    Status, version and assignee of ``standings`` are nothing: those of the tasks count. Tokens
    and events are above the first number.
    """

    standings: Mapping[TaskKey, Standing] = field(default_factory=dict)
    edges: Mapping[TaskKey, tuple[Edge, ...]] = field(default_factory=dict)
    lenient: frozenset[str] = frozenset()
    is_strict: bool = False
    orchestrators: Mapping[str, Orchestrator] = field(default_factory=dict)
    waiting: IdleAgents = NOBODY_WAITS
    first_number: int = 0

    def claims(self) -> dict[TaskKey, Claim]:
        """Return who has which task."""
        claims = ((key, standing.claim) for key, standing in self.standings.items())
        return {key: claim for key, claim in claims if claim is not None}

    def pasts(self, keys: Sequence[TaskKey], events: Sequence[Event]) -> dict[TaskKey, Past]:
        """Return what is known of the claims of these tasks, of those that were ever claimed."""
        claimers: dict[str, list[str]] = {}
        for each in events if keys else ():
            if each.kind == "claimed":
                claimers.setdefault(each.key, []).append(json.loads(each.data)["agent"])
        return {
            key: past_of(standing.agent, claimers.get(str(key), ()), standing.before)
            for key in keys
            if (standing := self.standings.get(key)) is not None and standing.token
        }

    def settled(
        self, tasks: Mapping[TaskKey, Kept], given_back: Collection[TaskKey]
    ) -> WorkContents:
        """Return the contents without claims of what is over, or was opened again by a file."""
        new = {
            key: standing._replace(agent="", orchestrator="", expires=0.0, said=None)
            for key, standing in self.standings.items()
            if standing.agent and key in tasks and tasks[key].task.status.is_over
        }
        for key in given_back:
            new[key] = new.get(key, self.standings[key])._replace(before=None)
        return replace(self, standings={**self.standings, **new}) if new else self

    def linked(
        self,
        tasks: Mapping[TaskKey, Kept],
        lenient: frozenset[str] | None = None,
        *,
        is_strict: bool | None = None,
    ) -> WorkContents:
        """Return the contents with what all tasks wait for found out anew."""
        lenient = self.lenient if lenient is None else lenient
        is_strict = self.is_strict if is_strict is None else is_strict
        found: dict[TaskKey, tuple[Edge, ...]] = {}
        for edge in all_edges(_in_order(tasks), lenient, is_strict=is_strict):
            found[edge.task] = (*found.get(edge.task, ()), edge)
        return replace(self, edges=found, lenient=lenient, is_strict=is_strict)


class MemoryDesk(MemoryIdle):
    """One transaction: what it changes counts once its store takes it over."""

    def __init__(
        self,
        project: str,
        tasks: Mapping[TaskKey, Kept],
        work: WorkContents,
        events: Sequence[Event],
    ) -> None:
        """Take what the store holds."""
        self._project = project
        self._events = events
        self.tasks = tasks
        self.work = work
        self.news: list[News] = []
        self.now = 0.0
        self.names: dict[str, str] = {}
        self.moved: dict[TaskKey, TaskKey] = {}

    def hold(self, key: TaskKey) -> None:
        """Do nothing: nobody else writes meanwhile."""

    def standing(self, key: TaskKey) -> Standing | None:
        """Return how a task stands, None if there is none."""
        kept = self.tasks.get(key)
        if kept is None:
            return None
        task, filed = kept
        fresh = Standing(task.status, None, token=self.work.first_number)
        known = self.work.standings.get(key, fresh)
        return known._replace(
            status=task.status,
            file_status=filed.status if filed else None,
            assignee=task.assignee,
            version=task.status_version,
        )

    def put(self, key: TaskKey, standing: Standing) -> None:
        """Write how a task stands."""
        task, filed = self.tasks[key]
        word = task.word
        if standing.status is not task.status:
            word = filed.word if filed and filed.status is standing.status else ""
        task = task._replace(
            status=standing.status,
            word=word,
            assignee=standing.assignee,
            status_version=standing.version,
        )
        self.tasks = {**self.tasks, key: Kept(task, filed)}
        self.work = replace(self.work, standings={**self.work.standings, key: standing})

    def tell(self, key: TaskKey, told: Sequence[Told], now: float) -> None:
        """Record events of a task."""
        self.now = now
        self.news += [News(kind, str(key), to_json(data)) for kind, data in told]

    def entry(self, key: TaskKey) -> Entry:
        """Return a task that is there."""
        return entry_of(self.tasks[key].task, self._standing(key), self.waits_for(key))

    def entries(self, wanted: Wanted, statuses: Collection[Status]) -> list[Entry]:
        """Return tasks by path, position and key."""
        parts = self.parts(wanted.parent) if wanted.parent else ()
        return [
            self.entry(task.key)
            for task in _in_order(self.tasks)
            if wanted.takes(task, parts) and (not statuses or task.status in statuses)
        ]

    def ready(self, wanted: Wanted, agent: str, now: float, limit: int) -> list[Entry]:
        """Return what may be handed out, in its order."""
        return [entry_of(*each) for each in self._ready(wanted, agent, now)[:limit]]

    def first(self, wanted: Wanted, agent: str, now: float) -> tuple[Task, Standing] | None:
        """Return what is to be handed out next, and how it stands."""
        return next(iter(self._ready(wanted, agent, now)), None)

    def waits_for(self, key: TaskKey) -> tuple[Waiting, ...]:
        """Return what a task waits for still."""
        found: list[Waiting] = []
        for edge in sorted(self.work.edges.get(key, ()), key=lambda each: each.name):
            if edge.is_loose:
                continue
            needed = self.tasks.get(edge.needs) if edge.needs else None
            if needed is None:
                found += [] if edge.lenient else [Waiting(edge.name, None, None)]
            elif not (is_met(needed) if edge.is_strict else needed.task.status.satisfies):
                status = needed.task.status
                if not (edge.is_part and status is Status.ORPHANED):
                    found.append(Waiting(edge.name, needed.task.key, status, edge.is_part))
        return tuple(found)

    def parts(self, key: TaskKey) -> frozenset[TaskKey]:
        """Return the tasks for a milestone."""
        edges = self.work.edges.get(key, ())
        return frozenset(each.needs for each in edges if each.needs and _is_of(each))

    def has_parts(self, key: TaskKey) -> bool:
        """Tell whether a task is a milestone that has such."""
        return any(_is_of(each) for each in self.work.edges.get(key, ()))

    def above(self, key: TaskKey) -> TaskKey | None:
        """Return the task that one stands below."""
        return self.tasks[key].task.parent if key in self.tasks else None

    def claimed_below(self, key: TaskKey) -> list[tuple[TaskKey, Standing]]:
        """Return the tasks at any depth below one that have a claim."""
        found = ((each, self._standing(each)) for each in self._below(key))
        return [(each, standing) for each, standing in found if standing.agent]

    def statuses_below(self, key: TaskKey) -> list[Status]:
        """Return the statuses of all tasks at any depth below one."""
        return [self.tasks[each].task.status for each in self._below(key)]

    def reckon(self, key: TaskKey) -> None:
        """Do nothing: who waits for whom is found out when it is asked."""

    def lapsed(self, now: float, silent_since: float) -> list[tuple[TaskKey, Standing, str]]:
        """Return claims whose lease ran out, or whose orchestrator is silent, and why."""
        silent = {
            each.instance_id
            for each in self.work.orchestrators.values()
            if each.last_heartbeat < silent_since
        }
        return [
            (key, standing, "lease" if standing.expires <= now else standing.orchestrator)
            for key, standing in self._claimed()
            if standing.expires <= now or standing.orchestrator in silent
        ]

    def add(self, task: Task) -> None:
        """Add a task that was not there, with what it waits for."""
        self.tasks = {**self.tasks, task.key: Kept(task, None)}
        self.work = self.work.linked(self.tasks)

    def rename(self, key: TaskKey, task: Task) -> None:
        """Give a task the key, the words and the place of another one, which is not there yet."""
        old, names = self.tasks[key].task, {str(key): str(task.key)}
        new = {part: getattr(old, part) for part in OF_DATABASE}
        tasks = {each: kept for each, kept in self.tasks.items() if each != key}
        tasks[task.key] = Kept(task._replace(**new), self.tasks[key].filed)
        for each, kept in self.tasks.items():
            if str(key) in kept.task.depends_on and not kept.task.path:
                needs = tuple(names.get(name, name) for name in kept.task.depends_on)
                tasks[each] = kept._replace(task=kept.task._replace(depends_on=needs))
        standings = {each: its for each, its in self.work.standings.items() if each != key}
        if key in self.work.standings:
            standings[task.key] = self.work.standings[key]
        self.tasks = tasks
        self.work = replace(self.work, standings=standings).linked(tasks)
        self.names = names
        self.moved = {key: task.key}

    def edges(self) -> list[Edge]:
        """Return all that tasks wait for."""
        return sorted(
            (edge for each in self.work.edges.values() for edge in each),
            key=lambda edge: edge[:2],
        )

    def all_keys(self) -> list[TaskKey]:
        """Return all keys, in their order."""
        return sorted(self.tasks)

    def history(self, key: TaskKey) -> list[Event]:
        """Return the events of one task, oldest first."""
        return [event for event in self._events if event.key == str(key)]

    def put_orchestrator(self, orchestrator: Orchestrator) -> None:
        """Write how an orchestrator is."""
        known = {**self.work.orchestrators, orchestrator.instance_id: orchestrator}
        self.work = replace(self.work, orchestrators=known)

    def orchestrator(self, instance_id: str) -> Orchestrator | None:
        """Return one orchestrator, None if it was never registered."""
        return self.work.orchestrators.get(instance_id)

    def orchestrators(self) -> list[Orchestrator]:
        """Return all orchestrators, by their ids."""
        known = self.work.orchestrators
        return [known[instance_id] for instance_id in sorted(known)]

    def there_since(self) -> float:
        """Return 0: it is there as long as it is known."""
        return 0.0

    @property
    def waiting(self) -> IdleAgents:
        """Who leads, and who waits."""
        return self.work.waiting

    @waiting.setter
    def waiting(self, waiting: IdleAgents) -> None:
        self.work = replace(self.work, waiting=waiting)

    def depth(self) -> Depth:
        """Return how many tasks are ready, and since when the oldest is to do."""
        open_to_all = (
            task
            for task, _ in self.tasks.values()
            if not task.assignee
            and task.status in (OF_MILESTONE if self.has_parts(task.key) else {Status.TODO})
            and _is_handed_out(task, ANY)
        )
        since = [
            task.status_version.time
            for task in open_to_all
            if not self._standing(task.key).agent and not self.waits_for(task.key)
        ]
        return Depth(len(since), min(filter(None, since), default=0))

    def _standing(self, key: TaskKey) -> Standing:
        standing = self.standing(key)
        if standing is None:
            raise KeyError(key)
        return standing

    def _is_over(self, key: TaskKey | None) -> bool:
        kept = self.tasks.get(key) if key is not None else None
        return kept is not None and kept.task.status.is_over

    def _standings(self) -> Mapping[TaskKey, Standing]:
        return self.work.standings

    def _claimed(self) -> list[tuple[TaskKey, Standing]]:
        keys = sorted(self.work.standings.keys() & self.tasks.keys())
        found = ((key, self._standing(key)) for key in keys)
        return [(key, standing) for key, standing in found if standing.agent]

    def _above(self, key: TaskKey) -> set[TaskKey]:
        found: set[TaskKey] = set()
        above = self.above(key)
        while above is not None and above not in found:
            found.add(above)
            above = self.above(above)
        return found

    def _below(self, key: TaskKey) -> list[TaskKey]:
        found: set[TaskKey] = set()
        tops = {key}
        while tops:
            tops = {key for key, each in self.tasks.items() if each.task.parent in tops} - found
            found |= tops
        return sorted(found)

    def _ready(self, wanted: Wanted, agent: str, now: float) -> list[tuple[Task, Standing]]:
        parts = self.parts(wanted.parent) if wanted.parent else frozenset()
        needed = {
            edge.needs
            for key, found in self.work.edges.items()
            if not self.tasks[key].task.status.is_over
            for edge in found
            if not _is_of(edge)
        }
        held = {
            key: standing.agent
            for key, standing in self._claimed()
            if standing.is_held(now) and standing.agent != agent
        }
        above = {each for key in held for each in self._above(key)}
        found = [
            (task, standing)
            for key, (task, _) in self.tasks.items()
            if _is_handed_out(task, wanted, parts)
            and is_free(standing := self._standing(key), agent, now, is_plan=self.has_parts(key))
            and task.key not in above
            and task.parent not in held
            and not self._is_over(task.parent)
            and not any(self.waits_for(each) for each in (task.key, task.parent) if each)
        ]
        return sorted(
            found,
            key=lambda each: (
                each[1].offer.until if each[1].offer.is_for(agent, now) else float("inf"),
                not wanted.suits(each[0]),
                *order(each[0], is_waited_for=each[0].key in needed),
            ),
        )


def _is_of(edge: Edge) -> bool:
    """Tell whether a task is a milestone, and the other one is for it."""
    return edge.is_part or edge.is_loose


def _is_handed_out(task: Task, wanted: Wanted, parts: Collection[TaskKey] = ()) -> bool:
    parent = task.parent
    is_whole = wanted.parent is not None or is_unit(
        task.key.source, parent.source if parent else None, parent.name if parent else None
    )
    return is_whole and wanted.takes(task, parts)


def _in_order(tasks: Mapping[TaskKey, Kept]) -> list[Task]:
    found = (each.task for each in tasks.values())
    return sorted(found, key=lambda task: (task.path, task.position, task.key))
