"""A change of a file as the lines that took the place of others, and how it is taken back. Pure."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

SIDES = ((True, True), (True, False), (False, True))
"""Whether the line above counts, and the one below: first both, then one of them."""


class Splice(NamedTuple):
    """Lines that stand for others now, between the line above and the one below (none at an end).

    Each with its end, as bytes.
    """

    above: tuple[bytes, ...]
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]
    below: tuple[bytes, ...]


def splice(before: bytes, after: bytes) -> Splice:
    """Return what was changed in a file, from the first line that differs to the last."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    first = _count_same(old, new)
    last = _count_same(old[first:][::-1], new[first:][::-1])
    end = len(old) - last
    below = old[end : end + 1]
    above = old[max(0, first - 1) : first]
    return Splice(*map(tuple, (above, old[first:end], new[first : len(new) - last], below)))


def taken_back(data: bytes, done: Splice) -> bytes | None:
    """Return a file without a change; None where nobody can tell for sure where that stands.

    One of the lines around it may have changed, too.
    """
    lines = data.splitlines(keepends=True)
    if not done.new and _starts(lines, done.old):
        return None  # What was taken out is there again.
    for sides in SIDES:
        above, below = (
            part if is_asked else () for part, is_asked in zip(done[::3], sides, strict=True)
        )
        found = _starts(lines, (*above, *done.new, *below))
        places = [
            start + len(above)
            for start in found
            if _is_at_ends(start + len(above), len(lines), done, sides)
        ]
        if len(places) == 1:
            first = places[0]
            return b"".join([*lines[:first], *done.old, *lines[first + len(done.new) :]])
    return None


def _starts(lines: list[bytes], wanted: tuple[bytes, ...]) -> list[int]:
    """Return where lines stand that follow each other."""
    size, those = len(wanted), list(wanted)
    ends = range(size, len(lines) + 1) if wanted else ()
    return [end - size for end in ends if lines[end - size : end] == those]


def _is_at_ends(first: int, count: int, done: Splice, sides: tuple[bool, bool]) -> bool:
    """Tell whether lines are at the beginning or end of a file, if they were when changed."""
    is_first, is_last = first == 0, first + len(done.new) == count
    return (is_first or bool(done.above) or not sides[0]) and (
        is_last or bool(done.below) or not sides[1]
    )


def _count_same(one: list[bytes], two: list[bytes]) -> int:
    pairs = zip(one, two, strict=False)
    return sum(1 for _ in takewhile(lambda each: each[0] == each[1], pairs))
