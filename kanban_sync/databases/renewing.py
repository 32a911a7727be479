"""When the copy of a database is made anew: if anything has changed, and a large one seldom."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kanban_sync.machine_time import boot
from kanban_sync.stores.flatfile import DamagedFileError

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.stores.away_shelf import AwayShelf
    from kanban_sync.stores.postgres import PostgresStore

COPY_EVERY = 60.0
"""Seconds for which a large copy is not renewed, nor a small one by those who work on tasks."""

SMALL = 1 << 18
"""Bytes below which a copy costs next to nothing."""


def renew(shelf: AwayShelf, store: PostgresStore, *, has_begun: bool) -> None:
    """Copy what has changed in a database since its last copy.

    Args:
        shelf: Where.
        store: The database.
        has_begun: Whether work goes on with the copy, or may have: a damaged one is left then, as
            what was done may be in it.

    Raises:
        StoreError, OSError: It stays as old as it is.
    """
    known, last = shelf.path.with_suffix(".as-of"), store.last_event()
    if known.exists() and known.read_text("ascii") == _as_of(last, shelf.path):
        return
    if _is_large(shelf.path) and _is_new(shelf.path):
        return
    try:
        shelf.put_copy(store.copied())
    except DamagedFileError:
        if has_begun:
            return
        shelf.put_damaged_aside()
        shelf.put_copy(store.copied())
    known.write_text(_as_of(last, shelf.path), "ascii")


def is_small_and_old(path: Path) -> bool:
    """Tell whether a copy is renewed also by those who work on tasks."""
    return not (_is_large(path) or _is_new(path))


def _as_of(last: int, path: Path) -> str:
    """Return by what it is known that a copy is as it was made, after so many events.

    One from before the machine was started anew is made anew, too: only the wall clock would tell
    how long ago it was made.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return ""
    return f"{last} {found.st_ino} {found.st_size} {found.st_mtime_ns} {boot()}"


def _is_large(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_size >= SMALL
    return False


def _is_new(path: Path) -> bool:
    with contextlib.suppress(OSError):
        # One of a time to come was made before the clock was set back.
        return abs(time.time() - path.stat().st_mtime) < COPY_EVERY
    return False
