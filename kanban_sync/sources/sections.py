"""Sections of a Markdown file: a heading and all below it, up to the next one that is as high."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.sources.markdown import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.sources.markdown import Line


def named(names: Sequence[str], wanted: str) -> int | None:
    """Return which heading is meant: by its words, else by the whole words that it begins with."""
    sought = wanted.strip("# ").casefold()
    plain = [name.casefold() for name in names]
    if sought in plain:
        return plain.index(sought)
    begins = (
        index
        for index, name in enumerate(plain)
        if name.startswith(sought) and not name[len(sought) : len(sought) + 1].isalnum()
    )
    return next(begins, None) if sought else None


def section_at(lines: Sequence[Line], start: int) -> range:
    """Return the section that the heading at ``start`` opens."""
    level = lines[start].level
    for index in range(start + 1, len(lines)):
        if lines[index].kind is Kind.HEADING and lines[index].level <= level:
            return range(start, index)
    return range(start, len(lines))
