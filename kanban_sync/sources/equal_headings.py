"""Headings that are called alike in one file: the way down to them tells them apart."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING

from kanban_sync.sources.kanban_headings import columns_of
from kanban_sync.sources.markdown import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kanban_sync.sources.markdown import Line
    from kanban_sync.sources.outline import Box

BETWEEN = " / "
"""Stands between the headings of a way."""


def tell_apart(lines: Sequence[Line], boxes: Iterable[Box], *, has_columns: bool) -> None:
    """Put the way down in front of headings with tasks, where the name alone stands for several.

    Columns are no part of the way: a task that goes on to the next one stays in its group.
    ``has_columns`` tells that the file has some for certain.
    """
    headings = [line for line in lines if line.kind is Kind.HEADING]
    count = Counter(line.text for line in headings)
    if len(count) == len(headings):
        return
    columns = {lines[each.start].number for each in columns_of(lines, certain=has_columns)}
    ways: dict[str, dict[tuple[str, ...], list[Box]]] = {}
    above: list[Line] = []
    waiting = headings[::-1]
    for box in sorted(boxes, key=lambda box: box.line):
        while waiting and waiting[-1].number <= box.line:
            heading = waiting.pop()
            above = [*(each for each in above if each.level < heading.level), heading]
        if count[box.heading] > 1:
            way = _way(above, box.heading, columns)
            ways.setdefault(box.heading, {}).setdefault(way, []).append(box)
    for same in ways.values():
        shared = _shared(same)
        for way, inside in same.items() if len(same) > 1 else ():
            for box in inside:
                box.heading = BETWEEN.join(way[shared:])


def _way(above: Sequence[Line], name: str, columns: Collection[int]) -> tuple[str, ...]:
    """Return the headings from the top down to the nearest one of that name."""
    depth = max((index for index, each in enumerate(above) if each.text == name), default=0)
    return (*(each.text for each in above[:depth] if each.number not in columns), name)


def _shared(ways: Collection[tuple[str, ...]]) -> int:
    """Return how many headings all ways begin with."""
    shortest = min(map(len, ways))
    levels = list(zip(*ways, strict=False))[: shortest - 1]
    return sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
