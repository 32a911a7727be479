"""The numbers and ids that people put in front of a task's words."""

from __future__ import annotations

import re

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.patterns import pattern

_WRAP = r"(?:\*\*|__|~~|`)*"
_NUMBER = pattern(
    rf"{_WRAP}+([0-9]{{1,9}}(?:\.[0-9]{{1,9}}){{0,8}}[a-z]?)(?=(?![.][0-9])([.):：、*_`~])|\s|$)",  # noqa: RUF001
)
_PLAIN_NUMBER = pattern(r"[0-9]{1,9}\.[0-9]{1,9}(?=\s)")
_TOKEN = pattern(rf"({_WRAP}+)([A-Z][A-Za-z0-9.-]{{0,39}})")
_ID = pattern(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-?[0-9]+(?:[.-][0-9]+)*[a-z]?")
_AFTER_ID = pattern(rf"{_WRAP}+(\s*[:：)—–]|[.](?=\s))?{_WRAP}+(?=\s|$|[:：])")  # noqa: RUF001
_NAME = pattern(
    r"\W*+(task|step|issue|story|ticket)[ #-]*([0-9]{1,6}(?:\.[0-9]{1,6})*[a-z]?)(?!\w|\.\w|-\w)",
    re.IGNORECASE,
)
PRIORITIES = frozenset({"P0", "P1", "P2", "P3", "P4"})
"""What looks like an id and is none."""

# Most texts begin with none, and then nothing has to be compiled to see it.
_BEGIN_NUMBERS = frozenset("0123456789*_~`")
# "T-001 ~ 013" speaks of several tasks.
_RANGE = pattern(rf"{_WRAP}+\s*+(?:[～~–—]|\.\.+|…)\s*+{_WRAP}+[A-Z-]{{0,20}}[0-9]")  # noqa: RUF001


class LeadingId(NamedTuple):
    """An id in front of a task's words.

    One that is not ``certain`` (``S3 …``) may be a word like any other: nothing sets it apart.
    """

    id: str
    certain: bool


def leading_number(text: str) -> str:
    """Return the number a text begins with (``1.1``, ``2.``, ``**3.1**``), or nothing.

    A number without dots has to be set off: ``3 retries`` begins with none.
    """
    if text[:1] not in _BEGIN_NUMBERS:
        return ""
    plain = _PLAIN_NUMBER.match(text)
    if plain:
        return plain[0]
    match = _NUMBER.match(text)
    return match[1] if match and ("." in match[1] or match[2]) else ""


def leading_name(text: str) -> str:
    """Return the word and number that a text begins with (``Task 3:`` is Task-3), or nothing."""
    match = _NAME.match(text)
    return f"{match[1].capitalize()}-{match[2]}" if match else ""


def leading_id(text: str) -> LeadingId | None:
    """Return the id of letters and digits that a text begins with, or None.

    ``T001``, ``T-001:``, ``**T-00.1**:`` and ``A1`` are ids; ``P1`` is a priority.
    """
    token = _TOKEN.match(text)
    if token is None:
        return None
    word = token[2].rstrip(".-")
    if word.isalpha() or word in PRIORITIES or not _ID.fullmatch(word):
        return None
    end = token.start(2) + len(word)
    after = _AFTER_ID.match(text, end)
    if after is None or _RANGE.match(text, end):
        return None
    digits = sum(char.isdigit() for char in word)
    certain = bool(token[1] or after[1]) or "-" in word or digits >= 3  # noqa: PLR2004
    return LeadingId(word, certain)
