"""What the next hook tells of a sync that ended as nobody foresaw."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import kanban_sync
from kanban_sync.app import Clone
from kanban_sync.cli.background import command as background
from kanban_sync.sync.notices import surprise
from repos import Repo

PACKAGE = Path(kanban_sync.__file__).parent


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("no", name="kanban_sync.boards"), "module kanban_sync.boards is miss"),
        (ImportError("cannot import name 'x'", name="httpx"), "the module httpx is missing"),
        (
            FileNotFoundError(2, "no", str(PACKAGE / "stores/schema/0001.sql")),
            "0001.sql is missing",
        ),
        (FileNotFoundError(2, "no", "/elsewhere/a"), "for a reason nobody foresaw; see the newest"),
        (ValueError("x"), "for a reason nobody foresaw; see the newest file in /logs"),
    ],
)
def test_a_part_that_is_missing_is_told_from_a_bug(error: Exception, said: str) -> None:
    text = surprise(error, Path("/logs"))
    assert said in text
    assert ("the next commit goes on" in text) == ("is miss" in said)


def test_an_installation_that_is_being_replaced_leaves_its_work_to_the_next_commit(
    tmp_path: Path,
) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{"TASKS.md": "- [ ] one\n"})

    class Amid(Clone):
        def session(self, *_: object) -> None:  # type: ignore[override]
            raise ModuleNotFoundError("no module", name="kanban_sync.stores.rows")

    clone = Amid(repo.path / ".git")
    clone.request()
    clone.background()
    assert "kanban_sync.stores.rows is missing" in clone.state.notice_file.read_text()
    assert clone.state.pending.exists()
    [log] = clone.state.log.glob("*.log")
    assert "Traceback" in log.read_text()


def test_a_sync_that_can_open_no_log_is_told_by_the_next_hook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    repo = Repo.init(tmp_path / "r")
    state = Clone(repo.path / ".git").state
    state.path.mkdir()
    state.log.touch()
    CliRunner().invoke(background, ["--state", str(state.path)], catch_exceptions=False)
    assert f"Cannot write {state.log}" in state.notice_file.read_text()
