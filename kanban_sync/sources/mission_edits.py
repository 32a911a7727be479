"""Edits of a ``mission.json``: the text of a value is replaced.

Imported only where a file is to be changed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kanban_sync.core.edits import Claim, SetStatus, Unclaim
from kanban_sync.sources.group_tasks import Groups, value_named
from kanban_sync.sources.splicing import CannotError, Splice
from kanban_sync.sources.status_words import word_for
from kanban_sync.sources.tree import Lines, Mapping, Scalar, from_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import ParsedTask
    from kanban_sync.sources.tree import Node

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class _Number(str):
    """A number, as it is written."""

    __slots__ = ()


class _Pairs(list[tuple[str, object]]):
    """The names and values of an object, also those of a name that stands there twice."""


class _Placed(str):
    """A text with its place in the file, quotes included."""

    __slots__ = ("end", "start")
    start: int
    end: int


def splices(text: str, edit: Edit, tasks: Sequence[ParsedTask], deepest: int) -> list[Splice]:
    """Return what an edit replaces in a text.

    Args:
        text: The file without its byte order mark.
        edit: What is asked for.
        tasks: The milestones of the file, as they were read.
        deepest: How deep its values are nested at most.

    Raises:
        CannotError: It cannot be written there.
    """
    if isinstance(edit, SetStatus):
        used = [task.word for top in tasks for task in top.walk()]
        return [_replaced(text, edit.place, "status", word_for(edit.status, used, "-"), deepest)]
    if isinstance(edit, (Claim, Unclaim)):
        name = edit.assignee if isinstance(edit, Claim) else ""
        return [_replaced(text, edit.place, "assignee", name, deepest)]
    raise CannotError("a mission's milestones are named by its orchestrator; edit them by hand")


def _replaced(text: str, place: int, meaning: str, words: str, deepest: int) -> Splice:
    node = _nodes(text, deepest)[place]
    found = value_named(node, meaning) if isinstance(node, Mapping) else None
    value = found[1].text if found and isinstance(found[1], Scalar) else ""
    if not isinstance(value, _Placed):
        raise CannotError(f"it has no text that says its {meaning}; add it by hand")
    return Splice(value.start, value.end, json.dumps(words or None, ensure_ascii=False))


def _nodes(text: str, deepest: int) -> list[Node]:
    """Return what the milestones were read from, each text with its place."""
    spans = (match.span() for match in _STRING.finditer(text))
    values = json.loads(text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number)
    root = from_plain(_placed(values, spans), Lines(text), deepest)
    groups = Groups("", tasks_in={"milestones"}, groups_in=set())
    if isinstance(root, Mapping):
        groups.tasks(root)
    return groups.nodes


def _placed(value: object, spans: Iterator[tuple[int, int]]) -> object:
    """Give texts their places: they stand in the file in this order, names included."""
    if isinstance(value, _Pairs):
        named: dict[str, object] = {}
        for name, each in value:
            next(spans)
            named[name] = _placed(each, spans)
        return named
    if isinstance(value, list):
        return [_placed(each, spans) for each in value]
    if isinstance(value, str) and not isinstance(value, _Number):
        text = _Placed(value)
        text.start, text.end = next(spans)
        return text
    return value
