"""The boxes that we read are those of markdown-it-py, but for what we read otherwise on purpose."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.boxes import DIFFERENCES, TOP, Seen, files, fuzzed

if TYPE_CHECKING:
    from oracle.boxes import Difference

FUZZED = 1500


@pytest.mark.parametrize("difference", [pytest.param(each, id=each.name) for each in DIFFERENCES])
def test_each_known_difference_is_one(difference: Difference) -> None:
    seen = Seen(difference.example)

    [line] = seen.disputed
    assert seen.reasons(line) == [difference.name]


def test_nothing_else_is_seen_otherwise() -> None:
    texts = [text for _, text in fuzzed(random.Random(0), FUZZED)]
    seen = list(map(Seen, texts))

    assert [text for text, each in zip(texts, seen, strict=True) if each.unexplained] == []
    assert sum(len(each.theirs) for each in seen) > FUZZED / 2


def test_no_box_in_our_documentation_or_its_examples_is_seen_otherwise() -> None:
    seen = {name: Seen(text) for name, text in files([TOP / "docs"])}

    assert [name for name, each in seen.items() if each.unexplained] == []
    assert sum(len(each.theirs) for each in seen.values()) > len(DIFFERENCES)


WORDS = st.sampled_from(["words", "more words", "`- [ ] code`", "**bold**", "a | b", "", "1.2 go"])
MARKS = st.sampled_from(["[ ] ", "[x] ", "[X] ", "[ ]\t", "", ""])
MARKERS = st.sampled_from(["-", "*", "+", "1.", "12)", "- ", "1.  "])
# What hides boxes where a list item can hold it as well.
HIDING = st.sampled_from(
    [
        "```\n- [ ] code\n\n# code\n```",
        "~~~~ sh\n~~~\n- [x] code\n~~~~",
        "<!-- - [ ] a\n- [x] b -->",
    ]
)
PARAGRAPHS = st.sampled_from(["words", "two\nlines", "| a | b |\n|---|---|\n| c | d |"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def _indented(text: str, columns: int) -> str:
    return "\n".join(" " * columns + line if line else "" for line in text.split("\n"))


@st.composite
def lists(draw: st.DrawFn, below: st.SearchStrategy[list[str]]) -> str:
    """Draw a list whose items hold other blocks, indented as Markdown asks for."""
    marker = draw(MARKERS) + " "
    items = []
    for _ in range(draw(st.integers(1, 3))):
        first, *others = [f"{draw(MARKS)}{draw(WORDS)}".rstrip(" ") or "words", *draw(below)]
        gap = draw(st.sampled_from(["\n", "\n\n"])) if others else ""
        rest = _indented("\n\n".join(others), len(marker))
        # Only a list may stand right below words, and only one that counts from 1.
        if not others or (others[0][0] not in "-*+" and not others[0].startswith("1.")):
            gap = "\n\n" if others else ""
        items.append(f"{marker}{first}{gap}{rest}")
    return draw(st.sampled_from(["\n", "\n\n"])).join(items)


LEAVES = st.one_of(PARAGRAPHS, HIDING)
BLOCKS = st.recursive(
    st.lists(LEAVES, max_size=2),
    lambda below: st.lists(st.one_of(LEAVES, lists(below), lists(below)), max_size=3),
    max_leaves=12,
)
HEADINGS = st.sampled_from(["# Words", "## Words ##", "Words\n=====", "### [ ] words"])


@given(st.lists(st.one_of(HEADINGS.map(lambda each: [each]), BLOCKS), max_size=5), ENDS)
def test_well_made_lists_are_read_as_markdown_says_with_what_is_below_what(
    parts: list[list[str]], end: str
) -> None:
    text = "\n\n".join(block for part in parts for block in part) + "\n"
    seen = Seen(text.replace("\n", end))

    assert seen.ours == seen.theirs
