"""The edits of work trees as commits that nobody sees, so that they are read as branches are.

Such a commit stands on what the work tree has checked out, and is dated by the moment at which its
files were changed last: not by their own times, which whoever writes a file may set, but by when
the file system noted the change. The same edits make the same commit, so nothing has to be
remembered. Objects go to a folder of their own in the state folder: the repository, its index and
its references stay as they are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync import git_calls
from kanban_sync.core import uncommitted
from kanban_sync.core.uncommitted import DIGITS
from kanban_sync.git_output import NOBODY, UNDER_WAY, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

STATE = "kanban-sync"
OBJECTS = "uncommitted"
"""The folder for objects, in the state folder."""

STEPS = 8
"""How many commits are made at most of the edits of one work tree, one for each moment."""

MADE = 200
"""How many commits are made before all that are kept are made anew, in an empty folder."""

CONFLICTS = {"DD", "AU", "UD", "UA", "DU", "AA", "UU"}
"""How git marks files whose two sides somebody has yet to bring together."""


class Git(Protocol):
    """What runs a command of git in a folder, and returns what it prints."""

    def __call__(
        self, folder: Path, call: Sequence[str], environment: Mapping[str, str], data: bytes = b""
    ) -> str:
        """Run it."""
        ...


class Tree(NamedTuple):
    """A work tree: its name in requests, its folder, its git folder, and what it has out."""

    name: str
    top: Path
    git_dir: Path
    commit: str


class Edit(NamedTuple):
    """A file that differs from the commit, when it was changed, and what tells it from others.

    ``kept_in`` is a former commit that holds it as it was then; '' for one in the work tree.
    """

    path: str
    time: int
    stamp: tuple[int, ...]
    kept_in: str = ""

    @property
    def changed_ns(self) -> int:
        """When it was changed, in nanoseconds; 0 where that is not known so well."""
        return self.stamp[3] if self.stamp else 0


def objects_of(common_dir: Path) -> Path:
    """Return the folder for the objects of edits."""
    return common_dir / STATE / OBJECTS


def alternate(folder: Path) -> str:
    """Return a folder of objects as git reads it from the environment."""
    text = os.fspath(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def places(common_dir: Path, top: Path | None = None) -> Iterator[tuple[str, Path, Path]]:
    """Yield the name, the folder and the git folder of each work tree that is there.

    Args:
        common_dir: The common git folder.
        top: The main work tree, if it is known.
    """
    main = top or (common_dir.parent if (common_dir / "index").exists() else None)
    if main is not None and main.is_dir() and (common_dir.name == ".git" or top is not None):
        yield uncommitted.MAIN, main, common_dir
    folder = common_dir / "worktrees"
    for git_dir in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            told = os.fsdecode((git_dir / "gitdir").read_bytes()).removesuffix("\n")
        except OSError:
            continue
        place = git_dir / told
        if told and place.is_file():
            yield git_dir.name, place.parent, git_dir


def is_kept(common_dir: Path, name: str, commit: str) -> bool:
    """Tell whether the edits of a layer are still at hand, and the work tree may have them."""
    if not (objects_of(common_dir) / commit[:2] / commit[2:]).exists():
        return False
    folders = [uncommitted.MAIN]
    linked = common_dir / "worktrees"
    folders += [each.name for each in linked.iterdir()] if linked.is_dir() else []
    return name in {uncommitted.layer_name(readable(each)) for each in folders}


class Edits:
    """Makes the commits, for one process that goes on for long."""

    def __init__(self, common_dir: Path, top: Path | None = None) -> None:
        """Bind to a clone, and to its main work tree where that is known."""
        self.top = top
        self.unsettled: Collection[str] = ()
        """Files that are just being written, by their whole paths: they count as they were."""
        self.hold_back: Callable[[], Collection[str]] = tuple
        """Takes out of the work trees what is nobody's edit, and returns the files, by their whole
        paths, in which some is left: they count as they were."""
        self.settle = 0.0
        """Files that were written in so many seconds before now count as just being written."""
        self.young: set[str] = set()
        """Those of which nobody said so, by their whole paths, in the last look."""
        self._last: dict[Path, tuple[str, Mapping[str, Edit]]] = {}
        self._held: Collection[str] = ()
        self._common_dir = common_dir
        self._objects = objects_of(common_dir)
        self._made: dict[tuple[object, ...], str] = {}
        self._count = 0
        self._objects.mkdir(mode=0o700, parents=True, exist_ok=True)

    def begin(self) -> None:
        """Begin a look at all work trees: what was made for others may go."""
        self.young = set()
        self._held = self.hold_back()
        if self._count > MADE:
            self.forget()

    def forget(self) -> None:
        """Let go of all objects."""
        shutil.rmtree(self._objects, ignore_errors=True)
        self._objects.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._made, self._last, self._count = {}, {}, 0

    def of(self, git: Git, tree: Tree, pathspecs: Sequence[str], known: str) -> str:
        """Return the commit that stands for the edits of a work tree, '' if there are none.

        Args:
            git: Runs git.
            tree: The work tree.
            pathspecs: Which files count.
            known: The commit that did so the last time, which stays as long as git is in the
                middle of something there.
        """
        if any((tree.git_dir / name).exists() for name in UNDER_WAY):
            return known
        place = {"GIT_DIR": str(tree.git_dir), "GIT_WORK_TREE": str(tree.top)}
        edits = _edits(tree.top, git(tree.top, git_calls.status(pathspecs), place))
        if self.unsettled or self.settle or self._held:
            edits = self._settled(tree, edits)
        made = self._tip(git, tree, edits, place) if edits else ""
        self._last[tree.git_dir] = made, {each.path: each for each in edits}
        return made

    def _settled(self, tree: Tree, edits: Sequence[Edit]) -> list[Edit]:
        """Return edits with those that are just being made as they were the last time."""
        top = os.path.realpath(tree.top)
        tip, last = self._last.get(tree.git_dir, ("", {}))
        paths = dict.fromkeys((*(each.path for each in edits), *last))
        writing = {path for path in paths if f"{top}/{path}" in {*self.unsettled, *self._held}}
        # Of the file system's clock; one that was set back is not to keep a file from being read.
        now = time.time_ns()
        since = now - int(self.settle * 1e9)
        # One that is as it is committed is no edit, but may be one that was just taken back.
        there = {each.path for each in edits}
        back = [_edit(tree.top, path) for path in last if path not in there]
        looked_at = [*edits, *(each for each in back if each is not None)]
        young = [each.path for each in looked_at if since < each.changed_ns <= now]
        self.young |= {f"{top}/{path}" for path in young if path not in writing}
        writing.update(young)
        former = (last[path] for path in paths if path in writing and path in last)
        return [
            *(each for each in edits if each.path not in writing),
            *(each._replace(kept_in=each.kept_in or tip) for each in former),
        ]

    def _tip(self, git: Git, tree: Tree, edits: Sequence[Edit], place: Mapping[str, str]) -> str:
        key = (tree.commit, tree.git_dir, *edits)
        made = self._made.get(key, "")
        if not made or not (self._objects / made[:2] / made[2:]).exists():
            made = self._make(git, tree, edits, place)
            self._made = {each: tip for each, tip in self._made.items() if each[1] != tree.git_dir}
            self._made[key] = made
            self._count += 1
        return made

    def _make(self, git: Git, tree: Tree, edits: Sequence[Edit], place: Mapping[str, str]) -> str:
        with tempfile.TemporaryDirectory(prefix="index-", dir=self._objects.parent) as folder:
            where = {
                **place,
                "GIT_INDEX_FILE": f"{folder}/index",
                "GIT_OBJECT_DIRECTORY": str(self._objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": alternate(self._common_dir / "objects"),
            }
            git(tree.top, git_calls.read_tree(tree.commit), where)
            tip = tree.commit
            for moment, of_moment in _by_time(edits):
                for kept_in in sorted({each.kept_in for each in of_moment}):
                    paths = [each.path for each in of_moment if each.kept_in == kept_in]
                    _stage(git, tree.top, kept_in, paths, where)
                content = git(tree.top, git_calls.WRITE_TREE, where)
                tip = git(
                    tree.top,
                    git_calls.commit_tree(content, tip),
                    where | self._said(tree, moment, of_moment),
                )
        return tip

    def _said(self, tree: Tree, moment: int, edits: Sequence[Edit]) -> dict[str, str]:
        """Return by whom and when a commit seems to have been made."""
        told = sorted(each[:3] for each in edits)
        text = repr((socket.gethostname(), os.fspath(tree.git_dir), told))
        mark = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:DIGITS]
        who = {"NAME": "kanban-sync", "EMAIL": f"{mark}{NOBODY}", "DATE": f"@{moment} +0000"}
        roles = ("AUTHOR", "COMMITTER")
        return {f"GIT_{role}_{what}": said for role in roles for what, said in who.items()}


def _stage(
    git: Git, top: Path, kept_in: str, paths: Sequence[str], where: Mapping[str, str]
) -> None:
    """Take files into an index: as they are in the work tree, or as a former commit has them."""
    if not kept_in:
        data = "".join(f"{path}\0" for path in paths)
        git(top, git_calls.STAGE, where, data.encode("utf-8", "surrogateescape"))
        return
    gone = "0" * len(kept_in)
    entries = git(top, git_calls.entries_at(kept_in, paths), where).split("\0")
    known = {entry.partition("\t")[2]: entry for entry in entries if entry}
    lines = [known.get(path, f"0 {gone}\t{path}") for path in paths]
    data = "".join(f"{line}\0" for line in lines)
    git(top, git_calls.STAGE_ENTRIES, where, data.encode("utf-8", "surrogateescape"))


def _edits(top: Path, told: str) -> list[Edit]:
    """Read ``git status --porcelain -z``; a file with a conflict says nothing."""
    entries = [each for each in told.split("\0") if each and each[:2] not in CONFLICTS]
    found = (_edit(top, path) for path in dict.fromkeys(each[3:] for each in entries))
    return [each for each in found if each is not None]


def _edit(top: Path, path: str) -> Edit | None:
    """Look at a file that differs; None for a folder, which is another repository."""
    place = top / path
    try:
        state = place.lstat()
    except OSError:
        # Its folder, or one above, was changed when it was taken away.
        while not place.is_dir():
            place = place.parent
        return Edit(path, int(place.stat().st_ctime), ())
    if stat.S_ISDIR(state.st_mode):
        return None
    stamp = (state.st_mode, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    return Edit(path, int(state.st_ctime), stamp)


def _by_time(edits: Sequence[Edit]) -> list[tuple[int, list[Edit]]]:
    """Return what was changed at each moment, in order; the oldest moments count as one."""
    found: dict[int, list[Edit]] = {}
    moments = sorted({each.time for each in edits})
    first = moments[max(0, len(moments) - STEPS)]
    for each in sorted(edits):
        found.setdefault(max(each.time, first), []).append(each)
    return sorted(found.items())
