"""What the sources find in one commit: for people who ask which files are read, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.core.findings import UNREADABLE
from kanban_sync.core.model import Problem, Status
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.core.vanishing import why_vanished
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from kanban_sync.core.ports import Source, SourceSettings, Unit

    class Contents(Protocol):
        """Where trees and bytes come from."""

        def tree(self, commit: str, pathspecs: Sequence[str]) -> dict[str, str]:
            """Return path -> blob id of the files of a commit."""
            ...

        def content(self, name: str) -> bytes:
            """Return the bytes of one blob."""
            ...

        def read(self, blobs: Iterable[str]) -> dict[str, bytes]:
            """Return the bytes of many blobs at once."""
            ...


class Found(NamedTuple):
    """One unit: its source, where it lies, how many tasks it holds, and what is wrong with it.

    ``dialect`` is '' where its source knows only one.
    """

    source: str
    name: str
    path: str
    status: Status | None
    tasks: int
    done: int
    problems: tuple[Problem, ...]
    dialect: str = ""


def inventory(
    contents: Contents,
    commit: str,
    sources: Mapping[str, Source],
    settings: SourceSettings,
    held: Mapping[str, Sequence[str]],
) -> list[Found]:
    """Read all units of a commit; archived changes are left out, as they are over.

    ``held`` are the titles that files held at the last sync, by path.
    """
    tree = contents.tree(commit, pathspecs(sources, settings))
    units: list[tuple[Source, Unit]] = []
    for source in sources.values():
        found = source.units(tree, contents.content, settings)
        units += [(source, unit) for unit in found if not unit.archived]
    wanted = (file.blob for _, unit in units for file in unit.files if not file.is_text)
    blobs = contents.read(wanted)
    return [_read(blobs, source, unit, settings, held) for source, unit in units]


def _read(
    blobs: Mapping[str, bytes],
    source: Source,
    unit: Unit,
    settings: SourceSettings,
    held: Mapping[str, Sequence[str]],
) -> Found:
    problems: list[Problem] = []
    dialects: dict[str, None] = {}
    statuses: list[Status] = []
    for file in unit.files:
        if file.is_text:
            continue
        document = source.parse(file.path, blobs[file.blob], settings)
        dialects[document.dialect] = None
        problems += document.problems
        why = why_vanished(held.get(file.path, ()), blobs[file.blob], document)
        if why:
            problems.append(Problem(file.path, 0, why, fatal=True, code=UNREADABLE))
        statuses += [top.status for top in document.tasks]
        # Most have nothing below them, and walking costs more than looking.
        below = (child for top in document.tasks if top.children for child in top.children)
        statuses += [task.status for child in below for task in child.walk()]
    status = source.status_of_unit(unit, statuses) if unit.name else None
    done = statuses.count(Status.DONE)
    counts = (len(statuses), done, tuple(problems))
    return Found(
        unit.source, unit.name, unit.path, status, *counts, ", ".join(filter(None, dialects))
    )


def files_data(found: Sequence[Found]) -> list[dict[str, Any]]:
    """Return what the sources found, as plain data."""
    return [
        {
            "source": each.source,
            "dialect": each.dialect,
            "path": each.path,
            "tasks": each.tasks,
            "done": each.done,
            "status": each.status.value if each.status else None,
            "problems": [str(problem) for problem in each.problems],
        }
        for each in found
    ]
