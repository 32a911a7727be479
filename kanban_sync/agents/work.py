"""Work on tasks as every front door offers it: the database first, then the caller's files.

A change counts once the database has it. Then it is written into the file of the work tree that
it came from, as far as that file can say it, and the board is asked to follow. What keeps the file
from saying it is told, and undoes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from kanban_sync.agents.born import NewTask, check_text, is_born_here, newborn, write_born
from kanban_sync.agents.had import had_before, kept_now
from kanban_sync.agents.heartbeat import changed_since_claim
from kanban_sync.agents.meant import key_meant
from kanban_sync.agents.names import checked_name
from kanban_sync.agents.shared_time import SharedTime
from kanban_sync.agents.task_files import written_of
from kanban_sync.bus.local import LocalBus
from kanban_sync.core.assignment import AssigningStore
from kanban_sync.core.endings import newest_token, token_of
from kanban_sync.core.errors import KanbanSyncError, UnknownTaskError, WorkError
from kanban_sync.core.merge import Kept, filed_part
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import TaskStore
from kanban_sync.core.work import ANY, WorkStore, open_ones

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from kanban_sync.agents.task_files import Files, Written
    from kanban_sync.core.bus import Bus, Queue
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.merge import Filed
    from kanban_sync.core.ports import Event, FilesState
    from kanban_sync.core.silence import Hearing
    from kanban_sync.core.work import Entry, Orchestrator, Waiter, Wanted

ALONE = 3600.0
"""Seconds of a claim by an agent for which nothing sends a heartbeat."""

ATTENDED = 300.0
"""Seconds of a claim that something keeps alive beside the agent."""


@runtime_checkable
class Store(TaskStore, WorkStore, AssigningStore, Protocol):
    """All of the task database."""


class Done(NamedTuple):
    """How a task stands after something was done, and what became of it in the files."""

    entry: Entry
    written: Written | None = None


class Work:
    """What agents and people do with the tasks of one project.

    Raises:
        WorkError: From any method: the task cannot be worked on so; nothing was changed.
        StoreError: From any method: the database cannot be used.
    """

    def __init__(  # noqa: PLR0913 - the database, the files, and what stands behind them
        self,
        store: Store,
        project: str,
        now: Callable[[], float],
        files: Files | None,
        ask_for_sync: Callable[[], None],
        catch_up: Callable[[], None],
        add_to: str = "",
        bus: Bus | None = None,
    ) -> None:
        """Set out.

        Args:
            store: The task database.
            project: The project's id.
            now: The time, in seconds since 1970.
            files: The caller's work tree; None where there is none.
            ask_for_sync: Lets the board follow.
            catch_up: Brings in what was committed since, if anything was.
            add_to: The file in which new tasks are written; '' for none.
            bus: How others who work on the project are heard of; by the database alone if None.
        """
        self._store = store
        self.project = project
        self._time = SharedTime(now, store.clock)
        self._files = files
        self._ask_for_sync = ask_for_sync
        self.catch_up = catch_up
        self._add_to = add_to
        self.bus = bus or LocalBus()

    # --- looking --------------------------------------------------------------------------------

    def key(self, text: str) -> TaskKey:
        """Return the key that is meant: a whole one, also a former, a name or id, ``path:line``.

        A line is that of the caller's work tree, as its file is now.

        Raises:
            UnknownTaskError: No task is called so.
            WorkError: Several are.
        """
        source, _, name = text.partition(":")
        if name:
            # A whole key, as programs write it: only what is none takes a look at all tasks.
            with suppress(UnknownTaskError):
                return self._store.entry(TaskKey(self.project, source, name)).key
        return key_meant(text, self._store.entries(), self._store, self._files)

    def show(self, text: str) -> Entry:
        """Return one task, with its place in the caller's work tree, if that holds it."""
        return self._placed(self._store.entry(self.key(text)))

    def tasks(self, wanted: Wanted = ANY, statuses: Collection[Status] = ()) -> list[Entry]:
        """Return tasks in the order of the files; what is over, or below that, only if asked."""
        chosen = statuses or [each for each in Status if not each.is_over]
        found = self._store.entries(wanted, chosen)
        if any(each.is_over for each in chosen) or not any(each.task.parent for each in found):
            return found
        return open_ones(found, {each.key: each.task for each in self._store.entries()})

    def next(self, agent: str = "", wanted: Wanted = ANY, limit: int = 20) -> list[Entry]:
        """Return what may be claimed now, first what comes first."""
        agent = checked_name(agent) if agent else agent
        return self._store.ready(self.time(), wanted, limit, agent)

    def history(self, text: str) -> list[Event]:
        """Return what happened to a task, oldest first."""
        return self._store.history(self.key(text))

    def edges(self) -> list[Edge]:
        """Return all that tasks wait for."""
        return self._store.edges()

    def files(self) -> FilesState:
        """Return what this clone's last sync knew of its files."""
        return self._store.files()

    def events(self, after: int, limit: int) -> list[Event]:
        """Return what happened after an event, oldest first."""
        return self._store.events(after, limit)

    def last_event(self) -> int:
        """Return the id of the newest event, 0 if there is none."""
        return self._store.last_event()

    def waiter(self, queues: Sequence[Queue] = ()) -> Waiter:
        """Return what waits for events and hints; ``agents.waiting`` knows what to wait for."""
        return self.bus.waiter(self.project, self._store.waiter, queues)

    def store_waiter(self) -> Waiter:
        """Return what waits for events at the database itself, for whoever may not look late."""
        return self._store.waiter()

    @property
    def assigning(self) -> AssigningStore:
        """What monitors and agents that wait read and write."""
        return self._store

    def time(self) -> float:
        """Return the time by the clock that all who use the database share."""
        return self._time()

    # --- claims ---------------------------------------------------------------------------------

    def claim_next(
        self, agent: str, lease: float = ALONE, wanted: Wanted = ANY, orchestrator: str = ""
    ) -> Done | None:
        """Claim what comes first; None if nothing is ready."""
        agent = checked_name(agent)
        entry = self._store.claim_next(agent, self.time(), lease, wanted, orchestrator)
        return None if entry is None else self._done(entry, None)

    def claim(self, text: str, agent: str, lease: float = ALONE, orchestrator: str = "") -> Done:
        """Claim one task."""
        agent = checked_name(agent)
        key = self.key(text)
        before = self._store.entry(key).task
        entry = self._store.claim(key, agent, self.time(), lease, orchestrator)
        return self._done(entry, before)

    def extend(self, text: str, agent: str, token: int = 0, lease: float = ALONE) -> Entry:
        """Let a claim last for a lease from now on."""
        agent = checked_name(agent)
        key = self.key(text)
        shown = self._shown(key, agent, token)
        return self._store.extend(key, shown, self.time(), lease, who=agent)

    def changed(self, entry: Entry) -> tuple[str, ...]:
        """Return which fields of a task that is claimed are no more as they were then."""
        history = self._store.history(entry.key)
        return changed_since_claim(history, entry.claim.token if entry.claim else 0)

    def finish(
        self, text: str, status: Status, agent: str, token: int = 0, reason: str = ""
    ) -> Done:
        """End a claim, or set the status of a task that nobody has claimed.

        Args:
            text: Which task.
            status: How it went.
            agent: Who says so.
            token: Of the claim; 0 stands for that of the agent's own claim.
            reason: Why.
        """
        agent = checked_name(agent)
        key = self.key(text)
        before = self._store.entry(key)
        held = token_of(before, agent, token)
        is_so = status.is_over and before.task.status is status
        if is_so and held == newest_token(self._store.history(key), agent):
            held = 0  # Its file may have come to say so: whoever works on a task also commits.
        if held:
            entry = self._store.finish(key, held, status, self.time(), reason, who=agent)
        else:
            entry = self._store.set_status(key, status, self.time(), agent, reason, in_time=True)
        return self._done(entry, before.task)

    def release(self, text: str, agent: str, token: int = 0, reason: str = "") -> Done:
        """Give a task back."""
        agent = checked_name(agent)
        key = self.key(text)
        before = self._store.entry(key)
        shown = self._shown(key, agent, token)
        entry = self._store.release(key, shown, self.time(), reason, who=agent)
        return self._done(entry, before.task)

    def set(  # noqa: PLR0913 - who sets what, and whether against a claim
        self,
        text: str,
        who: str,
        status: Status | None = None,
        assignee: str | None = None,
        reason: str = "",
        *,
        force: bool = False,
    ) -> Done:
        """Set status or assignee of a task, as people do; ``force`` ends somebody's claim."""
        who = checked_name(who)
        assignee = checked_name(assignee, "an assignee") if assignee else assignee
        key, now = self.key(text), self.time()
        before = entry = self._store.entry(key)
        if status is not None:
            entry = self._store.set_status(
                key, status, now, who, reason, assignee=assignee, force=force
            )
        elif assignee is not None:
            entry = self._store.assign(key, assignee, now, who)
        return self._done(entry, before.task)

    def add(self, new: NewTask) -> Done:
        """Add a task: to the file that is named for new ones, else to the database alone.

        Raises:
            EditError: It cannot be written into that file.
        """
        check_text(new)
        if self._add_to and self._files is not None:
            if new.priority or new.tags or new.needs or new.body:
                raise WorkError(
                    f"New tasks are written to {self._add_to}, and only a title, an id and a "
                    "heading can be given with them; add the task, and write the rest there."
                )
            task = self._files.add(self._add_to, new.title, new.own, new.under)
            try:
                entry = self._store.add(task, self.time())
            except KanbanSyncError:
                # Only the file tells the key, so it is written first; refused is refused whole.
                self._files.take_back(self._add_to)
                raise
            self._ask_for_sync()
            return Done(entry, written_of(task, "added"))
        if new.under:
            raise WorkError(
                "A heading is one of a file, and no file is named for new tasks: name one with "
                "sources.add_to in .kanban-sync.yaml, or leave the heading out."
            )
        needs, now = tuple(str(self.key(each)) for each in new.needs), self.time()
        entry = self._store.add(newborn(self.project, new._replace(needs=needs), now), now)
        self._ask_for_sync()
        return Done(entry)

    def start(self, text: str, agent: str, lease: float = ALONE, token: int | None = None) -> Done:
        """Claim one task, or go on with one's own claim for a lease from now on.

        Args:
            text: Which task.
            agent: Who works on it.
            lease: Seconds.
            token: Of the claim to go on with, 0 for none; None for whichever the agent has.
        """
        agent = checked_name(agent)
        key = self.key(text)
        entry = self._store.entry(key)
        claim = entry.claim
        if claim is None or claim.agent != agent or token not in {None, claim.token}:
            return self.claim(text, agent, lease)
        extended = self._store.extend(key, claim.token, self.time(), lease, who=agent)
        return self._done(extended, entry.task)

    # --- orchestrators --------------------------------------------------------------------------

    def register(self, instance_id: str, agent_count: int = 0) -> Orchestrator:
        """Let a process be known that hands out tasks."""
        instance_id = checked_name(instance_id, "an orchestrator")
        return self._store.register(instance_id, self.time(), agent_count)

    def beat(self, instance_id: str, agent_count: int | None = None) -> Orchestrator:
        """Note that it is alive; whoever is silent loses the claims of its agents."""
        return self._store.beat(instance_id.strip(), self.time(), agent_count)

    def orchestrators(self) -> list[Orchestrator]:
        """Return those that are known."""
        return self._store.orchestrators()

    def hearing(self) -> Hearing:
        """Return whose heartbeats are heard, and since when."""
        return self._store.hearing(self.time())

    def reclaim(self, *, leases: bool = True) -> list[Entry]:
        """Take back the claims of orchestrators that fell silent, and those that ran out.

        A claim that ran out is free as it is, for whoever claims next. It is not taken back where
        somebody only looks (``leases`` is not set): its agent may still come and finish.
        """
        found = self._store.reclaim(self.time(), leases=leases)
        if found:
            self._ask_for_sync()
        return found

    # --- both ways ------------------------------------------------------------------------------

    def write_files(self) -> list[Written]:
        """Write all that the database has and the files of this work tree do not say."""
        files = self._files
        if files is None:
            return []
        with files.alone():
            return self._write_files(files)

    def _write_files(self, files: Files) -> list[Written]:
        kept = {each.task.key: each for each in self._store.ahead()}
        # Where the files that were read say all of it, those of this work tree may be older.
        for task in self._store.tasks():
            if task.path and task.status is not Status.ORPHANED:
                kept.setdefault(task.key, Kept(task, filed_part(task)))
        born = {key for key, each in kept.items() if self._add_to and is_born_here(each)}
        found = [
            files.bring(each, partial(self._had, each))
            for key, each in kept.items()
            if key not in born
        ]
        found += [
            write_born(self._store, files, self._add_to, key, self.time()) for key in sorted(born)
        ]
        if born:
            self._ask_for_sync()
        return [each for each in found if each is not None]

    def _done(self, entry: Entry, before: Task | None) -> Done:
        """Write what was done into the file, and let the board follow.

        Of this task alone: what others did belongs into their commits, or branches would conflict.
        """
        self._ask_for_sync()
        if self._files is None:
            return Done(entry)
        with self._files.alone():
            kept = kept_now(self._store, entry.key)
            # What was written here before by the database's word was no person's doing.
            earlier = self._had(kept) + ([filed_part(before)] if before is not None else [])
            written = self._files.write(kept, earlier)
        return Done(self._placed(entry), written)

    def _placed(self, entry: Entry) -> Entry:
        """Return a task as it stands in the caller's work tree, where that holds it."""
        if self._files is None or not entry.task.path:
            return entry
        here = next((each for each in self._files.tasks() if each.key == entry.key), entry.task)
        return entry._replace(task=entry.task._replace(path=here.path, line=here.line))

    def _had(self, kept: Kept) -> list[Filed]:
        """Return what may stand in files since the database had it."""
        return had_before(self._store.history(kept.task.key), kept.filed)

    def _shown(self, key: TaskKey, agent: str, token: int) -> int:
        """Return the token that was given, else that of the agent's newest claim, also if lost."""
        return token or newest_token(self._store.history(key), agent)
