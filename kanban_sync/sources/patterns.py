"""Regular expressions that are compiled when they are first used.

There are some fifty, and compiling them takes as long as Python takes to start; a file in one
dialect has use for a few.
"""

from __future__ import annotations

import contextlib
import re
import threading
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@contextlib.contextmanager
def compiled_when_used() -> Iterator[None]:
    """Let what this thread imports meanwhile compile its expressions when it first uses them.

    For a library that compiles, while it is imported, what only another part of it ever uses.
    Other threads get theirs compiled at once, as always.
    """
    at_once, importing = re.compile, threading.get_ident()

    def compiled(text: Any, flags: int = 0) -> re.Pattern[Any]:  # noqa: ANN401 - as re.compile has it
        put_off = isinstance(text, str) and threading.get_ident() == importing
        return pattern(text, flags) if put_off else at_once(text, flags)

    re.compile = compiled  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = at_once
