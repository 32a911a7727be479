"""Headings that are called alike in one file: the way down to them tells them apart."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from kanban_sync.sources.kanban_headings import columns_of
from kanban_sync.sources.markdown import Kind
from kanban_sync.sources.status_words import status_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kanban_sync.core.model import Ways
    from kanban_sync.sources.markdown import Line
    from kanban_sync.sources.outline import Box

BETWEEN = " / "
"""Stands between the headings of a way."""


def tell_apart(lines: Sequence[Line], boxes: Iterable[Box], *, has_columns: bool) -> Ways:
    """Put the way down in front of headings with tasks, where the name alone stands for several.

    Columns are no part of the way: a task that goes on to the next one stays in its group.
    ``has_columns`` tells that the file has some for certain. Returns the whole ways, by what the
    headings are called now, where a way has more than one heading.
    """
    headings = [line for line in lines if line.kind is Kind.HEADING]
    parents = [line for line, following in pairwise(headings) if following.level > line.level]
    if not parents:
        return ()
    # Only few headings have others below them, and of what these are called, columns are told.
    may_have = has_columns or any(status_in(line.text) for line in parents)
    found_columns = columns_of(lines, certain=has_columns) if may_have else ()
    columns = {lines[each.start].number for each in found_columns}
    ways: dict[str, dict[tuple[str, ...], list[Box]]] = {}
    above: list[Line] = []
    here: dict[str, list[Box]] = {}
    waiting = headings[::-1]
    for box in sorted(boxes, key=lambda box: box.line):
        while waiting and waiting[-1].number <= box.line:
            heading = waiting.pop()
            while above and above[-1].level >= heading.level:
                above.pop()
            above.append(heading)
            here = {}
        if box.heading and box.heading not in here:
            way = _way(above, box.heading, columns)
            here[box.heading] = ways.setdefault(box.heading, {}).setdefault(way, [])
        if box.heading:
            here[box.heading].append(box)
    found: dict[str, tuple[str, ...]] = {}
    for name, same in ways.items():
        shared = _shared(same) if len(same) > 1 else 0
        for way, inside in same.items():
            called = BETWEEN.join(way[shared:]) if len(same) > 1 else name
            found.setdefault(called, way)
            for box in inside:
                box.heading = called
    return tuple((name, way) for name, way in found.items() if len(way) > 1)


def _way(above: Sequence[Line], name: str, columns: Collection[int]) -> tuple[str, ...]:
    """Return the headings from the top down to the nearest one of that name."""
    if not columns and above and above[-1].text == name:
        return tuple([each.text for each in above])
    depth = next((index for index in reversed(range(len(above))) if above[index].text == name), 0)
    return (*(each.text for each in above[:depth] if each.number not in columns), name)


def _shared(ways: Collection[tuple[str, ...]]) -> int:
    """Return how many headings all ways begin with."""
    shortest = min(map(len, ways))
    levels = list(zip(*ways, strict=False))[: shortest - 1]
    return sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
