"""Which files of a clone a watcher looks at, and what tells one state of a file from others."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.config import PROJECT_FILE, SETTINGS_FILE
from kanban_sync.git_work_trees import places
from kanban_sync.sources import SOURCES
from kanban_sync.sync.settings import used

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kanban_sync.app import Clone
    from kanban_sync.config import Settings
    from kanban_sync.watch.pace import Stamp

REFERENCES = ("HEAD", "packed-refs", "shallow")
FOLDERS = ("refs", "reftable", "worktrees")
"""Where git keeps references, in the common git folder."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that are read to tell its content."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The work trees of a clone, by their folders, its common git folder, and its settings."""

    tops: tuple[Path, ...]
    common_dir: Path
    settings: Settings

    @classmethod
    def of(cls, clone: Clone) -> Scope:
        """Look where the work trees are now, and by what settings files are read."""
        main = clone.top if clone.worktree == "-" and clone.place is not None else None
        tops = tuple(Path(os.path.realpath(top)) for _, top, _ in places(clone.common_dir, main))
        settings = used(clone.state) or clone.readable_settings()[0]
        return cls(tops, Path(os.path.realpath(clone.common_dir)), settings)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that hold all of it, none of them within another."""
        every = sorted({*self.tops, self.common_dir})
        return tuple(
            each
            for each in every
            if not any(each.is_relative_to(top) for top in every[: every.index(each)])
        )

    @property
    def requests(self) -> str:
        """The file in which hooks ask."""
        return f"{self.common_dir}/kanban-sync/requests"

    def holds(self, path: str) -> bool:
        """Tell whether something that happened to a path may be news."""
        common = f"{self.common_dir}/"
        if path.startswith(common):
            return path == self.requests or self._is_reference(path[len(common) :])
        for top in sorted(self.tops, reverse=True):
            if path.startswith(f"{top}/"):
                inside = path[len(f"{top}/") :]
                if inside == ".git" or "/.git/" in f"/{inside}/":
                    return False
                # Of a folder that came nobody tells what was in it.
                return self._is_watched(inside) or os.path.isdir(path)  # noqa: PTH112 - thousands
        return path in map(str, self.tops)

    def _is_reference(self, inside: str) -> bool:
        if inside.endswith(".lock"):
            return False
        first, _, rest = inside.partition("/")
        if first == "worktrees":
            return rest.count("/") == 0 or rest.endswith("/HEAD")
        return inside in REFERENCES or first in FOLDERS

    def _is_watched(self, inside: str) -> bool:
        if inside in {SETTINGS_FILE, PROJECT_FILE}:
            return True
        sources = self.settings.sources
        return any(source.matches(inside, sources) for source in SOURCES.values())

    def references(self) -> Iterator[str]:
        """Yield the files in which references are, and the one in which hooks ask."""
        yield self.requests
        yield from (f"{self.common_dir}/{name}" for name in REFERENCES)
        for name in FOLDERS:
            for folder, _, names in os.walk(self.common_dir / name):
                paths = (f"{folder}/{each}" for each in names)
                yield from (path for path in paths if self.holds(path))


def stamp_of(path: str, *, with_content: bool = False) -> Stamp:
    """Return what tells a state of a file or folder from others, None where there is none.

    A file put in place of another may be older: so its number counts, too. Across a network even
    that may be the same, so the content counts ``with_content``.
    """
    try:
        state = os.lstat(path)
        stamp = (state.st_mode, state.st_size, state.st_mtime_ns, state.st_ino)
        if not (with_content and stat.S_ISREG(state.st_mode) and state.st_size <= LARGEST):
            return stamp
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return *stamp, hashlib.blake2b(file.read(), digest_size=16).digest()
    except OSError:
        return None


def stamps_of(paths: Collection[str], *, with_content: bool = False) -> dict[str, Stamp]:
    """Return the same for several."""
    return {path: stamp_of(path, with_content=with_content) for path in paths}
