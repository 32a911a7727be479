"""Processes that use one database and die, or use it all at once; started by the fault tests.

They are forked from a small process without threads, which says as JSON what became of them:
``python -m stores.victims <what> <argument>…``
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.core.errors import StoreAwayError, StoreError
from kanban_sync.core.model import Status
from kanban_sync.core.ports import FilesState, Gone
from kanban_sync.stores.migrations import Migration, migrations
from kanban_sync.stores.sql import SqlStore
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.stores.sqlite_database import open_database
from stores.inside import connection
from stores.made_up import NOW, PROJECT, key, state, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.model import Task

NOBODY = 65534


def main(what: str, *arguments: str) -> None:
    doings: dict[str, Callable[..., object]] = {
        "killed-at-each-statement": killed_at_each_statement,
        "killed-at-each-page": killed_at_each_page,
        "all-at-once": all_at_once,
        "without-rights": without_rights,
    }
    sys.stdout.write(json.dumps(doings[what](*arguments)))


# --- Killed in the middle ------------------------------------------------------------------


def old_merge(store: SqlStore) -> None:
    tasks = [task(f"{n}", body="old " * 500) for n in range(20)]
    store.merge(tasks, {}, FilesState({"main": "old"}, {"A": state("old")}), NOW)


def new_merge(store: SqlStore) -> None:
    """Create, update and take away, so that a part of it alone would be seen."""
    tasks = [task(f"{n}", body="new " * 500) for n in range(5, 25)]
    gone = {key(f"{n}"): Gone(Status.ORPHANED) for n in range(5)}
    store.merge(tasks, gone, FilesState({"main": "new"}, {"B": state("new")}), NOW)


def contents(path: Path) -> list[object]:
    with closing(open_sqlite(path, PROJECT)) as store:
        return [store.tasks(), store.files(), store.events(limit=10_000)]


def killed_at_each_statement(folder: str) -> dict[str, int]:
    return killed_again_and_again(Path(folder), range(1, 10_000), dies_at_statement)


def killed_at_each_page(folder: str) -> dict[str, int]:
    # Not a multiple of any page, so that most writes are torn. Below 32 KiB no connection opens.
    sizes = range(33_000, 10_000_000, 2_003)
    return killed_again_and_again(Path(folder), sizes, dies_at_size)


def killed_again_and_again(
    folder: Path, moments: range, arm: Callable[[SqlStore, int], None]
) -> dict[str, int]:
    """Let the same merge die at one moment after the other, until it lives to its end."""
    kept = folder / "kept.db"
    with closing(open_sqlite(kept, PROJECT)) as store:
        old_merge(store)
    old = contents(kept)
    shutil.copy(kept, folder / "whole.db")
    with closing(open_sqlite(folder / "whole.db", PROJECT)) as store:
        new_merge(store)
    new = contents(folder / "whole.db")
    count = {"old": 0, "new": 0, "neither": 0, "not sound": 0}
    for moment in moments:
        path = folder / f"{moment}.db"
        shutil.copy(kept, path)
        survived = merge_in_a_child(path, moment, arm)
        found = contents(path)
        count["old" if found == old else "new" if found == new else "neither"] += 1
        with closing(sqlite3.connect(path)) as db:
            count["not sound"] += db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
        if survived:
            return count
    raise RuntimeError("it died every time")


def merge_in_a_child(path: Path, moment: int, arm: Callable[[SqlStore, int], None]) -> bool:
    child = os.fork()
    if child == 0:
        try:
            store = open_sqlite(path, PROJECT)
            arm(store, moment)
            new_merge(store)
            store.close()
            os._exit(0)
        finally:
            os._exit(9)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("it failed instead of dying")
    return not os.WIFSIGNALED(status)


def dies_at_statement(store: SqlStore, number: int) -> None:
    """Kill this process when it begins the statement with that number; each row is one."""
    left = number

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    connection(store).set_trace_callback(count)


def dies_at_size(_: SqlStore, size: int) -> None:
    """Let the kernel kill this process when a file grows beyond that size, within that write."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


# --- All at once ---------------------------------------------------------------------------


def all_at_once(path: str, processes: str, rounds: str, step: str) -> list[str]:
    """Open the file in several processes at the same moment, and merge in each; tell who failed."""
    ready, go = os.pipe(), os.pipe()
    children = []
    for number in range(int(processes)):
        child = os.fork()
        if child:
            children.append(child)
            continue
        try:
            os.write(ready[1], b".")
            os.close(go[1])
            os.read(go[0], 1)  # Returns when the last writing end is closed: in all at once.
            merge_rounds(Path(path), number, int(rounds), step)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - told by the parent
            sys.stderr.write(f"{number}: {type(error).__name__}: {error}\n")
        finally:
            os._exit(1)
    for _ in children:
        os.read(ready[0], 1)
    os.close(go[1])
    return [f"{child}" for child in children if os.waitpid(child, 0)[1] != 0]


def merge_rounds(path: Path, number: int, rounds: int, step: str) -> None:
    steps = _with(step) if step else ()
    with closing(SqlStore(open_database(path, steps=steps), PROJECT)) as store:
        for count in range(rounds):
            tips = FilesState({f"branch{number}": f"{count}"})
            # Whoever got no turn for seconds, on a busy machine, is told to try again.
            while not _is_merged(store, tasks_of_round(number, count), tips):
                pass


def _is_merged(store: SqlStore, tasks: list[Task], files: FilesState) -> bool:
    try:
        store.merge(tasks, {}, files, NOW)
    except StoreAwayError:
        return False
    return True


def _with(step: str) -> tuple[Migration, ...]:
    steps = migrations("sqlite")
    return (*steps, Migration(steps[-1].number + 1, step))


def tasks_of_round(number: int, count: int) -> list[Task]:
    return [task(f"{number}-{n}", title=f"round {count}", position=number) for n in range(5)]


# --- Without rights ------------------------------------------------------------------------


def without_rights(path: str) -> dict[str, object]:
    """Tell what a user who may only read gets, for writing and for reading."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return {"write": attempt(path, read_only=False), "read": attempt(path, read_only=True)}


def attempt(path: str, *, read_only: bool) -> object:
    try:
        with closing(open_sqlite(Path(path), PROJECT, read_only=read_only)) as store:
            if not read_only:
                old_merge(store)
            return len(store.tasks())
    except StoreError as error:
        return str(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
