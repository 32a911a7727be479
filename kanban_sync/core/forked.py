"""Which task is which in a file of a branch that others went on without. Pure.

A branch may have reworded a task, and the branch that is read has taken it out since, or reworded
it otherwise. Neither side alone tells that it is one task; what stood where they fork off does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.layers import carry
from kanban_sync.core.slots import past_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.model import Document
    from kanban_sync.core.slots import SlotChange, SlotState


def follow_forked(
    before: SlotState,
    change: SlotChange,
    document: Document,
    gone_means_done: Callable[[Document], bool],
    fork: Callable[[], Document | None],
) -> SlotState:
    """Carry the keys of a slot over to a content of a branch that may fork off before it.

    Args:
        before: The slot as it was read last.
        change: The content, and where it lies.
        document: What it says.
        gone_means_done: What a content's dialect thinks of removed entries.
        fork: Returns what the file said where the branch forks off, None if that is not known. It
            is asked only where it may tell more.
    """
    known = [before] if before.blob else []
    means_done = gone_means_done(document)
    state = carry(known, change, document, gone_means_done=means_done)
    if not document.readable or not _may_tell(before, state):
        return state
    then = fork()
    if then is None or not then.readable:
        return state
    forked = _by_keys_of_now(before, replace(change, new=""), then)
    return carry([before, forked], change, document, gone_means_done=means_done)


def _may_tell(before: SlotState, state: SlotState) -> bool:
    """Whether a file has tasks that nobody knows, and others that are known are not there."""
    is_new = any(task.own not in before.taken for task in state.tasks)
    return is_new and bool(before.taken.keys() - state.owns())


def _by_keys_of_now(before: SlotState, change: SlotChange, then: Document) -> SlotState:
    """Return the slot as a former content has it, each task by the key that it has by now."""
    state = carry([before], change, then, gone_means_done=False)
    there = state.owns()
    names: dict[str, str] = {}
    for task in state.tasks:
        if task.own in before.taken:
            continue
        words = past_text(task.text)
        same = (own for own, past in before.past.items() if words in past and own not in there)
        own = next(same, None)
        if own is not None:
            names[task.own] = own
            there.add(own)
    tasks = (
        replace(task, own=names.get(task.own, task.own), above=names.get(task.above, task.above))
        for task in state.tasks
    )
    return replace(state, tasks=tuple(tasks)) if names else state
