"""The task files of a work tree as they lie there, read without following links out of it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from kanban_sync.core.errors import RepositoryError, SetupError
from kanban_sync.core.findings import SYMBOLIC_LINK, UNREADABLE
from kanban_sync.core.limits import MIB
from kanban_sync.core.model import Problem
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.markdown import refused, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kanban_sync.core.limits import Limits

FORMER = 3
"""How many of the commits are looked at that changed a file in which no task is read."""

LATELY = "--since=90.days"
"""How far back; in a long history git takes its time."""

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
    top = _nearest(folder)
    if top:
        return Place(top, os.path.join(top, ".git", "kanban-sync"))
    ask = _asked(folder, "rev-parse", "--show-toplevel", "--git-common-dir")
    said = ask().decode("utf-8", "surrogateescape")
    top, _, common = said.removesuffix("\n").rpartition("\n")
    return Place(top, os.path.join(folder, common, "kanban-sync"))


def _nearest(folder: str) -> str:
    """Return the top of a plain clone around a folder, '' where git has to tell.

    Git is asked in a linked work tree, in a submodule, and where the environment leads elsewhere.
    """
    if "GIT_DIR" in os.environ or "GIT_WORK_TREE" in os.environ:
        return ""
    top = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(top, ".git")):
        above = os.path.dirname(top)
        if above == top:
            return ""
        top = above
    return top if os.path.isfile(os.path.join(top, ".git", "HEAD")) else ""


def listing(top: str, pathspecs: Iterable[str], *, untracked: bool) -> Callable[[], list[str]]:
    """Begin to list the files of the index that pathspecs match; what is returned waits for them.

    They are relative to the top, and in order.

    Args:
        top: The top of the work tree.
        pathspecs: What to look for.
        untracked: Whether to look also for files that nobody has added yet.
    """
    more = ("--others", "--exclude-standard") if untracked else ()
    ask = _asked(top, "ls-files", "-z", "--cached", *more, "--", *pathspecs)

    def wait() -> list[str]:
        names = ask().decode("utf-8", "surrogateescape").split("\0")
        return sorted({name for name in names if name})

    return wait


def committed(top: str, path: str) -> Iterator[bytes]:
    """Yield what a file held in the last commits that changed it, the last one first."""
    try:
        said = _asked(
            top, "log", LATELY, f"-{FORMER}", "--format=%H", "--", f":(top,literal){path}"
        )()
        for commit in said.decode("ascii").split():
            yield _asked(top, "cat-file", "blob", f"{commit}:{path}")()
    except RepositoryError:
        # There is no commit yet, or the file was not in this one.
        return


def _asked(folder: str, *arguments: str) -> Callable[[], bytes]:
    """Begin to ask git, in the environment as it is: a hook's index is what will be committed."""
    call = ["git", "-C", folder, *arguments]
    here, there = os.pipe()
    # What subprocess imports takes longer than git does.
    streams = [
        (os.POSIX_SPAWN_DUP2, there, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        process = os.posix_spawnp("git", call, os.environ, file_actions=streams)
    except FileNotFoundError as error:
        os.close(here)
        raise SetupError("git was not found; install git and try again") from error
    finally:
        os.close(there)

    def wait() -> bytes:
        with open(here, "rb") as answer:
            said = answer.read()
        if os.waitpid(process, 0)[1]:
            raise RepositoryError(f"{folder}: {_complaint(call)}; run this inside a work tree")
        return said

    return wait


def _complaint(call: Sequence[str]) -> str:
    """Ask git again, and return what it complains of."""
    import subprocess  # noqa: PLC0415 - only where something is wrong

    done = subprocess.run(call, capture_output=True, check=False)
    return f"git says “{done.stderr.decode('utf-8', 'replace').strip()}”"


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
        self._folders: dict[str, bool] = {"": True}
        self.add(paths)

    def add(self, paths: Iterable[str]) -> None:
        """Look at more paths."""
        for path in paths:
            if path not in self.tree:
                self._look_at(path)

    def _is_here(self, folder: str) -> bool:
        """Tell whether a folder lies here, and is no link to another place."""
        found = self._folders.get(folder)
        if found is None:
            above = folder.rpartition("/")[0]
            is_link = os.path.islink(os.path.join(self._top, folder))
            found = self._folders[folder] = not is_link and self._is_here(above)
        return found

    def _look_at(self, path: str) -> None:
        if not self._is_here(path.rpartition("/")[0]):
            return
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


def relative(top: str, folder: str, names: Sequence[str]) -> list[str]:
    """Return the paths of files that somebody named, relative to the top; '.' for the top itself.

    Raises:
        RepositoryError: There is no such file, or it lies elsewhere.
    """
    return [_relative(top, folder, name) for name in names]


def _relative(top: str, folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    # Nearly all names are like those that git gives to hooks.
    is_plain = "./" not in name and "//" not in name and not name.startswith("/")
    if folder == top and is_plain and os.path.isfile(path):
        return name
    if not os.path.lexists(path):
        raise RepositoryError(f"{name}: there is no such file; name files of this work tree")
    path = os.path.normpath(path)
    if not f"{path}/".startswith(f"{top}/"):
        # Somebody's way here may lead through links.
        path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        path, top = os.path.normpath(path), os.path.realpath(top)
    if not f"{path}/".startswith(f"{top}/"):
        raise RepositoryError(f"{name}: lies outside of {top}; name files of this work tree")
    return path[len(top) + 1 :] or "."
