"""What was done apart is written into the database: once, in one transaction with its mark."""

from __future__ import annotations

import contextlib
import json
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kanban_sync.core.apart import Settled, elsewhere, settled
from kanban_sync.core.claims import FROM_BOXES, Outcome, Standing, Told, created
from kanban_sync.core.deeds import another, gone, refused, told_already
from kanban_sync.core.errors import UntakenError
from kanban_sync.core.journal import MARK, Into
from kanban_sync.core.model import Status, TaskKey
from kanban_sync.stores.desk import Desk, Reach
from kanban_sync.stores.refusals import open_parts
from kanban_sync.stores.working import write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.journal import Apart, Journal
    from kanban_sync.core.work import Orchestrator

DIGEST = "digest"
"""What the mark of a journal says of its content; one of an older release says nothing."""

REPLAYED = "replayed"
"""The kind of the event by which it is known that a journal was taken."""


class Replayed(NamedTuple):
    """How many tasks of a journal were written, and of how many the database's word stood.

    Of so many of these it ``refused`` what was done.
    """

    written: int = 0
    conflicts: int = 0
    refused: int = 0


class PartedDesk(Desk, Protocol):
    """A transaction a part of which may be refused alone."""

    def part(self) -> AbstractContextManager[None]:
        """Do something that is taken back alone if the database refuses it: ``UntakenError``."""
        ...


class Target(Protocol):
    """A database that takes a journal."""

    def _working(self, reach: Reach) -> AbstractContextManager[PartedDesk]: ...


def replay(
    store: Target, project: str, journal: Journal, now: float, *, in_parts: bool = False
) -> Replayed:
    """Settle what was done apart, and return what came of it, or what did when it was settled.

    Args:
        store: Where.
        project: Whose tasks.
        journal: What was done.
        now: The time by the clock of the database.
        in_parts: Whether what is refused of a task is told, and all else goes on; that takes
            several times as long.

    Raises:
        UntakenError: Something in it is refused; nothing was written.
        StoreError: The database cannot be used; nothing was written, or all of it.
    """
    with store._working(Reach.ALL) as desk:  # noqa: SLF001 - several tasks in one transaction
        if (was := _was_taken(desk, project, journal)) is not None:
            if was.get(DIGEST, journal.digest) == journal.digest:
                return _replayed(was)
            # Another clone has sent its own: of one that was copied while it worked apart.
            journal = journal.as_another()
            if (was := _was_taken(desk, project, journal)) is not None:
                return _replayed(was)
        mark = TaskKey(project, MARK, journal.id)
        part = desk.part if in_parts else contextlib.nullcontext
        known = {each.instance_id: each for each in desk.orchestrators()}
        heard = _heard_later(journal, known)
        outcomes, untaken = _settle_all(desk, journal, now, part, heard)
        for key, told in untaken.items():
            _tell(desk, mark, key, told, now)
        for each in journal.orchestrators:
            other = known.get(each.instance_id)
            if other is None or other.last_heartbeat < each.last_heartbeat:
                # Who is refused here is registered anew with the next claim.
                with contextlib.suppress(UntakenError), part():
                    desk.put_orchestrator(each)
        conflicts = sum(each.is_conflict for each in outcomes)
        written = sum(each.standing is not None and not each.is_conflict for each in outcomes)
        done = Replayed(written, conflicts, len(untaken))
        said = {"since": journal.since, **done._asdict(), DIGEST: journal.digest}
        desk.tell(mark, [Told(REPLAYED, said)], now)
        return done


def _was_taken(desk: Desk, project: str, journal: Journal) -> dict[str, Any] | None:
    """Return what was told of a journal of that name as it was taken, None if it was not."""
    for event in desk.history(TaskKey(project, MARK, journal.id)):
        if event.kind == REPLAYED:
            data: dict[str, Any] = json.loads(event.data)
            return data
    return None


def _replayed(said: Mapping[str, Any]) -> Replayed:
    return Replayed(*(said.get(name, 0) for name in Replayed._fields))


def _heard_later(journal: Journal, known: Mapping[str, Orchestrator]) -> frozenset[str]:
    """Return the orchestrators of which the database has heard later than the copy did."""
    here = {each.instance_id: each.last_heartbeat for each in journal.orchestrators}
    return frozenset(
        name for name, each in known.items() if each.last_heartbeat > here.get(name, journal.since)
    )


