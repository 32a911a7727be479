"""How agents work on any store: what is read, decided by ``core.claims``, and written back.

A store opens a desk, one transaction with the few things that have to be read and written; all
else is the same for every store, and here.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kanban_sync.core import claims
from kanban_sync.core.endings import check_in_time
from kanban_sync.core.errors import UnknownTaskError, WorkError
from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY, Wanted
from kanban_sync.core.silence import Hearing, silent_since
from kanban_sync.core.work import Orchestrator, entry_of
from kanban_sync.stores import refusals
from kanban_sync.stores.assigning import Assigning
from kanban_sync.stores.changes import check_project
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.relinking import turns

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanban_sync.core.claims import Outcome, Standing
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry
    from kanban_sync.stores.desk import Desk

NEAR = 3
"""How many keys are named that are spelt like one that nobody has."""

BEAT = 1.0
"""A claim tells at most once in so many seconds that its orchestrator is alive.

Else all whom it serves would wait for one another.
"""

BOXES = frozenset({Status.TODO, Status.PLANNING, Status.IN_PROGRESS, Status.REVIEW})
"""What a change may be for its boxes to say what it is."""


class Working(Assigning):
    """``WorkStore`` upon whatever opens a desk."""

    _project: str

    def _claimed(
        self, standing: Standing, agent: str, now: float, lease: float, orchestrator: str
    ) -> Outcome:
        """Return a task with a new claim."""
        return claims.claimed(standing, agent, now, lease, orchestrator)

    # --- Reading ------------------------------------------------------------------------

    def entry(self, key: TaskKey) -> Entry:
        """Return one task, with its claim and what it waits for still."""
        with self._looking() as desk:
            _standing(desk, key)
            return desk.entry(key)

    def entries(self, wanted: Wanted = ANY, statuses: Collection[Status] = ()) -> list[Entry]:
        """Return tasks, also those that are over, by path, position and key."""
        with self._looking() as desk:
            return desk.entries(wanted, statuses)

    def ready(
        self, now: float, wanted: Wanted = ANY, limit: int = 20, agent: str = ""
    ) -> list[Entry]:
        """Return what may be claimed, in the order in which it is handed out."""
        with self._looking() as desk:
            if refusals.is_shut(desk, wanted.parent, agent, now):
                return []
            return desk.ready(wanted, agent, now, limit)

    def history(self, key: TaskKey) -> list[Event]:
        """Return the events of one task, oldest first."""
        with self._looking() as desk:
            _standing(desk, key)
            return desk.history(key)

    def edges(self) -> list[Edge]:
        """Return all that tasks wait for, by their keys."""
        with self._looking() as desk:
            return [each for each in desk.edges() if not each.is_loose]

    # --- Claims -------------------------------------------------------------------------

    def claim_next(
        self,
        agent: str,
        now: float,
        lease: float,
        wanted: Wanted = ANY,
        orchestrator: str = "",
    ) -> Entry | None:
        """Claim the first task that is ready; None if there is none."""
        _check_claim(agent, lease)
        with self._working() as desk:
            self._check_orchestrator(desk, orchestrator, now)
            is_shut = refusals.is_shut(desk, wanted.parent, agent, now)
            found = None if is_shut else desk.first(wanted, agent, now)
            if found is None:
                return None
            task, standing = found
            outcome = self._claimed(standing, agent, now, lease, orchestrator)
            after = write(desk, task.key, standing, outcome, now)
            if after.status is after.file_status:
                return desk.entry(task.key)  # The status has its file's word again.
        return _claimed(task, after)

    def claim(
        self, key: TaskKey, agent: str, now: float, lease: float, orchestrator: str = ""
    ) -> Entry:
        """Claim one task: nobody has it, it is not over, and it waits for nothing."""
        _check_claim(agent, lease)
        with self._working(Reach.SEVERAL) as desk:
            self._check_orchestrator(desk, orchestrator, now)
            standing = _held(desk, key)
            # Only a change needs to be told by what stands above it.
            is_change = claims.is_change(key.source, None) and desk.above(key) is None
            is_plan = is_change or desk.has_parts(key)
            claims.check_claimable(str(key), standing, agent, now, is_plan=is_plan)
            refusals.check_above(desk, key, agent, now)
            refusals.check_open(desk, key)
            for below, its in desk.claimed_below(key):
                if its.agent != agent:
                    claims.check_free(str(below), its, agent, now)
            for each in (key, *refusals.all_above(desk, key)):
                refusals.check_waits(desk, each)
            outcome = self._claimed(standing, agent, now, lease, orchestrator)
            write(desk, key, standing, outcome, now)
            return desk.entry(key)

    def extend(self, key: TaskKey, token: int, now: float, lease: float, *, who: str = "") -> Entry:
        """Let a claim last for a lease from now on: the heartbeat."""
        _check_lease(lease)
        with self._working() as desk:
            standing = _checked(desk, key, token, who)
            write(desk, key, standing, claims.extended(standing, now, lease), now)
            return desk.entry(key)

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
        if status not in claims.ENDS:
            raise ValueError(f"a claim does not end with {status}")
        with self._working(Reach.SEVERAL) as desk:
            standing = _checked(desk, key, token, who)
            refusals.check_parts(desk, key, status)
            outcome = claims.finished(standing, status, standing.agent, reason)
            write(desk, key, standing, outcome, now)
            return desk.entry(key)

    def release(
        self, key: TaskKey, token: int, now: float, reason: str = "", *, who: str = ""
    ) -> Entry:
        """Give a task back: it is to do again, or what its file came to say meanwhile."""
        with self._working(Reach.SEVERAL) as desk:
            standing = _checked(desk, key, token, who)
            outcome = claims.released(standing, reason, boxes=_boxes(desk, key))
            write(desk, key, standing, outcome, now)
            return desk.entry(key)

    def reclaim(self, now: float, *, leases: bool = True) -> list[Entry]:
        """Take back claims of orchestrators that fell silent, and those that ran out; each once."""
        with self._looking() as desk:
            # Mostly there is none: nobody has to wait for the right to write.
            if not self._lapsed(desk, now, leases=leases):
                return []
        with self._working(Reach.SEVERAL) as desk:
            found = self._lapsed(desk, now, leases=leases)
            for key, standing, why in found:
                outcome = claims.taken_back(standing, why, boxes=_boxes(desk, key))
                write(desk, key, standing, outcome, now)
            return [desk.entry(key) for key, _, _ in found]

    # --- Without a claim ----------------------------------------------------------------

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
        """Set a status without a claim, and end one that ran out or is one's own."""
        if status is Status.ORPHANED:
            raise ValueError("only files tell which tasks are orphaned")
        with self._working(Reach.SEVERAL) as desk:
            standing = _held(desk, key)
            if in_time:
                check_in_time(str(key), standing, desk.history(key), who, status)
            if not force:
                refusals.check_own(desk, key, standing, who, now)
            refusals.check_parts(desk, key, status)
            outcome = claims.finished(standing, status, who, reason)
            if assignee is not None:
                given = claims.assigned(outcome.standing, assignee)
                outcome = given._replace(told=outcome.told + given.told)
            write(desk, key, standing, outcome, now)
            return desk.entry(key)

    def assign(self, key: TaskKey, agent: str, now: float, who: str) -> Entry:
        """Let a task be for one agent only, '' for anybody."""
        with self._working() as desk:
            standing = _held(desk, key)
            refusals.check_own(desk, key, standing, who, now)
            write(desk, key, standing, claims.assigned(standing, agent), now)
            return desk.entry(key)

    def add(self, task: Task, now: float) -> Entry:
        """Add a task that stands in no file."""
        key = task.key
        check_project(self._project, [key])
        with self._working(Reach.ALL) as desk:
            if desk.standing(key) is not None:
                raise WorkError(f"There is a task {key} already; give the new one another id.")
            if key.name in task.depends_on:
                raise WorkError(f"{key} would wait for itself for ever; take that out.")
            desk.add(task)
            desk.tell(key, [claims.created(task.status)], now)
            return desk.entry(key)

    def rename(self, key: TaskKey, task: Task, now: float) -> Entry:
        """Let a task that stands in no file be the one that a file holds now."""
        check_project(self._project, [key, task.key])
        with self._working(Reach.ALL) as desk:
            _standing(desk, key)
            if desk.standing(task.key) is not None:
                raise WorkError(f"There is a task {task.key} already; {key} stays as it is.")
            desk.rename(key, task)
            desk.tell(task.key, [claims.renamed(str(key), str(task.key))], now)
            return desk.entry(task.key)

    # --- Orchestrators ------------------------------------------------------------------

    def register(self, instance_id: str, now: float, agent_count: int = 0) -> Orchestrator:
        """Let an orchestrator be known; one that is known already begins anew."""
        new = Orchestrator(instance_id, now, now, agent_count)
        with self._working() as desk:
            desk.put_orchestrator(new)
        return new

    def beat(self, instance_id: str, now: float, agent_count: int | None = None) -> Orchestrator:
        """Note that an orchestrator is alive."""
        with self._working() as desk:
            return _beat(desk, instance_id, now, agent_count)

    def orchestrators(self) -> list[Orchestrator]:
        """Return all orchestrators that were ever registered, by their ids."""
        with self._looking() as desk:
            return desk.orchestrators()

    def hearing(self, now: float) -> Hearing:
        """Return whose heartbeats are heard, and since when."""
        with self._looking() as desk:
            return Hearing(max(desk.there_since(), self._back_since(now)))

    def _back_since(self, now: float) -> float:  # noqa: ARG002 - of one that is never away
        """Return since when it has been there, as far as only this clone knows."""
        return 0.0

    def _lapsed(
        self, desk: Desk, now: float, *, leases: bool
    ) -> list[tuple[TaskKey, Standing, str]]:
        found = desk.lapsed(now, silent_since(now, self._back_since(now)))
        return [each for each in found if leases or each[2] != claims.LEASE]

    def _check_orchestrator(self, desk: Desk, instance_id: str, now: float) -> None:
        """Let whoever claims be alive: else the claim would be taken back at once.

        The clock of an agent does not tell that its orchestrator was silent.
        """
        if instance_id:
            known = desk.orchestrator(instance_id)
            if known is None or known.last_heartbeat + BEAT < now:
                _beat(desk, instance_id, now)


