"""What the sources find in one commit: for people who ask which files are read, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status
from kanban_sync.sync.reading import pathspecs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from kanban_sync.core.model import Problem
    from kanban_sync.core.ports import Source, SourceSettings, Unit

    class Contents(Protocol):
        """Where trees and bytes come from."""

        def tree(self, commit: str, pathspecs: Sequence[str]) -> dict[str, str]:
            """Return path -> blob id of the files of a commit."""
            ...

        def content(self, name: str) -> bytes:
            """Return the bytes of one blob."""
            ...


@dataclass(frozen=True, slots=True)
class Found:
    """One unit: its source, where it lies, how many tasks it holds, and what is wrong with it."""

    source: str
    name: str
    path: str
    status: Status | None
    tasks: int
    done: int
    problems: tuple[Problem, ...]


def inventory(
    contents: Contents, commit: str, sources: Mapping[str, Source], settings: SourceSettings
) -> list[Found]:
    """Read all units of a commit; archived changes are left out, as they are over."""
    tree = contents.tree(commit, pathspecs(sources, settings))
    found: list[Found] = []
    for source in sources.values():
        files = {path: blob for path, blob in tree.items() if source.matches(path, settings)}
        units = source.units(files, contents.content, settings)
        found += [_read(contents, source, unit) for unit in units if not unit.archived]
    return found


def _read(contents: Contents, source: Source, unit: Unit) -> Found:
    problems: list[Problem] = []
    statuses: list[Status] = []
    for file in unit.files:
        if file.is_text:
            continue
        document = source.parse(file.path, contents.content(file.blob))
        problems += document.problems
        statuses += [task.status for top in document.tasks for task in top.walk()]
    status = source.status_of_unit(unit, statuses) if unit.name else None
    done = sum(status is Status.DONE for status in statuses)
    return Found(unit.source, unit.name, unit.path, status, len(statuses), done, tuple(problems))
