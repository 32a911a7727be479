"""Values with the lines they stand on: what YAML and JSON files are read into."""

from __future__ import annotations

from itertools import islice
from typing import TypeAlias

from kanban_sync.core.tuples import NamedTuple

Node: TypeAlias = "Scalar | Sequence | Mapping"


class Scalar(NamedTuple):
    """A value without parts; that of ``null`` is ''. ``line`` counts from 1."""

    line: int
    text: str


class Sequence(NamedTuple):
    """A list of values."""

    line: int
    items: list[Node]


class Mapping(NamedTuple):
    """Named values; ``twice`` are the lines of names that stood there before.

    ``of`` is what stands in the file, where this one has more than that.
    """

    line: int
    values: dict[str, Node]
    twice: list[tuple[int, str]]
    of: Mapping | None = None


LONGEST = 20_000
"""Characters of one written value at most, however often it repeats what it refers to."""


class TooMuchError(Exception):
    """The values of a file, written out, are more than anybody writes."""


class Writer:
    """Writes the values of one file as text, as much as a file may say.

    A value that is referred to is written wherever it is: a small file may say anything.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def written(self, node: Node) -> str:
        """Return a value as one line of text: ``a, b`` for a list, ``a: b`` for named values.

        Raises:
            TooMuchError: The file has said all that it may.
        """
        if isinstance(node, Scalar):
            self.spend(len(node.text) + 1)
            return node.text
        text, cost = _written(node)
        self.spend(cost)
        return text

    def spend(self, cost: int) -> None:
        """Count something that was written, or gone through.

        Raises:
            TooMuchError: The file has said all that it may.
        """
        self._left -= cost
        if self._left < 0:
            raise TooMuchError


def _written(node: Node) -> tuple[str, int]:
    """Return a value as text, and how many steps that took."""
    parts: list[str] = []
    stack: list[Node | str] = [node]
    left = LONGEST
    cost = 0
    while stack and left > 0:
        top = stack.pop()
        if isinstance(top, (str, Scalar)):
            parts.append(top if isinstance(top, str) else top.text)
            left -= len(parts[-1]) + 1
            cost += len(parts[-1]) + 1
        else:
            # Every step counts, so that what refers to itself, or to nothing, ends too.
            spread = _spread(top)
            left -= 1
            cost += len(spread) + 1
            stack += reversed(spread)
    text = "".join(parts)
    return (text if left > 0 else f"{text[:LONGEST]}…"), cost


def _spread(node: Sequence | Mapping) -> list[Node | str]:
    parts: list[Node | str] = []
    if isinstance(node, Sequence):
        for item in node.items[:LONGEST]:
            parts += [", ", item] if parts else [item]
        return parts
    for name, value in islice(node.values.items(), LONGEST):
        parts += [f", {name}: " if parts else f"{name}: ", value]
    return parts


def from_plain(value: object, lines: Lines, deepest: int) -> Node | None:
    """Return what ``json.loads`` read, with the lines of its texts; None if it is too deep."""
    if deepest == 0:
        return None
    if isinstance(value, dict):
        line = lines.of(value.get("id") or value.get("name") or "")
        named = {str(name): from_plain(each, lines, deepest - 1) for name, each in value.items()}
        kept = {name: node for name, node in named.items() if node is not None}
        return Mapping(line, kept, []) if len(kept) == len(named) else None
    if isinstance(value, list):
        items = [from_plain(each, lines, deepest - 1) for each in value]
        found = [node for node in items if node is not None]
        return Sequence(0, found) if len(found) == len(items) else None
    if isinstance(value, bool):
        return Scalar(0, str(value).lower())
    if isinstance(value, str):
        return Scalar(0, value)
    return Scalar(0, "" if value is None else str(value))


class Lines:
    """Where the texts of a file stand; each is looked for below the last one that was found."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start = 0
        self._line = 1

    def of(self, word: object) -> int:
        """Return the line of the next place where a text stands in quotes, 0 if there is none."""
        found = self._text.find(f'"{word}"', self._start) if word else -1
        if found < 0:
            return 0
        self._line += self._text.count("\n", self._start, found)
        self._start = found
        return self._line
