"""How much of a task file is read: what is larger or deeper than anybody writes is refused."""

from __future__ import annotations

from kanban_sync.core.tuples import NamedTuple

MIB = 1024 * 1024


class Limits(NamedTuple):
    """What one file may hold at most.

    ``file_size`` is in MiB. ``depth`` is that of values inside values, in YAML and JSON.
    """

    file_size: int = 8
    lines: int = 200_000
    tasks: int = 50_000
    depth: int = 64

    @property
    def values(self) -> int:
        """Return how many values a YAML or JSON file may hold: ten for each task."""
        return 10 * self.tasks

    @property
    def text(self) -> int:
        """Return how many characters may come of it, however often values are referred to."""
        return 3 * self.file_size * MIB // 2


USUAL = Limits()
"""What is read if nobody says otherwise."""

MOST = Limits(file_size=1024, lines=100_000_000, tasks=10_000_000, depth=200)
"""What settings may allow: beyond it Python itself gives up."""


def limit_problem(name: str, value: object) -> str:
    """Return what a limit has to be, '' if it is that."""
    most = int(getattr(MOST, name))
    text = str(value)
    good = text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= most  # noqa: PLR2004
    return "" if good else f"a number from 1 to {most}"
