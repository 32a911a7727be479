"""What stands in a ``roadmap.yaml``. Imported only where there is one: PyYAML takes a while.

The events of PyYAML's C parser are read one by one. Loading builds objects that nobody needs in
several times the time, and its C recursion is ended by the operating system where a file is nested
without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.core.findings import BAD_YAML, TOO_LARGE, WRONG_SHAPE
from kanban_sync.core.limits import MOST, USUAL
from kanban_sync.core.model import Document
from kanban_sync.sources.group_tasks import BOMB, Groups, TooManyError
from kanban_sync.sources.markdown import damage, decode, refused
from kanban_sync.sources.patterns import compiled_when_used
from kanban_sync.sources.tree import Mapping, Scalar, Sequence

# PyYAML's parser in Python has expressions that take longer to compile than all else in it takes
# to be imported; the one in C, which is used here, has no use for them.
with compiled_when_used():
    import yaml
    from yaml.events import (
        AliasEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
        StreamEndEvent,
    )

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.limits import Limits
    from kanban_sync.sources.tree import Node

TASKS = frozenset({"tasks", "items"})
GROUPS = frozenset({"epics", "milestones", "phases", "sprints", "archive", "archived", "roadmap"})

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class _BadYamlError(Exception):
    """A file is not what it should be; ``line`` and ``column`` count from 1, 0: nobody knows."""

    def __init__(self, line: int, what: str, code: str = BAD_YAML, column: int = 0) -> None:
        super().__init__(what)
        self.line = line
        self.code = code
        self.column = column


def read(path: str, data: bytes, limits: Limits = USUAL) -> Document:
    """Read the tasks of a roadmap."""
    problem = damage(path, data, limits)
    if problem:
        return Document((), (problem,))
    if data.count(b",") > limits.values:
        what = f"holds more than {limits.values} values; split the file, or raise 'limits.tasks'"
        return Document((), (refused(path, 0, what, TOO_LARGE),))
    groups = Groups(path, TASKS, GROUPS, limits=limits)
    try:
        root = _root(decode(data), limits)
        return Document(groups.tasks(root), tuple(groups.problems))
    except TooManyError as found:
        problem = refused(path, 0, str(found), TOO_LARGE)
    except _BadYamlError as found:
        problem = refused(path, found.line, str(found), found.code, found.column)
    return Document((), (problem,))


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

    def start(self, node: Node) -> int:
        """Return where a value begins."""
        begin: int = self._events[id(node)].start_mark.index
        return begin

    def end(self, node: Node) -> int:
        """Return where a value ends; that of a list or a mapping on lines goes on to the next."""
        end: int = self._ends.get(id(node)) or self._events[id(node)].end_mark.index
        return end


def nodes_of(text: str) -> tuple[Mapping, list[Node], Spans]:
    """Return the values of a readable file, what its tasks were read from, and where all stands."""
    groups, spans = Groups("", TASKS, GROUPS, limits=MOST), Spans()
    root = _root(text, MOST, spans)
    groups.tasks(root)
    return root, groups.nodes, spans


def _root(text: str, limits: Limits, spans: Spans | None = None) -> Mapping:
    """Return the values of a roadmap.

    Raises:
        _BadYamlError: It is no YAML, or no roadmap.
    """
    try:
        root = _tree(text, limits, spans)
    except yaml.YAMLError as found:
        raise _told(found, text) from None
    if not isinstance(root, Mapping):
        what = "is no roadmap; it has to hold 'epics', 'milestones', 'phases' or 'tasks'"
        raise _BadYamlError(1, what, WRONG_SHAPE)
    inner = root.values.get("roadmap")
    if isinstance(inner, Mapping):
        root = inner
    if not root.values.keys() & (TASKS | GROUPS):
        what = "is no roadmap; name one of 'epics', 'milestones', 'phases' and 'tasks' at its top"
        raise _BadYamlError(1, what, WRONG_SHAPE)
    return root


def _told(error: yaml.YAMLError, text: str) -> _BadYamlError:
    """Return the place of an error, and what is wrong there, with the line itself."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _BadYamlError(0, f"is no YAML: {str(error).splitlines()[0]}; mend it")
    lines = text.splitlines()
    line = lines[mark.line].strip()[:80] if mark.line < len(lines) else ""
    what = getattr(error, "problem", None) or "nobody can read it"
    told = f"is no YAML here: {what}, in {line!r}; mend it"
    return _BadYamlError(mark.line + 1, told, column=mark.column + 1)


def _tree(text: str, limits: Limits, spans: Spans | None) -> Node | None:
    """Return the value of the one document; what is referred to twice is there once.

    Raises:
        _BadYamlError: There is more than one that says something.
    """
    next_event: Callable[[], Any] = yaml.CSafeLoader(text).get_event
    builder = _Builder(limits, spans)
    while True:
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
    told = [node for node in builder.root if not isinstance(node, Scalar) or node.text]
    if len(told) > 1:
        what = "a second document begins here ('---'), and only one is read; make one of them"
        raise _BadYamlError(told[1].line, what)
    return next(iter(told or builder.root), None)


class _Builder:
    """The values that are open, and those that may be referred to."""

    def __init__(self, limits: Limits, spans: Spans | None) -> None:
        self._spans = spans
        self._deepest = limits.depth
        self._left = limits.values
        self.root: list[Node] = []
        self.here = self.root
        self.anchors: dict[str, Node] = {}
        self._open: list[tuple[list[Node], Node]] = []

    def begin(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events have no types
        """Begin a list or a mapping."""
        line = event.start_mark.line + 1
        if len(self._open) == self._deepest:
            what = f"is nested more than {self._deepest} deep here; write it flatter, or raise"
            raise _BadYamlError(line, f"{what} 'limits.depth' in the settings", TOO_LARGE)
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
        merged = _fill(node, inside)
        self._left -= len(inside) + sum(len(each) for each in merged)
        if self._left < 0:
            raise _BadYamlError(node.line, f"{BOMB}, or raise 'limits.tasks'", TOO_LARGE)
        if isinstance(node, Mapping):
            for each in merged:
                for name, value in each.items():
                    node.values.setdefault(name, value)

    def refer(self, event: Any) -> None:  # noqa: ANN401 - as above
        """Put in what stands elsewhere."""
        if event.anchor not in self.anchors:
            line = event.start_mark.line + 1
            what = f"refers to {event.anchor!r}, which is nowhere above; name it there"
            raise _BadYamlError(line, what, BAD_YAML, event.start_mark.column + 1)
        if self._spans is not None:
            self._spans.contents.append((event.start_mark.index, event.end_mark.index))
        self.here.append(self.anchors[event.anchor])


def _fill(node: Node, inside: list[Node]) -> list[dict[str, Node]]:
    """Put what was read between start and end into a list or a mapping.

    Returns the named values that a mapping has from elsewhere besides.
    """
    if isinstance(node, Sequence):
        node.items.extend(inside)
        return []
    if not isinstance(node, Mapping):
        return []
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
    return [each.values for each in merged if isinstance(each, Mapping)]
