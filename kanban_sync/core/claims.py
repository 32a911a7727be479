"""Claims: who may take a task, and what becomes of it. Pure, and the same for every store.

A *claim* is an agent's right to work on a task. It has a *lease*, the moment at which it ends
unless it is extended, and a *token*, a number that grows with each claim of that task and is never
given twice. A writer shows its token; if another claim has been made since, or this one was taken
back, the writer is too late and is refused.

A lease that ran out does not end the claim by itself: it only lets others take the task. An agent
that comes back late and was not replaced may still extend, finish or release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import HeldError, LostClaimError, NotReadyError
from kanban_sync.core.merge import SET_HERE
from kanban_sync.core.model import OVER, UNKNOWN, Status, Version
from kanban_sync.core.offers import NO_OFFER, Offer
from kanban_sync.core.spans import lasting

if TYPE_CHECKING:
    from collections.abc import Collection

LEASE = "lease"
"""Why a claim is taken back whose lease ran out; else it is the name of an orchestrator."""

RAN_OUT, ORCHESTRATOR = "the lease ran out", "the orchestrator "
"""How the reason is written, or begins, where a claim was taken back."""

SILENCE = 60.0
"""After how many seconds without a word an orchestrator's claims are taken back."""

ENDS = frozenset({Status.DONE, Status.BLOCKED, Status.FAILED, Status.REVIEW, Status.CANCELLED})
"""What an agent may say of the task that it had."""

OF_FILE = OVER | {Status.BACKLOG, Status.PLANNING, Status.BLOCKED, Status.REVIEW, Status.FAILED}
"""What a file said in the meantime, and a task is again when its claim is given back."""

FROM_BOXES = frozenset({Status.DONE, Status.REVIEW})
"""What a change becomes only by its boxes, and a milestone after its tasks."""

GENERATION = 10**6
"""How many tokens a database gives for a task at most; in one that replaces another they begin at
so many for each second since 1970, lest a token of the lost one is ever given again."""


class Claim(NamedTuple):
    """An agent's right to work on a task until ``expires`` (seconds since 1970)."""

    agent: str
    token: int
    expires: float
    orchestrator: str = ""


class Standing(NamedTuple):
    """How a task stands with those who work on it: all that a claim reads and writes.

    ``agent`` is who has it ('' for nobody), ``token`` the newest that was given (0 before any),
    ``started_at`` when it was claimed last, ``reason`` what was said when a claim ended last.
    ``before`` is the assignee from before the claim (None where no claim set it), ``said`` what
    the file said when it was claimed. ``file_status`` is None for a task that no file has held;
    ``version`` is that of the status. An ``offer`` is for a task that nobody has.
    """

    status: Status
    file_status: Status | None
    assignee: str = ""
    agent: str = ""
    orchestrator: str = ""
    token: int = 0
    expires: float = 0.0
    started_at: float = 0.0
    reason: str = ""
    before: str | None = None
    said: Status | None = None
    version: Version = UNKNOWN
    offer: Offer = NO_OFFER

    @property
    def claim(self) -> Claim | None:
        """The claim, None where nobody has the task; its lease may have run out."""
        if not self.agent:
            return None
        return Claim(self.agent, self.token, self.expires, self.orchestrator)

    def is_held(self, now: float) -> bool:
        """Whether somebody has the task and the lease has not run out."""
        return bool(self.agent) and self.expires > now


class Told(NamedTuple):
    """What happened to a task: the kind of the event, and its data."""

    kind: str
    data: dict[str, object]


class Outcome(NamedTuple):
    """How a task stands afterwards, and what is told of it."""

    standing: Standing
    told: tuple[Told, ...] = ()


def is_change(source: str, parent: object) -> bool:
    """Tell whether a task is an OpenSpec change: its boxes are the work, and it follows them."""
    return source == "openspec" and parent is None


def is_unit(source: str, parent_source: str | None, parent_name: str | None) -> bool:
    """Tell whether a task is handed out by itself: a card, or a box of an OpenSpec change.

    What stands below such a task, sub-tasks and exit criteria, are its steps and go with it.
    """
    if parent_source is None:
        return not is_change(source, None)
    return parent_source == "openspec" and "#" not in (parent_name or "")


def first_number(now: float) -> int:
    """Return above which number tokens and events are of a database that replaces a lost one."""
    return int(now) * GENERATION


# --- Claiming ------------------------------------------------------------------------------


def is_free(standing: Standing, agent: str, now: float, *, is_plan: bool = False) -> bool:
    """Tell whether ``next`` may hand the task to an agent, what it waits for left aside."""
    is_begun = standing.status is Status.IN_PROGRESS and (is_plan or bool(standing.agent))
    if _owner(standing) not in {"", agent} or not (standing.status is Status.TODO or is_begun):
        return False
    held, offer = standing.is_held(now), standing.offer
    return not held and (bool(standing.agent) or not offer.is_for_other(agent, now))


