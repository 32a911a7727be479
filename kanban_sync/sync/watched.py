"""Which paths are watched: those of all sources, and the settings files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.ports import Source, SourceSettings

SETTINGS_PATHSPECS = (":(top,literal).kanban-sync.yaml", ":(top,literal)project.yaml")


def pathspecs(sources: Mapping[str, Source], settings: SourceSettings) -> tuple[str, ...]:
    """Return git pathspecs that match every file that a source may read."""
    found: dict[str, None] = {}
    for source in sources.values():
        found.update(dict.fromkeys(source.pathspecs(settings)))
    return tuple(found)
