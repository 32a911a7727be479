"""The changes of each slot in a log, and which files only went to another place.

A file that is a slot of its own is the same file after a move: it takes its tasks along, with
their keys. Whether it was moved is told by one commit alone: one file went away, one came, and both
hold the same, or most of the same tasks, as no other file of that commit does. Of a single task
that went to another file only that is told: it was not completed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kanban_sync.core.descent import descent_of
from kanban_sync.core.following import changes_of
from kanban_sync.core.identity import text_hash
from kanban_sync.core.listing import flatten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from kanban_sync.core.descent import Descent
    from kanban_sync.core.history import LogEntry
    from kanban_sync.core.model import Document
    from kanban_sync.core.slots import SlotChange

    Texts: TypeAlias = Callable[[str, str], "Words"]

MOST = 0.5
"""The share of tasks that a file has to have in common with what it was, and a bit more."""

MOST_PAIRS = 100
"""Of more pairs than this, no contents are compared: a commit moved everything about."""


class Words(NamedTuple):
    """Hashes of the texts of a file's tasks, each with its count: all, and the open ones."""

    all: Counter[str]
    open: Counter[str]


NO_WORDS = Words(Counter(), Counter())


class Histories(NamedTuple):
    """What became of each slot.

    ``changes`` of a slot whose file was moved begin with those of the slot it came from;
    ``origins`` is the first of these slots. ``left`` are the slots whose files went elsewhere.
    ``descent`` tells which commits come from which.
    """

    changes: Mapping[str, Sequence[SlotChange]]
    origins: Mapping[str, str]
    left: frozenset[str]
    descent: Descent


def words_of(document: Document) -> Words:
    """Return the words of the tasks that a file holds."""
    found = [
        (text_hash(traits), task.status.is_over) for task, traits, _ in flatten(document.tasks)
    ]
    return Words(
        Counter(text for text, _ in found), Counter(text for text, is_over in found if not is_over)
    )


def histories(
    log: Collection[LogEntry], slot_of: Callable[[str], str | None], texts: Texts | None
) -> Histories:
    """Sort a log by slot, and follow the files that were moved.

    Args:
        log: What the commits did, oldest first.
        slot_of: The slot of a path; None for one that is no task file.
        texts: Path and blob id -> the words of the tasks that stand there; None where no file
            moves.
    """
    changes: dict[str, list[SlotChange]] = {}
    origins: dict[str, str] = {}
    left: set[str] = set()
    # Merges tell of the same files again and again.
    known_slot = cache(slot_of)
    for entry in log:
        here = changes_of(entry, known_slot)
        moved = _moved(here, texts) if texts is not None else {}
        before = {old: ([*changes.get(old, [])], origins.get(old, old)) for old in moved.values()}
        for slot, change in here.items():
            step = change
            if texts is not None and len(here) > 1:
                step = replace(change, passed_on=partial(_passed_on, here, slot, texts))
            if slot in moved:
                old = moved[slot]
                changes[slot], origins[slot] = before[old]
                step = replace(step, old=here[old].old, at=here[old].at, moved_from=old)
                left.discard(slot)
            elif slot in before:
                step = replace(step, old=(), at=(), leaves=True)
                left.add(slot)
            elif change.new:
                left.discard(slot)
            changes.setdefault(slot, []).append(step)
    return Histories(changes, origins, frozenset(left), descent_of(log))


def _moved(here: Mapping[str, SlotChange], texts: Texts) -> dict[str, str]:
    """Return for each file that came from another place the slot that it had there."""
    gone = [slot for slot, each in here.items() if each.old and not each.new]
    come = [slot for slot, each in here.items() if each.new and not each.old]
    if not gone or not come:
        return {}
    same = _alone([(new, old) for new in come for old in gone if here[new].new == here[old].old[0]])
    gone = [slot for slot in gone if slot not in same.values()]
    come = [slot for slot in come if slot not in same]
    if len(gone) * len(come) > MOST_PAIRS:
        return same
    were = {slot: texts(slot, here[slot].old[0]).all for slot in gone} if come else {}
    are = {slot: texts(slot, here[slot].new).all for slot in come} if gone else {}
    alike = [(new, old) for new in are for old in were if _is_most(were[old], are[new])]
    return same | _alone(alike)


def _passed_on(here: Mapping[str, SlotChange], slot: str, texts: Texts) -> frozenset[str]:
    """Return the texts that a commit put, open, into other files than that of a slot."""
    found: set[str] = set()
    for other, change in here.items():
        if other == slot or not change.new:
            continue
        were = [texts(other, blob).all for blob in change.old]
        now = texts(other, change.new).open
        found |= {text for text in now if all(now[text] > each[text] for each in were)}
    return frozenset(found)


def _is_most(was: Counter[str], now: Counter[str]) -> bool:
    return (was & now).total() > MOST * max(was.total(), now.total())


def _alone(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs of which each side is in no other pair."""
    counts = [Counter(side) for side in zip(*pairs, strict=True)]
    return {new: old for new, old in pairs if counts[0][new] == counts[1][old] == 1}
