"""A task database that tells a bus what was committed to it: locks of claims, and events.

It is told after the commit, and whatever becomes of that changes nothing in the database. Before
a claim the lock is asked, which is quick; that somebody has the task is believed only if the
database, read and not written, says the same.
"""

from __future__ import annotations

import json
from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar, cast

from kanban_sync.agents.entries import event_data
from kanban_sync.agents.work import Store
from kanban_sync.core.bus import Held, Hint, Queue
from kanban_sync.core.claims import Standing, check_free
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.model import Status, TaskKey
from kanban_sync.core.order import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.assignment import Assignment
    from kanban_sync.core.bus import Bus
    from kanban_sync.core.model import Task
    from kanban_sync.core.order import Wanted
    from kanban_sync.core.ports import Event, FilesState, Gone, Merged, TaskStore
    from kanban_sync.core.work import Entry

AnyStore = TypeVar("AnyStore", bound="TaskStore")

MANY = 500
"""Events of one commit that are told one by one; of more it is told that there are more."""

WAKE = "wake"
"""The kind of a message that stands for events that are not told one by one."""

ENDINGS = frozenset({"released", "reclaimed", "status_changed"})
"""Events that may have ended a claim."""


def telling(store: AnyStore, project: str, bus: Bus) -> AnyStore:
    """Return a store that tells a bus of what is committed to it, if somebody may hear that."""
    if bus.is_silent or not isinstance(store, Store):
        return store
    return cast("AnyStore", TellingStore(store, project, bus))


def message_of(event: Event) -> str:
    """Return an event as it is told."""
    return json.dumps(event_data(event, json.loads(event.data or "{}")))


def wake_message(now: float) -> str:
    """Return what is told where something happened that is not told one by one."""
    return json.dumps({"id": None, "at": now, "kind": WAKE, "key": None, "data": {}})


