"""How agents work on tasks in a PostgreSQL database: many at once, each holding what it writes to.

Who claims the next task passes over those that others are holding. Whoever writes to several tasks
holds them in the order of their keys before it decides, and not while somebody merges; so nobody
waits in a circle, and what depends on several tasks is reckoned by one after the other.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.model import TaskKey
from kanban_sync.core.order import order
from kanban_sync.core.work import entry_of
from kanban_sync.stores import idle_rows, work_rows
from kanban_sync.stores.changes import to_json
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.postgres_begin import COMING, SLEEPING
from kanban_sync.stores.postgres_database import lock_of
from kanban_sync.stores.rows import TELL
from kanban_sync.stores.sql_work import PUT_ORCHESTRATOR, SqlDesk
from kanban_sync.stores.working import Working

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.assignment import Leader
    from kanban_sync.core.claims import Standing, Told
    from kanban_sync.core.model import Task
    from kanban_sync.core.order import Wanted
    from kanban_sync.core.work import Entry, Orchestrator
    from kanban_sync.stores.desk import Desk
    from kanban_sync.stores.postgres_database import PostgresDatabase, PostgresTransaction
    from kanban_sync.stores.rows import Row

TRIES = 10
"""How often the next task is looked for anew, because others got it or a part of it."""

PASS_OVER, WAIT = "FOR UPDATE OF t SKIP LOCKED", "FOR UPDATE OF t"

HOLD = "SELECT 1 FROM tasks WHERE project = ?1 AND source = ?2 AND name = ?3 FOR UPDATE"

HOLD_SEVERAL = """
WITH RECURSIVE held (source, name) AS (
    SELECT source COLLATE "C", name COLLATE "C"
      FROM unnest(?2::text[], ?3::text[]) AS each (source, name)
), above (source, name) AS (
    SELECT source, name FROM held
     UNION
    SELECT t.parent_source, t.parent_name FROM above JOIN tasks AS t USING (source, name)
     WHERE t.project = ?1 AND t.parent_name IS NOT NULL
), below (source, name) AS (
    SELECT source, name FROM held
     UNION
    SELECT t.source, t.name FROM below JOIN tasks AS t
        ON t.parent_source = below.source AND t.parent_name = below.name
     WHERE t.project = ?1
), wanted (source, name) AS (
    SELECT source, name FROM above
     UNION
    SELECT source, name FROM below
     UNION
    SELECT n.on_source, n.on_name FROM held JOIN needs AS n USING (source, name)
     WHERE n.project = ?1
     UNION
    SELECT n.source, n.name FROM held JOIN needs AS n
        ON n.on_source = held.source AND n.on_name = held.name
     WHERE n.project = ?1
)
SELECT 1 FROM tasks AS t JOIN wanted USING (source, name)
 WHERE t.project = ?1 ORDER BY t.source, t.name FOR UPDATE OF t
"""

HAS_FAMILY = """
(t.parent_name IS NOT NULL OR EXISTS (
    SELECT 1 FROM tasks AS c
     WHERE c.project = t.project AND c.parent_source = t.source AND c.parent_name = t.name
     LIMIT 1 OFFSET 0))
"""
"""The offset is for what ``CLOSED_ABOVE`` says; without it all tasks are read for each claim."""

OTHERS_LAPSED = """
EXISTS (SELECT 1 FROM tasks AS c
         WHERE c.project = ?1 AND c.agent <> '' AND c.expires <= ?3 LIMIT 1 OFFSET 0)
"""

ONE_BY_ONE = """below, LATERAL (
        SELECT * FROM tasks WHERE project = c.project AND parent_source = c.source
           AND parent_name = below.name OFFSET 0) AS d"""
"""``FURTHER_DOWN`` where the server does not know yet how few there are, and would read all."""

OF_SILENT_ONE_BY_ONE = """orchestrators AS o, LATERAL (
        SELECT * FROM tasks WHERE project = o.project AND orchestrator = o.instance_id
           AND orchestrator <> '' OFFSET 0) AS t"""
"""``OF_SILENT``, for the same reason: it would go through all claims of all orchestrators."""

STARTED = "extract(epoch FROM pg_postmaster_start_time())::double precision"
"""Since when the server has been there, in seconds since 1970 by its clock.

