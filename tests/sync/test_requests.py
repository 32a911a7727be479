"""The file of requests: what is appended, read back, and marked done."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import kanban_sync
from kanban_sync.core.errors import SetupError
from kanban_sync.sync import requests
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.state_folder import StateFolder

HERE = "0123456789abcdef"
THERE = "fedcba9876543210"
PACKAGE = str(Path(kanban_sync.__file__).parents[1])
UNREADABLE = Request("*", Cause.UNREADABLE)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "kanban-sync")
    folder.make()
    return folder


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (Request("*", Cause.POST_COMMIT), "* post-commit - -\n"),
        (Request(HERE, Cause.CLI, flags=("force",)), f"{HERE} cli - force\n"),
        (Request("database", Cause.RETRY, "feature"), "database retry feature -\n"),
        (
            Request("*", Cause.POST_MERGE, "größe", ("force", "full")),
            "* post-merge größe force,full\n",
        ),
        (Request("*", Cause.POST_REWRITE, "caf\udce9"), "* post-rewrite caf\udce9 -\n"),
    ],
)
def test_a_request_is_one_line_of_four_words(
    state: StateFolder, request_: Request, line: str
) -> None:
    end = requests.append(state, request_)

    assert state.requests.read_bytes() == line.encode(errors="surrogateescape")
    assert end == len(line.encode(errors="surrogateescape"))
    concerned = HERE if request_.target == "*" else request_.target
    assert requests.pending(state, concerned) == [request_]


@pytest.mark.parametrize(
    "request_",
    [
        Request("main board", Cause.CLI),
        Request("*", Cause.UNREADABLE),
        Request("*", Cause.CLI, "two words"),
        Request("*", Cause.CLI, "line\nfeed"),
        Request("*", Cause.CLI, flags=("a,b",)),
        Request("*", Cause.CLI, flags=("",)),
    ],
)
def test_what_would_not_be_read_back_is_not_written(state: StateFolder, request_: Request) -> None:
    with pytest.raises(ValueError, match="no line of the requests file can hold"):
        requests.append(state, request_)
    assert requests.size(state) == 0


def test_the_first_request_makes_a_folder_and_a_file_for_the_owner_alone(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "kanban-sync")

    requests.append(state, Request("*", Cause.CLI))

    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(state.requests.stat().st_mode) == 0o600


def test_a_target_sees_its_own_requests_and_those_for_everybody(state: StateFolder) -> None:
    mine, theirs, ours = (Request(target, Cause.CLI) for target in (HERE, THERE, "*"))
    for one in (mine, theirs, ours):
        requests.append(state, one)

    assert requests.pending(state, HERE) == [mine, ours]
    assert requests.pending(state, THERE) == [theirs, ours]
    assert requests.pending(state, "database") == [ours]


@pytest.mark.parametrize(
    "line",
    [
        b"0123456789abcd",  # torn: its writer was killed, or the disk was full
        b"0123456789abc* post-commit - -\n",  # torn, and the next one written behind it
        b"* pre-push - -\n",  # a cause of a newer release
        b"* cli -\n",
        b"* cli - - more\n",
        b"* cli ../main -\n",
        b"\xff\xfe\x00\n",
    ],
)
def test_a_line_that_nobody_understands_concerns_every_target(
    state: StateFolder, line: bytes
) -> None:
    state.requests.write_bytes(line)

    assert requests.pending(state, HERE) == [UNREADABLE]
    assert requests.pending(state, "database") == [UNREADABLE]


def test_a_request_of_the_shim_is_understood(state: StateFolder) -> None:
    script = 'printf "%s\\n" "* post-checkout wt-1 -" >>"$1"'
    subprocess.run(["sh", "-c", script, "sh", str(state.requests)], check=True)

    assert requests.pending(state, HERE) == [Request("*", Cause.POST_CHECKOUT, "wt-1")]


def test_what_is_marked_done_is_no_longer_pending_for_that_target_only(state: StateFolder) -> None:
    end = requests.append(state, Request("*", Cause.POST_COMMIT))
    later = Request("*", Cause.POST_MERGE)
    requests.append(state, later)

    requests.mark_done(state, HERE, end)

    assert requests.pending(state, HERE) == [later]
    assert len(requests.pending(state, THERE)) == 2
    assert state.done(HERE).read_text() == f"{end}\n"


def test_a_batch_ends_where_its_requests_end(state: StateFolder) -> None:
    end = requests.append(state, Request("*", Cause.CLI))
    batch = requests.read(state, HERE)
    requests.append(state, Request("*", Cause.CLI))

    assert batch.end == end
    assert len(batch.requests) == 1
    assert len(requests.read(state, HERE, batch.end).requests) == 1


def test_done_never_moves_backwards(state: StateFolder) -> None:
    first = requests.append(state, Request("*", Cause.CLI))
    second = requests.append(state, Request("*", Cause.CLI))

    requests.mark_done(state, HERE, second)
    requests.mark_done(state, HERE, first)

    assert requests.done(state, HERE) == second


@pytest.mark.parametrize("content", ["", "twelve", "-5", "1e3", "99999"])
def test_a_done_file_that_makes_no_sense_counts_as_nothing_done(
    state: StateFolder, content: str
) -> None:
    state.done(HERE).write_text(content)
    requests.append(state, Request("*", Cause.CLI))

    assert requests.done(state, HERE) == 0
    assert len(requests.pending(state, HERE)) == 1


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_after_the_file_of_requests_was_lost_new_requests_are_served_again(
    state: StateFolder, how: str
) -> None:
    for _ in range(5):
        end = requests.append(state, Request("*", Cause.POST_COMMIT))
        requests.mark_done(state, HERE, end)
    if how == "removed":
        state.requests.unlink()
    else:
        state.requests.write_bytes(b"")
    assert requests.pending(state, HERE) == []

    new = Request("*", Cause.POST_MERGE)
    end = requests.append(state, new)
    assert requests.pending(state, HERE) == [new]

    requests.mark_done(state, HERE, end)
    assert requests.pending(state, HERE) == []


def test_requests_of_many_processes_do_not_mix(state: StateFolder) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from kanban_sync.sync import requests\n"
        "from kanban_sync.sync.state_folder import StateFolder\n"
        "state = StateFolder(Path(sys.argv[1]))\n"
        "for _ in range(200):\n"
        "    one = requests.Request('*', requests.Cause.CLI, sys.argv[2])\n"
        "    end = requests.append(state, one)\n"
        "    line = f'* cli {sys.argv[2]} -\\n'.encode()\n"
        "    assert state.requests.read_bytes()[end - len(line):end] == line\n"
    )
    env = {**os.environ, "PYTHONPATH": PACKAGE}
    names = ["a" * 10, "b" * 100, "c" * 1000]
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(state.path), name], env=env)
        for name in names
    ]

    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
    found = [one.worktree for one in requests.pending(state, HERE)]
    assert sorted(found) == sorted(names * 200)


def test_a_full_disk_is_an_error_that_says_what_and_where(state: StateFolder) -> None:
    state.requests.symlink_to("/dev/full")

    with pytest.raises(SetupError, match=r"Cannot use .*requests: No space left on device"):
        requests.append(state, Request("*", Cause.CLI))


def test_a_request_that_only_half_fits_on_the_disk_is_an_error(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: whole_write(fd, data[:7]))

    with pytest.raises(SetupError, match="the disk is full"):
        requests.append(state, Request("*", Cause.CLI))
    assert requests.pending(state, HERE) == [UNREADABLE]


def test_a_folder_in_place_of_the_file_is_an_error_not_a_traceback(state: StateFolder) -> None:
    state.requests.mkdir()

    with pytest.raises(SetupError, match="Cannot use"):
        requests.pending(state, HERE)
    with pytest.raises(SetupError, match="Cannot use"):
        requests.append(state, Request("*", Cause.CLI))