class TellingStore:
    """Both halves of a task database; what is not said here goes straight to it."""

    def __init__(self, store: Store, project: str, bus: Bus) -> None:
        """Take an open store, and the bus, which is not closed with it."""
        self._store = store
        self._project = project
        self._bus = bus

    # --- claims ---------------------------------------------------------------------------------

    def claim_next(
        self,
        agent: str,
        now: float,
        lease: float,
        wanted: Wanted = ANY,
        orchestrator: str = "",
    ) -> Entry | None:
        """Claim what comes first, and let its lock say so."""
        entry = self._store.claim_next(agent, now, lease, wanted, orchestrator)
        return None if entry is None else self._claimed(entry, now)

    def claim(
        self, key: TaskKey, agent: str, now: float, lease: float, orchestrator: str = ""
    ) -> Entry:
        """Claim one task, unless lock and database agree that somebody has it."""
        if (held := self._bus.holder(key)) is not None:
            claim = self._store.entry(key).claim
            if claim is not None and held == (claim.agent, claim.token):
                check_free(str(key), _standing(claim.agent, claim.token, claim.expires), agent, now)
        entry = self._store.claim(key, agent, now, lease, orchestrator)
        return self._claimed(entry, now)

    def extend(self, key: TaskKey, token: int, now: float, lease: float, *, who: str = "") -> Entry:
        """Let a claim last longer, and its lock with it."""
        entry = self._store.extend(key, token, now, lease, who=who)
        claim = entry.claim
        if claim is not None:
            held, seconds = Held(claim.agent, claim.token), claim.expires - now
            if not self._bus.extend(key, held, seconds):
                # It may have been forgotten; the database has just said whose it is.
                self._bus.lock(key, held, seconds)
        return entry

    def finish(  # noqa: PLR0913 - the port's
        self,
        key: TaskKey,
        token: int,
        status: Status,
        now: float,
        reason: str = "",
        *,
        who: str = "",
    ) -> Entry:
        """End a claim."""
        return self._told(self._store.finish(key, token, status, now, reason, who=who), now)

    def release(
        self, key: TaskKey, token: int, now: float, reason: str = "", *, who: str = ""
    ) -> Entry:
        """Give a task back."""
        return self._told(self._store.release(key, token, now, reason, who=who), now)

    def reclaim(self, now: float, *, leases: bool = True) -> list[Entry]:
        """Take claims back."""
        found = self._store.reclaim(now, leases=leases)
        if found:
            self._tell([each.key for each in found], now)
        return found

    def offer(
        self, found: Sequence[Assignment], now: float, until: float, token: int
    ) -> list[Assignment]:
        """Offer tasks to agents, and let each find it in its queue."""
        made = self._store.offer(found, now, until, token)
        for key, agent in made:
            hint = Hint(str(key), agent, "monitor", now)
            self._bus.offer(self._project, Queue("agent", agent), hint)
        if made:
            self._tell([each.key for each in made], now)
        return made

    # --- without a claim ------------------------------------------------------------------------

    def set_status(  # noqa: PLR0913 - the port's
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
        """Set a status."""
        entry = self._store.set_status(
            key, status, now, who, reason, assignee=assignee, force=force, in_time=in_time
        )
        return self._told(entry, now)

    def assign(self, key: TaskKey, agent: str, now: float, who: str) -> Entry:
        """Let a task be for one agent only."""
        return self._told(self._store.assign(key, agent, now, who), now)

    def add(self, task: Task, now: float) -> Entry:
        """Add a task that stands in no file."""
        return self._told(self._store.add(task, now), now)

    def rename(self, key: TaskKey, task: Task, now: float) -> Entry:
        """Let a task be the one that a file holds now."""
        return self._told(self._store.rename(key, task, now), now)

    def merge(
        self,
        tasks: Sequence[Task],
        gone: Mapping[TaskKey, Gone],
        files: FilesState,
        now: float,
    ) -> Merged:
        """Bring in what files say."""
        last = self._store.last_event()
        merged = self._store.merge(tasks, gone, files, now)
        with suppress(KanbanSyncError):
            self._publish(self._store.events(last, MANY), now)
        return merged

    # --- telling --------------------------------------------------------------------------------

    def _claimed(self, entry: Entry, now: float) -> Entry:
        claim = entry.claim
        if claim is not None:
            held = Held(claim.agent, claim.token)
            self._bus.lock(entry.key, held, claim.expires - now)
        return self._told(entry, now)

    def _told(self, entry: Entry, now: float) -> Entry:
        self._tell([entry.key], now)
        return entry

    def _tell(self, keys: Iterable[TaskKey], now: float) -> None:
        """Tell what was committed just now to some tasks."""
        events: list[Event] = []
        # It is committed: whatever goes wrong from here on is nobody's trouble.
        with suppress(KanbanSyncError):
            for key in keys:
                events += [each for each in self._store.history(key) if each.at == now]
        self._publish(events, now)

    def _publish(self, events: Sequence[Event], now: float) -> None:
        for each in events:
            self._unlock(each)
        # What is done while the database is away has no numbers, by which others would go on.
        numbered = [each for each in events[:MANY] if each.id]
        messages = [message_of(each) for each in numbered]
        # On PostgreSQL an event is seen only once none can come before it.
        is_all = 0 < len(events) < MANY and len(numbered) == len(events)
        self._bus.publish(self._project, messages if is_all else [*messages, wake_message(now)])

    def _unlock(self, event: Event) -> None:
        """Take away the lock of a claim that an event has ended; one that is left runs out."""
        said = json.loads(event.data or "{}") if event.kind in ENDINGS else {}
        if token := said.get("token"):
            source, _, name = event.key.partition(":")
            held = Held(said.get("agent") or said.get("who", ""), token)
            self._bus.unlock(TaskKey(self._project, source, name), held)


def _standing(agent: str, token: int, expires: float) -> Standing:
    return Standing(Status.IN_PROGRESS, None, agent=agent, token=token, expires=expires)


# Not by __getattr__: what tells whether a store has the methods of a port looks at its class.
for _name in sorted({*dir(Store)} - {*dir(object), *vars(TellingStore)}):
    if not _name.startswith("_"):
        setattr(TellingStore, _name, property(attrgetter(f"_store.{_name}")))
