"""Which labels the tasks of a project have or had, in SQL; those that are gone do no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.core.model import Task
    from kanban_sync.stores.transactions import Transaction

LEARN = "INSERT INTO labels (project, label) VALUES (?, ?) ON CONFLICT DO NOTHING"
KNOWN = "SELECT label FROM labels WHERE project = ?"


def learn(db: Transaction, project: str, tasks: Iterable[Task]) -> None:
    """Let the labels of tasks that are written be known."""
    found = {label for task in tasks for label in task.labels}
    db.executemany(LEARN, [(project, label) for label in sorted(found)])


def known(db: Transaction, project: str) -> list[str]:
    """Return all labels."""
    return [label for (label,) in db.execute(KNOWN, (project,))]
