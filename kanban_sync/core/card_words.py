"""The words of a card that are ours: the block in its description, and the lines of task lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.columns import NAME_LIMIT, ROOT_FIELD, fit, storable
from kanban_sync.core.links import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.model import Task


def block_of(task: Task, links: str) -> str:
    """Return a task's block: its body, its values with and without a place, and the links."""
    others = (f"**{name}**: {value}" for name, value in task.fields if name != ROOT_FIELD)
    said = (task.body, *_values(task), *others)
    words = (storable(text).strip() for text in said)
    return "\n\n".join(part for part in (*words, links) if part)


def line_of(task: Task) -> str:
    """Return what stands in a task list: the title, and whose it is, unless the title says so.

    A line has no description; what it says has to be short.
    """
    person = _person(task.assignee) if task.assignee else ""
    words = task.title if person in task.title else f"{task.title} ({person})"
    return fit(words, NAME_LIMIT)


def _values(task: Task) -> Iterator[str]:
    """Yield a line for each value that the model has a place for."""
    said = {
        "Priority": task.priority,
        "Assignee": _person(task.assignee),
        "Tags": ", ".join(task.labels),
        "Depends on": ", ".join(task.depends_on),
    }
    for name, value in said.items():
        if not value:
            continue
        # One line each, whatever the file has there: none of it is taken for a mark of Markdown.
        words = escaped(" ".join(storable(value).split()))
        if words:
            yield f"**{name}**: {words}"


def _person(name: str) -> str:
    """Return a name as people write it; one of several words is a person's, or more than one."""
    return f"@{name}" if name and len(name.split()) == 1 else name
