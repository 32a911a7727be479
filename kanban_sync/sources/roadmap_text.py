"""The text of a ``roadmap.yaml`` that is to be changed: what stands where, and how it is written.

Imported only where a file is to be changed.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING

from kanban_sync.sources.roadmap_tasks import nodes_of
from kanban_sync.sources.splicing import Splice
from kanban_sync.sources.status_words import word_for

if TYPE_CHECKING:
    from kanban_sync.core.model import Status

_PLAIN = re.compile(r"[^\W\d_](?:[\w ()/.+-]*[\w)])?")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_KEEPS_BLANK = re.compile(r"(?:[&!]\S*\s+)*[|>][1-9]?\+")
"""How a text begins to which the blank lines below it belong."""
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

    @cached_property
    def is_json(self) -> bool:
        """Whether the file is JSON, which it is to stay."""
        try:
            json.loads(self.text)
        except (ValueError, RecursionError):
            return False
        return True

    def scalar(self, words: str, style: str | None = None) -> str:
        """Return a text as YAML, in quotes where it had some or needs some; ``null`` for nothing.

        Args:
            words: The text.
            style: The quotes of what stood there before.
        """
        if not words:
            return "null"
        if style == "'":
            return "'" + words.replace("'", "''") + "'"
        is_plain = _PLAIN.fullmatch(words) and words.lower() not in _NO_TEXT
        if is_plain and style != '"' and not self.is_json:
            return words
        return json.dumps(words, ensure_ascii=False)

    def name(self, name: str) -> str:
        """Return the name of a value as this file writes it."""
        return json.dumps(name, ensure_ascii=False) if self.is_json else name

    def below(self, begin: int, end: int, lines: str) -> Splice:
        """Put lines in below the last value inside a mapping; each has its line end in front."""
        spans = (each for each in self.spans.contents if begin <= each[0] and each[1] <= end)
        first, last = max(spans, key=lambda each: each[1], default=(begin, begin))
        if _KEEPS_BLANK.match(self.text, first) and self.text[last - 1] in "\r\n":
            return Splice(last, last, lines.removeprefix(self.line_end()) + self.line_end())
        place = self.end_of_line(begin + len(self.text[begin:last].rstrip()))
        return Splice(place, place, lines)

    def start_of_line(self, place: int) -> int:
        """Return where the line begins in which a place is."""
        return max(self.text.rfind("\n", 0, place), self.text.rfind("\r", 0, place)) + 1

    def end_of_line(self, place: int) -> int:
        """Return where the line ends in which a place is."""
        found = _LINE_END.search(self.text, place)
        return found.start() if found else place

    def end_of_line_before(self, start: int) -> int:
        """Return where the line ends that is above the one which begins at a place."""
        return start - (2 if self.text[:start].endswith("\r\n") else 1)

    def line_end(self) -> str:
        """Return what ends the lines of this file."""
        found = _LINE_END.search(self.text)
        return (found[0] if found else "") or "\n"
