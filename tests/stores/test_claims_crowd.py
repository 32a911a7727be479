"""Many claim at once, die, sleep too long and misread the time: each task is done once."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kanban_sync
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.stores.turns import Turns
from stores.made_up import NOW, PROJECT, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from stores.emptied import Emptied

TESTS = Path(__file__).parents[1]
PACKAGE = Path(kanban_sync.__file__).parents[1]


def workers(what: str, *arguments: Path | str | int) -> Any:  # noqa: ANN401 - whatever they tell
    done = subprocess.run(
        [sys.executable, "-m", "stores.workers", what, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{TESTS}"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=["SQLite", "PostgreSQL", "flat file"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: the path of a file, or a URL."""
    if request.param != "PostgreSQL":
        return str(tmp_path / ("tasks.db" if request.param == "SQLite" else "tasks.json"))
    emptied: Emptied = request.getfixturevalue("emptied")
    return emptied.url


@pytest.mark.hunt
def test_of_64_processes_that_want_one_task_one_gets_it(database: str, hunt_factor: int) -> None:
    rounds = 5 if hunt_factor == 1 else 100
    assert workers("race", database, 64, rounds) == [1] * rounds


@pytest.mark.hunt
def test_whatever_befalls_workers_each_task_is_completed_once(
    database: str,
    tmp_path: Path,
    hunt_factor: int,
    record_property: Callable[[str, object], None],
) -> None:
    is_file = database.endswith(".json")
    processes, tasks = (6, 80 if is_file else 200) if hunt_factor == 1 else (16, 2_000)
    seed = "seed" if hunt_factor == 1 else os.urandom(4).hex()
    record_property("case", f"chaos with the seed {seed}")
    told = workers("chaos", database, tmp_path, processes, tasks, seed)
    # That it happened at all is chance; that it happened hundreds of times over is not.
    befell = [told.pop(what) for what in ("killed", "reclaimed", "late", "offered")]
    assert all(befell) or tasks < 200
    assert told == {
        "open": 0,
        "completed": tasks,
        "completed other than once": 0,
        "tokens out of order": 0,
        "out of step": 0,
        "integrity": "ok",
    }


# --- Turns ---------------------------------------------------------------------------------


def test_who_cannot_have_the_turn_in_time_goes_on_without(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    first, second = Turns(path), Turns(path)
    with first.turn(5):
        with second.turn(0.01):
            pass
        with second.turn(0.01):
            pass
    # What was given up is let go of as soon as it comes, and others have it again.
    with closing(open_sqlite(path, PROJECT)) as store, closing(second):
        store.merge([task("a")], {}, store.files(), NOW)
        with second.turn(60):
            assert not _is_free(path)


def waiting_threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "turn"}


def test_a_wait_that_is_given_up_leaves_no_thread_and_no_open_file(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"

    def left() -> int:
        links = (each for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
        return sum(each.readlink().is_relative_to(tmp_path) for each in links)

    before = waiting_threads()
    holder, waiter = Turns(path), Turns(path)
    for seconds in (0, 0.0001, 0.001) * 10:
        with holder.turn(5), waiter.turn(seconds) as is_mine:
            assert not is_mine
    holder.close()
    waiter.close()
    for each in waiting_threads() - before:
        each.join(20)
    assert (waiting_threads() <= before, left()) == (True, 0)


def test_one_thread_waits_for_all_turns_that_come(tmp_path: Path) -> None:
    before = waiting_threads()
    holder, waiter = Turns(tmp_path / "tasks.db"), Turns(tmp_path / "tasks.db")
    seen = set()
    with closing(waiter):
        for _ in range(3):
            with ExitStack() as stack:
                stack.enter_context(holder.turn(5))
                threading.Timer(0.01, holder.close).start()
                assert stack.enter_context(waiter.turn(60))
                seen |= waiting_threads() - before
    assert len(seen) == 1


def _is_free(path: Path) -> bool:
    with path.with_name(f"{path.name}.flk").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_where_no_file_can_be_made_turns_are_not_waited_for(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "missing" / "tasks.db")
    with turns.turn(5):
        pass
    turns.close()
