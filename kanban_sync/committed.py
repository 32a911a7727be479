"""What commits say of the tasks of a work tree: its last one, and the last that it shares.

A value that stands in a file as a commit has it is nobody's unsaved edit. What the branch of a work
tree has in common with the branch that is read was not said by the former alone, so it is only
behind where the task database has something else by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.errors import EditError, MissingObjectError, RepositoryError
from kanban_sync.core.merge import filed_part
from kanban_sync.core.slots import effective
from kanban_sync.editing import LOCK, Editor
from kanban_sync.sources import SOURCES
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.checkout import Checkout
    from kanban_sync.config import Settings
    from kanban_sync.core.merge import Filed
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.git import GitRepository


class Snapshot:
    """The task files of a commit, which nobody writes."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Hold them."""
        self._files = files

    def read(self, path: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            EditError: The commit has none there.
        """
        if path not in self._files:
            raise EditError(f"{path}: is not in the commit")
        return self._files[path]

    def is_file(self, path: str) -> bool:
        """Tell whether the commit has a file there."""
        return path in self._files

    def replace(self, path: str, _before: bytes, _after: bytes) -> bool:
        """Refuse: a commit stays as it is.

        Raises:
            EditError: Always.
        """
        raise EditError(f"{path}: is looked at in a commit, and is not written")


class Commits:
    """The commits of one work tree, opened when something is asked of them."""

    def __init__(self, checkout: Checkout, settings: Settings, store: TaskStore) -> None:
        self._checkout = checkout
        self._settings = settings
        self._store = store
        self._opened: tuple[Editor | None, Editor | None] | None = None

    def last(self, key: str) -> Filed | None:
        """Return what the last commit of the work tree says, None if nothing."""
        return _said(self._editors()[0], key)

    def shared(self, key: str) -> Filed | None:
        """Return what the last commit says that is also one of the branch that is read."""
        return _said(self._editors()[1], key)

    def _editors(self) -> tuple[Editor | None, Editor | None]:
        if self._opened is None:
            checkout, settings = self._checkout, self._settings
            repository = checkout.repository(settings, checkout.worktree)
            try:
                self._opened = self._open(repository)
            except (MissingObjectError, RepositoryError):
                # Of what this clone does not hold nothing is known: it is left as it is.
                self._opened = (None, None)
            finally:
                repository.close()
        return self._opened

    def _open(self, repository: GitRepository) -> tuple[Editor | None, Editor | None]:
        _, last = repository.head_of(self._checkout.git_dir(self._checkout.worktree))
        _, read = repository.branch()
        shared = repository.common(last, read) if last and read else ""
        first = self._editor(repository, last) if last else None
        if shared in {last, ""}:
            return first, first if shared else None
        return first, self._editor(repository, shared)

    def _editor(self, repository: GitRepository, commit: str) -> Editor:
        settings = self._settings
        tree = repository.tree(commit, pathspecs(SOURCES, settings.sources))
        contents = repository.read(tree.values())
        return Editor(
            Snapshot({path: contents[blob] for path, blob in tree.items()}),
            list(tree),
            SOURCES,
            settings.sources,
            self._checkout.project(settings, repository),
            effective(self._store.files().slots),
            self._checkout.state.path / LOCK,
        )


def _said(editor: Editor | None, key: str) -> Filed | None:
    if editor is None:
        return None
    try:
        return filed_part(editor.look(key))
    except EditError:
        return None
