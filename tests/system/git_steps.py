"""Steps that operations on a repository share: commits made where no hook sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repos import Repo
from system.synced_clone import TASKS

if TYPE_CHECKING:
    from pathlib import Path

    from system.synced_clone import SyncedClone


EDITOR = {"GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"}


def side_commit(clone: SyncedClone, word: str, branch: str = "side", base: str = "main") -> str:
    """Make a commit that ticks a box, on a branch, without any hook; `main` stays checked out."""
    clone.quietly("checkout", "-q", "-B", branch, base)
    clone.tick(word)
    clone.quietly("commit", "-qam", f"tick {word}")
    commit = clone.git("rev-parse", "HEAD")
    clone.quietly("checkout", "-q", "main")
    return commit


def main_commit(clone: SyncedClone, path: str = "other.txt") -> None:
    """Move `main` on by a commit without tasks, without any hook."""
    clone.write(path, path)
    clone.git("add", path)
    clone.quietly("commit", "-qm", path)


def upstream(clone: SyncedClone, word: str) -> Path:
    """Give the clone a remote whose `main` is one ticked box ahead."""
    path = clone.path.parent / "upstream"
    clone.git("clone", "-q", "--bare", ".", str(path))
    clone.git("remote", "add", "origin", str(path))
    other = Repo(clone.path.parent / "other")
    clone.git("clone", "-q", str(path), str(other.path))
    file = other.path / TASKS
    file.write_text(file.read_text().replace(f"[ ] {word}", f"[x] {word}"))
    other.git("commit", "-qam", f"tick {word}")
    other.git("push", "-q", "origin", "main")
    return path