def _settle_all(
    desk: Desk,
    journal: Journal,
    now: float,
    part: Callable[[], AbstractContextManager[None]],
    heard: Collection[str],
) -> tuple[list[Settled], dict[TaskKey, Told]]:
    """Settle each task after those that it waits for; return what came of them, and is refused."""
    # All hold tasks in the order of their keys.
    for each in journal.entries:
        desk.hold(each.key)
    keys = [each.key for each in journal.entries]
    needs = {each.key: _needs(desk, each, keys) for each in journal.entries}
    outcomes: dict[TaskKey, Settled] = {}
    untaken: dict[TaskKey, Told] = {}
    for each in _in_turn(journal.entries, needs):
        needed = (outcomes[key] for key in needs[each.key] if key in outcomes)
        is_unfounded = any(one.is_conflict for one in needed) or _has_open_parts(desk, each)
        try:
            with part():
                outcome = _settle(desk, each, journal, now, heard, is_unfounded=is_unfounded)
        except UntakenError as error:
            outcome = Settled(is_conflict=True)
            untaken[each.key] = refused(each, desk.standing(each.key), error.reason)
        outcomes[each.key] = outcome
    return list(outcomes.values()), untaken


def _in_turn(
    entries: Sequence[Apart], needs: Mapping[TaskKey, Collection[TaskKey]]
) -> Sequence[Apart]:
    """Return what was done apart so that what others need comes before them."""
    by_key = {each.key: each for each in entries}
    try:
        return [by_key[key] for key in TopologicalSorter(needs).static_order() if key in by_key]
    except CycleError:
        # None of these was claimed: what waits for itself is never ready.
        return entries


def _has_open_parts(desk: Desk, entry: Apart) -> bool:
    """Tell whether a milestone was finished apart of which tasks are open in the database."""
    is_finished = entry.standing.status in FROM_BOXES
    return is_finished and bool(open_parts(desk, entry.key))


def _tell(desk: PartedDesk, mark: TaskKey, key: TaskKey, told: Told, now: float) -> None:
    """Tell of a task that was refused; with the journal, if not even its key is taken."""
    try:
        with desk.part():
            desk.tell(key, [told], now)
    except UntakenError:
        desk.tell(mark, [told._replace(data={**told.data, "key": ascii(str(key))})], now)


def _needs(desk: Desk, entry: Apart, keys: Sequence[TaskKey]) -> list[TaskKey]:
    """Return what a task waits for in the database; of a task that was added, what it is to."""
    if entry.base is None or (entry.is_in_no_file and desk.standing(entry.key) is None):
        return [key for key in keys if str(key) in entry.kept.task.depends_on]
    return [each.key for each in desk.waits_for(entry.key) if each.key is not None]


def _settle(  # noqa: PLR0913 - the task, and what is known of both sides
    desk: Desk,
    entry: Apart,
    journal: Journal,
    now: float,
    heard: Collection[str],
    *,
    is_unfounded: bool,
) -> Settled:
    key, base = entry.key, entry.base
    there = desk.standing(key)
    is_as_before = there is not None and entry.is_as_before(there)
    is_elsewhere = journal.into is not Into.SAME
    is_needed = is_elsewhere or journal.is_another or not is_as_before
    events = (
        [(each.at, Told(each.kind, json.loads(each.data))) for each in desk.history(key)]
        if is_needed
        else []
    )
    if there is None and (base is None or (is_elsewhere and entry.is_in_no_file)):
        desk.add(entry.kept.task._replace(status=Status.TODO, word="", assignee=""))
        there = desk.standing(key)
        if base is None:
            base = there
        else:
            # What stood in no file, and was in a database that is lost, is nowhere else.
            made = created(Status.TODO)
            events.append((now, made))
            desk.tell(key, [made], now)
    if there is None:
        outcome = Settled(None, (gone(entry),), is_conflict=True)
    elif base is None and (title := desk.entry(key).task.title) != entry.kept.task.title:
        outcome = Settled(None, (another(entry, title),), is_conflict=True)
    else:
        outcome = settled(
            entry,
            base or Standing(Status.TODO, None),
            there,
            journal.since,
            history=[told for _, told in events],
            is_another=journal.is_another,
            elsewhere=elsewhere(entry, there, journal, events),
            is_unfounded=is_unfounded,
            heard=heard,
        )
    told = outcome.told
    if outcome.is_conflict and journal.is_another:
        before = [each for _, each in events]
        told = tuple(each for each in told if not told_already(each, before))
    if outcome.standing is not None and there is not None:
        write(desk, key, there, Outcome(outcome.standing, told), now)
    elif told:
        desk.tell(key, told, now)
    return outcome
