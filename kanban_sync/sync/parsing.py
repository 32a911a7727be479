"""What is read in one pass: the sources, where they look, and the contents they have parsed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.assemble import ReadFile
from kanban_sync.core.errors import MissingObjectError
from kanban_sync.core.listing import flatten
from kanban_sync.core.model import Document, Problem
from kanban_sync.core.moves import words_of
from kanban_sync.core.vanishing import why_vanished

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kanban_sync.core.moves import Words
    from kanban_sync.core.ports import Source, SourceSettings
    from kanban_sync.core.satisfying import Asked

FOLLOWED = "assignees, when past, deletions, merges, places"
"""What is known of a task's history besides its words and its status; anew where that grows."""


class Contents(Protocol):
    """Where the bytes of blobs come from."""

    def content(self, name: str) -> bytes:
        """Return the bytes of one blob."""
        ...


@dataclass(frozen=True, slots=True)
class Parsing:
    """The sources with their settings, whose tasks they read, and what they have read already."""

    sources: Mapping[str, Source]
    settings: SourceSettings
    contents: Contents
    project: str
    with_archive: bool
    asked: Asked
    _documents: dict[tuple[str, str, str], Document] = field(default_factory=dict)

    def digest(self) -> str:
        """Return a hash of the parsers, of where they look, and of what they take."""
        parsers = [(name, source.PARSER) for name, source in sorted(self.sources.items())]
        terms = ("default branch",) if self.asked.is_strict else ()
        return hash_of((FOLLOWED, parsers, self.settings, self.with_archive, *terms))

    def parser(
        self,
        source: Source,
        held: Sequence[str] = (),
        problem: Callable[[str, str], str] = lambda _path, _blob: "",
    ) -> Callable[[str, str], Document]:
        """Return what reads a path and blob id, once each.

        Args:
            source: The dialect.
            held: The titles that the file held before, which are not gone by an accident.
            problem: Path and blob id -> why they are not to be read at all, '' if they are.
        """
        documents: dict[tuple[str, str], Document] = {}

        def parse(path: str, blob: str) -> Document:
            if (path, blob) not in documents:
                data = self.contents.content(blob)
                why = problem(path, blob)
                document = Document() if why else self._parsed(source, path, blob, data)
                why = why or why_vanished(held, data, document)
                if why:
                    document = Document((), (Problem(path, 0, why, fatal=True),))
                documents[path, blob] = document
            return documents[path, blob]

        return parse

    def _parsed(self, source: Source, path: str, blob: str, data: bytes) -> Document:
        key = (source.NAME, path, blob)
        if key not in self._documents:
            self._documents[key] = source.parse(path, data, self.settings)
        return self._documents[key]

    def last_good(self, source: Source, read: Sequence[ReadFile]) -> tuple[ReadFile, ...]:
        """Return files as they were when they could be read last; nothing where one never could.

        Nor where other settings find other tasks there by now. What other layers say of them is
        laid over that.
        """
        found: list[ReadFile] = []
        parse = self.parser(source)
        for each in read:
            if each.document.readable:
                found.append(each)
                continue
            blob = each.state.good
            try:
                document = parse(each.file.path, blob) if blob else each.document
            except MissingObjectError:
                return ()
            there = [traits for _, traits, _ in flatten(document.tasks, document.ways)]
            if not document.readable or there != [task.traits for task in each.state.tasks]:
                return ()
            found.append(ReadFile(each.file._replace(blob=blob), document, each.state))
        return tuple(found)

    def words(self, source: Source, path: str, blob: str) -> Words:
        """Return the words of the tasks of a content.

        Raises:
            MissingObjectError: This clone does not have it.
        """
        return words_of(source.parse(path, self.contents.content(blob), self.settings))

    def slots_of(self, source: Source) -> Callable[[str], str | None]:
        """Return what tells the slot of a path, None for one that is no task file."""

        def slot_of(path: str) -> str | None:
            return source.slot(path, self.settings) if source.matches(path, self.settings) else None

        return slot_of


def hash_of(value: object) -> str:
    """Return a short hash of something that is always written in the same way."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