# --- Writing -------------------------------------------------------------------------------


def write(desk: Desk, key: TaskKey, before: Standing, outcome: Outcome, now: float) -> Standing:
    """Write what becomes of a task with its events, and what follows from it for others."""
    after = claims.dated(before, outcome.standing, now)
    if after != before:
        desk.put(key, after)
    if outcome.told:
        desk.tell(key, outcome.told, now)
    if after.status is not before.status and turns(before.status, after.status):
        desk.reckon(key)
        above = desk.above(key)
        if above is not None and claims.is_change(above.source, desk.above(above)):
            _follow(desk, above, now)
    return after


def _claimed(task: Task, standing: Standing) -> Entry:
    """Return a task that was read before its claim as it is now, lest it be read twice."""
    now = task._replace(
        status=standing.status,
        word=task.word if task.status is standing.status else "",
        assignee=standing.assignee,
        status_version=standing.version,
    )
    return entry_of(now, standing)


def _follow(desk: Desk, change: TaskKey, now: float) -> None:
    """Let a change be in progress or in review, as its boxes say."""
    standing = desk.standing(change)
    if standing is None or standing.status not in BOXES:
        return
    status = claims.of_boxes(desk.statuses_below(change))
    if status is not standing.status:
        write(desk, change, standing, claims.followed(standing, status), now)


