"""Text of a repository or a board as it may be shown: without what a terminal would obey."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_OBEYED = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
"""Control characters but tab and line feed (C0, DEL, C1), and what turns the direction of text."""


def printable(text: str) -> str:
    r"""Return a text with control characters written out, as in ``\x1b``."""
    # Nearly all text is; to compile what finds the rest takes longer.
    if text.replace("\n", "").isprintable():
        return text
    return re.sub(_OBEYED, _written_out, text)


def printable_json(text: str) -> str:
    r"""Return JSON with the control characters escaped that JSON itself lets pass (``\u009b``)."""
    if text.replace("\n", "").isprintable():
        return text
    return re.sub(_OBEYED, lambda match: f"\\u{ord(match[0]):04x}", text)


def json_text(data: object, encoding: str) -> str:
    """Return data as JSON that a stream with that encoding can take, as commands print it."""
    # Here, since a check before a commit prints without it.
    from functools import cache  # noqa: PLC0415
    from json import JSONEncoder  # noqa: PLC0415

    # What another encoding lacks would be written out in a way that is no JSON.
    is_ascii = not encoding.lower().startswith("utf")

    @cache
    def encode(gap: str) -> Callable[[object], str]:
        signs = (f",{gap}", ": ")
        return JSONEncoder(ensure_ascii=is_ascii, separators=signs, default=str).encode

    return printable_json(_laid_out(data, "\n", encode))


_PARTED = (dict, list, tuple)


def _laid_out(data: object, end: str, encode: Callable[[str], Callable[[object], str]]) -> str:
    """Return JSON as ``json.dumps`` does with ``indent=2``, which goes value by value in Python.

    Args:
        data: What is to be written.
        end: What ends a line, with the blanks that the next one begins with.
        encode: What returns a function that writes values with that between their parts.
    """
    gap = f"{end}  "
    if not data or not isinstance(data, _PARTED):
        return encode(gap)(data)
    parts = data.values() if isinstance(data, dict) else data
    if not any(each and isinstance(each, _PARTED) for each in parts):
        inside = encode(gap)(data)[1:-1]
    else:
        told = [_laid_out(each, gap, encode) for each in parts]
        if isinstance(data, dict):
            # With a value, for a name that is no text becomes one.
            names = [encode(gap)({name: 0})[1:-2] for name in data]
            told = [f"{name}{each}" for name, each in zip(names, told, strict=True)]
        inside = f",{gap}".join(told)
    first, last = "{}" if isinstance(data, dict) else "[]"
    return f"{first}{gap}{inside}{end}{last}"


def _written_out(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004 - two digits
