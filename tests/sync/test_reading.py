"""What the files say now: real git, the real sources, and a database in memory."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.dependencies import Named, edges
from kanban_sync.core.errors import OutOfReachError
from kanban_sync.core.model import UNKNOWN, Status, TaskKey
from kanban_sync.core.ports import Gone, SourceSettings
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.reading import read_files
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kanban_sync.core.model import Problem, Task
    from kanban_sync.sync.outcome import Reading

PROJECT = "p1"

V1 = """\
# Tasks

## P0

- [ ] Fix the login
  - **ID**: fix-login
  - [ ] write a test
  - [ ] mend it

## P1

- [ ] Add a page
  - **ID**: add-page
"""


@dataclass
class Clone:
    """A repository, its database, and how often contents were asked for."""

    repo: Repo
    store: MemoryStore = field(default_factory=lambda: MemoryStore(PROJECT))
    settings: SourceSettings = field(default_factory=SourceSettings)
    with_archive: bool = False
    reads_current: bool = False
    asked: int = 0

    def read(self) -> Reading | None:
        git_dir = self.repo.path / ".git"
        git = GitRepository(git_dir, current=git_dir if self.reads_current else None)
        self.asked = 0
        clone = self

        class Counting:
            def content(self, name: str) -> bytes:
                clone.asked += 1
                return git.content(name)

        try:
            reading = read_files(
                git,
                Counting(),
                SOURCES,
                self.settings,
                PROJECT,
                self.store.tasks,
                self.store.files(),
                with_archive=self.with_archive,
            )
        finally:
            git.close()
        if reading is not None and reading.is_new:
            gone = {task.key: Gone(task.status, task.status_version) for task in reading.gone}
            self.store.merge(reading.tasks, gone, reading.files, 0.0)
        return reading

    def task(self, key: str) -> Task:
        source, _, name = key.partition(":")
        return next(
            task for task in self.store.tasks() if task.key == TaskKey(PROJECT, source, name)
        )

    def statuses(self) -> dict[str, str]:
        return {str(task.key): task.status.value for task in self.store.tasks()}

    def facts(self) -> list[tuple[object, ...]]:
        return sorted(
            (task.key, task.title, task.status, task.text_version, task.status_version)
            for task in self.store.tasks()
            if not task.status.is_over
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(Repo.init(tmp_path / "r"))


def change(*lines: str) -> str:
    return "\n".join(["## 1. Do it", *lines, ""])


def test_before_the_first_commit_nothing_is_said(clone: Clone) -> None:
    assert clone.read() is None


def test_changes_and_tasks_are_read_with_what_is_below_them(clone: Clone) -> None:
    clone.repo.commit(
        **{
            "TASKS.md": V1,
            "openspec/changes/add-x/tasks.md": change("- [x] 1.1 one", "- [ ] 1.2 two"),
            "openspec/changes/add-x/proposal.md": "## Why\n\nBecause of it.\n",
        }
    )
    clone.read()
    assert clone.statuses() == {
        "openspec:add-x": "in_progress",
        "openspec:add-x#1.1": "done",
        "openspec:add-x#1.2": "todo",
        "tasks-md:fix-login": "todo",
        **{
            str(task.key): "todo"
            for task in clone.store.tasks()
            if task.parent == TaskKey(PROJECT, "tasks-md", "fix-login")
        },
        "tasks-md:add-page": "todo",
    }
    assert "Because of it." in clone.task("openspec:add-x").body


def test_nothing_is_read_while_the_branch_has_not_moved(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    reading = clone.read()
    assert reading is not None
    assert not reading.is_new
    assert clone.asked == 0


def test_only_the_file_that_changed_is_read_again(clone: Clone) -> None:
    files = {f"openspec/changes/c{n}/tasks.md": change("- [ ] 1.1 a") for n in range(20)}
    clone.repo.commit(**files)
    clone.read()
    clone.repo.commit(**{"openspec/changes/c7/tasks.md": change("- [x] 1.1 a")})
    clone.read()
    assert clone.asked == 1
    assert clone.task("openspec:c7").status is Status.REVIEW


def test_a_commit_of_other_files_reads_none(clone: Clone) -> None:
    clone.repo.commit(**{"openspec/changes/x/tasks.md": change("- [ ] 1.1 a")})
    clone.read()
    clone.repo.commit(**{"code.py": "1"})
    clone.read()
    assert clone.asked == 0


def test_the_version_of_a_task_is_the_commit_that_changed_it_not_its_file(clone: Clone) -> None:
    lines = ["- [ ] 1.1 a", "- [ ] 1.2 b"]
    first = clone.repo.commit_at(1000, **{"openspec/changes/x/tasks.md": change(*lines)})
    ticked = ["- [ ] 1.1 a", "- [x] 1.2 b"]
    second = clone.repo.commit_at(2000, **{"openspec/changes/x/tasks.md": change(*ticked)})
    clone.read()
    one, two = clone.task("openspec:x#1.1"), clone.task("openspec:x#1.2")
    assert one.status_version == one.text_version == (1000, first[:12])
    assert two.status_version == (2000, second[:12])
    assert two.text_version == (1000, first[:12])


def test_a_commit_with_an_older_clock_still_counts_as_later(clone: Clone) -> None:
    clone.repo.commit_at(5000, **{"openspec/changes/x/tasks.md": change("- [ ] 1.1 a")})
    second = clone.repo.commit_at(1000, **{"openspec/changes/x/tasks.md": change("- [x] 1.1 a")})
    clone.read()
    assert clone.task("openspec:x#1.1").status_version == (5001, second[:12])


def test_a_reworded_moved_or_unticked_task_stays_the_same_task(clone: Clone) -> None:
    path = "openspec/changes/x/tasks.md"
    clone.repo.commit(**{path: change("- [x] 1.1 write the parser", "- [ ] 1.2 test it")})
    clone.read()
    before = {task.key for task in clone.store.tasks()}
    clone.repo.commit(
        **{path: change("- [ ] 1.2 test it", "- [ ] 1.1 write the parser and its docs")}
    )
    clone.read()
    assert {task.key for task in clone.store.tasks()} == before
    assert clone.task("openspec:x#1.1").title == "1.1 write the parser and its docs"


def test_a_number_that_is_given_to_another_task_makes_a_new_one(clone: Clone) -> None:
    path = "openspec/changes/x/tasks.md"
    clone.repo.commit(**{path: change("- [ ] 1.1 write the parser")})
    clone.read()
    clone.repo.commit(**{path: change("- [ ] 1.1 buy a house in Spain")})
    clone.read()
    assert clone.task("openspec:x#1.1").status is Status.ORPHANED
    assert clone.task("openspec:x#1.1~2").status is Status.TODO


def test_a_change_that_is_archived_is_done_and_says_so(clone: Clone) -> None:
    path = "openspec/changes/x/tasks.md"
    clone.repo.commit(**{path: change("- [x] 1.1 a")})
    clone.read()
    (clone.repo.path / "openspec/changes/archive").mkdir()
    clone.repo.git("mv", "openspec/changes/x", "openspec/changes/archive/2026-01-02-x")
    moved = clone.repo.commit_at(9_000_000_000)
    clone.read()
    task = clone.task("openspec:x")
    assert (task.status, task.word) == (Status.DONE, "archived")
    assert task.status_version == (9_000_000_000, moved[:12])
    assert clone.task("openspec:x#1.1").text_version != (9_000_000_000, moved[:12])


def test_changes_archived_before_the_first_pass_are_none_of_our_tasks(clone: Clone) -> None:
    clone.repo.commit(
        **{
            "openspec/changes/archive/2025-01-01-old/tasks.md": change("- [x] 1.1 a"),
            "openspec/changes/x/tasks.md": change("- [ ] 1.1 a"),
        }
    )
    clone.read()
    clone.repo.commit(**{"openspec/changes/x/tasks.md": change("- [x] 1.1 a")})
    clone.read()
    assert set(clone.statuses()) == {"openspec:x", "openspec:x#1.1"}


def test_changes_archived_before_the_first_pass_become_tasks_if_asked_for(clone: Clone) -> None:
    clone.with_archive = True
    clone.repo.commit(**{"openspec/changes/archive/2025-01-01-old/tasks.md": change("- [x] 1.1 a")})
    clone.read()
    assert clone.task("openspec:old").status is Status.DONE


def test_a_change_that_appears_already_archived_after_the_first_pass_is_done(
    clone: Clone,
) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"openspec/changes/archive/2026-01-02-new/tasks.md": change("- [x] 1.1 a")})
    clone.read()
    assert clone.task("openspec:new").status is Status.DONE


def test_a_change_that_is_deleted_is_orphaned_not_done(clone: Clone) -> None:
    clone.repo.commit(**{"openspec/changes/x/tasks.md": change("- [x] 1.1 a"), "TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"openspec/changes/x/tasks.md": None})
    clone.read()
    assert clone.task("openspec:x").status is Status.ORPHANED


def test_a_change_that_comes_back_is_the_same_task_again(clone: Clone) -> None:
    path = "openspec/changes/x/tasks.md"
    text = change("- [ ] 1.1 a", "- [ ] read the paper")
    clone.repo.commit(**{path: text})
    clone.read()
    keys = {task.key for task in clone.store.tasks()}
    clone.repo.commit(**{path: None})
    clone.read()
    clone.repo.commit(**{path: text})
    clone.read()
    assert {task.key for task in clone.store.tasks()} == keys
    assert clone.task("openspec:x").status is Status.IN_PROGRESS


def test_a_block_removed_in_the_v1_dialect_was_completed(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"TASKS.md": V1[: V1.index("- [ ] Fix")] + V1[V1.index("## P1") :]})
    clone.read()
    assert clone.task("tasks-md:fix-login").status is Status.DONE
    children = [
        task.status
        for task in clone.store.tasks()
        if task.parent == TaskKey(PROJECT, "tasks-md", "fix-login")
    ]
    assert children == [Status.TODO, Status.TODO]


@pytest.mark.parametrize(
    "broken",
    [
        V1.replace("- [ ] Fix", "- Fix"),
        V1.replace("- [ ] Fix", r"- \[ \] Fix"),
        V1.replace("## P0\n\n", "## P0\n\n```\n").replace("## P1", "```\n## P1"),
        V1.replace("- [ ] Fix", "<!-- parked\n- [ ] Fix").replace("## P1", "-->\n\n## P1"),
        f"<!--\n{V1}-->\n",
    ],
    ids=["no box", "escaped", "code", "comment", "all in a comment"],
)
@pytest.mark.parametrize("in_between", [True, False], ids=["each is synced", "synced at the end"])
def test_a_v1_task_whose_id_still_stands_in_its_file_was_not_completed(
    clone: Clone, broken: str, *, in_between: bool
) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    before = clone.task("tasks-md:fix-login")
    clone.repo.commit(**{"TASKS.md": broken})
    clone.read()
    assert clone.task("tasks-md:fix-login") == before
    clone.repo.commit(**{"TASKS.md": V1})
    if in_between:
        clone.read()
        assert clone.task("tasks-md:fix-login").status is Status.TODO
    rest = "# Tasks\n\n## P1\n\n- [ ] Add a page\n  - **ID**: add-page\n"
    clone.repo.commit(**{"TASKS.md": rest})
    clone.read()
    assert clone.task("tasks-md:fix-login").status is Status.DONE


NAMELESS = (
    "# Tasks\n\n## P0\n\n- [ ] Fix  the login (@ada)\n- [ ] Add a page\n  - **ID**: add-page\n"
)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("-[ ] Fix  the login (@ada)", Status.TODO),
        (r"- \[ \] Fix the login", Status.TODO),
        ("```\n- [ ] Fix the login\n```", Status.TODO),
        ("-[x] Fix the login", Status.DONE),
        ("- Fix the login", Status.DONE),
        ("✅ [ ] Fix the login", Status.DONE),
        ("", Status.DONE),
    ],
)
def test_a_v1_task_without_an_id_was_not_completed_by_a_box_that_broke(
    clone: Clone, line: str, status: Status
) -> None:
    clone.repo.commit(**{"TASKS.md": NAMELESS})
    clone.read()
    (key,) = (
        key for key in (each.key for each in clone.store.tasks()) if "add-page" not in str(key)
    )
    before = clone.task(f"{key.source}:{key.name}").status
    clone.repo.commit(**{"TASKS.md": NAMELESS.replace("- [ ] Fix  the login (@ada)", line)})
    clone.read()
    found = clone.task(f"{key.source}:{key.name}")
    assert found.status is (before if status is Status.TODO else status)


def test_a_v1_task_without_an_id_is_completed_though_one_of_the_same_words_is_left(
    clone: Clone,
) -> None:
    clone.repo.commit(**{"TASKS.md": f"{NAMELESS}\n## P1\n\n- [ ] Fix the login\n"})
    clone.read()
    clone.repo.commit(**{"TASKS.md": NAMELESS})
    clone.read()
    assert [task.status for task in clone.store.tasks()].count(Status.DONE) == 1


def test_a_v1_task_that_was_hidden_and_is_then_removed_was_completed(clone: Clone) -> None:
    rest = "# Tasks\n\n## P1\n\n- [ ] Add a page\n  - **ID**: add-page\n"
    for text in (V1, V1.replace("- [ ] Fix", "- Fix"), rest):
        clone.repo.commit(**{"TASKS.md": text})
        clone.read()
    assert clone.task("tasks-md:fix-login").status is Status.DONE


def test_the_last_block_of_a_v1_file_was_completed_too(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"TASKS.md": "# Tasks\n"})
    clone.read()
    assert clone.task("tasks-md:fix-login").status is Status.DONE
    assert clone.task("tasks-md:add-page").status is Status.DONE


WITHOUT_HEADINGS = """\
# Tasks

