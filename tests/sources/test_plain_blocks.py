"""What is read at once is read as line by line: for any file, in every field of every task."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.limits import Limits
from kanban_sync.sources.checkboxes import read, read_by_line
from kanban_sync.sources.plain_blocks import Quick, read_quickly

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = st.sampled_from(
    ["Mend the tap", "tea", "straße  und Weg", "完了 する", "🚧 dig", "a | b", "T-1: go", "S3 bucket",
     "S3 again", "1.2 go", "3 retries", "P1 go", "~~gone~~ done", "tea (@ada)", "tea (@ada) now",
     "wait (depends on T-1)", "wait (Blocked by: tea)", "[P] go", "[US1] go", "see [US](x)",
     "see #tag", "see #12", "`code`", "```", "- [ ] box", "- ```", "* tea", "x\u00a0y", "x\ty",
     "x\u2028y", "x\x1cy", " lead", "trail ", "", " ", "_so_", "Rotate (4)", "-->", "A-B-1 go",
     "a <!-- b", "(x)", ": x", "status: done", "legend", "T-1"]
)  # fmt: skip
PLAIN = st.sampled_from(["Mend the tap", "Measure it again (4)", "straße", "Rotate keys", "dig, dig"])
MARKS = st.sampled_from([" ", " ", " ", "x", "X", "~", "", "?", "  "])
MARKERS = st.sampled_from(["- ", "- ", "- ", "- ", "* ", "1. ", "-  ", "-\t", "+ "])
INDENTS = st.sampled_from(["", "", "", "  ", "  ", "    ", " ", "   ", "\t", "      "])
LABELS = st.sampled_from(
    ["**ID**: {}", "**Tags**: {}", "**Details**: {}", "**Files**: {}", "**Acceptance**: {}",
     "**Blocked by**: {}", "**ID**:{}", "**ID:** {}", "__ID__: {}", "**Id**: {}", "**Notes**: {}",
     "**Status**: {}", "Status: {}", "**Depends on**: {}", "**Tags**:  {} "]
)  # fmt: skip
VALUES = st.sampled_from(
    ["a-1", "a-2", "a-3", "T-1", "a, B, a", "none", "-", "`x`", "x y", "", " x", "x ", "x\u00a0",
     "x  y", "*x*", "x: y", "a、b", "done", "T-1 ~ 3", "```"]
)  # fmt: skip
LINES = st.sampled_from(
    ["", "", "", " ", "# Tasks", "## P0", "## P3", "## P1 and more", "### API", "## Part 2",
     "## To Do", "## Done", "## Legend", "### T-7: Dig", "## 2. Dig", "  ## in", "   # in",
     "#tag", "#", "words", "words: more", "Legend", "  more words", " more", "    deep", "\tdeep",
     "---", "===", "  ---", "```", "  ```", "~~~", "    ```", "<!-- x -->", "<!--", "-->",
     "> - [ ] quoted", "  > quoted", "- item", "  - item", "  - Status: done", "Status: done",
     "| id | status |", "|---|---|", "| T-1 | done |", "| a-1 | done |", "* * *", "...", "\u2028",
     "- [ ]", "- [x]", "- [ ](x)", "- []", "\x0b- [ ] x", "1. one"]
)  # fmt: skip


@st.composite
def odd_boxes(draw: st.DrawFn) -> str:
    return f"{draw(INDENTS)}{draw(MARKERS)}[{draw(MARKS)}] {draw(WORDS)}"


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """Return a block that is plain, but for one thing here and there."""
    is_plain = draw(st.sampled_from([True, True, False]))
    lines = [f"- [{draw(MARKS) if not is_plain else ' '}] {draw(PLAIN if is_plain else WORDS)}"]
    for _ in range(draw(st.integers(0, 3))):
        indent = "  " if is_plain else draw(st.sampled_from(["  ", "  ", "    ", "", "\t"]))
        lines.append(f"{indent}- {draw(LABELS).format(draw(VALUES))}")
    for _ in range(draw(st.integers(0, 2))):
        lines.append(f"  - [{draw(st.sampled_from(' xX'))}] {draw(PLAIN if is_plain else WORDS)}")
    return "\n".join(lines)


@st.composite
def values_in_order(draw: st.DrawFn) -> str:
    """Return a block as the specification v1.0 shows it."""
    lines = [f"- [ ] {draw(PLAIN)}"]
    for label in ("ID", "Tags", "Details", "Files", "Acceptance", "Blocked by"):
        if draw(st.booleans()):
            lines.append(f"  - **{label}**: {draw(VALUES)}")
    return "\n".join([*lines, *draw(st.lists(PLAIN.map("  - [x] {}".format), max_size=2))])


PLAIN_BOXES = st.builds("- [{}] {}".format, st.sampled_from("  xX"), PLAIN)
PIECES = st.one_of(PLAIN_BOXES, PLAIN_BOXES, values_in_order(), blocks(), odd_boxes(), LINES)


@st.composite
def files(draw: st.DrawFn) -> str:
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    lines = "\n".join(draw(st.lists(PIECES, min_size=1, max_size=14))).split("\n")
    return end.join(lines) + draw(st.sampled_from(["", end, end * 3]))


def by_line(text: str, fixed: str) -> Quick | None:
    """Return what the readers of lines make of a file, as if it had been read at once."""
    document = read_by_line("", text.encode("utf-8", "replace"), fixed)
    return Quick(document, 0)


FIXED = st.sampled_from(["", "", "", "", "v1.0", "numbered", "plain", "kanban"])


@given(files(), FIXED)
def test_what_is_read_at_once_is_read_as_line_by_line(text: str, fixed: str) -> None:
    quick = read_quickly(text, fixed)
    if quick:
        assert quick.document == read_by_line("", text.encode(), fixed)


@given(st.lists(st.one_of(PLAIN_BOXES, values_in_order()), min_size=1, max_size=8))
def test_what_is_plain_is_never_left_to_the_readers_of_lines(pieces: list[str]) -> None:
    ...
