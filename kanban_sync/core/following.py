"""Following a task file along its slot, from the commits that changed it to its last state."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.core.errors import MissingObjectError
from kanban_sync.core.layers import carry
from kanban_sync.core.model import UNKNOWN, Version
from kanban_sync.core.slots import EMPTY, SlotChange, left, taken_away

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.history import LogEntry
    from kanban_sync.core.model import Document
    from kanban_sync.core.slots import SlotState

COMMIT_DIGITS = 12
"""How much of a commit's id a version keeps: it has to fit on a card."""

WINDOW = 2000
"""How many versions of one file are looked at; what was last changed before counts as oldest."""


def _no_ids(_blob: str) -> Collection[str]:
    return ()


def follow(  # noqa: PLR0913 - where to begin and end, what lies between, and what tells of it
    start: SlotState,
    changes: Sequence[SlotChange],
    end: SlotChange | None,
    parse: Callable[[str, str], Document],
    gone_means_done: Callable[[Document], bool],
    ids_in: Callable[[str], Collection[str]] = _no_ids,
    kept: list[SlotState] | None = None,
) -> SlotState:
    """Walk a slot's changes, oldest first, and return its state at the content of ``end``.

    A history that does not lead there (a shallow clone, a window that was cut) ends in one more
    step with the version of ``end``, which nobody knows. Nor is the age known of what stands in the
    oldest content that this clone has, if there were others before it.

    Args:
        start: The state before the first change; ``EMPTY`` if nothing is known.
        changes: What the commits did.
        end: The content at which to arrive; None if the file is gone at last.
        parse: Path and blob id -> what the file says.
        gone_means_done: What a content's dialect thinks of removed entries.
        ids_in: Blob id -> the ids that stand in it, in a task or not.
        kept: Takes all states on the way.
    """
    steps = _at_hand(changes[-WINDOW:], parse)
    gone = start if start.is_gone else EMPTY
    known: dict[str, SlotState] = {start.blob: start} if start.blob and not gone.blob else {}
    # Two branches may come to one content in different places.
    placed: dict[tuple[str, str], SlotState] = {(start.path, start.blob): start}
    latest = start if start.blob else _root(steps, parse, gone_means_done)
    returned: list[SlotState] = []
    if kept is not None and latest.blob:
        kept.append(latest)
    for change in (*steps, *([end] if end is not None else [])):
        if change.leaves:
            latest = left(latest)
            known, placed, returned, gone = {}, {}, [], EMPTY
            continue
        if not change.new:
            last = next((known[blob] for blob in change.old if blob in known), latest)
            latest = gone = _gone_with(last, change.version) if last.blob else EMPTY
            continue
        if change is end and (end.path, end.new) in placed:
            latest = placed[end.path, end.new]
            break
        before = [known[blob] for blob in dict.fromkeys(change.old) if blob in known]
        if not before and latest.blob:
            # Who makes a file that another one took away brings back what that one took.
            before = [gone if gone.blob and not change.old else latest]
        document = parse(change.path, change.new)
        is_cut = bool(change.old) and not before
        step = replace(change, version=UNKNOWN) if is_cut else change
        latest = carry(
            before,
            step,
            document,
            gone_means_done=gone_means_done(document),
            still_named=partial(ids_in, change.new),
        )
        if kept is not None:
            kept.append(latest)
        if change.new in known:
            returned.append(latest)
        known[change.new] = placed[change.path, change.new] = latest
    if end is None:
        return gone if gone.blob else latest
    return _with_what_was_taken_back(latest, returned)


