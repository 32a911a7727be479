"""Merging a task both ways: each side is compared with what both agreed on last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.merge import (
    SET_HERE,
    Conflict,
    Filed,
    Kept,
    as_filed,
    filed_part,
    merge_task,
    merge_value,
)
from kanban_sync.core.model import Status, Version
from stores.made_up import TASKS, task

if TYPE_CHECKING:
    from kanban_sync.core.model import Task

TODO, DOING, DONE = Status.TODO, Status.IN_PROGRESS, Status.DONE
OLD, NEW, LATER = Version(10, "aa"), Version(20, "bb"), Version(30, SET_HERE)


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
