"""``roadmap.yaml``: which files they are; ``roadmap_tasks`` tells what stands in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.units import DEFAULTS
from kanban_sync.sources.one_file import OneFile

if TYPE_CHECKING:
    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import Document
    from kanban_sync.core.units import SourceSettings


class Roadmap(OneFile):
    """Roadmaps: epics, milestones or phases, and the tasks in them."""

    NAME = "roadmap"
    PARSER = 7

    def globs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return where roadmaps lie."""
        return settings.roadmap

    def read(self, path: str, data: bytes, settings: SourceSettings) -> Document:
        """Read the tasks of a file."""
        # Here, since few repositories have a roadmap, and the YAML library takes a while.
        from kanban_sync.sources import roadmap_tasks  # noqa: PLC0415

        return roadmap_tasks.read(path, data, settings.limits)

    def edit(
        self, path: str, data: bytes, edit: Edit, settings: SourceSettings = DEFAULTS
    ) -> bytes:
        """Change a file by splicing what the edit concerns."""
        # Here, since nearly every process only reads.
        from kanban_sync.sources.roadmap_edits import splices  # noqa: PLC0415
        from kanban_sync.sources.splicing import edited  # noqa: PLC0415

        tasks = self.read(path, data, settings).tasks
        return edited(
            self.read, path, data, edit, settings, lambda text: splices(text, edit, tasks)
        )
