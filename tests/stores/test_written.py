"""What was written into files in vain: what of it is taken back, and what is told."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.splices import splice
from kanban_sync.databases.written import (
    Note,
    all_in_vain,
    forget_written,
    note_written,
    said_there,
    set_aside,
    take_back,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HERE, OTHER = "-", "linked"
KEY = "tasks-md:a"
TODO = b"# Tasks\na todo\nb todo\n"
BEGUN = TODO.replace(b"a todo", b"a in_progress ada")
DONE = TODO.replace(b"a todo", b"a done ada")
UNCLAIMED = ("todo", "")


class OneFile:
    """A work tree with one file, each line of which is a task."""

    def __init__(self, data: bytes, *, is_shut: bool = False) -> None:
        self.data = data
        self.is_shut = is_shut

    def look(self, key: str) -> Task:
        name = key.partition(":")[2]
        for line in self.data.decode().splitlines():
            own, status, *who = line.split()
            if own == name:
                task = TaskKey("shop", "tasks-md", name)
                return Task(task, name, Status(status), assignee="".join(who))
        raise EditError("no file holds it")

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        if self.is_shut:
            raise EditError(f"{path}: cannot be written")
        self.data = change(self.data)


def work(copy: Path, *steps: bytes, worktree: str = HERE, key: str = KEY) -> None:
    """Note that commands have written a file step by step."""
    for before, after in pairwise(steps):
        said = said_there(OneFile(after), key)
        note_written(copy, Note(worktree, key, "TASKS.md", said, splice(before, after)))


def taken(copy: Path, file: OneFile, committed: tuple[str, str] = UNCLAIMED) -> list[str]:
    return take_back(all_in_vain(copy.parents[1], HERE), HERE, file, lambda _: committed)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where a copy of a database may lie."""
    path = tmp_path / "0a" / "tasks-shop.json"
    path.parent.mkdir()
    return path


def test_all_steps_are_taken_back_once_and_no_other_work_tree_is_touched(copy: Path) -> None:
    work(copy, TODO, BEGUN, DONE)
    work(copy, TODO, BEGUN, worktree=OTHER)
    counted = DONE.replace(b"b todo", b"b done bob")
    work(copy, DONE, counted, key="tasks-md:b")
    file = OneFile(counted)
    assert taken(copy, file) == []
    set_aside(copy, [KEY])
    forget_written(copy)
    [told] = taken(copy, file)
    assert told.startswith(f"TASKS.md says of {KEY} again")
    assert file.data == TODO.replace(b"b todo", b"b done bob")
    set_aside(copy, [KEY])
    assert taken(copy, file) == []
    other = OneFile(BEGUN)
    there = all_in_vain(copy.parents[1], OTHER)
    [told] = take_back(there, OTHER, other, lambda _: UNCLAIMED)
    assert told.startswith(f"TASKS.md says of {KEY} again")
    assert (other.data, all_in_vain(copy.parents[1], OTHER)) == (TODO, [])


@pytest.mark.parametrize(
    ("now", "committed", "is_shut", "then", "told"),
    [
        (DONE, UNCLAIMED, False, TODO, "says of"),
        (DONE, UNCLAIMED, True, DONE, "still says of"),
        (DONE, ("done", "ada"), False, DONE, ""),
        (DONE.replace(b"done", b"blocked"), UNCLAIMED, False, None, ""),
        (TODO, UNCLAIMED, False, TODO, ""),
        (b"x todo\n" + DONE + b"y todo\n", UNCLAIMED, False, b"x todo\n" + TODO + b"y todo\n", "s"),
    ],
)
def test_what_was_committed_or_changed_since_stays(
    *,
    copy: Path,
    now: bytes,
    committed: tuple[str, str],
    is_shut: bool,
    then: bytes | None,
    told: str,
) -> None:
    work(copy, TODO, BEGUN, DONE)
    set_aside(copy, [KEY])
    set_aside(copy, [KEY])  # Whoever was killed on the way is followed by another one.
    file = OneFile(now, is_shut=is_shut)
    lines = taken(copy, file, committed)
    assert file.data == (now if then is None else then)
    assert [each.startswith(f"TASKS.md {told}") for each in lines] == ([True] if told else [])
    assert taken(copy, file) == []


def test_the_line_of_another_task_that_looks_the_same_stays(copy: Path) -> None:
    # What was done with one is noted of the other, whose own line was written anew by hand.
    done = splice(TODO, TODO.replace(b"b todo", b"b done"))
    note_written(copy, Note(HERE, KEY, "TASKS.md", ("done", "ada"), done))
    set_aside(copy, [KEY])
    file = OneFile(DONE.replace(b"b todo", b"b done"))
    [told] = taken(copy, file)
    assert told.startswith("TASKS.md still says of")
    assert file.data == DONE.replace(b"b todo", b"b done")


def test_a_note_that_was_cut_short_counts_for_nothing(copy: Path) -> None:
    work(copy, TODO, DONE)
    set_aside(copy, [KEY])
    [vain] = all_in_vain(copy.parents[1], HERE)
    vain.write_text(vain.read_text()[:-9] + "\n")
    assert taken(copy, OneFile(DONE)) == []