It is asked along with the rest: a pooler keeps connections that began before.
"""

IS_CLEAR = """
SELECT 1 FROM tasks AS t WHERE t.project = ?1 AND t.source = ?4 AND t.name = ?5
   AND NOT EXISTS ({above}) AND NOT EXISTS ({below})
""".replace("{above}", work_rows.CLOSED_ABOVE).replace(
    "{below}", work_rows.HELD_BELOW.replace(work_rows.FURTHER_DOWN, ONE_BY_ONE)
)

TELL_FIRST = """
INSERT INTO events (project, at, kind, key, data) SELECT ?, ?, ?, ?, ? FROM ({coming}) AS coming
""".replace("{coming}", COMING)
"""The number of the event is drawn when it is told that one is coming, not before."""

STANDING_AND_ABOVE = work_rows.STANDING.replace("FROM", ", parent_source, parent_name FROM", 1)


def _numbered(query: str) -> str:
    """Return a statement whose parameters are a key's, so that it may stand beside another one."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"?{next(numbers)}", query)


ENTRY_AND_WAITS = """
SELECT e.*, w.* FROM ({entry}) AS e LEFT JOIN ({waits}) AS w ON true ORDER BY w.word
""".replace("{entry}", _numbered(work_rows.ENTRY)).replace(
    "{waits}", _numbered(work_rows.WAITS_FOR)
)
"""Both in one journey: the task stands in each row, and mostly there is one."""

TASKS = "FROM tasks AS t"
FIRST = "WITH first AS MATERIALIZED (SELECT t.* FROM tasks AS t {rest}) {columns} FROM first AS t"

WAITING_WIDTH = 5
"""How many columns ``WAITS_FOR`` has."""

_NUMBER = re.compile(r"\?(\d+)")


class _Held(NamedTuple):
    """The first task of those alike, which is held now."""

    has_family: bool
    others_lapsed: bool
    others_begun: bool
    has_offer: bool
    task: Task
    standing: Standing
    is_waited_for: bool

    def tells_of(self, state: str) -> bool:
        """Tell whether there may be others in a state."""
        return self.others_lapsed if state is work_rows.LAPSED_NOW else self.others_begun

    def order(self) -> tuple[object, ...]:
        """Return what it is sorted by."""
        return order(self.task, is_waited_for=self.is_waited_for)


class PostgresWork(Working):
    """The work on one project's tasks in a PostgreSQL database; usable from any thread."""

    _database: PostgresDatabase

    def clock(self, now: float) -> float:  # noqa: ARG002 - that of the server counts
        """Return the time by the clock of the server: those of the machines differ."""
        with self._database.reading() as db:
            ((time,),) = db.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        return float(time)

    @contextmanager
    def _looking(self) -> Iterator[Desk]:
        with self._database.reading() as db:
            yield PostgresDesk(db, self._project)

    @contextmanager
    def _working(self, reach: Reach = Reach.ONE) -> Iterator[PostgresDesk]:
        is_all, is_one = reach is Reach.ALL, reach is Reach.ONE
        with (
            self._database.writing(self._project)
            if is_all
            else self._database.working(self._project, together=not is_one)
        ) as db:
            if is_all:
                db.later(SLEEPING)
            yield PostgresDesk(db, self._project, reach)


