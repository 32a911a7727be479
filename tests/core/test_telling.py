"""What people are told of cards that were left alone."""

from __future__ import annotations

import pytest

from kanban_sync.core.operations import Note, Plan
from kanban_sync.core.plan_text import plan_lines


@pytest.mark.parametrize(("count", "last"), [(5, "T4 (k4): left"), (8, "and 3 more: left")])
def test_many_notes_that_say_the_same_are_summed_up_after_five(count: int, last: str) -> None:
    notes = [Note(f"k{number}", "left", title=f"T{number}") for number in range(count)]
    lines = plan_lines(Plan(notes=(*notes, Note("k", "other"), Note("", "all"))))
    assert lines[0] == "  T0 (k0): left"
    assert lines[-3:] == [f"  {last}", "  k: other", "  all"]
