"""What was done apart is written into the database: once, in one transaction with its mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.apart import MARK, Settled, gone, settled
from kanban_sync.core.claims import Outcome, Standing, Told
from kanban_sync.core.model import Status, TaskKey
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.working import write

if TYPE_CHECKING:
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
        outcomes = [_settle(desk, each, journal.since, now) for each in journal.entries]
        known = {each.instance_id: each for each in desk.orchestrators()}
        for each in journal.orchestrators:
            other = known.get(each.instance_id)
            if other is None or other.last_heartbeat < each.last_heartbeat:
                desk.put_orchestrator(each)
        conflicts = sum(each.is_conflict for each in outcomes)
        done = Replayed(sum(each.standing is not None for each in outcomes) - conflicts, conflicts)
        data: dict[str, object] = {"since": journal.since, **done._asdict()}
        desk.tell(mark, [Told("replayed", data)], now)
        return done


def _settle(desk: Desk, entry: Apart, since: float, now: float) -> Settled:
    key, base = entry.key, entry.base
    desk.hold(key)
    there = desk.standing(key)
    if there is None:
        if base is not None:
            desk.tell(key, [gone(entry)], now)
            return Settled(is_conflict=True)
        desk.add(entry.kept.task._replace(status=Status.TODO, word="", assignee=""))
        there = base = desk.standing(key)
    if there is None:
        raise KeyError(key)
    outcome = settled(entry, base or Standing(Status.TODO, None), there, since)
    after = outcome.standing
    if after is not None:
        write(desk, key, there, Outcome(after, outcome.told), now)
    elif outcome.told:
        desk.tell(key, outcome.told, now)
    return outcome
