"""How a watcher hears of changes, where it has to look itself, and what it prints for services."""

from __future__ import annotations

import os
import plistlib
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanban_sync.app import Clone
from kanban_sync.cli.stopping import Stop, Stopped
from kanban_sync.config import Settings
from kanban_sync.core.errors import SetupError
from kanban_sync.git import Place
from kanban_sync.sync import watch_lock
from kanban_sync.sync.state_folder import StateFolder
from kanban_sync.sync.watch_lock import NOTE, SILENT, WatchLock, is_served, watching
from kanban_sync.watch import hearing
from kanban_sync.watch.hearing import DeafError, Polled, Told
from kanban_sync.watch.kept_running import agent, name_of, unit
from kanban_sync.watch.loop import Chosen, Watching
from kanban_sync.watch.mounts import file_system, is_network, kind_in
from kanban_sync.watch.pace import Times
from kanban_sync.watch.scope import Scope, stamp_of
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable

LINUX = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 22 0:26 / /home rw shared:2 - nfs4 server:/home rw
32 31 0:27 / /home/ada/my\040disk rw - ext4 /dev/sdb1 rw
33 22 0:28 / /mnt/far rw - fuse.sshfs far: rw
34 22 0:29 / /mnt/over rw - nfs server:/ rw
35 22 0:30 / /mnt/over rw - tmpfs tmpfs rw
"""
MAC = """/dev/disk3s1 on / (apfs, sealed, local, read-only)
//ada@server/home on /Volumes/home (smbfs, nodev, nosuid, mounted by ada)
"""


@pytest.mark.parametrize(
    ("mounts", "path", "kind", "is_far"),
    [
        (LINUX, "/srv/shop", "ext4", False),
        (LINUX, "/home/ada/shop", "nfs4", True),
        (LINUX, "/homely", "ext4", False),
        (LINUX, "/home/ada/my disk/shop", "ext4", False),
        (LINUX, "/mnt/far", "fuse.sshfs", True),
        (LINUX, "/mnt/over/shop", "tmpfs", False),
        (MAC, "/Users/ada/shop", "apfs", False),
        (MAC, "/Volumes/home/shop", "smbfs", True),
        ("", "/srv", "", False),
        ("a line that nobody understands\n", "/srv", "", False),
    ],
)
def test_a_network_s_file_system_is_known_by_its_mount(
    mounts: str, path: str, kind: str, *, is_far: bool
) -> None:
    assert (kind_in(mounts, path), is_network(kind)) == (kind, is_far)


def test_this_machine_tells_on_what_a_folder_lies(tmp_path: Path) -> None:
    assert file_system(tmp_path)


@pytest.mark.parametrize(
    ("path", "is_held"),
    [
        ("shop/TASKS.md", True),
        ("shop/openspec/changes/a/tasks.md", True),
        ("shop/.kanban-sync.yaml", True),
        ("shop/src/main.py", False),
        ("shop/docs", True),
        ("shop/node_modules/gone", False),
        ("shop/.git/HEAD", True),
        ("shop/.git/refs/heads/one", True),
        ("shop/.git/refs/heads/one.lock", False),
        ("shop/.git/packed-refs", True),
        ("shop/.git/worktrees/other/HEAD", True),
        ("shop/.git/worktrees/other/index", False),
        ("shop/.git/index", False),
        ("shop/.git/objects/12", False),
        ("shop/.git/kanban-sync/requests", True),
        ("shop/.git/kanban-sync/tasks.db-wal", False),
        ("other/TASKS.md", True),
        ("other/.git", False),
        ("other/vendor/.git/refs/heads/main", False),
        ("other", True),
        ("elsewhere/TASKS.md", False),
    ],
)
def test_only_what_may_be_news_is_heard(tmp_path: Path, path: str, *, is_held: bool) -> None:
    (tmp_path / "shop/docs").mkdir(parents=True)
    tops = (tmp_path / "shop", tmp_path / "other")
    scope = Scope(tops, tmp_path / "shop/.git", Settings())
    assert scope.holds(f"{tmp_path}/{path}") is is_held
    assert scope.folders == tuple(sorted(tops))


def test_a_look_finds_what_only_the_content_tells(tmp_path: Path) -> None:
    file = tmp_path / "TASKS.md"
    file.write_text("- [ ] a\n")
    os.utime(file, (1, 1))
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    polled = Polled(lambda: [str(file), str(tmp_path / "new")], 10.0, lambda: now[0], sleep)
    assert (polled.wait(4.0), now[0]) == (set(), 4.0)
    file.write_text("- [x] a\n")
    os.utime(file, (1, 1))
    assert (polled.wait(99.0), now[0]) == ({str(file)}, 10.0)
    (tmp_path / "new").touch()
    assert (polled.wait(99.0), now[0]) == ({str(tmp_path / "new")}, 20.0)
    assert polled.wait(10.0) == set()
    file.unlink()
    assert polled.wait(10.0) == {str(file)}


def test_a_file_put_in_place_of_another_is_another(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    for each in (file, other):
        each.write_text("same")
        os.utime(each, (1, 1))
    before = stamp_of(str(file))
    other.rename(file)
    assert stamp_of(str(file)) != before
    assert stamp_of(str(other)) is None


def heard(told: Told, come: Callable[[set[str]], bool]) -> set[str]:
    """Return what is heard until it is enough; fail when that takes half a minute."""
    found: set[str] = set()
    deadline = time.monotonic() + 30
    while not come(found):
        assert time.monotonic() < deadline, found
        found |= told.wait(1.0)
    return found


def test_the_system_tells_of_what_matters(tmp_path: Path) -> None:
    told = Told([tmp_path], lambda path: path.endswith(".md"))
    try:
        assert told.wait(0.0) == set()
        (tmp_path / "a.txt").touch()
        (tmp_path / "a.md").touch()
        assert heard(told, bool) == {str(tmp_path / "a.md")}
    finally:
        told.close()
    with pytest.raises(DeafError):
        told.wait(0.0)


def test_listening_begins_where_others_never_pause(tmp_path: Path) -> None:
    is_over = threading.Event()

    def churn() -> None:
        while not is_over.wait(0.001):
            (tmp_path / "tasks.db-wal").touch()
            (tmp_path / "tasks.db-wal").unlink()

    others = threading.Thread(target=churn)
    others.start()
    try:
        begun = threading.Thread(target=lambda: Told([tmp_path], lambda _path: False).close())
        begun.start()
        begun.join(20)
        assert not begun.is_alive()
    finally:
        is_over.set()
        others.join()


def test_whoever_cannot_be_told_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeafError, match="does not tell of changes"):
        Told([tmp_path / "gone"], bool)
    monkeypatch.setattr(hearing, "find_spec", lambda _name: None)
    with pytest.raises(DeafError, match="watchfiles is not installed"):
        Told([tmp_path], bool)


def clone_of(repo: Repo) -> Clone:
    git_dir = repo.path / ".git"
    return Clone(git_dir, Place(repo.path, git_dir, git_dir))


class EndError(BaseException):
    """Raised out of a watcher, to end it."""


@pytest.mark.parametrize("trouble", ["no watches", "a network", "later"])
def test_a_watcher_polls_by_itself_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{"TASKS.md": "- [ ] apples\n", ".kanban-sync.yaml": "project_id: p\n"})

    def lost(*_paths: object, **_options: object) -> None:
        message = "OS file watch limit reached."
        raise OSError(message)

    if trouble == "a network":
        monkeypatch.setattr("kanban_sync.watch.loop.file_system", lambda _path: "nfs4")
    elif trouble == "no watches":
        monkeypatch.setattr("watchfiles.watch", lost)
    else:
        monkeypatch.setattr(Told, "wait", lambda _self, _seconds: lost_later())
    lines: list[str] = []

    def lost_later() -> set[str]:
        raise DeafError("nobody tells of changes any more")

    def say(text: str) -> None:
        lines.append(text)
        if text.startswith("task database: ") and len([each for each in lines if each]) > 1:
            if "created" in text:
                repo.write("TASKS.md", "- [x] apples\n")
            else:
                raise EndError

    times = Times(settle=0.01, look=0.01, poll=0.05)
    watcher = Watching(clone_of(repo), Chosen(times), say)
    with pytest.raises(EndError):
        watcher.go_on()
    words = {
        "no watches": "OS file watch limit reached.: polling",
        "a network": f"{repo.path} is on a file system of a network (nfs4): polling",
        "later": "nobody tells of changes any more",
    }
    assert any(each.endswith(words[trouble]) for each in lines)
    assert any("looking every 0.05 s" in each for each in lines)
    assert watching(StateFolder(repo.path / ".git/kanban-sync")) is None


def test_who_watches_is_known_as_long_as_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateFolder(tmp_path / "state")
    first, second = WatchLock(state), WatchLock(state)
    assert watching(state) is None
    assert first.acquire()
    first.note(7.0, "poll")
    found = watching(state)
    assert found is not None
    assert (found.pid, found.since, found.mode) == (os.getpid(), 7.0, "poll")
    assert is_served(state)
    assert not second.acquire()
    for then in (time.time() - SILENT - 1, time.time() + SILENT + 60):
        os.utime(state.path / NOTE, (then, then))
        assert not is_served(state)
    first.beat()
    assert not is_served(state), "it spoke a moment ago"
    monkeypatch.setattr(watch_lock, "BEAT", 0.0)
    first.beat()
    assert is_served(state)
    first.release()
    assert watching(state) is None
    assert second.acquire()
    second.release()


def test_what_a_killed_watcher_left_is_nobody(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    state.make()
    for text in ("", "{", "[]", '{"pid": 1, "since": 2, "mode": "poll"}'):
        (state.path / NOTE).write_text(text)
        assert watching(state) is None


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_clone_that_is_gone_ends_its_watcher(tmp_path: Path, *, is_replaced: bool) -> None:
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{"TASKS.md": "- [ ] apples\n", ".kanban-sync.yaml": "project_id: p\n"})

    def say(text: str) -> None:
        if text.startswith("task database"):
            (repo.path / ".git").rename(tmp_path / "gone")
            if is_replaced:
                shutil.copytree(tmp_path / "gone", repo.path / ".git")

    watcher = Watching(clone_of(repo), Chosen(is_polling=True), say)
    with pytest.raises(SetupError, match="was removed, moved or replaced"):
        watcher.go_on()


def test_a_watcher_that_was_told_to_stop_ends_though_the_exception_was_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: dropped.append(told.exc_type))
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{"TASKS.md": "- [ ] apples\n", ".kanban-sync.yaml": "project_id: p\n"})
    stop = Stop()

    class Dropping:
        """Python drops what is raised while it takes an object apart."""

        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)

    def is_over() -> bool:
        Dropping()
        return stop.is_asked

    with stop.heard():
        Watching(clone_of(repo), Chosen(is_polling=True), lambda _text: None).go_on(is_over)
    assert dropped == [Stopped]


def test_a_unit_for_systemd_quotes_what_it_runs() -> None:
    call = ['/opt/a "b"/python', "-m", "kanban_sync", "100%", "$HOME"]
    lines = unit(Path("/home/ada/100% shop"), call).splitlines()
    words = r'"/opt/a \"b\"/python" "-m" "kanban_sync" "100%%" "$$HOME"'
    assert f"ExecStart={words}" in lines
    assert "WorkingDirectory=/home/ada/100%% shop" in lines


def test_a_property_list_for_launchd_is_one() -> None:
    folder = Path("/Users/ada/a & b")
    told = plistlib.loads(agent(folder, ["python", "-m", "kanban_sync", "watch"]).encode())
    assert told["ProgramArguments"][-1] == "watch"
    assert (told["WorkingDirectory"], told["Label"]) == (str(folder), name_of(folder))
