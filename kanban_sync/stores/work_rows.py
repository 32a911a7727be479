"""The statements of those who work on tasks, and their rows.

What is said of indexes in them, and ``CROSS JOIN``, is for SQLite alone.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.core.claims import Standing
from kanban_sync.core.missions import SOURCE as MILESTONES
from kanban_sync.core.model import TaskKey, Version
from kanban_sync.core.offers import Offer
from kanban_sync.core.order import ANY, rank
from kanban_sync.core.work import Waiting
from kanban_sync.stores.rows import STATUSES, TASKS, task_of

if TYPE_CHECKING:
    from kanban_sync.core.model import Task
    from kanban_sync.core.order import Wanted
    from kanban_sync.stores.rows import Row

TASK_COLUMNS = TASKS.partition("FROM")[0].partition("SELECT")[2]
"""Those that ``task_of`` reads."""

STANDING_COLUMNS = """status, file_status, assignee, agent, orchestrator, token, expires,
       started_at, reason, assignee_before, said_then, status_time, status_commit,
       offered_to, offered_until"""
STANDING_WIDTH = 15
STANDING_COLUMNS_OF_T = ", ".join(f"t.{each.strip()}" for each in STANDING_COLUMNS.split(","))

STANDING = """
SELECT {columns} FROM tasks WHERE project = ? AND source = ? AND name = ?
""".replace("{columns}", STANDING_COLUMNS)

PUT = """
UPDATE tasks SET status = ?1, assignee = ?2, agent = ?3, orchestrator = ?4, token = ?5,
       expires = ?6, started_at = ?7, reason = ?8, assignee_before = ?9, said_then = ?10,
       status_time = ?11, status_commit = ?12, offered_to = ?13, offered_until = ?14,
       word = CASE ?1 WHEN status THEN word WHEN file_status THEN file_word ELSE '' END
 WHERE project = ?15 AND source = ?16 AND name = ?17
"""

ALL = f"{TASK_COLUMNS}, {STANDING_COLUMNS}"
ENTRY = "SELECT {all} FROM tasks WHERE project = ? AND source = ? AND name = ?".replace(
    "{all}", ALL
)
ENTRIES = "SELECT {all} FROM tasks WHERE project = ? ORDER BY path, position, source, name".replace(
    "{all}", ALL
)

CLOSED_ABOVE = """
SELECT 1 FROM tasks AS a
 WHERE a.project = t.project AND a.source = t.parent_source AND a.name = t.parent_name
   AND (a.status IN ('done', 'cancelled', 'orphaned') OR a.is_waiting = 1
        OR (a.agent || '' NOT IN ('', ?2) AND a.expires > ?3))
 LIMIT 1 OFFSET 0
"""
"""What a task stands below is over or waits, and its parts with it, or somebody else has it.

The offset lets PostgreSQL look this up for one task after the other, not for all there are. What is
put together is in no index: by that of the claims it would go through all of them.
"""

# Without being told, SQLite goes through the whole project.
FURTHER_DOWN = """below CROSS JOIN tasks AS d INDEXED BY tasks_below
        ON d.project = c.project AND d.parent_source = c.source AND d.parent_name = below.name"""
HELD_BELOW = """
SELECT 1 FROM tasks AS c INDEXED BY tasks_below
 WHERE c.project = t.project AND c.parent_source = t.source AND c.parent_name = t.name
   AND c.parent_name IS NOT NULL
   AND EXISTS (
WITH RECURSIVE below (name, agent, expires) AS (
    SELECT c.name, c.agent, c.expires
     UNION
    SELECT d.name, d.agent, d.expires FROM {further}
)
SELECT 1 FROM below WHERE agent NOT IN ('', ?2) AND expires > ?3 LIMIT 1 OFFSET 0)
 LIMIT 1 OFFSET 0
""".replace("{further}", FURTHER_DOWN)
"""Somebody else has what stands below a task, at any depth.

Most have nothing below them, and for those it takes but a look into an index.
"""

READY = """
SELECT {all}, t.waited_for
  FROM tasks AS t{index}
 WHERE t.project = ?1
   {wanted}
   AND t.is_waiting = 0
   {state}
   AND NOT EXISTS ({above})
   AND NOT EXISTS ({below})
 ORDER BY {first}t.waited_for DESC, t.rank, t.path, t.position, t.source, t.name
 LIMIT ?4
"""

HAS_OFFER = """
EXISTS (SELECT 1 FROM tasks AS o INDEXED BY tasks_offered
         WHERE o.project = ?1 AND o.offered_to <> '' AND o.offered_to = ?2 AND o.offered_until > ?3
         LIMIT 1 OFFSET 0)
