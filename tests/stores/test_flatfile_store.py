"""The store in a JSON file keeps the contract, and its file is whole at any moment."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import signal
import stat
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.claims import first_number
from kanban_sync.core.errors import (
    HeldError,
    NotReadyError,
    OtherDatabaseError,
    StoreAwayError,
    StoreError,
)
from kanban_sync.core.model import Status
from kanban_sync.core.order import Wanted
from kanban_sync.stores import flatfile
from kanban_sync.stores.flatfile import FileShelf, FlatStore, manifest_path, open_flatfile
from kanban_sync.stores.turns import Turns
from stores.clones_contract import ClonesContract
from stores.contract import SOME_FILES, TaskStoreContract
from stores.made_up import NOW, PROJECT, key, task
from stores.milestones_contract import M1, MilestonesContract, of
from stores.work_contract import LEASE, WorkStoreContract, fill, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.stores.shelf import Contents
    from stores.work_contract import WholeStore


class Forgetful(FileShelf):
    """Reads the file after each time that it was written: what counts is what lies there."""

    def keep(self, contents: Contents) -> None:
        """Write the contents, and forget them."""
        super().keep(contents)
        self._mark = None


@contextmanager
def one() -> Iterator[FlatStore]:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Forgetful(Path(folder, "tasks.json"), PROJECT)
        shelf.make()
        with closing(FlatStore(PROJECT, "", shelf)) as store:
            yield store


class TestFlatfileStore(TaskStoreContract):
    # Hundreds of times is written there; how long what is kept is the store's in memory to say.
    test_the_newest_200_runs_of_each_target_are_kept = None  # type: ignore[assignment]

    @contextmanager
    def opened(self) -> Iterator[TaskStore]:
        with one() as store:
            yield store


class TestFlatfileOfClones(ClonesContract):
    @contextmanager
    def opened_for(self, *clones: str) -> Iterator[Sequence[WholeStore]]:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            file = Path(folder, "tasks.json")
            opened = (open_flatfile(file, PROJECT, clone) for clone in clones)
            yield [stack.enter_context(closing(each)) for each in opened]


class TestFlatfileWork(WorkStoreContract, MilestonesContract):
    @contextmanager
    def opened(self) -> Iterator[WholeStore]:
        with one() as store:
            yield store


# --- The file --------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "tasks-p1.json"


@pytest.fixture
def filled(path: Path) -> Path:
    """A file with two tasks, closed."""
    with closing(open_flatfile(path, PROJECT)) as store:
        store.merge([task("a"), task("b", depends_on=("a",))], {}, SOME_FILES, NOW)
    return path


def test_a_task_is_one_line_that_people_can_read(filled: Path) -> None:
    lines = filled.read_text().splitlines()
    assert lines[1] == '"what": "kanban-sync tasks",'
    at = lines.index('"tasks": [')
    assert [json.loads(each.rstrip(","))["key"] for each in lines[at + 1 : at + 3]] == [
        "tasks-md:a",
        "tasks-md:b",
    ]
    assert stat.S_IMODE(filled.stat().st_mode) == 0o600


def test_nothing_is_written_where_nothing_changes_or_something_is_refused(filled: Path) -> None:
    with closing(open_flatfile(filled, PROJECT)) as store:
        before = filled.stat()
        store.merge([task("a"), task("b", depends_on=("a",))], {}, SOME_FILES, NOW)
        assert store.reclaim(NOW) == []
        with pytest.raises(NotReadyError):
            store.claim(key("b"), "ada", NOW, 60.0)
        assert (filled.stat().st_ino, filled.stat().st_mtime_ns) == (
            before.st_ino,
            before.st_mtime_ns,
        )
        store.claim(key("a"), "ada", NOW, 60.0)
        assert filled.stat().st_mtime_ns > before.st_mtime_ns


def test_what_others_write_is_seen_at_once_and_wakes_who_waits(filled: Path) -> None:
    with (
        closing(open_flatfile(filled, PROJECT)) as one,
        closing(open_flatfile(filled, PROJECT)) as two,
        closing(two.waiter()) as waiter,
    ):
        assert not waiter.wait(0)
        one.claim(key("a"), "ada", NOW, 60.0)
        assert waiter.wait(0)
        assert not waiter.wait(0)
        with pytest.raises(HeldError, match="ada has"):
            two.claim(key("a"), "bob", NOW, 60.0)


def test_whoever_the_file_wakes_sees_in_it_what_another_thread_wrote(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Future[str]] = []
    replace = Path.replace
    with ThreadPoolExecutor(1) as others, closing(open_flatfile(filled, PROJECT)) as store:

        def replaced(new: Path, path: Path) -> Path:
            found = replace(new, path)
            seen.append(others.submit(lambda: store.entry(key("a")).task.status.value))
            wait(seen, 0.1)
            return found

        monkeypatch.setattr(Path, "replace", replaced)
        store.set_status(key("a"), Status.REVIEW, NOW, "bob")
        assert [each.result(60) for each in seen] == ["review"]


def damaged(text: str) -> dict[str, str]:
    return {
        "cut short": text[: len(text) // 2],
        "empty": "",
        "another program's": '{"name": "left-pad"}',
        "no object": "[1, 2]",
        "of another shape": text.replace('"first_token": 0,\n', ""),
        "of another project": text.replace('"project": "p1"', '"project": "p2"'),
        "newer": text.replace('"format": 1', '"format": 2'),
    }


@pytest.mark.parametrize("what", damaged(""))
def test_a_file_that_is_damaged_or_foreign_is_named_and_left_as_it_is(
    filled: Path, what: str
) -> None:
    text = damaged(filled.read_text())[what]
    filled.write_text(text)
    remedy = "Upgrade kanban-sync" if what == "newer" else "Put it back from a copy, or move it"
    with pytest.raises(StoreError, match=f"{filled}.*{remedy}"):
        open_flatfile(filled, PROJECT)
    assert filled.read_text() == text


def test_a_file_that_was_taken_away_or_replaced_is_written_to_no_more(
    filled: Path, tmp_path: Path
) -> None:
    with closing(open_flatfile(filled, PROJECT)) as store:
        filled.rename(tmp_path / "away")
        with pytest.raises(OtherDatabaseError, match="removed or replaced"):
            store.claim(key("a"), "ada", NOW, 60.0)
        assert not filled.exists()
        open_flatfile(filled, PROJECT).close()
        with pytest.raises(OtherDatabaseError):
            store.tasks()


def test_a_store_opened_to_read_makes_and_writes_nothing(filled: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run `kanban-sync sync` once"):
        open_flatfile(tmp_path / "none.json", PROJECT, read_only=True)
    with closing(open_flatfile(filled, PROJECT, read_only=True)) as store:
        with pytest.raises(StoreError, match="read only"):
            store.claim(key("a"), "ada", NOW, 60.0)
        assert [each.key for each in store.tasks()] == [key("a"), key("b")]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["made"]


def test_a_full_disk_leaves_the_file_as_it_was(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = filled.read_bytes()
    with closing(open_flatfile(filled, PROJECT)) as store:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"No space left on device.*Make room"):
            store.claim(key("a"), "ada", NOW, 60.0)
        monkeypatch.undo()
        assert filled.read_bytes() == before
        assert not [each for each in filled.parent.iterdir() if each.name.endswith(".new")]
        assert store.claim(key("a"), "ada", NOW, 60.0).claim


def test_in_a_file_of_an_older_release_milestones_wait_for_their_tasks_at_once(path: Path) -> None:
    with closing(open_flatfile(path, PROJECT)) as store:
        fill(store, M1, of("M1", "a", depends_on=("b",)), of("M1", "b"))
    written = json.loads(path.read_text(encoding="utf-8"))
    written["edges"] = [edge for edge in written["edges"] if len(edge) == 4]
    assert len(written["edges"]) == 1
    path.write_text(json.dumps(written), encoding="utf-8")
    with closing(open_flatfile(path, PROJECT)) as store:
        assert names(store.ready(NOW)) == ["b"]
        store.claim(key("b"), "ada", NOW, LEASE)
    # What is written next says so.
    assert len(json.loads(path.read_text(encoding="utf-8"))["edges"]) == 3


def test_a_file_tells_no_older_release_of_tasks_that_do_not_hold_their_milestone(
    path: Path,
) -> None:
    below = Wanted(parent=M1.key)
    begun = M1._replace(status=Status.IN_PROGRESS)
    late = of("M1", "late", depends_on=("M1",))
    for own in ([], [of("M1", "a")]):
        with closing(open_flatfile(path, PROJECT)) as store:
            fill(store, begun, *own, late)
        # No more than what every release with milestones reads.
        edges = json.loads(path.read_text(encoding="utf-8"))["edges"]
        assert [len(edge) for edge in edges] == [6] * len(own) + [4]
        with closing(open_flatfile(path, PROJECT)) as store:
            listed = [each.key.name for each in store.entries(below)]
            assert listed == [*(each.key.name for each in own), "late"]
            assert names(store.ready(NOW)) == ([each.key.name for each in own] or ["M1"])


def test_numbers_of_a_file_made_anew_are_above_those_of_the_lost_one(path: Path) -> None:
    first = first_number(NOW)
    with closing(open_flatfile(path, PROJECT, first_number=first)) as store:
        assert store.last_event() == 0
        store.merge([task("a")], {}, SOME_FILES, NOW)
        entry = store.claim(key("a"), "ada", NOW, 60.0)
        assert entry.claim is not None
        assert entry.claim.token == first + 1
        assert entry.attempts == 1
    with closing(open_flatfile(path, PROJECT)) as store:
        store.add(task("b"), NOW)
        numbers = [each.id for each in store.events()]
        assert numbers == list(range(first + 1, first + 1 + len(numbers)))
        assert store.last_event() == numbers[-1]
        assert [each.id for each in store.events(first + 1, 2)] == numbers[1:3]
        assert store.events(numbers[-1]) == []


def test_who_cannot_write_in_time_is_told_to_try_again(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flatfile, "PATIENCE", 0.05)
    other = Turns(filled)
    with closing(open_flatfile(filled, PROJECT)) as store, other.turn(5):
        with pytest.raises(StoreAwayError, match="another process has been writing"):
            store.claim(key("a"), "ada", NOW, 60.0)
        assert store.ready(NOW)  # Who reads waits for nobody.


@pytest.mark.parametrize(
    ("project", "name"),
    [("p1", "tasks-p1.json"), ("../up", None), ("", None), ("x" * 65, None)],
)
def test_each_project_has_a_file_of_its_own(tmp_path: Path, project: str, name: str | None) -> None:
    found = manifest_path(tmp_path, project)
    assert found.parent == tmp_path
    assert name is None or found.name == name
    assert re.fullmatch(r"tasks-[\w.-]+\.json", found.name)


def test_of_processes_that_are_killed_while_they_write_none_leaves_half_a_file(
    filled: Path,
) -> None:
    with closing(open_flatfile(filled, PROJECT)) as store:
        store.merge([task(f"{n}") for n in range(50)], {}, SOME_FILES, NOW)
    pick = random.Random("killed")
    for number in range(12):
        child = os.fork()
        if child == 0:
            with closing(open_flatfile(filled, PROJECT)) as store:
                while store.claim_next(f"{number}", NOW, 60.0) is not None:
                    pass
            os._exit(0)
        time.sleep(pick.random() * 0.03)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with closing(open_flatfile(filled, PROJECT)) as store:
            claimed = [each for each in store.entries() if each.claim]
            told = [event.key for event in store.events() if event.kind == "claimed"]
            assert sorted(told) == sorted(str(each.key) for each in claimed)
