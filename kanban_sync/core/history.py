"""What commits did to files, as git tells it."""

from __future__ import annotations

from kanban_sync.core.tuples import NamedTuple


class PathChange(NamedTuple):
    """What one commit did to one path: the blobs before (one a parent, none if new), and after.

    ``new`` is empty where the commit removed the file.
    """

    path: str
    old: tuple[str, ...]
    new: str


class LogEntry(NamedTuple):
    """One commit that changed watched files; a merge only where it differs from all parents."""

    commit: str
    time: int
    changes: tuple[PathChange, ...]
