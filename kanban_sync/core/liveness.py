"""Which branches may have a say beside the default one, by their names and their age."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = 86400

OTHERS = ":branches"
"""Among the tips of layers: what told all branches apart that may be layers."""


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

    def said(self, name: str, value: str | int | Iterable[str]) -> Liveness:
        """Return what a setting makes of it: ``patterns``, ``days`` or ``remote``, as written."""
        if name == "patterns" and not isinstance(value, str | int):
            return self._replace(patterns=tuple(value))
        if name == "days":
            return self._replace(days=int(str(value)))
        return self._replace(remote=str(value) == "true")

    def as_said(self) -> dict[str, str | list[str]]:
        """Return what ``said`` reads back."""
        remote = "true" if self.remote else "false"
        return {"patterns": list(self.patterns), "days": str(self.days), "remote": remote}

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
