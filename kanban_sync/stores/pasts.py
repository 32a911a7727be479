"""The claims of tasks that a merge concerns: who had them, and which of them end with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanban_sync.core.marks import past_of
from kanban_sync.core.model import TaskKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.marks import Past
    from kanban_sync.stores.changes import Changes
    from kanban_sync.stores.transactions import Transaction

EVER_CLAIMED = """
SELECT source, name, agent, assignee_before FROM tasks
 WHERE project = ?1 AND source IN (SELECT value FROM json_each(?2))
   AND name IN (SELECT value FROM json_each(?3)) AND token > 0
"""
CLAIMS = """
SELECT key, data FROM events
 WHERE project = ?1 AND key IN (SELECT value FROM json_each(?2)) AND kind = 'claimed'
"""

END_CLAIMS = """
UPDATE tasks SET agent = '', orchestrator = '', expires = 0, said_then = NULL
 WHERE project = ? AND agent <> '' AND status IN ('done', 'cancelled', 'orphaned')
"""
"""A claim of what is over is over with it, and does not come back should a file open that again."""

FORGET_BEFORE = """
UPDATE tasks SET assignee_before = NULL WHERE project = ? AND source = ? AND name = ?
"""


def read(db: Transaction, project: str, keys: Sequence[TaskKey]) -> dict[TaskKey, Past]:
    """Return what is known of the claims of these tasks, of those that were ever claimed."""
    if not keys:
        return {}
    sources, names = (json.dumps(sorted({key[part] for key in keys})) for part in (1, 2))
    rows = db.execute(EVER_CLAIMED, (project, sources, names)).fetchall()
    found = {TaskKey(project, *row[:2]): row[2:] for row in rows}
    claimers: dict[str, list[str]] = {str(key): [] for key in found}
    if found:
        for key, data in db.execute(CLAIMS, (project, json.dumps(list(claimers)))):
            claimers[key].append(json.loads(data)["agent"])
    return {
        key: past_of(agent, claimers[str(key)], before) for key, (agent, before) in found.items()
    }


def settle(db: Transaction, project: str, changes: Changes) -> None:
    """End the claims of what is over by now, and forget those of what was opened again."""
    if changes.over or changes.turned:
        db.execute(END_CLAIMS, (project,))
    db.executemany(FORGET_BEFORE, list(changes.given_back))
