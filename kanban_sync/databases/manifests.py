"""Tasks in JSON files that people can read: on a machine that has no database, by choice."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from kanban_sync.core.claims import first_number
from kanban_sync.core.errors import LostDatabaseError, SetupError
from kanban_sync.databases.ports import Contents, Mode
from kanban_sync.databases.sqlite_file import url_of
from kanban_sync.stores.flatfile import (
    check_format,
    format_of,
    manifest_path,
    open_flatfile,
)
from kanban_sync.stores.flatfile_text import FORMAT
from kanban_sync.stores.summary import ProjectCounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.databases.ports import Clone
    from kanban_sync.stores.flatfile import FlatStore

MANIFEST_SCHEME = "file://"

HERE = ("file", "file:")
"""What names the clone's own folder."""

MANIFESTS = "manifests"
"""The folder in the state folder of a clone."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """A folder with a file for each project: of one clone, or shared by clones."""

    folder: Path
    clone: Clone | None = None
    is_shared: bool = False
    kind = "file"

    @property
    def name(self) -> str:
        """The folder, as a URL where the user has named it."""
        return url_of(self.folder, MANIFEST_SCHEME) if self.is_shared else str(self.folder)

    def mode(self, project: str) -> Mode:  # noqa: ARG002 - the same for all
        """Return on what work goes on."""
        return Mode("file")

    def open(self, project: str) -> TaskStore:
        """Open the file of a project, made if need be."""
        path = self._checked(project)
        if self.clone is None:
            return open_flatfile(path, project)
        clone = self.clone.clone_id() if self.is_shared else self.clone.id_in_file()
        store = open_flatfile(path, project, clone)
        self.clone.note_database(self._noted(path))
        return store

    def work(self, project: str, _to_tell: Callable[[str], None], /) -> TaskStore:
        """Open it for those who work on its tasks."""
        return self.open(project)

    def tries_later(self) -> bool:
        """Return False: each time it is tried."""
        return False

    def look(self, project: str) -> FlatStore | None:
        """Open it to read, None if there is no file."""
        path = self._checked(project)
        if not path.exists():
            return None
        clone = ""
        if self.clone is not None:
            known = self.clone.known_clone_id, self.clone.known_id_in_file
            clone = known[not self.is_shared]()
        return open_flatfile(path, project, clone, read_only=True)

    def identity(self) -> str:
        """Return where the folder is, whatever path leads to it."""
        return os.path.realpath(self.folder)

    def known_identity(self) -> str:
        """Return nothing: by its name it is always the same one."""
        return ""

    def connections(self) -> dict[str, int]:
        """Return nothing: there is no server."""
        return {}

    def contents(self, project: str = "") -> Contents:
        """Return what the file of a project holds."""
        if not project:
            files = self.folder.glob("tasks-*.json")
            return Contents(max(map(format_of, files), default=FORMAT), FORMAT)
        found = format_of(self._checked(project))
        store = self.look(project) if found == FORMAT else None
        if store is None:
            return Contents(found, FORMAT)
        counts = ProjectCounts(project, len(store.tasks()), store.last_event())
        return Contents(found, FORMAT, (counts,))

    def upgrade(self) -> str:
        """Do nothing but look: there is one format up to now.

        Raises:
            NewerStoreError: A file is of a newer release.
        """
        for path in sorted(self.folder.glob("tasks-*.json")):
            check_format(path)
        return ""

    def make_anew(self, now: float, project: Callable[[], str] = str) -> bool:
        """Make the file of a project if it is missed, with numbers that the lost one never gave."""
        path = manifest_path(self.folder, known := project())
        if not self._is_lost(path):
            return False
        open_flatfile(path, known, first_number=first_number(now)).close()
        return True

    def _checked(self, project: str) -> Path:
        path = manifest_path(self.folder, project)
        if self._is_lost(path):
            raise LostDatabaseError(str(path))
        return path

    def _noted(self, path: Path) -> str:
        # The clone's own goes along when the clone is moved.
        return str(path) if self.is_shared else f"{self.folder.name}/{path.name}"

    def _is_lost(self, path: Path) -> bool:
        return (
            self.clone is not None
            and self.clone.knows_database(self._noted(path))
            and not os.path.lexists(path)
        )


def folder_of(url: str, named_in: str) -> Path:
    """Return the folder that a URL names, which stands in the environment or git's settings.

    Raises:
        SetupError: It names none.
    """
    path = Path(os.fsdecode(unquote_to_bytes(os.fsencode(url.removeprefix(MANIFEST_SCHEME)))))
    if not path.is_absolute() or path.is_file():
        raise SetupError(
            f"{named_in} names {url}, which is no folder for tasks: its whole path has to follow,"
            " as in file:///home/ada/tasks, or file: alone for one in each clone."
        )
    return path
