"""How one clone works on tasks while the database is away: on its copy, in ``away_shelf``."""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import TYPE_CHECKING

from kanban_sync.core.apart import claimed_above
from kanban_sync.core.assignment import LEAD
from kanban_sync.core.claims import Standing, Told, claimed, first_number
from kanban_sync.core.errors import UntoldError
from kanban_sync.core.journal import APART, Apart, Journal, deed_of
from kanban_sync.core.silence import Hearing
from kanban_sync.machine_time import moment
from kanban_sync.stores.away_shelf import LeftError
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.flatfile import FlatStore
from kanban_sync.stores.memory_idle import NOBODY
from kanban_sync.stores.memory_work import MemoryDesk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Never

    from kanban_sync.core.assignment import Leader
    from kanban_sync.core.claims import Outcome
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import Event, FilesState, Gone, Merged
    from kanban_sync.core.work import Entry, Orchestrator
    from kanban_sync.machine_time import Moment
    from kanban_sync.stores.away_shelf import AwayShelf
    from kanban_sync.stores.desk import Desk
    from kanban_sync.stores.memory_work import WorkContents


class _AwayDesk(MemoryDesk):
    """A transaction whose events say by what each deed is known, whoever tells it in the end."""

    def __init__(
        self,
        project: str,
        tasks: Mapping[TaskKey, Kept],
        work: WorkContents,
        events: Sequence[Event],
        clone: str,
    ) -> None:
        super().__init__(project, tasks, work, events)
        self._clone = clone

    def tell(self, key: TaskKey, told: Sequence[Told], now: float) -> None:
        """Record events of a task."""
        known = [
            each._replace(data={**each.data, APART: deed_of(self._clone, secrets.token_hex(4))})
            for each in told
        ]
        super().tell(key, known, now)


class AwayStore(FlatStore):
    """The tasks of one project while the database is away; what is done is journalled."""

    _shelf: AwayShelf

    def _desk(self) -> MemoryDesk:
        has = self._has
        return _AwayDesk(self._project, has.tasks, has.work, has.events, self._clone)

    @property
    def since(self) -> Moment | None:
        """Since when work is done apart, None once it is not any more."""
        return self._shelf.held.parted.since

    def journal(self) -> Journal:
        """Return what was done apart."""
        has, since = self._has, self._parted_at
        parted = has.parted
        desk = self._desk()
        told: dict[str, list[Told]] = {}
        for event in has.events[parted.told :]:
            told.setdefault(event.key, []).append(Told(event.kind, json.loads(event.data)))
        entries = []
        for key, base in sorted(parted.bases.items(), key=lambda item: item[0]):
            standing = desk.standing(key)
            if standing is not None:
                kept = has.tasks[key]
                entries.append(Apart(key, base, kept, standing, tuple(told.get(str(key), ()))))
        beating = [each for each in has.work.orchestrators.values() if each.last_heartbeat >= since]
        before = (json.loads(each.data).get(APART) for each in has.events[: parted.told])
        return Journal(
            parted.id,
            since,
            tuple(entries),
            tuple(beating),
            self._shelf.digest(),
            copied_at=parted.there(parted.copied_at),
            known=frozenset(each for each in before if isinstance(each, str)),
        )

    def clock(self, now: float) -> float:
        """Return the time by the clock of the database, whatever that of here was set to since."""
        here = moment()
        return now + self._has.parted.there(here) - here.wall

    def hearing(self, now: float) -> Hearing:
        """Return whose heartbeats are heard: of those who work by this clone."""
        return Hearing(after=self._parted_at)

    def register(self, instance_id: str, now: float, agent_count: int = 0) -> Orchestrator:
        """Let an orchestrator be known; it may have said so just before the database went away."""
        return super().register(instance_id, max(now, self._parted_at), agent_count)

    def beat(self, instance_id: str, now: float, agent_count: int | None = None) -> Orchestrator:
        """Note that an orchestrator is alive, which is heard here."""
        return super().beat(instance_id, max(now, self._parted_at), agent_count)

    def rename(self, key: TaskKey, task: Task, now: float) -> Entry:
        """Refuse: which file holds a task is the database's to know."""
        self._refuse("no task gets another key")

    def merge(
        self, tasks: Sequence[Task], gone: Mapping[TaskKey, Gone], files: FilesState, now: float
    ) -> Merged:
        """Refuse: what files say is brought into the database."""
        self._refuse("what was committed is not brought in")

    def events(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return none after the newest that the copy knows: numbers are the database's to give.

        Whoever follows goes on from there once it is back.
        """
        if after < self._has.parted.copied:
            self._refuse("its events are not told")
        return []

    def history(self, key: TaskKey) -> list[Event]:
        """Return the events of one task that the copy knows; they have no numbers yet."""
        return [each._replace(id=0) for each in super().history(key)]

    def last_event(self) -> int:
        """Return the id of the newest event that the copy knows."""
        return self._has.parted.copied

    def leader(self) -> Leader:
        """Return nobody: who leads is the database's to say, and whoever waits looks by itself."""
        return NOBODY

    def lead(self, monitor: str, now: float, seconds: float = LEAD) -> Leader:
        """Let nobody lead: others may be with the database, where somebody does."""
        return NOBODY

    def step_down(self, monitor: str, token: int) -> None:
        """Do nothing: nobody leads."""

    def forget_idle(self, agent: str, now: float, *, keep_offer: bool = False) -> None:
        """Do nothing: nobody is known to wait, and what was offered in the database runs out."""

    def _refuse(self, what: str) -> Never:
        raise UntoldError(what, self._has.parted.copied_at.at(moment()))

    def _claimed(
        self, standing: Standing, agent: str, now: float, lease: float, orchestrator: str
    ) -> Outcome:
        """Return a task with a new claim, its token above any that the database gives."""
        made = claimed(standing, agent, now, lease, orchestrator)
        return claimed_above(made, first_number(now))

    @property
    def _parted_at(self) -> float:
        """Since when work is done apart, in seconds since 1970 by the clock of the database."""
        parted = self._has.parted
        return parted.there(parted.since) if parted.since is not None else 0.0

    def _lapsed(
        self, desk: Desk, now: float, *, leases: bool
    ) -> list[tuple[TaskKey, Standing, str]]:
        """Return claims that ran out, or whose orchestrator was heard here and fell silent."""
        after = self._parted_at
        unheard = {each.instance_id for each in desk.orchestrators() if each.last_heartbeat < after}
        return [
            each for each in super()._lapsed(desk, now, leases=leases) if each[2] not in unheard
        ]

    def _check_orchestrator(self, desk: Desk, instance_id: str, now: float) -> None:
        """Let whoever claims be alive; one that is not heard here is not heard by that either."""
        known = desk.orchestrator(instance_id)
        if known is None or known.last_heartbeat >= self._parted_at:
            super()._check_orchestrator(desk, instance_id, now)

    @contextlib.contextmanager
    def _working(self, reach: Reach = Reach.ONE) -> Iterator[Desk]:
        with self._shelf.writing():
            if self._has.parted.since is None:
                raise LeftError
            with super()._working(reach) as desk:
                yield desk
