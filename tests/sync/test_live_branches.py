"""What a repository with several branches says as a whole: real git, and a database in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core import satisfying
from kanban_sync.core.liveness import Liveness
from kanban_sync.core.ports import Gone, SourceSettings
from kanban_sync.core.satisfying import DEFAULT_BRANCH
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.sync.reading import read_files
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.sync.outcome import Reading

PROJECT = "p1"
START = 1_700_000_000
DAY = 86400
PLAIN = "TASKS.md"
LINES = ("# Tasks", "", "- [ ] apples", "- [ ] pears", "- [ ] plums")


class Asked(GitRepository):
    """A repository that notes which contents are read."""

    contents: list[str]

    def content(self, name: str) -> bytes:
        self.contents.append(name)
        return super().content(name)


@dataclass
class Clone:
    """A repository whose live branches are read, and its database."""

    repo: Repo
    store: TaskStore = field(default_factory=lambda: MemoryStore(PROJECT))
    clock: int = START
    liveness: Liveness = field(default_factory=lambda: Liveness(now=START))
    mark: str = ""
    problems: tuple[str, ...] = ()
    contents: list[str] = field(default_factory=list)

    def sync(self) -> Reading | None:
        git = Asked(self.repo.path / ".git", liveness=self.liveness)
        git.contents = self.contents = []
        try:
            known, files = self.store.filed_tasks, self.store.files()
            reading = read_files(
                git,
                git,
                SOURCES,
                SourceSettings(),
                PROJECT,
                known,
                files,
                asked=satisfying.Asked(self.mark, self.mark == DEFAULT_BRANCH),
                parses=self.store,
            )
        finally:
            git.close()
        if reading is not None and reading.is_new:
            gone = {
                task.key: Gone(task.status, task.status_version, task.branch)
                for task in reading.gone
            }
            self.store.merge(reading.tasks, gone, reading.files, 0.0)
            self.problems = tuple(map(str, reading.problems))
        return reading

    def commit(self, path: str = PLAIN, *lines: str) -> None:
        self.repo.write(path, "\n".join((*lines, "")))
        self.save()

    def save(self) -> None:
        self.clock += 60
        self.repo.commit_at(self.clock, "change")

    def change(self, old: str, new: str, path: str = PLAIN) -> None:
        text = (self.repo.path / path).read_text()
        assert old in text
        self.repo.write(path, text.replace(old, new))
        self.save()

    def tick(self, title: str, path: str = PLAIN) -> None:
        self.change(f"- [ ] {title}", f"- [x] {title}", path)

    def untick(self, title: str, path: str = PLAIN) -> None:
        self.change(f"- [x] {title}", f"- [ ] {title}", path)

    def switch(self, name: str) -> None:
        there = self.repo.git("branch", "--list", name)
        self.repo.git("switch", "--quiet", *(() if there else ("--create",)), name)

    def merge(self, name: str, *options: str) -> None:
        self.clock += 60
        when = f"@{self.clock} +0000"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self.repo.git("merge", "--quiet", *options, name, env=dates)

    def squash(self, name: str) -> None:
        self.repo.git("merge", "--quiet", "--squash", name)
        self.save()

    def seen(self) -> dict[str, str]:
        """Return the status of each task that is not gone, by its title."""
        self.sync()
        tasks = self.tasks()
        titles = [task.title for task in tasks]
        assert len(titles) == len(set(titles))
        return {task.title: task.status.value for task in tasks}

    def tasks(self) -> list[Task]:
        return [task for task in self.store.tasks() if task.status.value != "orphaned"]

    def done(self) -> set[str]:
        return {title for title, status in self.seen().items() if status == "done"}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(Repo.init(tmp_path / "r"))
    made.commit(PLAIN, *LINES)
    return made


def test_what_a_branch_has_ticked_is_ticked(clone: Clone) -> None:
    clone.switch("one")
    clone.tick("apples")
    assert clone.done() == {"apples"}
    clone.switch("main")
    assert clone.done() == {"apples"}


def test_what_branches_tick_each_for_itself_is_ticked_together(clone: Clone) -> None:
    clone.sync()
    for branch, title in (("one", "apples"), ("two", "pears")):
        clone.switch("main")
        clone.switch(branch)
        clone.tick(title)
        clone.sync()
    assert clone.done() == {"apples", "pears"}
    clone.switch("main")
    clone.tick("plums")
    assert clone.done() == {"apples", "pears", "plums"}


def test_a_rewording_on_one_branch_meets_a_tick_on_another(clone: Clone) -> None:
    clone.switch("one")
    clone.change("apples", "ripe apples")
    clone.switch("main")
    clone.tick("apples")
    assert clone.seen() == {"ripe apples": "done", "pears": "todo", "plums": "todo"}
    assert len(clone.store.tasks()) == 3


def test_the_newest_of_two_rewordings_counts_wherever_it_is(clone: Clone) -> None:
    clone.switch("one")
    clone.change("apples", "red apples")
    clone.switch("main")
    clone.change("apples", "green apples")
    assert "green apples" in clone.seen()
    clone.switch("one")
    clone.change("red apples", "small apples")
    assert "small apples" in clone.seen()


def test_a_squashed_branch_that_lies_about_brings_nothing_back(clone: Clone) -> None:
    clone.switch("one")
    clone.tick("apples")
    clone.change("- [ ] plums", "- [ ] plums\n- [ ] figs")
    clone.sync()
    clone.switch("main")
    clone.squash("one")
    assert clone.done() == {"apples"}
    clone.untick("apples")
    clone.change("- [ ] figs\n", "")
    assert clone.seen() == {"apples": "todo", "pears": "todo", "plums": "todo"}


def test_a_squashed_branch_with_a_newer_clock_brings_nothing_back(clone: Clone) -> None:
    clone.switch("one")
    clone.clock += 5 * DAY
    clone.liveness = Liveness(now=START + 6 * DAY)
    clone.tick("apples")
    clone.change("pears", "ripe pears")
    clone.switch("main")
    clone.clock = START + 100
    clone.squash("one")
    clone.sync()
    clone.untick("apples")
    clone.change("ripe pears", "pears")
    assert clone.seen() == {"apples": "todo", "pears": "todo", "plums": "todo"}


def test_two_branches_that_commit_in_turn_flip_nothing(clone: Clone) -> None:
    for name in ("one", "two"):
        clone.switch("main")
        clone.switch(name)
    done: set[str] = set()
    moves = 0
    for turn in range(20):
        clone.switch(("one", "two")[turn % 2])
        title = f"task {turn}"
        clone.change("- [ ] plums", f"- [x] {title}\n- [ ] plums")
        before = clone.store.last_event()
        clone.sync()
        kinds = [event.kind for event in clone.store.events(before) if event.kind.startswith("t")]
        moves += len([kind for kind in kinds if kind != "task_created"])
        done.add(title)
        assert clone.done() == done
    assert moves == 0


def test_a_new_task_of_a_branch_is_there_and_gone_with_the_branch(clone: Clone) -> None:
    clone.switch("one")
    clone.change("- [ ] apples", "- [ ] apples\n- [ ] figs")
    assert list(clone.seen()) == ["apples", "figs", "pears", "plums"]
    clone.switch("main")
    clone.repo.git("branch", "--quiet", "-D", "one")
    assert "figs" not in clone.seen()


def test_a_task_that_a_branch_takes_out_is_gone_unless_it_is_changed_later(clone: Clone) -> None:
    clone.switch("one")
    clone.change("- [ ] apples\n", "")
    clone.change("- [ ] pears\n", "")
    assert list(clone.seen()) == ["plums"]
    clone.switch("main")
    clone.tick("pears")
    assert clone.seen() == {"pears": "done", "plums": "todo"}


def test_a_merged_branch_says_no_more_than_the_merge(clone: Clone) -> None:
    clone.switch("one")
    clone.tick("apples")
    clone.switch("main")
    clone.tick("plums")
    clone.merge("one")
    assert clone.done() == {"apples", "plums"}
    clone.untick("apples")
    assert clone.done() == {"plums"}


def test_a_branch_that_took_in_the_default_one_forks_off_there(clone: Clone) -> None:
    clone.switch("one")
    clone.tick("apples")
    clone.switch("main")
    clone.tick("plums")
    clone.switch("one")
    clone.merge("main")
    clone.switch("main")
    clone.untick("plums")
    assert clone.done() == {"apples"}


def test_a_change_of_openspec_is_counted_over_all_branches(clone: Clone) -> None:
    path = "openspec/changes/one/tasks.md"
    clone.commit(path, "## 1. Do", "", "- [ ] 1.1 dig", "- [ ] 1.2 sow")
    clone.switch("a")
    clone.tick("1.1 dig", path)
    clone.switch("main")
    clone.switch("b")
    clone.tick("1.2 sow", path)
    clone.commit("openspec/changes/two/tasks.md", "- [ ] more")
    seen = clone.seen()
    assert seen["one"] == "review"
    assert seen["two"] == "in_progress"


def test_a_change_that_a_branch_archives_is_done_and_takes_other_ticks_along(clone: Clone) -> None:
    path = "openspec/changes/one/tasks.md"
    clone.commit(path, "- [x] 1.1 dig", "- [ ] 1.2 sow")
    clone.sync()
    clone.switch("a")
    (clone.repo.path / "openspec/changes/archive").mkdir()
    clone.repo.git("mv", "openspec/changes/one", "openspec/changes/archive/2026-01-01-one")
    clone.save()
    assert clone.seen()["one"] == "done"
    clone.switch("main")
    clone.tick("1.2 sow", path)
    seen = clone.seen()
    assert (seen["one"], seen["1.2 sow"]) == ("done", "done")
    clone.merge("a", "-X", "find-renames=30%")
    assert clone.seen() == seen


def test_a_change_that_a_branch_deletes_comes_back_whole_with_a_newer_edit(clone: Clone) -> None:
    path = "openspec/changes/one/tasks.md"
    clone.commit(path, "- [ ] 1.1 dig", "- [ ] 1.2 sow")
    clone.switch("b")
    clone.switch("main")
    clone.repo.git("rm", "--quiet", "-r", "openspec")
    clone.save()
    assert "one" not in clone.seen()
    clone.switch("b")
    clone.tick("1.2 sow", path)
    seen = clone.seen()
    assert (seen["one"], seen["1.1 dig"], seen["1.2 sow"]) == ("in_progress", "todo", "done")


def test_a_change_stays_whole_with_an_edit_newer_than_its_removal_on_a_branch(clone: Clone) -> None:
    path = "openspec/changes/one/tasks.md"
    clone.commit(path, "- [ ] 1.1 dig", "- [ ] 1.2 sow")
    clone.switch("b")
    clone.repo.git("rm", "--quiet", "-r", "openspec")
    clone.save()
    clone.switch("main")
    clone.tick("1.2 sow", path)
    seen = clone.seen()
    assert (seen["one"], seen["1.1 dig"], seen["1.2 sow"]) == ("in_progress", "todo", "done")


def test_a_block_that_a_branch_removes_in_v1_stays_done(clone: Clone) -> None:
    block = ("## P1", "", "- [ ] Mend the roof", "  - **ID**: roof", "")
    other = ("- [ ] Paint", "  - **ID**: paint", "")
    clone.commit("v/TASKS.md", "# Tasks", "", *block, *other)
    clone.sync()
    clone.switch("one")
    clone.commit("v/TASKS.md", "# Tasks", "", "## P1", "", *other)
    assert clone.seen()["Mend the roof"] == "done"
    clone.switch("main")
    clone.change("Mend the roof", "Mend the whole roof", "v/TASKS.md")
    assert clone.seen()["Mend the roof"] == "done"


def test_a_file_that_a_branch_moves_keeps_its_tasks(clone: Clone) -> None:
    keys = {task.title: task.key for task in (clone.sync(), clone.tasks())[1]}
    clone.switch("one")
    (clone.repo.path / "docs").mkdir()
    clone.repo.git("mv", PLAIN, "docs/TASKS.md")
    clone.save()
    clone.tick("pears", "docs/TASKS.md")
    clone.switch("main")
    clone.tick("apples")
    assert clone.done() == {"apples", "pears"}
    assert {task.title: task.key for task in clone.tasks()} == keys
    assert {task.path for task in clone.tasks()} == {"docs/TASKS.md"}


@pytest.mark.parametrize(
    "lines", [LINES, ("# Tasks", "", "## P1", "", "- [ ] pears", "  - **ID**: p")]
)
def test_a_file_that_the_default_branch_moves_is_the_same_on_others(
    clone: Clone, lines: tuple[str, ...]
) -> None:
    clone.commit(PLAIN, *lines)
    keys = {task.title: task.key for task in (clone.sync(), clone.tasks())[1]}
    clone.switch("one")
    clone.switch("main")
    (clone.repo.path / "docs").mkdir()
    clone.repo.git("mv", PLAIN, "docs/TASKS.md")
    clone.save()
    clone.sync()
    clone.switch("one")
    clone.tick("pears")
    assert clone.done() == {"pears"}
    clone.change("pears", "ripe pears")
    assert clone.done() == {"ripe pears"}
    keys["ripe pears"] = keys.pop("pears")
    assert {task.title: task.key for task in clone.tasks()} == keys


def test_a_branch_without_a_common_commit_says_nothing(clone: Clone) -> None:
    clone.repo.git("switch", "--quiet", "--orphan", "other")
    clone.commit(PLAIN, "- [x] apples", "- [ ] figs")
    assert clone.seen() == {"apples": "todo", "pears": "todo", "plums": "todo"}


def test_a_file_that_a_branch_breaks_is_there_as_it_was_and_told(clone: Clone) -> None:
    clone.commit("roadmap.yaml", "tasks:", "  - id: a", "    title: figs", "    status: pending")
    clone.switch("one")
    clone.change("pending", "done", "roadmap.yaml")
    clone.change("tasks:", "tasks: [", "roadmap.yaml")
    assert clone.seen()["figs"] == "done"
    assert any("on one:" in problem for problem in clone.problems)


def test_what_a_branch_alone_has_wrong_is_told_by_each_pass_that_reads(clone: Clone) -> None:
    clone.commit(PLAIN, *LINES, "- [?] figs")
    clone.switch("one")
    clone.change("- [ ] pears", "- [?] pears")
    clone.switch("main")
    clone.switch("two")
    clone.tick("plums")
    clone.switch("main")
    for title in ("cherries", "dates"):
        clone.commit("docs/TASKS.md", f"- [ ] {title}")
        reading = clone.sync()
        assert reading is not None
        assert [(each.layer, each.problem.word) for each in reading.on_branches] == [("one", "?")]
        assert sum(": on " in text for text in clone.problems) == 1


def test_a_branch_that_only_grows_old_leaves_its_tasks_as_they_are(clone: Clone) -> None:
    clone.switch("one")
    clone.tick("apples")
    clone.sync()
    clone.switch("main")
    clone.liveness = Liveness(now=START + 40 * DAY)
    clone.clock = START + 40 * DAY
    clone.tick("pears")
    assert clone.done() == {"apples", "pears"}
    fresh = Clone(clone.repo, liveness=clone.liveness)
    assert fresh.done() == {"pears"}


def test_a_branch_that_no_pattern_covers_says_nothing(clone: Clone) -> None:
    clone.liveness = Liveness(("*", "!wip/*"), now=START)
    clone.switch("wip/one")
    clone.tick("apples")
    clone.switch("main")
    assert clone.done() == set()


def test_a_fresh_database_says_the_same_as_one_that_saw_each_step(
    clone: Clone, tmp_path: Path
) -> None:
    for name, title in (("one", "apples"), ("two", "pears")):
        clone.switch("main")
        clone.switch(name)
        clone.tick(title)
        clone.change("- [ ] plums", f"- [ ] plums\n- [ ] {name}")
        clone.sync()
    clone.switch("main")
    clone.change("plums", "ripe plums")
    seen = clone.seen()
    fresh = Clone(clone.repo)
    assert fresh.seen() == seen
    assert {task.key for task in fresh.tasks()} == {task.key for task in clone.tasks()}
    subprocess.run(
        ["git", "clone", "-q", "--mirror", str(clone.repo.path), str(tmp_path / "m" / ".git")],
        check=True,
    )


def test_a_detached_work_tree_has_a_say(clone: Clone, tmp_path: Path) -> None:
    clone.repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "w"))
    tree = Clone(Repo(tmp_path / "w"), clone.store, clone.clock)
    tree.tick("apples")
    assert clone.done() == {"apples"}
    tree.repo.git("bisect", "start")
    assert clone.done() == set(), "what a bisect has checked out is nobody's word"
    tree.repo.git("bisect", "reset")
    assert clone.done() == {"apples"}
    clone.repo.git("worktree", "remove", str(tmp_path / "w"))
    assert clone.done() == set()


def test_a_detached_work_tree_whose_folder_is_gone_has_no_say(clone: Clone, tmp_path: Path) -> None:
    clone.repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "w"))
    Clone(Repo(tmp_path / "w"), clone.store, clone.clock).tick("apples")
    assert clone.done() == {"apples"}
    # Locked, it may lie on a disk that is away for now.
    clone.repo.git("worktree", "lock", str(tmp_path / "w"))
    shutil.rmtree(tmp_path / "w")
    assert clone.done() == {"apples"}
    clone.repo.git("worktree", "unlock", str(tmp_path / "w"))
    assert "prunable" in clone.repo.git("worktree", "list", "--porcelain")
    assert clone.done() == set()


@pytest.mark.parametrize("checked_out", [True, False])
def test_names_that_are_no_text_are_kept_with_their_bytes_written_out(
    clone: Clone, tmp_path: Path, *, checked_out: bool
) -> None:
    name = os.fsdecode(b"caf\xe9")
    clone.store = open_sqlite(tmp_path / "tasks.db", PROJECT)
    kind = ("-b", name) if checked_out else ("--detach",)
    clone.repo.git("worktree", "add", "--quiet", *kind, str(tmp_path / name))
    Clone(Repo(tmp_path / name), clone.store, clone.clock).tick("apples")
    assert clone.done() == {"apples"}
    shown = "caf\\xe9" if checked_out else "work tree caf\\xe9"
    assert [task.branch for task in clone.tasks() if task.branch] == [shown]
    opened = GitRepository(clone.repo.path / ".git", current=clone.repo.path / ".git")
    with closing(opened):
        clone.repo.git("symbolic-ref", "HEAD", f"refs/heads/{name}")
        assert opened.branch()[0] == "caf\\xe9"
    clone.store.close()


def test_what_cannot_be_read_has_no_say_and_keeps_no_other_from_its_own(
    clone: Clone, tmp_path: Path
) -> None:
    clone.switch("one")
    clone.tick("apples")
    trees = clone.repo.path / ".git" / "worktrees"
    lost, unknown = tmp_path / "lost", "12" * 20
    clone.repo.git("worktree", "add", "--quiet", "--detach", str(lost))
    (trees / "lost" / "HEAD").write_text(f"{unknown}\n")
    # As it is while git makes a work tree, and where that was killed.
    (trees / "half").mkdir()
    (trees / "half" / "HEAD").write_text(f"{'0' * 40}\n")
    (clone.repo.path / ".git" / "refs" / "heads" / "broken").write_text(f"{unknown}\n")
    assert clone.done() == {"apples"}
    assert [text.partition(":")[0] for text in clone.problems] == ["broken", "work tree lost"]
    clone.tick("pears")
    assert clone.done() == {"apples", "pears"}
    # What is mended is heard though no branch has moved.
    found = clone.repo.git("rev-parse", "one")
    place = clone.repo.path / ".git" / "objects" / found[:2] / found[2:]
    aside = place.rename(tmp_path / "object")
    assert clone.done() == set()
    aside.rename(place)
    assert clone.done() == {"apples", "pears"}


def test_where_nothing_moves_nothing_is_read(clone: Clone) -> None:
    clone.switch("one")
    clone.tick("apples")
    clone.sync()
    reading = clone.sync()
    assert reading is not None
    assert not reading.is_new


def test_an_archived_place_is_as_new_as_its_commit_though_the_words_came_first(
    clone: Clone,
) -> None:
    path = "openspec/changes/one/tasks.md"
    clone.commit(path, "- [ ] 1.1 dig", "- [ ] 1.2 sow")
    clone.sync()
    clone.switch("a")
    (clone.repo.path / "openspec/changes/archive").mkdir()
    clone.repo.git("mv", "openspec/changes/one", "openspec/changes/archive/2026-01-01-one")
    clone.tick("1.1 dig", "openspec/changes/archive/2026-01-01-one/tasks.md")
    archived = clone.clock
    clone.switch("main")
    clone.clock -= 60
    clone.tick("1.1 dig", path)
    clone.clock = archived
    clone.switch("a")
    clone.merge("main")
    clone.switch("main")
    clone.merge("a")
    clone.sync()
    change = next(task for task in clone.tasks() if task.title == "one")
    assert (change.status.value, change.status_version.time) == ("done", archived)


# --- what is read again ---------------------------------------------------------------------------


def several(clone: Clone) -> dict[str, str]:
    """Let six branches tick and then reword something; return what each had said in between."""
    clone.commit("openspec/changes/x/tasks.md", "## 1. One", "", "- [ ] 1.1 a", "- [ ] 1.2 b")
    between: dict[str, str] = {}
    for number in range(6):
        path = PLAIN if number % 2 else "openspec/changes/x/tasks.md"
        title = "apples" if number % 2 else "1.1 a"
        clone.switch("main")
        clone.switch(f"branch-{number}")
        clone.change(f"- [ ] {title}", f"- [x] {title} for {number}", path)
        between[f"branch-{number}"] = clone.repo.git("rev-parse", f"HEAD:{path}")
        clone.change(f" {title} for", f" {title}, made for", path)
    return between


def test_of_many_branches_only_the_one_that_moved_is_read_again(clone: Clone) -> None:
    between = several(clone)
    clone.sync()
    assert set(between.values()) <= set(clone.contents)
    clone.change("- [ ] pears", "- [x] pears")
    clone.sync()
    read = {name for name, content in between.items() if content in clone.contents}
    assert read == {"branch-5"}
    assert {"apples, made for 5", "pears"} <= {task.title for task in clone.tasks()}


def test_what_is_remembered_of_branches_is_what_reading_them_again_tells(clone: Clone) -> None:
    names = several(clone)
    clone.sync()
    for name in (*names, "main"):
        clone.switch(name)
        clone.change("- [ ] plums", "- [x] plums, too")
        clone.sync()
        anew = replace(clone, store=MemoryStore(PROJECT))
        anew.sync()
        assert clone.tasks() == anew.tasks()


def test_what_a_clone_lacks_for_now_is_not_remembered(clone: Clone) -> None:
    clone.switch("one")
    clone.change("- [ ] apples", "- [ ] sour apples")
    former = clone.repo.git("rev-parse", f"HEAD:{PLAIN}")
    clone.tick("sour apples")
    stored = clone.repo.path / ".git" / "objects" / former[:2] / former[2:]
    stored.rename(stored.with_suffix(".away"))
    clone.sync()
    stored.with_suffix(".away").rename(stored)
    clone.switch("main")
    clone.tick("pears")
    clone.sync()
    anew = replace(clone, store=MemoryStore(PROJECT))
    anew.sync()
    assert clone.tasks() == anew.tasks()


# --- a default branch that cannot be read ---------------------------------------------------------

BROKEN = ("<<<<<<< HEAD", "- [ ] apples", "=======", "- [x] apples", ">>>>>>> one", "")


@pytest.mark.parametrize("is_synced", [True, False], ids=["synced before", "not"])
def test_branches_have_their_say_while_the_default_branch_has_a_broken_file(
    clone: Clone, is_synced: bool
) -> None:
    clone.switch("one")
    clone.switch("main")
    clone.tick("pears")
    if is_synced:
        clone.sync()
    clone.commit(PLAIN, *BROKEN)
    assert clone.done() == {"pears"}
    clone.switch("one")
    clone.tick("apples")
    assert clone.done() == {"apples", "pears"}
    assert any("conflict" in problem for problem in clone.problems)
    clone.switch("two")
    clone.tick("plums")
    assert clone.done() == {"apples", "pears", "plums"}
    clone.repo.git("branch", "-D", "one")
    clone.repo.git("reset", "--hard", "--quiet", "HEAD~1")
    assert clone.done() == {"apples", "pears"}
    clone.switch("main")
    clone.repo.git("branch", "-D", "two")
    assert clone.done() == {"pears"}
    clone.commit(PLAIN, *LINES, "- [ ] figs")
    assert clone.seen() == dict.fromkeys(("apples", "pears", "plums", "figs"), "todo")


def test_a_branch_that_forks_off_a_broken_file_says_what_it_changes(clone: Clone) -> None:
    clone.sync()
    clone.commit(PLAIN, *BROKEN)
    clone.switch("one")
    clone.commit("other.txt", "nothing of that")
    assert clone.done() == set()
    clone.commit(PLAIN, "# Tasks", "", "- [ ] apples", "- [x] pears", "- [ ] plums")
    assert clone.seen() == {"apples": "todo", "pears": "done", "plums": "todo"}


# --- a partial clone ------------------------------------------------------------------------------


@pytest.mark.parametrize("is_read", [True, False], ids=["read before", "not"])
@pytest.mark.parametrize("remote_too", [True, False], ids=["remote branches too", "not"])
def test_a_partial_clone_goes_on_with_what_is_there_while_its_remote_is_away(
    clone: Clone, tmp_path: Path, is_read: bool, remote_too: bool
) -> None:
    clone.repo.git("config", "uploadpack.allowFilter", "true")
    partial = replace(clone, repo=Repo(tmp_path / "partial"), store=MemoryStore(PROJECT))
    partial.liveness = Liveness(now=START, remote=remote_too)
    url = clone.repo.path.as_uri()
    clone.repo.git("clone", "--quiet", "--filter=blob:none", url, partial.repo.path)
    if is_read:
        partial.sync()
    clone.tick("apples")
    partial.repo.git("fetch", "--quiet")
    away = clone.repo.path.rename(tmp_path / "away")
    partial.clock = clone.clock
    partial.switch("one")
    partial.tick("pears")
    assert partial.done() == {"pears"}
    partial.switch("main")
    partial.tick("plums")
    reading = partial.sync()
    assert reading is not None
    assert "the remote cannot be reached" in str(reading.lacking)
    assert partial.done() == {"pears", "plums"}
    again = partial.sync()
    assert again is not None
    assert (again.is_new, again.lacking is None) == (False, False)
    away.rename(clone.repo.path)
    assert partial.done() == {"apples", "pears", "plums"}
    last = partial.sync()
    assert last is not None
    assert last.lacking is None
    branches = {task.title: task.branch for task in partial.tasks()}
    assert branches == {"apples": "", "pears": "one", "plums": "main (local)"}


# --- what was done and is there no more -----------------------------------------------------------

BEGUN = {
    "plain": (PLAIN, "- [ ] apples", "- [x] figs"),
    "v1.0": (PLAIN, "## P1\n\n- [ ] apples\n  - **ID**: apples", "- [x] figs\n  - **ID**: figs"),
    "table": (
        PLAIN,
        "| ID | Task | Status |\n|-|-|-|\n| T-1 | apples | todo |",
        "| T-2 | figs | done |",
    ),
    "roadmap": (
        "roadmap.yaml",
        "tasks:\n  - {id: a, title: apples, status: todo}",
        "  - {id: f, title: figs, status: done}",
    ),
}
"""Dialect -> a file, how it begins, and a task that is done."""


@pytest.mark.parametrize("dialect", BEGUN)
def test_a_task_that_was_done_stays_so_if_a_commit_takes_it_out(clone: Clone, dialect: str) -> None:
    path, begin, figs = BEGUN[dialect]
    clone.commit(path, begin)
    clone.switch("one")
    clone.commit(path, begin, figs)
    assert status_of(clone, "figs") == "done"
    tip = clone.repo.git("rev-parse", "HEAD")
    clone.switch("main")
    clone.repo.git("branch", "-D", "one")
    assert status_of(clone, "figs") == "orphaned"
    clone.repo.git("merge", "--quiet", "--ff-only", tip)
    assert status_of(clone, "figs") == "done"
    clone.commit(path, begin)
    assert status_of(clone, "figs") == "done"
    clone.commit("other.txt", "nothing of that")
    assert status_of(clone, "figs") == "done"


@pytest.mark.parametrize("dialect", BEGUN)
def test_a_new_task_of_a_branch_is_called_as_it_is_once_the_branch_is_merged(
    clone: Clone, dialect: str
) -> None:
    path, begin, figs = BEGUN[dialect]
    clone.commit(path, begin)
    clone.switch("one")
    clone.commit(path, begin, figs)
    clone.sync()
    keys = {task.key for task in clone.store.tasks()}
    clone.switch("main")
    clone.merge("one")
    clone.sync()
    assert {task.key for task in clone.store.tasks()} == keys


def test_a_change_that_only_a_deleted_branch_archived_is_taken_back(clone: Clone) -> None:
    clone.switch("one")
    clone.commit("openspec/changes/archive/2026-01-01-garden/tasks.md", "## 1. Do", "- [x] 1.1 dig")
    clone.sync()
    clone.commit("openspec/changes/yard/tasks.md", "## 1. Do", "- [x] 1.1 sow")
    assert status_of(clone, "yard") == "review"
    clone.repo.git("mv", "openspec/changes/yard", "openspec/changes/archive/2026-01-02-yard")
    clone.save()
    assert status_of(clone, "yard") == "done"
    clone.switch("main")
    clone.repo.git("branch", "-D", "one")
    assert status_of(clone, "yard") == "orphaned"


def status_of(clone: Clone, title: str) -> str:
    clone.sync()
    return next(task.status.value for task in clone.store.tasks() if task.title == title)


def unmerged(clone: Clone) -> dict[str, str]:
    """Return the branches on which alone tasks are done that the default branch has open."""
    clone.sync()
    return {task.title: task.branch for task in clone.tasks() if task.status.satisfies}


def test_what_is_done_names_a_branch_until_the_default_branch_says_so(clone: Clone) -> None:
    clone.mark = DEFAULT_BRANCH
    clone.tick("plums")
    clone.switch("one")
    clone.tick("apples")
    clone.change("plums", "ripe plums")
    # Other words of what is done already hold nobody up.
    assert unmerged(clone) == {"apples": "one", "ripe plums": ""}
    clone.switch("main")
    clone.merge("one")
    assert unmerged(clone) == {"apples": "", "ripe plums": ""}


def test_another_setting_reads_anew_which_branch_says_so(clone: Clone) -> None:
    clone.tick("plums")
    clone.switch("one")
    clone.change("plums", "ripe plums")
    for clone.mark, branch in (("", "one"), (DEFAULT_BRANCH, ""), ("", "one")):
        assert unmerged(clone) == {"ripe plums": branch}


def test_a_change_archived_on_a_branch_names_it_until_that_is_merged(clone: Clone) -> None:
    clone.mark = DEFAULT_BRANCH
    there, archived = "openspec/changes/c", "openspec/changes/archive/2026-01-01-c"
    clone.repo.write(f"{there}/proposal.md", "# C\n")
    clone.commit(f"{there}/tasks.md", "## 1. Do", "- [x] 1.1 this")
    assert unmerged(clone) == {"1.1 this": ""}
    clone.switch("one")
    clone.repo.write(f"{archived}/keep", "")
    for name in ("proposal.md", "tasks.md"):
        clone.repo.git("mv", f"{there}/{name}", f"{archived}/{name}")
    clone.save()
    assert set(unmerged(clone).items()) == {("1.1 this", ""), ("c", "one")}
    clone.switch("main")
    clone.merge("one")
    assert set(unmerged(clone).values()) == {""}


def test_a_block_of_v1_removed_on_a_branch_names_it_until_that_is_merged(clone: Clone) -> None:
    clone.mark = DEFAULT_BRANCH
    block = ("- [ ] Cut", "  - **ID**: cut", "  - **Tags**: a")
    clone.commit(PLAIN, "# Tasks", "", "## P1", "", *block, "- [ ] Sew", "  - **ID**: sew")
    assert unmerged(clone) == {}
    clone.switch("one")
    clone.change("\n".join((*block, "")), "")
    assert unmerged(clone) == {"Cut": "one"}
    assert unmerged(clone) == {"Cut": "one"}
    clone.switch("main")
    clone.merge("one")
    assert unmerged(clone) == {"Cut": ""}


def test_what_a_branch_ticked_and_took_out_names_it_until_that_is_merged(clone: Clone) -> None:
    clone.mark = DEFAULT_BRANCH
    clone.switch("one")
    clone.tick("apples")
    assert unmerged(clone) == {"apples": "one"}
    clone.change("- [x] apples\n", "")
    assert unmerged(clone) == {"apples": "one"}
    clone.switch("main")
    clone.merge("one")
    assert unmerged(clone) == {"apples": ""}
