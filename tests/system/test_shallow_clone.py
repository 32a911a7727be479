"""A job that fetched one commit, and never synced before, makes no card twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from system.board_server import columns
from system.synced_clone import BOARD, PROJECT, TASKS, SyncedClone

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from system.board_server import BoardServer


def synced_by_a_job(clone: SyncedClone, name: str) -> CompletedProcess[str]:
    """Let a job sync what it fetched without history."""
    path = clone.path.parent / name
    clone.git("clone", "-q", "--depth=1", clone.path.as_uri(), path)
    return SyncedClone(path, clone.server).run("sync", "--project", PROJECT, "--board", BOARD)


def reword(clone: SyncedClone, old: str, new: str) -> None:
    text = (clone.path / TASKS).read_text()
    assert old in text
    clone.write(TASKS, text.replace(old, new))


def test_a_job_without_history_writes_nothing_where_nothing_changed(
    clone: SyncedClone, server: BoardServer
) -> None:
    reword(clone, "three", "three blind mice")
    clone.git("commit", "-qam", "reword")
    clone.commit_ticks("one")
    clone.wait()
    server.clear_log()
    done = synced_by_a_job(clone, "job")
    assert (done.returncode, server.writes) == (0, []), done.stderr


def test_a_job_without_history_leaves_what_it_cannot_tell_to_others(
    clone: SyncedClone, server: BoardServer
) -> None:
    reword(clone, "three", "three blind mice")
    clone.git("commit", "-qam", "reword")
    clone.wait()
    reword(clone, "three blind mice", "three blind cats")
    clone.write(TASKS, f"{(clone.path / TASKS).read_text()}- [ ] eighty-one horses\n")
    clone.quietly("commit", "-qam", "reword, and add")
    done = synced_by_a_job(clone, "job")
    assert done.returncode == 0, done.stderr
    assert "git fetch --unshallow" in done.stdout
    assert {*columns(server.state)} == {
        *("add-login", "one", "two", "three blind mice", "four", "eighty-one horses")
    }
    clone.run("sync").check_returncode()
    assert {*columns(server.state)} == {
        *("add-login", "one", "two", "three blind cats", "four", "eighty-one horses")
    }


def test_a_board_that_only_jobs_write_follows_a_task_that_is_reworded(
    clone: SyncedClone, fresh_server: BoardServer
) -> None:
    alone = SyncedClone(clone.path, fresh_server)
    assert synced_by_a_job(alone, "first").returncode == 0
    reword(clone, "three", "three blind mice")
    clone.quietly("commit", "-qam", "reword")
    assert synced_by_a_job(alone, "second").returncode == 0
    assert {*columns(fresh_server.state)} == {
        *("add-login", "one", "two", "three blind mice", "four")
    }
