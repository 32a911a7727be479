"""Markdown files of tasks: which they are; ``checkboxes`` tells what stands in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.units import DEFAULTS, TaskFile, Unit
from kanban_sync.sources.globs import covered, matches_any
from kanban_sync.sources.one_file import OneFile

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import Document
    from kanban_sync.core.units import Read, SourceSettings, Tree


class TasksMd(OneFile):
    """Files in any dialect of Markdown, which is told by their contents or by the settings."""

    NAME = "tasks-md"
    PARSER = 8

    def globs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return where such files lie."""
        return settings.tasks

    def matches(self, path: str, settings: SourceSettings) -> bool:
        """Tell whether this is a file of tasks; those in an OpenSpec folder are OpenSpec's."""
        return super().matches(path, settings) and not _in_openspec(path, settings)

    def units(self, tree: Tree, read: Read, settings: SourceSettings) -> list[Unit]:
        """Find the files; each is read, because in v1.0 ids are unique in the repository."""
        return [
            Unit(
                source=self.NAME,
                name="",
                title=path,
                path=path,
                files=(TaskFile(path, tree[path], path),),
                prefix="" if _is_v1(read(tree[path]), path, settings) else f"{path}/",
            )
            for path in sorted(covered(settings.tasks, tree))
            if self.matches(path, settings)
        ]

    def read(self, path: str, data: bytes, settings: SourceSettings) -> Document:
        """Read the tasks of a file."""
        # Here, since most repositories of changes have no such file, and its patterns take a while.
        from kanban_sync.sources import checkboxes  # noqa: PLC0415

        return checkboxes.read(path, data, _fixed(path, settings), settings.limits)

    def edit(
        self, path: str, data: bytes, edit: Edit, settings: SourceSettings = DEFAULTS
    ) -> bytes:
        """Change a file by splicing what the edit concerns."""
        # Here, since nearly every process only reads.
        from kanban_sync.sources.markdown_edits import splices  # noqa: PLC0415
        from kanban_sync.sources.splicing import edited  # noqa: PLC0415

        fixed = _fixed(path, settings)
        return edited(
            self.read, path, data, edit, settings, lambda text: splices(text, edit, fixed)
        )

    def has_unique_ids(self, document: Document) -> bool:
        """Tell whether tasks of v1.0 stand in the file, whatever else does."""
        from kanban_sync.sources.markdown_dialects import V1  # noqa: PLC0415 - as above

        return bool(document.tasks) and V1 in document.dialect

    def gone_means_done(self, document: Document) -> bool:
        """Tell whether the file follows v1.0, where completing a task removes its block."""
        from kanban_sync.sources.markdown_dialects import V1  # noqa: PLC0415 - as above

        return document.dialect == V1

    def ids_in(self, data: bytes) -> Collection[str]:
        """Return the ids that stand in a file, in a task or in code, a comment, a broken box."""
        # Here, since few commits take a task out.
        from kanban_sync.sources.markdown import decode  # noqa: PLC0415
        from kanban_sync.sources.written_ids import all_in  # noqa: PLC0415

        return all_in(decode(data))


def _is_v1(data: bytes, path: str, settings: SourceSettings) -> bool:
    from kanban_sync.sources import checkboxes  # noqa: PLC0415 - as above

    return checkboxes.is_v1(data, _fixed(path, settings), settings.limits)


def _fixed(path: str, settings: SourceSettings) -> str:
    """Return the dialect that the settings name for a file, '' where they leave it open."""
    return next((name for glob, name in settings.dialects if matches_any((glob,), path)), "")


def _in_openspec(path: str, settings: SourceSettings) -> bool:
    folders = [index for index, char in enumerate(path) if char == "/"]
    return any(matches_any(settings.openspec, path[:end]) for end in folders)
