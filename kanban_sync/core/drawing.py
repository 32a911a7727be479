"""From tasks to cards: which task gets a card, where it stands, and what is written on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.board import (
    AGENT_LABEL,
    ARCHIVED_WORD,
    LIST_NAME_LIMIT,
    NAME_LIMIT,
    ROOT_FIELD,
    STATUS_LABELS,
    Card,
    CardVersion,
    Checklist,
    Column,
    Item,
    digest,
    fit,
    storable,
)
from kanban_sync.core.model import Status, Task, TaskKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DRAWING = 1
"""Raised whenever a release draws the same tasks as another card; part of the mark."""

COLUMN_OF: Mapping[Status, Column] = {
    Status.BACKLOG: Column.BACKLOG,
    Status.TODO: Column.TODO,
    Status.PLANNING: Column.PLANNING,
    Status.IN_PROGRESS: Column.IN_PROGRESS,
    Status.BLOCKED: Column.IN_PROGRESS,
    Status.REVIEW: Column.REVIEW,
    Status.DONE: Column.DONE,
    Status.FAILED: Column.REVIEW,
    Status.CANCELLED: Column.ARCHIVE,
    Status.ORPHANED: Column.ARCHIVE,
}


def column_of(status: Status) -> Column:
    """Return the column in which a task with this status stands."""
    return COLUMN_OF[status]


def mark_of(settings: Sequence[str] = ()) -> str:
    """Return the rendering mark: which release and which mapping draws the cards."""
    return digest([DRAWING, *settings])[:8]


def cards_of(tasks: Iterable[Task]) -> list[Card]:
    """Draw one card for each task without a parent; those below it become its task lists.

    Parents and children may come in any order; the cards are in the order of their tasks' paths
    and positions.
    """
    parents: list[Task] = []
    below: dict[TaskKey, list[Task]] = {}
    for task in sorted(tasks, key=lambda each: (each.path, each.position, each.key)):
        if task.parent is None:
            parents.append(task)
        else:
            below.setdefault(task.parent, []).append(task)
    return [_card(parent, _descendants(parent, below)) for parent in parents]


def _descendants(task: Task, below: Mapping[TaskKey, list[Task]]) -> list[Task]:
    found: list[Task] = []
    for child in below.get(task.key, []):
        found += [child, *_descendants(child, below)]
    return found


def _card(parent: Task, children: Sequence[Task]) -> Card:
    living = [child for child in children if child.status is not Status.ORPHANED]
    labels = {AGENT_LABEL}
    if parent.status in STATUS_LABELS:
        labels.add(STATUS_LABELS[parent.status])
    labels |= {fit(root, LIST_NAME_LIMIT) for name, root in parent.fields if name == ROOT_FIELD}
    return Card(
        key=parent.key,
        title=fit(parent.title, NAME_LIMIT),
        text=storable(parent.body).strip(),
        column=column_of(parent.status),
        labels=frozenset(labels),
        checklists=_checklists(parent, living),
        version=CardVersion(
            max([parent.text_version, *(child.text_version for child in children)]),
            max([parent.status_version, *(child.status_version for child in children)]),
        ),
        evident=parent.word == ARCHIVED_WORD,
    )


def _checklists(parent: Task, children: Sequence[Task]) -> tuple[Checklist, ...]:
    groups: dict[str, list[Item]] = {}
    for child in children:
        own = child.key.name.removeprefix(f"{parent.key.name}#")
        title = child.group if child.group and child.group != parent.group else "Tasks"
        item = Item(own, fit(child.title, NAME_LIMIT), child.status.is_over)
        groups.setdefault(fit(title, LIST_NAME_LIMIT), []).append(item)
    return tuple(Checklist(title, tuple(items)) for title, items in groups.items())
