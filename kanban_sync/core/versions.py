"""Which version a value has after a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.model import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.model import Version


def newer(former: Sequence[tuple[bool, Version]], version: Version) -> Version:
    """Return a parent's version if it has the same value, else the commit's, later than theirs.

    A merge that takes the older of two values has decided so: to no clone may the other be newer.

    Args:
        former: Of each parent whether its value is the same, and the version of that value.
        version: That of the commit.
    """
    newest = max((its for _, its in former), default=UNKNOWN)
    if (True, newest) in former:
        return newest
    return later(version, newest.time)


def later(version: Version, than: int) -> Version:
    """Return a commit's version, at least a second later than a time; unknown stays unknown."""
    return version if version == UNKNOWN else version._replace(time=max(version.time, than + 1))
