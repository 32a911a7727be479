"""Edits of a ``roadmap.yaml``: a scalar is replaced, or a line with a new one is put in.

Imported only where a file is to be changed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kanban_sync.core.edits import AddTask, Claim, Remove, SetStatus
from kanban_sync.core.model import Status
from kanban_sync.sources.group_tasks import CRITERION, value_named
from kanban_sync.sources.roadmap_tasks import Spans, nodes_of
from kanban_sync.sources.splicing import CannotError, Splice
from kanban_sync.sources.status_words import word_for
from kanban_sync.sources.tree import Mapping, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import ParsedTask

_PLAIN = re.compile(r"[^\W\d_](?:[\w ()/.+-]*[\w)])?")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_LINE_END = re.compile(r"\r\n|\n|\r|\Z")
_DASH = re.compile(r" *- +")


def splices(text: str, edit: Edit, tasks: Sequence[ParsedTask]) -> list[Splice]:
    """Return what an edit replaces in a text.

    Args:
        text: The file without its byte order mark.
        edit: What is asked for.
        tasks: The top-level tasks of the file, as they were read.

    Raises:
        CannotError: It cannot be written there.
    """
    nodes, spans = nodes_of(text)
    file = _File(text, nodes, spans, [task.word for top in tasks for task in top.walk()])
    if isinstance(edit, AddTask):
        return [file.add(edit, tasks)]
    if isinstance(edit, Remove):
        raise CannotError("what is removed from a roadmap counts as lost; set its status")
    if isinstance(edit, SetStatus):
        return [file.say(edit.place, "status", file.word(edit.status))]
    name = edit.assignee if isinstance(edit, Claim) else ""
    return [file.say(edit.place, "assignee", name)]


class _File:
    """A roadmap that is to be changed."""

    def __init__(self, text: str, nodes: list[Node], spans: Spans, words: list[str]) -> None:
        self._text = text
        self._nodes = nodes
        self._spans = spans
        self._words = words

    def word(self, status: Status) -> str:
        """Return what this file calls a status."""
        return word_for(status, self._words, "_")

    def say(self, place: int, meaning: str, words: str) -> Splice:
        """Let a task say something; '' for nothing."""
        node = self._nodes[place]
        if node is CRITERION:
            raise CannotError("a criterion is met once its task is done; set that one's status")
        if not isinstance(node, Mapping):
            raise CannotError(
                f"it is a text alone, which has no {meaning}; write it as 'title: …' first"
            )
        found = value_named(node, meaning)
        if found is None:
            return self._insert(node, "owner" if meaning == "assignee" else meaning, words)
        return self._replace(node, *found, words)

    def _replace(self, node: Mapping, name: str, value: Node, words: str) -> Splice:
        event, around = self._spans.event(value), self._spans.event(node)
        if not isinstance(value, Scalar) or event is None:
            raise CannotError(f"its {name} is no text; change it by hand")
        start, end = event.start_mark.index, event.end_mark.index
        if around and not around.start_mark.index <= start < self._spans.end(node):
            raise CannotError(
                f"its {name} is written elsewhere (an alias, or '<<'); write it at the task itself"
            )
        if event.anchor or event.tag:
            raise CannotError(f"its {name} has an anchor or a tag; change it by hand")
        sign = "@" if value.text.startswith("@") and words else ""
        new = _scalar(sign + words, event.style)
        old = self._text[start:end]
        # The span of a block goes on to what follows it.
        tail = old[len(old.rstrip()) :] if event.style in {"|", ">"} else ""
        gap = " " if start == end and self._text[start - 1 : start] == ":" else ""
        return Splice(start, end, f"{gap}{new}{tail}")

    def _insert(self, node: Mapping, name: str, words: str) -> Splice:
        """Put a new value in behind a task's title or id."""
        event = self._spans.event(node)
        said = [value_named(node, meaning) for meaning in ("title", "id")]
        values = [self._spans.event(found[1]) for found in said if found]
        inside = [each for each in values if event and self._is_inside(each, node)]
        if not inside:
            raise CannotError(f"it has no {name}, and no title to put one behind; add it by hand")
        end = inside[0].end_mark.index
        line = f"{name}: {_scalar(words, None)}"
        if event.flow_style:
            return Splice(end, end, f", {line}")
        place = self._end_of_line(end)
        return Splice(place, place, f"{self._line_end()}{' ' * event.start_mark.column}{line}")

    def _is_inside(self, event: Any, node: Mapping) -> bool:  # noqa: ANN401 - PyYAML has no types
        if event is None or getattr(event, "style", "|") in {"|", ">"}:
            return False
        start: int = self._spans.event(node).start_mark.index
        return bool(start <= event.start_mark.index < self._spans.end(node))

    def add(self, edit: AddTask, tasks: Sequence[ParsedTask]) -> Splice:
        """Add a task behind the last one of the file, or of a group."""
        wanted = edit.under.casefold()
        places = _places(tasks)
        inside = [
            place
            for place, task in zip(places, tasks, strict=True)
            if not wanted or task.group.casefold() == wanted
        ]
        if not inside:
            where = f"below {edit.under!r}" if edit.under else "in this file"
            raise CannotError(f"there is no task {where} to put one behind; write it by hand")
        node = self._nodes[inside[-1]]
        event = self._spans.event(node)
        begin = event.start_mark.index if event else 0
        line_start = max(self._text.rfind("\n", 0, begin), self._text.rfind("\r", 0, begin)) + 1
        dash = self._text[line_start:begin]
        if not isinstance(node, Mapping) or not _DASH.fullmatch(dash):
            raise CannotError("the last task there is not written as '- title: …'; add it by hand")
        said = {"id": edit.id, "title": edit.title, "status": self.word(Status.TODO)}
        names = {each: (value_named(node, each) or (each, None))[0] for each in said}
        lines = [f"{names[each]}: {_scalar(words, None)}" for each, words in said.items() if words]
        end = self._line_end()
        block = f"{end}{dash}" + f"{end}{' ' * len(dash)}".join(lines)
        place = self._end_of_line(self._last_content(begin, self._spans.end(node)))
        return Splice(place, place, block)

    def _last_content(self, begin: int, end: int) -> int:
        """Return where the last value inside a mapping ends, without what follows it."""
        inside = (last for first, last in self._spans.contents if begin <= first and last <= end)
        last = max(inside, default=begin)
        return begin + len(self._text[begin:last].rstrip())

    def _end_of_line(self, place: int) -> int:
        found = _LINE_END.search(self._text, place)
        return found.start() if found else place

    def _line_end(self) -> str:
        found = _LINE_END.search(self._text)
        return (found[0] if found else "") or "\n"


def _places(tasks: Sequence[ParsedTask]) -> list[int]:
    """Return the places of top-level tasks among all tasks."""
    places: list[int] = []
    count = 0
    for task in tasks:
        places.append(count)
        count += sum(1 for _ in task.walk())
    return places


def _scalar(words: str, style: str | None) -> str:
    """Return a text as YAML, in quotes where it had some or needs some; ``null`` for nothing."""
    if not words:
        return "null"
    if style == "'":
        return "'" + words.replace("'", "''") + "'"
    if style != '"' and _PLAIN.fullmatch(words) and words.lower() not in _NO_TEXT:
        return words
    return json.dumps(words, ensure_ascii=False)
