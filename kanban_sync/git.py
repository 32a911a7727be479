"""Git through GitPython: the place we are in, layers at fixed commits, and blobs.

Nothing here touches the index or the work tree. One pass costs a handful of git processes: the
references, the tree, whether the last pass is an ancestor, the log since then, and one
``cat-file --batch`` that serves all contents.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync import git_calls
from kanban_sync.core.errors import MissingObjectError, OutOfReachError, RepositoryError
from kanban_sync.core.liveness import Liveness
from kanban_sync.core.model import UNKNOWN, Version
from kanban_sync.core.uncommitted import is_layer, layer_name
from kanban_sync.git_branches import differences
from kanban_sync.git_layers import Heads, find_layers
from kanban_sync.git_output import (
    LINK,
    REGULAR,
    is_out_of_reach,
    missing,
    of_mode,
    out_of_reach,
    parse_batch,
    parse_entries,
    readable,
    seconds,
)
from kanban_sync.git_references import References
from kanban_sync.git_work_trees import Tree, alternate, is_kept, objects_of, places
from kanban_sync.hooks.hot import clean_environment

with git_calls.none_at_import():
    from git import Git
    from git.exc import GitCommandError, GitCommandNotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import BinaryIO

    from kanban_sync.core.ports import Layer
    from kanban_sync.git_work_trees import Edits

SHA256_DIGITS = 64

TREE = "worktree "
"""How the line begins that names a work tree."""

SAID_MISSING = " missing'"
"""How GitPython's error ends where git has answered that there is no such object."""


class Place(NamedTuple):
    """Where a repository lies: its work tree, that work tree's git folder, and the common one."""

    top: Path
    git_dir: Path
    common_dir: Path

    @property
    def worktree(self) -> str:
        """The name of the linked work tree, ``-`` for the main one."""
        return self.git_dir.name if self.git_dir.parent.name == "worktrees" else "-"


def locate(path: Path) -> Place:
    """Find the repository around a folder, with git's environment as it is.

    Raises:
        RepositoryError: There is none, it is bare, or git is not installed.
    """
    questions = ("--git-dir", "--git-common-dir", "--show-toplevel")
    answers = _execute(path, ["git", "rev-parse", *questions]).split("\n")
    if len(answers) != len(questions):
        # A line end is part of a folder's name.
        answers = [_execute(path, ["git", "rev-parse", question]) for question in questions]
    git_dir, common_dir, top = answers
    return Place(Path(top), (path / git_dir).resolve(), (path / common_dir).resolve())


def forget_environment() -> None:
    """Drop what git told this process about the repository that called it.

    Left in place it would redirect every git process that is started for another folder; what
    says how to reach servers, and where the user's own settings are, stays.
    """
    kept = clean_environment(os.environ)
    for name in [name for name in os.environ if name not in kept]:
        del os.environ[name]


def _execute(
    path: Path,
    call: Sequence[str],
    environment: Mapping[str, str] | None = None,
    lines: Iterable[str] = (),
) -> str:
    with contextlib.ExitStack() as opened:
        asked = None
        if lines:
            asked = opened.enter_context(tempfile.TemporaryFile())
            asked.write("".join(f"{line}\n" for line in lines).encode())
            asked.seek(0)
        return _executed(path, call, environment, asked)


def _executed(
    path: Path,
    call: Sequence[str],
    environment: Mapping[str, str] | None,
    asked: BinaryIO | None,
) -> str:
    try:
        output = Git(str(path)).execute(list(call), env=environment, istream=asked)
    except GitCommandNotFound as error:
        raise RepositoryError("git was not found; install git and try again") from error
    except GitCommandError as error:
        said = _said(error)
        if is_out_of_reach(said):
            raise out_of_reach(said) from error
        if "not a git repository" in said:
            text = f"{path} is in no git repository; run this inside one, or 'git init' first"
            raise RepositoryError(text) from error
        if "must be run in a work tree" in said:
            text = f"{path} is in no work tree; run this in the folder of a clone, not in .git"
            raise RepositoryError(f"{text} or a bare repository") from error
        raise RepositoryError(f"git said: {said}") from error
    return str(output)


def _said(error: GitCommandError) -> str:
    return str(error.stderr).strip().removeprefix("stderr: ").strip("' \n")


