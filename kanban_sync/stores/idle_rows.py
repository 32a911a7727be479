"""The statements of monitors and of agents that wait, and their rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanban_sync.core.assignment import Idle, Leader
from kanban_sync.core.order import Wanted
from kanban_sync.stores.work_rows import IS_BEGUN

if TYPE_CHECKING:
    from kanban_sync.stores.rows import Row

LEADER = "SELECT monitor, token, since, expires FROM monitors WHERE project = ?"
NO_LEADER = """
INSERT INTO monitors (project, monitor, token, since, expires) VALUES (?, '', 0, 0, 0)
ON CONFLICT (project) DO NOTHING
"""
"""What can be held then, also where nobody ever led."""

PUT_LEADER = """
UPDATE monitors SET monitor = ?, token = ?, since = ?, expires = ? WHERE project = ?
"""

IDLE = """
SELECT agent, wanted, orchestrator, since, seen FROM idle_agents
 WHERE project = ?1 AND seen > ?2 AND seen > offered_until
   AND agent NOT IN (SELECT agent FROM tasks
                      WHERE project = ?1 AND agent <> '' AND expires > ?3)
 ORDER BY since, agent
"""
PUT_IDLE = """
INSERT INTO idle_agents AS i (project, agent, wanted, orchestrator, since, seen, offered_until)
VALUES (?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (project, agent) DO UPDATE SET
       wanted = excluded.wanted, orchestrator = excluded.orchestrator, seen = excluded.seen,
       since = CASE WHEN i.since < excluded.since THEN i.since ELSE excluded.since END
"""
NOTE_OFFER = "UPDATE idle_agents SET offered_until = ? WHERE project = ? AND agent = ?"
FORGET_IDLE = "DELETE FROM idle_agents WHERE project = ? AND (agent = ? OR seen <= ?)"

OFFERED_TO = """
SELECT source, name FROM tasks INDEXED BY tasks_offered
 WHERE project = ? AND offered_to <> '' AND offered_to = ? AND offered_until > ?
 ORDER BY source, name
"""

CLAIMS = """
SELECT orchestrator, count(*) FROM tasks INDEXED BY tasks_claimed
 WHERE project = ? AND agent <> '' AND expires > ? AND orchestrator <> ''
 GROUP BY orchestrator
"""

DEPTH = """
SELECT count(*), coalesce(min(nullif(since, 0)), 0) FROM (
    SELECT t.status_time AS since FROM tasks AS t INDEXED BY tasks_to_claim
     WHERE t.project = ?1 AND t.is_unit = 1 AND t.is_waiting = 0 AND t.status = 'todo'
       AND t.agent = '' AND t.assignee = ''
     UNION ALL
    SELECT t.status_time FROM tasks AS t INDEXED BY tasks_begun
     WHERE t.project = ?1 AND t.is_waiting = 0 AND {begun} AND t.assignee = '') AS ready
""".replace("{begun}", IS_BEGUN)


def leader_of(row: Row | None) -> Leader:
    """Read back a row of ``LEADER``."""
    return Leader(*row) if row else Leader()


def idle_row(project: str, idle: Idle) -> Row:
    """Return the parameters of ``PUT_IDLE``."""
    wanted = idle.wanted
    said = {
        "prefers": sorted(wanted.prefers),
        "tags": sorted(wanted.tags),
        "priority": wanted.priority,
        "sources": sorted(wanted.sources),
    }
    return (project, idle.agent, json.dumps(said), idle.orchestrator, idle.since, idle.seen)


def idle_of(row: Row) -> Idle:
    """Read back a row of ``IDLE``."""
    agent, wanted, *rest = row
    said = json.loads(wanted)
    return Idle(
        agent,
        Wanted(
            frozenset(said["prefers"]),
            frozenset(said["tags"]),
            said["priority"],
            frozenset(said["sources"]),
        ),
        *rest,
    )