- [ ] Fix the login
  - **ID**: fix-login
- [ ] A task without an id
"""


@pytest.mark.parametrize("in_between", [True, False], ids=["each is synced", "synced at the end"])
@pytest.mark.parametrize(
    "left",
    ["# Tasks\n\n- [ ] A task without an id\n", "# Tasks\n\n## Later\n"],
    ids=["a task without an id", "none"],
)
def test_the_last_id_of_a_v1_file_was_completed_though_what_is_left_is_plain(
    clone: Clone, left: str, *, in_between: bool
) -> None:
    clone.repo.commit(**{"TASKS.md": WITHOUT_HEADINGS})
    clone.read()
    clone.repo.commit(**{"TASKS.md": left})
    if in_between:
        clone.read()
    clone.repo.commit(**{"TASKS.md": f"{left}\n- [ ] Another one\n"})
    clone.read()
    assert clone.task("tasks-md:fix-login").status is Status.DONE


def test_a_task_of_a_file_that_was_v1_before_is_orphaned_as_in_any_plain_file(
    clone: Clone,
) -> None:
    clone.repo.commit(**{"TASKS.md": WITHOUT_HEADINGS})
    clone.read()
    clone.repo.commit(**{"TASKS.md": "# Tasks\n\n- [ ] A task without an id\n- [ ] two\n"})
    clone.read()
    clone.repo.commit(**{"TASKS.md": "# Tasks\n\n- [ ] two\n"})
    clone.read()
    by_title = {task.title: task.status for task in clone.store.tasks()}
    assert by_title == {
        "Fix the login": Status.DONE,
        "A task without an id": Status.ORPHANED,
        "two": Status.TODO,
    }


def test_a_task_that_loses_its_id_with_the_dialect_was_not_completed(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": WITHOUT_HEADINGS})
    clone.read()
    clone.repo.commit(**{"TASKS.md": "# Tasks\n\n- [ ] Fix the login\n- [ ] two\n"})
    clone.read()
    titles = [(t.title, t.status) for t in clone.store.tasks() if t.title == "Fix the login"]
    assert ("Fix the login", Status.TODO) in titles
    assert ("Fix the login", Status.DONE) not in titles


@pytest.mark.parametrize(
    "other",
    [
        "# Tasks\n\nWe moved to the issue tracker.\n",
        "# Shopping\n\n- [ ] milk\n- [ ] bread\n",
        "# Tasks\n\n- [ ] Fix the login\n- [ ] Add some other page\n",
        "- milk\n- bread\n",
        "<html>404</html>\n",
        f"{V1[: V1.index('- [ ] Add')]}\n| id | status |\n|---|---|\n| T-1 | open |\n",
    ],
    ids=["words", "other tasks", "no ids", "a list", "html", "a dialect besides"],
)
def test_a_file_that_is_no_v1_file_any_more_completed_nothing(clone: Clone, other: str) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"TASKS.md": other})
    clone.read()
    assert clone.task("tasks-md:add-page").status is Status.ORPHANED
    clone.repo.commit(**{"TASKS.md": V1[: V1.index("- [ ] Add")]})
    clone.read()
    assert clone.task("tasks-md:add-page").status is Status.ORPHANED


def test_a_v1_file_that_is_made_anew_without_a_task_did_not_complete_it(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"TASKS.md": None})
    clone.repo.commit(**{"TASKS.md": V1[: V1.index("- [ ] Add")]})
    clone.read()
    assert clone.task("tasks-md:add-page").status is Status.ORPHANED


WITHOUT_PAGE = {"TASKS.md": V1[: V1.index("- [ ] Add")]}


def _switch_back(repo: Repo) -> None:
    repo.git("switch", "-q", "main")


def _amend(repo: Repo) -> None:
    repo.write("TASKS.md", WITHOUT_PAGE["TASKS.md"])
    repo.git("commit", "-qa", "--amend", "--no-edit", "--allow-empty")


def _reset(repo: Repo) -> None:
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit(**{"TASKS.md": WITHOUT_PAGE["TASKS.md"].replace("mend it", "mend it well")})


@pytest.mark.parametrize("leave_out", [_switch_back, _amend, _reset])
def test_a_v1_task_that_no_commit_in_sight_removed_was_not_completed(
    clone: Clone, leave_out: Callable[[Repo], None]
) -> None:
    clone.reads_current = True
    clone.repo.commit(**WITHOUT_PAGE)
    clone.repo.git("switch", "-qc", "feat")
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    leave_out(clone.repo)
    clone.read()
    assert clone.task("tasks-md:add-page").status is Status.ORPHANED
    assert clone.task("tasks-md:fix-login").status is Status.TODO


def test_a_completed_task_that_was_opened_and_completed_again_has_the_newest_version(
    clone: Clone,
) -> None:
    clone.repo.commit_at(1000, **{"TASKS.md": V1})
    clone.read()
    clone.repo.commit_at(2000, **WITHOUT_PAGE)
    clone.read()
    first = clone.task("tasks-md:add-page")
    clone.repo.commit_at(3000, **{"TASKS.md": V1})
    last = clone.repo.commit_at(4000, **WITHOUT_PAGE)
    clone.read()
    again = clone.task("tasks-md:add-page")
    assert (first.status, again.status) == (Status.DONE, Status.DONE)
    assert first.status_version.time == 2000
    assert again.status_version == (4000, last[:12])


def test_what_is_below_a_completed_task_stays_as_it_was(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"TASKS.md": "# Tasks\n"})
    clone.read()
    below = {key: it for key, it in clone.statuses().items() if "fix-login#" in key}
    assert set(below.values()) == {"todo"}
    clone.repo.commit(**{"TASKS.md": "# Tasks\n\n## P0\n\n- [ ] Rest\n"})
    clone.read()
    assert clone.statuses().items() >= below.items()


def test_a_v1_file_that_is_gone_completed_nothing(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"TASKS.md": None})
    clone.read()
    assert clone.task("tasks-md:fix-login").status is Status.ORPHANED


def test_a_v1_task_that_moves_to_another_file_stays_the_same_task(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    rest, moved = V1.split("## P1")
    clone.repo.commit(**{"TASKS.md": rest, "docs/TASKS.md": f"# T\n\n## P1{moved}"})
    clone.read()
    assert clone.task("tasks-md:add-page").status is Status.TODO
    assert clone.task("tasks-md:add-page").path == "docs/TASKS.md"


def test_ids_of_a_plain_file_stay_when_another_file_changes(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": "# T\n\n## Phase 1\n\n- [ ] **A-1** one\n"})
    clone.read()
    before = {task.key: task.status for task in clone.store.tasks()}
    clone.repo.commit(**{"docs/TASKS.md": "- [ ] two\n"})
    clone.read()
    after = {task.key: task.status for task in clone.store.tasks() if task.title != "two"}
    assert after == before


def test_a_line_removed_elsewhere_is_orphaned_unless_it_was_over(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": "# T\n\n- [ ] one\n- [x] two\n- [ ] three\n"})
    clone.read()
    clone.repo.commit(**{"TASKS.md": "# T\n\n- [ ] three\n"})
    clone.read()
    by_title = {task.title: task.status for task in clone.store.tasks()}
    assert by_title == {
        "one": Status.ORPHANED,
        "two": Status.DONE,
        "three": Status.TODO,
    }


def test_a_finished_line_that_is_taken_out_of_a_change_is_no_longer_its_line(clone: Clone) -> None:
    file = "openspec/changes/add-x/tasks.md"
    clone.repo.commit(**{file: "- [x] one\n- [ ] two\n"})
    clone.read()
    clone.repo.commit(**{file: "- [ ] two\n"})
    clone.read()
    by_title = {task.title: task.status for task in clone.store.tasks()}
    assert by_title == {
        "add-x": Status.IN_PROGRESS,
        "one": Status.ORPHANED,
        "two": Status.TODO,
    }


def test_a_change_that_is_opened_again_does_not_show_what_was_archived(clone: Clone) -> None:
    active, archived = "openspec/changes/add-x", "openspec/changes/archive/2025-01-01-add-x"
    clone.repo.commit(**{f"{active}/tasks.md": "- [x] one\n"})
    clone.read()
    clone.repo.commit(**{f"{active}/tasks.md": None, f"{archived}/tasks.md": "- [x] one\n"})
    clone.read()
    clone.repo.commit(**{f"{active}/proposal.md": "# Why\n"})
    clone.read()
    by_title = {task.title: task.status for task in clone.store.tasks()}
    assert by_title == {"add-x": Status.PLANNING, "one": Status.ORPHANED}


@pytest.mark.parametrize(
    "broken",
    [
        "<<<<<<< HEAD\n- [x] one\n=======\n- [ ] one\n>>>>>>> b\n",
        "- [x] one\n\0\0\0",
        "",
        " \n\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
        "<!DOCTYPE html>\n<title>404</title>\n",
    ],
    ids=["conflict markers", "binary", "empty", "blank", "lfs", "web page"],
)
def test_a_file_that_cannot_be_read_keeps_its_last_good_state(clone: Clone, broken: str) -> None:
    clone.repo.commit(**{"TASKS.md": "# T\n\n- [ ] one\n- [ ] two\n"})
    clone.read()
    before = clone.statuses()
    clone.repo.commit(**{"TASKS.md": broken})
    reading = clone.read()
    assert reading is not None
    assert [problem.fatal for problem in reading.problems] == [True]
    assert clone.statuses() == before
    clone.repo.commit(**{"TASKS.md": "# T\n\n- [x] one\n- [ ] two\n"})
    clone.read()
    assert sorted(clone.statuses()) == sorted(before)
    assert sorted(clone.statuses().values()) == ["done", "todo"]


BOMB = "a: &a [" + "x, " * 5000 + "x]\nb: &b [*a, *a, *a]\ntasks:\n"


@pytest.mark.parametrize(
    ("path", "good", "broken"),
    [
        ("roadmap.yaml", "tasks:\n- id: A\n", "tasks:\n- id: A\n - id: B\n"),
        ("roadmap.yaml", "tasks:\n- id: A\n", BOMB + "- {id: A, notes: *b}\n" * 2000),
        ("roadmap.yaml", "tasks:\n- id: A\n", "title: nothing\n"),
        (".mosaic/orchestrator/mission.json", '{"milestones": [{"id": "A"}]}', '{"milestones": ['),
        ("openspec/changes/a/tasks.md", "- [ ] 1.1 a\n", "- [ ] 1.1 a\n<<<<<<< HEAD\n"),
        ("TASKS.md", "## P0\n- [ ] a\n  - **ID**: a-a\n", "- [ ] a\n" * 51_000),
        ("TASKS.md", "## P0\n- [ ] a\n  - **ID**: a-a\n", "\n" * 201_000),
    ],
    ids=lambda value: str(value)[:16],
)
def test_whatever_is_wrong_with_a_file_no_task_of_it_vanishes(
    clone: Clone, path: str, good: str, broken: str
) -> None:
    clone.repo.commit(**{path: good})
    clone.read()
    before = clone.facts()
    assert before
    clone.repo.commit(**{path: broken})
    reading = clone.read()
    assert reading is not None
    assert [(problem.path, problem.fatal) for problem in reading.problems] == [(path, True)]
    assert clone.facts() == before


CONFLICT = "# T\n\n<<<<<<< a\n- [ ] one\n=======\n- [x] one\n>>>>>>> b\n"


def test_a_problem_that_came_with_a_fetch_says_where_the_file_is_so(tmp_path: Path) -> None:
    remote = Repo.init(tmp_path / "remote")
    remote.commit(**{"TASKS.md": "# T\n\n- [ ] one\n", "docs/TASKS.md": CONFLICT})
    remote.git("clone", "-q", str(remote.path), str(tmp_path / "clone"))
    clone = Clone(Repo(tmp_path / "clone"))
    remote.commit(**{"TASKS.md": CONFLICT})
    clone.repo.git("fetch", "-q")
    where = "on main as fetched (origin/main; 'git pull' brings it here): "
    told = {each.path: each.message.split("conflict")[0] for each in problems_of(clone)}
    assert told.keys() == {"TASKS.md", "docs/TASKS.md"}
    assert told["TASKS.md"] == where + told["docs/TASKS.md"]
    clone.repo.git("pull", "-q")
    clone = Clone(clone.repo)
    assert not any("as fetched" in each.message for each in problems_of(clone))


def problems_of(clone: Clone) -> tuple[Problem, ...]:
    reading = clone.read()
    assert reading is not None
    return reading.problems


def test_an_id_given_in_two_files_is_told_and_neither_task_is_lost(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1, "docs/TASKS.md": V1.replace("Add a", "Another")})
    reading = clone.read()
    assert reading is not None
    assert any("also given in" in str(problem) for problem in reading.problems)
    titles = sorted(task.title for task in clone.store.tasks() if task.parent is None)
    assert titles == ["Add a page", "Another page", "Fix the login", "Fix the login"]


@pytest.mark.parametrize(("removed", "kept"), [("", "docs/"), ("docs/", "")])
def test_a_block_removed_from_one_of_two_files_was_not_completed(
    clone: Clone, removed: str, kept: str
) -> None:
    clone.repo.commit(**{"TASKS.md": V1, "docs/TASKS.md": V1.replace("Add a", "Another")})
    clone.read()
    without_page = V1[: V1.index("## P1")]
    clone.repo.commit(**{f"{removed}TASKS.md": without_page})
    clone.read()
    pages = {
        task.status.value: task.path
        for task in clone.store.tasks()
        if task.title in {"Add a page", "Another page"}
    }
    assert pages == {"todo": f"{kept}TASKS.md", "orphaned": "docs/TASKS.md"}
    assert clone.task("tasks-md:add-page").path == f"{kept}TASKS.md"

    clone.repo.commit(**{f"{kept}TASKS.md": without_page})
    clone.read()
    assert clone.task("tasks-md:add-page").status is Status.DONE


KEYS = "- [ ] Keys\n  - **ID**: keys\n"
FREE = "- [ ] Free\n  - **ID**: free\n"
OTHER = "- [ ] Other\n  - **ID**: other\n"
LAST = "- [ ] Last\n  - **ID**: last\n"
DONE_ENTRY = "{id: keys, title: Keys, status: complete}"
OPEN_ENTRY = "{id: keys, title: Keys, status: not-started}"
PAUSE: dict[str, str | None] = {"other.txt": "x"}


def v1(*blocks: str) -> str:
    return "\n".join(["## P1", *blocks])


def roadmap(*entries: str) -> str:
    return "".join(["tasks:\n", *(f"- {each}\n" for each in entries)])


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        (
            [
                {"a/TASKS.md": v1(KEYS, FREE), "b/TASKS.md": v1(OTHER)},
                {"a/TASKS.md": v1(FREE)},
                {"b/TASKS.md": v1(OTHER, KEYS)},
                {"a/TASKS.md": v1(FREE, "")},
            ],
            "b/TASKS.md",
        ),
        (
            [
                {"b/TASKS.md": v1(KEYS, FREE)},
                {"b/TASKS.md": v1(FREE)},
                {"a/TASKS.md": v1(KEYS.replace("] Keys", "] Turn the keys"))},
            ],
            "a/TASKS.md",
        ),
        (
            [
                {"a/TASKS.md": v1(KEYS, FREE, LAST), "b/TASKS.md": v1(OTHER)},
                {"a/TASKS.md": v1(FREE.replace("- [ ]", "-"), LAST)},
                {"b/TASKS.md": v1(OTHER, KEYS, FREE)},
            ],
            "b/TASKS.md",
        ),
        (
            [
                {"a/TASKS.md": v1(KEYS, FREE), "b/TASKS.md": v1(OTHER)},
                {"a/TASKS.md": v1(FREE)},
                {"a/TASKS.md": v1(KEYS, FREE)},
                {"a/TASKS.md": v1(FREE)},
                {"b/TASKS.md": v1(OTHER, KEYS)},
                {"b/TASKS.md": v1(OTHER), "a/TASKS.md": v1(FREE, KEYS)},
            ],
            "a/TASKS.md",
        ),
        (
            [
                {
                    "roadmap.yaml": roadmap(DONE_ENTRY, "{id: A}"),
                    "state/roadmap.yaml": roadmap("{id: B}"),
                },
                {"roadmap.yaml": roadmap("{id: A}")},
                {"state/roadmap.yaml": roadmap("{id: B}", OPEN_ENTRY)},
            ],
            "state/roadmap.yaml",
        ),
    ],
    ids=["cut and pasted", "pasted reworded above", "one hidden", "there and back", "roadmap"],
)
def test_an_id_that_was_over_in_one_file_and_comes_in_another_is_the_same_task_at_each_step(
    clone: Clone, steps: Sequence[dict[str, str | None]], where: str
) -> None:
    fresh = clone
    for files in (*steps, PAUSE):
        clone.repo.commit(**files)
        reading, fresh = clone.read(), Clone(clone.repo)
        assert reading is not None
        assert not reading.problems
        fresh.read()
        # A task that is hidden from the beginning is none; one that was known stays as it is.
        known = [each for each in clone.facts() if each in fresh.facts()]
        assert fresh.facts() == known
    assert clone.facts() == fresh.facts()
    (found,) = (task for task in clone.store.tasks() if "eys" in task.title)
    assert (found.key.name, found.path, found.status) == ("keys", where, Status.TODO)
    told = [event.kind for event in clone.store.events() if event.key == str(found.key)]
    assert {"task_created", "status_changed"} <= set(told)
    assert "orphaned" not in told


def test_a_claim_of_a_task_whose_block_was_cut_and_pasted_by_two_commits_lasts(
    clone: Clone,
) -> None:
    for files in (
        {"a/TASKS.md": v1(KEYS, FREE), "b/TASKS.md": v1(OTHER)},
        {"a/TASKS.md": v1(FREE)},
        {"b/TASKS.md": v1(KEYS, OTHER)},
    ):
        clone.repo.commit(**files)
        clone.read()
    opened = {task.title: task.key for task in clone.store.tasks() if not task.status.is_over}
    key = opened["Keys"]
    claim = clone.store.claim(key, "ada", 0.0, 60.0).claim
    clone.repo.commit(**{"a/TASKS.md": v1(FREE, "")})
    clone.read()
    others = [clone.store.claim_next("bob", 1.0, 60.0) for _ in range(3)]
    assert [each and each.task.title for each in others] == ["Free", "Other", None]
    assert clone.store.entry(key).claim == claim


def test_what_was_read_by_no_pass_before_its_file_broke_is_there_as_for_a_fresh_clone(
    clone: Clone,
) -> None:
    clone.repo.commit(**{"TASKS.md": v1(FREE)})
    clone.read()
    clone.repo.commit(**{"TASKS.md": v1(FREE, KEYS)})
    clone.repo.commit(**{"TASKS.md": CONFLICT})
    clone.read()
    assert clone.statuses() == {"tasks-md:free": "todo", "tasks-md:keys": "todo"}


def test_settings_by_which_nothing_is_read_of_a_file_take_no_task_of_it_away(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": "# T\n\n- [ ] one\n- [ ] two\n"})
    clone.read()
    before = clone.facts()
    assert len(before) == 2
    clone.settings = SourceSettings(dialects=(("TASKS.md", "table"),))
    clone.read()
    assert clone.facts() == before


# --- symbolic links -------------------------------------------------------------------------------


def replace_by_link(repo: Repo, path: str, target: str) -> None:
    """Commit a symbolic link in place of a file."""
    (repo.path / path).unlink()
    (repo.path / path).symlink_to(target)
    repo.git("add", "-A")
    repo.git("commit", "-qm", "link")


@pytest.mark.parametrize("path", ["TASKS.md", "openspec/changes/x/tasks.md"])
def test_a_link_in_place_of_a_file_keeps_its_tasks_as_they_were(clone: Clone, path: str) -> None:
    clone.repo.commit(**{path: "## T\n\n- [x] one\n- [ ] two\n", "README.md": "- [ ] three\n"})
    clone.read()
    before = clone.statuses()
    assert len(before) >= 2
    replace_by_link(clone.repo, path, "../README.md")
    reading = clone.read()
    assert reading is not None
    (problem,) = reading.problems
    assert str(problem).startswith(f"{path}: is a symbolic link now")
    assert clone.statuses() == before
    clone.repo.commit(**{"TASKS.txt": "", "docs/TASKS.md": "- [ ] more\n"})
    clone.read()
    assert clone.statuses().items() >= before.items()

    (clone.repo.path / path).unlink()
    clone.repo.commit(**{path: "## T\n\n- [x] one\n- [x] two\n"})
    clone.read()
    assert clone.statuses().keys() >= before.keys()
    assert "orphaned" not in clone.statuses().values()
    assert clone.statuses() != before


@pytest.mark.parametrize("path", ["docs/TASKS.md", "a/openspec/changes/x/tasks.md"])
def test_a_link_in_place_of_a_folder_keeps_its_tasks_as_they_were(clone: Clone, path: str) -> None:
    clone.repo.commit(**{path: "## T\n\n- [x] one\n- [ ] two\n", "elsewhere/README.md": "x\n"})
    clone.read()
    before = clone.statuses()
    folder = clone.repo.path / path.partition("/")[0]
    shutil.rmtree(folder)
    folder.symlink_to("elsewhere")
    clone.repo.commit(**{"README.md": "a\n"})
    reading = clone.read()
    assert reading is not None
    (problem,) = reading.problems
    assert str(problem).startswith(f"{path}: is a symbolic link now")
    assert clone.statuses() == before


def test_a_link_to_a_file_that_is_read_is_a_move_of_its_tasks(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1})
    clone.read()
    clone.repo.commit(**{"docs/TASKS.md": V1})
    replace_by_link(clone.repo, "TASKS.md", "docs/TASKS.md")
    reading = clone.read()
    assert reading is not None
    assert reading.problems == ()
    assert clone.task("tasks-md:add-page").path == "docs/TASKS.md"
    assert clone.task("tasks-md:add-page").status is Status.TODO


def test_a_link_that_was_never_a_file_is_passed_over_in_silence(clone: Clone) -> None:
    (clone.repo.path / "TASKS.md").symlink_to("README.md")
    clone.repo.git("add", "-A")
    clone.repo.commit(**{"README.md": "- [ ] one\n"})
    reading = clone.read()
    assert reading is not None
    assert (reading.tasks, reading.problems) == ((), ())


@pytest.mark.parametrize("line", ["- [ ] one", "- [ ] 1.1 one", "- [ ] T-001: one"])
def test_a_line_that_was_lost_and_comes_back_is_the_same_task(clone: Clone, line: str) -> None:
    clone.repo.commit(**{"TASKS.md": f"# T\n\n{line}\n- [ ] two\n"})
    clone.read()
    keys = set(clone.statuses())
    clone.repo.commit(**{"TASKS.md": "# T\n\n- [ ] two\n"})
    clone.read()
    clone.repo.commit(**{"TASKS.md": f"# T\n\n{line}\n- [ ] two\n"})
    clone.read()
    assert set(clone.statuses()) == keys
    assert set(clone.statuses().values()) == {"todo"}


def test_a_change_that_loses_its_task_file_has_no_tasks_any_more(clone: Clone) -> None:
    clone.repo.commit(
        **{
            "openspec/changes/x/tasks.md": change("- [ ] 1.1 a"),
            "openspec/changes/x/proposal.md": "## Why\n\nIt is so.\n",
        }
    )
    clone.read()
    clone.repo.commit(**{"openspec/changes/x/tasks.md": None})
    clone.read()
    assert clone.statuses() == {"openspec:x": "planning", "openspec:x#1.1": "orphaned"}


def test_a_change_without_any_file_that_is_read_is_archived_all_the_same(clone: Clone) -> None:
    clone.repo.commit(**{"openspec/changes/x/design.md": "words\n"})
    clone.read()
    assert clone.task("openspec:x").status is Status.PLANNING
    (clone.repo.path / "openspec/changes/archive").mkdir()
    clone.repo.git("mv", "openspec/changes/x", "openspec/changes/archive/2026-01-02-x")
    clone.repo.commit()
    clone.read()
    assert clone.task("openspec:x").status is Status.DONE


def test_old_changes_may_be_asked_for_after_the_first_pass(clone: Clone) -> None:
    clone.repo.commit(
        **{"openspec/changes/archive/2025-01-01-old/tasks.md": change("- [x] 1.1 a", "- [ ] b")}
    )
    clone.read()
    clone.with_archive = True
    clone.read()
    assert clone.task("openspec:old").status is Status.DONE
    assert clone.task("openspec:old#1.1").status is Status.DONE


@pytest.mark.parametrize(
    ("there", "status"),
    [("- [ ] Tell all\n", "orphaned"), ("- [x] Tell all\n", "done"), ("- [ ] Tell\n", "done")],
    ids=["open", "ticked", "another"],
)
def test_a_v1_task_without_id_that_goes_to_another_file_was_not_completed(
    clone: Clone, there: str, status: str
) -> None:
    first, second = "## P1\n\n- [ ] Rotate\n- [ ] Tell all\n", "## P0\n\n- [ ] Zip\n"
    clone.repo.commit(**{"TASKS.md": first, "sub/TASKS.md": second})
    clone.read()
    (gone,) = (str(task.key) for task in clone.store.tasks() if task.title == "Tell all")
    moved = first.replace("- [ ] Tell all\n", "")
    clone.repo.commit(**{"TASKS.md": moved, "sub/TASKS.md": second + there})
    clone.repo.commit(**{"sub/TASKS.md": f"{second}{there}- [ ] More\n"})
    clone.read()
    assert clone.statuses()[gone] == status


def test_a_text_that_stood_in_another_file_before_tells_nothing_of_a_v1_task_that_is_removed(
    clone: Clone,
) -> None:
    block = "## P1\n\n- [ ] Rotate\n- [ ] Tell all\n"
    clone.repo.commit(**{"TASKS.md": block, "sub/TASKS.md": block})
    clone.read()
    (gone,) = (
        str(task.key)
        for task in clone.store.tasks()
        if task.title == "Tell all" and task.path == "TASKS.md"
    )
    clone.repo.commit(
        **{"TASKS.md": block.replace("- [ ] Tell all\n", ""), "sub/TASKS.md": f"{block}- [ ] Zip\n"}
    )
    clone.read()
    assert clone.statuses()[gone] == "done"


def test_sub_tasks_of_an_id_that_two_files_give_stay_with_their_own_task(clone: Clone) -> None:
    block = "## P0\n\n- [ ] Do it\n  - **ID**: foo\n"
    clone.repo.commit(
        **{"TASKS.md": f"# T\n\n{block}", "sub/TASKS.md": f"# T\n\n{block}  - [ ] below\n"}
    )
    clone.read()
    below = next(task for task in clone.store.tasks() if task.title == "below")
    assert below.parent == TaskKey(PROJECT, "tasks-md", "sub/TASKS.md/foo")


def test_a_branch_that_was_begun_before_the_last_pass_is_read_from_where_it_forked(
    clone: Clone,
) -> None:
    path = "TASKS.md"
    clone.repo.commit_at(1000, **{path: "# T\n\n- [ ] 9. alpha beta\n- [ ] other\n"})
    clone.repo.git("switch", "-qc", "side")
    clone.repo.commit_at(1100, **{path: "# T\n\n- [ ] 9. alpha beta gamma\n- [ ] other\n"})
    clone.repo.git("switch", "-q", "main")
    clone.repo.commit_at(1200, **{path: "# T\n\n- [ ] other\n"})
    clone.read()
    clone.repo.git("merge", "-q", "-s", "ours", "--no-commit", "side")
    clone.repo.commit_at(1300, **{path: "# T\n\n- [ ] 9. alpha beta gamma\n- [ ] other\n"})
    clone.read()
    fresh = Clone(clone.repo)
    fresh.read()
    assert fresh.facts() == clone.facts()


def test_a_branch_that_is_set_back_takes_its_tasks_back(clone: Clone) -> None:
    path = "openspec/changes/x/tasks.md"
    first = clone.repo.commit(**{path: change("- [ ] 1.1 a")})
    clone.repo.commit(**{path: change("- [x] 1.1 a", "- [ ] 1.2 b")})
    clone.read()
    clone.repo.git("reset", "-q", "--hard", first)
    clone.read()
    assert clone.task("openspec:x#1.1").status is Status.TODO
    assert clone.task("openspec:x#1.2").status is Status.ORPHANED


def test_several_roots_are_told_apart_and_fixtures_are_left_out(clone: Clone) -> None:
    clone.settings = SourceSettings(exclude=("tests/**",))
    clone.repo.commit(
        **{
            "openspec/changes/x/tasks.md": change("- [ ] 1.1 a"),
            "modules/m/openspec/changes/x/tasks.md": change("- [x] 1.1 a"),
            "tests/fixtures/openspec/changes/y/tasks.md": change("- [ ] 1.1 a"),
        }
    )
    clone.read()
    assert clone.task("openspec:x").status is Status.IN_PROGRESS
    assert clone.task("openspec:modules/m/x").status is Status.REVIEW
    assert not any("fixtures" in str(task.key) for task in clone.store.tasks())


def test_settings_that_look_elsewhere_read_everything_again(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": V1, "TODO.md": "- [ ] other\n"})
    clone.read()
    clone.settings = SourceSettings(tasks=("TASKS.md", "TODO.md"))
    clone.read()
    assert "other" in {task.title for task in clone.store.tasks()}


# --- partial clones -------------------------------------------------------------------------------


@dataclass
class PartialClone(Clone):
    """A clone without old contents, whose remote can be taken away."""

    remote: Repo = field(kw_only=True)

    @classmethod
    def of(cls, remote: Repo, path: Path) -> PartialClone:
        remote.git("config", "uploadpack.allowFilter", "true")
        url = f"file://{remote.path}"
        remote.git("clone", "-q", "--filter=blob:none", url, str(path))
        return cls(Repo(path), remote=remote)

    def lose_remote(self) -> None:
        self.remote.path.rename(self.remote.path.with_name("elsewhere"))


def test_old_contents_that_are_out_of_reach_give_no_versions(tmp_path: Path) -> None:
    remote = Repo.init(tmp_path / "remote")
    remote.commit(**{ONE: change("- [ ] 1.1 a"), "TASKS.md": V1})
    remote.commit(**{ONE: change("- [x] 1.1 a"), "TASKS.md": V1.replace("Add a", "Make a")})
    clone = PartialClone.of(remote, tmp_path / "partial")
    clone.lose_remote()
    clone.read()
    assert clone.task("openspec:x#1.1").status is Status.DONE
    assert clone.task("tasks-md:add-page").title == "Make a page"
    assert {task.text_version for task in clone.store.tasks()} == {UNKNOWN}
    ticked = clone.repo.commit(**{ONE: change("- [ ] 1.1 a")})
    clone.read()
    assert clone.task("openspec:x#1.1").status_version.commit == ticked[:12]


def test_a_content_that_is_needed_and_out_of_reach_is_told_with_the_reason(tmp_path: Path) -> None:
    remote = Repo.init(tmp_path / "remote")
    remote.commit(**{"TASKS.md": V1, ".kanban-sync.yaml": "project_id: p1\n"})
    clone = PartialClone.of(remote, tmp_path / "partial")
    remote.commit(**{"TASKS.md": V1 + "\n", ".kanban-sync.yaml": "project_id: p2\n"})
    clone.repo.git("fetch", "-q")
    clone.repo.git("update-ref", "refs/heads/main", "origin/main")
    clone.lose_remote()
    with pytest.raises(OutOfReachError, match="the remote cannot be reached"):
        clone.read()
    git = GitRepository(clone.repo.path / ".git")
    with pytest.raises(OutOfReachError):
        git.file_at("main", ".kanban-sync.yaml")
    with pytest.raises(OutOfReachError):
        git.read(git.tree(git.branch()[1], (":(top)",)).values())
    assert git.file_at("main", "nothing") is None
    assert git.content("main~1:TASKS.md") == V1.encode()
    git.close()


# --- what is taken back ---------------------------------------------------------------------------

ONE = "openspec/changes/x/tasks.md"
ARCHIVED = "openspec/changes/archive/2026-01-02-x/tasks.md"
TICKABLE = change("- [ ] 1.1 a", "- [ ] 1.2 b")


@pytest.mark.parametrize(
    ("key", "between"),
    [
        ("openspec:x#1.1", {ONE: change("- [x] 1.1 a", "- [ ] 1.2 b")}),
        ("openspec:x#1.1", {ONE: change("- [ ] 1.1 a, but better", "- [ ] 1.2 b")}),
        ("openspec:x#1.1", {ONE: change("- [ ] 1.2 b")}),
        ("openspec:x", {ONE: None, ARCHIVED: TICKABLE}),
        ("tasks-md:add-page", {"TASKS.md": V1[: V1.index("- [ ] Add")]}),
        ("tasks-md:fix-login", {"TASKS.md": V1.replace("- [ ] Fix", "- [/] Fix")}),
    ],
    ids=["a tick", "words", "a line", "an archived change", "a v1.0 block", "a v1.0 mark"],
)
def test_what_was_changed_and_taken_back_between_two_passes_has_the_newest_version(
    clone: Clone, key: str, between: dict[str, str | None]
) -> None:
    clone.repo.commit_at(1000, **{ONE: TICKABLE, "TASKS.md": V1})
    clone.read()
    before = clone.task(key)
    clone.repo.commit_at(2000, **between)
    clone.repo.git("revert", "--no-edit", "HEAD")
    back = clone.repo.git("rev-parse", "HEAD")[:12]
    clone.read()
    after = clone.task(key)
    assert after.title == before.title
    assert after.status is before.status
    assert back in {after.text_version.commit, after.status_version.commit}
    fresh = Clone(clone.repo)
    fresh.read()
    assert fresh.facts() == clone.facts()


def test_what_was_taken_back_beside_a_branch_that_is_merged_has_the_newest_version(
    clone: Clone,
) -> None:
    """The merge is as one of its parents, so git tells of no change in it."""
    clone.repo.commit_at(1000, **{ONE: TICKABLE})
    clone.repo.git("switch", "-qc", "theirs")
    clone.repo.commit_at(2000, **{ONE: change("- [x] 1.1 a", "- [ ] 1.2 b")})
    back = clone.repo.commit_at(3000, **{ONE: TICKABLE})[:12]
    clone.repo.git("switch", "-q", "main")
    ours = clone.repo.commit_at(2500, **{ONE: change("- [ ] 1.1 a", "- [x] 1.2 b")})[:12]
    clone.read()
    clone.repo.git("merge", "-q", "--no-edit", "theirs")
    clone.read()
    assert clone.task("openspec:x#1.1").status_version == (3000, back)
    assert clone.task("openspec:x#1.2").status_version == (2500, ours)
    fresh = Clone(clone.repo)
    fresh.read()
    assert fresh.facts() == clone.facts()


@pytest.mark.parametrize("reads_between", [True, False])
def test_a_merge_that_takes_one_side_as_it_is_has_decided_so(
    clone: Clone, *, reads_between: bool
) -> None:
    """Neither the tick nor the archiving that it leaves out may be newer to another clone."""
    clone.repo.commit_at(1000, **{ONE: TICKABLE, "TASKS.md": "- [ ] a\n- [ ] b\n"})
    clone.repo.git("switch", "-qc", "theirs")
    archived = "openspec/changes/archive/2026-01-01-x/tasks.md"
    theirs = {ONE: None, archived: TICKABLE, "TASKS.md": "- [x] a\n- [ ] b\n"}
    clone.repo.commit_at(3000, **theirs)
    clone.repo.git("switch", "-q", "main")
    ours = clone.repo.commit_at(2500, **{"TASKS.md": "- [ ] a\n- [x] b\n"})[:12]
    if reads_between:
        clone.read()
    clone.repo.git("merge", "-q", "--no-edit", "--no-commit", "-s", "ours", "theirs")
    merge = clone.repo.commit_at(4000)[:12]
    clone.read()
    assert clone.task("openspec:x").status_version == (4000, merge)
    assert clone.task("openspec:x").status is Status.IN_PROGRESS
    versions = {task.title: task.status_version for task in clone.store.tasks()}
    assert (versions["a"], versions["b"]) == ((4000, merge), (2500, ours))
    fresh = Clone(clone.repo)
    fresh.read()
    assert fresh.facts() == clone.facts()


def test_a_merge_that_keeps_a_file_is_newer_than_its_deletion_and_the_reverse(
    clone: Clone,
) -> None:
    files = {"a/TASKS.md": "- [ ] one\n", "b/TASKS.md": "- [ ] two\n", "c/TASKS.md": "- [ ] c\n"}
    clone.repo.commit_at(1000, **files)
    clone.read()
    clone.repo.git("switch", "-qc", "theirs")
    clone.repo.commit_at(3000, **{"a/TASKS.md": None, "b/TASKS.md": None, "c/TASKS.md": None})
    clone.repo.git("switch", "-q", "main")
    changed = {"a/TASKS.md": "- [x] one\n", "b/TASKS.md": "- [x] two\n"}
    clone.repo.commit_at(2000, **changed)
    clone.repo.git("merge", "-q", "--no-edit", "--no-commit", "-s", "ours", "theirs")
    merge = clone.repo.commit_at(4000, **{"b/TASKS.md": None, "c/TASKS.md": None})[:12]
    clone.read()
    versions = {task.title: task.status_version for task in clone.store.tasks()}
    assert versions["one"] == (4000, merge)
    # Nobody but the branch had changed the third one.
    assert clone.store.files().slots["tasks-md:c/TASKS.md"].shape_version.time == 3000
    assert clone.store.files().slots["tasks-md:b/TASKS.md"].shape_version == (4000, merge)


def test_a_merge_of_what_a_side_has_not_touched_changes_no_version(clone: Clone) -> None:
    clone.repo.commit_at(1000, **{ONE: TICKABLE, "TASKS.md": "- [ ] a\n"})
    clone.repo.git("switch", "-qc", "theirs")
    clone.repo.commit_at(3000, **{"sub/TASKS.md": "- [ ] s\n"})
    clone.repo.git("switch", "-q", "main")
    tick = clone.repo.commit_at(2000, **{"TASKS.md": "- [x] a\n"})[:12]
    clone.read()
    clone.repo.git("merge", "-q", "--no-edit", "theirs")
    clone.read()
    versions = {task.title: task.status_version for task in clone.store.tasks()}
    assert versions["a"] == (2000, tick)
    fresh = Clone(clone.repo)
    fresh.read()
    assert fresh.facts() == clone.facts()
    # What the branch began with was not looked at again.
    assert clone.asked < fresh.asked


@pytest.mark.parametrize("reads_between", [True, False])
def test_what_two_sides_made_the_same_has_the_newer_version(
    clone: Clone, *, reads_between: bool
) -> None:
    """Git tells of no change in a merge of two equal contents."""
    archived = "openspec/changes/archive/2026-01-01-x/tasks.md"
    both = {ONE: None, archived: TICKABLE, "TASKS.md": "- [x] a\n"}
    clone.repo.commit_at(1000, **{ONE: TICKABLE, "TASKS.md": "- [ ] a\n"})
    clone.repo.git("branch", "theirs")
    ours = clone.repo.commit_at(3000, **both)[:12]
    if reads_between:
        clone.read()
    clone.repo.git("switch", "-q", "theirs")
    clone.repo.commit_at(2000, **both)
    clone.repo.git("switch", "-q", "main")
    clone.repo.git("merge", "-q", "--no-edit", "theirs")
    clone.with_archive = True
    clone.read()
    versions = {task.title: task.status_version for task in clone.store.tasks()}
    assert versions["a"] == (3000, ours)
    assert clone.task("openspec:x").status_version == (3000, ours)


@pytest.mark.parametrize("seed", range(6))
def test_reading_after_each_commit_or_once_at_the_end_comes_to_the_same(
    clone: Clone, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    words = ["parse", "write", "test", "draw", "send", "lock", "merge", "count"]
    lines: list[list[str]] = []
    for step in range(12):
        for _ in range(rng.randint(1, 3)):
            kind = rng.choice(["add", "tick", "reword", "remove", "swap"])
            if kind == "add" or not lines:
                text = " ".join(rng.sample(words, 3))
                number = f"{len(lines) + 1}. " if rng.random() < 0.5 else ""
                lines.append([" ", number + text])
            elif kind == "tick":
                line = rng.choice(lines)
                line[0] = "x" if line[0] == " " else " "
            elif kind == "reword":
                rng.choice(lines)[1] += f" {rng.choice(words)}"
            elif kind == "remove" and len(lines) > 1:
                lines.pop(rng.randrange(len(lines)))
            else:
                rng.shuffle(lines)
        text = change(*[f"- [{mark}] {words_}" for mark, words_ in lines])
        clone.repo.commit_at(1000 + step, **{"openspec/changes/x/tasks.md": text})
        clone.read()
    fresh = Clone(clone.repo)
    fresh.read()
    assert fresh.facts() == clone.facts()


@pytest.mark.parametrize("seed", range(8))
def test_branches_and_merges_read_bit_by_bit_come_to_the_same_as_read_at_once(
    clone: Clone, seed: int
) -> None:
    rng = random.Random(100 + seed)
    path = "openspec/changes/x/tasks.md"
    names = [f"1.{number} task number {number}" for number in range(1, 8)]
    marks = dict.fromkeys(names, " ")

    def write(when: int) -> None:
        lines = [f"- [{mark}] {name}" for name, mark in marks.items()]
        clone.repo.commit_at(when, **{path: change(*lines)})

    write(1000)
    for step in range(1, 8):
        base, before = clone.repo.git("rev-parse", "HEAD"), dict(marks)
        clone.repo.git("switch", "-qc", f"side{step}", base)
        marks[rng.choice(names[:3])] = rng.choice("x ")
        write(1000 + 10 * step + rng.randint(0, 30))
        ours = dict(marks)
        clone.repo.git("switch", "-q", "main")
        marks = dict(before)
        marks[rng.choice(names[4:])] = rng.choice("x ")
        write(1000 + 10 * step + rng.randint(0, 30))
        if rng.random() < 0.7:
            clone.read()
        clone.repo.git("merge", "-q", "-s", "ours", "--no-commit", f"side{step}")
        marks = {name: ours[name] if name in names[:3] else marks[name] for name in names}
        write(1000 + 10 * step + 40)
        clone.read()
    fresh = Clone(clone.repo)
    fresh.read()
    assert fresh.facts() == clone.facts()


# --- the same tasks in files that change altogether -----------------------------------------------

NAMED = (
    "## P1\n\n- [ ] Rotate the keys\n  - **ID**: rot\n- [ ] Tell the partners\n  - **ID**: tell\n"
    "- [ ] Third one\n  - **ID**: third\n"
)
INDENTED = NAMED.replace("- [ ] Tell the partners\n", "  - [ ] Tell the partners\n  ")
NESTED = "- [ ] 1. Set up\n  - [ ] 1.1 Make dirs\n  - [ ] 1.2 Make files\n- [ ] 2. Implement\n"
PLAIN = "## Work\n\n- [ ] Buy a kettle\n- [ ] T-2: Mend the tap\n  - [ ] find a wrench\n"
ROADMAP = "tasks:\n- {title: Paint the door}\n- {title: Sweep}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"TASKS.md": "## P1\n\n- [ ] Buy a kettle\n  - [ ] look around\n- [ ] Sweep\n"},
            {"TASKS.md": "## P1\n\n- [ ] Buy a kettle\n  - **ID**: buy\n  - [ ] look around\n"
             "- [ ] Sweep\n"},
        ),
        (
            {"TASKS.md": "## P1\n\n- [ ] Buy a kettle\n  - **ID**: buy\n  - [ ] look around\n"},
            {"TASKS.md": "## P1\n\n- [ ] Buy a kettle\n  - [ ] look around\n"},
        ),
        (
            dict.fromkeys(["a/TASKS.md", "TASKS.md"], "## P1\n\n- [ ] Write tests\n"),
            {"a/TASKS.md": "## P1\n\n- [ ] Write tests\n  - **ID**: a-tests\n",
             "TASKS.md": "## P1\n\n- [ ] Write tests\n  - **ID**: b-tests\n"},
        ),
        ({"roadmap.yaml": ROADMAP}, {"roadmap.yaml": ROADMAP.replace("{", "{id: T1, ", 1)}),
        ({"roadmap.yaml": ROADMAP.replace("{", "{id: T1, ", 1)}, {"roadmap.yaml": ROADMAP}),
        ({"TASKS.md": PLAIN}, {"TASKS.md": f"# T\n\n{PLAIN}\n## P1\n"}),
        ({"TASKS.md": f"{PLAIN}\n## P1\n\n- [ ] 1\n"}, {"TASKS.md": f"{PLAIN}\n## P\n\n- [ ] 1\n"}),
        (
            {"TASKS.md": "- [ ] Buy a kettle\n- [ ] Mend the tap\n"},
            {"TASKS.md": "- [ ] T-1: Buy a kettle\n- [ ] T-2: Mend the tap\n"},
        ),
        ({"docs/TASKS.md": PLAIN}, {"docs/TASKS.md": "", "TASKS.md": PLAIN}),
        ({"TASKS.md": PLAIN}, {"TASKS.md": "", "docs/TASKS.md": PLAIN.replace("a kettle", "milk")}),
        ({"TASKS.md": V1}, {"TASKS.md": "", "docs/TASKS.md": V1}),
        ({"TASKS.md": NAMED}, {"TASKS.md": INDENTED}),
        ({"TASKS.md": INDENTED}, {"TASKS.md": NAMED}),
        ({"TASKS.md": NESTED}, {"TASKS.md": NESTED.replace("  - [", "- [")}),
        ({"TASKS.md": NESTED.replace("  - [", "- [")}, {"TASKS.md": NESTED}),
        (
            {"TASKS.md": "- [ ] Rot\n  - [ ] sub a b\n  - [ ] sub d e\n- [ ] Third one\n"},
            {"TASKS.md": "- [ ] Rot\n  - [ ] sub d e\n- [ ] Third one\n  - [ ] sub a b\n"},
        ),
        (
            {"TASKS.md": "## Doing\n\n## To Do\n\n- Rot\n  - [ ] sub a b\n  - [ ] sub d e\n"},
            {"TASKS.md": "## Doing\n\n- sub a b\n\n## To Do\n\n- Rot\n  - [ ] sub d e\n"},
        ),
        (
            {".kiro/specs/till/tasks.md": PLAIN, "TASKS.md": ROADMAP},
            {".kiro/specs/till/tasks.md": "", ".kiro/specs/cashier/tasks.md": PLAIN},
        ),
    ],
    ids=[
        "v1.0-given-an-id", "v1.0-lost-its-id", "two-files-given-ids", "roadmap-given-an-id",
        "roadmap-lost-its-id", "becomes-v1.0", "was-v1.0", "ids-in-the-text", "moved",
        "moved-and-edited", "moved-v1.0", "put-below", "taken-out", "flattened", "nested",
        "other-parent", "other-column", "folder-renamed",
    ],
)  # fmt: skip
def test_tasks_stay_the_same_whatever_is_done_to_their_file(
    clone: Clone, before: dict[str, str], after: dict[str, str]
) -> None:
    clone.repo.commit(**before)
    clone.read()
    keys = {task.key for task in clone.store.tasks()}
    put(clone.repo, after)
    for each in (clone, Clone(clone.repo)):
        reading = each.read()
        assert reading is not None
        assert reading.problems == ()
        assert {task.key for task in each.store.tasks()} == keys
        assert not any(task.status.is_over for task in each.store.tasks())


def test_a_v1_task_whose_id_was_corrected_is_the_same_and_still_waited_for(clone: Clone) -> None:
    text = (
        "## P1\n\n- [ ] Design the API\n  - **ID**: api\n"
        "- [ ] Build the client\n  - **ID**: client\n  - **Blocked by**: {}\n"
    )
    clone.repo.commit(**{"TASKS.md": text.format("api")})
    clone.read()
    keys = clone.statuses()
    corrected = text.replace("**ID**: api", "**ID**: design-api")
    for name in ("api", "design-api"):
        clone.repo.commit(**{"TASKS.md": corrected.format(name)})
        for each in (clone, Clone(clone.repo)):
            each.read()
            assert each.statuses() == keys
            needs = waits_for(each.store.tasks())
            assert [str(key) for key in needs.values()] == ["tasks-md:api"]
    assert clone.task("tasks-md:api").number == "design-api"
    clone.repo.commit(**{"TASKS.md": text.format("api")})
    for each in (clone, Clone(clone.repo)):
        each.read()
        assert each.statuses() == keys


def phase(name: str, mark: str = " ") -> str:
    return f"## {name}\n\n### Build\n\n- [{mark}] Write the code\n- [{mark}] Write the tests\n\n"


def flat(name: str, mark: str = " ") -> str:
    return phase(name, mark).replace("### Build\n\n", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (phase("One", "/"), phase("Two") + phase("One", "/")),
        (phase("One", "x") + phase("Two", "/"), phase("Two", "/")),
        (phase("One", "x") + phase("Two", "/"), phase("Two, now", "/")),
        (flat("Phase 1", "x") + flat("Phase 2", "/"), flat("Phase 2 (now)", "/")),
        (flat("Phase 1", "/"), flat("Phase 0") + flat("Phase 1 (late)", "/")),
        (f"# Plan\n\n{phase('One', '/')}", f"# The plan\n\n{phase('Two')}{phase('One', '/')}"),
        (phase("One", "/"), f"# Plan\n\n{phase('Two')}{phase('One', '/')}"),
        (phase("One") + phase("Two", "/"), phase("Two", "/") + phase("One")),
    ],
    ids=[
        "put-above", "taken-out", "taken-out-and-renamed", "flat-and-renamed",
        "flat-and-put-above", "title-renamed", "title-put-in-front", "swapped",
    ],
)  # fmt: skip
def test_tasks_under_headings_called_alike_stay_under_their_own(
    clone: Clone, before: str, after: str
) -> None:
    clone.repo.commit(**{"TASKS.md": before})
    clone.read()
    begun = {key for key, status in clone.statuses().items() if status == "in_progress"}
    clone.repo.commit(**{"TASKS.md": after})
    for each in (clone, Clone(clone.repo)):
        each.read()
        now = {key for key, status in each.statuses().items() if status == "in_progress"}
        assert now == begun
        assert len(now) == 2


def test_a_task_that_goes_to_and_fro_between_others_keeps_its_key_claim_and_place(
    clone: Clone,
) -> None:
    clone.repo.commit(**{"TASKS.md": NAMED})
    clone.read()
    keys = clone.statuses()
    gone = NAMED.replace("- [ ] Tell the partners\n  - **ID**: tell\n", "")
    for text in (INDENTED, NAMED, INDENTED, f"{INDENTED}\n", gone, INDENTED, NAMED):
        clone.repo.commit(**{"TASKS.md": text})
        for each in (clone, Clone(clone.repo)):
            each.read()
            held = {str(task.key) for task in each.store.tasks() if task.status is Status.TODO}
            assert held == (keys.keys() - {"tasks-md:tell"} if text is gone else keys.keys())
            if text is not gone:
                above = each.task("tasks-md:tell").parent
                assert (above is not None) is text.startswith(INDENTED)


def test_a_task_that_was_born_below_another_and_is_then_removed_by_itself_was_completed(
    clone: Clone,
) -> None:
    put(clone.repo, {"TASKS.md": INDENTED})
    clone.read()
    assert clone.task("tasks-md:rot#tell").parent is not None
    put(clone.repo, {"TASKS.md": NAMED})
    clone.read()
    assert clone.task("tasks-md:rot#tell").parent is None
    put(clone.repo, {"TASKS.md": NAMED.replace("- [ ] Tell the partners\n  - **ID**: tell\n", "")})
    clone.read()
    assert clone.task("tasks-md:rot#tell").status is Status.DONE


def test_tasks_below_one_that_another_file_names_too_stay_with_it_wherever_they_were_born(
    clone: Clone,
) -> None:
    clone.repo.commit(**{"TASKS.md": NAMED})
    clone.read()
    clone.repo.commit(**{"TASKS.md": INDENTED, "sub/TASKS.md": INDENTED + "    - [ ] deep\n"})
    for each in (clone, Clone(clone.repo)):
        each.read()
        tasks = [task for task in each.store.tasks() if task.path == "sub/TASKS.md"]
        assert len(tasks) == 4
        assert all(task.key.name.startswith("sub/TASKS.md/") for task in tasks)
        assert len(each.statuses()) == 7


def put(repo: Repo, files: dict[str, str]) -> None:
    """Commit files; those without a text are removed."""
    for path, text in files.items():
        if not text:
            repo.git("rm", "-q", path)
    repo.commit(**{path: text for path, text in files.items() if text})


def test_a_file_at_the_place_that_another_left_has_tasks_of_its_own(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": PLAIN})
    clone.read()
    first = set(clone.statuses())
    put(clone.repo, {"TASKS.md": "", "docs/TASKS.md": PLAIN})
    put(clone.repo, {"TASKS.md": PLAIN})
    for each in (clone, Clone(clone.repo)):
        reading = each.read()
        assert reading is not None
        assert reading.problems == ()
        assert {str(task.key) for task in reading.tasks if task.path == "docs/TASKS.md"} == first
        assert len(reading.tasks) == 2 * len(first)
    put(clone.repo, {"TASKS.md": "", "docs/TASKS.md": "", "lib/TASKS.md": PLAIN})
    clone.read()
    assert len(clone.statuses()) == 3 * len(first)


def test_a_file_that_is_moved_there_and_back_holds_the_same_tasks(clone: Clone) -> None:
    clone.repo.commit(**{"TASKS.md": PLAIN})
    clone.read()
    keys = clone.statuses()
    for old, new in (("TASKS.md", "docs/TASKS.md"), ("docs/TASKS.md", "TASKS.md")):
        put(clone.repo, {old: "", new: PLAIN})
        clone.read()
        clone.repo.commit(**{new: f"{PLAIN}\n"})
        clone.read()
        assert clone.statuses() == keys
    again = Clone(clone.repo)
    again.read()
    assert again.statuses() == keys


def test_a_moved_file_that_cannot_be_read_keeps_its_tasks(clone: Clone) -> None:
    broken = f"<<<<<<< HEAD\n{PLAIN}=======\n>>>>>>> side\n"
    clone.repo.commit(**{"TASKS.md": PLAIN})
    clone.read()
    keys = clone.statuses()
    clone.repo.commit(**{"TASKS.md": broken})
    put(clone.repo, {"TASKS.md": "", "docs/TASKS.md": broken})
    clone.read()
    assert clone.statuses() == keys
    clone.repo.commit(**{"docs/TASKS.md": PLAIN})
    clone.read()
    assert clone.statuses() == keys


def test_numbered_tasks_that_shift_are_the_same_and_wait_for_the_same(clone: Clone) -> None:
    second = "### Task {}: Writer\nStatus: todo\nDependencies: {}\n"
    clone.repo.commit(
        **{"TASKS.md": "### Task 1: Parser\nStatus: done\n\n" + second.format(2, "Task 1")}
    )
    clone.read()
    keys = {task.title[8:]: task.key for task in clone.store.tasks()}
    text = "### Task 1: Lexer\nStatus: todo\n\n### Task 2: Parser\nStatus: done\n\n"
    clone.repo.commit(**{"TASKS.md": text + second.format(3, "Task 2")})
    clone.read()
    now = {task.title[8:]: task for task in clone.store.tasks()}
    assert {title: now[title].key for title in keys} == keys
    assert now["Lexer"].status is Status.TODO
    needs = waits_for(clone.store.tasks())
    assert needs[keys["Writer"]] == keys["Parser"]


def test_an_id_that_was_given_later_is_waited_for_by_that_id(clone: Clone) -> None:
    text = "## P1\n\n- [ ] Buy a kettle\n{}- [ ] Make tea\n{}"
    clone.repo.commit(**{"TASKS.md": text.format("", "")})
    clone.read()
    given = text.format("  - **ID**: buy\n", "  - **Blocked by**: buy\n")
    put(clone.repo, {"TASKS.md": "", "docs/TASKS.md": given})
    clone.read()
    tea, kettle = sorted(clone.store.tasks(), key=lambda task: task.title, reverse=True)
    assert waits_for([tea, kettle]) == {tea.key: kettle.key}
    assert kettle.path == "docs/TASKS.md"
    assert kettle.key.name.startswith("TASKS.md/")


def waits_for(tasks: Sequence[Task]) -> dict[TaskKey, TaskKey | None]:
    """Return what each task waits for, as the stores find it."""
    named = [Named(task.key, task.path, task.number, task.depends_on) for task in tasks]
    return {edge.task: edge.needs for edge in edges(named, ())}
