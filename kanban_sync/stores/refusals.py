"""What is refused because of what stands around a task: above it, or what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core import claims
from kanban_sync.core.deadlocks import NO_FILE, circle_of, of_part, way
from kanban_sync.core.errors import NotReadyError
from kanban_sync.core.missions import SOURCE as MILESTONES
from kanban_sync.core.work import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.claims import Standing
    from kanban_sync.core.model import Status, TaskKey
    from kanban_sync.core.work import Waiting
    from kanban_sync.stores.desk import Desk

DEEPEST = 100
"""How many tasks above one another are looked at, lest two that stand below each other hang us."""


def all_above(desk: Desk, key: TaskKey) -> Iterator[TaskKey]:
    """Yield what a task stands below, the nearest first."""
    above = desk.above(key)
    for _ in range(DEEPEST):
        if above is None:
            return
        yield above
        above = desk.above(above)


def closed_above(desk: Desk, key: TaskKey | None) -> tuple[TaskKey, Status] | None:
    """Return the first task, from one upwards, that is over; None if there is none."""
    for each in () if key is None else (key, *all_above(desk, key)):
        standing = desk.standing(each)
        if standing is not None and standing.status.is_over:
            return each, standing.status
    return None


def is_shut(desk: Desk, parent: TaskKey | None, agent: str, now: float) -> bool:
    """Tell whether nothing below a task is to be done: it is over, waits, or is somebody else's.

    The same holds for all that it stands below itself. They are held from the top downwards, as
    whoever claims one of them by its key does, so that nobody else is given one meanwhile. For a
    milestone it does not hold, which waits for its tasks.
    """
    is_free = parent is None or desk.has_parts(parent)
    chain = [] if parent is None or is_free else [parent, *all_above(desk, parent)]
    for each in reversed(chain):
        desk.hold(each)
    return any(_is_shut(desk, each, agent, now) for each in chain)


def _is_shut(desk: Desk, key: TaskKey, agent: str, now: float) -> bool:
    standing = desk.standing(key)
    if standing is None:
        return False
    is_others = standing.agent != agent and standing.is_held(now)
    return standing.status.is_over or is_others or bool(desk.waits_for(key))


def check_above(desk: Desk, key: TaskKey, agent: str, now: float) -> None:
    """Refuse where somebody else has what a task stands below: it is a part of that."""
    for above in all_above(desk, key):
        standing = desk.standing(above)
        if standing is not None and standing.agent != agent:
            claims.check_free(str(above), standing, agent, now)


def check_open(desk: Desk, key: TaskKey) -> None:
    """Refuse what stands below a task that is over: it is over with that."""
    closed = closed_above(desk, desk.above(key))
    if closed is not None:
        above, status = closed
        raise NotReadyError(
            f"{key} is a part of {above}, which is {status} already; claim another task."
        )


def check_own(desk: Desk, key: TaskKey, standing: Standing, who: str, now: float) -> None:
    """Refuse where somebody else has a task, or what it stands below."""
    if standing.agent != who:
        claims.check_free(str(key), standing, who, now)
    check_above(desk, key, who, now)


def check_waits(desk: Desk, key: TaskKey) -> None:
    """Refuse what waits for others still; where it would for ever, say what to mend and where."""
    waits = desk.waits_for(key)
    if not waits:
        return
    task = desk.entry(key).task
    place = f"{task.path}:{task.line}" if task.path else NO_FILE
    part = next((each.key for each in waits if each.key and key in all_above(desk, each.key)), None)
    if part is not None:
        raise NotReadyError(
            f"{of_part(key, part)}; take that out, of what {key} depends on at {place}, or claim"
            " another task."
        )
    circle = circle_of(key, desk.waits_for)
    if circle is not None:
        raise NotReadyError(
            f"{way(circle)}; take {'that' if len(circle) == 1 else 'one of these'} out, of what"
            f" {key} depends on at {place}, or claim another task."
        )
    unknown = any(each.status is None for each in waits)
    mend = f", and mend the id that no task has at {place}" if unknown else ""
    names = named(waits, unknown="no task has that id")
    raise NotReadyError(f"{key} waits for {names}; claim another task, or what it waits for{mend}.")


def open_parts(desk: Desk, key: TaskKey) -> list[Waiting]:
    """Return which tasks of a milestone it waits for still."""
    return [each for each in desk.waits_for(key) if each.is_part]


def check_parts(desk: Desk, key: TaskKey, status: Status) -> None:
    """Refuse to set a change or a milestone to what only its boxes or tasks make of it."""
    if status not in claims.FROM_BOXES:
        return
    if claims.is_change(key.source, None) and desk.above(key) is None:
        raise NotReadyError(
            f"{key} is a change: it is in review once all its boxes are done, and done once it is "
            "archived. Finish its boxes, and release it."
        )
    waits = open_parts(desk, key) if key.source == MILESTONES else ()
    if waits:
        raise NotReadyError(
            f"{key} is a milestone, and of its tasks are open: {named(waits)}. Finish or cancel "
            f"them, and set it to {status} then."
        )
