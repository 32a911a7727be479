"""A clone that keeps its tasks in JSON files, since its user wants no database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cli.program import run_program
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

URL = "KANBAN_SYNC_DATABASE_URL"
FILES = {
    ".kanban-sync.yaml": "project_id: plain\n",
    "TASKS.md": "# Tasks\n\n- [ ] Rotate the keys\n  - **ID**: keys\n"
    "- [ ] Rest\n  - **ID**: rest\n",
}


def said(folder: Path, *words: str) -> str:
    answer = run_program(*words, folder=folder)
    assert answer.code == 0, answer.err
    return answer.out


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A clone of a user who has set nothing yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state of ada"))
    monkeypatch.setenv("KANBAN_SYNC_AGENT", "ada")
    repo = Repo.init(tmp_path / "first")
    repo.commit(**FILES)
    return repo


@pytest.mark.parametrize("word", ["file", "file:"])
def test_a_clone_works_on_a_file_of_its_own_for_good(
    clone: Repo, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv(URL, word)
    said(clone.path, "sync")
    folder = clone.path / ".git/kanban-sync/manifests"
    said(clone.path, "task", "claim", "keys")
    said(clone.path, "task", "done", "keys")
    assert "Rotate the keys" not in (clone.path / "TASKS.md").read_text()
    assert not (folder.parent / "tasks.db").exists()
    data = json.loads((folder / "tasks-plain.json").read_text())
    assert {each["key"]: each["status"] for each in data["tasks"]} == {
        "tasks-md:keys": "done",
        "tasks-md:rest": "todo",
    }
    status = json.loads(said(clone.path, "status", "--json"))
    assert (status["database"], status["mode"]) == (str(folder), "file")
    assert f"database   {folder}  (JSON files, by choice)" in said(clone.path, "status")
    known = json.loads(said(clone.path, "db", "status", "--json"))
    assert (known["kind"], known["schema"], known["projects"][0]["tasks"]) == ("file", 1, 2)
    assert "up to date" in said(clone.path, "db", "upgrade")
    other = folder / "tasks-other.json"
    other.write_text('{"written": 1,\n"format": 99,\n')
    refused = run_program("db", "upgrade", folder=clone.path)
    assert (refused.code, refused.out) == (1, "")
    assert "by a newer kanban-sync (format 99" in refused.err
    other.unlink()
    assert f"2 tasks in {folder}" in run_program("doctor", folder=clone.path).out
    # What only this file knows is named before it is removed.
    said(clone.path, "task", "claim", "rest")
    answer = run_program("uninstall", "--state", folder=clone.path)
    assert "tasks-md:rest" in answer.out + answer.err


def test_a_file_that_is_gone_is_missed_until_somebody_syncs(
    clone: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, "file:")
    said(clone.path, "sync")
    said(clone.path, "task", "claim", "keys")
    file = clone.path / ".git/kanban-sync/manifests/tasks-plain.json"
    file.unlink()
    answer = run_program("task", "done", "keys", folder=clone.path)
    assert answer.code == 1
    assert f"The task database {file} is gone" in answer.err
    assert not file.exists()
    said(clone.path, "sync")
    lost = run_program("task", "done", "keys", "--token", "1", folder=clone.path)
    assert lost.code == 4
    entry = json.loads(said(clone.path, "task", "claim", "keys", "--json"))
    assert entry["token"] > 10**6


def test_clones_share_a_folder_that_their_user_names(
    clone: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.git("clone", "-q", str(clone.path), str(tmp_path / "second"))
    monkeypatch.setenv(URL, f"file://{tmp_path}/our%20tasks")
    for folder in (clone.path, tmp_path / "second"):
        said(folder, "sync")
    said(clone.path, "task", "claim", "keys")
    answer = run_program("task", "claim", "keys", "--agent", "bob", folder=tmp_path / "second")
    assert answer.code == 4
    assert "ada has" in answer.err
    status = json.loads(said(tmp_path / "second", "status", "--json"))
    assert (status["database"], status["apart"]) == (f"file://{tmp_path}/our%20tasks", [])