"""

BEGUN = """t.source = '{source}' AND t.status = 'in_progress' AND t.agent = ''""".replace(
    "{source}", MILESTONES
)
IS_BEGUN = """({begun} AND EXISTS (
       SELECT 1 FROM needs AS p
        WHERE p.project = t.project AND p.source = t.source AND p.name = t.name AND p.lenient > 3
        LIMIT 1 OFFSET 0))""".replace("{begun}", BEGUN)
"""A milestone is in progress by its tasks alone: it is to do once they are done."""

HAS_BEGUN = """
EXISTS (SELECT 1 FROM tasks AS t INDEXED BY tasks_begun
         WHERE t.project = ?1 AND {begun} AND t.is_waiting = 0 LIMIT 1 OFFSET 0)
""".replace("{begun}", BEGUN)

FREE = """
SELECT EXISTS (SELECT 1 FROM tasks WHERE project = ?1 AND agent <> '' AND expires <= ?3 LIMIT 1),
       {offer}, {begun}
""".replace("{offer}", HAS_OFFER).replace("{begun}", HAS_BEGUN)
"""Whether a claim ran out, something is offered to the agent, and a milestone may be to do; mostly
nothing is.
"""

FOR_AGENT = """AND t.assignee IN ('', ?2)
   AND (t.offered_to IN ('', ?2) OR t.offered_until <= ?3)"""
TO_DO = f"AND t.status = 'todo' AND t.agent = '' {FOR_AGENT}"
BEGUN_NOW = f"AND {IS_BEGUN} {FOR_AGENT}"
OFFERED = """AND (t.status = 'todo' OR {begun}) AND t.agent = '' AND t.assignee IN ('', ?2)
   AND t.offered_to <> '' AND t.offered_to = ?2 AND t.offered_until > ?3""".replace(
    "{begun}", IS_BEGUN
)
LAPSED_NOW = """AND t.agent <> '' AND t.expires <= ?3 AND t.status IN ('todo', 'in_progress')
   AND coalesce(t.assignee_before, t.assignee) IN ('', ?2)"""
INDEXES = {OFFERED: " INDEXED BY tasks_offered", BEGUN_NOW: " INDEXED BY tasks_begun"}
"""By the order in which tasks are handed out, all that is ready would be gone through."""

UNIT = "AND t.is_unit = 1"
TAGS = """
   AND EXISTS (SELECT 1 FROM json_each(t.labels)
                WHERE value IN (SELECT value FROM json_each(?5)))"""
PRIORITY = " AND t.rank = ?8"
SOURCES = " AND t.source IN (SELECT value FROM json_each(?7))"
PARENT = "AND t.parent_source = ?9 AND t.parent_name = ?10"
OF_MILESTONE = """AND (t.source, t.name) IN (
       SELECT m.source, m.name FROM (
              SELECT p.on_source AS source, p.on_name AS name FROM needs AS p
               WHERE p.project = ?1 AND p.source = ?9 AND p.name = ?10 AND p.lenient > 3
               UNION ALL
              SELECT s.source, s.name FROM tasks AS s INDEXED BY tasks_below
               WHERE s.project = ?1 AND s.parent_source = ?9 AND s.parent_name = ?10
                 AND s.parent_name IS NOT NULL
               LIMIT 1000000000) AS m)"""
"""What is to be done for a milestone stands in other files; each is looked up by its key, for which
SQLite has to find them first: that is what the limit is for.
"""
PARTS = """
SELECT on_source, on_name FROM needs
 WHERE project = ? AND source = ? AND name = ? AND lenient > 3
"""
SUITS = """
   AND {not} (t.labels = '[]' OR EXISTS (SELECT 1 FROM json_each(t.labels)
                WHERE value IN (SELECT value FROM json_each(?6))))"""

IS_UNMET = """
CASE WHEN n.lenient > 7 THEN false
     WHEN b.status IS NULL THEN n.lenient IN (0, 2)
     WHEN b.status NOT IN ('done', 'cancelled') THEN n.lenient < 4 OR b.status <> 'orphaned'
     ELSE n.lenient IN (2, 3, 6, 7) AND b.path <> ''
          AND (b.branch <> '' OR b.file_status NOT IN ('done', 'cancelled')) END
"""
"""Whether what is needed is still to come, by the bits of ``lenient``."""

LENIENT, STRICT, PART, LOOSE = 1, 2, 4, 8
"""The bits: what ``Edge`` tells by ``lenient``, ``is_strict``, ``is_part`` and ``is_loose``."""

WAITS_FOR = """
SELECT n.word, n.on_source, n.on_name, b.status, n.lenient > 3 FROM needs AS n
  LEFT JOIN tasks AS b
    ON b.project = n.project AND b.source = n.on_source AND b.name = n.on_name
 WHERE n.project = ? AND n.source = ? AND n.name = ?
   AND {unmet}
 ORDER BY n.word
