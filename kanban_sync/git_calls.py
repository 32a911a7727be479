"""What git is asked, in words whose answers are the same whatever its user has set. Starts nothing.

A setting that changes what a command prints is overruled here: those of ``log``, ``diff``,
``color``, ``format``, ``notes`` and ``status``.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from kanban_sync.core.links import CONFIGURED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROGRAM = "GIT_PYTHON_GIT_EXECUTABLE"

EMPTY_TREE = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
"""The id of a tree without entries, by the length of the repository's object ids."""

HEADS = [
    "git", "for-each-ref",
    "--format=%(objectname) %(refname) %(symref) %(upstream) %(upstream:remotename)",
    "refs/heads", "refs/remotes",
]  # fmt: skip
"""All local branches with what they follow, and those of remotes."""

CONFIGURATION = ["git", "config", "-z", "--get-regexp", f"{CONFIGURED}|^init\\.defaultbranch$"]
"""The settings that tell where branches are published, and how the user calls default branches."""

CONTENTS = ["git", "cat-file", "--batch"]
"""The bytes of the objects that are named on its input."""


ADDED = ["git", "rev-list", "--parents", "--timestamp", "--boundary", "--stdin"]
"""Of the tips named on its input what they add to the one that is excluded there."""


def since(commit: str, time: int) -> list[str]:
    """Ask for the parents of a commit's ancestors that are no older than a time."""
    return ["git", "rev-list", "--parents", "--timestamp", f"--max-age={max(time, 0)}", commit]


def differences(pathspecs: Sequence[str]) -> list[str]:
    """Ask for what differs at watched paths, by pairs of commits on the input."""
    how = ["-r", "-z", "--no-renames", "--no-abbrev", "-O/dev/null", "--stdin"]
    return ["git", "diff-tree", *how, "--", *pathspecs]


def entries(commit: str, pathspecs: Sequence[str]) -> list[str]:
    """Ask for all that lies at watched paths."""
    how = ["-r", "-z", "--no-renames", "--no-abbrev", "-O/dev/null"]
    return ["git", "diff-tree", *how, EMPTY_TREE[len(commit)], commit, "--", *pathspecs]


def common(commit: str, other: str) -> list[str]:
    """Ask for the last commit from which both descend."""
    return ["git", "merge-base", commit, other]


def log(pathspecs: Sequence[str]) -> list[str]:
    """Ask for the commits that changed watched files, oldest first; the tips are on the input.

    Of a merge is told what differs from each of its parents (``-m``), so that one is seen which
    takes a side as it is, and each commit names those of the others from which it comes
    (``--parents``). Only git's own formats tell from which parent something differs, and only the
    raw one has dates that nobody has put right. No rename detection, since git pairs files across
    changes.
    """
    return [
        "git", "-c", "log.showRoot=true", "-c", "diff.relative=false", "log",
        "--no-show-signature", "--no-follow", "--no-color", "--no-notes", "--no-decorate",
        "-O/dev/null", "--ignore-submodules=none", "--encoding=UTF-8",
        "--topo-order", "--reverse", "--full-history", "--parents", "-m", "--raw", "-z",
        "--no-renames", "--no-abbrev", "--no-abbrev-commit", "--format=raw",
        "--stdin", "--", *pathspecs,
    ]  # fmt: skip


def last_change(commit: str, path: str) -> list[str]:
    """Ask for the time and id of the newest commit up to one that changed a file."""
    return ["git", "rev-list", "-1", "--timestamp", commit, "--", f":(top,literal){path}"]


def roots(commit: str) -> list[str]:
    """Ask for the time and id of each root commit that a commit descends from."""
    return ["git", "rev-list", "--max-parents=0", "--timestamp", commit]


def status(pathspecs: Sequence[str]) -> list[str]:
    """Ask for watched files that differ from the last commit."""
    how = ["--porcelain", "-z", "--no-renames", "--untracked-files=all", "--no-ahead-behind"]
    return ["git", "status", *how, "--", *pathspecs]


STAGE = ["git", "update-index", "--add", "--remove", "--replace", "-z", "--stdin"]
"""Take the files that are named on its input into an index as they are, or out where they are not.

What a work tree's filters make of them is taken, as a commit would.
"""

STAGE_ENTRIES = ["git", "update-index", "--replace", "-z", "--index-info"]
"""Take entries of other trees into an index, as they are told on its input."""

WRITE_TREE = ["git", "write-tree", "--missing-ok"]
"""Write what an index holds as a tree."""


def entries_at(commit: str, paths: Sequence[str]) -> list[str]:
    """Ask for the entries of files in a commit, of those that are there."""
    return ["git", "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths]


def read_tree(commit: str) -> list[str]:
    """Fill an index with what a commit holds."""
    return ["git", "read-tree", commit]


def commit_tree(tree: str, parent: str) -> list[str]:
    """Write a commit that nobody sees."""
    return ["git", "commit-tree", "--no-gpg-sign", "-m", "uncommitted", "-p", parent, tree]


@contextlib.contextmanager
def none_at_import() -> Iterator[None]:
    """Let GitPython be imported without asking git anything.

    It would ask twice for git's version, of which nothing here depends; where there is no git, that
    would fail with a page of advice for programmers. Told to be quiet, and of a program that cannot
    be run, it goes on, and later runs what is called git.
    """
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    is_named = _PROGRAM in os.environ
    os.environ.setdefault(_PROGRAM, os.devnull)
    try:
        yield
    finally:
        if not is_named:
            del os.environ[_PROGRAM]
