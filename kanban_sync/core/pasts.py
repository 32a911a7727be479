"""What the tasks of a file had before, and where it has lain; what was taken back says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.slots import (
    RETURNED,
    KeyedTask,
    SlotChange,
    SlotState,
    said_status,
    said_text,
    with_past,
)
from kanban_sync.core.versions import later

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kanban_sync.core.slots import Past


def past_values(
    before: Sequence[SlotState],
    matches: Sequence[Mapping[int, int]],
    keyed: Sequence[KeyedTask],
    taken: Collection[str],
) -> Mapping[str, Past]:
    """Return the values that tasks had before, with those that this content takes away."""
    found: dict[str, Past] = dict(before[0].past) if before else {}
    for state in before[1:]:
        for own, values in state.past.items():
            mine = found.get(own, {})
            if values != mine:
                found[own] = with_past(mine, values.items())
    for state, pairs in zip(before, matches, strict=True):
        for task in removed_tasks(state, pairs):
            known = found.get(task.own, {})
            found[task.own] = with_past(known, (said_status(task), said_text(task)))
        for new, old in pairs.items():
            was, now = state.tasks[old], keyed[new]
            left = [said_status(was)] * (was.status != now.status)
            left += [said_text(was)] * (was.text != now.text)
            if left:
                found[now.own] = with_past(found.get(now.own, {}), left)
    there = {each.own for state in before if not state.is_gone for each in state.tasks}
    for task in keyed:
        if task.own in taken and task.own not in there:
            said = (RETURNED, task.text_version.time)
            found[task.own] = with_past(found.get(task.own, {}), [said])
    return found


def past_places(before: Sequence[SlotState], change: SlotChange) -> Past:
    """Return where the file has lain, with the place where it lies now.

    A merge that leaves it where it was, though a side has moved it since, has put it there.
    """
    found: Past = {}
    for state in before:
        found = with_past(found, state.places.items())
    times = [(state.places.get(state.path, 0), state.path == change.path) for state in before]
    newest, is_there = max(times, default=(0, False))
    if is_there:
        return found
    return with_past(found, [(change.path, later(change.version, newest).time)])


def removed_tasks(state: SlotState, pairs: Mapping[int, int]) -> list[KeyedTask]:
    """Return the tasks of a parent's state that are not there any more."""
    kept = set(pairs.values())
    return [task for index, task in enumerate(state.tasks) if index not in kept]