""".replace("{unmet}", IS_UNMET)

ALL_WAITS = WAITS_FOR.replace("SELECT n.word", "SELECT n.source, n.name, n.word").replace(
    " AND n.source = ? AND n.name = ?", ""
)

ABOVE = "SELECT parent_source, parent_name FROM tasks WHERE project = ? AND source = ? AND name = ?"

BELOW = """
WITH RECURSIVE below (source, name) AS (
    SELECT source, name FROM tasks INDEXED BY tasks_below
     WHERE project = ?1 AND parent_source = ?2 AND parent_name = ?3
     UNION
    SELECT t.source, t.name FROM below CROSS JOIN tasks AS t INDEXED BY tasks_below
        ON t.project = ?1 AND t.parent_source = below.source AND t.parent_name = below.name
)
SELECT t.source, t.name, {columns} FROM below CROSS JOIN tasks AS t
    ON t.project = ?1 AND t.source = below.source AND t.name = below.name
 WHERE {which}
 ORDER BY t.source, t.name
"""
CLAIMED_BELOW = BELOW.replace("{columns}", STANDING_COLUMNS_OF_T).replace(
    "{which}", "t.agent <> ''"
)
STATUSES_BELOW = BELOW.replace("{columns}", "t.status").replace("{which}", "true")

OF_SILENT = """orchestrators AS o CROSS JOIN tasks AS t INDEXED BY tasks_of_orchestrator
    ON t.project = o.project AND t.orchestrator = o.instance_id AND t.orchestrator <> ''"""
LAPSED = """
SELECT t.source, t.name, t.orchestrator, t.expires <= ?2, {columns}
  FROM tasks AS t INDEXED BY tasks_claimed
 WHERE t.project = ?1 AND t.agent <> '' AND t.expires <= ?2
 UNION ALL
SELECT t.source, t.name, t.orchestrator, t.expires <= ?2, {columns}
  FROM {of_silent}
 WHERE o.project = ?1 AND o.last_heartbeat < ?3 AND t.expires > ?2
 ORDER BY 1, 2
""".replace("{columns}", STANDING_COLUMNS_OF_T).replace("{of_silent}", OF_SILENT)
"""Each half by an index of its own: there are as many claims as agents, and mostly none to take."""

IS_WAITED_FOR = """
CASE WHEN EXISTS (SELECT 1 FROM needs AS n INDEXED BY needs_on
          JOIN tasks AS w ON w.project = n.project AND w.source = n.source AND w.name = n.name
         WHERE n.project = tasks.project AND n.on_source = tasks.source AND n.on_name = tasks.name
           AND n.lenient < 4 AND w.status NOT IN ('done', 'cancelled', 'orphaned'))
THEN 1 ELSE 0 END
"""
"""A milestone waits for all of its tasks alike, so that none of them comes first for it."""
UNMET = """
EXISTS (SELECT 1 FROM needs AS n
          LEFT JOIN tasks AS b
            ON b.project = n.project AND b.source = n.on_source AND b.name = n.on_name
         WHERE n.project = tasks.project AND n.source = tasks.source AND n.name = tasks.name
           {which}AND {unmet})
""".replace("{unmet}", IS_UNMET)
IS_WAITING = "CASE WHEN {any} THEN 1 ELSE 0 END".replace("{any}", UNMET.replace("{which}", ""))
BEHIND = """AND n.word >= coalesce((SELECT max(o.word) FROM needs AS o
                WHERE o.project = ?1 AND o.on_source = ?2 AND o.on_name = ?3
                  AND o.source = tasks.source AND o.name = tasks.name), '') """
IS_WAITING_YET = "CASE WHEN {behind} THEN 1 WHEN {any} THEN 1 ELSE 0 END".replace(
    "{behind}", UNMET.replace("{which}", BEHIND)
).replace("{any}", UNMET.replace("{which}", ""))
"""The same once one of many has turned. All before it may be done, and would be looked at in vain;
from it on, whatever the order in which they are done, one that is open is mostly near.
"""
RECKON_ALL = (
    """
    UPDATE tasks SET waited_for = 1 - waited_for WHERE project = ? AND waited_for <> {is}
    """.replace("{is}", IS_WAITED_FOR),
    """
    UPDATE tasks SET is_waiting = 1 - is_waiting WHERE project = ? AND is_waiting <> {is}
    """.replace("{is}", IS_WAITING),
)
"""Reckon for all tasks of a project which are waited for, and which wait."""


NEEDED = """
    UPDATE tasks SET waited_for = 1 - waited_for
     WHERE project = ?1 AND waited_for <> {is}
       AND (source, name) IN (SELECT on_source, on_name FROM needs
                               WHERE project = ?1 AND source = ?2 AND name {which})
