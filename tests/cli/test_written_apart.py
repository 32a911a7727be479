"""What commands wrote into files while the database was away, and came to be in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.program import run_program
from postgres.door import Door
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.program import Answer

SETTINGS = "project_id: written\n"
GROUPS = "# Tasks\n\n## P1\n\n- [ ] Rotate keys\n  - **ID**: S7\n\n- [ ] Rest\n  - **ID**: S8\n"
BOXES = "## 1. Keys\n\n- [ ] 1.1 Rotate\n- [ ] 1.2 Rest\n"
IN_BOXES = "openspec/changes/keys/tasks.md"
FILES = {"TASKS.md": GROUPS, IN_BOXES: BOXES}
KEYS = ("S7", "openspec:keys#1.1")


@pytest.fixture
def door(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The way to the database that both clones have named."""
    with Door(postgres_url) as door:
        monkeypatch.setenv("KANBAN_SYNC_DATABASE_URL", door.url)
        yield door


def program(repo: Repo, *words: str) -> Answer:
    answer = run_program(*words, folder=repo.path)
    assert answer.code == 0, answer.err
    return answer


def clones(folder: Path, **files: str) -> tuple[Repo, Repo]:
    first = Repo.init(folder / "first")
    first.commit(**{".kanban-sync.yaml": SETTINGS} | files)
    first.git("clone", "-q", str(first.path), str(folder / "second"))
    second = Repo(folder / "second")
    for each in (first, second):
        program(each, "sync")
    return first, second


def test_it_is_taken_out_and_what_a_person_wrote_stays(door: Door, tmp_path: Path) -> None:
    first, second = clones(tmp_path, **FILES)
    door.shut()
    for key in KEYS:
        program(first, "task", "claim", key, "--agent", "ada")
        program(first, "task", "done", key, "--agent", "ada")
        program(second, "task", "claim", key, "--agent", "bob")
    door.open()
    program(second, "task", "list")
    mine = "\nA word of a person.\n"
    for path, text in FILES.items():
        file = first.path / path
        assert file.read_text() != text
        file.write_text(file.read_text() + mine)
    told = program(first, "task", "list").err
    assert "does not count, since others" in told
    for path, text in FILES.items():
        assert f"{path} says of " in told
        assert (first.path / path).read_text() == text + mine
    # What is written by hand from now on is a person's, whatever it says.
    by_hand = BOXES.replace("- [ ] 1.1", "- [x] 1.1")
    first.write(IN_BOXES, by_hand)
    assert program(first, "task", "list").err == ""
    assert (first.path / IN_BOXES).read_text() == by_hand


def test_a_watcher_takes_it_out_before_it_reads(door: Door, tmp_path: Path) -> None:
    text = GROUPS.replace("S7", "W7")
    first, second = clones(tmp_path, **{"TASKS.md": text})
    door.shut()
    program(first, "task", "claim", "W7", "--agent", "ada")
    program(first, "task", "done", "W7", "--agent", "ada")
    program(second, "task", "claim", "W7", "--agent", "bob")
    door.open()
    program(second, "task", "release", "W7", "--agent", "bob")
    told = program(first, "watch", "--once").out
    assert program(second, "task", "show", "W7", "--json").data["status"] == "todo"
    assert "TASKS.md says of tasks-md:W7 again" in told
    assert (first.path / "TASKS.md").read_text() == text


def test_a_task_that_was_added_in_vain_is_taken_out(door: Door, tmp_path: Path) -> None:
    adds = f"{SETTINGS}sources: {{add_to: TASKS.md}}\n"
    text = GROUPS.replace("S7", "A7")
    first, second = clones(tmp_path, **{".kanban-sync.yaml": adds, "TASKS.md": text})
    door.shut()
    for each, title in ((first, "Ada's own"), (second, "Bob's own")):
        program(each, "task", "add", title, "--id", "A9")
    door.open()
    assert program(second, "task", "list").err == ""
    told = program(first, "task", "list").err
    assert 'TASKS.md holds tasks-md:A9 ("Ada\'s own") no more' in told
    assert (first.path / "TASKS.md").read_text() == text
    assert "Bob's own" in (second.path / "TASKS.md").read_text()
