"""What commits say of the tasks of a work tree: its last one, and the last that it shares.

A value that stands in a file as a commit has it is nobody's unsaved edit. What the branch of a work
tree has in common with the branch that is read was not said by the former alone, so it is only
behind where the task database has something else by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.errors import EditError
from kanban_sync.core.merge import filed_part
from kanban_sync.core.slots import effective
from kanban_sync.editing import LOCK, Editor
from kanban_sync.sources import SOURCES

if TYPE_CHECKING:
    from kanban_sync.checkout import Checkout
    from kanban_sync.config import Settings
    from kanban_sync.core.merge import Filed
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.snapshots import Snapshot, Snapshots


class Commits:
    """What the commits of one work tree say, found out when something is asked of them."""

    def __init__(
        self, checkout: Checkout, settings: Settings, store: TaskStore, snapshots: Snapshots
    ) -> None:
        self._checkout = checkout
        self._settings = settings
        self._store = store
        self._snapshots = snapshots
        self._opened: tuple[Editor | None, Editor | None] | None = None

    def last(self, key: str) -> Filed | None:
        """Return what the last commit of the work tree says, None if nothing."""
        return _said(self._editors()[0], key)

    def shared(self, key: str) -> Filed | None:
        """Return what the last commit says that is also one of the branch that is read."""
        return _said(self._editors()[1], key)

    def _editors(self) -> tuple[Editor | None, Editor | None]:
        if self._opened is None:
            last, shared = self._snapshots.both()
            first = self._editor(last) if last is not None else None
            if shared is not None and shared is not last:
                self._opened = (first, self._editor(shared))
            else:
                self._opened = (first, first if shared is not None else None)
        return self._opened

    def _editor(self, snapshot: Snapshot) -> Editor:
        return Editor(
            snapshot,
            list(snapshot.files),
            SOURCES,
            self._settings.sources,
            self._checkout.project_here(self._settings),
            effective(self._store.files().slots),
            self._checkout.state.path / LOCK,
            self._snapshots.fork,
        )


def _said(editor: Editor | None, key: str) -> Filed | None:
    if editor is None:
        return None
    try:
        return filed_part(editor.look(key))
    except EditError:
        return None
