"""Who may write which part of a card, and what its version field says afterwards.

A card has a text part and a status part with a version each. A part is written by whoever has a
newer version of it; an older one only takes back what it said itself.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.board import CardVersion, Stamp
from kanban_sync.core.columns import Column
from kanban_sync.core.description import task_mark
from kanban_sync.core.lines import line_marks
from kanban_sync.core.model import UNKNOWN
from kanban_sync.core.operations import REPAIRED
from kanban_sync.core.places import block_mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kanban_sync.core.board import Card, Said, SeenCard
    from kanban_sync.core.model import Version


TAKEN_BACK = "taken back"
"""The reason for writing what is older than what this clone said before."""


class Side(IntEnum):
    """Which part of a card a version speaks of; the value is its place in ``CardVersion``."""

    TEXT = 0
    STATUS = 1


SIDES = tuple(Side)


class Marks(NamedTuple):
    """The rendering mark with which this clone draws, and those of others that are not its to draw.

    Clones that share a database share the bases, too: what another one drew last is in them.
    """

    mine: str
    others: frozenset[str] = frozenset()


def right_to_write(side: Side, card: Card, seen: SeenCard, base: Said | None, marks: Marks) -> str:
    """Return why this clone may write a part that differs, or '' if it may not."""
    if seen.stamp is None:
        return "not yet marked"  # Row 18.
    ours, its = card.version[side], seen.stamp.version[side]
    if its < ours:
        return "changed"  # Row 19.
    if its > ours:
        # Whoever said so, and has an older version now, has another state since.
        said_it = base is not None and _said_it(side, its, base)
        return TAKEN_BACK if said_it else ""  # Rows 20 and 21.
    if base is not None and not base.finished and its == base.said.version[side]:
        # Who wrote the other part since has put another mark there.
        return "continued"
    former = {base.mark} - marks.others if base is not None else set[str]()
    if seen.stamp.mark not in {marks.mine, *former}:
        return ""  # Row 23.
    return _why_again(side, card, seen.stamp, base, marks.mine)  # Row 22.


def why_left(sides: Iterable[Side], card: Card) -> str:
    """Return what to tell of parts of a card that are left as they are."""
    if all(card.version[side] == UNKNOWN for side in sides):
        return (
            "the card says otherwise, and this clone does not know since when its task is as it is;"
            " a shallow one learns it with 'git fetch --unshallow'"
        )
    return "another clone or release has said otherwise, and is newer"


def withdrawn_sides(
    equal: Collection[Side], card: Card, seen: SeenCard, base: Said | None, marks: Marks
) -> frozenset[Side]:
    """Return which of the parts that are as they should be have a version that we took back.

    So it is where a sync was cut off between the version and the content, and where only an older
    commit says the same by now. As long as the version stands, no clone whose version lies between
    the two may write.
    """
    if seen.stamp is None or base is None:
        return frozenset()
    newer = (side for side in equal if seen.stamp.version[side] > card.version[side])
    return frozenset(side for side in newer if right_to_write(side, card, seen, base, marks))


def _why_again(side: Side, card: Card, stamp: Stamp, base: Said | None, mark: str) -> str:
    """Return why a part is written once more under the version that it has already."""
    if stamp.mark != mark:
        return "drawn anew"
    if base is not None and not base.finished:
        return "continued"
    if base is not None and not _same_side(side, card, base.said):
        return "changed"
    return REPAIRED


def _same_side(side: Side, one: Card, other: Card) -> bool:
    if side is Side.TEXT:
        return one.text_digest == other.text_digest
    return one.status_digest == other.status_digest


def is_unchanged(card: Card, base: Said, mark: str) -> bool:
    """Whether a task is as it was when its card was last written, however it is drawn by now.

    A saying that was only begun does not count: nobody knows that it reached the board.
    """
    is_said = base.finished and not base.settled
    is_redrawn = is_said and base.mark != mark and card.version == base.said.version
    return is_redrawn or card.digest == base.last_settled


def is_newer(stamp: Stamp | None, card: Card) -> bool:
    """Whether a whole card was marked later than we know of."""
    return stamp is not None and stamp.version.newest > card.version.newest


def said_newest(stamp: Stamp | None, base: Said) -> bool:
    """Whether what is newest on a card was said by this clone."""
    return stamp is not None and all(
        _said_it(side, its, base)
        for side, its in zip(SIDES, stamp.version, strict=True)
        if its == stamp.version.newest
    )


def _said_it(side: Side, its: Version, base: Said) -> bool:
    """Whether the version that a part has on the board is one that this clone gave it.

    If the last saying was not finished, the board may still have the one before.
    """
    said = base.said.version[side]
    if its == said:
        return True
    was = base.seen.stamp if base.seen is not None else None
    if base.finished:
        # We agreed with it, though ours was newer by then.
        return was is not None and its == was.version[side] < said
    # A part of unknown version was not said, but an archiving says both.
    is_said = said != UNKNOWN or base.said.column is Column.ARCHIVE
    begun = is_said and was is not None and its == was.version[side] > said
    return begun or its in {each.version[side] for each in base.before}


def version_said(ours: Collection[Side], card: Card) -> CardVersion:
    """Return the version of what is said: a part that is another clone's to say has none."""
    return CardVersion(*(card.version[side] if side in ours else UNKNOWN for side in SIDES))


def stamp_made(card: Card, mark: str) -> Stamp:
    """Return the version field of a card of which all is ours to say."""
    block, lines = block_mark(card.text), line_marks(card.checklists)
    return Stamp(card.version, mark, block=block, lines=lines, task=task_mark(card.key))


def stamp_archived(card: Card, seen: SeenCard, base: Said) -> Stamp:
    """Return the version field of a card that we put away; its words stay as they are."""
    there = seen.stamp or Stamp(card.version, base.mark)
    task = task_mark(card.key)
    return there._replace(version=card.version, mark=base.mark, archived=True, task=task)


def stamp_after(
    ours: Collection[Side], written: Collection[Side], card: Card, seen: SeenCard, mark: str
) -> Stamp:
    """Return the version field as it is after writing: a part that is not ours keeps its version.

    A part that was equal anyway gets the newer of both versions.
    """
    was = seen.stamp.version if seen.stamp is not None else CardVersion()
    parts = [
        card.version[side]
        if side in written
        else max(was[side], card.version[side])
        if side in ours
        else was[side]
        for side in SIDES
    ]
    version = CardVersion(*parts)
    if seen.stamp is None or Side.TEXT in ours:
        return stamp_made(card, mark)._replace(version=version)
    task = task_mark(card.key)
    return seen.stamp._replace(version=version, mark=mark, archived=False, task=task)
