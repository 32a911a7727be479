"""Run lock and board lock: one holder, whatever is killed or removed."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kanban_sync
from kanban_sync.core.errors import SetupError
from kanban_sync.sync.locks import FairLock, RunLock, board_lock_path, lock_of_board, target_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = str(Path(kanban_sync.__file__).parents[1])

HOLDER = """
import sys
from pathlib import Path
from kanban_sync.sync import locks
lock = getattr(locks, sys.argv[1])(Path(sys.argv[2]))
lock.acquire(*map(float, sys.argv[3:]))
print("held", flush=True)
sys.stdin.read()
"""

KINDS: list[tuple[type[RunLock | FairLock], tuple[float, ...]]] = [
    (RunLock, ()),
    (FairLock, (0.0,)),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.flk"


@pytest.fixture
def hold(path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start processes that hold a lock until their stdin is closed."""
    started = []

    def start(kind: type, *args: float) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, kind.__name__, str(path), *map(str, args)],
            env={**os.environ, "PYTHONPATH": PACKAGE},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_only_one_of_two_gets_a_lock(
    path: Path, kind: type[RunLock | FairLock], args: tuple[float, ...]
) -> None:
    with kind(path) as first, kind(path) as second:
        assert first.acquire(*args)
        assert not second.acquire(*args)
        first.release()
        assert second.acquire(*args)


@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_leaving_releases_and_the_file_stays(
    path: Path, kind: type[RunLock | FairLock], args: tuple[float, ...]
) -> None:
    with kind(path) as first:
        first.acquire(*args)
    before = path.stat().st_ino

    with kind(path) as second:
        assert second.acquire(*args)
    assert path.stat().st_ino == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_a_lock_that_was_never_acquired_is_released_without_complaint(
    path: Path, kind: type[RunLock | FairLock], args: tuple[float, ...]
) -> None:
    with kind(path) as holder:
        holder.acquire(*args)
        with kind(path):
            pass
        with kind(path) as third:
            assert not third.acquire(*args)


@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_a_killed_holder_lets_go(
    path: Path,
    hold: Callable[..., subprocess.Popen[str]],
    kind: type[RunLock | FairLock],
    args: tuple[float, ...],
) -> None:
    process = hold(kind, *args)
    with kind(path) as lock:
        assert not lock.acquire(*args)
        process.kill()
        process.wait()
        assert lock.acquire(*args)


@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_children_of_the_holder_do_not_keep_the_lock(
    path: Path, kind: type[RunLock | FairLock], args: tuple[float, ...]
) -> None:
    with kind(path) as first:
        first.acquire(*args)
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    with kind(path) as second:
        assert second.acquire(*args)
    child.communicate()


@pytest.mark.parametrize(("kind", "args"), KINDS)
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(
    path: Path, kind: type[RunLock | FairLock], args: tuple[float, ...]
) -> None:
    path.mkdir()
    with kind(path) as lock, pytest.raises(SetupError, match=rf"Cannot lock {path}"):
        lock.acquire(*args)


def test_without_flock_there_is_no_other_kind_of_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fd: int, _operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with RunLock(path) as lock, pytest.raises(SetupError, match="Function not implemented"):
        lock.acquire()
    with FairLock(path) as board, pytest.raises(SetupError, match="Function not implemented"):
        board.acquire(1.0)


def test_a_run_lock_knows_that_its_file_was_removed(path: Path) -> None:
    with RunLock(path) as first, RunLock(path) as second:
        assert first.acquire()
        told = [first.is_held]
        path.unlink()
        told.append(first.is_held)
        assert second.acquire()
        told.append(first.is_held)
    assert told == [True, False, False]


def test_a_run_lock_whose_file_is_replaced_while_it_is_taken_is_taken_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock
    done: list[int] = []

    def replace_first(fd: int, operation: int) -> None:
        if not done:
            done.append(fd)
            path.with_suffix(".new").touch()
            path.with_suffix(".new").rename(path)
        real(fd, operation)

    monkeypatch.setattr(fcntl, "flock", replace_first)
    with RunLock(path) as lock:
        assert lock.acquire()
        assert lock.is_held


def test_a_board_lock_whose_file_is_removed_under_its_holder_is_given_to_one_waiter_only(
    path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    process = hold(FairLock, 0.0)
    with FairLock(path) as waiter, FairLock(path) as newcomer:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(waiter.acquire(20.0)))
        thread.start()
        until(lambda: _is_waited_for(path))
        for file in path.parent.glob("*.flk"):
            file.unlink()
        assert newcomer.acquire(0)
        process.kill()
        # The waiter has got the removed file, which guards nothing, and waits for the new one.
        until(lambda: _is_waited_for(path))
        assert answers == []
        newcomer.release()
        thread.join(timeout=20)
        assert answers == [True]


