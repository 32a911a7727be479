"""Statuses and the words that sources use for them; keys; what is wrong with a file."""

from __future__ import annotations

import pytest

from kanban_sync.core.model import (
    Document,
    ParsedTask,
    Problem,
    Status,
    TaskKey,
    Version,
    status_of_word,
)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("draft", Status.BACKLOG),
        ("deferred", Status.BACKLOG),
        ("pending", Status.TODO),
        ("not-started", Status.TODO),
        ("Not_Started", Status.TODO),
        ("todo", Status.TODO),
        ("In Progress", Status.IN_PROGRESS),
        ("in-progress", Status.IN_PROGRESS),
        ("blocked", Status.BLOCKED),
        ("needs-qa", Status.REVIEW),
        ("needs_review", Status.REVIEW),
        (" Completed ", Status.DONE),
        ("failed", Status.FAILED),
        ("canceled", Status.CANCELLED),
        ("orphaned", Status.ORPHANED),
        ("soon", None),
        ("", None),
    ],
)
def test_words_of_sources_stand_for_statuses(word: str, status: Status | None) -> None:
    assert status_of_word(word) is status


@pytest.mark.parametrize("status", Status)
def test_only_done_and_cancelled_tasks_let_others_begin(status: Status) -> None:
    assert status.satisfies is (status in {Status.DONE, Status.CANCELLED})
    assert status.is_over is (status in {Status.DONE, Status.CANCELLED, Status.ORPHANED})


def test_each_status_is_a_word_for_itself() -> None:
    assert [status_of_word(status.value) for status in Status] == list(Status)


def test_a_key_is_typed_without_its_project() -> None:
    key = TaskKey("p1", "openspec", "add-login")
    assert str(key.child("1.2")) == "openspec:add-login#1.2"


def test_versions_compare_by_time_then_commit() -> None:
    assert Version(2, "a") > Version(1, "b")
    assert Version(1, "b") > Version(1, "a")


def test_tasks_are_walked_in_the_order_of_the_file() -> None:
    below = ParsedTask("b", Status.TODO, children=(ParsedTask("c", Status.TODO),))
    task = ParsedTask("a", Status.TODO, children=(below, ParsedTask("d", Status.TODO)))
    assert [each.title for each in task.walk()] == ["a", "b", "c", "d"]


def test_a_problem_names_its_place() -> None:
    assert str(Problem("TASKS.md", 3, "no title")) == "TASKS.md:3: no title"
    assert str(Problem("TASKS.md", 0, "empty")) == "TASKS.md: empty"


def test_a_file_with_a_fatal_problem_is_not_believed() -> None:
    assert Document(problems=(Problem("p", 1, "m"),)).readable
    assert not Document(problems=(Problem("p", 1, "m", fatal=True),)).readable
