"""The description of a change, taken from its proposal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.sources.openspec import OpenSpec
from kanban_sync.sources.proposal import LONGEST, description

ENGLISH = """\
# Proposal

<!-- Tell why. -->
## Why

Nobody finds anything.

## What Changes

- Add search
- **BREAKING**: remove the index

### Later

Ranking.

## Impact

Everything.
"""

ENGLISH_WORDS = """\
**Why**

Nobody finds anything.

**What Changes**

- Add search
- **BREAKING**: remove the index

**Later**

Ranking."""

CHINESE = """\
# 提案

## 为什么

没有人能找到。

## 变更内容

- 添加搜索
"""


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (
            ENGLISH,
            ENGLISH_WORDS,
        ),
        (CHINESE, "**为什么**\n\n没有人能找到。\n\n**变更内容**\n\n- 添加搜索"),
        ("# Why\n\nBecause.\n# Impact\nx", "Because."),
        ("### 1. Why?\nBecause.\n", "**1. Why?**\n\nBecause."),
        ("## Why\n\n## What Changes\n\n- It\n", "**What Changes**\n\n- It"),
        ("Just words.\n\nMore words.\n", "Just words.\n\nMore words."),
        ("---\nid: x\n---\nJust words.\n", "Just words."),
        ("## Why\n\n```\n## Impact\n\nx\n```\n", "**Why**\n\n```\n## Impact\n\nx\n```"),
        ("", ""),
        ("# Proposal\n", ""),
    ],
)
def test_why_and_what_changes_or_else_the_first_paragraphs(text: str, body: str) -> None:
    assert description(text) == body


def test_a_long_proposal_is_cut_between_paragraphs() -> None:
    paragraph = "word " * 100

    body = description("\n\n".join(["## Why", *[paragraph] * 10]))

    assert body == "\n\n".join(["**Why**", *[paragraph.strip()] * 3])


def test_a_long_first_paragraph_is_cut_between_words() -> None:
    body = description("word " * 1000)

    assert len(body) <= LONGEST
    assert body.endswith("word…")


def test_only_the_proposal_of_a_change_is_read_as_words() -> None:
    source, data = OpenSpec(), b"Some words.\n\n- [ ] a box\n"

    (words,) = source.parse("x/openspec/changes/archive/2025-01-01-a/proposal.md", data).tasks
    (box,) = source.parse("openspec/changes/a/docs/proposal.md", data).tasks

    assert (words.body, words.children) == ("Some words.\n\n- [ ] a box", ())
    assert box.title == "a box"


@given(st.text())
def test_a_description_is_never_longer_than_a_card_bears(text: str) -> None:
    assert len(description(text)) <= LONGEST
