"""The state folder of a user, which all clones of that user on one machine share."""

from __future__ import annotations

import os
from pathlib import Path


def user_folder() -> Path:
    """Return the folder, which may not be there yet.

    A runtime folder would not do: it vanishes at logout, under a sync that still runs.

    Raises:
        RuntimeError: This user has no home, and nothing names another place.
    """
    named = os.environ.get("XDG_STATE_HOME", "")
    base = Path(named) if os.path.isabs(named) else Path.home() / ".local" / "state"  # noqa: PTH117
    return base / "kanban-sync"
