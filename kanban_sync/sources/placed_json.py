"""JSON that is known to be right, with the place of each of its values; for those who change it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.sources.tree import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.sources.tree import Node

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)
_PLAIN = {"null": ""}


class Place(NamedTuple):
    """Where a value stands, and in an object its name: 0 to 0 for one that has none."""

    start: int
    end: int
    name: tuple[int, int] = (0, 0)


class PlacedJson:
    """The values of a text, and where each stands."""

    def __init__(self, text: str) -> None:
        """Read a text that ``json.loads`` takes."""
        self._text = text
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(text)
        # The values are kept: a place is known by what it is of, and by nothing else.
        self._places: dict[int, tuple[Node, Place]] = {}
        self.root = self._value(next(self._tokens))

    def place(self, node: Node) -> Place | None:
        """Return where a value stands, None for one that stands nowhere in the text."""
        found = self._places.get(id(node))
        return found[1] if found else None

    def lead(self, at: int) -> str:
        """Return the white space in front of a place."""
        before = self._text[:at]
        return before[len(before.rstrip()) :]

    def _value(self, token: re.Match[str], name: tuple[int, int] = (0, 0)) -> Node:
        word, start, end = token[0], *token.span()
        if word == "{":
            values, end = self._named()
            node: Node = Mapping(0, values, [])
        elif word == "[":
            items, end = self._listed()
            node = Sequence(0, items)
        else:
            node = Scalar(0, json.loads(word) if word[0] == '"' else _PLAIN.get(word, word))
        self._places[id(node)] = (node, Place(start, end, name))
        return node

    def _named(self) -> tuple[dict[str, Node], int]:
        values: dict[str, Node] = {}
        for token in self._tokens:
            if token[0] == "}":
                return values, token.end()
            if token[0] != ",":
                next(self._tokens)
                values[json.loads(token[0])] = self._value(next(self._tokens), token.span())
        return values, len(self._text)

    def _listed(self) -> tuple[list[Node], int]:
        items: list[Node] = []
        for token in self._tokens:
            if token[0] == "]":
                return items, token.end()
            if token[0] != ",":
                items.append(self._value(token))
        return items, len(self._text)
