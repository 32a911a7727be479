"""What is next is told at once where that is safe, and then as the long way tells it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cli.program import PROGRAM, TASKS, run_program
from kanban_sync.agents.entries import entry_data
from kanban_sync.agents.shared_time import SharedTime
from kanban_sync.app import Clone
from kanban_sync.at_once import next_task
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {"TASKS.md": TASKS, ".kanban-sync.yaml": "project_id: shop  # ours\n"}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    # What opens a clone forgets what git would have told a hook.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **FILES)
    Clone.at(repo.path).refresh()
    return repo


def found(folder: Path, **environment: str) -> list[str] | None:
    entries = next_task(str(folder), {**os.environ, **environment}, "ada")
    return entries if entries is None else [each.key.name for each in entries]


def test_it_is_told_as_the_long_way_tells_it(repo: Repo) -> None:
    entries = next_task(str(repo.path), os.environ, "ada")
    assert entries
    long = run_program("task", "next", "-n", "1", "--json", folder=repo.path).data
    assert long["tasks"] == [entry_data(entries[0])]
    short = run_program("task", "next", "--json", folder=repo.path)
    assert json.loads(short.out) == long["tasks"][0]
    assert run_program("task", "next", folder=repo.path).out.startswith(
        "tasks-md:rotate-keys  todo"
    )


def test_it_is_told_from_below_and_in_a_linked_work_tree(repo: Repo, tmp_path: Path) -> None:
    (repo.path / "below").mkdir()
    assert found(repo.path / "below") == ["rotate-keys"]
    repo.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    assert found(tmp_path / "other") is None
    # A branch that moved in the last two seconds may have moved since.
    os.utime(repo.path / ".git" / "refs" / "heads" / "main", (1, 1))
    os.utime(repo.path / ".git" / "worktrees", (1, 1))
    Clone.at(tmp_path / "other").refresh()
    assert found(tmp_path / "other") == ["rotate-keys"]


def settings(text: str) -> Callable[[Repo], object]:
    return lambda repo: repo.write(".kanban-sync.yaml", text)


def silent_orchestrator(repo: Repo) -> None:
    with Clone.at(repo.path).work() as work:
        work._time = SharedTime(lambda: 0.0, float)  # noqa: SLF001 - it was long ago
        work.register("gone")
        work.claim_next("bob", 1e10, orchestrator="gone")


@pytest.mark.parametrize(
    "doubt",
    [
        lambda repo: repo.commit("More"),
        lambda repo: repo.git("branch", "other"),
        lambda repo: (repo.path / ".kanban-sync.yaml").unlink(),
        lambda repo: shutil.rmtree(repo.path / ".git" / "kanban-sync"),
        settings("project_id: a b\n"),
        settings("project_id: a\nproject_id: b\n"),
        silent_orchestrator,
    ],
)
def test_in_doubt_nothing_is_told(repo: Repo, doubt: Callable[[Repo], object]) -> None:
    doubt(repo)
    assert found(repo.path) is None


def test_whoever_looks_takes_back_what_a_silent_orchestrator_had(repo: Repo) -> None:
    silent_orchestrator(repo)
    assert (
        run_program("task", "next", "--json", folder=repo.path).data["key"].endswith(":rotate-keys")
    )
    assert found(repo.path) == ["rotate-keys"]
    events = run_program("events", "--json", folder=repo.path).data["events"]
    assert [each["data"]["why"] for each in events if each["kind"] == "reclaimed"] == ["gone"]


@pytest.mark.parametrize(
    "environment",
    [
        {"GIT_DIR": "elsewhere"},
        {"KANBAN_SYNC_DATABASE_URL": "postgresql:///tasks"},
        {"GIT_CONFIG_COUNT": "1"},
        {"GIT_CONFIG_GLOBAL": "named"},
        {"GIT_CONFIG_GLOBAL": "included"},
    ],
)
def test_what_may_lead_elsewhere_is_left_to_the_long_way(
    repo: Repo, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "named").write_text("[Kanban-Sync]\ndatabase = postgresql:///tasks\n")
    (tmp_path / "included").write_text("[includeIf 'gitdir:~/work/']\npath = more\n")
    given = {
        name: str(tmp_path / value) if name == "GIT_CONFIG_GLOBAL" else value
        for name, value in environment.items()
    }
    assert found(repo.path, **given) is None
    assert found(repo.path, GIT_CEILING_DIRECTORIES=str(repo.path)) is None


def test_it_loads_neither_git_nor_yaml_nor_click(repo: Repo) -> None:
    code = (
        "import sys; from kanban_sync.cli.start import main; sys.argv[1:] = ['task', 'next'];"
        "import os; os._exit = lambda code: print(code, sorted(LOUD & sys.modules.keys()));"
        "LOUD = {'git', 'click', 'yaml', 'ruamel.yaml', 'httpx', 'subprocess',"
        " 'kanban_sync.app', 'kanban_sync.editing', 'kanban_sync.config'}; main()"
    )
    said = subprocess.run(
        [sys.executable, *PROGRAM[1:3], "-c", code],
        cwd=repo.path,
        capture_output=True,
        check=True,
        text=True,
    )
    assert said.stdout.splitlines()[-1] == "0 []"
