"""Which files are believed that hold no task any more."""

from __future__ import annotations

import pytest

from kanban_sync.core.findings import EMPTIED, MISREAD
from kanban_sync.core.model import Document, ParsedTask, Status
from kanban_sync.core.vanishing import why_vanished

TITLES = ("Order paper", "A-2: Count pages, twice", "Print")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", EMPTIED),
        (" \n", EMPTIED),
        ("# Plan\n\nAll is done.\n", ""),
        ("## Tu Do\n\n- Order paper\n- A-2: Count pages, twice\n- Print\n", MISREAD),
        ("| tytle |\n|-|\n| **Order paper** |\n| Print |\n", MISREAD),
        ("task:\n  A-1: {title: Order paper, owner: ada}\n  A-2:\n    title: 'Print'\n", MISREAD),
        ("task:\n- title: Order paper\n- title: Print\n- title: Bind\n", MISREAD),
        ("- \\[x\\] Order paper\n- [ x] A-2: Count **pages**, twice!\n", MISREAD),
        ("- Order paper\n", ""),
        ("We used to order paper and print it here, and to count pages twice.\n", ""),
    ],
)
def test_whoever_takes_tasks_out_takes_their_words_out(text: str, why: str) -> None:
    assert why_vanished(TITLES, text.encode(), Document()) == why


def test_a_file_with_tasks_or_without_any_before_is_believed() -> None:
    data = b"Order paper\nPrint\n"
    assert why_vanished((), data, Document()) == ""
    assert why_vanished(TITLES, data, Document((ParsedTask("Bind", Status.TODO),))) == ""


def test_the_words_of_what_is_done_by_being_removed_may_stay() -> None:
    assert why_vanished(("",), b"- Order paper\n", Document()) == ""
    assert why_vanished(("",), b"\n", Document()) == EMPTIED
