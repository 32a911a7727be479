"""Adding a task to a ``roadmap.yaml``: behind the last one, or to the tasks of a group."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.model import Status
from kanban_sync.sources.roadmap_tasks import GROUPS, TASKS
from kanban_sync.sources.sections import named
from kanban_sync.sources.splicing import CannotError, Splice
from kanban_sync.sources.task_values import value_named
from kanban_sync.sources.tree import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.edits import AddTask
    from kanban_sync.sources.roadmap_text import RoadmapText

_DASH = re.compile(r" *- +")
_STEP = 2
"""How far a list is indented below its name, where no other list shows it."""


class _Group(NamedTuple):
    """What may hold tasks: the file itself, an epic, a milestone; with its names."""

    node: Mapping
    names: tuple[str, ...] = ()

    @property
    def tasks(self) -> Node | None:
        """What stands where its tasks are listed, None where nothing does."""
        return next((each for name, each in self.node.values.items() if name in TASKS), None)

    @property
    def has_tasks(self) -> bool:
        """Whether it lists any task."""
        return isinstance(self.tasks, (Sequence, Mapping)) and bool(_parts(self.tasks))


def add(file: RoadmapText, edit: AddTask) -> list[Splice]:
    """Add a task behind the last one of the file, or behind the last one of a group.

    Raises:
        CannotError: There is no such group, or no place for a task in it.
    """
    group = _wanted(file, edit.under)
    tasks = group.tasks
    if isinstance(tasks, Mapping):
        raise CannotError("the tasks there are no list, each has a name; add it by hand")
    if isinstance(tasks, Scalar) and tasks.text:
        raise CannotError(f"what stands there as tasks is a text, {tasks.text!r}; make it a list")
    if isinstance(tasks, Sequence) and tasks.items:
        return [_behind(file, tasks, edit)]
    event = file.spans.event(group.node)
    if event is None or event.flow_style or (tasks and file.spans.event(tasks) is None):
        raise CannotError("its group is written in braces, or elsewhere; add it by hand")
    return _first(file, group, edit)


def _wanted(file: RoadmapText, under: str) -> _Group:
    """Return the group that is meant; the last one with tasks, where none is named."""
    every = [_Group(file.root), *_groups(file.root)]
    called = [(name, each) for each in every for name in each.names]
    names = ", ".join(repr(each.names[0]) for each in every if each.names) or "none"
    if not under:
        filled = [each for each in every if each.has_tasks]
        if filled:
            # Of the file itself the tasks may stand in front of those of its groups.
            return max(filled, key=lambda each: _last_place(file, each))
        if every[0].tasks is not None:
            return every[0]
        what = f"there is no task to put one behind; say below which group it comes: {names}"
        raise CannotError(what)
    index = named([name for name, _ in called], under)
    if index is None:
        raise CannotError(f"no group is called {under!r}; the file has {names}")
    group = called[index][1]
    inner = ", ".join(repr(each.names[0]) for each in _groups(group.node) if each.names)
    if inner and not group.has_tasks:
        raise CannotError(f"{under!r} holds groups and no tasks; name one of {inner}")
    return group


def _last_place(file: RoadmapText, group: _Group) -> int:
    events = (file.spans.event(each) for each in _parts(group.tasks))
    return max((each.start_mark.index for each in events if each), default=-1)


def _groups(node: Mapping) -> Iterator[_Group]:
    """Yield the groups inside a group, each before those in it."""
    for name, value in node.values.items():
        if name not in GROUPS:
            continue
        named_by = list(value.values) if isinstance(value, Mapping) else []
        for index, each in enumerate(_parts(value)):
            if isinstance(each, Mapping):
                said = (each.values.get(key) for key in ("title", "name", "id"))
                words = [text.text for text in said if isinstance(text, Scalar) and text.text]
                yield _Group(each, (*words, *named_by[index : index + 1]))
                yield from _groups(each)


def _parts(node: Node | None) -> list[Node]:
    if isinstance(node, Sequence):
        return node.items
    return list(node.values.values()) if isinstance(node, Mapping) else []


def _behind(file: RoadmapText, tasks: Sequence, edit: AddTask) -> Splice:
    """Put a task behind the last one of a list, written like that."""
    last = tasks.items[-1]
    around, event = file.spans.event(tasks), file.spans.event(last)
    if not (around and event and _starts_in(file, last, tasks)):
        raise CannotError("the last task there is written elsewhere (an alias); add it by hand")
    said = _said(file, edit, last)
    if around.flow_style:
        end = file.spans.end(last)
        pairs = ", ".join(f"{file.name(name)}: {words}" for name, words in said)
        return Splice(end, end, f", {{{pairs}}}")
    begin = file.spans.start(last)
    dash = file.text[file.start_of_line(begin) : begin]
    if not _DASH.fullmatch(dash):
        raise CannotError("the last task there is not written as '- title: …'; add it by hand")
    return file.below(begin, file.spans.end(last), _block(file, dash, said))


def _starts_in(file: RoadmapText, node: Node, around: Node) -> bool:
    return file.spans.start(around) <= file.spans.start(node) < file.spans.end(around)


def _first(file: RoadmapText, group: _Group, edit: AddTask) -> list[Splice]:
    """Put the first task into a group: where it lists none, or below what it says."""
    column = file.spans.event(group.node).start_mark.column
    dash = " " * (column + _step(file)) + "- "
    said = _said(file, edit, None)
    tasks = group.tasks
    if tasks is None:
        begin = file.spans.start(group.node)
        name = f"{file.line_end()}{' ' * column}tasks:"
        lines = name + _block(file, dash, said)
        return [file.below(begin, file.spans.end(group.node), lines)]
    start, end = file.spans.start(tasks), file.spans.end(tasks)
    plain = file.text[:start].rstrip(" ")
    place = file.end_of_line(end)
    return [Splice(len(plain), end, ""), Splice(place, place, _block(file, dash, said))]


def _step(file: RoadmapText) -> int:
    """Return how far lists of tasks are indented below their names in this file."""
    for each in (_Group(file.root), *_groups(file.root)):
        own, listed = file.spans.event(each.node), each.tasks
        event = file.spans.event(listed) if listed is not None and each.has_tasks else None
        if own and event and not (own.flow_style or event.flow_style):
            return max(int(event.start_mark.column - own.start_mark.column), 0)
    return _STEP


def _said(file: RoadmapText, edit: AddTask, like: Node | None) -> list[tuple[str, str]]:
    """Return what a new task says, with the names of another one, or of the file's last."""
    every = [like, *reversed(file.nodes)]
    shown = next((each for each in every if isinstance(each, Mapping)), None)
    said = {"id": edit.id, "title": edit.title, "status": file.word(Status.TODO)}
    return [
        (((value_named(shown, each) if shown else None) or (each,))[0], file.scalar(words))
        for each, words in said.items()
        if words
    ]


def _block(file: RoadmapText, dash: str, said: list[tuple[str, str]]) -> str:
    """Return a task as an entry of a list, each line with the line end in front."""
    end = file.line_end()
    lines = f"{end}{' ' * len(dash)}".join(f"{name}: {words}" for name, words in said)
    return f"{end}{dash}{lines}"
