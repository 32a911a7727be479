"""The task store in SQL: the same statements, whichever database carries them out.

They are written with ``?`` or ``?1`` for parameters, with ``json_each`` for a list of them, and
with ``group_concat`` for one text of many.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kanban_sync.core.claims import Claim
from kanban_sync.core.clones import voice_of
from kanban_sync.core.merge import as_filed
from kanban_sync.core.model import TaskKey
from kanban_sync.core.ports import Event
from kanban_sync.core.records import said_from_json, said_to_json
from kanban_sync.core.renaming import RENAMED, under_keys_of_now
from kanban_sync.core.settled import Settled
from kanban_sync.stores import families, labels, pasts, rows, sql_edges
from kanban_sync.stores.changes import (
    check_project,
    check_tasks,
    compare,
    lenient_paths,
    roadmap_updated,
    said_anew,
    to_json,
)
from kanban_sync.stores.filestates import RecordedFiles
from kanban_sync.stores.keeping import ASKED_NOTED, PARSES_KEPT, RUNS_KEPT
from kanban_sync.stores.sql_edges import Terms
from kanban_sync.stores.tips import tips_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.board import Said
    from kanban_sync.core.clones import Voice
    from kanban_sync.core.lease import Leases
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import FilesState, Gone, Merged, Run
    from kanban_sync.core.work import Waiter
    from kanban_sync.stores.changes import Changes
    from kanban_sync.stores.transactions import Database, Transaction


class SqlStore:
    """The task database of one project, as a clone has it; usable from any thread."""

    def __init__(self, database: Database, project: str, clone: str = "") -> None:
        self._database = database
        self._project = project
        self._clone = clone
        self._asked: set[str] = set()
        self._files = RecordedFiles(project, clone, has_md5=database.has_md5)

    @property
    def leases(self) -> Leases | None:
        """None: a file is one machine's, where clones have a lock for the board."""
        return None

    def tasks(self, of: Collection[TaskKey] | None = None) -> list[Task]:
        """Return all tasks, or some with all below them, by path, position and key."""
        with self._database.reading() as db:
            if of is not None:
                return families.tasks(self._database, db, self._project, of)
            found = db.execute(rows.TASKS, (self._project,))
            return [rows.task_of(self._project, row) for row in found]

    def families(self) -> dict[TaskKey, str]:
        """Return a hash of each task that is below no other, and of all tasks below it."""
        with self._database.reading() as db:
            return families.hashes(db, self._project)

    def filed_tasks(self) -> list[Task]:
        """Return the tasks as their files had them at the last merge."""
        with self._database.reading() as db:
            found = db.execute(rows.FILED_TASKS, (self._project,))
            return [rows.filed_of(self._project, row) for row in found]

    def ahead(self) -> list[Kept]:
        """Return the tasks of which the database has what their files do not say."""
        with self._database.reading() as db:
            found = db.execute(rows.AHEAD, (self._project,))
            return [rows.kept_of(self._project, row) for row in found]

    def files(self) -> FilesState:
        """Return what this clone's last merge recorded of its files."""
        with self._database.reading() as db:
            return self._files.read(db)

    def tips(self) -> dict[str, str]:
        """Return the tip of each layer at this clone's last merge."""
        with self._database.reading() as db:
            return tips_of(db, self._project, self._clone)

    def merge(
        self, tasks: Sequence[Task], gone: Mapping[TaskKey, Gone], files: FilesState, now: float
    ) -> Merged:
        """Bring the tasks in, in one transaction with its events; only changed rows are written."""
        check_tasks(self._project, tasks)
        digests = [rows.digest_of(task) for task in tasks]
        with self._database.writing(self._project) as db:
            clones = self._files.clones(db)
            self._files.take_over(db, clones)
            is_shared = clones.is_shared(self._clone)
            terms = Terms(lenient_paths(files), clones.are_strict(self._clone, files.tips))
            voice = self._voice(db, files, terms) if is_shared else None
            ((count, text),) = db.execute(rows.DIGESTS, (self._project,))
            known = set(text.split())
            both = zip(tasks, digests, strict=True)
            said = [each for each in both if each[1] not in known] if known else [*both]
            new = {task.key: digest for task, digest in said}
            # A task that the files hold is not gone, whatever the caller says.
            held = {task.key for task in tasks} if gone else set()
            over = [key for key in gone if key not in held and key.project == self._project]
            old = self._old(db, [*new, *over]) if count else {}
            # After the tasks are held: nobody claims one of them any more until the end.
            claims = self._claims(db) if over else {}
            fresh = [task for task, _ in said]
            past_of = pasts.read(db, self._project, said_anew(old, fresh))
            changes = compare(old, fresh, gone, voice, claims, past_of, is_strict=terms.is_strict)
            if voice is not None:
                # Of what was written, not all may be what this clone's files say.
                new |= {each.task.key: _digest_of(each) for each in changes.write}
            if count:
                self._write(db, changes, new)
                pasts.settle(db, self._project, changes)
                sql_edges.keep(db, self._project, changes, terms, was_strict=clones.were_strict)
            else:
                self._write_first(db, changes, digests, terms)
            labels.learn(db, self._project, (each.task for each in changes.write))
            self._tell(db, changes, now)
            self._files.count(db, clones, has_said=bool(changes.write or changes.over))
            counts = self._files.write(db, files) or not changes.merged.is_empty
            if counts:
                self._count_merge(db)
        if counts:
            self._asked = set()
        return changes.merged

    def parses(self, digests: Iterable[str]) -> dict[str, str]:
        """Return remembered parses (JSON) by digest; unknown digests are left out."""
        query = """SELECT digest, parse FROM parses
                    WHERE project = ? AND digest IN (SELECT value FROM json_each(?))"""
        with self._database.reading() as db:
            asked = json.dumps(list(digests))
            found: dict[str, str] = dict(db.execute(query, (self._project, asked)).fetchall())
        self._asked |= found.keys()
        return found

    def remember_parses(self, parses: Mapping[str, str]) -> None:
        """Remember parses; forgets those that no merge has asked for in the last 1,000."""
        with self._database.writing(self._project) as db:
            merges = self._merges(db)
            db.executemany(
                """INSERT INTO parses (project, digest, asked, parse) VALUES (?, ?, ?, ?)
                   ON CONFLICT (project, digest) DO UPDATE SET
                          asked = excluded.asked, parse = excluded.parse""",
                [(self._project, digest, merges, parse) for digest, parse in parses.items()],
            )
            db.execute(
                "DELETE FROM parses WHERE project = ? AND asked <= ?",
                (self._project, merges - PARSES_KEPT - ASKED_NOTED),
            )

    def base(self, target: str, without: Collection[TaskKey] = ()) -> dict[TaskKey, Said]:
        """Return what was last agreed on with that board, but for some cards."""
        query = "SELECT source, name, said FROM bases WHERE project = ? AND target = ?"
        with self._database.reading() as db:
            return {
                key: said_from_json(said)
                for source, name, said in db.execute(query, (self._project, target))
                if (key := TaskKey(self._project, source, name)) not in without
            }

    def settled(self, target: str) -> dict[TaskKey, Settled]:
        """Return by what it is known of cards that nothing is to be done on them."""
        query = """SELECT source, name, settled FROM bases
                    WHERE project = ? AND target = ? AND settled <> ''"""
        with self._database.reading() as db:
            return {
                TaskKey(self._project, source, name): Settled(*settled.split(" "))
                for source, name, settled in db.execute(query, (self._project, target))
            }

    def remember(
        self,
        target: str,
        said: Iterable[Said],
        settled: Mapping[TaskKey, Settled] | None = None,
        since: int | None = None,
    ) -> None:
        """Record bases (the key is the card's), replacing older ones."""
        found = {each.said.key: each for each in said}
        check_project(self._project, found)
        known = settled or {}
        with self._recording(target) as db:
            if since is not None:
                told = db.execute(rows.RENAMED, (self._project, since, f"{RENAMED}%"))
                found = under_keys_of_now(found, [Event(*row) for row in told])
            db.executemany(
                rows.WRITE_BASE,
                [
                    (
                        self._project,
                        target,
                        *key[1:],
                        said_to_json(each),
                        " ".join(known.get(key, ())),
                    )
                    for key, each in found.items()
                ],
            )

    def forget(self, target: str, keys: Iterable[TaskKey]) -> None:
        """Forget the bases of these keys."""
        with self._recording(target) as db:
            db.executemany(
                """DELETE FROM bases
                    WHERE target = ? AND project = ? AND source = ? AND name = ?""",
                [(target, *key) for key in keys if key.project == self._project],
            )

    def board_ids(self, target: str) -> dict[str, str]:
        """Return what the board wanted remembered."""
        query = "SELECT ids FROM boards WHERE project = ? AND target = ?"
        with self._database.reading() as db:
            row = db.execute(query, (self._project, target)).fetchone()
            return dict(json.loads(row[0])) if row else {}

    def remember_board(self, target: str, ids: Mapping[str, str]) -> None:
        """Record what the board wants remembered, and nothing else that was there before."""
        with self._recording(target) as db:
            db.execute(
                """INSERT INTO boards (project, target, ids) VALUES (?, ?, ?)
                   ON CONFLICT (project, target)
                   DO UPDATE SET ids = excluded.ids WHERE boards.ids <> excluded.ids""",
                (self._project, target, to_json(dict(ids))),
            )

    def last_event(self) -> int:
        """Return the id of the newest event, 0 if there is none."""
        query = "SELECT coalesce(max(id), 0) FROM events WHERE project = ?"
        with self._database.reading() as db:
            return _number(db, query, self._project)

    def events(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return events with an id above ``after``, oldest first."""
        query = """SELECT id, at, kind, key, data FROM events
                    WHERE project = ? AND id > ? ORDER BY id LIMIT ?"""
        with self._database.reading() as db:
            return [Event(*row) for row in db.execute(query, (self._project, after, limit))]

    def twofold(self, since: float) -> list[Event]:
        """Return the events that tell of one id for two tasks, if nothing settled that."""
        with self._database.reading() as db:
            found = db.execute(rows.TWOFOLD, (self._project, since))
            return [Event(*row) for row in found]

    def begin_run(self, run: Run) -> int:
        """Record the start of a run and return its id; one that never ended was interrupted."""
        with self._database.writing(self._project) as db:
            db.execute(
                """UPDATE runs SET result = 'interrupted'
                    WHERE project = ? AND clone IN (?, '') AND target = ?
                      AND result = 'running'""",
                (self._project, self._clone, run.target),
            )
            return _number(
                db,
                """INSERT INTO runs
                          (target, started_at, seconds, result, operations, error, project, clone)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
                *_of_run(run),
                self._project,
                self._clone,
            )

    def end_run(self, run: Run) -> None:
        """Record the end of the run with that id; keeps the newest 200 runs of each target."""
        with self._database.writing(self._project) as db:
            db.execute(
                """UPDATE runs SET target = ?, started_at = ?, seconds = ?, result = ?,
                                   operations = ?, error = ?
                    WHERE project = ? AND id = ?""",
                (*_of_run(run), self._project, run.id),
            )
            db.execute(
                """DELETE FROM runs WHERE project = ?1 AND target = ?2 AND id NOT IN
                   (SELECT id FROM runs WHERE project = ?1 AND target = ?2
                     ORDER BY id DESC LIMIT ?3)""",
                (self._project, run.target, RUNS_KEPT),
            )

    def runs(self, limit: int = 20) -> list[Run]:
        """Return the newest runs of all targets, newest first."""
        with self._database.reading() as db:
            return [rows.run_of(row) for row in db.execute(rows.RUNS, (self._project, limit))]

    def waiter(self) -> Waiter:
        """Return what waits for events: every one of the project wakes it."""
        return self._database.waiter(self._project)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _recording(self, _target: str) -> AbstractContextManager[Transaction]:
        """Record what is known of a board."""
        return self._database.writing(self._project)

    def _voice(self, db: Transaction, files: FilesState, terms: Terms) -> Voice:
        """Return what this clone may say where others speak, too."""
        return voice_of(self._files.read(db), files, is_strict=terms.is_strict)

    def _old(self, db: Transaction, keys: Sequence[TaskKey]) -> dict[TaskKey, Kept]:
        """Read of the old tasks only those of which the files say something new."""
        found = self._database.tasks(db, keys)
        return {key: rows.kept_of(self._project, row) for key, row in found.items()}

    def _claims(self, db: Transaction) -> dict[TaskKey, Claim]:
        """Return who has which task."""
        query = """SELECT source, name, agent, token, expires FROM tasks
                    WHERE project = ? AND agent <> ''"""
        return {
            TaskKey(self._project, source, name): Claim(*claim)
            for source, name, *claim in db.execute(query, (self._project,))
        }

    def _write(self, db: Transaction, changes: Changes, digests: Mapping[TaskKey, str]) -> None:
        # In the order in which they are kept, which saves looking for their places.
        written = sorted(rows.row_of(each, digests[each.task.key]) for each in changes.write)
        db.executemany(rows.WRITE_TASK, written)
        db.executemany(rows.TASK_IS_OVER, [rows.over_row_of(each) for each in changes.over])

    def _write_first(
        self,
        db: Transaction,
        changes: Changes,
        digests: Sequence[str],
        terms: Terms,
    ) -> None:
        """Write where nothing was before: nothing has to be read, nor to be reckoned twice."""
        links = sql_edges.of_first([each.task for each in changes.write], terms)
        written = [
            rows.row_of(each, digest) + links.flags(each.task.key)
            for each, digest in zip(changes.write, digests, strict=True)
        ]
        db.executemany(rows.WRITE_FIRST, sorted(written))
        sql_edges.write(db, links.edges)

    def _tell(self, db: Transaction, changes: Changes, now: float) -> None:
        if changes.merged.is_empty and not changes.news:
            return
        pending = "SELECT count(*) FROM tasks WHERE project = ? AND status = 'todo'"
        news = (*changes.news, roadmap_updated(changes, _number(db, pending, self._project)))
        db.tell([(self._project, now, *each) for each in news])

    def _count_merge(self, db: Transaction) -> None:
        db.execute(
            """INSERT INTO projects (project, merges) VALUES (?, 1)
               ON CONFLICT (project) DO UPDATE SET merges = projects.merges + 1""",
            (self._project,),
        )
        merges = self._merges(db)
        db.execute(
            """UPDATE parses SET asked = ?1 WHERE project = ?2 AND asked <= ?3
                  AND digest IN (SELECT value FROM json_each(?4))""",
            (merges, self._project, merges - ASKED_NOTED, json.dumps(sorted(self._asked))),
        )

    def _merges(self, db: Transaction) -> int:
        query = "SELECT coalesce(max(merges), 0) FROM projects WHERE project = ?"
        return _number(db, query, self._project)


def _digest_of(kept: Kept) -> str:
    task, filed = kept
    return rows.digest_of(task if filed is None else as_filed(task, filed))


def _of_run(run: Run) -> tuple[Any, ...]:
    return (
        run.target,
        run.started_at,
        run.seconds,
        run.result,
        to_json(dict(run.operations)),
        run.error,
    )


def _number(db: Transaction, query: str, *parameters: object) -> int:
    (row,) = db.execute(query, parameters)
    return int(row[0])
