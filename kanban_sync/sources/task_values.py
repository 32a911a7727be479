"""What the tasks and groups of a tree say, under the names that people give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.sources.tree import Mapping, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.sources.tree import Node

_NAMES = {
    "id": ("id", "key"),
    "title": ("title", "name", "summary"),
    "status": ("status", "state"),
    "body": ("description", "details"),
    "assignee": ("owner", "assignee", "assigned_to", "agent"),
    "priority": ("priority",),
    "labels": ("tags", "labels"),
    "depends_on": ("dependencies", "depends_on", "blocked_by", "deps", "depends"),
    "criteria": ("exit_criteria", "acceptance_criteria", "acceptance", "criteria"),
    "children": ("subtasks", "sub_tasks", "steps", "children", "tasks"),
}
NAME_OF = {word: name for name, words in _NAMES.items() for word in words}


def value_named(node: Mapping, meaning: str) -> tuple[str, Node] | None:
    """Return the name under which a task says something, and the value; None if it does not."""
    return next(
        ((name, each) for name, each in node.values.items() if NAME_OF.get(name) == meaning), None
    )


def says_nothing(nodes: Iterable[Node | None], meaning: str) -> bool:
    """Tell whether there is a task that says of something that it has none."""
    found = (value_named(each, meaning) for each in nodes if isinstance(each, Mapping))
    return any(isinstance(each[1], Scalar) and not each[1].text for each in found if each)


def name_of_group(node: Mapping) -> str:
    """Return what to call a group: its title, else its id."""
    value = node.values.get(label_of_group(node))
    return value.text if isinstance(value, Scalar) else ""


def label_of_group(node: Mapping) -> str:
    """Return the name of the value that a group is called by, '' if it has none."""
    for name in ("title", "name", "id"):
        value = node.values.get(name)
        if isinstance(value, Scalar) and value.text:
            return name
    return ""
