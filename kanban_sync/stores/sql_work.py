"""How agents work on tasks in SQL: the same statements, whichever database carries them out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanban_sync.core.assignment import Depth
from kanban_sync.core.merge import Kept
from kanban_sync.core.missions import SOURCE as MILESTONES
from kanban_sync.core.model import TaskKey
from kanban_sync.core.order import order, spellings
from kanban_sync.core.ports import Event
from kanban_sync.core.records import said_from_json, said_to_json
from kanban_sync.core.renaming import with_key
from kanban_sync.core.work import Orchestrator, entry_of
from kanban_sync.stores import idle_rows, labels, rename_rows, sql_edges, work_rows
from kanban_sync.stores.changes import to_json
from kanban_sync.stores.rows import STATUSES, WRITE_TASK, row_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kanban_sync.core.assignment import Idle, Leader
    from kanban_sync.core.claims import Standing, Told
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.model import Status, Task
    from kanban_sync.core.order import Wanted
    from kanban_sync.core.work import Entry, Waiting
    from kanban_sync.stores.transactions import Transaction

PUT_ORCHESTRATOR = """
INSERT INTO orchestrators (project, instance_id, started_at, last_heartbeat, agent_count)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (project, instance_id) DO UPDATE SET
       started_at = excluded.started_at, last_heartbeat = excluded.last_heartbeat,
       agent_count = excluded.agent_count
