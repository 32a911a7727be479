"""What of the settings a check goes by, and what it remembers of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kanban_sync import config
from kanban_sync.check.settings import REMEMBERED, Settings, settings_of
from kanban_sync.check.task_files import Place
from kanban_sync.core.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

NAME = ".kanban-sync.yaml"
EACH = """\
planka: {project: Bücher}
sources:
  tasks: ['PLAN.md', "docs/**"]
  openspec: []
  roadmap: [plan.yaml]
  mission: [m.json]
  exclude: [old]
  dialects: {b.md: plain, a.md: table}
limits: {tasks: 7, depth: 3}
check: {unknown-status: 'off', duplicate-id: warning}
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "state").mkdir()
    return Place(str(tmp_path), str(tmp_path / "state"))


def write(place: Place, text: str) -> Settings:
    """Write a settings file, and return what it says."""
    with open(f"{place.top}/{NAME}", "wb") as file:  # noqa: PTH123 - as Place has it
        file.write(text.encode())
    said = config.parse(text.encode(), NAME)
    return Settings(said.sources, said.check)


@pytest.mark.parametrize("text", [EACH, f"\ufeff{EACH}", "sources: {tasks: [a]}", "check: {}"])
def test_what_is_remembered_is_what_the_file_says(
    place: Place, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    said = write(place, text)
    assert settings_of(place) == said
    monkeypatch.delattr(config, "parse")
    assert settings_of(place) == said


def test_each_change_of_the_file_and_of_the_program_is_read(place: Place) -> None:
    write(place, EACH)
    settings_of(place)
    other = write(place, EACH.replace("PLAN.md", "PLAY.md"))
    assert settings_of(place) == other
    with open(f"{place.state}/{REMEMBERED}", "r+") as file:  # noqa: PTH123 - as Place has it
        kept = json.load(file)
        file.seek(0)
        json.dump({**kept, "mark": "another", "check": {"unknown-status": "error"}}, file)
    assert settings_of(place) == other


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"mark": 1}', "\x00"])
def test_what_cannot_be_read_is_not_remembered(place: Place, kept: str) -> None:
    said = write(place, EACH)
    with open(f"{place.state}/{REMEMBERED}", "w") as file:  # noqa: PTH123 - as Place has it
        file.write(kept)
    assert settings_of(place) == said


def test_problems_are_told_each_time(place: Place) -> None:
    with open(f"{place.top}/{NAME}", "w") as file:  # noqa: PTH123 - as Place has it
        file.write("check: {nothing: off}\n")
    for _ in range(2):
        with pytest.raises(SettingsError, match=r"\.kanban-sync\.yaml:1"):
            settings_of(place)


def test_without_a_state_folder_none_is_made(tmp_path: Path) -> None:
    place = Place(str(tmp_path), str(tmp_path / "state"))
    said = write(place, EACH)
    assert settings_of(place) == said
    assert [each.name for each in tmp_path.iterdir()] == [NAME]
