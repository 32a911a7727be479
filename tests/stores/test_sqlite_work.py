"""The store in an SQLite file keeps the contract of those who work on its tasks."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.merge import Kept, filed_part
from kanban_sync.core.model import Status
from kanban_sync.core.order import Wanted
from kanban_sync.core.ports import FilesState
from kanban_sync.core.records import slot_to_json
from kanban_sync.stores import work_rows
from kanban_sync.stores.migrations import migrations
from kanban_sync.stores.rows import TWOFOLD, WRITE_TASK, row_of
from kanban_sync.stores.sqlite import SqliteStore, open_sqlite
from kanban_sync.stores.sqlite_database import open_database
from stores.inside import connection
from stores.made_up import NOW, PROJECT, key, state, task
from stores.milestones_contract import MilestonesContract, milestone, of
from stores.offers_contract import OffersContract
from stores.work_contract import WorkStoreContract, fill, names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stores.work_contract import WholeStore


class TestSqliteWork(WorkStoreContract, OffersContract, MilestonesContract):
    @contextmanager
    def opened(self) -> Iterator[WholeStore]:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(open_sqlite(Path(folder, "tasks.db"), PROJECT)) as store,
        ):
            yield store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(open_sqlite(path, PROJECT)) as store:
        yield store


WRITE_BEFORE = (
    WRITE_TASK.partition("\nON CONFLICT")[0]
    .replace(",\n       assigned_time, assigned_commit, branch)", ")")
    .replace(", ?30, ?31, ?32)", ")")
)
"""As rows were written before an assignee had a version."""


def test_a_database_from_before_learns_what_its_tasks_wait_for(path: Path) -> None:
    tasks = [task("a", labels=("Db",)), task("b", depends_on=("a",))]
    tips = ((PROJECT, ":readers", "1"), (PROJECT, "main", "2"))
    with closing(open_database(path, steps=migrations("sqlite")[:2])) as old, old.writing() as db:
        rows = [row_of(Kept(each, filed_part(each)), "d")[:-3] for each in tasks]
        db.executemany(WRITE_BEFORE, rows)
        db.executemany("INSERT INTO tips VALUES (?, ?, ?)", tips)
    with closing(open_sqlite(path, PROJECT)) as store:
        assert names(store.ready(NOW, Wanted(tags=frozenset({"dB"})))) == ["a"]
        # Other readers than last time: all files are read again.
        assert store.files().tips == {":readers": "", "main": "2"}
        store.merge(tasks, {}, FilesState(), NOW)
        assert names(store.ready(NOW)) == ["a"]
        assert store.entry(key("b")).waits_for


def test_a_database_from_before_learns_what_its_milestones_wait_for(path: Path) -> None:
    tasks = (milestone("M1", position=1), of("M1", "a"))
    with closing(open_sqlite(path, PROJECT)) as store:
        store.merge(tasks, {}, FilesState({":readers": "1"}), NOW)
    with closing(sqlite3.connect(path)) as before:
        for made in (
            "DELETE FROM needs",
            "DROP INDEX tasks_begun",
            "UPDATE tasks SET is_waiting = 0",
            "DELETE FROM schema_version WHERE version > 10",
        ):
            before.execute(made)
        before.commit()
    with closing(open_sqlite(path, PROJECT)) as store:
        assert names(store.ready(NOW)) == ["a", "M1"]
        assert store.files().tips == {":readers": ""}
        store.merge(tasks, {}, FilesState(), NOW)
        assert names(store.ready(NOW)) == ["a"]


def test_what_was_recorded_before_clones_had_names_is_the_first_one_s_that_merges(
    tmp_path: Path,
) -> None:
    path = tmp_path / "tasks.db"
    slot = state("a")
    with closing(open_database(path, steps=migrations("sqlite")[:3])) as old, old.writing() as db:
        db.execute("INSERT INTO tips VALUES (?, 'main', 'c1')", (PROJECT,))
        db.execute("INSERT INTO slots VALUES (?, 'A', ?)", (PROJECT, slot_to_json(slot)))
    known = FilesState({"main": "c1"}, {"A": slot})
    with (
        closing(open_sqlite(path, PROJECT, "one")) as one,
        closing(open_sqlite(path, PROJECT, "two")) as two,
    ):
        assert one.files() == known
        one.merge([task("a")], {}, replace(known, tips={"main": "c2"}), NOW)
        assert one.files() == replace(known, tips={"main": "c2"})
        assert two.files() == FilesState(is_shared=True, has_news=True)


@pytest.mark.parametrize("prefers", [frozenset[str](), frozenset({"db"})])
def test_what_is_ready_is_found_by_its_index_in_order(
    store: SqliteStore, prefers: frozenset[str]
) -> None:
    wanted = Wanted(prefers=prefers)
    statement, count = work_rows.ready(wanted, work_rows.TO_DO, suits=True if prefers else None)
    parameters = work_rows.ready_parameters(PROJECT, wanted, "ada", NOW, 1)
    with store._database.reading() as db:  # noqa: SLF001 - only SQLite knows how it searches
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[:count])]
    assert "SEARCH t USING INDEX tasks_to_claim (project=?)" in plan
    scans = {step for step in plan if step.startswith("SCAN") and "VIRTUAL" not in step}
    assert scans <= {"SCAN below", "SCAN CONSTANT ROW"}
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_what_is_ready_for_a_milestone_is_found_by_the_keys_of_its_tasks(
    store: SqliteStore,
) -> None:
    wanted = Wanted(parent=milestone("M1").key)
    statement, count = work_rows.ready(wanted, work_rows.TO_DO, suits=None)
    parameters = work_rows.ready_parameters(PROJECT, wanted, "ada", NOW, 1)
    with store._database.reading() as db:  # noqa: SLF001 - only SQLite knows how it searches
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[:count])]
    assert "SEARCH t USING PRIMARY KEY (project=? AND source=? AND name=?)" in plan
    assert "SEARCH p USING PRIMARY KEY (project=? AND source=? AND name=?)" in plan


def test_what_is_offered_is_found_among_what_is_offered_to_that_agent(store: SqliteStore) -> None:
    statement, count = work_rows.ready(Wanted(), work_rows.OFFERED, suits=None)
    parameters = work_rows.ready_parameters(PROJECT, Wanted(), "ada", NOW, 1)
    with store._database.reading() as db:  # noqa: SLF001 - only SQLite knows how it searches
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[:count])]
        free = db.execute(f"EXPLAIN QUERY PLAN {work_rows.FREE}", parameters[:3])
        steps = [row[3] for row in free]
    assert "SEARCH t USING INDEX tasks_offered (project=? AND offered_to=?)" in plan
    assert "SEARCH o USING INDEX tasks_offered (project=? AND offered_to=?)" in steps
    assert any("INDEX tasks_claimed (project=? AND expires<?)" in step for step in steps)
    assert "SEARCH t USING INDEX tasks_begun (project=? AND source=?)" in steps


def test_an_id_of_two_tasks_is_looked_up_by_the_key_of_its_task(store: SqliteStore) -> None:
    with store._database.reading() as db:  # noqa: SLF001 - only SQLite knows how it searches
        found = db.execute(f"EXPLAIN QUERY PLAN {TWOFOLD}", (PROJECT, NOW))
        plan = [row[3] for row in found]
    assert "SEARCH t USING PRIMARY KEY (project=? AND source=? AND name=?)" in plan


def steps_of(store: SqliteStore, act: Callable[[], object]) -> int:
    """Return how many hundreds of steps SQLite takes for something."""
    taken: list[None] = []
    db = connection(store)
    # What it returns lets SQLite go on.
    db.set_progress_handler(lambda: taken.append(None), 100)
    act()
    db.set_progress_handler(None, 0)
    return len(taken)


def test_a_task_of_a_large_milestone_is_finished_without_a_look_at_those_that_are_done(
    store: SqliteStore,
) -> None:
    m1 = milestone("M1")
    tasks = [of("M1", f"{n:03}") for n in range(800)]
    fill(store, m1, *tasks)
    half = [each._replace(status=Status.DONE) for each in tasks[:400]] + tasks[400:]
    # Each is looked at once, not once for each that was done.
    assert steps_of(store, lambda: fill(store, m1, *half)) < 4_000
    set_done = partial(store.set_status, tasks[400].key, Status.DONE, NOW, "ada")
    assert steps_of(store, set_done) < 20
    assert m1.key not in {each.key for each in store.ready(NOW, limit=500)}
    last = [each._replace(status=Status.DONE) for each in tasks[:-1]] + tasks[-1:]
    fill(store, m1, *last)
    store.set_status(tasks[-1].key, Status.CANCELLED, NOW, "ada")
    assert [each.key for each in store.ready(NOW)] == [m1.key]
    fill(store, m1, *tasks[:1], *last[1:])
    assert [each.key for each in store.ready(NOW)] == [tasks[0].key]


RECKON = [*work_rows.RECKON, *work_rows.RECKON_MANY, *work_rows.RECKON_ALL]


@pytest.mark.parametrize("statement", RECKON)
def test_who_waits_for_whom_is_reckoned_by_the_key_of_each(
    store: SqliteStore, statement: str
) -> None:
    count = 1 if "?1" not in statement else 3
    parameters = (PROJECT, "tasks-md", '["a"]')[:count]
    with store._database.reading() as db:  # noqa: SLF001 - only SQLite knows how it searches
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    # Each at least by its project and its name, or by that of what it needs.
    needs = [step for step in plan if "SEARCH n " in step or "SEARCH needs " in step]
    assert needs
    assert [step for step in needs if "name=?" not in step] == []


def test_claims_to_take_back_are_found_among_those_of_silent_orchestrators(
    store: SqliteStore,
) -> None:
    with store._database.reading() as db:  # noqa: SLF001 - only SQLite knows how it searches
        found = db.execute(f"EXPLAIN QUERY PLAN {work_rows.LAPSED}", (PROJECT, NOW, NOW))
        plan = "\n".join(row[3] for row in found)
    assert "SEARCH t USING INDEX tasks_claimed (project=? AND expires<?)" in plan
    assert "SEARCH t USING INDEX tasks_of_orchestrator (project=? AND orchestrator=?)" in plan
    assert "SCAN t" not in plan
