"""Tasks that are added to the database: what every database can keep, and nothing longer."""

from __future__ import annotations

import pytest

from kanban_sync.agents.born import LONGEST, NewTask, check_text, newborn
from kanban_sync.core.errors import WorkError

NOW = 1_700_000_000.0
LONG = "x" * (LONGEST + 1)


@pytest.mark.parametrize(
    "new",
    [
        NewTask("A", own=LONG),
        NewTask("A", priority=LONG),
        NewTask("A", tags=("b", LONG)),
        NewTask("A", needs=(LONG, "b")),
    ],
)
def test_a_word_that_not_every_database_can_keep_is_refused(new: NewTask) -> None:
    with pytest.raises(WorkError, match=f"has {LONGEST + 1} characters; {LONGEST} are the most"):
        newborn("p1", new, NOW)


def test_a_title_and_a_body_may_be_long() -> None:
    made = newborn("p1", NewTask(LONG, tags=(LONG[1:],), body=LONG), NOW)
    assert (made.title, made.body, made.labels) == (LONG, LONG, (LONG[1:],))


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (NewTask("bad \udcff"), "title"),
        (NewTask("A", own="\udcff"), "id"),
        (NewTask("A", tags=("b", "\udcff")), "tag"),
    ],
)
def test_what_is_no_utf8_is_refused_by_its_name(new: NewTask, what: str) -> None:
    with pytest.raises(WorkError, match=f"The {what} of the task is no UTF-8: .*udcff'; give it"):
        check_text(new)
    check_text(NewTask("Größe 😀"))
