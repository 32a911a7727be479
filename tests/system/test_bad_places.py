"""Places where nothing is to be synced, or nothing can be written: one line, no traceback."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from forked import run_as_nobody
from repos import Repo
from system.board_server import columns
from system.complaints import one_line, traces
from system.synced_clone import SyncedClone, copy_clone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from system.board_server import BoardServer


def no_commit(path: Path) -> None:
    Repo.init(path)


def bare(path: Path) -> None:
    Repo.init(path, "--bare")


def no_repository(path: Path) -> None:
    path.mkdir()


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no commit yet": (no_commit, "no commit yet"),
    "a bare repository": (bare, "bare"),
    "no repository": (no_repository, "no git repository"),
}


@pytest.mark.parametrize(("make", "words"), PLACES.values(), ids=PLACES.keys())
def test_where_nothing_can_be_synced_one_line_says_so(
    tmp_path: Path, fresh_server: BoardServer, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "place")
    place = SyncedClone(tmp_path / "place", fresh_server)
    answer = place.run("sync")
    assert answer.returncode == 1
    assert words in one_line(answer.stderr)
    assert answer.stdout == ""
    assert fresh_server.requests == []


def test_a_detached_head_is_committed_to_and_the_branch_stays_what_is_synced(
    clone: SyncedClone, server: BoardServer
) -> None:
    clone.git("checkout", "-q", "--detach")
    clone.commit_ticks("one")
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == set()
    answer = clone.run("sync")
    assert answer.returncode == 0
    assert "and main is what is read" in one_line(answer.stderr)
    assert server.writes == []
    clone.git("branch", "-f", "main", "HEAD")
    clone.commit_something_else()
    clone.wait()
    assert clone.done_in_database() == clone.done_on_board() == {"one"}


def test_a_damaged_database_stops_the_sync_and_no_card_is_made_twice_afterwards(
    clone: SyncedClone, server: BoardServer
) -> None:
    before = columns(server.state)
    database = clone.state.path / "tasks.db"
    for path in clone.state.path.glob("tasks.db-*"):
        path.unlink()
    database.write_bytes(b"no database " * 1000)
    clone.commit_ticks("one")
    clone.wait_for_the_end()
    assert str(database) in one_line(clone.notice())
    answer = clone.run("sync")
    assert answer.returncode == 1
    assert str(database) in one_line(answer.stderr)
    assert server.requests == []
    assert traces(clone) == []
    database.rename(database.with_name("moved away"))
    clone.commit_something_else()
    clone.wait_for_the_end()
    assert "is gone or empty" in one_line(clone.notice())
    assert not database.exists()
    answer = clone.run("sync")
    assert answer.returncode == 0
    assert "is made anew from the repository" in one_line(answer.stderr)
    assert columns(server.state) == {**before, "one": "Done"}
    assert clone.done_in_database() == {"one"}


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """Put a file system of 512 KiB over a folder, with what the folder holds."""
    held = path.with_name(f"{path.name}.held")
    path.rename(held)
    path.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", str(path)]
    subprocess.run(mount, check=True)
    try:
        subprocess.run(["cp", "-a", f"{held}/.", str(path)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(folder: Path) -> Path:
    """Take all the space that is left on the disk of a folder."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def test_a_full_disk_stops_the_sync_and_not_the_commit(
    clone: SyncedClone, server: BoardServer
) -> None:
    before = columns(server.state)
    with small_disk(clone.state.path):
        ballast = fill(clone.state.path)
        clone.commit_ticks("one")
        clone.wait_for_the_end()
        answer = clone.run("sync")
        assert answer.returncode == 1
        assert str(clone.state.path) in one_line(answer.stderr)
        assert columns(server.state) == before
        ballast.unlink()
        assert traces(clone) == []
        clone.commit_something_else()
        clone.wait()
        assert clone.done_in_database() == clone.done_on_board() == {"one"}


def as_nobody(clone: SyncedClone, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `kanban-sync` as a user who may only read the clone."""
    trusted = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    return run_as_nobody(arguments, clone.path, {**clone.environment, **trusted})


@pytest.fixture
def readable(clone: SyncedClone) -> Iterator[SyncedClone]:
    """The clone, where everybody may read it and nobody but its owner may write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        copied = copy_clone(clone, Path(folder) / "clone")
        subprocess.run(["chmod", "-R", "a+rX,go-w", folder], check=True)
        yield copied


def test_a_git_folder_that_may_only_be_read_is_named_in_one_line(
    readable: SyncedClone, server: BoardServer
) -> None:
    answer = as_nobody(readable, "sync")
    assert answer.returncode == 1
    assert str(readable.state.path) in one_line(answer.stderr)
    assert server.requests == []


@pytest.mark.parametrize(
    ("command", "said"),
    [("status", ""), ("board", "this is how it was last synced"), ("files", ""), ("log", "")],
)
def test_who_may_only_read_the_git_folder_may_look(
    readable: SyncedClone, server: BoardServer, command: str, said: str
) -> None:
    answer = as_nobody(readable, command)
    assert answer.returncode == 0
    assert said in answer.stderr
    assert bool(answer.stderr) == bool(said)
    assert answer.stdout
    assert server.requests == []


def test_a_database_that_may_only_be_read_is_read(readable: SyncedClone) -> None:
    key = json.loads(readable.run("task", "list", "--json").stdout)["tasks"][0]["key"]
    allow = ("chmod", "-R", "a+rX,go-w", str(readable.path))
    subprocess.run(allow, check=True)
    for words in (["task", "show", key], ["task", "next"], ["events"]):
        answer = as_nobody(readable, *words)
        assert (answer.returncode, answer.stderr) == (0, ""), words
        assert answer.stdout
    refused = as_nobody(readable, "task", "claim", key)
    assert refused.returncode == 1
    assert str(readable.state.path) in one_line(refused.stderr)
    readable.tick("one")
    readable.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--all", "--message", "one")
    subprocess.run(allow, check=True)
    answer = as_nobody(readable, "task", "list")
    assert answer.returncode == 0
    assert key in answer.stdout
    assert "was committed since the last sync is not seen" in one_line(answer.stderr)
