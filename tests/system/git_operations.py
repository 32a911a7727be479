"""What people and programs do to a repository, as tables: when is it to be synced?

Every operation begins on `main` of a synced clone whose boxes are empty, and ends with `main`
checked out unless it is about something else. It returns what is done then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from system import git_commits, git_moves
from system.synced_clone import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from system.synced_clone import SyncedClone

    Operation = Callable[[SyncedClone], set[str]]

AT_ONCE: dict[str, Operation] = {
    "commit": git_commits.commit_with(),
    "commit -a": git_commits.commit_all,
    "commit -o": git_commits.commit_with("-o", TASKS),
    "commit -n": git_commits.commit_with("-n"),
    "commit --fixup": git_commits.commit_fixup,
    "commit in a subfolder": git_commits.commit_in_a_subfolder,
    "commit with --git-dir": git_commits.commit_with_a_git_dir,
    "commit with another index": git_commits.commit_with_an_index_of_its_own,
    "commit on a detached HEAD, then checkout -B": git_commits.commit_detached_then_move_the_branch,
    "commit by GitPython": git_commits.commit_by_gitpython,
    "commit --amend": git_commits.amend,
    "commit --amend that takes a change back": git_commits.amend_that_takes_it_back,
    "merge --ff-only": git_commits.merge_ff,
    "merge --no-ff": git_commits.merge_no_ff,
    "merge of branches that diverged": git_commits.merge_true,
    "merge of three branches": git_commits.merge_octopus,
    "merge --squash, then commit": git_commits.merge_squash_and_commit,
    "merge with a conflict, then commit": git_commits.merge_with_a_conflict_and_commit,
    "merge with a conflict, then --continue": git_commits.merge_with_a_conflict_and_continue,
    "pull --ff-only": git_moves.pull_ff,
    "pull that merges": git_moves.pull_merge,
    "pull --rebase": git_moves.pull_rebase,
    "pull --rebase of ticked boxes": git_moves.pull_rebase_of_ticks,
    "pull --rebase, nothing local": git_moves.pull_rebase_with_nothing_local,
    "rebase": git_moves.rebase,
    "rebase -i that drops": git_moves.rebase_interactive(
        "sed -i -e '2s/^pick/drop/'", "one", "four"
    ),
    "rebase -i that squashes": git_moves.rebase_interactive(
        "sed -i -e '2s/^pick/squash/'", "one", "two", "four"
    ),
    "rebase of another branch, then merge": git_moves.rebase_of_another_branch_then_merged,
    "cherry-pick": git_moves.cherry_pick,
    "cherry-pick of a range": git_moves.cherry_pick_of_a_range,
    "cherry-pick -n, then commit": git_moves.cherry_pick_without_commit,
    "revert": git_moves.revert,
    "apply, then commit": git_moves.apply_and_commit,
    "switch, after a commit without hooks": git_moves.switch_after_a_hidden_commit,
    "a new branch, merged and deleted": git_moves.checkout_of_a_new_branch_then_merged,
    "stash, stash pop and commit": git_moves.stash_pop_and_commit,
    "worktree add, after a commit without hooks": git_moves.worktree_add,
    "commit in a linked work tree": git_moves.commit_in_a_linked_worktree,
    "merge in a linked work tree": git_moves.merge_in_a_linked_worktree,
}
"""A hook fires when the branch is where it is to be: no further trigger is needed."""

AT_THE_NEXT_TRIGGER: dict[str, Operation] = {
    "rebase --apply": git_moves.rebase_apply,
    "rebase that is a fast-forward": git_moves.rebase_fast_forward,
    "am": git_moves.am,
    "reset --hard": git_moves.reset_hard,
    "reset --hard to an earlier commit": git_moves.reset_hard_back,
    "update-ref from another branch": git_moves.update_ref_from_elsewhere,
    "branch -f": git_moves.branch_force,
    "fetch into the branch": git_moves.fetch_into_the_branch,
    "fetch where the branch is only remote": git_moves.fetch_where_the_branch_is_only_remote,
    "commit without hooks": git_moves.commit_without_hooks,
    "commit-tree and update-ref": git_moves.commit_tree,
    "fast-import": git_moves.fast_import,
}
"""Git runs no hook of ours for these, or runs it before the branch is moved."""

NOTHING_TO_SYNC: dict[str, Operation] = {
    "stash": git_moves.stash,
    "tag": git_moves.plain("tag", "v1"),
    "gc": git_moves.plain("gc", "-q"),
    "checkout of a file": git_moves.checkout_of_a_file,
    "merge of nothing": git_moves.plain("merge", "-q", "main"),
    "an edit that is not committed": git_moves.edit,
}
"""These move no branch: nobody is to be bothered."""
