"""What a terminal is told: no text of a repository or a board is a command to it."""

from __future__ import annotations

import json
from pathlib import PurePath

import pytest

from kanban_sync.core.printable import json_text, printable, printable_json

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


@pytest.mark.parametrize(
    "data",
    [
        {"files": [{"a": 1, "b": [], "c": {}, "d": None}, {"e": ["x", 'ü"\x9b\n'], "f": [{}]}]},
        {1: 2, None: [()], False: {1.5: [float("nan")]}},
        [[], [[1, [2]]], (), ("a", {"b": ()})],
        {},
        [],
        "ü",
        0,
        PurePath("a/b"),
        {"path": [PurePath("a/b")]},
    ],
)
def test_json_is_laid_out_as_python_does_it(data: object) -> None:
    for encoding, is_ascii in (("utf-8", False), ("latin-1", True)):
        told = json.dumps(data, indent=2, ensure_ascii=is_ascii, default=str)
        assert json_text(data, encoding) == printable_json(told)
