"""``demo``: it works on anybody's machine, proves what it shows, and leaves nothing behind."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.program import PROGRAM, until
from kanban_sync.cli.demo import STEPS
from kanban_sync.cli.demo_board import difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.cli.demo_board import Shown

HOSTILE = """\
[commit]
    gpgsign = true
[core]
    hooksPath = /nowhere/at/all
[init]
    defaultBranch = trunk
[merge]
    ff = only
[pull]
    rebase = false
"""

ONE_STEP = """\
from kanban_sync.cli import demo
demo.STEPS = demo.STEPS[:1]
{}
from kanban_sync.cli.main import main
main(["demo", {}])
"""

EXPECT_WRONG = """\
from dataclasses import replace
demo.STEPS = (replace(demo.STEPS[0], changes={demo.RESET: ("Done", "2/5")}),)
"""

MEASURED = re.compile(
    r"(\d)\. (.+): '(git [a-z -]+)' took \d+ ms, "
    r"(?:on the board after \d+\.\d s, (\d+) requests to the server|no sync was started)"
)


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose settings would break every step."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    (home / ".gitconfig").write_text(HOSTILE)
    return {
        **os.environ,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_DIR": str(tmp_path / "no-repository"),
        "CI": "true",
        "KANBAN_SYNC": "0",
        "PLANKA_URL": "https://planka.example.org",
        "PLANKA_API_KEY": "mine",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }


@pytest.fixture
def unchanged(machine: dict[str, str]) -> Iterator[None]:
    """Afterwards the temporary folder is empty and the home as it was."""
    yield
    assert list(Path(machine["TMPDIR"]).iterdir()) == []
    assert [path.name for path in Path(machine["HOME"]).iterdir()] == [".gitconfig"]


def one_step(*options: str, before: str = "") -> list[str]:
    """Return the call for a demo of one step only."""
    code = ONE_STEP.format(before, ", ".join(map(repr, options)))
    return [sys.executable, "-E", "-P", "-c", code]


def run(call: list[str], machine: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        call, env=machine, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.usefixtures("unchanged")
def test_every_step_comes_to_the_board_whatever_the_machine(machine: dict[str, str]) -> None:
    done = run([*PROGRAM, "demo"], machine)

    assert (done.returncode, done.stderr) == (0, "")
    measured = [match.groups() for match in MEASURED.finditer(done.stdout)]
    assert [step[:3] for step in measured] == [
        (str(number), step.title, step.name) for number, step in enumerate(STEPS, start=1)
    ]
    # Only the commit without tasks makes no request.
    assert [bool(step[3]) for step in measured] == [bool(step.changes) for step in STEPS]
    assert "Review       * speed-up-search 4/4" in done.stdout
    assert "Done         * speed-up-search 4/4" in done.stdout
    assert "In Progress  * add-dark-mode 0/3" in done.stdout
    assert f"all {len(STEPS)} steps ended as they should" in done.stdout


@pytest.mark.usefixtures("unchanged")
def test_a_board_that_is_not_as_it_should_be_fails(machine: dict[str, str]) -> None:
    done = run(one_step(before=EXPECT_WRONG), machine)
    assert done.returncode == 1
    assert done.stderr == (
        "kanban-sync: after step 1 (a box is ticked) the board is not as it should be:"
        " 'add-password-reset' should be in Done 2/5 and is in In Progress 2/5; it said:"
        "     ticked: 1.2 Forget tokens after their use\n"
    )


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_stopped_at_any_time(machine: dict[str, str], number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "demo"],
        env=machine,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    temporary = Path(machine["TMPDIR"])
    # As early as the hooks are in, so that their processes may be on their way.
    until(lambda: any(temporary.glob("*/bookshop/.git/hooks/post-commit")))
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (
        130,
        "kanban-sync: the demo was stopped; nothing is left of it\n",
    )


def test_it_can_be_kept_to_look_around_in(machine: dict[str, str]) -> None:
    done = run(one_step("--keep"), machine)
    assert done.returncode == 0, done.stderr
    [folder] = Path(machine["TMPDIR"]).iterdir()
    assert str(folder) in done.stdout
    assert (folder / "bookshop" / ".git" / "kanban-sync" / "tasks.db").is_file()


@pytest.mark.usefixtures("unchanged")
def test_on_a_terminal_the_lists_stand_side_by_side(machine: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    wide = {**machine, "COLUMNS": "150", "TERM": "xterm"}
    with subprocess.Popen(one_step(), env=wide, stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        text = read_all(ours)
        assert process.wait(timeout=120) == 0
    header = next(line for line in text.splitlines() if "Backlog" in line)
    assert [header.index(name) for name in ("Backlog", "Planning", "Done")] == sorted(
        header.index(name) for name in ("Backlog", "Planning", "Done")
    )
    assert "add-password-reset" in text


def read_all(terminal: int) -> str:
    """Read a terminal until its other side is closed."""
    data = b""
    with suppress(OSError):  # What Linux says at the end; others say that there is nothing more.
        while more := os.read(terminal, 65536):
            data += more
    os.close(terminal)
    return data.decode()


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ({"a": ("To Do", "")}, ""),
        ({"a": ("Done", "")}, "'a' should be in To Do and is in Done"),
        ({"a": ("To Do", "1/2")}, "'a' should be in To Do and is in To Do 1/2"),
        ({}, "'a' should be in To Do and is absent"),
        ({"a": ("To Do", ""), "b": ("Done", "")}, "'b' should be absent and is in Done"),
    ],
)
def test_each_difference_of_two_boards_is_named(shown: Shown, wrong: str) -> None:
    assert difference({"a": ("To Do", "")}, shown) == wrong
