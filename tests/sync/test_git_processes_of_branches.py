"""How many git processes it takes to read a repository: as many for 300 branches as for one."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from counted_git import counted
from kanban_sync.core.liveness import Liveness
from kanban_sync.core.ports import Gone, SourceSettings
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.reading import read_files
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

COLD = 8
"""Without anything known: how many processes at most."""

WARM = 3
"""Where nothing has moved since."""

START = 1_700_000_000


def made(path: Path, branches: int) -> Repo:
    """Make a repository whose branches and default branch have merged one another crosswise."""
    repo = Repo.init(path)
    repo.commit_at(START, "first", **{"TASKS.md": "- [ ] one\n", ".kanban-sync.yaml": "\n"})
    stream: list[str] = []
    main = repo.git("rev-parse", "main")

    def commit(mark: int, branch: str, parent: str, merged: str = "", *files: str) -> None:
        who = f"committer b <b@example.org> {START + mark} +0000"
        merge = [f"merge {merged}"] if merged else []
        begin = [f"commit refs/heads/{branch}", f"mark :{mark}", who, "data 1", "c"]
        stream.extend([*begin, f"from {parent}", *merge, *files, ""])

    for first in range(1, 4 * branches, 4):
        open_, done = (
            (f"M 100644 inline area-{first}/TASKS.md", "data 10", f"- [{mark}] two\n")
            for mark in " x"
        )
        mine, mains, both, branch = *(f":{first + each}" for each in range(3)), f"work-{first}"
        commit(first, branch, main, "", *open_)
        commit(first + 1, "main", main)
        commit(first + 2, "main", mains, mine, *open_)
        commit(first + 3, branch, mine, mains, *done)
        main = both
    repo.git("fast-import", "--quiet", stdin="\n".join(stream))
    return repo


class Reader:
    """Reads a clone as a pass does, and counts the git processes."""

    def __init__(self, repo: Repo, calls: Path) -> None:
        self.repo = repo
        self.calls = calls
        self.store = MemoryStore("p1")

    def passed(self) -> list[str]:
        git = GitRepository(self.repo.path / ".git", liveness=Liveness())
        with closing(git):
            git.file_at(git.branch()[1], ".kanban-sync.yaml")
            git.published()
            known, files = self.store.filed_tasks, self.store.files()
            reading = read_files(
                git, git, SOURCES, SourceSettings(), "p1", known, files, parses=self.store
            )
        assert reading is not None
        if reading.is_new:
            gone = {task.key: Gone(task.status, task.status_version) for task in reading.gone}
            self.store.merge(reading.tasks, gone, reading.files, 0.0)
        asked = self.calls.read_text().splitlines()
        self.calls.unlink()
        return asked


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The git calls, written down one a line."""
    return counted(tmp_path, monkeypatch)


def test_many_branches_cost_no_more_processes_than_one(tmp_path: Path, calls: Path) -> None:
    counts: dict[int, tuple[int, int, int]] = {}
    for branches in (1, 300):
        reader = Reader(made(tmp_path / str(branches), branches), calls)
        calls.unlink()
        cold, warm = reader.passed(), reader.passed()
        titles = [task.status.value for task in reader.store.tasks() if task.title == "two"]
        assert titles == ["done"] * branches
        assert len(cold) <= COLD, cold
        assert len(warm) <= WARM, warm
        more = reader.repo.git("commit-tree", "-m", "more", "-p", "work-1", "work-1^{tree}")
        reader.repo.git("update-ref", "refs/heads/work-1", more)
        calls.unlink()
        moved = reader.passed()
        counts[branches] = len(cold), len(warm), len(moved)
        assert any("--max-age" in call for call in cold), "nothing was crosswise"
    assert counts[1] == counts[300]
