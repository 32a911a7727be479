"""How transactions begin in PostgreSQL: where they look, what they hold, and how long they wait."""

from __future__ import annotations

from kanban_sync.stores.postgres_errors import PATIENCE, SLEEP
from kanban_sync.stores.postgres_migrations import LOCKS

OURS = "SET LOCAL search_path TO kanban_sync"

STATEMENT = 50
"""Seconds that a statement may take, unless the role or the URL says otherwise.

More than anybody waits for others, and less than a server is waited for that says nothing: so none
goes on for somebody who has gone. Within the transaction alone, since a pooler keeps nothing else.
"""

HOW = f"""
set_config('jit', 'off', true),
set_config('statement_timeout',
           coalesce(nullif(current_setting('statement_timeout'), '0'), '{STATEMENT}s'), true)
"""
"""How each statement is carried out.

To compile one takes tens of milliseconds of a processor, in each process anew, and the planner
thinks it worth them as soon as a table has statistics: it reckons with all rows of what is left
after the first that suits.
"""

READING = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    f"""SELECT set_config('search_path', 'kanban_sync', true),
               set_config('lock_timeout', '{PATIENCE}s', true),
               {HOW}""",
)
"""Who reads waits for nobody, unless a whole table is locked: by a backup, or a repair.

To be sent along with the first statement, which spares a journey.
"""

SETTLING = ("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", READING[1])
"""The same, for what is not to be of one state."""

WORK = f"""
BEGIN ISOLATION LEVEL READ COMMITTED; {OURS};
SET LOCAL lock_timeout = '{PATIENCE}s';
SET LOCAL idle_in_transaction_session_timeout = '60s'; SELECT {HOW}
"""
"""Whoever is put to sleep while he writes loses his locks after a minute.

To merge what files say takes a while between two statements.
"""

SLEEPING = f"SET LOCAL idle_in_transaction_session_timeout = '{SLEEP}s'"
"""For work on tasks, which takes no while."""

BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    f"""SELECT set_config('search_path', 'kanban_sync', true),
               set_config('lock_timeout', '{PATIENCE}s', true),
               set_config('idle_in_transaction_session_timeout', '{SLEEP}s', true),
               set_config('plan_cache_mode', 'force_generic_plan', true),
               {HOW}""",
)
"""The same, to be sent along with the first statement.

To plan a claim takes longer than to carry it out, and its plan is the same for all values.
"""

TOGETHER = f"SELECT pg_advisory_xact_lock_shared({LOCKS}, {{0}})"

COMING = """
SELECT pg_advisory_xact_lock_shared(({0}::bigint << 32) | (coalesce(max(id), 0) & 4294967295))
  FROM events
"""
"""Tell others that events of this project are coming, with ids above those that there are.

Ids are drawn by many at once, and not committed in their order: whoever reads the events stops at
the lowest mark, lest a later one hides those that come after it.
"""

WRITE = f"{WORK}; SELECT pg_advisory_xact_lock({LOCKS}, {{0}}); {COMING}"
