"""What a merge changes where status and assignee were set in the database."""

from __future__ import annotations

import json

import pytest

from kanban_sync.core.merge import SET_HERE, Filed, Kept, filed_part
from kanban_sync.core.model import UNKNOWN, Status, Task, Version
from kanban_sync.core.ports import Gone
from kanban_sync.stores.changes import compare
from stores.made_up import key, task

FILED = Filed(Status.TODO, version=Version(10, "aa"))
SET = Version(30, SET_HERE)


def set_here(name: str, status: Status = Status.DONE, **fields: object) -> Kept:
    return Kept(task(name, status=status, status_version=SET, **fields), FILED)


def filed(name: str, status: Status = Status.TODO, **fields: object) -> Task:
    return task(name, status=status, status_version=Version(10, "aa"), **fields)


def test_a_file_that_says_what_it_said_leaves_what_was_set_in_the_database() -> None:
    kept = set_here("a")
    changes = compare({key("a"): kept}, [filed("a")], {})
    assert (changes.merged.is_empty, changes.write, changes.news) == (True, (), ())


def test_other_words_come_in_beside_a_status_of_the_database() -> None:
    changes = compare({key("a"): set_here("a")}, [filed("a", title="New")], {})
    assert [each.task for each in changes.write] == [set_here("a", title="New").task]
    assert [(each.kind, json.loads(each.data)) for each in changes.news] == [
        ("task_updated", {"fields": ["title"]})
    ]


def test_a_file_that_catches_up_moves_the_base_and_is_no_news() -> None:
    done = filed("a", Status.DONE)._replace(status_version=Version(20, "bb"))
    changes = compare({key("a"): set_here("a")}, [done], {})
    assert [each.filed for each in changes.write] == [filed_part(done)]
    assert [each.task for each in changes.write] == [set_here("a").task]
    assert (changes.merged.is_empty, changes.news) == (True, ())


def test_a_conflict_is_told_once() -> None:
    blocked = filed("a", Status.BLOCKED)
    first = compare({key("a"): set_here("a")}, [blocked], {})
    assert [(each.kind, each.key, json.loads(each.data)) for each in first.news] == [
        (
            "conflict",
            str(key("a")),
            {"field": "status", "base": "todo", "file": "blocked", "database": "done"},
        )
    ]
    (written,) = first.write
    assert written.task.status is Status.DONE
    again = compare({key("a"): written}, [blocked], {})
    assert (again.write, again.news) == ((), ())


def test_a_task_born_in_the_database_keeps_its_status_when_a_file_holds_it_first() -> None:
    born = Kept(task("a", status=Status.IN_PROGRESS, path=""), None)
    (written,) = compare({key("a"): born}, [filed("a")], {}).write
    assert (written.task.status, written.task.path) == (Status.IN_PROGRESS, "TASKS.md")
    assert written.filed == filed_part(filed("a"))


def test_a_task_of_which_only_a_layer_went_away_is_gone_without_a_version() -> None:
    """Whoever still holds it brings it back."""
    gone = {key("a"): Gone(Status.ORPHANED, UNKNOWN)}
    (over,) = compare({key("a"): set_here("a", Status.REVIEW)}, [], gone).over
    assert (over.task.status, over.task.status_version) == (Status.ORPHANED, UNKNOWN)


@pytest.mark.parametrize(
    ("kept", "held", "status"),
    [
        (set_here("a"), (), Status.DONE),
        (set_here("a", Status.IN_PROGRESS), (), Status.ORPHANED),
        (set_here("a", parent=key("p")), (), Status.DONE),
        # A line that was taken out of what is still there is gone, done or not.
        (set_here("a", parent=key("p")), ("p",), Status.ORPHANED),
    ],
)
def test_what_is_over_in_the_database_stays_so_when_its_file_lets_go_of_it(
    kept: Kept, held: tuple[str, ...], status: Status
) -> None:
    new = [filed(name) for name in held]
    old = {key("a"): kept, **{each.key: Kept(each, filed_part(each)) for each in new}}
    gone = {key("a"): Gone(Status.ORPHANED, Version(40, "cc"))}
    changes = compare(old, new, gone)
    assert [each.task.status for each in changes.over] == [status]
    assert bool(changes.merged.gone) is (status is Status.ORPHANED)
    after = {**old, key("a"): changes.over[0]}
    assert compare(after, new, gone).over == ()
