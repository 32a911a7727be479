"""Numbers and ids in front of a task's words."""

from __future__ import annotations

import tracemalloc

import pytest

from kanban_sync.sources.numbering import leading_id, leading_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.1 Add", "1.1"),
        ("1.1. Add", "1.1"),
        ("12.3.4: Add", "12.3.4"),
        ("1. Add", "1"),
        ("2) Add", "2"),
        ("3: Add", "3"),
        ("**1.1** Add", "1.1"),
        ("**1.1 Add**", "1.1"),
        ("**2** Add", "2"),
        ("~~1.1 Add~~", "1.1"),
        ("`1.1` Add", "1.1"),
        ("1.2a Add", "1.2a"),
        ("1.1", "1.1"),
        ("1、添加", "1"),
        ("3 retries at most", ""),
        ("2024-01-01 is the day", ""),
        ("1.1x2 matrix", ""),
        ("10x faster", ""),
        ("Add 1.1", ""),
        ("\u0661.\u0661 Add", ""),
        ("", ""),
    ],
)
def test_the_number_a_text_begins_with(text: str, number: str) -> None:
    assert leading_number(text) == number


@pytest.mark.parametrize(
    ("text", "own", "certain"),
    [
        ("T001 [P] [US1] Do", "T001", True),
        ("T003a Do", "T003a", True),
        ("T-001: Do", "T-001", True),
        ("**T-00.1**: Do", "T-00.1", True),
        ("**T3-1. Do**", "T3-1", True),
        ("TASK-0001 Do", "TASK-0001", True),
        ("MC-01-04 — Do", "MC-01-04", True),
        ("T1： 做", "T1", True),  # noqa: RUF001
        ("T1: Do", "T1", True),
        ("A1 Do", "A1", False),
        ("S3 upload", "S3", False),
    ],
)
def test_the_id_a_text_begins_with(text: str, own: str, certain: bool) -> None:
    assert leading_id(text) == (own, certain)


@pytest.mark.parametrize(
    "text",
    [
        "P1 Fix",
        "Add T001",
        "t001 do",
        "README now",
        "1.1 Add",
        "UTF-eight",
        "T001x9z",
        "A" * 99,
        "",
    ],
)
def test_other_words_are_no_id(text: str) -> None:
    assert leading_id(text) is None


def test_marks_without_end_in_front_of_words_take_no_memory() -> None:
    text = "**" * 100_000
    tracemalloc.start()
    try:
        assert leading_id(text) is None
        assert leading_number(text) == ""
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
