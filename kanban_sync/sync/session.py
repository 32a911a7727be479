"""What an engine works with: the doors it is given, a session, and whoever wants to hear of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.ports import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kanban_sync.config import Settings
    from kanban_sync.core.errors import KanbanSyncError
    from kanban_sync.core.model import Version
    from kanban_sync.core.ports import Board, Branches, Source, TaskStore


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

    def branch(self) -> tuple[str, str]:
        """Return the name and commit of the branch that is read."""
        ...

    def changed(self, commit: str, path: str) -> Version:
        """Return the newest commit up to one that changed a file; ``UNKNOWN`` if none did."""
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
    be read. ``may_write`` is asked before each request that writes to the board, and raises where
    it must not be sent.
    """

    settings: Settings
    project: str
    clone: Clone
    store: TaskStore
    problem: KanbanSyncError | None = None
    may_write: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Watcher:
    """What a front door wants to hear while a sync is under way."""

    on_step: Callable[[int, int], None] = lambda _done, _total: None
    log: Callable[[str], None] = lambda _text: None


@dataclass(frozen=True, slots=True)
class Doors:
    """What an engine is given by the composition root.

    ``open_session`` is called once a pass, with the work tree that asked; ``open_board`` returns
    None where there is no board to write to. ``now`` is in seconds since 1970. ``on_step`` hears
    again and again how many operations of how many are done.
    """

    open_session: Callable[[str], Session]
    open_board: Callable[[Session], Board | None]
    sources: Mapping[str, Source]
    now: Callable[[], float] = time.time
    on_step: Callable[[int, int], None] = lambda _done, _total: None
    log: Callable[[str], None] = lambda _text: None
