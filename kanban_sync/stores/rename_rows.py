"""The statements by which a task is given another key, and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.stores.rows import Row

RENAME = """
UPDATE tasks SET source = ?1, name = ?2, title = ?3, parent_source = ?4, parent_name = ?5,
       "group" = ?6, number = ?7, path = ?8, position = ?9, line = ?10
 WHERE project = ?11 AND source = ?12 AND name = ?13
"""
NEEDING_WHOLE = """
SELECT source, name, depends_on FROM tasks
 WHERE project = ?1 AND path = ''
   AND EXISTS (SELECT 1 FROM json_each(depends_on) WHERE value = ?2)
"""
PUT_NEEDS = "UPDATE tasks SET depends_on = ? WHERE project = ? AND source = ? AND name = ?"
BASES = """
SELECT target, said FROM bases AS o WHERE project = ?1 AND source = ?2 AND name = ?3
   AND NOT EXISTS (SELECT 1 FROM bases AS n WHERE n.target = o.target
                      AND n.project = ?4 AND n.source = ?5 AND n.name = ?6)
"""
RENAME_BASE = """
UPDATE bases SET source = ?, name = ?, said = ?, settled = ''
 WHERE target = ? AND project = ? AND source = ? AND name = ?
"""
RENAME_EVENTS = "UPDATE events SET key = ? WHERE project = ? AND key = ?"


def renamed_row(key: TaskKey, task: Task) -> Row:
    """Return the parameters of ``RENAME``."""
    _, source, name = task.key
    _, *parent = task.parent or (None, None, None)
    place = (task.group, task.number, task.path, task.position, task.line)
    return (source, name, task.title, *parent, *place, *key)