class PostgresDesk(SqlDesk):
    """One transaction, in which others write to the same tables."""

    finds_lapsed = work_rows.LAPSED.replace(work_rows.OF_SILENT, OF_SILENT_ONE_BY_ONE).replace(
        "o.last_heartbeat < ?3", f"o.last_heartbeat < ?3 AND {STARTED} <= ?3"
    )

    tells_start = f"SELECT {STARTED}"

    _db: PostgresTransaction

    def __init__(self, db: PostgresTransaction, project: str, reach: Reach | None = None) -> None:
        """Take the connection, within its transaction; without a reach it only reads."""
        super().__init__(db, project)
        self._reach = reach
        self._tells = reach is Reach.ALL  # Then it is told from the beginning.
        self._above: dict[TaskKey, TaskKey | None] = {}

    def hold(self, key: TaskKey) -> None:
        """Let nobody else write to a task until the end, nor to what the transaction reaches."""
        if self._reach is not None:
            self._hold([key])

    def part(self) -> AbstractContextManager[None]:
        """Do something that is taken back alone if the database refuses it: ``UntakenError``."""
        return self._db.part()

    def standing(self, key: TaskKey) -> Standing | None:
        """Return how a task stands, None if there is none, and remember what it stands below."""
        if key.project != self._project:
            return None
        row = self._db.execute(STANDING_AND_ABOVE, key).fetchone()
        if row is None:
            return None
        *own, source, name = row
        self._above[key] = TaskKey(self._project, source, name) if name is not None else None
        return work_rows.standing_of(tuple(own))

    def above(self, key: TaskKey) -> TaskKey | None:
        """Return the task that one stands below; that changes only with its key."""
        return self._above[key] if key in self._above else super().above(key)

    def entry(self, key: TaskKey) -> Entry:
        """Return a task that is there."""
        rows = self._db.execute(ENTRY_AND_WAITS, key).fetchall()
        waits = [row[-WAITING_WIDTH:] for row in rows]
        return entry_of(
            *work_rows.both_of(self._project, rows[0][:-WAITING_WIDTH]),
            tuple(
                work_rows.waiting_of(self._project, each) for each in waits if each[0] is not None
            ),
        )

    def put(self, key: TaskKey, standing: Standing) -> None:
        """Write how a task stands."""
        self._db.later(work_rows.PUT, work_rows.put_row(key, standing))

    def tell(self, key: TaskKey, told: Sequence[Told], now: float) -> None:
        """Record events of a task."""
        for kind, data in told:
            self._db.wake_others()
            tell = TELL if self._tells else TELL_FIRST.format(lock_of(self._project))
            self._tells = True
            self._db.at_end(tell, (self._project, now, kind, str(key), to_json(data)))

    def reckon(self, key: TaskKey) -> None:
        """Note of all that a task needs, and of all that need it, whether somebody waits."""
        for statement in work_rows.RECKON:
            self._db.later(statement, key)

    def put_orchestrator(self, orchestrator: Orchestrator) -> None:
        """Write how an orchestrator is; last, lest all whom it serves wait for one another."""
        self._db.at_end(PUT_ORCHESTRATOR, (self._project, *orchestrator))

    def first(self, wanted: Wanted, agent: str, now: float) -> tuple[Task, Standing] | None:
        """Return what is to be handed out next, and how it stands, and hold it."""
        for _ in range(TRIES):
            found = self._first(wanted, agent, now, PASS_OVER)
            if found is None and next(iter(self._ready(wanted, agent, now, 1)), None):
                # Others are holding all there is, perhaps for something else than a claim.
                found = self._first(wanted, agent, now, WAIT)
            if found is None:
                return None
            if not found.has_family or self._is_clear(found.task.key, agent, now):
                return found.task, found.standing
        return None

    def lapsed(self, now: float, silent_since: float) -> list[tuple[TaskKey, Standing, str]]:
        """Return claims whose lease ran out, or whose orchestrator is silent, and hold them."""
        found = super().lapsed(now, silent_since)
        if self._reach is None or not found:
            return found
        held = {key for key, _, _ in found}
        self._hold(sorted(held))
        return [each for each in super().lapsed(now, silent_since) if each[0] in held]

    def there_since(self) -> float:
        """Return since when the server has been there."""
        ((started,),) = self._db.execute(self.tells_start)
        return float(started)

    def held_leader(self) -> Leader:
        """Return which monitor leads, and let nobody else be given the lead until the end."""
        self._db.later(idle_rows.NO_LEADER, (self._project,))
        row = self._db.execute(f"{idle_rows.LEADER} FOR UPDATE", (self._project,)).fetchone()
        return idle_rows.leader_of(row)

    def _hold(self, keys: Sequence[TaskKey]) -> None:
        if self._reach is Reach.ONE:
            for key in keys:
                self._db.later(HOLD, key)
        else:
            sources, names = [key.source for key in keys], [key.name for key in keys]
            self._db.later(HOLD_SEVERAL, (self._project, sources, names))

    def _first(self, wanted: Wanted, agent: str, now: float, how: str) -> _Held | None:
        """Hold the first task, by either index of those that are free, and by preference."""
        parameters = work_rows.ready_parameters(self._project, self._spelt(wanted), agent, now, 1)

        def held(state: str, *, suits: bool | None) -> list[_Held]:
            statement, used = holding(wanted, state, how, suits=suits)
            row = self._db.execute(statement, [parameters[n] for n in used]).fetchone()
            return [self._held_of(row)] if row else []

        for suits in (True, False) if wanted.prefers else (None,):
            alike: list[_Held] = []
            for state in work_rows.TO_DO, work_rows.LAPSED_NOW, work_rows.BEGUN_NOW:
                # Mostly there is none, and whatever is to do tells that along with itself.
                if not alike or alike[0].tells_of(state):
                    alike += held(state, suits=suits)
            if any(each.has_offer for each in alike):
                alike = held(work_rows.OFFERED, suits=None) or alike
            if alike:
                return min(alike, key=_Held.order)
        return None

    def _held_of(self, row: Row) -> _Held:
        has_family, others_lapsed, others_begun, has_offer, *rest = row
        found = work_rows.ready_of(self._project, tuple(rest))
        return _Held(has_family, others_lapsed, others_begun, has_offer, *found)

    def _is_clear(self, key: TaskKey, agent: str, now: float) -> bool:
        """Look once more, now that it is held, whether somebody has what is above or below it."""
        parameters = (self._project, agent, now, key.source, key.name)
        return self._db.execute(IS_CLEAR, parameters).fetchone() is not None

    def _found(
        self, statement: str, parameters: Sequence[object]
    ) -> list[tuple[Task, Standing, bool]]:
        compact, used = _compact(statement)
        rows = self._db.execute(compact, [parameters[n] for n in used])
        return [work_rows.ready_of(self._project, row) for row in rows]


