"""From the layers of a repository to keyed tasks with versions.

A task file is followed along its slot, commit by commit: each new content is matched with the one
before it (``identity``), so that a task keeps the key it was given when it first appeared, and its
version is the newest commit that changed it. Both are functions of the history alone: every clone
comes to the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanban_sync.core.identity import Traits, match, own_key
from kanban_sync.core.model import UNKNOWN, ParsedTask, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kanban_sync.core.history import LogEntry
    from kanban_sync.core.model import Document

COMMIT_DIGITS = 12
"""How much of a commit's id a version keeps: it has to fit on a card."""

WINDOW = 400
"""How many versions of one file are looked at; what was last changed before counts as oldest."""


@dataclass(frozen=True, slots=True)
class KeyedTask:
    """A parsed task with the own part of its key and its versions.

    ``above`` is the own key of the task it stands below (empty at the top); ``text`` is a hash of
    all that the text version speaks of.
    """

    own: str
    above: str
    traits: Traits
    status: str
    text: str
    text_version: Version = UNKNOWN
    status_version: Version = UNKNOWN


@dataclass(frozen=True, slots=True)
class SlotState:
    """What is known of one task file at one content: its keyed tasks, in order.

    ``taken`` are all own keys that were ever given in this file; ``gone_means_done`` is how the
    dialect of the last content that had tasks takes a removal; ``shape_version`` is the newest
    commit that moved the file (into the archive) or took a task out of it.
    """

    blob: str
    path: str = ""
    tasks: tuple[KeyedTask, ...] = ()
    taken: frozenset[str] = frozenset()
    gone_means_done: bool = False
    shape_version: Version = UNKNOWN


EMPTY = SlotState("")


@dataclass(frozen=True, slots=True)
class SlotChange:
    """What one commit did to a slot: the contents before (one a parent) and after ('' if gone).

    ``path`` is where the slot's file lies after it.
    """

    version: Version
    old: tuple[str, ...]
    new: str
    path: str = ""


def flatten(tasks: Iterable[ParsedTask], place: str = "") -> list[tuple[ParsedTask, Traits, int]]:
    """List tasks and all below them in order, each with its traits and its parent's index (-1)."""
    flat: list[tuple[ParsedTask, Traits, int]] = []

    def visit(task: ParsedTask, place: str, above: int) -> None:
        where = f"{place}/{task.group}" if above < 0 else place
        flat.append((task, Traits(task.id, where, task.number, task.title), above))
        index = len(flat) - 1
        for child in task.children:
            visit(child, f"{where}/{task.title}", index)

    for task in tasks:
        visit(task, place, -1)
    return flat


def carry(
    before: Sequence[SlotState], change: SlotChange, document: Document, *, gone_means_done: bool
) -> SlotState:
    """Carry keys and versions over to a new content of a slot.

    Args:
        before: The states that the commit's parents had; empty for a new file.
        change: The new content, where it lies, and the version of the commit.
        document: What the new content says. One that is not readable keeps the last good state.
        gone_means_done: What the new content's dialect thinks of removed entries.

    Returns:
        The new state; a task that is as one of the parents had it keeps that parent's version.
    """
    if not document.readable:
        kept = before[0] if before else EMPTY
        return replace(kept, blob=change.new, path=change.path)
    flat = flatten(document.tasks)
    new_traits = [traits for _, traits, _ in flat]
    matches = [match([task.traits for task in state.tasks], new_traits) for state in before]
    taken = set[str]().union(*(state.taken for state in before))
    keyed: list[KeyedTask] = []
    given: set[str] = set()
    for index, (task, traits, above) in enumerate(flat):
        former = [
            state.tasks[pairs[index]]
            for state, pairs in zip(before, matches, strict=True)
            if index in pairs
        ]
        own = former[0].own if former else own_key(traits, taken)
        if own in given:
            own = own_key(traits, taken)
        given.add(own)
        taken.add(own)
        text = text_digest(task)
        keyed.append(
            KeyedTask(
                own=own,
                above=keyed[above].own if above >= 0 else "",
                traits=traits,
                status=task.status.value,
                text=text,
                text_version=_newer(former, "text", text, change.version),
                status_version=_newer(former, "status", task.status.value, change.version),
            )
        )
    return SlotState(
        blob=change.new,
        path=change.path,
        tasks=tuple(keyed),
        taken=frozenset(taken),
        gone_means_done=gone_means_done if flat else any(state.gone_means_done for state in before),
        shape_version=_shape_version(before, matches, change),
    )


def _shape_version(
    before: Sequence[SlotState], matches: Sequence[Mapping[int, int]], change: SlotChange
) -> Version:
    """Return the commit's version if it moved the file or removed a task, else the newest known."""
    latest = max((state.shape_version for state in before), default=UNKNOWN)
    same = any(
        state.path == change.path and len(pairs) == len(state.tasks)
        for state, pairs in zip(before, matches, strict=True)
    )
    if same or change.version == UNKNOWN:
        return latest
    return change.version._replace(time=max(change.version.time, latest.time + 1))


def follow(
    start: SlotState,
    changes: Sequence[SlotChange],
    end: SlotChange,
    parse: Callable[[str, str], Document],
    gone_means_done: Callable[[Document], bool],
) -> SlotState:
    """Walk a slot's changes, oldest first, and return its state at the content of ``end``.

    A history that does not lead there (a shallow clone, a window that was cut) ends in one more
    step with the version of ``end``, which nobody knows.

    Args:
        start: The state before the first change; ``EMPTY`` if nothing is known.
        changes: What the commits did.
        end: The content at which to arrive.
        parse: Path and blob id -> what the file says.
        gone_means_done: What a content's dialect thinks of removed entries.
    """
    known: dict[str, SlotState] = {start.blob: start} if start.blob else {}
    latest = start
    for change in (*(each for each in changes[-WINDOW:] if each.new), end):
        if change is end and end.new in known and known[end.new].path == end.path:
            return known[end.new]
        before = [known[blob] for blob in dict.fromkeys(change.old) if blob in known]
        if not before and latest.blob:
            before = [latest]
        document = parse(change.path, change.new)
        latest = carry(before, change, document, gone_means_done=gone_means_done(document))
        known[change.new] = latest
    return latest


def slot_changes(
    log: Iterable[LogEntry], slot_of: Callable[[str], str | None]
) -> dict[str, list[SlotChange]]:
    """Sort a log by slot; a file that moved within its slot is one change.

    ``slot_of`` returns None for a path that is no task file.
    """
    by_slot: dict[str, list[SlotChange]] = {}
    for entry in log:
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
        for slot, slot_change in here.items():
            by_slot.setdefault(slot, []).append(slot_change)
    return by_slot


def text_digest(task: ParsedTask) -> str:
    """Return a hash of a task's words: all but its status, its place and what is below it."""
    words = [
        task.title,
        task.body,
        task.group,
        task.priority,
        task.assignee,
        task.labels,
        task.depends_on,
        task.fields,
    ]
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()[:16]


def _newer(former: Sequence[KeyedTask], part: str, value: str, version: Version) -> Version:
    """Return a parent's version if it has the same value, else the commit's, later than theirs."""
    versions: list[Version] = []
    for task in former:
        same = task.text == value if part == "text" else task.status == value
        its = task.text_version if part == "text" else task.status_version
        if same:
            return its
        versions.append(its)
    if version == UNKNOWN:
        return version
    latest = max((each.time for each in versions), default=0)
    return version._replace(time=max(version.time, latest + 1))
