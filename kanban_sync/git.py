"""Git through GitPython: the place we are in, layers at fixed commits, and blobs.

Nothing here touches the index or the work tree. One pass costs a handful of git processes: the
references, the tree, whether the last pass is an ancestor, the log since then, and one
``cat-file --batch`` that serves all contents.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

# Else the import fails where there is no git, with a page of advice for programmers.
os.environ["GIT_PYTHON_REFRESH"] = "quiet"

from git import Git
from git.exc import GitCommandError, GitCommandNotFound

from kanban_sync import git_calls
from kanban_sync.core.errors import MissingObjectError, OutOfReachError, RepositoryError
from kanban_sync.core.links import published_at
from kanban_sync.core.ports import Branches, Layer
from kanban_sync.git_output import (
    LINK,
    REGULAR,
    is_out_of_reach,
    loose_branches,
    missing,
    of_mode,
    out_of_reach,
    parse_batch,
    parse_entries,
    parse_log,
    seconds,
)
from kanban_sync.hooks.hot import clean_environment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.history import LogEntry

SHA256_DIGITS = 64

SAID_MISSING = " missing'"
"""How GitPython's error ends where git has answered that there is no such object."""

BRANCH = "refs/heads/"
REMOTE_BRANCH = "refs/remotes/origin/"


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


