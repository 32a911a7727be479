"""What was written into files in vain: what of it is taken back, and what is told."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.splices import splice
from kanban_sync.databases.taking_back import Taken, said_there, take_back
from kanban_sync.databases.written import NOTHING, Note, Notes, Said, Vain, all_notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HERE, OTHER = "-", "linked"
KEY, NEW = "tasks-md:a", "tasks-md:c"
TODO = b"# Tasks\na todo\nb todo\n"
BEGUN = TODO.replace(b"a todo", b"a in_progress ada")
DONE = TODO.replace(b"a todo", b"a done ada")
ADDED = TODO + b"c todo\n"
UNCLAIMED = Said("todo")


class KilledError(BaseException):
    """The process is killed."""


class OneFile:
    """A work tree with one file, each line of which is a task: its name, status and assignee."""

    def __init__(self, data: bytes, *, is_shut: bool = False, kill_at: int = -1) -> None:
        self.data = data
        self.is_shut = is_shut
        self.kill_at = kill_at

    def tasks(self) -> list[Task]:
        found = []
        for line in self.data.decode().splitlines()[1:]:
            own, status, *who = line.split()
            task = TaskKey("shop", "tasks-md", own)
            name, *remark = "".join(who).split("!")
            title = f"{own}{''.join(remark)}"
            found.append(Task(task, title, Status(status), assignee=name, path="TASKS.md"))
        return found

    def look(self, key: str) -> Task:
        for each in self.tasks():
            if str(each.key) == key:
                return each
        raise EditError("no file holds it")

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        if self.is_shut:
            raise EditError(f"{path}: cannot be written")
        new = change(self.data)
        if new != self.data:
            self.kill_at -= 1
            if self.kill_at == 0:
                raise KilledError
            self.data = new

    def set(
        self,
        key: str,
        status: Status | None = None,
        assignee: str | None = None,
        word: str | None = None,
    ) -> None:
        del word
        here = self.look(key)
        own = here.key.name
        old = next(each for each in self.data.splitlines(keepends=True) if each[:1] == own.encode())
        remark = here.title.removeprefix(own)
        name = here.assignee if assignee is None else assignee
        said = f"{own} {status or here.status} {name}{'!' + remark if remark else ''}"
        new = f"{said.strip()}\n".encode()
        self.change("TASKS.md", lambda data: data.replace(old, new))


def work(notes: Notes, *steps: bytes, worktree: str = HERE, key: str = KEY) -> None:
    """Note that commands write a file step by step."""
    for before, after in pairwise(steps):
        was, said = said_there(OneFile(before), key), said_there(OneFile(after), key)
        title = OneFile(after).look(key).title if was == NOTHING else ""
        done, newest = splice(before, after), notes.newest()
        notes.add(Note(worktree, key, "TASKS.md", was, said, done, newest, title))


def taken(
    notes: Notes, file: OneFile, committed: Said = UNCLAIMED, worktree: str = HERE
) -> tuple[str, ...]:
    return took(notes, file, committed, worktree).told


@dataclass
class Known:
    """What the last commit says of each task, and what the database calls it."""

    said: Said
    titled: str = ""

    def committed(self, _key: str) -> Said:
        return self.said

    def title(self, _key: str) -> str:
        return self.titled


def took(
    notes: Notes,
    file: OneFile,
    committed: Said = UNCLAIMED,
    worktree: str = HERE,
    titled: str = "",
) -> Taken:
    found = all_notes(notes.copy.parents[1], worktree)
    return take_back(found, worktree, file, Known(committed, titled))


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """Where a copy of a database may lie."""
    path = tmp_path / "0a" / "tasks-shop.json"
    path.parent.mkdir()
    return Notes(path)


def test_all_steps_are_taken_back_once_and_no_other_work_tree_is_touched(notes: Notes) -> None:
    work(notes, TODO, BEGUN, DONE)
    work(notes, TODO, BEGUN, worktree=OTHER)
    counted = DONE.replace(b"b todo", b"b done bob")
    work(notes, DONE, counted, key="tasks-md:b")
    notes.set_aside("j", {KEY: Vain.CHANGED})
    notes.set_aside(
        "j", {KEY: Vain.CHANGED, "tasks-md:b": Vain.CHANGED}
    )  # Whoever was killed is followed by another one.
    file = OneFile(counted)
    [told] = taken(notes, file)
    assert told.startswith(f"TASKS.md says of {KEY} again")
    assert file.data == TODO.replace(b"b todo", b"b done bob")
    assert taken(notes, file) == ()
    other = OneFile(BEGUN)
    [told] = taken(notes, other, worktree=OTHER)
    assert told.startswith(f"TASKS.md says of {KEY} again")
    assert (other.data, all_notes(notes.copy.parents[1], OTHER)) == (TODO, [])
    assert notes.verdicts() == []


def test_what_counts_later_stays_though_it_did_not_before(notes: Notes) -> None:
    work(notes, TODO, BEGUN)
    notes.set_aside("first", {KEY: Vain.CHANGED})
    [_] = taken(notes, OneFile(BEGUN))
    work(notes, TODO, BEGUN, worktree=OTHER)
    notes.set_aside("second", {"tasks-md:b": Vain.CHANGED})
    work(notes, TODO, DONE)
    file = OneFile(DONE)
    assert (taken(notes, file), file.data) == ((), DONE)


def test_nothing_is_taken_back_while_work_goes_on_with_the_copy(notes: Notes) -> None:
    work(notes, TODO, BEGUN)
    notes.set_aside("j", {KEY: Vain.CHANGED})
    marker = notes.copy.with_suffix(".away")
    marker.touch()
    file = OneFile(BEGUN)
    assert took(notes, file) == Taken(held=frozenset({"TASKS.md"}))
    assert file.data == BEGUN
    marker.unlink()
    [_] = taken(notes, file)
    assert file.data == TODO


@pytest.mark.parametrize(
    ("now", "committed", "is_shut", "then", "told"),
    [
        (DONE, UNCLAIMED, False, TODO, "says of"),
        (DONE, UNCLAIMED, True, DONE, "still says of"),
        (DONE, Said("done", "ada"), False, DONE, ""),
        (DONE.replace(b"done", b"blocked"), UNCLAIMED, False, None, ""),
        (TODO, UNCLAIMED, False, TODO, ""),
        # The second step was noted, and its command killed before it wrote.
        (BEGUN, UNCLAIMED, False, TODO, "says of"),
        (b"# T\nx todo\n" + DONE[8:] + b"y todo\n", UNCLAIMED, False, None, "says of"),
        # Somebody has changed the line since: only status and assignee are taken back.
        (DONE.replace(b"ada", b"ada!mine"), UNCLAIMED, False, None, "says of"),
    ],
)
def test_what_was_committed_or_changed_since_stays(
    *, notes: Notes, now: bytes, committed: Said, is_shut: bool, then: bytes | None, told: str
) -> None:
    work(notes, TODO, BEGUN, DONE)
    notes.set_aside("j", {KEY: Vain.CHANGED})
    file = OneFile(now, is_shut=is_shut)
    lines = taken(notes, file, committed)
    changed = now.replace(b"a done ada!", b"a todo !").replace(b"a done ada", b"a todo")
    assert file.data == (changed if then is None else then)
    assert [each.startswith(f"TASKS.md {told}") for each in lines] == ([True] if told else [])
    # What is left is named until it is not there any more.
    assert taken(notes, file, committed) == (lines if is_shut else ())


def test_what_others_have_done_too_is_right_where_it_cannot_be_taken_back(notes: Notes) -> None:
    work(notes, TODO, BEGUN, DONE)
    notes.set_aside("j", {KEY: Vain.SAME})
    file = OneFile(DONE, is_shut=True)
    assert took(notes, file) == Taken()
    assert (file.data, all_notes(notes.copy.parents[1], HERE)) == (DONE, [])


@pytest.mark.parametrize("kill_at", [1, 2])
def test_whoever_is_killed_is_followed_by_another_one(notes: Notes, kill_at: int) -> None:
    work(notes, TODO, BEGUN, DONE)
    notes.set_aside("j", {KEY: Vain.CHANGED})
    with pytest.raises(KilledError):
        took(notes, file := OneFile(DONE, kill_at=kill_at))
    [_] = taken(notes, file)
    assert file.data == TODO


def test_whoever_was_killed_before_it_forgot_a_step_is_followed_too(notes: Notes) -> None:
    work(notes, TODO, BEGUN, DONE)
    notes.set_aside("j", {KEY: Vain.CHANGED})
    folder = notes.copy.with_suffix(".written")
    shutil.copytree(folder, before := folder.with_suffix(".as-before"))
    file = OneFile(DONE)
    [_] = taken(notes, file)
    shutil.rmtree(folder)
    before.replace(folder)
    notes.set_aside("j", {KEY: Vain.CHANGED})
    file.data = BEGUN
    [_] = taken(notes, file)
    assert file.data == TODO


def test_the_line_of_another_task_that_looks_the_same_stays(notes: Notes) -> None:
    # What was done with one is noted of the other, whose own line was written anew by hand.
    done = splice(TODO, TODO.replace(b"b todo", b"b done"))
    notes.add(Note(HERE, KEY, "TASKS.md", Said("blocked"), Said("done", "ada"), done))
    notes.set_aside("j", {KEY: Vain.CHANGED})
    file = OneFile(DONE.replace(b"b todo", b"b done"))
    [told] = taken(notes, file)
    assert told.startswith("TASKS.md says of")
    assert file.data == TODO.replace(b"a todo", b"a blocked").replace(b"b todo", b"b done")


@pytest.mark.parametrize(
    ("now", "then", "told"),
    [
        (ADDED, TODO, "holds tasks-md:c ('c') no more"),
        (b"# T\nx todo\n" + ADDED, b"# T\nx todo\n" + TODO, "holds tasks-md:c ('c') no more"),
        # Somebody has gone on with it, and is told to give it another id.
        (TODO + b"c blocked\n", None, "still holds tasks-md:c ('c')"),
        (TODO + b"c todo !mine\n", None, "still holds tasks-md:c ('cmine')"),
        (TODO, TODO, ""),
    ],
)
def test_a_task_that_was_added_in_vain_is_taken_out_or_named(
    notes: Notes, now: bytes, then: bytes | None, told: str
) -> None:
    now, then = now.replace(b"\n# Tasks", b""), then and then.replace(b"\n# Tasks", b"")
    work(notes, TODO, ADDED, key=NEW)
    notes.set_aside("j", {NEW: Vain.ADDED})
    file = OneFile(now)
    lines = taken(notes, file, NOTHING)
    assert file.data == (now if then is None else then)
    assert [each.startswith(f"TASKS.md {told}") for each in lines] == ([True] if told else [])
    assert taken(notes, file, NOTHING) == (lines if then is None else ())


def test_a_task_that_another_one_added_too_is_there_still(notes: Notes) -> None:
    begun = ADDED.replace(b"c todo", b"c in_progress ada")
    work(notes, TODO, ADDED, begun, key=NEW)
    notes.set_aside("j", {NEW: Vain.CHANGED})
    file = OneFile(begun)
    [told] = taken(notes, file, NOTHING)
    assert told.startswith(f"TASKS.md says of {NEW} again")
    assert (file.data, taken(notes, file, NOTHING)) == (ADDED, ())


@pytest.mark.parametrize(("titled", "then"), [("", ADDED), ("c", ADDED), ("Another one", TODO)])
def test_whoever_was_killed_before_the_copy_had_a_task_is_told_of_another_one(
    notes: Notes, titled: str, then: bytes
) -> None:
    work(notes, TODO, ADDED, key=NEW)
    half = notes.copy.with_suffix(".written") / ".half"
    half.touch()
    file = OneFile(ADDED)
    told = took(notes, file, NOTHING, titled=titled).told
    assert (file.data, len(told), half.exists()) == (then, int(then == TODO), False)


def test_a_note_that_was_cut_short_counts_for_nothing(notes: Notes) -> None:
    work(notes, TODO, DONE)
    notes.set_aside("j", {KEY: Vain.CHANGED})
    [note] = notes.copy.with_suffix(".written").iterdir()
    note.write_text(note.read_text()[:-9] + "\n")
    assert taken(notes, OneFile(DONE)) == ()
