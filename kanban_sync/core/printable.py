"""Text of a repository or a board as it may be shown: without what a terminal would obey."""

from __future__ import annotations

import re

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
    return re.sub(_OBEYED, lambda match: f"\\u{ord(match[0]):04x}", text)


def json_text(data: object, encoding: str) -> str:
    """Return data as JSON that a stream with that encoding can take, as commands print it."""
    # Here, since a check before a commit prints without it.
    import json  # noqa: PLC0415

    # What another encoding lacks would be written out in a way that is no JSON.
    is_unicode = encoding.lower().startswith("utf")
    return printable_json(json.dumps(data, indent=2, ensure_ascii=not is_unicode, default=str))


def _written_out(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004 - two digits
