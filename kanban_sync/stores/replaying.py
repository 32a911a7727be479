"""What was done apart is written into the database: once, in one transaction with its mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.apart import MARK, Settled, another, gone, in_turn, settled
from kanban_sync.core.claims import Outcome, Standing, Told
from kanban_sync.core.model import Status, TaskKey
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.working import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.apart import Apart, Journal
    from kanban_sync.stores.desk import Desk
    from kanban_sync.stores.working import Working


class Replayed(NamedTuple):
    """How many tasks of a journal were written, and of how many the database's word stood."""

    written: int = 0
    conflicts: int = 0


def replay(store: Working, project: str, journal: Journal, now: float) -> Replayed | None:
    """Settle what was done apart; None where that was done already, by whomever.

    Raises:
        StoreError: The database cannot be used; nothing was written, or all of it.
    """
    mark = TaskKey(project, MARK, journal.id)
    with store._working(Reach.ALL) as desk:  # noqa: SLF001 - several tasks in one transaction
        if desk.history(mark):
            return None
        outcomes = _settle_all(desk, journal, now)
        known = {each.instance_id: each for each in desk.orchestrators()}
        for each in journal.orchestrators:
            other = known.get(each.instance_id)
            if other is None or other.last_heartbeat < each.last_heartbeat:
                desk.put_orchestrator(each)
        conflicts = sum(each.is_conflict for each in outcomes)
        written = sum(each.standing is not None and not each.is_conflict for each in outcomes)
        done = Replayed(written, conflicts)
        data: dict[str, object] = {"since": journal.since, **done._asdict()}
        desk.tell(mark, [Told("replayed", data)], now)
        return done


def _settle_all(desk: Desk, journal: Journal, now: float) -> list[Settled]:
    """Settle each task after those that it waits for, and return what came of them."""
    # All hold tasks in the order of their keys.
    for each in journal.entries:
        desk.hold(each.key)
    keys = [each.key for each in journal.entries]
    needs = {each.key: _needs(desk, each, keys) for each in journal.entries}
    outcomes: dict[TaskKey, Settled] = {}
    for each in in_turn(journal.entries, needs):
        needed = (outcomes[key] for key in needs[each.key] if key in outcomes)
        is_unfounded = any(one.is_conflict for one in needed)
        outcomes[each.key] = _settle(desk, each, journal.since, now, is_unfounded=is_unfounded)
    return list(outcomes.values())


def _needs(desk: Desk, entry: Apart, keys: Sequence[TaskKey]) -> list[TaskKey]:
    """Return what a task waits for in the database; of a task that was added, what it is to."""
    if entry.base is None:
        return [key for key in keys if str(key) in entry.kept.task.depends_on]
    return [each.key for each in desk.waits_for(entry.key) if each.key is not None]


def _settle(desk: Desk, entry: Apart, since: float, now: float, *, is_unfounded: bool) -> Settled:
    key, base = entry.key, entry.base
    there = desk.standing(key)
    if there is None:
        if base is not None:
            desk.tell(key, [gone(entry)], now)
            return Settled(is_conflict=True)
        desk.add(entry.kept.task._replace(status=Status.TODO, word="", assignee=""))
        there = base = desk.standing(key)
    elif base is None and (title := desk.entry(key).task.title) != entry.kept.task.title:
        desk.tell(key, [another(entry, title)], now)
        return Settled(is_conflict=True)
    if there is None:
        raise KeyError(key)
    outcome = settled(
        entry, base or Standing(Status.TODO, None), there, since, is_unfounded=is_unfounded
    )
    after = outcome.standing
    if after is not None:
        write(desk, key, there, Outcome(after, outcome.told), now)
    elif outcome.told:
        desk.tell(key, outcome.told, now)
    return outcome
