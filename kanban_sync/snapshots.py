"""Task files as commits have them: the last one of a work tree, and the last that it shares.

What the branch of a work tree has in common with the branch that is read was not said by the former
alone.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kanban_sync.core.errors import EditError, MissingObjectError, RepositoryError
from kanban_sync.sources import SOURCES
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    """The commits of one work tree, read when something is asked of them.

    Of what this clone does not hold nothing is known.
    """

    def __init__(self, checkout: Checkout, settings: Settings) -> None:
        """Begin with nothing read."""
        self._checkout = checkout
        self._settings = settings
        self._commits: tuple[str, str] | None = None
        self._trees: dict[str, Mapping[str, str]] = {}

    def both(self) -> tuple[Snapshot | None, Snapshot | None]:
        """Return the last commit, and the last one that the branch which is read has, too.

        It is the same object where it is the same commit, and None where there is none.
        """
        with suppress(MissingObjectError, RepositoryError), self._opened() as repository:
            last, shared = self._ends(repository)
            first = self._snapshot(repository, last)
            return first, first if shared == last else self._snapshot(repository, shared)
        return None, None

    def fork(self, path: str, known: str) -> bytes | None:
        """Return a file as it was where the branch of the work tree forks off.

        None if there was none, or if it was the content that is ``known``, by its blob id.
        """
        with suppress(MissingObjectError, RepositoryError), self._opened() as repository:
            _, shared = self._ends(repository)
            blob = self._tree(repository, shared).get(path, "") if shared else ""
            return repository.read([blob])[blob] if blob not in {"", known} else None
        return None

    @contextmanager
    def _opened(self) -> Iterator[GitRepository]:
        repository = self._checkout.repository(self._settings, self._checkout.worktree)
        try:
            yield repository
        finally:
            repository.close()

    def _ends(self, repository: GitRepository) -> tuple[str, str]:
        """Return the last commit and the last shared one, '' for none."""
        if self._commits is None:
            _, last = repository.head_of(self._checkout.git_dir(self._checkout.worktree))
            _, read = repository.branch()
            shared = repository.common(last, read) if last and read and last != read else read
            self._commits = last, shared if last else ""
        return self._commits

    def _tree(self, repository: GitRepository, commit: str) -> Mapping[str, str]:
        if commit not in self._trees:
            watched = pathspecs(SOURCES, self._settings.sources)
            self._trees[commit] = repository.tree(commit, watched)
        return self._trees[commit]

    def _snapshot(self, repository: GitRepository, commit: str) -> Snapshot | None:
        if not commit:
            return None
        tree = self._tree(repository, commit)
        contents = repository.read(tree.values())
        return Snapshot({path: contents[blob] for path, blob in tree.items()})
