"""Clones without history, or without contents: what they cannot know is left, the rest is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repos import Repo
from system.board_server import columns
from system.synced_clone import BOARD, CHANGE, PROJECT, TASKS, SyncedClone

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


def test_while_its_remote_is_away_a_partial_clone_syncs_what_it_has(
    clone: SyncedClone, server: BoardServer
) -> None:
    hub = Repo(clone.path.parent / "hub")
    clone.git("clone", "-q", "--bare", ".", hub.path)
    hub.git("config", "uploadpack.allowFilter", "true")
    partial = SyncedClone(clone.path.parent / "partial", server)
    clone.git("clone", "-q", "--filter=blob:none", hub.path.as_uri(), partial.path)
    partial.run("install").check_returncode()
    partial.run("allow", "--yes").check_returncode()
    partial.run("sync", "--wait").check_returncode()
    clone.tick("four")
    clone.quietly("commit", "-qam", "tick")
    clone.git("push", "-q", hub.path, "main")
    partial.git("fetch", "-q")
    away = hub.path.rename(clone.path.parent / "away")

    partial.git("switch", "-q", "-c", "one")
    partial.commit_ticks("1.1", path=CHANGE)
    partial.wait_for_the_end()
    assert partial.done_on_board() == partial.done_in_database() == {"1.1 Draw it"}
    assert partial.state.pending.exists()
    told = partial.run("sync")
    assert told.returncode == 1
    assert "the remote cannot be reached" in told.stderr
    for command in ("status", "log"):
        assert "the remote cannot be reached" in partial.run(command).stdout, command

    away.rename(hub.path)
    partial.run("sync").check_returncode()
    partial.wait()
    assert partial.done_on_board() == partial.done_in_database() == {"1.1 Draw it", "four"}
