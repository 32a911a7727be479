"""Which settings hold: what is no file is none, and what served last is kept."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kanban_sync.config import Settings, parse
from kanban_sync.core.errors import SettingsError
from kanban_sync.git import GitRepository
from kanban_sync.sync.settings import note_used, of_commit, of_work_tree, record, used
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo
from test_config import FULL

if TYPE_CHECKING:
    from pathlib import Path

NAME = ".kanban-sync.yaml"


@pytest.mark.parametrize("kind", ["a link", "a dead link", "a folder"])
def test_a_settings_file_that_is_no_file_is_a_problem(tmp_path: Path, kind: str) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.write("other.yaml", "project_id: a\n")
    if kind == "a folder":
        repo.write(f"{NAME}/a", "a")
    else:
        (repo.path / NAME).symlink_to("other.yaml" if kind == "a link" else "nowhere")
    repo.commit()
    with pytest.raises(SettingsError, match=f"{NAME}:1: is a link or a folder"):
        of_work_tree(repo.path, Settings())
    with (
        closing(GitRepository(repo.path / ".git")) as repository,
        pytest.raises(SettingsError, match=f"{NAME}:1: is a link or a folder"),
    ):
        of_commit(repository, Settings())


def test_the_settings_that_served_last_are_kept_as_they_were(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "kanban-sync")
    state.make()
    assert used(state) is None
    record(state, Settings(project_id="a"))
    assert used(state) == Settings(project_id="a")
    settings = parse(FULL, "f")
    note_used(state, settings)
    assert used(state) == settings
    before = (state.path / "settings-used.json").stat()
    note_used(state, settings)
    assert (state.path / "settings-used.json").stat().st_ino == before.st_ino