class GitRepository(References):
    """The Repository port on a clone; close it to end its ``cat-file`` process."""

    def __init__(
        self,
        common_dir: Path,
        *,
        default_branch: str = "",
        current: Path | None = None,
        liveness: Liveness | None = None,
        edits: Edits | None = None,
    ) -> None:
        """Bind to a clone; no process is started yet.

        Args:
            common_dir: The common git folder.
            default_branch: Its name, if the settings give it.
            current: Read the commit that is checked out in this git folder's work tree, instead
                of the default branch.
            liveness: What makes other branches layers; None if none is to be one.
            edits: What reads the edits of work trees; if None, those that were read last count.
        """
        super().__init__(self._run, common_dir, default_branch, current, liveness)
        self._git = Git(str(common_dir))
        self._environment = {"GIT_DIR": str(common_dir), "GIT_OPTIONAL_LOCKS": "0"}
        self._edits = edits
        self._edited: dict[str, str] | None = None
        if (objects := objects_of(common_dir)).is_dir():
            self._environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = alternate(objects)
        self._git.update_environment(**self._environment)

    def close(self) -> None:
        """End the process that reads contents."""
        self._git.clear_cache()

    # --- layers -----------------------------------------------------------------------------

    def layers(
        self,
        pathspecs: Sequence[str],
        since: Mapping[str, str],
        known: Mapping[str, str] | None = None,
        *,
        whole: bool = False,
    ) -> tuple[Layer, ...]:
        """Resolve the layers at this moment; none before the first commit."""
        name, tip = self.branch()
        if not tip:
            return ()
        known = since if known is None else known
        if self._edited is None:
            self._edited = self._read_edits(name, tip, pathspecs, known)
        others = self.others(name, tip) | self._edited
        heads = Heads(name, tip, others, self._liveness or Liveness())
        return find_layers(self._run, heads, pathspecs, since, known, self._shallow(), whole=whole)

    def fetched(self, paths: Collection[str]) -> dict[str, str]:
        """Return from which remote branch paths are read that the local one has otherwise."""
        remote, local, tip = self.apart()
        if not paths or local in {"", tip}:
            return {}
        pathspecs = [f":(top,literal){path}" for path in sorted(paths)]
        found: Iterable[tuple[str, str, str]] = ()
        # It only tells more: of what a partial clone lacks, whatever needs it tells.
        with contextlib.suppress(RepositoryError):
            found = differences(self._run, [(tip, local)], pathspecs).get(tip, ())
        return {path: remote for _, path, _ in found}

    def standing(self, tips: Mapping[str, str]) -> set[str]:
        """Return which layers, by their names, are still where they were when they were read."""
        others = self.others(*self.branch())
        return {
            name
            for name, tip in tips.items()
            if (is_kept(self._common_dir, name, tip) if is_layer(name) else others.get(name) == tip)
        }

    def _read_edits(
        self, name: str, tip: str, pathspecs: Sequence[str], known: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the commits that stand for the edits of work trees, by the names of their layers.

        Whoever does not look at the work trees goes by what was read last: only who looks knows
        that an edit was taken back.
        """
        common_dir = self._common_dir
        if self._edits is None:
            kept = {each: known[each] for each in known if is_layer(each)}
            return {each: kept[each] for each in kept if is_kept(common_dir, each, kept[each])}
        self._edits.begin()
        found: dict[str, str] = {}
        for each, top, git_dir in places(common_dir, self._edits.top):
            reference, commit = self.head_of(git_dir)
            tree = Tree(each, top, git_dir, commit)
            if commit and self.has_say(git_dir, reference, commit, name, tip):
                layer = layer_name(readable(each))
                made = self._edits.of(self._run_in, tree, pathspecs, known.get(layer, ""))
                found |= {layer: made} if made else {}
        return found

    def links(self, commit: str, paths: Collection[str]) -> dict[str, str]:
        """Return which of these paths are symbolic links in a commit, with their blob ids."""
        entries = self._entries(commit, [f":(top,literal){path}" for path in paths])
        return {path: blob for path, blob in of_mode(LINK, entries).items() if path in paths}

    def tree(self, commit: str, pathspecs: Sequence[str]) -> dict[str, str]:
        """Return the watched files of a commit, path -> blob id, in path order."""
        return of_mode(REGULAR, self._entries(commit, pathspecs))

    def _entries(self, commit: str, pathspecs: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return mode, path and blob id of all that lies at watched paths, in path order."""
        return parse_entries(self._run(git_calls.entries(commit, pathspecs)))

    def _shallow(self) -> frozenset[str]:
        """Return the commits at which a shallow clone was cut: they seem to add every file."""
        with contextlib.suppress(OSError):
            return frozenset((self._common_dir / "shallow").read_text("ascii").split())
        return frozenset()

    # --- contents ---------------------------------------------------------------------------

    def read(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of blobs, in one process for all of them.

        Raises:
            MissingObjectError: One of them is not in this clone.
        """
        names = list(dict.fromkeys(blobs))
        with tempfile.TemporaryFile() as asked:
            asked.write("".join(f"{name}\n" for name in names).encode())
            asked.seek(0)
            try:
                output = self._git.execute(
                    git_calls.CONTENTS,
                    istream=asked,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                )
            except GitCommandError as error:
                said = _said(error)
                if not is_out_of_reach(said):
                    raise RepositoryError(f"git said: {said}") from error
                self._stay_offline()
                raise out_of_reach(said) from error
        return parse_batch(names, bytes(output))

    def content(self, name: str) -> bytes:
        """Return the bytes of one object: a blob id, or ``<commit>:<path>``.

        Raises:
            MissingObjectError: There is no such object in this clone.
        """
        if len(name.partition(":")[0]) == SHA256_DIGITS:
            # GitPython's lasting process knows the shorter ids only.
            return self.read([name])[name]
        try:
            _, _, _, data = self._git.get_object_data(name)
        except (ValueError, OSError) as error:
            if str(error).endswith(SAID_MISSING):
                raise missing(name) from error
            # The process has ended: there was something that it could not fetch.
            self._git.clear_cache()
            self._stay_offline()
            return self.read([name])[name]
        return bytes(data)

    def _stay_offline(self) -> None:
        """Let git fetch nothing more: a remote that is away can keep each attempt waiting."""
        self._git.update_environment(GIT_ALLOW_PROTOCOL="none")

    def file_at(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of a file of a commit, None if the commit has none.

        Raises:
            OutOfReachError: It has one, but this clone does not.
        """
        try:
            return self.content(f"{commit}:{path}")
        except OutOfReachError:
            raise
        except MissingObjectError:
            return None

    def changed(self, commit: str, path: str) -> Version:
        """Return the newest commit up to one that changed a file; ``UNKNOWN`` if none did."""
        time, _, changed = self._run(git_calls.last_change(commit, path)).strip().partition(" ")
        return Version(seconds(time), changed) if changed else UNKNOWN

    def root(self, commit: str) -> str:
        """Return the id of the oldest root commit that a commit descends from."""
        lines = self._run(git_calls.roots(commit)).splitlines()
        roots = (line.split(" ") for line in lines)
        return min((seconds(time), id_) for time, id_ in roots)[1]

    def uncommitted(self, top: Path, git_dir: Path, pathspecs: Sequence[str]) -> list[str]:
        """Return watched files of a work tree that differ from its last commit."""
        # Named, for the work tree of a bare repository does not lead to it.
        place = {**self._environment, "GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(top)}
        output = _execute(top, git_calls.status(pathspecs), place)
        return [entry[3:] for entry in output.split("\0") if entry]

    def present(self, top: Path, git_dir: Path, pathspecs: Sequence[str]) -> list[str]:
        """Return watched files of a work tree, also those that are not committed yet."""
        place = {**self._environment, "GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(top)}
        kinds = ("--cached", "--others", "--exclude-standard")
        output = _execute(top, ["git", "ls-files", "-z", *kinds, "--", *pathspecs], place)
        return list(dict.fromkeys(path for path in output.split("\0") if path))

    def work_trees(self) -> list[Path]:
        """Return the folders of all work trees of the clone."""
        told = self._run(["git", "worktree", "list", "--porcelain"]).split("\n")
        return [Path(line[len(TREE) :]) for line in told if line.startswith(TREE)]

    def _run_in(
        self, folder: Path, call: Sequence[str], environment: Mapping[str, str], data: bytes = b""
    ) -> str:
        with tempfile.TemporaryFile() as asked:
            asked.write(data)
            asked.seek(0)
            return _executed(folder, call, {**self._environment, **environment}, asked)

    def _run(self, call: Sequence[str], lines: Iterable[str] = ()) -> str:
        return _execute(self._common_dir, call, self._environment, lines)
