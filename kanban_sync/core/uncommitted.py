"""Edits that are in a work tree and in no commit: the layer that they are, and its versions.

While a watcher runs, what is changed in a work tree counts as if it were committed there, at the
moment at which each file was changed last. So it is a layer like any branch, with its name and its
versions; both tell that nobody has committed it yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanban_sync.core.model import Version

_NAME = " (uncommitted)"
"""How the name of such a layer ends; no branch is called so, for a branch has no blank."""

_SIGN = "~"
"""Begins what stands for the commit in a version; no id of a commit begins so."""

DIGITS = 11
"""How long a mark is that tells one edit from others: with the sign it is as long as the part of a
commit's id that a version keeps."""

MAIN = "-"
"""The main work tree, as requests name it."""


def layer_name(worktree: str) -> str:
    """Return the name of the layer of a work tree's edits, which tells people where they are."""
    place = "main work tree" if worktree == MAIN else f"work tree {worktree}"
    return f"{place}{_NAME}"


def is_layer(name: str) -> bool:
    """Tell whether a layer of that name is the edits of a work tree."""
    return name.endswith(_NAME)


def marked(mark: str, commit: str) -> str:
    """Return how a history names a commit that stands for edits; a version keeps only the mark.

    The mark is the edit's own: it stays when the same edit stands on another commit.
    """
    return f"{_SIGN}{mark[:DIGITS]:0<{DIGITS}}{commit}"


def bare(commit: str) -> str:
    """Return the id of a commit that a history names, whether it stands for edits or not."""
    return commit[DIGITS + 1 :] if commit.startswith(_SIGN) else commit


def is_marked(commit: str) -> bool:
    """Tell whether what a version names as its commit stands for edits."""
    return commit.startswith(_SIGN)


def is_uncommitted(version: Version) -> bool:
    """Tell whether a version comes of edits that nobody has committed yet."""
    return is_marked(version.commit)
