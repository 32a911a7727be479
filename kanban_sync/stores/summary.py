"""How much a database holds, project by project: for whoever looks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kanban_sync.stores.transactions import Database

COUNTS = """
SELECT project, sum(tasks), sum(events) FROM (
       SELECT project, count(*) AS tasks, 0 AS events FROM tasks GROUP BY project
        UNION ALL SELECT project, 0, count(*) FROM events GROUP BY project) AS counted
 GROUP BY project ORDER BY project
"""


class ProjectCounts(NamedTuple):
    """One project in a database."""

    project: str
    tasks: int
    events: int


def project_counts(database: Database) -> tuple[ProjectCounts, ...]:
    """Count what each project has, in the order of their ids."""
    with database.reading() as db:
        return tuple(
            ProjectCounts(project, int(tasks), int(events))
            for project, tasks, events in db.execute(COUNTS)
        )
