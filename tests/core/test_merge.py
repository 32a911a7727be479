"""Merging a task both ways: each side is compared with what both agreed on last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.marks import Past
from kanban_sync.core.merge import (
    SET_HERE,
    Conflict,
    Filed,
    Kept,
    agreed_part,
    as_filed,
    filed_part,
    merge_task,
    merge_value,
)
from kanban_sync.core.model import Status, Version
from stores.made_up import TASKS, task

if TYPE_CHECKING:
    from kanban_sync.core.model import Task

Told = tuple[Any, ...]

TODO, DOING, DONE = Status.TODO, Status.IN_PROGRESS, Status.DONE
OLD, NEW, LATER = Version(10, "aa"), Version(20, "bb"), Version(30, SET_HERE)
EDITED = Version(25, "~0123456789a")


@pytest.mark.parametrize(
    ("base", "file", "database", "merged", "is_lost"),
    [
        ("a", "a", "a", "a", False),
        ("a", "b", "a", "b", False),
        ("a", "a", "b", "b", False),
        ("a", "b", "b", "b", False),
        ("a", "b", "c", "c", True),
    ],
)
def test_a_side_that_is_as_the_base_says_nothing_and_the_database_wins_a_conflict(
    base: str, file: str, database: str, merged: str, *, is_lost: bool
) -> None:
    assert merge_value(base, file, database) == (merged, is_lost)


def at(status: Status, version: Version = OLD, assignee: str = "", word: str = "") -> Task:
    return task("a", status=status, status_version=version, assignee=assignee, word=word)


@pytest.mark.parametrize(
    ("base", "file", "database", "merged"),
    [
        # Nobody changed anything: the file's spelling and version count.
        (at(TODO), at(TODO, NEW, word="open"), at(TODO), at(TODO, NEW, word="open")),
        # A commit set it; an older one may, after a reset.
        (at(TODO), at(DONE, NEW, word="x"), at(TODO), at(DONE, NEW, word="x")),
        (at(DONE, NEW), at(TODO, OLD), at(DONE, NEW), at(TODO, OLD)),
        # It was set in the database, and the file says nothing of it yet.
        (at(TODO), at(TODO, OLD, word="open"), at(DONE, LATER), at(DONE, LATER)),
        # The file catches up.
        (at(TODO), at(DONE, NEW, word="x"), at(DONE, LATER), at(DONE, LATER, word="x")),
        (
            at(TODO),
            at(DONE, Version(40, "cc")),
            at(DONE, LATER),
            at(DONE, Version(40, "cc")),
        ),
        # A claim that was taken back leaves the same status, said later.
        (at(TODO), at(TODO, OLD), at(TODO, LATER), at(TODO, LATER)),
        # What the database's own assignee makes of a file's status is no change; a mark is.
        (
            at(TODO),
            at(DOING, NEW, assignee="bob"),
            at(TODO, OLD, assignee="bob"),
            at(TODO, OLD, assignee="bob"),
        ),
        (
            at(TODO),
            at(DOING, NEW, assignee="bob", word="~"),
            at(TODO, OLD, assignee="bob"),
            at(DOING, NEW, assignee="bob", word="~"),
        ),
        # So it is with what is for later, and where the database says by now how it stands.
        (
            at(Status.BACKLOG),
            at(DOING, NEW, assignee="bob"),
            at(Status.BACKLOG, OLD, assignee="bob"),
            at(Status.BACKLOG, OLD, assignee="bob"),
        ),
        (
            at(TODO),
            at(DOING, NEW, assignee="bob"),
            at(Status.BLOCKED, LATER, assignee="bob"),
            at(Status.BLOCKED, LATER, assignee="bob"),
        ),
        # A person put the name in, or it was there before the file said that it is begun.
        (at(TODO), at(DOING, NEW, "bob"), at(TODO), at(DOING, NEW, "bob")),
        (
            at(TODO, assignee="bob"),
            at(DOING, NEW, "bob"),
            at(TODO, assignee="bob"),
            at(DOING, NEW, "bob"),
        ),
        # Status and assignee are merged one by one.
        (
            at(TODO),
            at(DONE, NEW),
            at(TODO, OLD, assignee="ada"),
            at(DONE, NEW, assignee="ada"),
        ),
    ],
)
def test_what_either_side_changed_is_taken(
    base: Task, file: Task, database: Task, merged: Task
) -> None:
    assert merge_task(filed_part(base), file, database) == (merged, ())


def test_of_two_changes_the_database_wins_and_the_other_one_is_told() -> None:
    merged = merge_task(
        Filed(TODO, assignee=""),
        at(DONE, NEW, assignee="bob", word="x"),
        at(DOING, LATER, assignee="ada"),
    )
    assert merged.task == at(DOING, LATER, assignee="ada")
    assert merged.conflicts == (
        Conflict("status", "todo", "done", "in_progress"),
        Conflict("assignee", "", "bob", "ada"),
    )


ADA = Past("", frozenset({"ada"}), "")
BOB_NOW = Past("bob", frozenset({"ada"}), "")
REVIEW, BLOCKED = Status.REVIEW, Status.BLOCKED


@pytest.mark.parametrize(
    ("past", "base", "file", "database", "merged", "lost"),
    [
        # The mark of a claim that is over says nothing, whatever became of the task.
        (ADA, (TODO, ""), (DOING, "ada"), (DONE, "bob"), (DONE, "bob"), ()),
        (ADA, (DONE, "bob"), (DOING, "ada", "wip"), (DONE, "bob"), (DONE, "bob"), ()),
        (ADA, (TODO, ""), (DOING, "ada"), (TODO, ""), (TODO, ""), ()),
        (ADA, (TODO, ""), (DOING, "ada"), (BLOCKED, "ada"), (BLOCKED, "ada"), ()),
        (BOB_NOW, (TODO, ""), (DOING, "ada"), (DOING, "bob"), (DOING, "bob"), ()),
        # The status was so before, and the name alone is the mark.
        (ADA, (DOING, "eve"), (DOING, "ada"), (DOING, "eve"), (DOING, "eve"), ()),
        (BOB_NOW, (DOING, "bob"), (DOING, "ada"), (DOING, "bob"), (DOING, "bob"), ()),
        # Whoever has the task, or another name, or another status, is somebody's word.
        (Past("ada"), (TODO, ""), (DOING, "ada"), (TODO, ""), (DOING, "ada"), ()),
        (ADA, (TODO, ""), (DOING, "eve"), (TODO, ""), (DOING, "eve"), ()),
        (ADA, (TODO, ""), (REVIEW, "ada"), (TODO, ""), (REVIEW, "ada"), ()),
        (ADA, (TODO, ""), (DOING, ""), (TODO, ""), (DOING, ""), ()),
        (ADA, (TODO, ""), (TODO, "ada"), (TODO, ""), (TODO, "ada"), ()),
        (ADA, (TODO, ""), (DOING, "eve"), (DONE, "bob"), (DONE, "bob"), ("status", "assignee")),
        # What is said after a mark that was read.
        (ADA, (DOING, "ada"), (DOING, "ada"), (TODO, ""), (TODO, ""), ()),
        (ADA, (DOING, "ada"), (DOING, "ada"), (DONE, "bob"), (DONE, "bob"), ()),
        (ADA, (DOING, "ada"), (TODO, ""), (TODO, ""), (TODO, ""), ()),
        (ADA, (DOING, "ada"), (DONE, ""), (TODO, ""), (DONE, ""), ()),
        (ADA, (DOING, "ada"), (DOING, "eve"), (TODO, ""), (DOING, "eve"), ()),
        (ADA, (DOING, "ada"), (TODO, "ada"), (DONE, "ada"), (DONE, "ada"), ("status",)),
        (BOB_NOW, (DOING, "ada"), (TODO, "bob"), (DOING, "bob"), (DOING, "bob"), ("status",)),
        # A name alone says that a task is begun: one that is back, with its mark, is to do.
        (ADA, (DONE, "ada"), (DOING, "ada"), (DONE, "ada"), (TODO, ""), ()),
        (ADA, (DONE, "ada"), (DOING, "ada", "wip"), (DONE, "ada"), (DONE, "ada"), ()),
        # What a file opens again is for whom it was before, unless the file names somebody.
        (ADA, (DONE, ""), (TODO, ""), (DONE, "ada"), (TODO, ""), ()),
        (ADA, (DONE, "ada"), (TODO, "ada"), (DONE, "ada"), (TODO, ""), ()),
        (ADA, (DONE, "ada"), (TODO, "eve"), (DONE, "ada"), (TODO, "eve"), ()),
        (ADA._replace(before="eve"), (DONE, ""), (TODO, ""), (DONE, "ada"), (TODO, "eve"), ()),
        (ADA._replace(before=None), (DONE, ""), (TODO, ""), (DONE, "ada"), (TODO, "ada"), ()),
        (Past("ada", before=""), (DOING, ""), (TODO, ""), (DOING, "ada"), (TODO, "ada"), ()),
        (ADA, (BLOCKED, ""), (TODO, ""), (BLOCKED, "ada"), (TODO, ""), ()),
    ],
)
def test_the_mark_of_a_claim_that_is_over_is_nobody_s_word(
    past: Past, base: Told, file: Told, database: Told, merged: Told, lost: tuple[str, ...]
) -> None:
    agreed, said = filed_part(at(base[0], OLD, base[1])), at(file[0], NEW, *file[1:])
    found = merge_task(agreed, said, at(database[0], LATER, database[1]), past)
    assert (found.task.status, found.task.assignee) == merged
    assert tuple(each.field for each in found.conflicts) == lost
    again = merge_task(filed_part(said), said, found.task, past)
    assert (filed_part(again.task)[:3], again.conflicts) == (filed_part(found.task)[:3], ())


@pytest.mark.parametrize(
    ("base", "file", "database", "kept", "now"),
    [
        # Edited by hand: the database follows, and follows back.
        (at(TODO), at(DONE, EDITED), at(TODO), DONE, DONE),
        (at(DONE, EDITED), at(TODO), at(DONE, EDITED), TODO, TODO),
        # Set in the database, and written into the file: that has yet to be committed ...
        (at(TODO), at(DONE, EDITED), at(DONE, LATER), TODO, DONE),
        # ... and may be taken back there.
        (at(TODO), at(TODO), at(DONE, LATER), TODO, DONE),
        (at(TODO), at(DONE, NEW), at(DONE, LATER), DONE, DONE),
    ],
)
def test_an_uncommitted_echo_of_the_database_is_nothing_to_agree_on(
    base: Task, file: Task, database: Task, kept: Status, now: Status
) -> None:
    merged = merge_task(filed_part(base), file, database)
    assert (merged.task.status, merged.conflicts) == (now, ())
    assert agreed_part(filed_part(base), file, database).status is kept
    is_echo = kept is not now
    assert (merged.task.status_version.commit == SET_HERE) is (
        is_echo or file.status_version == NEW
    )


def test_an_uncommitted_name_that_the_database_has_is_nothing_to_agree_on() -> None:
    file = at(TODO, assignee="ada")._replace(assignee_version=EDITED)
    database = at(TODO, assignee="ada")
    assert agreed_part(Filed(TODO), file, database).assignee == ""
    assert agreed_part(Filed(TODO), file, at(TODO)).assignee == "ada"


FILED = st.builds(Filed, st.sampled_from(Status), st.just(""), st.sampled_from(("", "ada")))


@given(base=FILED, file=TASKS, database=TASKS)
def test_words_are_the_file_s_and_a_merge_repeated_changes_nothing(
    base: Filed, file: Task, database: Task
) -> None:
    once = merge_task(base, file, database)
    parts = filed_part(once.task)
    assert as_filed(once.task, filed_part(file)) == file
    again = merge_task(filed_part(file), file, once.task)
    assert (filed_part(again.task)[:3], again.conflicts) == (parts[:3], ())
    assert merge_task(filed_part(file), file, again.task) == again


@pytest.mark.parametrize(
    ("kept", "is_ahead"),
    [
        (Kept(at(TODO), filed_part(at(TODO, NEW, word="open"))), False),
        (Kept(at(DONE), filed_part(at(TODO))), True),
        (Kept(at(TODO, assignee="ada"), filed_part(at(TODO))), True),
        (Kept(at(DONE, assignee="ada"), filed_part(at(DONE))), False),
        (Kept(at(TODO), None), True),
    ],
)
def test_the_database_is_ahead_where_the_file_does_not_say_it(
    kept: Kept, *, is_ahead: bool
) -> None:
    assert kept.is_ahead is is_ahead