"""
NEEDING = """
    UPDATE tasks SET is_waiting = 1 - is_waiting
     WHERE project = ?1 AND is_waiting <> {is}
       AND (source, name) IN (SELECT source, name FROM needs
                               WHERE project = ?1 AND on_source = ?2 AND on_name {which})
"""
RECKON = (
    NEEDED.replace("{is}", IS_WAITED_FOR).replace("{which}", "= ?3"),
    NEEDING.replace("{is}", IS_WAITING_YET).replace("{which}", "= ?3"),
)
"""Reckon the same for what a task needs, and for what needs it."""

_LISTED = "IN (SELECT value FROM json_each(?3))"
RECKON_MANY = (
    NEEDED.replace("{is}", IS_WAITED_FOR).replace("{which}", _LISTED),
    NEEDING.replace("{is}", IS_WAITING).replace("{which}", _LISTED),
)
"""Reckon the same for tasks of one source, once for each that needs any number of them."""


_NUMBER = re.compile(r"\?(\d+)")


@lru_cache(maxsize=64)
def ready(wanted: Wanted, state: str, *, suits: bool | None) -> tuple[str, int]:
    """Return the statement that finds what is ready, and how many parameters it takes.

    Args:
        wanted: Which tasks; its values are parameters of the statement.
        state: ``TO_DO``, ``OFFERED`` for those that are offered to the agent, ``LAPSED_NOW`` for
            those whose claim ran out, or ``BEGUN_NOW`` for milestones: each has its index.
        suits: Only those that it prefers, or only the others; None for both.
    """
    parent = wanted.parent
    below = OF_MILESTONE if parent is not None and parent.source == MILESTONES else PARENT
    conditions = [UNIT if parent is None else below]
    conditions += [TAGS] if wanted.tags else []
    conditions += [PRIORITY] if wanted.priority else []
    conditions += [SOURCES] if wanted.sources else []
    if suits is not None:
        conditions.append(SUITS.replace("{not}", "" if suits else "NOT"))
    statement = READY
    for name, part in (
        ("{all}", ALL),
        ("{above}", CLOSED_ABOVE),
        ("{below}", HELD_BELOW),
        ("{state}", state),
        ("{index}", INDEXES.get(state, "")),
        ("{first}", "t.offered_until, " if state is OFFERED else ""),
        ("{wanted}", "\n   ".join(conditions)),
    ):
        statement = statement.replace(name, part)
    return statement, max(int(number) for number in _NUMBER.findall(statement))


def ready_parameters(
    project: str, wanted: Wanted, agent: str, now: float, limit: int
) -> tuple[object, ...]:
    """Return the parameters of ``ready``, of which it takes the first ones."""
    found = (project, agent, now, limit)
    if wanted is ANY:
        return found
    listed = (json.dumps(sorted(each)) for each in (wanted.tags, wanted.prefers, wanted.sources))
    parent = wanted.parent
    of_parent = (parent.source, parent.name) if parent else ("", "")
    return (*found, *listed, rank(wanted.priority), *of_parent)


def standing_of(row: Row) -> Standing:
    """Read back the columns of ``STANDING``."""
    (status, file_status, assignee, agent, orchestrator, token, expires, started_at, reason,
     before, said, time, commit, *offer) = row  # fmt: skip
    return Standing(
        STATUSES[status],
        STATUSES.get(file_status),
        assignee,
        agent,
        orchestrator,
        token,
        expires,
        started_at,
        reason,
        before,
        STATUSES.get(said),
        Version(time, commit),
        Offer(*offer),
    )


def put_row(key: TaskKey, standing: Standing) -> Row:
    """Return the parameters of ``PUT``."""
    status, _, *rest, version, offer = standing
    return (status, *rest, *version, *offer, *key)


def both_of(project: str, row: Row) -> tuple[Task, Standing]:
    """Read back a row of ``ENTRY``."""
    return task_of(project, row[:-STANDING_WIDTH]), standing_of(row[-STANDING_WIDTH:])


def ready_of(project: str, row: Row) -> tuple[Task, Standing, bool]:
    """Read back a row of ``ready``; the last tells whether others wait for the task."""
    return (*both_of(project, row[:-1]), bool(row[-1]))


def waiting_of(project: str, row: Row) -> Waiting:
    """Read back a row of ``WAITS_FOR``."""
    word, source, name, status, is_part = row
    if status is None:
        return Waiting(word, None, None)
    return Waiting(word, TaskKey(project, source, name), STATUSES[status], bool(is_part))
