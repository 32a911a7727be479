"""The store in PostgreSQL keeps the contract, and writes no more than it has to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.model import Status, Version
from kanban_sync.core.ports import FilesState, Gone
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.summary import project_counts
from stores.clones_contract import ClonesContract
from stores.contract import NO_FILES, SOME_FILES, TaskStoreContract, merge, nothing_crosses
from stores.made_up import NOW, PROJECT, key, said, state, task
from stores.victims import tasks_of_round

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.core.ports import TaskStore
    from stores.emptied import Emptied
    from stores.work_contract import WholeStore


class TestPostgresStore(TaskStoreContract):
    @pytest.fixture(autouse=True)
    def _emptied(self, emptied: Emptied) -> None:
        self.emptied = emptied

    @contextmanager
    def opened(self) -> Iterator[TaskStore]:
        # Over one connection for all: to connect anew takes longer than most tests.
        self.emptied.empty()
        yield PostgresStore(self.emptied.database, PROJECT)


class TestPostgresOfClones(ClonesContract):
    @pytest.fixture(autouse=True)
    def _emptied(self, emptied: Emptied) -> None:
        self.emptied = emptied

    @contextmanager
    def opened_for(self, *clones: str) -> Iterator[Sequence[WholeStore]]:
        yield [PostgresStore(self.emptied.database, PROJECT, clone) for clone in clones]


@pytest.fixture
def store(emptied: Emptied) -> Iterator[PostgresStore]:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        yield store


def versions(emptied: Emptied) -> list[list[tuple[object, ...]]]:
    """Return which transaction wrote each row there is, and where it lies."""
    names = emptied.ask(TABLES)
    return [
        emptied.ask(f"SELECT xmin::text, ctid::text FROM {name} ORDER BY 2")  # noqa: S608 - ours
        for (name,) in names
    ]


TABLES = """
SELECT oid::regclass FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'kanban_sync'::regnamespace
"""
TASKS = [task(f"{n}", labels=("x",), status_version=Version(n, "c")) for n in range(50)]


@pytest.mark.parametrize("anew", [False, True], ids=["same process", "next process"])
def test_a_second_merge_writes_no_row(emptied: Emptied, store: PostgresStore, anew: bool) -> None:
    store.merge(TASKS, {}, SOME_FILES, NOW)
    store.merge(TASKS[1:], {key("0"): Gone(Status.DONE)}, SOME_FILES, NOW)
    store.remember("t1", [said("a")])
    store.remember_board("t1", {"list": "1"})
    before = versions(emptied)
    again = open_postgres(emptied.address, PROJECT) if anew else store
    with closing(again):
        again.merge(TASKS[1:], {key("0"): Gone(Status.DONE)}, again.files(), NOW + 1)
        again.merge(TASKS[1:], {key("0"): Gone(Status.DONE)}, SOME_FILES, NOW + 1)
        again.remember("t1", [said("a")])
        again.remember_board("t1", {"list": "1"})
    assert versions(emptied) == before


def test_two_projects_in_one_database_never_see_each_other(
    emptied: Emptied, store: PostgresStore
) -> None:
    with closing(open_postgres(emptied.address, "p2")) as other:
        nothing_crosses(store, other)
        assert project_counts(emptied.database, PROJECT) == (PROJECT, 1, 2)
        assert project_counts(emptied.database, "p2") == ("p2", 1, 4)


def test_what_one_connection_writes_another_reads(emptied: Emptied, store: PostgresStore) -> None:
    with closing(open_postgres(emptied.address, PROJECT)) as other:
        assert other.files() == NO_FILES
        store.merge([task("a")], {}, SOME_FILES, NOW)
        assert other.files() == SOME_FILES
        other.merge([task("a")], {}, replace(SOME_FILES, slots={"A": state("z")}), NOW)
        assert store.files().slots == {"A": state("z")}


def test_tasks_stand_in_the_order_of_their_code_points(store: PostgresStore) -> None:
    names = ["é", "a", "\0", "\x01", "", "Z", "a\0", "a\x01", "a\x02", "🦉", "\x01\x01", "_", "b"]
    merge(store, *(task(name) for name in names))
    assert [each.key.name for each in store.tasks()] == sorted(names)


def test_many_clones_that_begin_at_once_lose_nothing(emptied: Emptied) -> None:
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    start = threading.Barrier(6)

    def begin(number: int) -> None:
        start.wait()
        with closing(open_postgres(emptied.address, PROJECT)) as store:
            for count in range(5):
                files = FilesState({f"branch{number}": f"{count}"})
                store.merge(tasks_of_round(number, count), {}, files, NOW)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(begin, range(6)))
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        assert store.tasks() == [each for n in range(6) for each in tasks_of_round(n, 4)]
        assert len(store.files().tips) == 1
        assert [each.id for each in store.events()] == list(range(1, 6 * 5 * (5 + 1) + 1))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "SELECT id FROM events WHERE project = 'p1' AND id > 7 ORDER BY id LIMIT 9",
            "events_of_project",
        ),
        ("SELECT count(*) FROM tasks WHERE project = 'p1' AND status = 'todo'", "tasks_by_status"),
        ("SELECT id FROM runs WHERE project = 'p1' AND target = 't'", "runs_of_target"),
        ("DELETE FROM parses WHERE project = 'p1' AND asked <= 7", "parses_asked"),
    ],
)
def test_what_is_asked_often_is_found_by_an_index(emptied: Emptied, query: str, index: str) -> None:
    emptied.tell("SET search_path TO kanban_sync; SET enable_seqscan = off")
    try:
        plan = "\n".join(str(row[0]) for row in emptied.ask(f"EXPLAIN {query}"))
    finally:
        emptied.tell("RESET ALL")
    assert f"on {index}" in plan or f"using {index}" in plan, plan
    assert "Seq Scan" not in plan
