"""Whether the task database has all that is committed, told from a few files and without git.

It compares what the shim compares (``hooks/post-commit``), in the notes of the last pass, which are
written once the database has it all; that a board is behind does not matter. The notes tell, too,
which commits the database had recorded by then: it may be another one by now, a new one, or an
older copy. In doubt the answer is no, and a pass finds out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kanban_sync.core.liveness import OTHERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LONGEST_NOTES = 1 << 20
"""Bytes of the notes that are read; they hold a line for each branch."""


def tips_text(tips: Mapping[str, str]) -> str:
    """Return the tips that a database has recorded as one line of the notes, '' if there are none.

    Where there are many layers one of the tips is a hash of them all. A quote would have to be
    escaped there, for the shell that reads the notes.
    """
    told = {name: tip for name, tip in tips.items() if OTHERS not in tips or name[0] == ":"}
    return " ".join(f"{name}={tip}" for name, tip in sorted(told.items())).replace("'", "%27")


def noted_tips(seen: Path, common_dir: Path, git_dir: Path, worktree: str) -> str:
    """Return which tips a database has that is up to date; '' if a branch may have moved since.

    Args:
        seen: The folder of the state folder in which the notes lie.
        common_dir: The common git folder, where branches are.
        git_dir: The work tree's own git folder, where HEAD is.
        worktree: The work tree's name in requests.
    """
    notes = seen / worktree
    try:
        with notes.open(encoding="utf-8", errors="surrogateescape") as file:
            noted = _noted(file.read(LONGEST_NOTES))
            since = os.fstat(file.fileno()).st_mtime_ns
        is_fresh = _is_as_noted(noted, since, common_dir, git_dir)
    except OSError:
        return ""
    return noted.get("tips", "") if is_fresh else ""


def _noted(text: str) -> dict[str, str]:
    """Return the notes by name; those that go over several lines are not needed here."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value[1:-1] for name, _, value in pairs if value[:1] == value[-1:] == "'"}


def _is_as_noted(noted: dict[str, str], since: int, common_dir: Path, git_dir: Path) -> bool:
    own, files = noted.get("own", "-"), noted.get("files", "")
    head = (git_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    reference = head.removeprefix("ref: ") if head.startswith("ref: ") else ""
    if reference != own or not files:
        return False
    commit = _loose(common_dir, reference) if reference else head
    # A branch that is packed is told by the file of all of them, which is as old as the notes.
    if commit not in {"", noted.get("last", "-")}:
        return False
    packed = common_dir / "packed-refs"
    if packed.exists() and packed.stat().st_mtime_ns > since:
        return False
    if not commit and not packed.exists():
        return False
    remote = noted.get("remote", "")
    count = 0
    if remote and (common_dir / remote).is_file():
        if (common_dir / remote).stat().st_mtime_ns > since:
            return False
        count = 1
    older = _count_older(common_dir / "refs" / "heads", common_dir / (own or "-"), since)
    is_counted = older is not None and count + older == int(files)
    return is_counted and not _has_moved(common_dir / "worktrees", git_dir, since)


def _has_moved(worktrees: Path, own: Path, since: int) -> bool:
    """Tell whether a linked work tree came or went, or the HEAD of one other than one's own moved.

    One without a branch is a layer, too.
    """
    if not worktrees.is_dir():
        return False
    heads = (each / "HEAD" for each in worktrees.iterdir() if each.name != own.name)
    places = [worktrees, *(head for head in heads if head.exists())]
    return any(place.stat().st_mtime_ns > since for place in places)


def _loose(common_dir: Path, reference: str) -> str:
    try:
        return (common_dir / reference).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def _count_older(folder: Path, own: Path, since: int) -> int | None:
    """Return how many branches but one's own are files here; None if one is newer."""
    count = 0
    for place, _, names in os.walk(folder, onerror=_raise):
        for name in names:
            path = os.path.join(place, name)  # noqa: PTH118 - hundreds of them
            if path == str(own):
                continue
            if os.stat(path).st_mtime_ns > since:  # noqa: PTH116
                return None
            count += 1
    return count


def _raise(error: OSError) -> None:
    raise error
