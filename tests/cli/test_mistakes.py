"""Slips of people and scripts: told with what is right, and no agent loses its work by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.program import Answer, run_program
from cli.tasks_of_agents import TASKS
from kanban_sync.cli.ending import as_moved, working_folder
from kanban_sync.core.errors import MovedCloneError, StoreError, WorkError
from kanban_sync.mcp.held import HeldClaims
from kanban_sync.mcp.tools import Tools
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = "project_id: shop\n"
ADA = ("--agent", "ada")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{"TASKS.md": TASKS, ".kanban-sync.yaml": SETTINGS})
    return repo


def program(repo: Repo, *arguments: str, env: dict[str, str] | None = None) -> Answer:
    return run_program(*arguments, folder=repo.path, env=env)


# --- the settings -------------------------------------------------------------------------------


def test_work_on_tasks_goes_on_by_the_settings_that_served_last(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip = "echo 'nonsense: [' >> .kanban-sync.yaml"
    run = program(repo, "task", "run", "rotate-keys", *ADA, "--", "sh", "-c", slip)
    calls = (("claim", "tidy-logs"), ("heartbeat", "tidy-logs"), ("done", "tidy-logs"))
    answers = [run, *(program(repo, "task", *call, *ADA) for call in calls)]
    for answer in answers:
        assert answer.code == 0, answer
        [line] = answer.err.splitlines()
        assert ".kanban-sync.yaml:3: expected" in line
        assert "by the settings that served last" in line
    assert run.out.endswith("tasks-md:rotate-keys  done\n")
    for command in (("sync",), ("doctor",), ("files",)):
        assert program(repo, *command).code == 1

    repo.git("commit", "--all", "--quiet", "--message", "bad")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repo.path.parent))
    tools = Tools(repo.path, "eve", HeldClaims("eve"))
    notes = [tools.board_status().get("notes"), tools.plan_next().get("notes")]
    assert [len(each or ()) for each in notes] == [1, 0]


def test_bad_settings_serve_nobody_where_none_served_before(repo: Repo) -> None:
    repo.write(".kanban-sync.yaml", "nonsense: [\n")
    repo.git("commit", "--all", "--quiet", "--message", "bad")
    answer = program(repo, "task", "claim", "--next", *ADA)
    assert answer.code == 1
    assert answer.err.startswith("kanban-sync: .kanban-sync.yaml:2: expected")


# --- new tasks ----------------------------------------------------------------------------------


def test_an_id_that_a_file_would_not_read_is_refused_with_one_that_it_would(repo: Repo) -> None:
    settings = f"{SETTINGS}sources: {{add_to: TASKS.md}}\n"
    repo.commit(**{"TASKS.md": "- [ ] T-1: Sweep\n", ".kanban-sync.yaml": settings})
    refused = program(repo, "task", "add", "Dry it", "--id", "zz")
    assert (refused.code, repo.git("status", "--porcelain")) == (1, "")
    assert "'zz' would not be read as an id in this file; ids look like T-7" in refused.err
    assert program(repo, "task", "add", "Dry it", "--id", "T-77").code == 0
    assert (repo.path / "TASKS.md").read_text().endswith("- [ ] T-77: Dry it\n")


# --- a clone that is moved ----------------------------------------------------------------------


def test_a_clone_that_is_moved_while_a_command_starts_is_told_so_whatever_is_missed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, error = tmp_path / "shop", StoreError("The task database is empty.")
    folder.mkdir()
    monkeypatch.chdir(folder)
    began = working_folder()
    assert as_moved(began, error) is error
    folder.rename(tmp_path / "moved")
    state = StateFolder(folder / "kanban-sync")
    with pytest.raises(MovedCloneError, match="shop is no longer there: the clone was moved"):
        state.make()
    assert "shop is no longer there: the clone was moved" in str(as_moved(began, error))
    folder.mkdir()
    assert "shop is another clone by now" in str(as_moved(began, error))
    # What was said of a task is what matters.
    refused = WorkError("It is held.")
    assert as_moved(began, refused) is refused
