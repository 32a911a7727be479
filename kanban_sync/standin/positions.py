"""Where a record lands among its siblings when a client asks for a position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 16384
"""The distance to the last sibling, and between siblings after a renumbering."""

SMALLEST_GAP = 0.125
"""Siblings nearer than this count as being in one place."""

HIGHEST = 2**50
"""Above this the siblings are renumbered."""


@dataclass(frozen=True)
class Placement:
    """The position a record gets, and new positions for its siblings where room ran out."""

    position: float
    renumbered: tuple[float, ...] = ()


def place(wanted: float, taken: Sequence[float]) -> Placement:
    """Find the position that is stored when `wanted` is sent.

    Args:
        wanted: What the client sent, 0 or more.
        taken: The positions of the siblings, in rising order.

    Returns:
        The wanted position if it is free, else one directly after its holder. If there is no
        room, `renumbered` has one new position for each sibling, in the order of `taken`.

    """
    # The top of a list is always taken: whoever asks for 0 gets half of the first position.
    lower = [0.0, *(position for position in taken if position <= wanted)]
    upper = [position for position in taken if position > wanted]
    if wanted <= HIGHEST and wanted - lower[-1] >= SMALLEST_GAP and _is_clear(wanted, upper):
        return Placement(_tidy(wanted))
    if upper:
        holder, after = lower[-1], upper[0]
        if after - holder >= 2 * SMALLEST_GAP:
            return Placement(_tidy(holder + (after - holder) / 2))
    elif max(wanted, lower[-1]) + GAP <= HIGHEST:
        return Placement(_tidy(lower[-1] + GAP))
    return _renumber(len(lower) - 1, len(taken))


def _is_clear(wanted: float, upper: Sequence[float]) -> bool:
    return not upper or upper[0] - wanted >= SMALLEST_GAP


def _renumber(before: int, siblings: int) -> Placement:
    slots = [float(GAP * slot) for slot in range(1, siblings + 2)]
    position = slots.pop(before)
    return Placement(_tidy(position), tuple(_tidy(slot) for slot in slots))


def _tidy(position: float) -> float:
    """Write whole numbers without a fraction, as JavaScript does."""
    return int(position) if float(position).is_integer() else position
