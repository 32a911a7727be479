"""What people and programs do to `main` by commits and merges; each returns what is done then."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from repos import GitError, Repo
from system.git_steps import EDITOR, main_commit, side_commit
from system.synced_clone import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from system.synced_clone import SyncedClone

    Operation = Callable[[SyncedClone], set[str]]


# --- commit ---------------------------------------------------------------------------------


def commit_with(*options: str) -> Operation:
    def operation(clone: SyncedClone) -> set[str]:
        clone.tick("one")
        clone.git("add", TASKS)
        clone.git("commit", "-q", "-m", "tick", *options)
        return {"one"}

    return operation


def commit_all(clone: SyncedClone) -> set[str]:
    clone.commit_ticks("one")
    return {"one"}


def commit_in_a_subfolder(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    Repo(clone.path / "openspec").git("commit", "-qam", "tick")
    return {"one"}


def commit_with_a_git_dir(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    places = (f"--git-dir={clone.path / '.git'}", f"--work-tree={clone.path}")
    Repo(clone.path.parent).git(*places, "commit", "-qam", "tick")
    return {"one"}


def commit_with_an_index_of_its_own(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    env = {"GIT_INDEX_FILE": str(clone.path.parent / "index")}
    clone.git("read-tree", "HEAD", env=env)
    clone.git("add", TASKS, env=env)
    clone.git("commit", "-qm", "tick", env=env)
    return {"one"}


def commit_fixup(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    clone.git("commit", "-qa", "--fixup", "HEAD")
    return {"one"}


def commit_detached_then_move_the_branch(clone: SyncedClone) -> set[str]:
    clone.git("checkout", "-q", "--detach")
    clone.commit_ticks("one")
    clone.git("checkout", "-q", "-B", "main")
    return {"one"}


def amend(clone: SyncedClone) -> set[str]:
    clone.commit_ticks("one")
    clone.tick("two")
    clone.git("commit", "-qa", "--amend", "--no-edit")
    return {"one", "two"}


def amend_that_takes_it_back(clone: SyncedClone) -> set[str]:
    clone.commit_ticks("one")
    clone.wait()
    clone.git("checkout", "-q", "HEAD~1", "--", TASKS)
    clone.tick("two")
    clone.git("commit", "-qa", "--amend", "--no-edit")
    return {"two"}


def commit_by_gitpython(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    code = "import git; r = git.Repo('.'); r.index.add(['TASKS.md']); r.index.commit('tick')"
    subprocess.run([sys.executable, "-c", code], cwd=clone.path, check=True, timeout=60)
    return {"one"}


# --- merge ----------------------------------------------------------------------------------


def merge_ff(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.git("merge", "-q", "--ff-only", "side")
    return {"one"}


def merge_no_ff(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.git("merge", "-q", "--no-ff", "--no-edit", "side")
    return {"one"}


def merge_true(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    main_commit(clone)
    clone.git("merge", "-q", "--no-edit", "side")
    return {"one"}


def merge_octopus(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    side_commit(clone, "four", "other")
    clone.git("merge", "-q", "--no-edit", "side", "other")
    return {"one", "four"}


def merge_squash_and_commit(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.git("merge", "-q", "--squash", "side")
    clone.git("commit", "-qm", "squashed")
    return {"one"}


def merge_with_a_conflict_and_commit(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    text = (clone.path / TASKS).read_text()
    (clone.path / TASKS).write_text(text.replace("[ ] one", "[ ] one, reworded"))
    clone.quietly("commit", "-qam", "reword")
    with contextlib.suppress(GitError):
        clone.git("merge", "-q", "side")
    assert "<<<<<<<" in (clone.path / TASKS).read_text()
    (clone.path / TASKS).write_text(text.replace("[ ] one", "[x] one, reworded"))
    clone.git("add", TASKS)
    clone.git("commit", "-q", "--no-edit")
    return {"one, reworded"}


def merge_with_a_conflict_and_continue(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.tick("two")
    clone.quietly("commit", "-qam", "tick")
    with contextlib.suppress(GitError):
        clone.git("merge", "-q", "side")
    (clone.path / TASKS).write_text(clone.git("show", "main:" + TASKS) + "\n")
    clone.tick("one")
    clone.git("add", TASKS)
    clone.git("merge", "--continue", env=EDITOR)
    return {"one", "two"}
