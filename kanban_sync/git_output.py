"""Reads what git left: printed logs, trees and objects, and files of branches. Starts nothing."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import MissingObjectError, OutOfReachError
from kanban_sync.core.history import LogEntry, PathChange
from kanban_sync.core.uncommitted import marked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

REGULAR = {"100644", "100755"}
"""Modes of files that are read; symbolic links could lead out of the repository."""

LINK = {"120000"}
"""The mode of symbolic links."""

NOBODY = "@uncommitted.kanban-sync.invalid"
"""Behind an edit's mark the address of who seems to have made the commit that stands for it."""

UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisect",
}
"""What lies in a work tree's git folder while git is in the middle of something."""

PASSING = ("rebase-merge", "rebase-apply", "BISECT_LOG")
"""What lies in the git folder of a work tree whose commit is about to be another one."""

_AUTHORED = re.compile(r"^author .*<([^<>\n]*)> ", re.MULTILINE)
_COMMITTED = re.compile(r"^committer .*> *([^ \n]*)", re.MULTILINE)

_FETCHED = re.compile(r"could not fetch ([0-9a-f]+) from promisor remote")

LATEST = 2**40
"""Seconds since 1970 that a commit's date counts as at most: far behind any real one."""


def parse_entries(output: str) -> list[tuple[str, str, str]]:
    """Read ``git diff-tree -r -z`` from the empty tree: mode, path and blob id of each entry."""
    words = output.split("\0")
    entries: list[tuple[str, str, str]] = []
    for entry, path in zip(words[::2], words[1::2], strict=False):
        _, mode, _, blob, _ = entry.split(" ")
        entries.append((mode, readable(path), blob))
    return entries


