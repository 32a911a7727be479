"""What sources find in a tree of files, and where they are told to look."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from kanban_sync.core.limits import USUAL
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanban_sync.core.limits import Limits

Tree: TypeAlias = "Mapping[str, str]"
"""Path of a file, relative to the top of the repository, with slashes -> its blob id."""

Read: TypeAlias = "Callable[[str], bytes]"
"""Blob id -> its bytes."""


class SourceSettings(NamedTuple):
    """Where sources look; globs are git's (``**`` crosses folders), relative to the top.

    ``openspec`` are folders named openspec; ``exclude`` takes fixtures away again. ``dialects`` are
    pairs of a glob and the dialect of the Markdown files that it covers; the first glob counts.
    ``limits`` are what one file may hold.
    """

    tasks: tuple[str, ...] = (
        "**/TASKS.md",
        "**/_kanban.md",
        ".kiro/specs/*/tasks.md",
        "specs/*/tasks.md",
        ".specify/specs/*/tasks.md",
    )
    openspec: tuple[str, ...] = ("**/openspec",)
    exclude: tuple[str, ...] = ()
    roadmap: tuple[str, ...] = ("roadmap.yaml", "state/roadmap.yaml")
    mission: tuple[str, ...] = ("**/.mosaic/orchestrator/mission.json",)
    dialects: tuple[tuple[str, str], ...] = ()
    limits: Limits = USUAL


DEFAULTS = SourceSettings()
"""Where sources look if nobody says otherwise."""


class TaskFile(NamedTuple):
    """One file that holds tasks (or, with ``is_text``, a change's words): path, blob and slot."""

    path: str
    blob: str
    slot: str
    is_text: bool = False


class Unit(NamedTuple):
    """One thing that a source found.

    With a ``name`` the unit is itself a task (a change) and what its files hold are its children;
    without, each top-level entry of its one file is a task. ``prefix`` goes before the keys that
    are made for entries without a name of the unit (empty: their ids are unique by themselves).
    ``archived`` is known from where the unit lies, never from rename pairs. ``root`` is the
    OpenSpec root it belongs to (empty for the one at the top).
    """

    source: str
    name: str
    title: str
    path: str
    files: tuple[TaskFile, ...]
    prefix: str = ""
    archived: bool = False
    root: str = ""
