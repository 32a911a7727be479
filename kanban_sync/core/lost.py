"""What may still come of requests whose answers were lost, and how it is known when it comes.

A server may act on a request long after it was given up, when the same thing was made again. What
comes so is known by the very words that were sent: the base keeps a hash of them. Of one card only
one request at a time is under way, so of a saying that was cut off at most one may come late. It
comes within minutes or never, so after an hour it is forgotten: people may say the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.board import Lost
from kanban_sync.core.columns import digest
from kanban_sync.core.description import compose

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.board import Said, SeenCard, SeenChecklist
    from kanban_sync.core.model import TaskKey

LENGTH = 16
"""Characters of a hash that are kept."""

LATEST = 3600.0
"""Seconds after which nothing comes of a request any more."""


def without_expired(base: Mapping[TaskKey, Said], now: float) -> dict[TaskKey, Said]:
    """Return the base without what may have come late once, but is over by now."""
    return {
        key: _without_expired(said, now) if said.lost or said.asked else said
        for key, said in base.items()
    }


def _without_expired(said: Said, now: float) -> Said:
    # Either way: a clock may have been put back.
    lost = tuple(each for each in said.lost if abs(now - each.since) <= LATEST)
    return replace(said, lost=lost, asked=said.asked if abs(now - said.asked) <= LATEST else 0.0)


def under_way(former: Said | None, seen: SeenCard | None) -> tuple[str, ...]:
    """Return the hash of what a saying that was cut off may have asked for last, if anything.

    Args:
        former: What was last agreed on, or begun.
        seen: The task's card on the board, if there is one.
    """
    if former is None or former.finished or not former.asked:
        return ()
    if seen is None:
        said = former.said
        return () if former.card_id else (_of_card(said.title, compose(said.text, said.key)),)
    there = {line.id for each in seen.checklists for line in each.items}
    known = {key for key, id_ in former.items.items() if id_ in there}
    ours = set(former.items.values())
    for wanted in former.said.checklists:
        lists = [each for each in seen.checklists if each.title == wanted.title]
        if not lists:
            return (of_line(wanted.title),)
        free = Counter(line.text for each in lists for line in each.items if line.id not in ours)
        for item in wanted.items:
            if item.key in known:
                continue
            if not free[item.text]:
                return (of_line(wanted.title, item.text),)
            free[item.text] -= 1
    return ()


def is_late(seen: SeenCard, base: Said) -> bool:
    """Whether a card is one that this clone asked for once, and has made again since.

    Nothing was written to it after its making, unless it was about to be put away, and nobody has
    used it since.
    """
    return (
        (seen.stamp is None or seen.stamp.archived)
        and not seen.labels
        and not seen.checklists
        and not seen.is_used
        and hash_of(seen) in _hashes(base)
    )


def hash_of(seen: SeenCard) -> str:
    """Return the hash by which a card that comes late is known."""
    return _of_card(seen.title, seen.description)


def of_line(checklist: str, text: str = "") -> str:
    """Return the hash of a line in a task list, or of the list itself."""
    return digest([checklist, text] if text else [checklist])[:LENGTH]


def late_lines(
    seen: Sequence[SeenChecklist], base: Said | None, known: Iterable[str]
) -> frozenset[str]:
    """Return the ids of lines that this clone asked for once, and has made again since.

    ``known`` are the ids of lines that are ours by other evidence.
    """
    if base is None or not base.lost:
        return frozenset()
    left, accounted = Counter(_hashes(base)), {*known, *base.theirs}
    found: set[str] = set()
    for each in seen:
        for line in each.items:
            hash_ = of_line(each.title, line.text)
            if line.id not in accounted and left[hash_]:
                left[hash_] -= 1
                found.add(line.id)
    return frozenset(found)


def late_lists(
    seen: Iterable[SeenChecklist], base: Said | None, in_use: Collection[str]
) -> set[str]:
    """Return the ids of empty task lists that this clone asked for once, and has made again."""
    if base is None or not base.lost:
        return set()
    back = base.seen.checklists if base.seen is not None else ()
    known = {*in_use, *(each.id for each in back)}
    return {
        each.id
        for each in seen
        if each.id not in known and not each.items and of_line(each.title) in _hashes(base)
    }


def with_more(said: Said, hashes: Iterable[str]) -> tuple[Lost, ...]:
    """Return what may still come, with what an unfinished saying asked for: each once."""
    since = {each.hash: each.since for each in said.lost} | dict.fromkeys(hashes, said.asked)
    return tuple(Lost(*each) for each in sorted(since.items()))


def without(lost: Iterable[Lost], taken: Collection[str]) -> tuple[Lost, ...]:
    """Return what may still come once some of it has come and was put away."""
    return tuple(each for each in lost if each.hash not in taken)


def _hashes(base: Said) -> set[str]:
    return {each.hash for each in base.lost}


def _of_card(title: str, description: str) -> str:
    return digest([title, "", *description.split()])[:LENGTH]
