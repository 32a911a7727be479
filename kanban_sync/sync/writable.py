"""Whether a folder of ours may be written to, found out without writing."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from kanban_sync.core.unwritable import Unwritable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def barred(folder: Path, files: Sequence[Path]) -> Unwritable | None:
    """Return what keeps a folder, or where it will be made, from being written to.

    Args:
        folder: Which one.
        files: What lies in it and is written to as well.

    Returns:
        What it is, with its remedy; None if nothing does.
    """
    place = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not place.is_dir():
        return Unwritable(f"{place} is a file, where a folder has to be", f"move {place} away")
    closed = [path for path in (place, *files) if not os.access(path, os.W_OK)]
    if closed:
        whole = f"{place} and all in it" if place == folder else str(place)
        return Unwritable(f"{closed[0]} cannot be written", f"make {whole} writable for this user")
    if not shutil.disk_usage(place).free:
        return Unwritable(f"no space is left on the disk of {place}", "make room on that disk")
    return None


def barred_state(folder: Path) -> Unwritable | None:
    """Return what keeps a state folder, or a file in it, from being written to, None if nothing."""
    return barred(folder, sorted(folder.glob("*")))
