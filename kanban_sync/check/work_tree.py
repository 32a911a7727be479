"""The task files of a work tree as they lie there, read without following links out of it."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import RepositoryError, SetupError
from kanban_sync.core.findings import SYMBOLIC_LINK, UNREADABLE
from kanban_sync.core.limits import MIB
from kanban_sync.core.model import Problem
from kanban_sync.sources.markdown import refused, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_sync.core.limits import Limits

LINKED = "is a symbolic link, and links are not followed; put the file itself here."


class Place(NamedTuple):
    """A work tree: its top, and the state folder of its clone."""

    top: str
    state: str


def find(folder: str) -> Place:
    """Return the work tree around a folder.

    Raises:
        RepositoryError: There is none.
    """
    said = _git(folder, "rev-parse", "--show-toplevel", "--git-common-dir").decode(
        "utf-8", "surrogateescape"
    )
    top, _, common = said.removesuffix("\n").rpartition("\n")
    return Place(top, os.path.join(folder, common, "kanban-sync"))


def listed(top: str, pathspecs: Iterable[str], *, untracked: bool) -> list[str]:
    """Return the files of the index that pathspecs match, relative to the top, in order.

    Args:
        top: The top of the work tree.
        pathspecs: What to look for.
        untracked: Whether to look also for files that nobody has added yet.
    """
    more = ("--others", "--exclude-standard") if untracked else ()
    said = _git(top, "ls-files", "-z", "--cached", *more, "--", *pathspecs)
    names = said.decode("utf-8", "surrogateescape").split("\0")
    return sorted({name for name in names if name})


def _git(folder: str, *arguments: str) -> bytes:
    """Ask git, in the environment as it is: a hook's index is what will be committed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SetupError("git was not found; install git and try again") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise RepositoryError(f"{folder}: git says “{said}”; run this inside a work tree")
    return done.stdout


class Files:
    """The files at these paths, each read once; what cannot be read is a problem."""

    def __init__(self, top: str, paths: Iterable[str], limits: Limits) -> None:
        """Look at each path, without reading any."""
        self.problems: dict[str, Problem] = {}
        self.contents: dict[str, bytes] = {}
        self.tree: dict[str, str] = {}
        self.links: list[str] = []
        self._top = top
        self._limits = limits
        for path in paths:
            self._look_at(path)

    def _look_at(self, path: str) -> None:
        try:
            found = os.lstat(os.path.join(self._top, path))
        except OSError:
            # Deleted here, and not yet in the index.
            return
        if stat.S_ISLNK(found.st_mode):
            self.links.append(path)
        elif stat.S_ISREG(found.st_mode):
            self.tree[path] = path
            if found.st_size > self._limits.file_size * MIB:
                size, most = f"{found.st_size / MIB:.1f} MiB", f"{self._limits.file_size} MiB"
                self._refuse(too_large(path, f"has {size}", most, "file_size"))

    def _refuse(self, problem: Problem) -> None:
        self.problems[problem.path] = problem
        self.contents[problem.path] = b""

    def read(self, path: str) -> bytes:
        """Return the bytes of a file; nothing where it cannot be read."""
        if path not in self.contents:
            try:
                with open(os.path.join(self._top, path), "rb") as file:
                    self.contents[path] = file.read()
            except OSError as error:
                what = f"cannot be read ({error.strerror}); mend that"
                self._refuse(refused(path, 0, what, UNREADABLE))
        return self.contents[path]

    def dead_links(self, wanted: Sequence[str]) -> list[Problem]:
        """Return the problems of links that lead to no task file of this work tree."""
        found: list[Problem] = []
        for path in self.links:
            target = os.path.realpath(os.path.join(self._top, path))
            inside = os.path.relpath(target, os.path.realpath(self._top))
            if path in wanted and inside not in self.tree:
                found.append(Problem(path, 0, LINKED, code=SYMBOLIC_LINK))
        return found


def relative(top: str, folder: str, name: str) -> str:
    """Return the path of a file that somebody named, relative to the top; '.' for the top itself.

    Raises:
        RepositoryError: There is no such file, or it lies elsewhere.
    """
    path = os.path.join(folder, name)
    if not os.path.lexists(path):
        raise RepositoryError(f"{name}: there is no such file; name files of this work tree")
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    found = os.path.relpath(os.path.normpath(real), os.path.realpath(top))
    if found == ".." or found.startswith("../"):
        raise RepositoryError(f"{name}: lies outside of {top}; name files of this work tree")
    return found
