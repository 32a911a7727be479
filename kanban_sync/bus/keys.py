"""The names of keys and channels: each holds the project's id, and nothing crosses.

A script or command touches one key only, so that the server may be a cluster. What looks like a
hash tag in a name does no harm for that reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanban_sync.core.bus import Queue
    from kanban_sync.core.model import TaskKey

PREFIX = "mosaic:queue"
"""What all names begin with, unless the user has set something else."""


def lock_key(prefix: str, key: TaskKey) -> bytes:
    """Return where the lock of a task lies."""
    return _encoded(f"{prefix}:project:{key.project}:lock:{key}")


def queue_key(prefix: str, project: str, queue: Queue) -> bytes:
    """Return where a queue lies; capital letters in tags make no difference."""
    name = queue.name.casefold() if queue.kind == "tag" else queue.name
    return _encoded(f"{prefix}:project:{project}:{queue.kind}:{name}")


def channel_of(prefix: str, project: str) -> bytes:
    """Return the channel on which is told what happens."""
    return _encoded(f"{prefix}:project:{project}:events")


def _encoded(name: str) -> bytes:
    # Git names may hold bytes that are no UTF-8.
    return name.encode("utf-8", "backslashreplace")
