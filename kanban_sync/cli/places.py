"""Files as people name them: from the folder where they are, else from the top of the work tree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kanban_sync.cli.console import here

if TYPE_CHECKING:
    from kanban_sync.app import Clone


class TaskName(click.ParamType[str]):
    """A task's key, its id alone, or ``path:line``."""

    name = "key"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click hands over what it has
        param: click.Parameter | None,  # noqa: ARG002 - click's
        ctx: click.Context | None,  # noqa: ARG002 - click's
    ) -> str:
        """Return a key as it is, and a path as the repository has it."""
        text = str(value)
        path, _, line = text.rpartition(":")
        if not (line.isdigit() and path and Path(path).is_file()):
            return text
        return f"{in_repository(here(), path)}:{line}"


def in_repository(clone: Clone, name: str) -> str:
    """Return the path from the top of the work tree of a file that somebody named.

    A file of the folder that one is in comes first; one that is in neither place is new here.
    """
    top = Path(os.path.realpath(clone.top))
    place = Path(os.path.normpath(Path(os.path.realpath(Path.cwd())) / name))
    is_here = place.is_relative_to(top) and (place.exists() or not (top / name).exists())
    return place.relative_to(top).as_posix() if is_here else name
