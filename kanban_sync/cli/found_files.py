"""Prints which task files are read, and what is found in them; for ``kanban-sync files``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.check import task_files
from kanban_sync.checkout import Checkout
from kanban_sync.core.printable import json_text, printable
from kanban_sync.sources import SOURCES
from kanban_sync.sync.inventory import inventory
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_sync.config import Settings

NONE = "no task files in the commit that is read; see 'kanban-sync status'"


class _Here:
    """The files of a work tree, in the place of those of a commit."""

    def __init__(self, files: task_files.Files) -> None:
        self._files = files

    def tree(self, commit: str, pathspecs: Sequence[str]) -> dict[str, str]:  # noqa: ARG002
        """Return the files, each by its path."""
        return self._files.tree

    def content(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self._files.read(name)

    def read(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of many files."""
        return {path: self._files.read(path) for path in blobs}


def tell(*, as_json: bool) -> None:
    """Print the task files of the clone around the working folder.

    Raises:
        KanbanSyncError: There is none, or its commit cannot be read.
    """
    clone = Checkout.at(Path.cwd())
    settings = clone.settings()
    found = clone.files(settings)
    told = {problem for each in found for problem in each["problems"]}
    here = [each for each in _wrong_here(clone, settings) if each not in told]
    if as_json:
        data = {"files": found, "here": here}
        sys.stdout.write(f"{json_text(data, sys.stdout.encoding or 'utf-8')}\n")
        return
    lines: list[str] = []
    for each in found:
        more = f"  {each['status'] or each['dialect']}".rstrip()
        lines.append(f"{each['source']:10} {each['path']}  {each['done']}/{each['tasks']}{more}")
        lines += [f"           {problem}" for problem in each["problems"]]
    lines = lines or [NONE]
    lines += [f"here       {problem}" for problem in here]
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def _wrong_here(clone: Checkout, settings: Settings) -> list[str]:
    """Return what is wrong with the task files of the work tree, as they are there now."""
    sources = settings.sources
    repository = clone.repository(settings, clone.worktree)
    git_dir = clone.git_dir(clone.worktree)
    try:
        paths = repository.present(clone.top, git_dir, pathspecs(SOURCES, sources))
    finally:
        repository.close()
    matching = [
        path
        for path in sorted(paths)
        if any(each.matches(path, sources) for each in SOURCES.values())
    ]
    files = task_files.Files(str(clone.top), matching, sources.limits)
    found = inventory(_Here(files), "", SOURCES, sources, {})
    wrong = [problem for each in found for problem in each.problems]
    return [str(problem) for problem in (*wrong, *files.problems.values())]