def test_a_board_lock_is_waited_for(path: Path, hold: Callable[..., subprocess.Popen[str]]) -> None:
    process = hold(FairLock, 0.0)
    timer = threading.Timer(0.1, process.kill)
    timer.start()
    with FairLock(path) as lock:
        assert lock.acquire(20.0)
    timer.join()


def test_whoever_is_next_at_a_board_lock_goes_before_all_others(path: Path) -> None:
    with path.with_suffix(".next.flk").open("w") as place_of_the_next, FairLock(path) as lock:
        fcntl.flock(place_of_the_next, fcntl.LOCK_EX)
        assert not lock.acquire(0)
        assert not lock.acquire(0.05)
        fcntl.flock(place_of_the_next, fcntl.LOCK_UN)
        until(lambda: lock.acquire(0))


def test_a_board_lock_is_not_waited_for_longer_than_said(
    path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    process = hold(FairLock, 0.0)
    with FairLock(path) as lock:
        start = time.monotonic()
        assert not lock.acquire(0.2)
        assert 0.2 <= time.monotonic() - start < 5
        assert not lock.acquire(0)
        process.kill()
        process.wait()
        assert lock.acquire(5)


def test_who_gave_up_waiting_does_not_keep_the_lock_later(
    path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    process = hold(FairLock, 0.0)
    with FairLock(path) as impatient:
        assert not impatient.acquire(0.05)
        process.kill()
        process.wait()
        with FairLock(path) as other:
            until(lambda: other.acquire(0))


def test_waiting_can_be_interrupted_and_leaves_no_lock_behind(
    path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    class RangError(Exception):
        pass

    def ring(_number: int, _frame: object) -> None:
        raise RangError

    process = hold(FairLock, 0.0)
    previous = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with FairLock(path) as lock, pytest.raises(RangError):
            lock.acquire(20.0)
    finally:
        signal.signal(signal.SIGALRM, previous)
    process.kill()
    process.wait()
    with FairLock(path) as other:
        until(lambda: other.acquire(0))


def test_the_board_lock_lies_in_the_users_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = board_lock_path("0123456789abcdef")
    assert path == tmp_path / "state/kanban-sync/locks/0123456789abcdef.flk"

    with FairLock(path) as lock:
        assert lock.acquire(0)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("named", ["", "relative/folder"])
def test_without_an_absolute_state_folder_the_usual_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", named)
    assert board_lock_path("a") == tmp_path / ".local/state/kanban-sync/locks/a.flk"


def test_without_a_home_the_variable_is_named_that_gives_the_locks_a_place(
    homeless: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=r"no home folder.*set XDG_STATE_HOME to a folder"):
        board_lock_path("a")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert board_lock_path("a") == tmp_path / "kanban-sync/locks/a.flk"


def test_a_board_lock_that_cannot_be_made_names_another_place_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with (
        lock_of_board("a") as lock,
        pytest.raises(SetupError, match=r"Cannot lock .*; or set XDG_STATE_HOME to a folder"),
    ):
        lock.acquire(0)


def test_lock_files_are_not_named_as_those_that_people_remove(path: Path) -> None:
    assert board_lock_path("a").suffix == ".flk"


@pytest.mark.parametrize(
    "url",
    [
        "https://Planka.Example.org",
        "HTTPS://planka.example.org/",
        "https://planka.example.org:443//",
        " https://planka.example.org ",
    ],
)
def test_one_board_has_one_id_however_its_address_is_written(url: str) -> None:
    assert target_id(url, "P", "B") == target_id("https://planka.example.org", "P", "B")


def test_a_target_id_has_16_hexadecimal_digits() -> None:
    assert target_id("https://planka.example.org", "P", "B") == "524b71e07d9bddb8"


@pytest.mark.parametrize(
    "other",
    [
        ("http://planka.example.org", "P", "B"),
        ("https://planka.example.org:8443", "P", "B"),
        ("https://planka.example.org/Sub", "P", "B"),
        ("https://planka.example.org", "p", "B"),
        ("https://planka.example.org", "P", "b"),
        ("https://planka.example.org", "PB", ""),
    ],
)
def test_different_boards_have_different_ids(other: tuple[str, str, str]) -> None:
    assert target_id(*other) != target_id("https://planka.example.org", "P", "B")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://planka.example.org:http", "Port"),
        ("https://a..b", "https://a..b"),
        (f"https://{'a' * 64}.example.org", "63"),
        ("https://[::1", "https://[::1"),
        ("https://\udcff.example.org", "example.org"),
    ],
)
def test_an_impossible_address_is_refused(url: str, says: str) -> None:
    with pytest.raises(SetupError) as caught:
        target_id(url, "P", "B")
    assert says in str(caught.value)


def _is_waited_for(path: Path) -> bool:
    """Tell whether the kernel knows somebody who blocks on this file."""
    inode = f":{path.stat().st_ino}"
    with open("/proc/locks", encoding="ascii") as table:  # noqa: PTH123
        return any("->" in line and inode in line for line in table)
