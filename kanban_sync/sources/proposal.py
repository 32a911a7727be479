"""The short description of an OpenSpec change, taken from its proposal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanban_sync.sources.markdown import Kind, joined, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kanban_sync.sources.markdown import Line

LONGEST = 2000
"""A description has at most so many characters: it is there to be read on a card."""

_SECTION = re.compile(r"[\W\d_]*(?:why|what changes)\W*", re.IGNORECASE)


def description(text: str) -> str:
    """Return the sections Why and What Changes, else the first paragraphs."""
    lines = [line for line in scan(text).lines if line.kind is not Kind.FRONT_MATTER]
    return _shortened(_paragraphs(list(_sections(lines)) or lines))


def _sections(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines of the wanted sections, their headings and what is below them."""
    wanted = 0
    for line in lines:
        if line.kind is Kind.HEADING and (not wanted or line.level <= wanted):
            wanted = line.level if _SECTION.fullmatch(line.text) else 0
        if wanted:
            yield line


def _paragraphs(lines: Iterable[Line]) -> list[str]:
    """Split into paragraphs; a heading becomes a bold one, one with nothing below is left out."""
    found: list[str] = []
    current: list[str] = []
    above = ""
    for line in [*lines, None]:
        if line is not None and line.kind not in {Kind.BLANK, Kind.HEADING}:
            current.extend([line.raw.rstrip()] if line.kind is not Kind.COMMENT else [])
            continue
        if current and joined(current):
            found.append(joined([above, "", joined(current)] if above else current))
            above = ""
        current = []
        if line is not None and line.kind is Kind.HEADING:
            above = f"**{line.text}**" if line.text and line.level > 1 else ""
    return found


def _shortened(paragraphs: Sequence[str]) -> str:
    """Keep as many whole paragraphs as fit; of a first one that is too long, its beginning."""
    kept = ""
    for paragraph in paragraphs:
        longer = f"{kept}\n\n{paragraph}" if kept else paragraph
        if len(longer) > LONGEST:
            break
        kept = longer
    if kept or not paragraphs:
        return kept
    start = paragraphs[0][: LONGEST - 1]
    return (start.rsplit(maxsplit=1)[0] if len(start.split()) > 1 else start) + "…"
