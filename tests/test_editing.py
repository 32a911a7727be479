"""Tasks are found in a work tree by their keys, and edited where they stand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kanban_sync.app import Clone
from kanban_sync.core.edits import AddTask
from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Status
from kanban_sync.core.ports import DEFAULTS
from kanban_sync.editing import ATTEMPTS, Editor
from kanban_sync.sources import SOURCES
from kanban_sync.work_tree import WorkTree
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "TASKS.md": "# Tasks\n\n- [ ] Buy a kettle\n- [ ] Mend the tap\n  - [ ] Turn it off\n",
    "api/TASKS.md": "## P1\n\n- [ ] Rotate the keys\n  - **ID**: rotate\n",
    "web/TASKS.md": "## P1\n\n- [ ] Rotate the cups\n  - **ID**: rotate\n",
    "openspec/changes/add-search/proposal.md": "## Why\n\nSomebody asked.\n",
    "openspec/changes/add-search/tasks.md": "## 1. Index\n- [ ] 1.1 Build it\n- [ ] 1.2 Use it\n",
    "openspec/changes/archive/2026-01-01-old/tasks.md": "- [ ] 1.1 Old\n",
}
SEARCH = "openspec/changes/add-search/tasks.md"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    # Opening a clone drops it, and it has to be there again for the next test.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    repo = Repo.init(tmp_path / "repo")
    repo.commit("Begin", **FILES)
    return repo


def editor(repo: Repo) -> Editor:
    return Clone.at(repo.path).editor()


def text(repo: Repo, path: str) -> str:
    return (repo.path / path).read_text()


@pytest.mark.parametrize(
    ("key", "path", "old"),
    [
        ("TASKS.md:3", "TASKS.md", "- [ ] Buy"),
        ("TASKS.md:5", "TASKS.md", "  - [ ] Turn"),
        ("openspec:add-search#1.2", SEARCH, "- [ ] 1.2"),
        ("add-search#1.1", SEARCH, "- [ ] 1.1"),
        (f"{SEARCH}:2", SEARCH, "- [ ] 1.1"),
    ],
)
def test_a_task_goes_by_its_key_its_name_or_its_line(
    repo: Repo, key: str, path: str, old: str
) -> None:
    said = editor(repo).set(key, Status.DONE)

    assert text(repo, path) == FILES[path].replace(old, old.replace("[ ]", "[x]"))
    assert (said.path, said.change, said.status) == (path, "changed", "done")
    others = [each for each in FILES if each != path]
    assert [text(repo, each) for each in others] == [FILES[each] for each in others]


def test_a_synced_task_keeps_its_key_when_it_is_reworded_in_the_work_tree(repo: Repo) -> None:
    clone = Clone.at(repo.path)
    clone.state.make()
    clone.refresh()
    [key] = [str(task.key) for task in clone.tasks() if task.title == "Mend the tap"]
    repo.write("TASKS.md", "# Tasks\n\n- [ ] Mend the old tap\n- [ ] Buy a kettle\n")

    said = editor(repo).set(key, Status.DONE)

    assert said.key == key
    assert (said.line, said.title) == (3, "Mend the old tap")
    assert text(repo, "TASKS.md") == "# Tasks\n\n- [x] Mend the old tap\n- [ ] Buy a kettle\n"


@pytest.mark.parametrize("branches", ["default-only", "live"])
def test_a_task_reworded_on_a_branch_is_found_there_once_others_have_taken_it_out(
    repo: Repo, tmp_path: Path, branches: str
) -> None:
    done, path = FILES["api/TASKS.md"], "api/TASKS.md"
    begun = f"{done}\n## P2\n\n- [ ] Mend the tap\n"
    git = f"git: {{default_branch: main, branches: {branches}}}\n"
    repo.commit("Begin", **{".kanban-sync.yaml": git, path: begun})
    clone, side = Clone.at(repo.path), Repo(tmp_path / "side")
    clone.state.make()
    clone.refresh()
    [key] = [str(task.key) for task in clone.tasks() if task.path == path and task.line > 5]
    repo.git("worktree", "add", "--quiet", "-b", "side", str(side.path))
    side.commit("Reword", **{path: begun.replace("Mend", "Mend right now")})
    for later in (begun.replace("tap", "tap in the kitchen"), done):
        repo.commit("Go on", **{path: later})
        clone.refresh()

    said = editor(side).set(key, Status.DONE)

    assert (said.key, said.title, said.change) == (key, "Mend right now the tap", "removed")
    assert text(side, path) == begun.replace("- [ ] Mend the tap\n", "")


def test_an_id_in_two_files_is_the_first_ones_and_goes_by_its_path_in_the_other(repo: Repo) -> None:
    assert editor(repo).set("rotate", assignee="@ada").path == "api/TASKS.md"
    said = editor(repo).set("tasks-md:web/TASKS.md/rotate", Status.DONE)

    assert (said.path, said.change, said.status) == ("web/TASKS.md", "removed", "done")
    assert text(repo, "web/TASKS.md") == "## P1\n\n"
    assert "(@ada)" in text(repo, "api/TASKS.md")


def test_status_and_assignee_are_written_at_once_or_not_at_all(repo: Repo) -> None:
    said = editor(repo).set("rotate", Status.IN_PROGRESS, "ada")
    assert (said.status, said.assignee) == ("in_progress", "ada")
    assert editor(repo).set("rotate", Status.TODO, "").change == "changed"
    assert text(repo, "api/TASKS.md") == FILES["api/TASKS.md"]

    with pytest.raises(EditError, match="no way to say review"):
        editor(repo).set("rotate", Status.REVIEW, "ada")
    assert text(repo, "api/TASKS.md") == FILES["api/TASKS.md"]


def test_what_is_so_already_is_not_written(repo: Repo) -> None:
    file = repo.path / "TASKS.md"
    before = file.stat()
    said = editor(repo).set("TASKS.md:3", Status.TODO, "")
    assert said.change == "unchanged"
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_task_is_added_also_to_a_file_that_is_not_committed(repo: Repo) -> None:
    said = editor(repo).add("TASKS.md", AddTask("Paint the door"))
    assert (said.line, said.change, said.title) == (6, "added", "Paint the door")
    assert editor(repo).set(said.key, Status.DONE).line == 6

    repo.write("new/TASKS.md", "")
    assert editor(repo).add("new/TASKS.md", AddTask("First")).line == 1
    assert editor(repo).set("new/TASKS.md:1", Status.DONE).change == "changed"


def test_a_completed_task_is_removed(repo: Repo) -> None:
    assert editor(repo).remove("rotate").change == "removed"
    assert text(repo, "api/TASKS.md") == "## P1\n\n"


def test_an_id_that_is_unique_in_the_work_tree_names_its_task(repo: Repo) -> None:
    table = "| id | status | title |\n|-|-|-|\n| P8-003 | todo | One |\n"
    repo.write("docs/TASKS.md", table)
    with pytest.raises(EditError, match=r"close to it: tasks-md:docs/TASKS\.md/P8-003$"):
        editor(repo).set("P8-03", Status.DONE)
    assert editor(repo).set("P8-003", Status.DONE).key == "tasks-md:docs/TASKS.md/P8-003"
    repo.write("a/TASKS.md", table)
    with pytest.raises(EditError, match="P8-003 stands for several tasks"):
        editor(repo).set("P8-003", Status.DONE)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("rotat", "holds rotat; close to it: tasks-md:rotate"),
        ("nothing-like-it", "a task's 'path:line' names it"),
        ("add-search", "add-search is a change, whose status follows from its boxes"),
        ("old#1.1", "no task file of this work tree holds old#1.1"),
    ],
)
def test_a_key_that_stands_for_no_task_is_explained(repo: Repo, key: str, words: str) -> None:
    with pytest.raises(EditError, match=words):
        editor(repo).set(key, Status.DONE)


def test_a_file_that_cannot_be_read_is_named_where_a_key_is_not_found(repo: Repo) -> None:
    repo.write("TASKS.md", "<<<<<<< HEAD\n- [ ] Buy a kettle\n")
    with pytest.raises(EditError, match=r"(?s)holds kettle.*TASKS.md:1: a merge conflict"):
        editor(repo).set("kettle", Status.DONE)
    assert editor(repo).set("rotate", assignee="ada").change == "changed"


@pytest.mark.parametrize(("path", "words"), [("notes.md", "is no task file"), ("a/TASKS.md", "No")])
def test_tasks_are_added_to_task_files_only(repo: Repo, path: str, words: str) -> None:
    repo.write("notes.md", "notes")
    with pytest.raises(EditError, match=words):
        editor(repo).add(path, AddTask("x"))


class Busy(WorkTree):
    """A work tree into which somebody else writes just before we would, some times."""

    def __init__(self, top: Path, times: int) -> None:
        super().__init__(top, top / ".git")
        self.top = top
        self.times = times

    def replace(self, path: str, before: bytes, after: bytes) -> bool:
        if self.times:
            self.times -= 1
            file = self.top / path
            file.write_bytes(b"- [ ] More\n" + file.read_bytes())
        return super().replace(path, before, after)


def busy(repo: Repo, times: int) -> Editor:
    lock = repo.path / ".git" / "kanban-sync" / "edits.flk"
    tree = Busy(repo.path, times)
    return Editor(tree, ["TASKS.md"], SOURCES, DEFAULTS, "p", {}, lock, lambda *_: None)


def test_an_edit_is_made_anew_on_what_somebody_else_wrote_meanwhile(repo: Repo) -> None:
    said = busy(repo, ATTEMPTS - 1).set("TASKS.md:4", Status.DONE)
    more = "- [ ] More\n" * (ATTEMPTS - 1)
    assert said.line == 4 + ATTEMPTS - 1
    assert text(repo, "TASKS.md") == more + FILES["TASKS.md"].replace("[ ] Mend", "[x] Mend")


def test_an_edit_gives_way_to_somebody_who_writes_again_and_again(repo: Repo) -> None:
    with pytest.raises(EditError, match="again and again"):
        busy(repo, ATTEMPTS).set("TASKS.md:4", Status.DONE)
    assert "[x]" not in text(repo, "TASKS.md")
