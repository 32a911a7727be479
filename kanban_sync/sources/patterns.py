"""Regular expressions that are compiled when they are first used.

There are some fifty, and compiling them takes as long as Python takes to start; a file in one
dialect has use for a few.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Pattern:
    """Becomes the compiled expression bit by bit: each method is looked up once."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the expression has
        # The module remembers what it has compiled.
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return a regular expression that costs nothing before it is used."""
    return cast("re.Pattern[str]", _Pattern(text, flags))
