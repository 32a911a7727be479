"""What stands in a Markdown file, in a task or not: ids, and words behind a box that may be none.

It may stand in code, in a comment, or behind a box that broke.

Imported only where a task is gone, or where a file is checked.
"""

from __future__ import annotations

import re

from kanban_sync.core.words import bare_words
from kanban_sync.sources.patterns import pattern

_FIELD = pattern(
    r"(?:\*\*|__)[ \t]*id[ \t]*(?:[:：](?:\*\*|__)|(?:\*\*|__)[ \t]*[:：])[ \t]*[`\"'“]?"  # noqa: RUF001
    r"([^\s`\"'”]+)",
    re.IGNORECASE,
)
_FIRST_WORD = pattern(r"^[^\w\n]*(?:[xX]\W+)?(\w[\w.-]*\w)", re.MULTILINE)
_BOXED = pattern(r"^[^\w\n\[\]☐]*+[\[\]☐][^\w\n]*+\w.*", re.MULTILINE)
_OVER = ("~~", "✅", "✓", "✔")


def in_fields(text: str) -> dict[str, int]:
    """Return what fields ``**ID**: …`` say, each with its first line."""
    found: dict[str, int] = {}
    for match in _FIELD.finditer(text):
        if match[1] not in found:
            found[match[1]] = text.count("\n", 0, match.start()) + 1
    return found


def all_in(text: str) -> frozenset[str]:
    """Return the ids in fields, the first words of lines with a digit, and words behind boxes.

    What is struck or ticked is over, whatever is left of it.
    """
    lines = (line for line in text.splitlines() if not any(sign in line for sign in _OVER))
    text_left = "\n".join(lines)
    words = (match[1] for match in _FIRST_WORD.finditer(text_left))
    boxed = (bare_words(match[0]) for match in _BOXED.finditer(text_left))
    leading = (word for word in words if any(char.isdigit() for char in word))
    return frozenset((*(match[1] for match in _FIELD.finditer(text)), *leading, *boxed))
