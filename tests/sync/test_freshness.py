"""The task database is fresh as long as no branch has moved since the last pass."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hooks.hook_clone import Clone
from kanban_sync.git import locate
from kanban_sync.sync.freshness import noted_tips
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def fresh(clone: Clone, work_tree: Path | None = None, tree: str = "-") -> bool:
    place = locate(work_tree or clone.path)
    seen = StateFolder(clone.state).seen
    return noted_tips(seen, place.common_dir, place.git_dir, tree) == "main=c1"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    clone = Clone.make(tmp_path)
    (clone.path / ".git" / "hooks" / "post-commit").unlink()
    (clone.path / ".git" / "hooks" / "post-checkout").unlink()
    clone.git("branch", "feature/one")
    return clone


def pack(clone: Clone) -> None:
    clone.git("pack-refs", "--all")


def detach(clone: Clone) -> None:
    clone.git("checkout", "-q", "--detach")


@pytest.mark.parametrize("before", [lambda _: None, pack, detach])
def test_it_is_fresh_after_a_pass(clone: Clone, before: Callable[[Clone], None]) -> None:
    before(clone)
    clone.synced()
    assert fresh(clone)


@pytest.mark.parametrize("before", [lambda _: None, pack, detach])
@pytest.mark.parametrize(
    "moved",
    [
        lambda clone: clone.commit(**{"TASKS.md": "- [x] one\n"}),
        lambda clone: clone.git("branch", "-f", "feature/one", "HEAD~0"),
        lambda clone: clone.git("branch", "feature/two"),
        lambda clone: clone.git("branch", "-D", "feature/one"),
        lambda clone: clone.git("checkout", "-q", "feature/one"),
        lambda clone: (clone.state / "seen" / "-").unlink(),
    ],
)
def test_it_is_not_when_a_branch_moved_came_or_went(
    clone: Clone, before: Callable[[Clone], None], moved: Callable[[Clone], object]
) -> None:
    before(clone)
    clone.git("commit", "-q", "--allow-empty", "-m", "Another")
    clone.synced()
    moved(clone)
    assert not fresh(clone)


def test_a_board_that_is_behind_does_not_matter(clone: Clone) -> None:
    clone.synced()
    (clone.state / "pending").touch()
    assert fresh(clone)


def test_it_is_not_before_any_pass(clone: Clone) -> None:
    assert not fresh(clone)


def test_each_work_tree_is_told_by_its_own_notes(clone: Clone, tmp_path: Path) -> None:
    clone.git("worktree", "add", "-q", str(tmp_path / "other"), "feature/one")
    clone.synced()
    clone.synced(tree="other", work_tree=tmp_path / "other")
    assert fresh(clone)
    assert fresh(clone, tmp_path / "other", "other")
    clone.git("-C", str(tmp_path / "other"), "commit", "-q", "--allow-empty", "-m", "There")
    assert not fresh(clone)
    assert not fresh(clone, tmp_path / "other", "other")


@pytest.mark.parametrize(
    "moved",
    [
        lambda clone, there: clone.git("-C", there, "commit", "-q", "--allow-empty", "-m", "There"),
        lambda clone, there: clone.git("worktree", "remove", there),
        lambda clone, there: clone.git("worktree", "add", "-q", "--detach", f"{there}-too"),
    ],
)
def test_it_is_not_when_a_work_tree_without_a_branch_moved_came_or_went(
    clone: Clone, tmp_path: Path, moved: Callable[[Clone, str], object]
) -> None:
    there = str(tmp_path / "other")
    for each in (there, str(tmp_path / "stays")):
        clone.git("worktree", "add", "-q", "--detach", each)
    clone.synced()
    clone.synced(tree="other", work_tree=tmp_path / "other")
    assert fresh(clone)
    assert fresh(clone, tmp_path / "other", "other")
    moved(clone, there)
    assert not fresh(clone)
