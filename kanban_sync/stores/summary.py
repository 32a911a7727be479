"""How much a database holds of one project: for whoever looks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kanban_sync.stores.transactions import Database

COUNTS = """
SELECT (SELECT count(*) FROM tasks WHERE project = ?1),
       (SELECT count(*) FROM events WHERE project = ?1)
"""


class ProjectCounts(NamedTuple):
    """One project in a database."""

    project: str
    tasks: int
    events: int


def project_counts(database: Database, project: str) -> ProjectCounts:
    """Count what a project has; what others keep in the same database is theirs to know."""
    with database.reading() as db:
        ((tasks, events),) = db.execute(COUNTS, (project,))
        return ProjectCounts(project, int(tasks), int(events))
