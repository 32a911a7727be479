"""The dialects of task files: one module each, listed here by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.sources.mission import Mission
from kanban_sync.sources.openspec import OpenSpec
from kanban_sync.sources.roadmap import Roadmap
from kanban_sync.sources.tasks_md import TasksMd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.ports import Source

SOURCES: Mapping[str, Source] = {
    OpenSpec.NAME: OpenSpec(),
    TasksMd.NAME: TasksMd(),
    Roadmap.NAME: Roadmap(),
    Mission.NAME: Mission(),
}
