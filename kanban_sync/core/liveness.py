"""Which branches may have a say beside the default one, by their names and their age."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

DAY = 86400


class Liveness(NamedTuple):
    """What makes a branch a layer: one of ``patterns`` covers it, and its last commit is young.

    A pattern is a shell's, on the branch's short name; one that begins with ``!`` takes away again.
    The last one that fits counts. ``days`` is how old the last commit may be; with ``remote`` the
    branches of remotes count, too. ``now`` is in seconds since 1970.
    """

    patterns: tuple[str, ...] = ("*",)
    days: int = 30
    remote: bool = False
    now: float = 0.0

    def covers(self, name: str) -> bool:
        """Tell whether a branch may be a layer, by its short name."""
        found = False
        for pattern in self.patterns:
            if fnmatchcase(name, pattern.removeprefix("!")):
                found = not pattern.startswith("!")
        return found

    def is_young(self, seconds: int) -> bool:
        """Tell whether a commit of that time is young enough."""
        return seconds >= self.now - self.days * DAY
