"""What stands in a ``roadmap.yaml``. Imported only where there is one: PyYAML takes a while.

The events of PyYAML's C parser are read one by one. Loading builds objects that nobody needs in
several times the time, and its C recursion is ended by the operating system where a file is nested
without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from kanban_sync.core.model import Document, Problem
from kanban_sync.sources.group_tasks import Groups, TooManyError
from kanban_sync.sources.markdown import damage, decode
from kanban_sync.sources.tree import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.sources.tree import Node

TASKS = frozenset({"tasks"})
GROUPS = frozenset({"epics", "milestones", "phases", "sprints", "archive", "archived", "roadmap"})

DEEPEST = 64
"""How deep values are nested at most."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class _BadYamlError(Exception):
    """A file is not what it should be; ``line`` counts from 1, 0 where nobody knows."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def read(path: str, data: bytes) -> Document:
    """Read the tasks of a roadmap."""
    problem = damage(path, data)
    if problem:
        return Document((), (problem,))
    groups = Groups(path, TASKS, GROUPS)
    try:
        root = _root(decode(data))
        return Document(groups.tasks(root), tuple(groups.problems))
    except TooManyError:
        error = _BadYamlError(0, "holds more tasks, or deeper ones, than anybody writes")
    except _BadYamlError as found:
        error = found
    message = f"{error}. Mend it; until then the file counts as it last was."
    return Document((), (Problem(path, error.line, message, fatal=True),))


class Spans:
    """Where the values of a file stand in its text; kept only for those who change it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._events: dict[int, Any] = {}
        self._ends: dict[int, int] = {}
        self.contents: list[tuple[int, int]] = []

    def note(self, node: Node, event: Any) -> None:  # noqa: ANN401 - PyYAML's events have no types
        """Note where a value begins, and ends if it has no parts."""
        self._events[id(node)] = event
        if isinstance(node, Scalar):
            self.contents.append((event.start_mark.index, event.end_mark.index))

    def note_end(self, node: Node, event: Any) -> None:  # noqa: ANN401 - as above
        """Note where a list or a mapping ends."""
        self._ends[id(node)] = event.end_mark.index
        if self._events[id(node)].flow_style:
            self.contents.append((event.start_mark.index, event.end_mark.index))

    def event(self, node: Node) -> Any:  # noqa: ANN401 - as above
        """Return the event that began a value, None for one that no event made."""
        return self._events.get(id(node))

    def end(self, node: Node) -> int:
        """Return where a list or a mapping ends."""
        return self._ends[id(node)]


def nodes_of(text: str) -> tuple[list[Node], Spans]:
    """Return what the tasks of a readable file were read from, and where that stands."""
    groups, spans = Groups("", TASKS, GROUPS), Spans()
    groups.tasks(_root(text, spans))
    return groups.nodes, spans


def _root(text: str, spans: Spans | None = None) -> Mapping:
    """Return the values of a roadmap.

    Raises:
        _BadYamlError: It is no YAML, or no roadmap.
    """
    try:
        root = _tree(text, spans)
    except yaml.YAMLError as found:
        raise _BadYamlError(*_told(found, text)) from None
    if not isinstance(root, Mapping):
        raise _BadYamlError(1, "has to hold 'epics', 'milestones', 'phases' or 'tasks'")
    inner = root.values.get("roadmap")
    if isinstance(inner, Mapping):
        root = inner
    if not root.values.keys() & (TASKS | GROUPS):
        raise _BadYamlError(1, "holds none of 'epics', 'milestones', 'phases' and 'tasks'")
    return root


def _told(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """Return the line of an error, and what is wrong there, with the line itself."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return 0, f"is no YAML: {str(error).splitlines()[0]}"
    lines = text.splitlines()
    line = lines[mark.line].strip()[:80] if mark.line < len(lines) else ""
    what = getattr(error, "problem", None) or "nobody can read it"
    return mark.line + 1, f"is no YAML here: {what}, in {line!r}"


def _tree(text: str, spans: Spans | None) -> Node | None:
    """Return the value of the first document; what is referred to twice is there once."""
    next_event: Callable[[], Any] = yaml.CSafeLoader(text).get_event
    builder = _Builder(spans)
    documents = 0
    while documents <= 1:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            value = "" if not event.style and event.value in _NULLS else event.value
            node = Scalar(event.start_mark.line + 1, value)
            builder.here.append(node)
            if event.anchor:
                builder.anchors[event.anchor] = node
            if spans is not None:
                spans.note(node, event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            builder.begin(event)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            builder.end(event)
        elif kind is AliasEvent:
            builder.refer(event)
        elif kind is StreamEndEvent:
            break
        else:
            documents += kind is DocumentStartEvent
    return builder.root[0] if builder.root else None


class _Builder:
    """The values that are open, and those that may be referred to."""

    def __init__(self, spans: Spans | None) -> None:
        self._spans = spans
        self.root: list[Node] = []
        self.here = self.root
        self.anchors: dict[str, Node] = {}
        self._open: list[tuple[list[Node], Node]] = []

    def begin(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events have no types
        """Begin a list or a mapping."""
        line = event.start_mark.line + 1
        if len(self._open) == DEEPEST:
            raise _BadYamlError(line, "is nested deeper than any roadmap")
        is_list = type(event) is SequenceStartEvent
        node: Node = Sequence(line, []) if is_list else Mapping(line, {}, [])
        self.here.append(node)
        if event.anchor:
            self.anchors[event.anchor] = node
        if self._spans is not None:
            self._spans.note(node, event)
        self._open.append((self.here, node))
        self.here = []

    def end(self, event: Any) -> None:  # noqa: ANN401 - as above
        """End the innermost of them."""
        inside = self.here
        self.here, node = self._open.pop()
        if self._spans is not None:
            self._spans.note_end(node, event)
        _fill(node, inside)

    def refer(self, event: Any) -> None:  # noqa: ANN401 - as above
        """Put in what stands elsewhere."""
        if event.anchor not in self.anchors:
            line = event.start_mark.line + 1
            raise _BadYamlError(line, f"refers to {event.anchor!r}, which is nowhere above")
        if self._spans is not None:
            self._spans.contents.append((event.start_mark.index, event.end_mark.index))
        self.here.append(self.anchors[event.anchor])


def _fill(node: Node, inside: list[Node]) -> None:
    """Put what was read between start and end into a list or a mapping."""
    if isinstance(node, Sequence):
        node.items.extend(inside)
        return
    if not isinstance(node, Mapping):
        return
    values = node.values
    merged: list[Node] = []
    for key, value in zip(inside[::2], inside[1::2], strict=True):
        name = key.text if isinstance(key, Scalar) else "?"
        if name == "<<":
            merged += value.items if isinstance(value, Sequence) else [value]
            continue
        if name in values:
            node.twice.append((key.line, name))
        values[name] = value
    for each in merged:
        if isinstance(each, Mapping):
            for name, value in each.values.items():
                values.setdefault(name, value)
