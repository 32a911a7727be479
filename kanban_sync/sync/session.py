"""What one pass works with: settings, git and the task database, as they are at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.ports import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.config import Settings
    from kanban_sync.core.errors import KanbanSyncError
    from kanban_sync.core.ports import Branches, TaskStore


class Clone(Repository, Protocol):
    """What the engine asks of git besides the port."""

    def content(self, name: str) -> bytes:
        """Return the bytes of one blob."""
        ...

    def head_of(self, git_dir: Path) -> tuple[str, str]:
        """Return the reference and commit that a work tree has checked out."""
        ...

    def branches(self, own: str) -> Branches:
        """Return what the shim compares where this reference is checked out."""
        ...

    def work_trees(self) -> list[Path]:
        """Return the folders of all work trees of the clone."""
        ...

    def published(self) -> tuple[str, str]:
        """Return the URL of the default branch's remote, and its name there."""
        ...

    def close(self) -> None:
        """End the processes that were started."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """What one pass works with: the settings of the moment, git at one moment, and the store.

    A ``problem`` keeps it from the board: the settings are not those of the moment, which cannot
    be read.
    """

    settings: Settings
    project: str
    clone: Clone
    store: TaskStore
    problem: KanbanSyncError | None = None
