"""Holds back operations that would archive or move too many cards at once, on thin evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.operations import is_flip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.operations import Operation

GUARD_SHARE = 0.3
"""The share of our cards that one sync may archive or move without being told twice."""

GUARD_CARDS = 10
"""Boards with fewer cards of ours are not guarded."""


def guard(
    operations: Sequence[Operation], ours: int, *, force: bool
) -> tuple[list[Operation], list[Operation]]:
    """Hold back archivings and moves if they are too many at once; the others go on."""
    flips = [operation for operation in operations if is_flip(operation)]
    if force or ours < GUARD_CARDS or len(flips) <= GUARD_SHARE * ours:
        return list(operations), []
    return [each for each in operations if not is_flip(each)], flips
