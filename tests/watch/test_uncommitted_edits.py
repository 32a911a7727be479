"""What is edited in work trees and not committed counts as if it were: real git, and a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kanban_sync import git_work_trees
from kanban_sync.core.liveness import Liveness
from kanban_sync.core.model import Status, Task, Version
from kanban_sync.core.ports import Gone, SourceSettings
from kanban_sync.git import GitRepository
from kanban_sync.git_work_trees import Edit, Edits, objects_of
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.reading import read_files
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

LINES = "# Tasks\n\n- [ ] apples\n- [ ] pears\n- [ ] plums\n"
FILE = "TASKS.md"
START = 1_700_000_000


@dataclass
class World:
    """A clone with a database; passes look at its work trees, as a watcher's, or not."""

    repo: Repo
    store: MemoryStore = field(default_factory=lambda: MemoryStore("p1"))
    liveness: Liveness | None = field(default_factory=Liveness)
    edits: Edits | None = None

    @property
    def git_dir(self) -> Path:
        return self.repo.path / ".git"

    def watch(self) -> set[str]:
        """Do a watcher's pass, and return the titles of what is done."""
        self.edits = self.edits or Edits(self.git_dir)
        return self._pass(self.edits)

    def hook(self) -> set[str]:
        """Do a hook's pass, and return the same."""
        return self._pass(None)

    def _pass(self, edits: Edits | None) -> set[str]:
        git = GitRepository(self.git_dir, liveness=self.liveness, edits=edits)
        known, files = self.store.filed_tasks, self.store.files()
        try:
            reading = read_files(
                git, git, SOURCES, SourceSettings(), "p1", known, files, parses=self.store
            )
        finally:
            git.close()
        assert reading is not None
        assert reading.problems == ()
        if reading.is_new:
            gone = {task.key: Gone(task.status, task.status_version) for task in reading.gone}
            self.store.merge(reading.tasks, gone, reading.files, 0.0)
        return {each.title for each in self.tasks().values() if each.status is Status.DONE}

    def tasks(self) -> dict[str, Task]:
        tasks = self.store.tasks()
        return {each.title: each for each in tasks if each.status is not Status.ORPHANED}

    def tick(self, title: str, repo: Repo | None = None) -> None:
        place = (repo or self.repo).path / FILE
        place.write_text(place.read_text().replace(f"[ ] {title}", f"[x] {title}"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    repo = Repo.init(tmp_path / "shop")
    repo.commit_at(START, "Begin", **{FILE: LINES})
    world = World(repo)
    assert world.hook() == set()
    return world


def test_a_tick_counts_before_it_is_committed_and_tells_where_it_is(world: World) -> None:
    world.tick("pears")
    assert world.hook() == set()
    assert world.watch() == {"pears"}
    pears = world.tasks()["pears"]
    assert pears.branch == "main work tree (uncommitted)"
    changed = int((world.repo.path / FILE).stat().st_ctime)
    assert (pears.status_version.time, pears.status_version.commit[0]) == (changed, "~")
    assert world.repo.git("status", "--porcelain", "--ignored") == f" M {FILE}"
    assert world.repo.git("count-objects") == "3 objects, 12 kilobytes"


def test_a_dirty_tick_and_a_commit_of_something_else_flip_nothing(world: World) -> None:
    world.tick("pears")
    assert world.watch() == {"pears"}
    event = world.store.last_event()
    world.repo.write("README", "Read me.\n")
    world.repo.git("add", "README")
    world.repo.git("commit", "--quiet", "--message", "Something else")
    assert world.hook() == {"pears"}
    assert world.watch() == {"pears"}
    assert world.store.last_event() == event


def test_only_a_pass_that_looks_takes_an_edit_back(world: World) -> None:
    world.tick("pears")
    world.watch()
    world.repo.git("checkout", FILE)
    assert world.hook() == {"pears"}
    assert world.watch() == set()
    assert world.hook() == set()


def test_a_tick_that_is_committed_is_the_commit_s(world: World) -> None:
    world.tick("pears")
    world.watch()
    commit = world.repo.commit("Tick")
    assert world.hook() == {"pears"}
    assert world.tasks()["pears"].branch == ""
    world.watch()
    pears = world.tasks()["pears"]
    assert (pears.branch, pears.status_version.commit) == ("", commit[:12])


def test_a_committed_untick_is_newer_than_a_remembered_tick(world: World) -> None:
    world.tick("pears")
    world.watch()
    world.repo.commit_at(START + 60, "Tick")
    world.repo.commit_at(START + 120, "Untick", **{FILE: LINES})
    assert world.hook() == set()


def test_each_work_tree_has_a_say(world: World) -> None:
    world.repo.git("worktree", "add", "-q", "../other", "-b", "one")
    other = Repo(world.repo.path.parent / "other")
    world.tick("pears")
    world.tick("plums", other)
    assert world.watch() == {"pears", "plums"}
    assert world.tasks()["plums"].branch == "work tree other (uncommitted)"
    world.repo.git("worktree", "remove", "--force", "../other")
    assert world.hook() == {"pears"}


def test_new_and_removed_files_are_edits(world: World) -> None:
    world.repo.write("docs/TASKS.md", "- [x] figs\n- [ ] dates\n")
    assert world.watch() == {"figs"}
    (world.repo.path / "docs/TASKS.md").unlink()
    (world.repo.path / FILE).unlink()
    world.watch()
    assert world.tasks() == {}
    world.repo.git("checkout", FILE)
    world.watch()
    assert sorted(world.tasks()) == ["apples", "pears", "plums"]


@pytest.mark.parametrize("liveness", [None, Liveness(("!one", "*"))])
def test_what_would_have_no_say_once_committed_has_none_before(
    world: World, liveness: Liveness | None
) -> None:
    world.liveness = liveness
    world.tick("pears")
    assert world.watch() == {"pears"}
    world.repo.git("switch", "--quiet", "--create", "one")
    world.repo.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    assert world.watch() == ({"pears"} if liveness is not None else set())


def test_in_the_middle_of_a_merge_and_with_conflicts_nothing_is_read(world: World) -> None:
    world.tick("apples")
    assert world.watch() == {"apples"}
    world.repo.git("stash")
    world.repo.commit("Another", **{FILE: LINES.replace("[ ] apples", "[ ] green apples")})
    (world.git_dir / "MERGE_HEAD").write_text("")
    world.repo.write(FILE, "<<<<<<< torn\n")
    assert world.watch() == {"green apples"}
    assert sorted(world.tasks()) == ["green apples", "pears", "plums"]
    (world.git_dir / "MERGE_HEAD").unlink()
    world.repo.git("checkout", FILE)
    with pytest.raises(AssertionError, match="CONFLICT"):
        world.repo.git("stash", "pop")
    assert world.watch() == set()
    assert sorted(world.tasks()) == ["green apples", "pears", "plums"]


def test_the_newest_edit_of_several_files_does_not_make_the_others_newer(world: World) -> None:
    world.tick("pears")
    world.watch()
    before = world.tasks()["pears"].status_version
    place = world.repo.path / FILE
    stamp = place.stat().st_ctime_ns
    while int((world.repo.write("docs/TASKS.md", "- [x] figs\n")).stat().st_ctime) == before.time:
        pass
    assert place.stat().st_ctime_ns == stamp
    world.watch()
    assert world.tasks()["pears"].status_version == before
    assert world.tasks()["figs"].status_version.time > before.time


def test_the_same_edits_are_the_same_commit_and_read_once(world: World) -> None:
    world.tick("pears")
    world.watch()
    first = world.store.tips()
    world.edits = None
    world.watch()
    assert world.store.tips() == first


def test_what_the_database_was_told_stays_when_the_file_is_taken_back(world: World) -> None:
    world.store.set_status(world.tasks()["pears"].key, Status.DONE, 1.0, "ada")
    world.tick("pears")
    assert world.watch() == {"pears"}
    world.repo.git("checkout", FILE)
    assert world.watch() == {"pears"}
    world.tick("pears")
    world.watch()
    world.repo.commit("Tick")
    assert world.watch() == {"pears"}
    world.repo.commit("Untick", **{FILE: LINES})
    assert world.watch() == set()


def test_what_is_just_being_written_counts_as_it_was(world: World) -> None:
    world.tick("pears")
    world.watch()
    assert world.edits is not None
    version = world.tasks()["pears"].status_version
    new = world.repo.path / "docs" / FILE
    world.edits.unsettled = {str(world.repo.path / FILE), str(new)}
    world.repo.write(FILE, "# Ta")
    world.repo.write(f"docs/{FILE}", "- [x] fi")
    world.repo.write(f"more/{FILE}", "- [x] dates\n")
    for _ in range(2):
        assert world.watch() == {"pears", "dates"}
        assert world.tasks()["pears"].status_version.time == version.time
        assert sorted(world.tasks()) == ["apples", "dates", "pears", "plums"]
    # Taken back, but not for sure yet.
    world.repo.git("checkout", FILE)
    assert world.watch() == {"pears", "dates"}
    world.edits.unsettled = ()
    assert world.watch() == {"dates", "fi"}


def test_what_is_nobody_s_edit_is_held_back(world: World) -> None:
    held: set[str] = set()
    world.edits = Edits(world.git_dir)
    world.edits.hold_back = lambda: held
    world.tick("pears")
    held.add(str(world.repo.path / FILE))
    world.repo.write(f"more/{FILE}", "- [x] dates\n")
    assert world.watch() == {"dates"}
    held.clear()
    assert world.watch() == {"pears", "dates"}


def test_what_was_written_a_moment_ago_counts_as_it_was_and_is_named(world: World) -> None:
    world.edits = Edits(world.git_dir)
    world.edits.settle = 3600.0
    world.tick("pears")
    assert (world.watch(), world.edits.young) == (set(), {str(world.repo.path / FILE)})
    world.edits.settle = 1e-9
    assert (world.watch(), world.edits.young) == ({"pears"}, set())
    world.edits.settle = 3600.0
    world.repo.write(FILE, LINES)
    assert (world.watch(), world.edits.young) == ({"pears"}, {str(world.repo.path / FILE)})


def test_an_edit_counts_also_after_the_clock_was_set_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def a_day_earlier(path: str, moment: int, stamp: tuple[int, ...]) -> Edit:
        return Edit(path, moment - 86400, stamp)

    world.tick("pears")
    assert world.watch() == {"pears"}
    monkeypatch.setattr(git_work_trees, "Edit", a_day_earlier)
    world.tick("plums")
    assert world.watch() == {"pears", "plums"}
    world.repo.write(FILE, LINES.replace("[ ] plums", "[x] plums"))
    assert world.watch() == {"plums"}
    world.repo.write(FILE, LINES)
    assert world.watch() == set()


def test_without_its_objects_a_remembered_edit_has_no_say(world: World) -> None:
    world.tick("pears")
    world.watch()
    assert world.edits is not None
    world.edits.forget()
    assert list(objects_of(world.git_dir).iterdir()) == []
    assert world.hook() == set()
    assert world.watch() == {"pears"}


def test_a_version_of_an_edit_is_newer_than_its_commit_whatever_the_clocks_say(
    world: World,
) -> None:
    world.repo.commit_at(4_000_000_000, "Later", **{FILE: LINES.replace("[ ] pears", "[x] pears")})
    world.repo.write(FILE, LINES)
    assert world.watch() == set()
    version = world.tasks()["pears"].status_version
    assert version > Version(4_000_000_000, "")
