"""What commits did to files, as git tells it."""

from __future__ import annotations

from kanban_sync.core.tuples import NamedTuple


class PathChange(NamedTuple):
    """What one commit did to one path: the blobs before, one a parent, and after.

    A blob is empty where there is no file. A merge has a path that differs from any parent's.
    """

    path: str
    old: tuple[str, ...]
    new: str


class LogEntry(NamedTuple):
    """One commit that changed watched files, or that merged what others did to them.

    ``parents`` are the last such commits of the lines from which it comes.
    """

    commit: str
    time: int
    changes: tuple[PathChange, ...]
    parents: tuple[str, ...] = ()
