"""Whatever moves the default branch reaches the board, at the latest with the next commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from repos import Repo
from system.git_operations import AT_ONCE, AT_THE_NEXT_TRIGGER, NOTHING_TO_SYNC
from system.synced_clone import FILES, SyncedClone, copy_clone

if TYPE_CHECKING:
    from system.board_server import BoardServer
    from system.git_operations import Operation


@pytest.mark.parametrize("operation", AT_ONCE.values(), ids=AT_ONCE.keys())
def test_it_is_synced_without_another_trigger(clone: SyncedClone, operation: Operation) -> None:
    done = operation(clone)
    clone.wait()
    assert clone.done_in_database() == done
    assert clone.done_on_board() == done


@pytest.mark.parametrize("operation", AT_THE_NEXT_TRIGGER.values(), ids=AT_THE_NEXT_TRIGGER.keys())
def test_it_is_synced_with_the_next_commit_whatever_that_changes(
    clone: SyncedClone, operation: Operation
) -> None:
    done = operation(clone)
    clone.wait_for_the_end()
    clone.commit_something_else()
    clone.wait()
    assert clone.done_in_database() == done
    assert clone.done_on_board() == done


@pytest.mark.parametrize("operation", NOTHING_TO_SYNC.values(), ids=NOTHING_TO_SYNC.keys())
def test_it_starts_nothing(clone: SyncedClone, server: BoardServer, operation: Operation) -> None:
    before = clone.requested()
    operation(clone)
    clone.commit_something_else()
    assert clone.requested() == before
    assert clone.processes() == []
    assert server.requests == []


def test_what_another_clone_ticked_and_this_one_takes_back_is_open_on_the_board(
    clone: SyncedClone, tmp_path: Path
) -> None:
    """This clone has never synced the state in between."""
    other = copy_clone(clone, tmp_path / "other")
    clone.commit_ticks("one")
    clone.wait()
    assert clone.done_on_board() == {"one"}
    other.quietly("pull", "-q", str(clone.path), "main")
    other.quietly("revert", "--no-edit", "HEAD")
    other.run("sync").check_returncode()
    assert other.done_on_board() == set()
    clone.git("pull", "-q", str(other.path), "main")
    clone.wait()
    assert clone.done_on_board() == clone.done_in_database() == set()


def test_a_commit_on_another_branch_is_on_the_board_and_its_merge_writes_nothing_more(
    clone: SyncedClone, server: BoardServer
) -> None:
    clone.git("checkout", "-q", "-b", "topic")
    clone.commit_ticks("one")
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}
    writes = len(server.writes)
    clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "topic")
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}
    assert len(server.writes) == writes


def test_a_rebase_is_one_sync_and_not_one_for_each_commit(
    clone: SyncedClone, server: BoardServer
) -> None:
    clone.quietly("checkout", "-q", "-b", "side", "main")
    clone.write("aside.txt", "aside")
    clone.git("add", "aside.txt")
    clone.quietly("commit", "-qm", "aside")
    clone.quietly("checkout", "-q", "main")
    for word in ("one", "two", "three", "four"):
        clone.tick(word)
        clone.quietly("commit", "-qam", f"tick {word}")
    clone.git("rebase", "-q", "side")
    clone.wait()
    assert clone.done_on_board() == {"one", "two", "three", "four"}
    boards = [path for method, path in server.requests if method == "GET"]
    assert len(boards) <= 2


def test_a_submodule_is_a_clone_of_its_own(tmp_path: Path, fresh_server: BoardServer) -> None:
    inner = SyncedClone.bare_of_settings(tmp_path / "inner", fresh_server)
    outer = Repo.init(tmp_path / "outer")
    outer.commit("first", **{"README.md": "outer\n"})
    outer.git("submodule", "--quiet", "add", str(inner.path), "sub")
    outer.git("commit", "-qm", "submodule")
    module = _Submodule(outer.path / "sub", fresh_server)
    names = ("--project", "Project", "--board", "Board")
    module.run("init", "--yes", "--url", fresh_server.url, *names).check_returncode()
    module.commit("settings")
    module.wait()
    module.commit_ticks("one")
    module.wait()
    assert module.done_in_database() == module.done_on_board() == {"one"}
    assert (outer.path / ".git/modules/sub/kanban-sync/tasks.db").exists()
    assert not (outer.path / ".git/kanban-sync").exists()
    requested = module.requested()
    outer.git("commit", "-qam", "moves the submodule on")
    assert module.requested() == requested


class _Submodule(SyncedClone):
    @property
    def common_dir(self) -> Path:
        return Path(self.git("rev-parse", "--path-format=absolute", "--git-common-dir"))


def test_the_root_commit_is_synced_like_any_other(
    tmp_path: Path, fresh_server: BoardServer
) -> None:
    clone = SyncedClone(Repo.init(tmp_path / "clone").path, fresh_server)
    names = ("--project", "Project", "--board", "Board")
    clone.run("init", "--yes", "--url", fresh_server.url, *names)
    clone.run("allow", "--yes").check_returncode()
    clone.commit("root", **FILES)
    clone.wait()
    assert {task.title for task in clone.tasks()} >= {"one", "two", "three", "four"}
    clone.commit_ticks("one")
    clone.wait()
    assert clone.done_on_board() == {"one"}


def test_template_hooks_work_in_a_new_clone(clone: SyncedClone, tmp_path: Path) -> None:
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    for name in ("post-commit", "post-checkout"):
        shim = template / "hooks" / name
        shim.write_bytes((clone.common_dir / "hooks" / name).read_bytes())
        shim.chmod(0o755)
    clone.git("clone", "-q", f"--template={template}", ".", "../second")
    second = SyncedClone(tmp_path / "second", clone.server)
    second.wait_for_the_end()
    # Nobody has allowed a board there: only the database is there.
    assert {task.title for task in second.tasks()} >= {"one", "two", "three", "four"}
    assert clone.server.requests == []
