"""Following a task file along its slot, from the commits that changed it to its last state."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.core.descent import ABSENT, COMMIT_DIGITS, Descent, Lines, newest_of
from kanban_sync.core.errors import MissingObjectError
from kanban_sync.core.layers import carry
from kanban_sync.core.model import UNKNOWN, Version
from kanban_sync.core.slots import EMPTY, SlotChange, left, taken_away

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.descent import Node
    from kanban_sync.core.history import LogEntry
    from kanban_sync.core.model import Document
    from kanban_sync.core.slots import SlotState

LINEAR = Descent()
"""Nothing is known of what comes from what."""

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
    descent: Descent = LINEAR,
    earlier: Sequence[SlotState] = (),
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
        descent: What the commits come from.
        earlier: States before ``start`` from which some of the commits come, too.
    """
    walk = _Walk(parse, gone_means_done, ids_in, [] if kept is None else kept)
    steps = _at_hand(_newest(changes), parse)
    first = start if start.blob else _root(steps, parse, gone_means_done)
    walk.begin(first, descent, earlier)
    walk.lines.skip(changes[: len(changes) - len(steps)])
    for change in steps:
        walk.go(change)
    arrived = walk.lines.at(descent.tip, (end.path, end.new) if end is not None else ABSENT)
    if arrived is not None:
        return arrived.state
    if end is None:
        return walk.gone if walk.gone.blob else walk.latest
    return walk.step(end, [])


class _Walk:
    """A slot on the way through its changes: the last state, and the last one without a file."""

    def __init__(
        self,
        parse: Callable[[str, str], Document],
        gone_means_done: Callable[[Document], bool],
        ids_in: Callable[[str], Collection[str]],
        kept: list[SlotState],
    ) -> None:
        self._parse = parse
        self._gone_means_done = gone_means_done
        self._ids_in = ids_in
        self._kept = kept
        self.latest = self.gone = EMPTY
        self.lines = Lines(LINEAR, EMPTY, self._together)

    def begin(self, start: SlotState, descent: Descent, earlier: Sequence[SlotState] = ()) -> None:
        """Take the state before the first change."""
        self.lines = Lines(descent, start, self._together, earlier)
        self.latest = start
        if start.is_gone:
            self.gone = start
        if start.blob:
            self._kept.append(start)

    def go(self, change: SlotChange) -> None:
        """Take one change."""
        if change.leaves:
            self.latest, self.gone = left(self.latest), EMPTY
            self.lines.leave(change, self.latest)
            return
        place = (change.path, change.new) if change.new else ABSENT
        former = _told(self.lines.before(change), change)
        last = newest_of(former)
        if len(last) == 1 and last[0].place == place:
            # Whatever the other parents have, it has heard of: nothing was decided here.
            self.lines.stay(change, last[0])
            self.latest = last[0].state
        elif change.new:
            self.latest = self.step(change, [node.state for node in former])
            self.lines.make(change, place, self.latest, former)
        else:
            there = [node.state for node in former if node.place != ABSENT] or [self.latest]
            self.latest = _gone_with(there, [node.state for node in former], change.version)
            if self.latest.blob:
                self.lines.make(change, ABSENT, self.latest, former)
        if not change.new:
            self.gone = self.latest if self.latest.is_gone else EMPTY

    def step(self, change: SlotChange, before: Sequence[SlotState]) -> SlotState:
        """Return the state at a new content; where no parent is known, it follows the last."""
        if not before and self.latest.blob:
            # Who makes a file that another one took away brings back what that one took.
            before = [self.gone if self.gone.blob and not change.old else self.latest]
        is_cut = bool(change.old) and not before
        return self._carried(replace(change, version=UNKNOWN) if is_cut else change, before)

    def _carried(self, change: SlotChange, before: Sequence[SlotState]) -> SlotState:
        document = self._parse(change.path, change.new)
        state = carry(
            before,
            change,
            document,
            gone_means_done=self._gone_means_done(document),
            still_named=partial(self._ids_in, change.new),
        )
        self._kept.append(state)
        return state

    def _together(self, states: Sequence[SlotState]) -> SlotState:
        """Return what is known of a content to which several lines came, each by itself."""
        last = max(states, key=lambda each: (each.shape_version, each.made))
        if not last.path:
            return last
        made = max(each.made for each in states)
        old = tuple(each.blob for each in states)
        return self._carried(SlotChange(Version(made, ""), old, last.blob, last.path), states)


def _told(former: Sequence[Node], change: SlotChange) -> Sequence[Node]:
    """Return what a commit's parents had of a slot; where one moved it to another, that has it."""
    here = [node for node in former if not node.state.is_elsewhere]
    if change.new or len(here) == len(former):
        return here or former
    return [node for node in former if node.state.is_elsewhere]


def _newest(changes: Sequence[SlotChange]) -> Sequence[SlotChange]:
    """Return the newest changes, ``WINDOW`` of them besides merges that took what a side had."""
    count = 0
    for index in reversed(range(len(changes))):
        change = changes[index]
        count += (change.path, change.new) not in {(path, new) for (path, _), new in change.was()}
        if count > WINDOW:
            return changes[index + 1 :]
    return changes


def _root(
    changes: Sequence[SlotChange],
    parse: Callable[[str, str], Document],
    gone_means_done: Callable[[Document], bool],
) -> SlotState:
    """Return what stood before the first change of a history that was cut: its age is unknown."""
    first = next((each for each in changes if each.new or each.leaves), None)
    if first is None or not first.old:
        return EMPTY
    path = first.at[0][0] if first.at else first.path
    change = SlotChange(UNKNOWN, (), first.old[0], path)
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
            # A merge of a removal is not the removal.
            if not change.new and all(change.old):
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


def _gone_with(
    there: Sequence[SlotState], known: Sequence[SlotState], version: Version
) -> SlotState:
    """Return a slot whose file a commit took away, with a version newer than all that was said.

    Args:
        there: The states that it took away.
        known: Those that its parents had; in one of them it may have been gone.
        version: That of the commit.
    """
    state = there[0]
    if state.is_gone or not state.blob:
        return state if state.is_gone else EMPTY
    every = [*there, *known]
    its = (
        each
        for one in every
        for task in one.tasks
        for each in (task.text_version, task.status_version)
    )
    newest = max([*its, *(each.shape_version for each in every)], default=UNKNOWN)
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
        old = [(side, blob) for side, blob in enumerate(change.old) if blob]
        here[slot] = SlotChange(
            version,
            (*former.old, *(blob for _, blob in old)),
            change.new or former.new,
            change.path if change.new else former.path,
            at=(*former.at, *((change.path, side) for side, _ in old)),
        )
    return here
