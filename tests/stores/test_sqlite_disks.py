"""On a disk that is really full, and on one that is really read-only."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import StoreError
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.sqlite import open_sqlite
from stores.contract import everything
from stores.filling import fill
from stores.made_up import NOW, PROJECT, said, task

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.stores.sql import SqlStore


def grow(store: SqlStore) -> None:
    tasks = [task(f"{n}", body="x" * 2000) for n in range(40)]
    store.merge(tasks, {}, FilesState({"main": "c2"}), NOW)


def test_a_merge_on_a_full_disk_says_so_and_changes_nothing(disk: Path) -> None:
    with closing(open_sqlite(disk / "tasks.db", PROJECT)) as store:
        store.merge([task("a")], {}, FilesState({"main": "c1"}), NOW)
        before = everything(store)
        ballast = fill(disk)
        with pytest.raises(StoreError, match=f"{disk}/tasks.db: .*free space|no space is left"):
            grow(store)
        with pytest.raises(StoreError, match=f"{disk}/tasks.db: "):
            store.remember("t1", [said(f"{n}", card_id="x" * 4000) for n in range(10)])
        assert everything(store) == before
        ballast.unlink()
        grow(store)
        assert len(store.tasks()) == 41


def test_a_database_is_not_begun_on_a_full_disk_and_begun_when_there_is_room(disk: Path) -> None:
    ballast = fill(disk)
    with pytest.raises(StoreError, match=f"{disk}/tasks.db.*space"):
        open_sqlite(disk / "tasks.db", PROJECT)
    ballast.unlink()
    with closing(open_sqlite(disk / "tasks.db", PROJECT)) as store:
        grow(store)


def test_a_read_only_disk_is_read_and_its_being_so_is_told(disk: Path) -> None:
    path = disk / "tasks.db"
    with closing(open_sqlite(path, PROJECT)) as store:
        grow(store)
        before = everything(store)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with closing(open_sqlite(path, PROJECT, read_only=True)) as store:
        assert everything(store) == before
    with pytest.raises(StoreError, match=f"{path}: it .*check who owns the file"):
        open_sqlite(path, PROJECT)
