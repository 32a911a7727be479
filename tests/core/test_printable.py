"""What a terminal is told: no text of a repository or a board is a command to it."""

from __future__ import annotations

import json

import pytest

from kanban_sync.core.printable import printable, printable_json

EVIL = [
    ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    ("\x9b31mred", r"\x9b31mred"),
    ("over\rwritten", r"over\x0dwritten"),
    ("\x7f\x00", r"\x7f\x00"),
    ("\u202etxt.\u2066", r"\u202etxt.\u2066"),
    ("größer → 中\tא\u200e\n", "größer → 中\tא\u200e\n"),
]


@pytest.mark.parametrize(("text", "shown"), EVIL)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize("text", [text for text, _ in EVIL])
def test_json_says_the_same_without_what_a_terminal_would_obey(text: str) -> None:
    told = printable_json(json.dumps({text: [text]}, indent=1, ensure_ascii=False))
    assert printable(told) == told
    assert json.loads(told) == {text: [text]}
