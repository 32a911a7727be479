"""Two clones of one project on one machine: each hears of the other, and may share its database."""

from __future__ import annotations

import json
import shlex
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from cli.program import run_program
from kanban_sync.agents.entries import NOTHING_READY
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

TASK = "tasks-md:rotate-keys"
FILES = {
    ".kanban-sync.yaml": "project_id: twoclones\n",
    "TASKS.md": "# Tasks\n\n- [ ] Rotate the keys\n  - **ID**: rotate-keys\n",
}


@pytest.fixture
def clones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two clones, synced, of a user who has set nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state of ada"))
    first = Repo.init(tmp_path / "first")
    first.commit(**FILES)
    first.git("clone", "-q", str(first.path), str(tmp_path / "second"))
    for name in ("first", "second"):
        said(tmp_path / name, "sync")
    return tmp_path / "first", tmp_path / "second"


def said(folder: Path, *words: str) -> str:
    answer = run_program(*words, folder=folder)
    assert answer.code == 0, answer.err
    return answer.out


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(folder, "status", "--json"))
    return found


def test_clones_that_are_apart_are_told_and_the_command_that_is_told_brings_them_together(
    clones: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = clones
    data: dict[str, Any] = {}
    for here, there in (clones, (second, first)):
        data = status(here)
        other = str(there / ".git/kanban-sync")
        assert data["apart"] == [{"state": other, "database": f"{other}/tasks.db"}]
        told = said(here, "status")
        assert f"apart      {other} has {other}/tasks.db" in told
        assert data["share"] in told
        [finding] = [
            each
            for each in json.loads(run_program("doctor", "--json", folder=here).out)["findings"]
            if each["name"] == "clones"
        ]
        assert finding["ok"] is None
        assert other in finding["text"]
        assert data["share"] in finding["remedy"]
    # As git does that is told so, in a configuration of the test's own.
    *command, setting, url = shlex.split(data["share"])
    assert (command[-1], setting) == ("--global", "kanban-sync.database")
    mine = tmp_path / "gitconfig"
    mine.write_text(f'[include]\n\tpath = ~/.gitconfig\n[kanban-sync]\n\tdatabase = "{url}"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(mine))
    for here in clones:
        said(here, "sync")
    for here in clones:
        data = status(here)
        assert (data["apart"], data["share"], data["database"]) == ([], "", url)
        assert data["tasks"] == {"todo": 1}
        assert "share one:" not in said(here, "status")
    assert (tmp_path / "state of ada/kanban-sync/tasks.db").exists()
    said(first, "task", "claim", TASK, "--agent", "ada")
    refused = run_program("task", "claim", TASK, "--agent", "bob", folder=second)
    assert refused.code == 4
    assert "ada has" in refused.err


def test_a_database_that_one_of_them_has_named_is_proposed_to_all(
    clones: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = clones
    url = f"sqlite://{tmp_path}/named.db"
    monkeypatch.setenv("KANBAN_SYNC_DATABASE_URL", url)
    said(first, "sync")
    assert status(first)["share"].endswith(f" {url}")
    monkeypatch.delenv("KANBAN_SYNC_DATABASE_URL")
    assert status(second)["share"].endswith(f" {url}")
    shutil.rmtree(first)
    assert status(second)["apart"] == []


def test_a_clone_whose_database_is_taken_away_tells_it_once(
    clones: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, url = clones[0], f"sqlite://{tmp_path}/named.db"
    own = str(here / ".git/kanban-sync/tasks.db")

    def told(*words: str) -> list[str]:
        answer = run_program(*words, folder=here)
        assert answer.code in {0, NOTHING_READY}, answer.err
        return [each for each in answer.err.splitlines() if "until now" in each]

    assert told("task", "next") == []
    monkeypatch.setenv("KANBAN_SYNC_DATABASE_URL", url)
    said(here, "sync")
    assert told("task", "list") == []
    # Who only looks hears it as often as he looks.
    before = [status(here)["database_before"] for _ in range(2)]
    assert f"note   database before     {before[0]}\n" in run_program("doctor", folder=here).out
    [line] = told("task", "claim", TASK, "--agent", "ada")
    assert {*before, ""} == {line.removeprefix("kanban-sync: "), status(here)["database_before"]}
    assert own in line
    assert f"works with {url} from now on" in line
    assert "unset KANBAN_SYNC_DATABASE_URL" in line
    assert told("task", "next", "--agent", "ada", "-n", "2") == []
    monkeypatch.delenv("KANBAN_SYNC_DATABASE_URL")
    [line] = told("task", "next")
    assert f"worked with the task database {url} until now, and works with {own}" in line
    assert "git config --global kanban-sync.database" in line
    assert told("task", "claim", TASK, "--agent", "bob") == []
    # JSON files are another one, too.
    monkeypatch.setenv("KANBAN_SYNC_DATABASE_URL", "file:")
    [line] = told("task", "claim", "--next", "--agent", "carl")
    assert f"worked with the task database {own} until now, and works with" in line
    assert told("task", "next") == []
    monkeypatch.delenv("KANBAN_SYNC_DATABASE_URL")
    [line] = told("task", "next")
    assert "/manifests until now" in line
    assert "name file: again in KANBAN_SYNC_DATABASE_URL" in line
    # It goes along when the clone is moved.
    moved = shutil.move(here, tmp_path / "moved")
    here = type(here)(moved)
    assert told("task", "done", TASK, "--agent", "bob") == []
