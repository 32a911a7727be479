"""What moves `main` otherwise: pulls, rebases, picks, resets; each returns what is done then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repos import Repo
from system.git_steps import EDITOR, main_commit, side_commit, upstream
from system.synced_clone import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from system.synced_clone import SyncedClone

    Operation = Callable[[SyncedClone], set[str]]


# --- pull and fetch -------------------------------------------------------------------------


def pull_ff(clone: SyncedClone) -> set[str]:
    upstream(clone, "one")
    clone.git("pull", "-q", "--ff-only", "origin", "main")
    return {"one"}


def pull_merge(clone: SyncedClone) -> set[str]:
    upstream(clone, "one")
    main_commit(clone)
    clone.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    return {"one"}


def pull_rebase(clone: SyncedClone) -> set[str]:
    upstream(clone, "one")
    main_commit(clone)
    clone.git("pull", "-q", "--rebase", "origin", "main")
    return {"one"}


def pull_rebase_of_ticks(clone: SyncedClone) -> set[str]:
    upstream(clone, "one")
    clone.tick("four")
    clone.quietly("commit", "-qam", "tick four")
    clone.git("pull", "-q", "--rebase", "origin", "main")
    return {"one", "four"}


def pull_rebase_with_nothing_local(clone: SyncedClone) -> set[str]:
    upstream(clone, "one")
    clone.git("pull", "-q", "--rebase", "origin", "main")
    return {"one"}


def fetch_into_the_branch(clone: SyncedClone) -> set[str]:
    upstream(clone, "one")
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.git("fetch", "-q", "origin", "main:main")
    return {"one"}


def fetch_where_the_branch_is_only_remote(clone: SyncedClone) -> set[str]:
    upstream(clone, "one")
    clone.git("update-ref", "refs/remotes/origin/main", "main")
    clone.quietly("checkout", "-q", "-b", "feature")
    clone.git("branch", "-q", "-D", "main")
    clone.run("sync").check_returncode()
    clone.git("fetch", "-q", "origin")
    return {"one"}


# --- rebase ---------------------------------------------------------------------------------


def _ahead_and_behind(clone: SyncedClone) -> None:
    """Two ticks on `main`, one on `side`, from where both were."""
    side_commit(clone, "four")
    for word in ("one", "two"):
        clone.tick(word)
        clone.quietly("commit", "-qam", f"tick {word}")


def rebase(clone: SyncedClone) -> set[str]:
    _ahead_and_behind(clone)
    clone.git("rebase", "-q", "side")
    return {"one", "two", "four"}


def rebase_apply(clone: SyncedClone) -> set[str]:
    _ahead_and_behind(clone)
    clone.git("rebase", "-q", "--apply", "side")
    return {"one", "two", "four"}


def rebase_interactive(edit: str, *done: str) -> Operation:
    def operation(clone: SyncedClone) -> set[str]:
        _ahead_and_behind(clone)
        clone.git("rebase", "-q", "-i", "side", env={**EDITOR, "GIT_SEQUENCE_EDITOR": edit})
        return set(done)

    return operation


def rebase_fast_forward(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.git("rebase", "-q", "side")
    return {"one"}


def rebase_of_another_branch_then_merged(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    main_commit(clone)
    clone.git("rebase", "-q", "main", "side")
    clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "--ff-only", "side")
    return {"one"}


# --- picks ----------------------------------------------------------------------------------


def cherry_pick(clone: SyncedClone) -> set[str]:
    commit = side_commit(clone, "one")
    clone.git("cherry-pick", commit)
    return {"one"}


def cherry_pick_of_a_range(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    side_commit(clone, "four", base="side")
    clone.git("cherry-pick", "main..side")
    return {"one", "four"}


def cherry_pick_without_commit(clone: SyncedClone) -> set[str]:
    clone.git("cherry-pick", "-n", side_commit(clone, "one"))
    clone.git("commit", "-qm", "picked")
    return {"one"}


def revert(clone: SyncedClone) -> set[str]:
    clone.commit_ticks("one", "two")
    clone.commit_ticks("four")
    clone.wait()
    clone.git("revert", "--no-edit", "HEAD")
    return {"one", "two"}


def am(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    patch = clone.git("format-patch", "--stdout", "main..side")
    clone.git("am", "-q", stdin=f"{patch}\n")
    return {"one"}


def apply_and_commit(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.git("apply", "--index", stdin=clone.git("diff", "main", "side") + "\n")
    clone.git("commit", "-qm", "applied")
    return {"one"}


# --- moving branches ------------------------------------------------------------------------


def reset_hard(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.git("reset", "-q", "--hard", "side")
    return {"one"}


def reset_hard_back(clone: SyncedClone) -> set[str]:
    clone.commit_ticks("one")
    clone.commit_ticks("two")
    clone.wait()
    clone.git("reset", "-q", "--hard", "HEAD~1")
    return {"one"}


def update_ref_from_elsewhere(clone: SyncedClone) -> set[str]:
    commit = side_commit(clone, "one")
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.git("update-ref", "refs/heads/main", commit)
    return {"one"}


def branch_force(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.git("branch", "-f", "main", "side")
    return {"one"}


def switch_after_a_hidden_commit(clone: SyncedClone) -> set[str]:
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.quietly("checkout", "-q", "main")
    clone.tick("one")
    clone.quietly("commit", "-qam", "tick")
    clone.git("switch", "-q", "elsewhere")
    clone.git("switch", "-q", "main")
    return {"one"}


def checkout_of_a_new_branch_then_merged(clone: SyncedClone) -> set[str]:
    clone.git("checkout", "-q", "-b", "topic")
    clone.commit_ticks("one")
    clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "topic")
    clone.git("branch", "-q", "-d", "topic")
    return {"one"}


def commit_without_hooks(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    clone.quietly("commit", "-qam", "tick")
    return {"one"}


def commit_tree(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    clone.git("add", TASKS)
    tree = clone.git("write-tree")
    commit = clone.git("commit-tree", tree, "-p", "HEAD", "-m", "tick")
    clone.git("update-ref", "refs/heads/main", commit)
    return {"one"}


def fast_import(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    text = clone.git("fast-export", "side", "--refspec=refs/heads/side:refs/heads/main")
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.git("fast-import", "--quiet", "--force", stdin=f"{text}\n")
    return {"one"}


def stash_pop_and_commit(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    clone.git("stash", "-q")
    clone.git("stash", "pop", "-q")
    clone.git("commit", "-qam", "tick")
    return {"one"}


# --- linked work trees ----------------------------------------------------------------------


def worktree_add(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    clone.quietly("commit", "-qam", "tick")
    clone.git("worktree", "add", "-q", "../linked", "-b", "topic")
    return {"one"}


def commit_in_a_linked_worktree(clone: SyncedClone) -> set[str]:
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.quietly("worktree", "add", "-q", "../linked", "main")
    linked = Repo(clone.path.parent / "linked")
    file = linked.path / TASKS
    file.write_text(file.read_text().replace("[ ] one", "[x] one"))
    linked.git("commit", "-qam", "tick")
    return {"one"}


def merge_in_a_linked_worktree(clone: SyncedClone) -> set[str]:
    side_commit(clone, "one")
    clone.quietly("checkout", "-q", "-b", "elsewhere")
    clone.quietly("worktree", "add", "-q", "../linked", "main")
    Repo(clone.path.parent / "linked").git("merge", "-q", "side")
    return {"one"}


# --- nothing of that ------------------------------------------------------------------------


def plain(*arguments: str) -> Operation:
    def operation(clone: SyncedClone) -> set[str]:
        clone.git(*arguments)
        return set()

    return operation


def edit(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    return set()


def stash(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    clone.git("stash", "-q")
    return set()


def checkout_of_a_file(clone: SyncedClone) -> set[str]:
    clone.tick("one")
    clone.git("checkout", "-q", "--", TASKS)
    return set()