def of_mode(modes: Collection[str], entries: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return path -> blob id of the entries with one of these modes."""
    return {path: blob for mode, path, blob in entries if mode in modes}


class Commit(NamedTuple):
    """A commit of a printed history: its time and parents, and whether it only bounds the list."""

    time: int
    parents: tuple[str, ...]
    is_boundary: bool = False


def parse_commits(output: str) -> dict[str, Commit]:
    """Read ``git rev-list --parents --timestamp``, with ``--boundary`` or without."""
    found: dict[str, Commit] = {}
    for line in output.splitlines():
        time, commit, *parents = line.split(" ")
        name = commit.lstrip("-")
        found[name] = Commit(seconds(time), tuple(parents), is_boundary=commit != name)
    return found


def parse_differences(output: str) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Read ``git diff-tree --stdin -r -z``: by the first commit of a pair what differs in it.

    Each is mode, path and blob id, the last one '' where the file is gone.
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    here: list[tuple[str, str, str]] = []
    words = iter(output.split("\0"))
    for word in words:
        if word.startswith(":"):
            _, mode, _, blob, kind = word.split(" ")
            here.append((mode, readable(next(words)), "" if kind == "D" else blob))
        elif word:
            here = found.setdefault(word, [])
    return {commit: tuple(each) for commit, each in found.items()}


def parse_log(output: str) -> list[LogEntry]:
    """Read ``git log --parents -m --raw -z --format=raw``; what tells nothing is left out.

    A merge comes once for each parent from which it differs, and names it behind its parents.
    """
    found: dict[str, _Told] = {}
    names: dict[str, str] = {}
    here = _Told(0, (), {})
    side = 0
    words = iter(output.split("\0"))
    for word in words:
        text = word
        if text.startswith("commit "):
            head, _, text = text.partition("\n")
            ids, _, source = head.removesuffix(")").partition(" (from ")
            commit, *parents = ids.split(" ")[1:]
            if NOBODY in text:
                names[commit] = _named(commit, text)
            here = found.setdefault(commit, _Told(_date(text), tuple(parents), {}))
            side = parents.index(source) if source else 0
            # Of what is above, each line is a header's, empty, or moved in.
            text = text[text.rfind("\n") + 1 :]
        if text.startswith(":"):
            old_mode, mode, old, new, _ = text[1:].split(" ")
            sides = here.paths.setdefault(next(words), {})
            sides[side] = _blob(old_mode, old), _blob(mode, new)
    return [
        LogEntry(
            names.get(commit, commit),
            told.time,
            told.changes(),
            tuple(names.get(each, each) for each in told.parents),
        )
        for commit, told in found.items()
        if told.paths or len(told.parents) > 1
    ]


class _Told(NamedTuple):
    """A commit of a log: its time, its parents, and by path and parent the blobs that differ."""

    time: int
    parents: tuple[str, ...]
    paths: dict[str, dict[int, tuple[str, str]]]

    def changes(self) -> tuple[PathChange, ...]:
        """Return what it did; where a parent is not told of, that one has what the merge has."""
        count = max(len(self.parents), 1)
        return tuple(
            PathChange(
                readable(path),
                tuple(sides.get(index, (new,))[0] for index in range(count)),
                new,
            )
            for path, sides in self.paths.items()
            for _, new in [next(iter(sides.values()))]
        )


def _named(commit: str, headers: str) -> str:
    """Return how a commit is named: by its edit's mark, where it stands for one."""
    author = _AUTHORED.search(headers)
    if author is None or not author[1].endswith(NOBODY):
        return commit
    return marked(author[1].removesuffix(NOBODY), commit)


def _date(headers: str) -> int:
    found = _COMMITTED.search(headers)
    return seconds(found[1]) if found else 0


def _blob(mode: str, name: str) -> str:
    return name if mode in REGULAR and set(name) != {"0"} else ""


def seconds(text: str) -> int:
    """Return a commit's date; 0 where git cannot tell it, and none that no database can hold."""
    return min(int(text), LATEST) if text.isdigit() else 0


def readable(path: str) -> str:
    r"""Return a path with bytes that are no UTF-8 written out (``\xff``), so that it stays its own.

    It is a name here, nothing is opened by it.
    """
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def parse_batch(names: Sequence[str], output: bytes) -> dict[str, bytes]:
    """Read what ``git cat-file --batch`` printed for these names.

    Raises:
        MissingObjectError: An object is missing.
    """
    contents: dict[str, bytes] = {}
    at = 0
    for name in names:
        end = output.index(b"\n", at)
        words = output[at:end].split(b" ")
        if not words[-1].isdigit():
            raise missing(name)
        size = int(words[-1])
        contents[name] = output[end + 1 : end + 1 + size]
        at = end + size + 2
    return contents


def missing(name: str) -> MissingObjectError:
    """Return the error for an object that a whole clone does not have."""
    return MissingObjectError(f"git has no object {name}; 'git fsck' tells what else is damaged")


def out_of_reach(said: str) -> OutOfReachError:
    """Return the error for an object that git could not fetch, with git's words."""
    found = _FETCHED.search(said)
    name = f"object {found[1]}" if found else "an object"
    return OutOfReachError(
        f"this is a partial clone: {name} is not in it, and the remote cannot be reached that has"
        " it. Try again when 'git fetch' works"
    )


def is_out_of_reach(said: str) -> bool:
    """Tell whether git ended since it could not fetch what a partial clone lacks."""
    return "promisor remote" in said


def loose_branches(common_dir: Path, below: str) -> set[str] | None:
    """Return the branches that are files of their own; None where none could be."""
    top = os.fspath(common_dir / below)
    if not os.path.isdir(top):  # noqa: PTH112 - one way of writing paths here
        return None
    # As the shell's `*` sees it: nothing hidden.
    return {
        os.path.relpath(os.path.join(folder, name), common_dir)  # noqa: PTH118
        for folder, _, names in os.walk(top)
        for name in names
        if not name.startswith(".")
    }


def detached_heads(common_dir: Path) -> dict[str, str]:
    """Return the commits that linked work trees have checked out without a branch, by their names.

    What the work tree of a rebase or a bisect under way holds is none: it is about to be something
    else. Nor is that of a work tree whose folder is gone, which git calls prunable.
    """
    return {
        f"work tree {readable(folder.name)}": head
        for folder, head in _linked_heads(common_dir)
        if set(head) != {"0"}
        and not any((folder / each).exists() for each in PASSING)
        and not _is_prunable(folder)
    }


def half_made(common_dir: Path) -> list[str]:
    """Return the linked work trees that git has not finished making, by their names.

    It writes a head of zeros first, which stays where ``git worktree add`` was killed.
    """
    heads = _linked_heads(common_dir)
    return [f"work tree {readable(folder.name)}" for folder, head in heads if set(head) == {"0"}]


def _linked_heads(common_dir: Path) -> Iterator[tuple[Path, str]]:
    """Yield the git folders of linked work trees that are on no branch, with their commits."""
    folders: list[Path] = []
    # Git takes the folder away with the last of them.
    with contextlib.suppress(OSError):
        folders = sorted((common_dir / "worktrees").iterdir())
    for folder in folders:
        try:
            text = (folder / "HEAD").read_text("ascii").strip()
        except (OSError, ValueError):
            continue
        if re.fullmatch("[0-9a-f]{40,64}", text):
            yield folder, text


def _is_prunable(folder: Path) -> bool:
    """Tell whether a work tree is gone of which git keeps this folder.

    One that is locked may lie on a disk that is away for now.
    """
    if (folder / "locked").exists():
        return False
    try:
        told = os.fsdecode((folder / "gitdir").read_bytes()).removesuffix("\n")
        # Some are told from here.
        return not told or not (folder / told).exists()
    except OSError:
        return True
