"""Where a record lands among its siblings when a client asks for a position."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.standin.inputs import tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 16384
"""How far a record moves that has no room, and the distance when all are renumbered."""

SMALLEST_GAP = 0.125
"""Siblings nearer than this count as being in one place."""

HIGHEST = 2**50
"""Above this the siblings are renumbered."""


@dataclass(frozen=True)
class Placement:
    """The position a record gets, and where each of its siblings stands then.

    Attributes:
        position: What is stored for the record.
        siblings: The positions of the siblings, in the order in which they were given.

    """

    position: float
    siblings: tuple[float, ...]


def place(wanted: float, taken: Sequence[float]) -> Placement:
    """Find the position that is stored when `wanted` is sent.

    The record goes behind the siblings that are at `wanted` or before. It and the siblings
    directly before it that stand too near to one another make a crowd, whose first keeps its
    place; each of the others, and then those behind, moves only if it has to. The top of a
    list counts as a sibling at 0.

    Args:
        wanted: What the client sent, 0 or more.
        taken: The positions of the siblings, in rising order.

    """
    before = bisect_right(taken, wanted)
    row = [0.0, *map(float, taken[:before]), float(wanted), *map(float, taken[before:])]
    own = before + 1
    first = own
    while first > 0 and row[first] - SMALLEST_GAP < row[first - 1]:
        first -= 1
    if not _make_room(row, first):
        row = [float(GAP * rank) for rank in range(len(row))]
    positions = list(map(tidy, row))
    return Placement(positions[own], (*positions[1:own], *positions[own + 1 :]))


def _make_room(row: list[float], first: int) -> bool:
    """Move apart what stands behind `first`; tell whether there was room below the highest."""
    if first == len(row) - 1:
        return row[first] <= HIGHEST
    last = row[first]
    for rank in range(first + 1, len(row)):
        if last + SMALLEST_GAP <= row[rank]:
            return True
        if rank + 1 < len(row) and last + 2 * SMALLEST_GAP <= row[rank + 1]:
            row[rank] = last + (row[rank + 1] - last) / 2
            return True
        last += GAP
        if last > HIGHEST:
            return False
        row[rank] = last
    return True