def _with_what_was_taken_back(last: SlotState, returned: Sequence[SlotState]) -> SlotState:
    """Give each task the newest version that it had where a content came back.

    A branch that took back what it changed leaves no trace in the merge that follows.
    """
    if not returned:
        return last
    texts: dict[str, Version] = {}
    statuses: dict[str, Version] = {}
    assignees: dict[str, Version] = {}
    for task in (task for state in (*returned, last) for task in state.tasks):
        texts[task.own] = max(task.text_version, texts.get(task.own, UNKNOWN))
        statuses[task.own] = max(task.status_version, statuses.get(task.own, UNKNOWN))
        assignees[task.own] = max(task.assignee_version, assignees.get(task.own, UNKNOWN))
    tasks = (
        replace(
            task,
            text_version=texts[task.own],
            status_version=statuses[task.own],
            assignee_version=assignees[task.own],
        )
        for task in last.tasks
    )
    shape = max(state.shape_version for state in (*returned, last))
    return replace(last, tasks=tuple(tasks), shape_version=shape)


def _root(
    changes: Sequence[SlotChange],
    parse: Callable[[str, str], Document],
    gone_means_done: Callable[[Document], bool],
) -> SlotState:
    """Return what stood before the first change of a history that was cut: its age is unknown."""
    first = next((each for each in changes if each.new or each.leaves), None)
    if first is None or not first.old:
        return EMPTY
    change = SlotChange(UNKNOWN, (), first.old[0], first.path)
    try:
        document = parse(change.path, change.new)
    except MissingObjectError:
        return EMPTY
    return carry((), change, document, gone_means_done=gone_means_done(document))


def _at_hand(
    changes: Sequence[SlotChange], parse: Callable[[str, str], Document]
) -> Sequence[SlotChange]:
    """Return the newest changes, as far back as this clone has their contents."""
    for index in reversed(range(len(changes))):
        if changes[index].leaves or not changes[index].new:
            continue
        try:
            parse(changes[index].path, changes[index].new)
        except MissingObjectError:
            return changes[index + 1 :]
    return changes


def deletions(log: Iterable[LogEntry], slots: Mapping[str, SlotState]) -> dict[str, Version]:
    """Return the files that commits took away, each with a version newer than all of its tasks."""
    found: dict[str, Version] = {}
    for entry in log:
        version = Version(entry.time, entry.commit[:COMMIT_DIGITS])
        for change in entry.changes:
            if not change.new:
                found[change.path] = max(version, found.get(change.path, UNKNOWN))
    for slot, state in slots.items():
        path = state.path or slot.partition(":")[2]
        if path in found:
            its = (
                each for task in state.tasks for each in (task.text_version, task.status_version)
            )
            newest = max(its, default=UNKNOWN)
            later = max(found[path].time, newest.time + 1)
            found[path] = found[path]._replace(time=later)
    return found


def without_file(slot: str, state: SlotState, deleted: Mapping[str, Version]) -> SlotState:
    """Return what is known of a slot whose file is gone, with the commit that took it away."""
    version = deleted.get(state.path or slot.partition(":")[2])
    if state.is_gone:
        return state
    return replace(state, path="") if version is None else taken_away(state, version)


def removal_of(state: SlotState | None) -> Version:
    """Return the version with which a file was taken away, as far as it is known."""
    if state is None or state.path:
        return UNKNOWN
    return max(state.removed.values(), default=state.shape_version)


def _gone_with(state: SlotState, version: Version) -> SlotState:
    """Return a slot whose file a commit took away, with a version newer than all its tasks'."""
    if state.is_gone:
        return state
    its = (each for task in state.tasks for each in (task.text_version, task.status_version))
    newest = max(state.shape_version, max(its, default=UNKNOWN))
    return taken_away(state, version._replace(time=max(version.time, newest.time + 1)))


def changes_of(entry: LogEntry, slot_of: Callable[[str], str | None]) -> dict[str, SlotChange]:
    """Return what a commit did, by slot; a file that moved within its slot is one change.

    ``slot_of`` returns None for a path that is no task file.
    """
    version = Version(entry.time, entry.commit[:COMMIT_DIGITS])
    here: dict[str, SlotChange] = {}
    for change in entry.changes:
        slot = slot_of(change.path)
        if slot is None:
            continue
        former = here.get(slot, SlotChange(version, (), ""))
        here[slot] = SlotChange(
            version,
            former.old + tuple(blob for blob in change.old if blob),
            change.new or former.new,
            change.path if change.new else former.path,
        )
    return here
