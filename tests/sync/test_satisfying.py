"""What tasks need is asked for by the newest settings of all clones, told by their commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanban_sync.config import Settings
from kanban_sync.core.ports import SATISFIED_BY, FilesState
from kanban_sync.core.satisfying import Asked, is_strict
from kanban_sync.git import GitRepository
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.satisfying import asked, at_odds
from kanban_sync.sync.session import Session
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = ".kanban-sync.yaml"
NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("marks", "strict"),
    [
        ((), False),
        (("default-branch",), True),
        (("default-branch", "any-branch"), True),
        (("default-branch:5:c", "any-branch:4:d"), True),
        (("default-branch:5:c", "any-branch:6:a"), False),
        (("any-branch:5:c", "default-branch:5:d"), True),
        (("default-branch", "any-branch:1:a"), False),
    ],
)
def test_the_newest_settings_say_where_tasks_have_to_be_done(
    marks: tuple[str, ...], strict: bool
) -> None:
    assert is_strict(marks) is is_strict(reversed(marks)) is strict


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.init(tmp_path)


@pytest.fixture
def git(repo: Repo) -> GitRepository:
    repo.write(SETTINGS, "satisfied_by: default-branch\n")
    repo.commit_at(NOW, "Ask for more")
    repo.write("TASKS.md", "- [ ] apples\n")
    repo.commit_at(NOW + 60, "Add a task")
    return GitRepository(repo.path / ".git")


def said(git: GitRepository, word: str, *others: str, **tips: str) -> Asked:
    session = Session(Settings(satisfied_by=word), "p", git, MemoryStore("p"))
    known = {"main": tips["main"], SATISFIED_BY: tips["mark"]} if tips else {}
    return asked(session, FilesState(known, marks_of_others=others))


def test_settings_are_as_old_as_the_commit_that_changed_them(
    repo: Repo, git: GitRepository
) -> None:
    mark = f"default-branch:{NOW}:{repo.git('rev-parse', 'HEAD~1')}"
    assert said(git, "default-branch") == (mark, True)
    assert said(git, "default-branch", f"any-branch:{NOW - 1}:a") == (mark, True)
    assert said(git, "default-branch", f"any-branch:{NOW + 1}:a") == (mark, False)
    # What was recorded of the commit that is read is not asked for again.
    head = repo.git("rev-parse", "HEAD")
    assert said(git, "default-branch", main=head, mark="default-branch:1:a").mark.endswith(":1:a")
    assert said(git, "default-branch", main="before", mark="default-branch:1:a").mark == mark
    assert said(git, "default-branch", main=head, mark="any-branch:1:a").mark == mark


def test_the_usual_settings_are_recorded_only_beside_others(repo: Repo, git: GitRepository) -> None:
    assert said(git, "any-branch") == Asked()
    mark = f"any-branch:{NOW}:{repo.git('rev-parse', 'HEAD~1')}"
    assert said(git, "any-branch", f"default-branch:{NOW + 1}:a") == (mark, True)
    assert said(git, "any-branch", f"default-branch:{NOW - 1}:a") == (mark, False)


def test_where_no_commit_has_settings_they_are_older_than_all(repo: Repo) -> None:
    repo.commit("Begin", **{"TASKS.md": "- [ ] apples\n"})
    git = GitRepository(repo.path / ".git")
    assert said(git, "default-branch") == ("default-branch", True)
    assert said(git, "default-branch", "any-branch:1:a") == ("default-branch", False)


@pytest.mark.parametrize(
    ("branches", "word", "is_told"),
    [
        ("current", "default-branch", True),
        ("current", "any-branch", False),
        ("live", "default-branch", False),
        ("default-only", "default-branch", False),
    ],
)
def test_settings_that_never_read_the_default_branch_cannot_ask_for_it(
    branches: str, word: str, is_told: bool
) -> None:
    odds = at_odds(Settings(branches=branches, satisfied_by=word))
    assert [each.path for each in odds] == [SETTINGS] * is_told
