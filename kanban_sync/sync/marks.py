"""Whose way of drawing counts where clones that share a database draw one board in several ways.

With the board are remembered the rendering marks in the order in which they came up; each clone
remembers its own. A clone draws anew what has an older mark than its own, and leaves what has a
newer one: so it comes to an end. Once its own mark changes, it is the newest, also if it was there
before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKS = "marks"
"""Under this name a board's remembered ids hold the marks, the newest last."""

KEPT = 20


def newer_than(mark: str, last: str, ids: Mapping[str, str]) -> frozenset[str]:
    """Return the marks of cards that a clone leaves to others.

    Args:
        mark: With what it draws now.
        last: With what it has drawn the board before, '' if it has not.
        ids: What is remembered of the board.
    """
    known = ids.get(MARKS, "").split()
    if mark not in known or last not in {"", mark}:
        return frozenset()
    return frozenset(known[known.index(mark) + 1 :])


def with_mark(mark: str, last: str, ids: Mapping[str, str]) -> str:
    """Return the marks to be remembered of a board that is drawn with a mark from now on."""
    known = ids.get(MARKS, "").split()
    if mark in known and last in {"", mark}:
        return " ".join(known)
    return " ".join([*(each for each in known if each != mark), mark][-KEPT:])