def check_claimable(
    key: str, standing: Standing, agent: str, now: float, *, is_plan: bool = False
) -> None:
    """Refuse a claim by key, saying why; what the task waits for is left aside.

    What is in progress is somebody's, if nobody claimed it. It may be claimed by whom it is
    assigned to, after a claim that ran out, and by its boxes or tasks alone (``is_plan``).

    Raises:
        HeldError: A claim is alive, also if it is the agent's own.
        NotReadyError: Its status, or somebody else's name on it, forbids.
    """
    check_free(key, standing, agent, now)
    status = standing.status
    if status.is_over:
        raise NotReadyError(f"{key} is {status} already; claim another task.")
    is_theirs = is_plan or bool(standing.agent) or standing.assignee == agent
    if status is not Status.TODO and not (status is Status.IN_PROGRESS and is_theirs):
        raise NotReadyError(
            f"{key} is {status}, and what is to do is claimed; set it to todo first, or claim "
            "another task."
        )
    owner = _owner(standing)
    if owner not in {"", agent}:
        raise NotReadyError(
            f"{key} is assigned to {owner}; claim another task, or let it be assigned to {agent}."
        )
    standing.offer.check(key, agent, now)


def check_free(key: str, standing: Standing, agent: str, now: float) -> None:
    """Refuse where a claim is alive.

    Raises:
        HeldError: Naming who has it, and for how long.
    """
    if standing.is_held(now):
        holder = standing.agent
        time = lasting(standing.expires, now)
        message = (
            f"{holder} has {key} already (token {standing.token}), {time}; go on with it, or claim"
            " another task."
            if holder == agent
            else f"{holder} has {key}, {time}. Nothing was written; claim another task, or wait"
            f" until {holder} gives it back or that time is over."
        )
        raise HeldError(message, standing.agent, standing.expires)


def claimed(
    standing: Standing, agent: str, now: float, lease: float, orchestrator: str = ""
) -> Outcome:
    """Return the task with a new claim; one whose lease ran out is told to be taken back."""
    told: list[Told] = []
    if standing.agent:
        told.append(_reclaimed(standing, Status.IN_PROGRESS, "lease"))
    after = standing._replace(
        status=Status.IN_PROGRESS,
        assignee=agent,
        agent=agent,
        orchestrator=orchestrator,
        token=standing.token + 1,
        expires=now + lease,
        started_at=now,
        before=_owner(standing),
        said=standing.file_status,
        offer=NO_OFFER,
    )
    data: dict[str, object] = {"agent": agent, "token": after.token, "expires": after.expires}
    if orchestrator:
        data["orchestrator"] = orchestrator
    told.append(Told("claimed", {**data, "old": standing.status, "new": after.status}))
    return Outcome(after, tuple(told))


# --- Afterwards ----------------------------------------------------------------------------


def check_token(key: str, standing: Standing, token: int) -> None:
    """Refuse whoever is too late.

    Raises:
        LostClaimError: Saying who has the task now.
    """
    if standing.agent and standing.token == token and not standing.status.is_over:
        return
    since = " since" if token else ""
    if standing.status.is_over:
        what = f"is {standing.status} already"
    elif standing.agent and standing.token != token:
        what = f"was claimed by {standing.agent}{since} (token {standing.token})"
    elif token > standing.token:
        what = "has no such claim: what is claimed apart may not count, or this is another database"
    else:
        what = "was taken back or released, and nobody has it now" if token else "is nobody's"
    raise lost(key, standing, token, what)


def check_holder(key: str, standing: Standing, who: str) -> None:
    """Refuse whoever shows the token of somebody else's claim; '' is nobody in particular.

    Raises:
        HeldError: Naming whose claim it is.
    """
    if who and standing.agent != who:
        raise HeldError(
            f"The claim of {key} with token {standing.token} is {standing.agent}'s, not {who}'s. "
            f"Nothing was written; let {standing.agent} say it, or claim another task.",
            standing.agent,
            standing.expires,
        )


def lost(key: str, standing: Standing, token: int, what: str) -> LostClaimError:
    """Return how whoever is too late is refused; a token of 0 is that of who had no claim."""
    whose = (
        f"Your claim of {key} (token {token}) is lost" if token else f"No claim of {key} is yours"
    )
    return LostClaimError(
        f"{whose}: the task {what}. Nothing was written; stop work on it, and claim it anew if it "
        "is to do still.",
        standing.agent,
        standing.token,
    )


def extended(standing: Standing, now: float, lease: float) -> Outcome:
    """Return the task with a lease from now on, of which nothing is told.

    Its end is never compared with the one before, which a clock that was ahead may have set.
    """
    return Outcome(standing._replace(expires=now + lease))