@lru_cache(maxsize=64)
def holding(
    wanted: Wanted, state: str, how: str, *, suits: bool | None
) -> tuple[str, tuple[int, ...]]:
    """Return the statement that holds the first task that is ready."""
    statement, _ = work_rows.ready(wanted, state, suits=suits)
    # With a number that it does not know it would be made ready for many rows.
    statement = statement.replace("LIMIT ?4", f"LIMIT 1 {how}")
    # What is told along with the one is not to be found out of all that are passed over.
    columns, _, rest = statement.partition(TASKS)
    along = f"SELECT {HAS_FAMILY}, {OTHERS_LAPSED}, {work_rows.HAS_BEGUN}, {work_rows.HAS_OFFER},"
    columns = columns.replace("SELECT", along, 1)
    return _compact(FIRST.replace("{rest}", rest).replace("{columns}", columns))


@lru_cache(maxsize=64)
def _compact(statement: str) -> tuple[str, tuple[int, ...]]:
    """Return a statement with its parameters renumbered, and which of them it takes.

    PostgreSQL wants to know the type of each, also of those that stand nowhere.
    """
    statement = statement.replace(work_rows.FURTHER_DOWN, ONE_BY_ONE)
    used = sorted({int(number) for number in _NUMBER.findall(statement)})
    numbers = {str(old): f"?{new}" for new, old in enumerate(used, 1)}
    compact = _NUMBER.sub(lambda match: numbers[match[1]], statement)
    return compact, tuple(number - 1 for number in used)
