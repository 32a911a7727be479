"""The words of a line, by which it is known again whatever stands around them."""

from __future__ import annotations

import re


def bare_words(text: str) -> str:
    """Return the words of a line, without marks in front and a claim behind, however they stand."""
    # Compiled when they are first used: whoever checks a file imports this, and seldom asks.
    words = re.sub(r"\(@[\w.-]+\)$", "", text.rstrip())
    return " ".join(re.sub(r"^[^\w]+", "", words).split()).casefold()
