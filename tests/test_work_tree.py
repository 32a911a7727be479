"""Files of a work tree are replaced whole, or not at all, and never behind somebody's back."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import EditError
from kanban_sync.git import locate
from kanban_sync.git_output import UNDER_WAY
from kanban_sync.work_tree import WorkTree
from repos import GitError, Repo

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"- [ ] a\r\n", b"- [x] a\r\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    repo = Repo.init(tmp_path / "repo")
    (repo.path / "docs").mkdir()
    (repo.path / "docs" / "TASKS.md").write_bytes(OLD)
    return repo.path


def tree(top: Path) -> WorkTree:
    return WorkTree(top, locate(top).git_dir)


def test_a_file_is_replaced_with_its_mode_and_nothing_else_is_left(top: Path) -> None:
    file = top / "docs" / "TASKS.md"
    file.chmod(0o751)

    assert tree(top).replace("docs/TASKS.md", OLD, NEW)

    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == 0o751
    assert os.listdir(file.parent) == ["TASKS.md"]  # noqa: PTH208 - names are what matters


def test_what_somebody_wrote_since_stays(top: Path) -> None:
    file = top / "docs" / "TASKS.md"
    file.write_bytes(b"- [ ] b\n")

    assert not tree(top).replace("docs/TASKS.md", OLD, NEW)

    assert file.read_bytes() == b"- [ ] b\n"
    assert [each.name for each in file.parent.iterdir()] == ["TASKS.md"]


def test_links_are_not_followed_wherever_they_lead(top: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "TASKS.md").write_bytes(OLD)
    (top / "TASKS.md").symlink_to(tmp_path / "outside" / "TASKS.md")
    (top / "inside.md").symlink_to("docs/TASKS.md")
    (top / "linked").symlink_to(tmp_path / "outside")

    for path in ("TASKS.md", "inside.md", "linked/TASKS.md", "../outside/TASKS.md"):
        assert not tree(top).is_file(path)
        with pytest.raises(EditError, match=path):
            tree(top).replace(path, OLD, NEW)
        with pytest.raises(EditError, match=path):
            tree(top).read(path)

    assert (tmp_path / "outside" / "TASKS.md").read_bytes() == OLD
    assert (top / "docs" / "TASKS.md").read_bytes() == OLD


def test_a_work_tree_may_itself_be_reached_by_a_link(top: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(top)
    there = WorkTree(tmp_path / "link", top / ".git")
    assert there.replace("docs/TASKS.md", OLD, NEW)


@pytest.mark.parametrize("name", UNDER_WAY)
def test_nothing_is_written_while_git_is_in_the_middle_of_something(top: Path, name: str) -> None:
    (top / ".git" / name).write_text("")
    with pytest.raises(EditError, match=f"docs/TASKS.md: {UNDER_WAY[name]} is under way"):
        tree(top).replace("docs/TASKS.md", OLD, NEW)
    assert (top / "docs" / "TASKS.md").read_bytes() == OLD


def test_a_merge_in_one_work_tree_keeps_no_other_from_its_edits(top: Path) -> None:
    repo = Repo(top)
    for branch, text in (("main", "a"), ("other", "b")):
        repo.git("checkout", "--quiet", "--orphan", branch)
        (top / "note").write_text(text)
        repo.git("add", "--all")
        repo.git("commit", "--quiet", "--message", branch)
    linked = top.parent / "linked"
    repo.git("worktree", "add", "--quiet", str(linked), "main")
    with pytest.raises(GitError):
        Repo(linked).git("merge", "--quiet", "--allow-unrelated-histories", "other")

    with pytest.raises(EditError, match="a merge is under way"):
        tree(linked).replace("docs/TASKS.md", OLD, NEW)
    assert tree(top).replace("docs/TASKS.md", OLD, NEW)
    Repo(linked).git("merge", "--abort")
    assert tree(linked).replace("docs/TASKS.md", OLD, NEW)


def test_a_file_that_is_gone_is_named(top: Path) -> None:
    with pytest.raises(EditError, match=r"^docs/NONE.md: cannot be read: No such file"):
        tree(top).read("docs/NONE.md")
    with pytest.raises(EditError, match=r"^docs/NONE.md: cannot be written: No such file"):
        tree(top).replace("docs/NONE.md", OLD, NEW)
    with pytest.raises(EditError, match=r"^docs: cannot be"):
        tree(top).replace("docs", OLD, NEW)
