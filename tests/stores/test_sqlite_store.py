"""The store in an SQLite file keeps the contract, and writes no more than it has to."""

from __future__ import annotations

import stat
import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.model import Status, Version
from kanban_sync.core.ports import FilesState, Gone, Merged
from kanban_sync.stores.sqlite import open_sqlite
from stores.clones_contract import ClonesContract
from stores.contract import SOME_FILES, TaskStoreContract, everything, fill, nothing_crosses
from stores.inside import connection
from stores.made_up import NOW, PROJECT, key, said, state, task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.stores.sql import SqlStore
    from stores.work_contract import WholeStore


class TestSqliteStore(TaskStoreContract):
    @contextmanager
    def opened(self) -> Iterator[TaskStore]:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(open_sqlite(Path(folder, "tasks.db"), PROJECT)) as store,
        ):
            yield store


class TestSqliteOfClones(ClonesContract):
    @contextmanager
    def opened_for(self, *clones: str) -> Iterator[Sequence[WholeStore]]:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            file = Path(folder, "tasks.db")
            opened = (open_sqlite(file, PROJECT, clone) for clone in clones)
            yield [stack.enter_context(closing(each)) for each in opened]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "tasks.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    with closing(open_sqlite(path, PROJECT)) as store:
        yield store


def rows_written(store: SqlStore) -> int:
    return connection(store).total_changes


def log_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


FILES = SOME_FILES
TASKS = [task(f"{n}", labels=("x",), status_version=Version(n, "c")) for n in range(50)]


@pytest.mark.parametrize("anew", [False, True], ids=["same process", "next process"])
def test_a_second_merge_writes_no_row_and_not_one_byte(
    path: Path, store: SqlStore, anew: bool
) -> None:
    store.merge(TASKS, {}, FILES, NOW)
    store.merge(TASKS[1:], {key("0"): Gone(Status.DONE)}, FILES, NOW)
    # The first connection stays open, else closing the last one would empty the log.
    again = open_sqlite(path, PROJECT) if anew else store
    with closing(again):
        before = rows_written(again), log_size(path)
        for _ in range(2):
            again.merge(TASKS[1:], {key("0"): Gone(Status.DONE)}, again.files(), NOW + 1)
            again.merge(TASKS[1:], {key("0"): Gone(Status.DONE)}, FILES, NOW + 1)
        assert (rows_written(again), log_size(path)) == before


@pytest.mark.parametrize(
    ("tasks", "files", "written"),
    [
        pytest.param(TASKS, replace(FILES, tips={"main": "c2"}), 1, id="a tip that moved"),
        pytest.param(
            TASKS,
            replace(FILES, slots={**FILES.slots, "A": state("a")}),
            1 + 1,
            id="a slot, and the count of merges",
        ),
        pytest.param(
            [TASKS[0]._replace(title="T"), *TASKS[1:]],
            FILES,
            1 + 2 + 1,
            id="a task, two events, and the count of merges",
        ),
    ],
)
def test_a_merge_writes_the_changed_rows_only(
    store: SqlStore, tasks: list[object], files: FilesState, written: int
) -> None:
    store.merge(TASKS, {}, FILES, NOW)
    before = rows_written(store)
    store.merge(tasks, {}, files, NOW)  # type: ignore[arg-type]
    assert rows_written(store) - before == written


def test_remembering_what_is_known_already_writes_nothing(store: SqlStore) -> None:
    store.remember("t1", [said("a")])
    store.remember_board("t1", {"list": "1"})
    before = rows_written(store)
    store.remember("t1", [said("a")])
    store.remember_board("t1", {"list": "1"})
    assert rows_written(store) == before


def test_two_projects_in_one_file_never_see_each_other(path: Path, store: SqlStore) -> None:
    with closing(open_sqlite(path, "p2")) as other:
        nothing_crosses(store, other)


def test_what_was_written_is_there_in_the_next_process(path: Path, store: SqlStore) -> None:
    fill(store, PROJECT)
    before = everything(store)
    store.close()
    with closing(open_sqlite(path, PROJECT)) as again:
        assert everything(again) == before
        assert again.merge([task("a")], {}, FILES, NOW) == Merged()


def test_what_one_connection_writes_another_reads(path: Path, store: SqlStore) -> None:
    with closing(open_sqlite(path, PROJECT)) as other:
        assert other.files() == FilesState()
        store.merge([task("a")], {}, FILES, NOW)
        assert other.files() == FILES
        other.merge([task("a")], {}, replace(FILES, slots={"A": state("z")}), NOW)
        assert store.files().slots == {"A": state("z")}


def test_the_files_of_the_database_are_for_the_user_alone(path: Path, store: SqlStore) -> None:
    store.merge([task("a")], {}, FILES, NOW)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    names = ("tasks.db", "tasks.db-wal", "tasks.db-shm", "tasks.db.flk")
    assert modes == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_database_is_set_up_for_several_processes(store: SqlStore) -> None:
    names = ("journal_mode", "busy_timeout", "synchronous", "foreign_keys")
    found = [connection(store).execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert found == ["wal", 5000, 1, 1]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT max(id) FROM events WHERE project = 'p1'",
        "SELECT id FROM events WHERE project = 'p1' AND id > 7 ORDER BY id LIMIT 9",
        "SELECT count(*) FROM tasks WHERE project = 'p1' AND status = 'todo'",
        "SELECT id FROM runs WHERE project = 'p1' AND target = 't' ORDER BY id DESC LIMIT 200",
        "DELETE FROM parses WHERE project = 'p1' AND asked <= 7",
    ],
)
def test_what_is_asked_often_is_found_by_an_index(store: SqlStore, query: str) -> None:
    plan = [row[3] for row in connection(store).execute(f"EXPLAIN QUERY PLAN {query}")]
    assert len(plan) == 1
    assert "INDEX" in plan[0]
    assert "SCAN" not in plan[0]
    assert "TEMP B-TREE" not in plan[0]
