"""A default branch that the settings name and the clone lacks: nothing else is read instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.program import BOARD, PROJECT, Clone, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "- [ ] not for everybody yet\n"


def with_one_branch(source: Clone, path: Path) -> None:
    source.git("clone", "--quiet", "--single-branch", "--branch", "feature", source.path, path)


def renamed(source: Clone, path: Path) -> None:
    source.git("clone", "--quiet", source.path, path)
    copy = type(source)(path, source.server)
    copy.git("branch", "--quiet", "--no-track", "trunk", "origin/main")
    copy.git("remote", "remove", "origin")


def as_a_job_checks_out(source: Clone, path: Path) -> None:
    source.git("clone", "--quiet", "--depth=1", "--branch=feature", source.path.as_uri(), path)
    copy = type(source)(path, source.server)
    copy.git("checkout", "--quiet", "--detach")
    copy.git("branch", "--quiet", "--delete", "--force", "feature")
    copy.git("update-ref", "-d", "refs/remotes/origin/feature")


@pytest.fixture
def source(clone: Clone) -> Clone:
    """A repository whose settings name main, with a branch that is not merged."""
    names = f"planka: {{url: '{clone.server.url}', project: {PROJECT}, board: {BOARD}}}\n"
    settings = f"project_id: shop\ngit: {{default_branch: main, branches: default-only}}\n{names}"
    clone.commit("settings", **{".kanban-sync.yaml": settings})
    clone.git("checkout", "--quiet", "-b", "feature")
    clone.commit("feature", **{"TASKS.md": SECRET})
    return clone


@pytest.mark.parametrize("make", [with_one_branch, renamed, as_a_job_checks_out])
def test_what_is_checked_out_is_not_read_in_place_of_the_named_branch(
    source: Clone, tmp_path: Path, make: Callable[[Clone, Path], None]
) -> None:
    make(source, tmp_path / "copy")
    copy = type(source)(tmp_path / "copy", source.server)
    names = ("--project", PROJECT, "--board", BOARD)
    answers = [
        copy.program("sync"),
        copy.program("sync", *names),
        copy.program("init", "--yes"),
        copy.program("sync", "--dry-run", *names),
    ]
    for answer in answers:
        assert answer.code == 1
        [line] = answer.err.splitlines()
        assert "git.default_branch in .kanban-sync.yaml names main, and this clone has no" in line
        assert "git remote set-branches --add origin main && git fetch" in line
    data = copy.program("status", "--json").data
    assert "names main, and this clone has no such branch" in data["checked_out"]
    assert (data["branch"], data["tasks"], data["files"]) == ("", {}, [])
    found = copy.program("doctor", "--json").data["findings"]
    assert [each["ok"] for each in found if each["name"] == "branch"] == [False]
    assert copy.server.requests == []


def test_a_branch_that_is_fetched_later_is_synced(source: Clone, tmp_path: Path) -> None:
    with_one_branch(source, tmp_path / "copy")
    copy = type(source)(tmp_path / "copy", source.server)
    assert copy.program("install").code == 0
    copy.commit("more", **{"TASKS.md": f"{SECRET}- [ ] more\n"})
    until(lambda: copy.state.notice_file.exists() and bool(copy.state.notice_file.read_text()))
    assert "names main, and this clone has no such branch" in copy.state.notice_file.read_text()
    copy.git("remote", "set-branches", "--add", "origin", "main")
    copy.git("fetch", "--quiet")
    assert copy.program("sync", "--wait", env={}).code == 1  # Nobody has allowed the board.
    assert "Rotate the keys" in copy.program("board").out
    assert "not for everybody" not in copy.program("board").out


def test_settings_that_broke_leave_the_tasks_where_they_were(clone: Clone) -> None:
    good = "project_id: shop\nsources: {tasks: [docs/TODO.md]}\n"
    clone.commit("good", **{".kanban-sync.yaml": good, "docs/TODO.md": "- [ ] one\n- [ ] two\n"})
    assert clone.program("sync", env={}).code == 0
    before = clone.program("status", "--json", env={}).data["tasks"]
    broken = {".kanban-sync.yaml": f"{good}unknown: 1\n", "docs/TODO.md": "- [x] one\n- [ ] two\n"}
    clone.commit("bad", **broken)
    answer = clone.program("sync", env={})
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    data = clone.program("status", "--json", env={}).data
    assert data["tasks"] == {**before, "todo": before["todo"] - 1, "done": before["done"] + 1}
    assert ".kanban-sync.yaml:3: unknown is not a setting" in data["last_run"]["database"]["error"]
    assert "unknown is not a setting" in clone.program("log", env={}).out