def _boxes(desk: Desk, key: TaskKey) -> Status | None:
    """Return what the boxes of a change say it is, None if it is no change."""
    if not claims.is_change(key.source, desk.above(key)):
        return None
    return claims.of_boxes(desk.statuses_below(key))


def _beat(desk: Desk, instance_id: str, now: float, agent_count: int | None = None) -> Orchestrator:
    old = desk.orchestrator(instance_id)
    if old is None:
        raise WorkError(
            f"Nobody registered an orchestrator {instance_id}; register it before it claims or "
            "sends heartbeats."
        )
    count = old.agent_count if agent_count is None else agent_count
    new = old._replace(last_heartbeat=now, agent_count=count)
    desk.put_orchestrator(new)
    return new


# --- Refusing ------------------------------------------------------------------------------


def _standing(desk: Desk, key: TaskKey) -> Standing:
    """Return how a task stands, or name those that may have been meant."""
    standing = desk.standing(key)
    if standing is None:
        names = {each.name: each for each in desk.all_keys()}
        near = difflib.get_close_matches(key.name, names, NEAR)
        raise UnknownTaskError(str(key), [str(names[name]) for name in near])
    return standing


def _held(desk: Desk, key: TaskKey) -> Standing:
    """Return how a task stands that nobody else writes to until the end."""
    desk.hold(key)
    return _standing(desk, key)


def _checked(desk: Desk, key: TaskKey, token: int, who: str) -> Standing:
    standing = _held(desk, key)
    claims.check_token(str(key), standing, token)
    claims.check_holder(str(key), standing, who)
    return standing


def _check_claim(agent: str, lease: float) -> None:
    if not agent.strip():
        raise WorkError("A claim is somebody's; name the agent.")
    _check_lease(lease)


def _check_lease(lease: float) -> None:
    if not lease > 0:
        raise WorkError(f"A lease of {lease:g} s ends before it begins; give it some time.")
