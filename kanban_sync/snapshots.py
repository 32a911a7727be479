"""Task files as commits have them: the last one of a work tree, and the last that it shares.

What the branch of a work tree has in common with the branch that is read was not said by the former
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.errors import EditError, MissingObjectError, RepositoryError
from kanban_sync.sources import SOURCES
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.checkout import Checkout
    from kanban_sync.config import Settings
    from kanban_sync.git import GitRepository


class Snapshot:
    """The task files of a commit, which nobody writes."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Hold them."""
        self.files = files

    def read(self, path: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            EditError: The commit has none there.
        """
        if path not in self.files:
            raise EditError(f"{path}: is not in the commit")
        return self.files[path]

    def is_file(self, path: str) -> bool:
        """Tell whether the commit has a file there."""
        return path in self.files

    def replace(self, path: str, _before: bytes, _after: bytes) -> bool:
        """Refuse: a commit stays as it is.

        Raises:
            EditError: Always.
        """
        raise EditError(f"{path}: is looked at in a commit, and is not written")


class Snapshots:
    """The commits of one work tree, read when something is asked of them."""

    def __init__(self, checkout: Checkout, settings: Settings) -> None:
        """Begin with nothing read."""
        self._checkout = checkout
        self._settings = settings
        self._found: tuple[Snapshot | None, Snapshot | None] | None = None

    def both(self) -> tuple[Snapshot | None, Snapshot | None]:
        """Return the last commit, and the last one that the branch which is read has, too.

        It is the same object where it is the same commit, and None where there is none. Of what
        this clone does not hold nothing is known.
        """
        if self._found is None:
            checkout, settings = self._checkout, self._settings
            repository = checkout.repository(settings, checkout.worktree)
            try:
                self._found = self._read(repository)
            except (MissingObjectError, RepositoryError):
                self._found = (None, None)
            finally:
                repository.close()
        return self._found

    def fork(self, path: str) -> bytes | None:
        """Return a file as it was where the branch of the work tree forks off, None if none was."""
        _, shared = self.both()
        return shared.files.get(path) if shared is not None else None

    def _read(self, repository: GitRepository) -> tuple[Snapshot | None, Snapshot | None]:
        _, last = repository.head_of(self._checkout.git_dir(self._checkout.worktree))
        _, read = repository.branch()
        shared = repository.common(last, read) if last and read else ""
        first = _snapshot(repository, last, self._settings) if last else None
        if shared in {last, ""}:
            return first, first if shared else None
        return first, _snapshot(repository, shared, self._settings)


def _snapshot(repository: GitRepository, commit: str, settings: Settings) -> Snapshot:
    tree = repository.tree(commit, pathspecs(SOURCES, settings.sources))
    contents = repository.read(tree.values())
    return Snapshot({path: contents[blob] for path, blob in tree.items()})
