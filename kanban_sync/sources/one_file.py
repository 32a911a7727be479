"""What sources have in common whose files are units of their own, with ids from the files."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status
from kanban_sync.core.units import DEFAULTS, TaskFile, Unit
from kanban_sync.sources.globs import covered, excludes, exclusions, matches_any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kanban_sync.core.model import Document
    from kanban_sync.core.units import Read, SourceSettings, Tree


_FIELDS, _CHILDREN = attrgetter("fields"), attrgetter("children")


class OneFile:
    """A source whose every file is a unit, at the paths that the settings name for it."""

    NAME = ""
    MOVES = True

    def globs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return where its files lie."""
        raise NotImplementedError

    def read(self, path: str, data: bytes, settings: SourceSettings) -> Document:
        """Return what the bytes of a file say, each task by itself."""
        raise NotImplementedError

    def parse(self, path: str, data: bytes, settings: SourceSettings = DEFAULTS) -> Document:
        """Read the tasks of a file, with all that they say they wait for."""
        document = self.read(path, data, settings)
        document = document._replace(has_unique_ids=self.has_unique_ids(document))
        if not (any(map(_FIELDS, document.tasks)) or any(map(_CHILDREN, document.tasks))):
            return document
        # Here, since few files need it.
        from kanban_sync.sources.field_dependencies import with_dependencies  # noqa: PLC0415

        return document._replace(tasks=with_dependencies(document.tasks))

    def has_unique_ids(self, document: Document) -> bool:
        """Tell whether the ids of such a file are unique in the repository."""
        return bool(document.tasks)

    def pathspecs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return pathspecs for the files named in the settings."""
        included = (f":(top,glob){glob}" for glob in self.globs(settings))
        return (*included, *exclusions(settings.exclude))

    def matches(self, path: str, settings: SourceSettings) -> bool:
        """Tell whether the settings name this file."""
        return matches_any(self.globs(settings), path) and not excludes(settings.exclude, path)

    def slot(self, path: str, settings: SourceSettings) -> str:  # noqa: ARG002 - the port's
        """Return the path itself: such a file stays where it is."""
        return path

    def group(self, path: str, settings: SourceSettings) -> str:  # noqa: ARG002 - as above
        """Return the path itself: each file is a unit."""
        return path

    def units(self, tree: Tree, read: Read, settings: SourceSettings) -> list[Unit]:  # noqa: ARG002
        """Find the files; their ids are unique in the repository."""
        return [
            Unit(self.NAME, "", path, path, (TaskFile(path, tree[path], path),))
            for path in sorted(covered(self.globs(settings), tree))
            if self.matches(path, settings)
        ]

    def status_of_unit(self, unit: Unit, statuses: Sequence[Status]) -> Status:  # noqa: ARG002
        """Return todo: a file is no task, so nobody asks."""
        return Status.TODO

    def gone_means_done(self, document: Document) -> bool:  # noqa: ARG002 - the port's
        """Return False: what is removed from such a file was not completed."""
        return False

    def ids_in(self, data: bytes) -> Collection[str]:  # noqa: ARG002 - the port's
        """Return none: nobody asks where nothing is completed by being removed."""
        return ()
