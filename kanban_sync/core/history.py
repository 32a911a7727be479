"""What commits did to files, as git tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PathChange:
    """What one commit did to one path: the blobs before (one a parent, none if new), and after.

    ``new`` is empty where the commit removed the file.
    """

    path: str
    old: tuple[str, ...]
    new: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit that changed watched files; a merge only where it differs from all parents."""

    commit: str
    time: int
    changes: tuple[PathChange, ...]
