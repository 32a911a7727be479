"""Which clones of a project a user has on a machine: noted by each sync, and forgotten."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from kanban_sync.sync.neighbours import DAY, FORGOTTEN_AFTER, Neighbour, neighbours, note

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which clones are noted."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/kanban-sync/clones"


def state(folder: Path, name: str) -> Path:
    """Make the state folder of a clone."""
    path = folder / name
    path.mkdir()
    (path / "clone").write_text("0123456789abcdef\n")
    return path


def age(register: Path, seconds: float) -> None:
    then = time.time() - seconds
    for file in register.iterdir():
        os.utime(file, (then, then))


def times(register: Path) -> list[int]:
    return [file.stat().st_mtime_ns for file in register.iterdir()]


@pytest.mark.usefixtures("register")
def test_clones_of_one_project_know_of_one_another_and_of_no_other_ones(tmp_path: Path) -> None:
    one, two, other = (state(tmp_path, name) for name in ("one", "tŵo\n2", "other"))
    for project, path in (("p1", one), ("p1", two), ("p2", other)):
        note(project, path, f"{path}/tasks.db")
    assert neighbours("p1", one) == [Neighbour(str(two), f"{two}/tasks.db")]
    assert neighbours("p1", two) == [Neighbour(str(one), f"{one}/tasks.db")]
    assert neighbours("p2", other) == []
    note("p1", two, "sqlite:///shared.db")
    assert neighbours("p1", one) == [Neighbour(str(two), "sqlite:///shared.db")]


def test_what_is_noted_already_is_not_written_again_on_the_same_day(
    register: Path, tmp_path: Path
) -> None:
    one = state(tmp_path, "one")
    note("p1", one, "d")
    age(register, DAY / 2)
    before = times(register)
    note("p1", one, "d")
    assert times(register) == before
    age(register, DAY * 2)
    note("p1", one, "d")
    assert times(register) != before
    assert len(times(register)) == 1


def test_a_clone_that_is_gone_or_has_long_not_synced_is_forgotten(
    register: Path, tmp_path: Path
) -> None:
    one, two = state(tmp_path, "one"), state(tmp_path, "two")
    note("p1", one, "d")
    age(register, FORGOTTEN_AFTER + 60)
    note("p1", two, "d")
    assert neighbours("p1", state(tmp_path, "three")) == [Neighbour(str(two), "d")]
    assert len(times(register)) == 1
    (two / "clone").unlink()
    assert neighbours("p1", one) == []
    assert times(register) == []


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', '["a", "b", "c"]'])
def test_a_note_that_cannot_be_read_is_dropped(register: Path, tmp_path: Path, text: str) -> None:
    one, two = state(tmp_path, "one"), state(tmp_path, "two")
    note("p1", one, "d")
    [file] = register.iterdir()
    file.write_text(text)
    assert neighbours("p1", two) == []
    note("p1", one, "d")
    assert neighbours("p1", two) == [Neighbour(str(one), "d")]


@pytest.mark.usefixtures("register")
def test_where_nothing_can_be_noted_a_sync_goes_on(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    one = state(tmp_path, "one")
    note("p1", one, "d")
    assert neighbours("p1", one) == []


@pytest.mark.usefixtures("homeless")
def test_without_a_home_nothing_is_noted(tmp_path: Path) -> None:
    note("p1", state(tmp_path, "one"), "d")
    assert neighbours("p1", state(tmp_path, "two")) == []
