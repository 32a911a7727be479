"""The text of a ``roadmap.yaml`` that is to be changed: what stands where, and how it is written.

Imported only where a file is to be changed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kanban_sync.sources.roadmap_tasks import nodes_of
from kanban_sync.sources.status_words import word_for

if TYPE_CHECKING:
    from kanban_sync.core.model import Status

_PLAIN = re.compile(r"[^\W\d_](?:[\w ()/.+-]*[\w)])?")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_LINE_END = re.compile(r"\r\n|\n|\r|\Z")


class RoadmapText:
    """A roadmap that is to be changed."""

    def __init__(self, text: str, words: list[str]) -> None:
        """Read a text.

        Args:
            text: It is known to be readable.
            words: What its tasks call their statuses.
        """
        self.text = text
        self.root, self.nodes, self.spans = nodes_of(text)
        self._words = words

    def word(self, status: Status) -> str:
        """Return what this file calls a status."""
        return word_for(status, self._words, "_")

    def last_content(self, begin: int, end: int) -> int:
        """Return where the last value inside a mapping ends, without what follows it."""
        inside = (last for first, last in self.spans.contents if begin <= first and last <= end)
        last = max(inside, default=begin)
        return begin + len(self.text[begin:last].rstrip())

    def start_of_line(self, place: int) -> int:
        """Return where the line begins in which a place is."""
        return max(self.text.rfind("\n", 0, place), self.text.rfind("\r", 0, place)) + 1

    def end_of_line(self, place: int) -> int:
        """Return where the line ends in which a place is."""
        found = _LINE_END.search(self.text, place)
        return found.start() if found else place

    def line_end(self) -> str:
        """Return what ends the lines of this file."""
        found = _LINE_END.search(self.text)
        return (found[0] if found else "") or "\n"


def scalar(words: str, style: str | None) -> str:
    """Return a text as YAML, in quotes where it had some or needs some; ``null`` for nothing."""
    if not words:
        return "null"
    if style == "'":
        return "'" + words.replace("'", "''") + "'"
    if style != '"' and _PLAIN.fullmatch(words) and words.lower() not in _NO_TEXT:
        return words
    return json.dumps(words, ensure_ascii=False)