def _execute(path: Path, call: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    try:
        output = Git(str(path)).execute(list(call), env=environment)
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


class GitRepository:
    """The Repository port on a clone; close it to end its ``cat-file`` process."""

    def __init__(
        self,
        common_dir: Path,
        *,
        default_branch: str = "",
        current: Path | None = None,
    ) -> None:
        """Bind to a clone; no process is started yet.

        Args:
            common_dir: The common git folder.
            default_branch: Its name, if the settings give it.
            current: Read the commit that is checked out in this git folder's work tree, instead
                of the default branch.
        """
        self._common_dir = common_dir
        self._default_branch = default_branch
        self._current = current
        self._git = Git(str(common_dir))
        self._environment = {"GIT_DIR": str(common_dir), "GIT_OPTIONAL_LOCKS": "0"}
        self._git.update_environment(**self._environment)
        self._heads: dict[str, str] | None = None
        self._loose: set[str] | None = None
        self._moment = 0.0
        self._usual_branch: str | None = None

    def choose(self, *, default_branch: str, current: Path | None) -> None:
        """Read another branch from now on, at the same moment: the settings may say so."""
        self._default_branch = default_branch
        self._current = current

    def close(self) -> None:
        """End the process that reads contents."""
        self._git.clear_cache()

    # --- references -------------------------------------------------------------------------

    def heads(self) -> dict[str, str]:
        """Return all local branches, and where ``origin`` points: reference name -> commit id.

        Asked once: all that this object tells is of the same moment.
        """
        if self._heads is None:
            # Both before git is asked: what happens in between is taken for news later.
            self._moment = time.monotonic()
            self._loose = loose_branches(self._common_dir, BRANCH)
            self._heads = self._read_heads()
        return self._heads

    def _read_heads(self) -> dict[str, str]:
        heads: dict[str, str] = {}
        for line in self._run(git_calls.HEADS).splitlines():
            commit, name, *symref = line.split(" ")
            heads[name] = commit
            if name == "refs/remotes/origin/HEAD" and symref and symref[0]:
                heads["origin/HEAD"] = symref[0]
        return heads

    def head_of(self, git_dir: Path) -> tuple[str, str]:
        """Return the branch and commit that a work tree has checked out, '' where there is none."""
        with contextlib.suppress(OSError):
            text = (git_dir / "HEAD").read_text("utf-8").strip()
            if not text.startswith("ref: "):
                return "", text
            reference = text.removeprefix("ref: ")
            return reference, self.heads().get(reference, "")
        return "", ""

    def branches(self, own: str) -> Branches:
        """Return what the shim compares where this reference is checked out."""
        heads = self.heads()
        # The settings of hooks are read from the default branch, whatever else is read.
        _, default = self._default(heads)
        remote = "" if default.startswith(BRANCH) else default
        listed = [name for name in heads if name.startswith(BRANCH)] + [remote] * bool(remote)
        text = "\n".join("" if name == own else f"{heads[name]} {name}" for name in listed)
        loose = self._loose
        files = (
            None if loose is None else len(loose - {own}) + (self._common_dir / remote).is_file()
        )
        return Branches(own, text, remote, files, self._moment)

    def branch(self) -> tuple[str, str]:
        """Return the name and commit of the branch that is read, '' and '' before any commit."""
        heads = self.heads()
        if self._current is not None:
            reference, commit = self.head_of(self._current)
            return reference.removeprefix(BRANCH) or commit, commit
        name, reference = self._default(heads)
        if name:
            return name, heads[reference]
        if self.is_lacking:
            return "", ""
        reference, commit = self.head_of(self._common_dir)
        return reference.removeprefix(BRANCH) or commit, commit

    @property
    def is_guessing(self) -> bool:
        """Whether nothing tells the default branch, so that what is checked out stands for it."""
        is_told = self._current is not None or self._default_branch
        return not is_told and not self._default(self.heads())[0]

    @property
    def is_lacking(self) -> bool:
        """Whether the settings name a default branch that is not in this clone."""
        if self._current is not None or not self._default_branch:
            return False
        has_commits = bool(self.heads()) or bool(self.head_of(self._common_dir)[1])
        return has_commits and not self._default(self.heads())[0]

    def _default(self, heads: Mapping[str, str]) -> tuple[str, str]:
        """Return the default branch's name and reference, empty where none can be told."""
        for name in self._candidates(heads):
            for reference in (BRANCH + name, REMOTE_BRANCH + name):
                if reference in heads:
                    return name, reference
        return "", ""

    def _candidates(self, heads: Mapping[str, str]) -> Iterable[str]:
        """Yield names that the default branch may have, the surest first."""
        if self._default_branch:
            yield self._default_branch
            return
        if "origin/HEAD" in heads:
            yield heads["origin/HEAD"].removeprefix(REMOTE_BRANCH)
        yield from (self._configured(), "main", "master")

    def _configured(self) -> str:
        """Return how the user calls default branches, '' if nobody said."""
        if self._usual_branch is None:
            self._usual_branch = ""
            with contextlib.suppress(RepositoryError):
                self._usual_branch = self._run(git_calls.USUAL_BRANCH)
        return self._usual_branch

    def published(self) -> tuple[str, str]:
        """Return where the default branch goes: its remote's URL, and its name there.

        Without a remote the URL is empty, and the name its own. It is the same whatever is checked
        out.
        """
        name, _ = self._default(self.heads())
        found = ("", "")
        with contextlib.suppress(RepositoryError):
            found = published_at(self._run(git_calls.REMOTES), name) if name else ("", "")
        return found if found[1] else ("", name)

    # --- layers -----------------------------------------------------------------------------

    def layers(
        self, pathspecs: Sequence[str], since: Mapping[str, str], *, whole: bool = False
    ) -> tuple[Layer, ...]:
        """Resolve the branch that is read to a commit; none before the first commit."""
        name, tip = self.branch()
        last = since.get(name, "")
        if not tip or (last == tip and not whole):
            return (Layer(name, tip, {}, (), last),) if tip else ()
        entries = self._entries(tip, pathspecs)
        tree, links = of_mode(REGULAR, entries), of_mode(LINK, entries)
        last = last if last and self.common(last, tip) == last else ""
        return (Layer(name, tip, tree, self._log(last, tip, pathspecs), last, links),)

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

    def common(self, commit: str, other: str) -> str:
        """Return the last commit from which both descend, '' if none is known."""
        try:
            return self._run(git_calls.common(commit, other))
        except RepositoryError:
            return ""  # They share nothing, or one is no longer there.

    def _log(self, since: str, tip: str, pathspecs: Sequence[str]) -> tuple[LogEntry, ...]:
        """Return the commits that changed watched files, oldest first."""
        cut = self._shallow()
        log = parse_log(self._run(git_calls.log(since, tip, pathspecs)))
        return tuple(entry for entry in log if entry.commit not in cut)

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

    def _run(self, call: Sequence[str]) -> str:
        return _execute(self._common_dir, call, self._environment)