def finished(standing: Standing, status: Status, who: str, reason: str = "") -> Outcome:
    """Return the task with the status that was set, and without a claim."""
    data: dict[str, object] = {"old": standing.status, "new": status, "who": who}
    if standing.agent:
        data["token"] = standing.token
    if reason:
        data["reason"] = reason
    after = _without_claim(standing)._replace(status=status, reason=reason)
    if status not in ENDS:
        after = _given_back(after)
    if after == standing or (standing.status is status and status.is_over):
        # What was so already, by its file or by another, happened once.
        return Outcome(after)
    return Outcome(after, (Told("status_changed", data),))


def released(standing: Standing, reason: str = "", boxes: Status | None = None) -> Outcome:
    """Return the task as it rests when an agent gives it back.

    Args:
        standing: As it is.
        reason: Why.
        boxes: For a change, what its boxes say it is.
    """
    status = boxes or resting(standing)
    data: dict[str, object] = {
        "agent": standing.agent,
        "token": standing.token,
        "old": standing.status,
        "new": status,
    }
    if reason:
        data["reason"] = reason
    after = _given_back(_without_claim(standing))._replace(status=status, reason=reason)
    return Outcome(after, (Told("released", data),))


def taken_back(standing: Standing, why: str, boxes: Status | None = None) -> Outcome:
    """Return the task as it rests when its claim is taken back; why is ``lease`` or a name."""
    # What is said of it meanwhile by others stays.
    said = standing.status is not Status.IN_PROGRESS
    status = standing.status if said else boxes or resting(standing)
    reason = RAN_OUT if why == LEASE else f"{ORCHESTRATOR}{why} fell silent"
    after = _given_back(_without_claim(standing))._replace(status=status, reason=reason)
    return Outcome(after, (_reclaimed(standing, status, why),))


def followed(standing: Standing, status: Status) -> Outcome:
    """Return a change as its boxes say; a claim of it stays."""
    data: dict[str, object] = {"old": standing.status, "new": status}
    return Outcome(standing._replace(status=status), (Told("status_changed", data),))


def of_boxes(statuses: Collection[Status]) -> Status:
    """Return what a change is that is not archived, by the statuses of its boxes."""
    living = [status for status in statuses if status is not Status.ORPHANED]
    if not living:
        return Status.PLANNING
    return Status.REVIEW if all(each.satisfies for each in living) else Status.IN_PROGRESS


def resting(standing: Standing) -> Status:
    """Return the status of a task that nobody works on any more.

    It is to do, as it was when it was claimed, unless its file came to say otherwise meanwhile.
    That a file says ``in_progress`` is a trace of the claim.
    """
    said = standing.file_status
    if said is not None and said is not standing.said and said in OF_FILE:
        return said
    return Status.TODO


def created(status: Status) -> Told:
    """Return what is told of a task that was not there before."""
    return Told("task_created", {"status": status})


def renamed(old: str, new: str) -> Told:
    """Return what is told of a task that has another key, since a file holds it now."""
    return Told("task_updated", {"fields": ["key"], "old": old, "new": new})


def assigned(standing: Standing, agent: str) -> Outcome:
    """Return the task with somebody's name on it, '' for nobody's."""
    after = standing._replace(assignee=agent, before=None, offer=NO_OFFER)
    if standing.assignee == agent:
        return Outcome(after)
    data: dict[str, object] = {"fields": ["assignee"], "old": standing.assignee, "new": agent}
    return Outcome(after, (Told("task_updated", data),))


def dated(before: Standing, after: Standing, now: float) -> Standing:
    """Return the task with the version of its status, a new one if that was changed just now."""
    if after.status is before.status:
        return after
    # Later than what the board may have been told, whatever the clock says.
    time = max(int(now), before.version.time + 1)
    return after._replace(version=Version(time, SET_HERE))


def _owner(standing: Standing) -> str:
    """Return for whom a task is, '' for anybody; a claim that is there says nothing of that."""
    is_claimed = bool(standing.agent) and standing.before is not None
    return (standing.before or "") if is_claimed else standing.assignee


def _without_claim(standing: Standing) -> Standing:
    return standing._replace(agent="", orchestrator="", expires=0.0, said=None)


def _given_back(standing: Standing) -> Standing:
    """Return the task with the assignee from before its claim."""
    if standing.before is None:
        return standing
    return standing._replace(assignee=standing.before, before=None)


def _reclaimed(standing: Standing, new: Status, why: str) -> Told:
    data: dict[str, object] = {
        "agent": standing.agent,
        "token": standing.token,
        "old": standing.status,
        "new": new,
        "why": why,
    }
    return Told("reclaimed", data)
