"""``kanban-sync files set``, ``add`` and ``remove``, run as people and agents run them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from cli.program import CHANGE, CHANGE_FILE, PROGRAM, TASKS, run_program
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{"TASKS.md": TASKS, CHANGE_FILE: CHANGE})
    return repo


def changed(repo: Repo) -> list[str]:
    """Return the lines that differ from the last commit."""
    lines = repo.git("diff", "--unified=0").splitlines()
    return [line for line in lines if line[:1] in "-+" and line[:3] not in {"---", "+++"}]


def test_a_task_is_claimed_and_said_with_its_line(repo: Repo) -> None:
    call = ("files", "set", "tasks-md:rotate-keys", "--assignee", "@ada")
    answer = run_program(*call, folder=repo.path)

    assert answer.out == "TASKS.md:5: changed tasks-md:rotate-keys  in_progress  ada\n"
    assert changed(repo) == ["-- [ ] Rotate the keys", "+- [ ] Rotate the keys (@ada)"]
    assert run_program(*call, folder=repo.path).out.startswith("TASKS.md:5: unchanged ")
    run_program("files", "set", "rotate-keys", "--unassign", folder=repo.path)
    assert changed(repo) == []


def test_an_edit_is_told_as_json(repo: Repo) -> None:
    call = ("files", "set", "add-search#1.2", "--status", "done", "--json")
    assert run_program(*call, folder=repo.path).data == {
        "key": "openspec:add-search#1.2",
        "path": CHANGE_FILE,
        "line": 3,
        "change": "changed",
        "title": "1.2 Use it",
        "status": "done",
        "assignee": "",
    }


def test_tasks_are_added_and_removed_from_any_folder(repo: Repo) -> None:
    folder = (repo.path / CHANGE_FILE).parent
    said = run_program("files", "add", "tasks.md", "1.3 Measure it", folder=folder).out
    assert said.startswith(f"{CHANGE_FILE}:4: added openspec:")
    named = ("--id", "paint", "--under", "P1")
    said = run_program("files", "add", "TASKS.md", "Paint", *named, folder=folder).out
    assert said == "TASKS.md:7: added tasks-md:paint  todo\n"
    assert changed(repo) == ["+- [ ] Paint", "+  - **ID**: paint", "+- [ ] 1.3 Measure it"]

    said = run_program("files", "remove", "paint", folder=folder).out
    assert said == "TASKS.md:7: removed tasks-md:paint\n"
    assert changed(repo) == ["+- [ ] 1.3 Measure it"]


def test_files_are_named_from_the_folder_one_is_in_and_else_from_the_top(repo: Repo) -> None:
    repo.commit(**{"pkg/TASKS.md": "- [ ] K-1: pack\n"})
    for name, told in (
        ("TASKS.md:1", "pkg/TASKS.md:1"),
        ("../TASKS.md:5", "TASKS.md:5"),
        ("pkg/TASKS.md:1", "pkg/TASKS.md:1"),
        (f"{CHANGE_FILE}:3", f"{CHANGE_FILE}:3"),
    ):
        call = ("files", "set", name, "--status", "done")
        said = run_program(*call, folder=repo.path / "pkg").out
        assert said.startswith(f"{told}: "), said


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("set", "rotate-keys"), "Nothing to set"),
        (("set", "rotate-keys", "--assignee", "a", "--unassign"), "not both"),
        (("set", "rotate-keys", "--assignee", ""), "Give a name"),
        (("set", "rotate-keys", "--status", "orphaned"), "is not one of"),
        (("set", "rotate-keys", "--status", "review"), "TASKS.md:5: TASKS.md v1.0 has no way"),
        (("set", "nothing", "--status", "done"), "no task file of this work tree holds nothing"),
        (("remove", "add-search#1.1"), "OpenSpec has boxes to tick"),
        (("add", "../TASKS.md", "a"), "../TASKS.md: "),
        (("add", "notes.md", "a"), "notes.md: is no task file"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_ends_with_1(
    repo: Repo, call: tuple[str, ...], words: str
) -> None:
    answer = run_program("files", *call, folder=repo.path)
    assert answer.code == 1
    assert words in answer.err
    assert answer.out == ""
    assert changed(repo) == []


def test_of_many_edits_at_once_none_is_lost(repo: Repo) -> None:
    count = 8
    repo.commit("Many", **{CHANGE_FILE: "".join(f"- [ ] 1.{n} Do\n" for n in range(count))})
    processes = [
        subprocess.Popen(
            [*PROGRAM, "files", "set", f"{CHANGE_FILE}:{line}", "--status", "done"],
            cwd=repo.path,
            stdout=subprocess.DEVNULL,
        )
        for line in range(1, count + 1)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0] * count
    assert (repo.path / CHANGE_FILE).read_text().count("- [x]") == count
