"""Killed, crowded, full, read-only, damaged or from another time: nothing is lost, all is said."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kanban_sync
from kanban_sync.core.errors import StoreError
from kanban_sync.core.ports import FilesState
from kanban_sync.stores import sqlite_database
from kanban_sync.stores.migrations import Migration, migrations
from kanban_sync.stores.sql import SqlStore
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.stores.sqlite_database import open_database
from stores.contract import everything
from stores.inside import connection
from stores.interrupted import check_interrupted
from stores.made_up import NOW, PROJECT, state, task
from stores.victims import tasks_of_round

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
PACKAGE = Path(kanban_sync.__file__).parents[1]

FILES = FilesState({"main": "c1"}, {"A": state("a")})
LATER = Migration(
    migrations("sqlite")[-1].number + 1,
    "ALTER TABLE tasks ADD COLUMN extra TEXT NOT NULL DEFAULT 'new';",
)


def victims(what: str, *arguments: Path | str) -> Any:  # noqa: ANN401 - whatever they tell
    done = subprocess.run(
        [sys.executable, "-m", "stores.victims", what, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{TESTS}"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
def filled(path: Path) -> Path:
    """A database with one task, closed."""
    with closing(open_sqlite(path, PROJECT)) as store:
        store.merge([task("a")], {}, FILES, NOW)
    return path


def neighbours(path: Path) -> set[str]:
    return {each.name for each in path.parent.iterdir()} - {path.name}


# --- Killed and crowded --------------------------------------------------------------------


def test_a_merge_killed_at_any_statement_leaves_what_was_before(tmp_path: Path) -> None:
    count, _ = victims("killed-at-each-statement", tmp_path)
    assert count["old"] > 50
    assert count == {"old": count["old"], "new": 1, "neither": 0, "not sound": 0}


def test_a_merge_killed_at_any_page_leaves_what_was_before_or_all_of_it(tmp_path: Path) -> None:
    count, _ = victims("killed-at-each-page", tmp_path)
    assert count["old"] > 10
    assert count["new"] > 10
    assert (count["neither"], count["not sound"]) == (0, 0)


def test_processes_that_open_and_merge_at_once_lose_nothing(path: Path) -> None:
    processes, rounds = 6, 10
    failed, why = victims("all-at-once", path, str(processes), str(rounds), "")
    assert failed == [], why
    with closing(open_sqlite(path, PROJECT)) as store:
        assert store.tasks() == [
            each for number in range(processes) for each in tasks_of_round(number, rounds - 1)
        ]
        assert len(store.files().tips) == 1
        assert store.last_event() == processes * rounds * (5 + 1)


def test_processes_that_upgrade_at_once_do_it_once(filled: Path) -> None:
    failed, why = victims("all-at-once", filled, "6", "1", LATER.sql)
    assert failed == [], why
    with closing(sqlite3.connect(filled)) as db:
        applied = db.execute("SELECT version FROM schema_version").fetchall()
        assert applied == [(step.number,) for step in (*migrations("sqlite"), LATER)]
        assert db.execute("SELECT count(*) FROM tasks").fetchone() == (1 + 6 * 5,)


def test_a_database_that_stays_locked_is_told_as_such(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_database, "PATIENCE", 0.05)
    with closing(open_sqlite(filled, PROJECT)) as store, closing(sqlite3.connect(filled)) as other:
        before = everything(store)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"tasks\.db: another process .* try again"):
            store.merge([task("b")], {}, FILES, NOW)
        assert everything(store) == before
        other.execute("ROLLBACK")
        assert store.merge([task("b")], {}, FILES, NOW).created


# --- Full and read-only --------------------------------------------------------------------


def test_a_full_database_keeps_what_it_has_and_goes_on_when_there_is_room(filled: Path) -> None:
    with closing(open_sqlite(filled, PROJECT)) as store:
        before = everything(store)
        limit(store, "page_count")
        with pytest.raises(StoreError, match=r"tasks\.db: no space is left; make room"):
            store.merge([task("b", body="x" * 100_000)], {}, FilesState(), NOW)
        assert everything(store) == before
        limit(store, "4294967294")
        assert store.merge([task("b", body="x" * 100_000)], {}, FilesState(), NOW).created


def limit(store: SqlStore, pages: str) -> None:
    db = connection(store)  # A full disk that needs no disk.
    count = db.execute("PRAGMA page_count").fetchone()[0] if pages == "page_count" else pages
    db.execute(f"PRAGMA max_page_count = {count}")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_who_may_not_write_is_told_so_and_may_still_read(public: Path) -> None:
    path = public / "tasks.db"
    with closing(open_sqlite(path, PROJECT)) as store:
        store.merge([task("a")], {}, FILES, NOW)
    path.chmod(0o444)
    public.chmod(0o555)
    found, _ = victims("without-rights", path)
    assert found["read"] == 1
    assert str(path) in found["write"]
    assert "check who owns the file" in found["write"]


@pytest.mark.parametrize(("has_index", "read"), [(True, 1), (False, "it cannot be opened")])
def test_what_waits_in_the_log_is_read_or_the_reading_is_refused(
    public: Path, has_index: bool, read: int | str
) -> None:
    path = public / "tasks.db"
    with closing(open_sqlite(path, PROJECT)) as store:
        store.merge([task("a")], {}, FILES, NOW)
        killed = {each: each.read_bytes() for each in public.iterdir()}
    for each, data in killed.items():
        if has_index or each.suffix != ".db-shm":
            each.write_bytes(data)
            each.chmod(0o444)
    public.chmod(0o555)
    found, _ = victims("without-rights", path)
    assert found["read"] == read or (isinstance(read, str) and read in found["read"])


def test_a_folder_that_cannot_be_written_is_named(public: Path) -> None:
    public.chmod(0o555)
    found, _ = victims("without-rights", public / "made" / "tasks.db")
    assert found["write"].startswith(f"The task database {public}/made/tasks.db cannot be used")
    assert "Permission denied" in found["write"]
    assert "run `kanban-sync sync` once" in found["read"]


def test_a_store_opened_to_read_writes_nothing(filled: Path) -> None:
    with closing(open_sqlite(filled, PROJECT, read_only=True)) as store:
        assert store.tasks() == [task("a")]
        with pytest.raises(StoreError, match="may not be written"):
            store.merge([], {}, FilesState({"main": "c2"}), NOW)
        assert store.files() == FILES


def test_a_store_opened_to_read_sees_what_others_write(filled: Path) -> None:
    with (
        closing(open_sqlite(filled, PROJECT)) as writer,
        closing(open_sqlite(filled, PROJECT, read_only=True)) as reader,
    ):
        writer.merge([task("a"), task("b")], {}, FILES, NOW)
        assert reader.tasks() == [task("a"), task("b")]


# --- Damaged and not ours ------------------------------------------------------------------


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_database_that_is_taken_away_is_used_no_more(filled: Path, is_replaced: bool) -> None:
    with closing(open_sqlite(filled, PROJECT)) as store:
        assert store.tasks()
        filled.rename(filled.with_name("elsewhere.db"))
        if is_replaced:
            open_sqlite(filled, PROJECT).close()
        with pytest.raises(StoreError, match="was removed or replaced since it was opened"):
            store.claim_next("ada", NOW, 60.0)
        with pytest.raises(StoreError, match="run the same command again"):
            store.events()


def test_a_database_that_went_with_its_folder_is_told_as_moved(filled: Path) -> None:
    moved = filled.parent.with_name("moved")
    with closing(open_sqlite(filled, PROJECT)) as store:
        assert store.tasks()
        filled.parent.rename(moved)
        with pytest.raises(StoreError, match="nor is its folder: that was moved or removed"):
            store.claim_next("ada", NOW, 60.0)
    moved.rename(filled.parent)


@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_a_file_that_is_no_database_is_refused_and_left(path: Path, read_only: bool) -> None:
    path.write_text("# Tasks\n" * 200)
    with pytest.raises(StoreError, match=r"tasks\.db: it is no database; move the file away"):
        open_sqlite(path, PROJECT, read_only=read_only)
    assert path.read_text() == "# Tasks\n" * 200
    assert neighbours(path) == set()


def test_the_database_of_another_program_is_refused_and_left(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE tasks (id)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="of some other program; it was left untouched"):
        open_sqlite(path, PROJECT)
    assert path.read_bytes() == before


def test_a_damaged_database_says_so(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
    data = bytearray(filled.read_bytes())
    for start in range(size, len(data), size):
        data[start : start + 64] = b"\xa5" * 64
    filled.write_bytes(data)
    with pytest.raises(StoreError, match=r"tasks\.db: it is damaged; move the file away"):
        read_all(filled)


def test_a_database_that_was_cut_off_says_so(filled: Path) -> None:
    filled.write_bytes(filled.read_bytes()[: 3 * 4096])
    with pytest.raises(StoreError, match=r"tasks\.db: it is damaged; move the file away"):
        read_all(filled)


@pytest.mark.parametrize("value", [b"no JSON", b"{}", b"[]", b"\xff"])
def test_a_state_that_cannot_be_read_says_so(filled: Path, value: bytes) -> None:
    with closing(sqlite3.connect(filled)) as db:
        db.execute("UPDATE slots SET state = CAST(? AS TEXT)", (value,))
        db.commit()
    with pytest.raises(StoreError, match=r"tasks\.db.*move the file away and run"):
        read_all(filled)


def read_all(path: Path) -> list[object]:
    with closing(open_sqlite(path, PROJECT)) as store:
        return everything(store)


def test_a_folder_in_the_place_of_the_file_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match=r"tasks\.db: it cannot be opened"):
        open_sqlite(path, PROJECT)


def test_an_empty_file_that_a_crash_left_is_filled(path: Path) -> None:
    path.touch()
    with closing(open_sqlite(path, PROJECT)) as store:
        assert store.tasks() == []


def test_to_read_what_is_not_there_says_what_makes_it(path: Path) -> None:
    with pytest.raises(StoreError, match="run `kanban-sync sync` once"):
        open_sqlite(path, PROJECT, read_only=True)
    assert not path.exists()


def test_text_that_is_not_unicode_is_told_and_nothing_is_written(filled: Path) -> None:
    with closing(open_sqlite(filled, PROJECT)) as store:
        before = everything(store)
        with pytest.raises(StoreError, match=r"not valid Unicode.*rename that file"):
            store.merge([task("b"), task("c", path="caf\udce9/TASKS.md")], {}, FILES, NOW)
        assert everything(store) == before


def test_a_closed_store_says_so(filled: Path) -> None:
    store = open_sqlite(filled, PROJECT)
    store.close()
    with pytest.raises(StoreError, match="closed database"):
        store.tasks()


# --- From another time ---------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_a_database_of_a_newer_release_is_refused_and_untouched(
    filled: Path, read_only: bool
) -> None:
    open_database(filled, steps=(*migrations("sqlite"), LATER)).close()
    before = filled.read_bytes()
    with pytest.raises(
        StoreError,
        match=rf"newer kanban-sync \(schema {LATER.number}.*Upgrade kanban-sync.*untouched",
    ):
        open_sqlite(filled, PROJECT, read_only=read_only)
    assert filled.read_bytes() == before


def test_an_upgrade_keeps_the_data_and_leaves_a_copy_of_what_was(filled: Path) -> None:
    before = read_all(filled)
    with closing(
        SqlStore(open_database(filled, steps=(*migrations("sqlite"), LATER)), PROJECT)
    ) as new:
        assert everything(new) == before
        new.merge([task("b")], {}, FILES, NOW)
    assert neighbours(filled) == {f"tasks.db.before-{LATER.number}", "tasks.db.flk"}
    backup = filled.with_name(f"tasks.db.before-{LATER.number}")
    assert backup.stat().st_mode & 0o777 == 0o600
    assert read_all(backup) == before


def test_a_new_database_needs_no_copy(path: Path) -> None:
    open_database(path, steps=(*migrations("sqlite"), LATER)).close()
    assert neighbours(path) == set()


def test_an_upgrade_that_fails_changes_nothing_and_may_be_tried_again(filled: Path) -> None:
    before = read_all(filled)
    lines = (LATER.sql, "DELETE FROM tasks;", "INSERT INTO nowhere VALUES (1);")
    broken = replace(LATER, sql="\n".join(lines))
    with pytest.raises(StoreError, match="no such table: nowhere"):
        open_database(filled, steps=(*migrations("sqlite"), broken))
    assert read_all(filled) == before
    open_database(filled, steps=(*migrations("sqlite"), LATER)).close()


def test_to_read_an_older_database_asks_for_a_sync_first(filled: Path) -> None:
    with pytest.raises(StoreError, match=r"older kanban-sync .* Run `kanban-sync sync` once"):
        open_database(filled, read_only=True, steps=(*migrations("sqlite"), LATER))


def test_the_steps_of_the_schema_are_numbered_without_a_gap_and_alike() -> None:
    numbers = [step.number for step in migrations("sqlite")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [step.number for step in migrations("postgres")] == numbers


def test_tasks_of_the_first_schema_agree_with_their_files_after_the_upgrade(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.executescript(migrations("sqlite")[0].sql)
        old.executescript(
            """CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT;
            INSERT INTO schema_version VALUES (1);
            INSERT INTO tasks VALUES ('p1', 'tasks-md', 'a', 'digest', 'done', 'x', 'done', 'x',
                'Title', NULL, NULL, '', '', '', '[]', 'ada', '', '[]', '[]', 1, 'TASKS.md', 3,
                10, 'aa', 20, 'bb')"""
        )
    with closing(open_sqlite(path, PROJECT)) as store:
        assert [(each.assignee, each.status_version.commit) for each in store.tasks()] == [
            ("ada", "bb")
        ]
        assert store.filed_tasks() == store.tasks()


@pytest.mark.parametrize("which", ["reading", "writing"])
def test_a_transaction_that_was_interrupted_as_it_began_harms_nobody(
    path: Path, which: str
) -> None:
    check_interrupted(lambda: open_sqlite(path, PROJECT), which)