"""


class SqlDesk:
    """One transaction; the desk's docstrings say what each statement is for."""

    finds_lapsed = work_rows.LAPSED

    def __init__(self, db: Transaction, project: str) -> None:
        """Take the connection, within its transaction."""
        self._db = db
        self._project = project

    def hold(self, key: TaskKey) -> None:
        """Do nothing: nobody else writes to the database meanwhile."""

    def standing(self, key: TaskKey) -> Standing | None:
        """Return how a task stands, None if there is none."""
        if key.project != self._project:
            return None
        row = self._db.execute(work_rows.STANDING, key).fetchone()
        return work_rows.standing_of(row) if row else None

    def put(self, key: TaskKey, standing: Standing) -> None:
        """Write how a task stands."""
        self._db.execute(work_rows.PUT, work_rows.put_row(key, standing))

    def tell(self, key: TaskKey, told: Sequence[Told], now: float) -> None:
        """Record events of a task."""
        self._db.tell([(self._project, now, kind, str(key), to_json(data)) for kind, data in told])

    def entry(self, key: TaskKey) -> Entry:
        """Return a task that is there."""
        (row,) = self._db.execute(work_rows.ENTRY, key)
        return entry_of(*work_rows.both_of(self._project, row), self.waits_for(key))

    def entries(self, wanted: Wanted, statuses: Collection[Status]) -> list[Entry]:
        """Return tasks by path, position and key."""
        rows = self._db.execute(work_rows.ENTRIES, (self._project,)).fetchall()
        found = (work_rows.both_of(self._project, row) for row in rows)
        waits = self._all_waits()
        parts = self.parts(wanted.parent) if wanted.parent else ()
        return [
            entry_of(task, standing, waits.get(task.key, ()))
            for task, standing in found
            if wanted.takes(task, parts) and (not statuses or task.status in statuses)
        ]

    def ready(self, wanted: Wanted, agent: str, now: float, limit: int) -> list[Entry]:
        """Return what may be handed out, in its order."""
        return [entry_of(*each) for each in self._ready(wanted, agent, now, limit)]

    def first(self, wanted: Wanted, agent: str, now: float) -> tuple[Task, Standing] | None:
        """Return what is to be handed out next, and how it stands."""
        return next(iter(self._ready(wanted, agent, now, 1)), None)

    def waits_for(self, key: TaskKey) -> tuple[Waiting, ...]:
        """Return what a task waits for still."""
        rows = self._db.execute(work_rows.WAITS_FOR, key)
        return tuple(work_rows.waiting_of(self._project, row) for row in rows)

    def parts(self, key: TaskKey) -> frozenset[TaskKey]:
        """Return the tasks for a milestone."""
        found = self._db.execute(work_rows.PARTS, key) if key.source == MILESTONES else ()
        return frozenset(TaskKey(self._project, *row) for row in found)

    def has_parts(self, key: TaskKey) -> bool:
        """Tell whether a task is a milestone that has such."""
        if key.source != MILESTONES:
            return False
        return self._db.execute(f"{work_rows.PARTS} LIMIT 1", key).fetchone() is not None

    def above(self, key: TaskKey) -> TaskKey | None:
        """Return the task that one stands below."""
        row = self._db.execute(work_rows.ABOVE, key).fetchone()
        return TaskKey(self._project, *row) if row and row[0] is not None else None

    def claimed_below(self, key: TaskKey) -> list[tuple[TaskKey, Standing]]:
        """Return the tasks at any depth below one that have a claim."""
        return [
            (TaskKey(self._project, *row[:2]), work_rows.standing_of(row[2:]))
            for row in self._db.execute(work_rows.CLAIMED_BELOW, key)
        ]

    def statuses_below(self, key: TaskKey) -> list[Status]:
        """Return the statuses of all tasks at any depth below one."""
        return [STATUSES[row[2]] for row in self._db.execute(work_rows.STATUSES_BELOW, key)]

    def reckon(self, key: TaskKey) -> None:
        """Note of all that a task needs, and of all that need it, whether somebody waits."""
        for statement in work_rows.RECKON:
            self._db.execute(statement, key)

    def lapsed(self, now: float, silent_since: float) -> list[tuple[TaskKey, Standing, str]]:
        """Return claims whose lease ran out, or whose orchestrator is silent, and why."""
        rows = self._db.execute(self.finds_lapsed, (self._project, now, silent_since))
        return [
            (
                TaskKey(self._project, source, name),
                work_rows.standing_of(tuple(rest)),
                "lease" if ran_out else orchestrator,
            )
            for source, name, orchestrator, ran_out, *rest in rows.fetchall()
        ]

    def add(self, task: Task) -> None:
        """Add a task that was not there, with what it waits for."""
        self._db.execute(WRITE_TASK, row_of(Kept(task, None), ""))
        labels.learn(self._db, self._project, [task])
        sql_edges.link(self._db, self._project)

    def rename(self, key: TaskKey, task: Task) -> None:
        """Give a task the key, the words and the place of another one, which is not there yet."""
        self._db.execute(rename_rows.RENAME, rename_rows.renamed_row(key, task))
        old, new = str(key), str(task.key)
        found = self._db.execute(rename_rows.NEEDING_WHOLE, (self._project, old)).fetchall()
        for *whose, needs in found:
            names = [new if name == old else name for name in json.loads(needs)]
            self._db.execute(rename_rows.PUT_NEEDS, (to_json(names), self._project, *whose))
        self._db.execute(rename_rows.RENAME_EVENTS, (new, self._project, old))
        for target, said in self._db.execute(rename_rows.BASES, (*key, *task.key)).fetchall():
            moved = said_to_json(with_key(said_from_json(said), task.key))
            self._db.execute(rename_rows.RENAME_BASE, (*task.key[1:], moved, target, *key))
        sql_edges.link(self._db, self._project)

    def edges(self) -> list[Edge]:
        """Return all that tasks wait for."""
        return sql_edges.read(self._db, self._project)

    def all_keys(self) -> list[TaskKey]:
        """Return all keys, in their order."""
        query = "SELECT project, source, name FROM tasks WHERE project = ? ORDER BY source, name"
        return [TaskKey(*row) for row in self._db.execute(query, (self._project,))]

    def history(self, key: TaskKey) -> list[Event]:
        """Return the events of one task, oldest first."""
        query = """SELECT id, at, kind, key, data FROM events
                    WHERE project = ? AND key = ? ORDER BY id"""
        return [Event(*row) for row in self._db.execute(query, (self._project, str(key)))]

    def put_orchestrator(self, orchestrator: Orchestrator) -> None:
        """Write how an orchestrator is."""
        self._db.execute(PUT_ORCHESTRATOR, (self._project, *orchestrator))

    def orchestrator(self, instance_id: str) -> Orchestrator | None:
        """Return one orchestrator, None if it was never registered."""
        query = """SELECT instance_id, started_at, last_heartbeat, agent_count FROM orchestrators
                    WHERE project = ? AND instance_id = ?"""
        row = self._db.execute(query, (self._project, instance_id)).fetchone()
        return Orchestrator(*row) if row else None

    def orchestrators(self) -> list[Orchestrator]:
        """Return all orchestrators, by their ids."""
        query = """SELECT instance_id, started_at, last_heartbeat, agent_count FROM orchestrators
                    WHERE project = ? ORDER BY instance_id"""
        return [Orchestrator(*row) for row in self._db.execute(query, (self._project,))]

    def there_since(self) -> float:
        """Return 0: it is a file."""
        return 0.0

    def leader(self) -> Leader:
        """Return which monitor leads, or led last."""
        row = self._db.execute(idle_rows.LEADER, (self._project,)).fetchone()
        return idle_rows.leader_of(row)

    def held_leader(self) -> Leader:
        """Return the same; nobody else writes to the database meanwhile."""
        self._db.execute(idle_rows.NO_LEADER, (self._project,))
        return self.leader()

    def put_leader(self, leader: Leader) -> None:
        """Write which monitor leads."""
        self._db.execute(idle_rows.PUT_LEADER, (*leader, self._project))

    def idle(self, silent_since: float, now: float) -> list[Idle]:
        """Return who waits, has no claim, and is offered nothing."""
        rows = self._db.execute(idle_rows.IDLE, (self._project, silent_since, now))
        return [idle_rows.idle_of(row) for row in rows]

    def put_idle(self, idle: Idle) -> None:
        """Write that an agent waits."""
        self._db.execute(idle_rows.PUT_IDLE, idle_rows.idle_row(self._project, idle))

    def note_offer(self, agent: str, until: float) -> None:
        """Note until when something is offered to an agent that waits."""
        self._db.execute(idle_rows.NOTE_OFFER, (until, self._project, agent))

    def forget_idle(self, agent: str, silent_since: float) -> None:
        """Forget an agent that waited, and all that are silent."""
        self._db.execute(idle_rows.FORGET_IDLE, (self._project, agent, silent_since))

    def offered_to(self, agent: str, now: float) -> list[TaskKey]:
        """Return what is offered to an agent."""
        rows = self._db.execute(idle_rows.OFFERED_TO, (self._project, agent, now))
        return [TaskKey(self._project, *row) for row in rows]

    def claims(self, now: float) -> dict[str, int]:
        """Return how many live claims the agents of each orchestrator have."""
        return {row[0]: row[1] for row in self._db.execute(idle_rows.CLAIMS, (self._project, now))}

    def depth(self) -> Depth:
        """Return how many tasks are ready, and since when the oldest is to do."""
        return Depth(*next(iter(self._db.execute(idle_rows.DEPTH, (self._project,)))))

    def _ready(
        self, wanted: Wanted, agent: str, now: float, limit: int
    ) -> list[tuple[Task, Standing]]:
        """Return what is offered to the agent, what suits it, and, if too little, the others."""
        spelt = self._spelt(wanted)
        parameters = work_rows.ready_parameters(self._project, spelt, agent, now, limit)
        lapsed, is_offered, begun = next(iter(self._db.execute(work_rows.FREE, parameters[:3])))
        # Mostly none ran out, and no milestone is to do.
        states = [work_rows.TO_DO]
        states += [work_rows.LAPSED_NOW] if lapsed else []
        states += [work_rows.BEGUN_NOW] if begun else []
        passes: list[tuple[list[str], bool | None]] = [
            (states, suits) for suits in ((True, False) if wanted.prefers else (None,))
        ]
        if is_offered:
            passes.insert(0, ([work_rows.OFFERED], None))
        found: dict[TaskKey, tuple[Task, Standing]] = {}
        for those, suits in passes:
            if len(found) < limit:
                alike = []
                for state in those:
                    statement, count = work_rows.ready(wanted, state, suits=suits)
                    alike += self._found(statement, parameters[:count])
                if len(those) > 1:
                    alike.sort(key=lambda each: order(each[0], is_waited_for=each[2]))
                for task, standing, _ in alike:
                    found.setdefault(task.key, (task, standing))
        return list(found.values())[:limit]

    def _spelt(self, wanted: Wanted) -> Wanted:
        """Return what is wanted with its tags as they are spelt in this project's tasks.

        Databases differ in which letters they know as capitals of others.
        """
        if not (wanted.tags or wanted.prefers):
            return wanted
        known = labels.known(self._db, self._project)
        return wanted._replace(
            tags=spellings(wanted.tags, known), prefers=spellings(wanted.prefers, known)
        )

    def _found(
        self, statement: str, parameters: Sequence[object]
    ) -> list[tuple[Task, Standing, bool]]:
        rows = self._db.execute(statement, parameters)
        return [work_rows.ready_of(self._project, row) for row in rows]

    def _all_waits(self) -> dict[TaskKey, tuple[Waiting, ...]]:
        found: dict[TaskKey, tuple[Waiting, ...]] = {}
        for source, name, *row in self._db.execute(work_rows.ALL_WAITS, (self._project,)):
            key = TaskKey(self._project, source, name)
            waiting = work_rows.waiting_of(self._project, tuple(row))
            found[key] = (*found.get(key, ()), waiting)
        return found
