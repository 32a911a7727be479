"""What was found in files of branches at former passes, so that only those that moved are read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.assemble import ReadFile
from kanban_sync.core.records import (
    document_from_json,
    document_to_json,
    slot_from_json,
    slot_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.slots import SlotChange, SlotState
    from kanban_sync.core.units import TaskFile

BETWEEN = ",\n"
"""What stands between a document and a state: in neither is there a line end."""


class Parses(Protocol):
    """Where texts are kept by digest, as the TaskStore port keeps parses."""

    def parses(self, digests: Iterable[str]) -> dict[str, str]:
        """Return remembered parses (JSON) by digest; unknown digests are left out."""
        ...

    def remember_parses(self, parses: Mapping[str, str]) -> None:
        """Remember parses."""
        ...


class Remembered:
    """Files of branches that were read before: where they began, what was done, and the end.

    Nothing but that has a say in what is read of them, so that nothing here is ever out of date.
    """

    def __init__(self, parses: Parses | None, readers: str) -> None:
        """Bind to where texts are kept, if there is such a place; ``readers`` tells what reads."""
        self._parses = parses
        self._readers = readers
        self._known: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._begins: dict[int, tuple[SlotState, str]] = {}

    def key(
        self, source: str, file: TaskFile, starts: Sequence[SlotState], steps: Sequence[SlotChange]
    ) -> str:
        """Return what tells a file apart from all others, by all that its reading depends on."""
        begin = [self._begin(each) for each in starts]
        done = [
            (each.version, each.old, each.new, each.path, each.moved_from, each.leaves, each.at)
            for each in steps
        ]
        return _digest(repr((self._readers, source, tuple(file), begin, done)))

    def _begin(self, start: SlotState) -> str:
        _, begin = self._begins.get(id(start), (start, ""))
        if not begin:
            begin = _digest(slot_to_json(start))
            self._begins[id(start)] = start, begin
        return begin

    def load(self, keys: Iterable[str]) -> None:
        """Look up several at once."""
        if self._parses is not None:
            self._known |= self._parses.parses(keys)

    def get(self, key: str, file: TaskFile) -> ReadFile | None:
        """Return what was read of a file; None if it is not known."""
        text = self._known.get(key)
        if text is None:
            return None
        document, _, state = text[1:-1].partition(BETWEEN)
        return ReadFile(file, document_from_json(document), slot_from_json(state))

    def put(self, key: str, read: ReadFile) -> None:
        """Take down what was read of a file."""
        if self._parses is not None:
            document, state = document_to_json(read.document), slot_to_json(read.state)
            self._new[key] = f"[{document}{BETWEEN}{state}]"

    def keep(self) -> None:
        """Keep what was taken down."""
        if self._parses is not None and self._new:
            self._parses.remember_parses(self._new)
            self._new = {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
