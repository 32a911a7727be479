"""The hot path: it holds up nobody, takes nothing along, and outlives whoever started it."""

from __future__ import annotations

import json
import os
import select
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hooks.hook_clone import until
from kanban_sync.hooks import hot_path
from kanban_sync.hooks.hot import LOG_LIMIT, clean_environment

if TYPE_CHECKING:
    from pathlib import Path

    from hooks.hook_clone import Background, Clone

# What `python -I -S` has not loaded yet when it runs a file, and what costs next to nothing.
CHEAP = {"os", "os.path", "posixpath", "genericpath", "stat", "_stat", "_collections_abc"}
BUILT_IN = {"_locale", "time"}

# Started like this, a git is the leader of a session whose terminal then goes away.
ON_A_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "

NO_SPAWN = """
def refuse(*_, **__): raise NotImplementedError
hot.os.posix_spawn = refuse
"""


@pytest.fixture
def ready(clone: Clone, background: Background) -> Clone:
    """A clone whose shims start the stand-in, and that has something to sync."""
    clone.put_shims(background.python)
    return clone


def began(background: Background) -> dict[str, Any]:
    """Wait until the detached process is under way, and return what it was given."""
    until(background.has_begun)
    given: dict[str, Any] = json.loads((background.folder / "began").read_text())
    return given


def commit(clone: Clone, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Commit with both streams read to their end, as editors and agents do."""
    return subprocess.run(
        ["git", *options, "commit", "-q", "--allow-empty", "-m", "empty"],
        cwd=clone.path,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def run_hot(
    background: Background, state: Path, before: str = "", request: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the hot path as a module that was changed before."""
    script = (
        f"import sys; sys.path.insert(0, {str(hot_path().parent)!r}); import hot\n{before}\n"
        f"hot.main({str(state)!r}, {request!r}); print(*sorted(sys.modules))"
    )
    return subprocess.run(
        [background.python, "-I", "-S", "-c", script],
        cwd=state.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


# --- Nobody waits --------------------------------------------------------------------------


def test_a_reader_to_the_end_does_not_wait_for_the_sync(
    ready: Clone, background: Background
) -> None:
    answer = commit(ready)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert not background.has_ended()
    background.open_gate()


def test_a_descriptor_that_the_caller_leaked_is_not_kept_open(
    ready: Clone, background: Background
) -> None:
    mine, leaked = os.pipe()
    git = ["git", "commit", "-q", "--allow-empty", "-m", "empty"]
    subprocess.run(git, cwd=ready.path, pass_fds=[leaked], check=True, timeout=60)
    os.close(leaked)
    given = began(background)
    readable, _, _ = select.select([mine], [], [], 30)
    assert readable, "somebody still holds the other end"
    assert os.read(mine, 1) == b""
    os.close(mine)
    assert not background.has_ended()
    # What is left is what it opened itself to list them.
    assert given["fds"] == [0, 1, 2]
    background.open_gate()


@pytest.mark.parametrize("how", ["posix_spawn", "fork"])
def test_the_child_leads_a_session_of_its_own(
    clone: Clone, background: Background, how: str
) -> None:
    clone.state.mkdir()
    run_hot(background, clone.state, NO_SPAWN if how == "fork" else "")
    given = began(background)
    assert given["sid"] == given["pid"]
    assert given["fds"] == [0, 1, 2]
    output = str(clone.state / "log" / "background.out")
    assert given["streams"] == [os.devnull, output, output]
    assert given["argv"] == ["background", "--state", str(clone.state)]
    background.open_gate()


@pytest.mark.parametrize("attempt", range(3))
def test_the_sync_outlives_the_terminal_that_git_ran_on(
    ready: Clone, background: Background, attempt: int
) -> None:
    mine, terminal = os.openpty()
    git = "os.execvp('git', ['git', 'commit', '-q', '--allow-empty', '-m', 'empty'])"
    with subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL + git],
        cwd=ready.path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        assert process.wait(60) == 0
    os.close(terminal)
    os.close(mine)
    assert not background.has_ended()
    background.open_gate()


# --- What goes along -----------------------------------------------------------------------


def test_the_child_runs_under_the_virtualenv_in_the_common_folder(
    ready: Clone, background: Background
) -> None:
    commit(ready)
    given = began(background)
    assert given["executable"] == background.python
    assert given["cwd"] == str(ready.path / ".git")
    assert given["argv"] == ["background", "--state", str(ready.state)]
    background.open_gate()


def test_nothing_of_the_repository_that_fired_steers_the_child(
    ready: Clone, background: Background, tmp_path: Path
) -> None:
    ready.state.mkdir()
    ready.git("config", "core.hooksPath", "/dev/null")
    ready.git("worktree", "add", "-q", tmp_path / "linked")
    ready.git("config", "--unset", "core.hooksPath")
    subprocess.run(
        ["git", "-c", "core.abbrev=9", "commit", "-q", "--allow-empty", "-m", "empty"],
        cwd=tmp_path / "linked",
        env={**os.environ, "GIT_SSH_COMMAND": "ssh -4", "KANBAN_SYNC_X": "kept", "LC_ALL": "tr_TR"},
        check=True,
        timeout=60,
    )
    environment = began(background)["env"]
    names = {name for name in environment if name.startswith("GIT_")}
    kept = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_SSH_COMMAND"}
    assert names == kept | {"GIT_OPTIONAL_LOCKS", "GIT_TERMINAL_PROMPT"}
    assert environment["GIT_OPTIONAL_LOCKS"] == environment["GIT_TERMINAL_PROMPT"] == "0"
    assert environment["LC_ALL"] in {"C", "C.UTF-8"}
    assert environment["KANBAN_SYNC_X"] == "kept"
    assert environment["PATH"].endswith(os.environ["PATH"])
    background.open_gate()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("GIT_DIR", False),
        ("GIT_INDEX_FILE", False),
        ("GIT_WORK_TREE", False),
        ("GIT_COMMON_DIR", False),
        ("GIT_PREFIX", False),
        ("GIT_EDITOR", False),
        ("GIT_AUTHOR_DATE", False),
        ("GIT_CONFIG_PARAMETERS", False),
        ("GIT_LITERAL_PATHSPECS", False),
        ("GIT_OBJECT_DIRECTORY", False),
        ("GIT_CONFIG_COUNT", True),
        ("GIT_CONFIG_KEY_0", True),
        ("GIT_CONFIG_VALUE_0", True),
        ("GIT_SSL_CAINFO", True),
        ("GIT_TRACE2_EVENT", True),
        ("GIT_ASKPASS", True),
        ("HOME", True),
        ("KANBAN_SYNC", True),
        ("GITHUB_TOKEN", True),
    ],
)
def test_only_what_says_how_to_connect_is_passed_on(name: str, kept: bool) -> None:
    assert (name in clean_environment({name: "x"})) is kept


def test_the_callers_locale_is_left_as_it_was() -> None:
    # A foreground command asks git with this environment too, and goes on after it.
    script = (
        "import locale; locale.setlocale(locale.LC_CTYPE, 'C'); "
        "from kanban_sync.hooks.hot import clean_environment; clean_environment({}); "
        "print(locale.setlocale(locale.LC_CTYPE))"
    )
    root = str(hot_path().parents[2])
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "C\n"


# --- The state folder ----------------------------------------------------------------------


def test_a_missing_state_folder_is_made_for_its_owner_alone(
    ready: Clone, background: Background
) -> None:
    commit(ready)
    assert stat.S_IMODE(ready.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((ready.state / "requests").stat().st_mode) == 0o600
    assert ready.requests() == ["* post-commit - -"]
    background.open_gate()


def test_a_request_that_the_shim_has_noted_is_not_noted_twice(
    ready: Clone, background: Background
) -> None:
    ready.state.mkdir()
    commit(ready)
    assert ready.requests() == ["* post-commit - -"]
    background.open_gate()


def test_stray_output_does_not_grow_without_end(clone: Clone, background: Background) -> None:
    output = clone.state / "log" / "background.out"
    output.parent.mkdir(parents=True)
    output.write_text("x" * LOG_LIMIT)
    run_hot(background, clone.state)
    background.open_gate()
    assert output.stat().st_size == LOG_LIMIT
    output.write_text("x" * (LOG_LIMIT + 1))
    run_hot(background, clone.state)
    assert output.stat().st_size == 0


@pytest.mark.parametrize("arguments", [[], ["/dev/null/state", ""], ["/dev/null/state", "x"]])
def test_a_hot_path_that_fails_says_nothing(background: Background, arguments: list[str]) -> None:
    command = [background.python, "-I", "-S", str(hot_path()), *arguments]
    answer = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"", b"")
    assert not background.has_begun()


# --- What it costs -------------------------------------------------------------------------


def test_the_hot_path_imports_only_what_costs_nothing(clone: Clone, background: Background) -> None:
    bare = subprocess.run(
        [background.python, "-I", "-S", "-c", "import sys; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = run_hot(background, clone.state, request="* post-commit - -").stdout.split()
    assert set(loaded) - set(bare.stdout.split()) - {"hot"} <= CHEAP | BUILT_IN
    assert set(sys.builtin_module_names) >= BUILT_IN
    background.open_gate()


# --- Under CI ------------------------------------------------------------------------------


@pytest.mark.parametrize("ci", ["true", "1", "woodpecker"])
def test_under_ci_the_commit_waits_for_the_sync(
    ready: Clone, background: Background, ci: str
) -> None:
    (background.folder / "gate").touch()
    assert commit(ready, CI=ci).returncode == 0
    assert background.has_ended()


@pytest.mark.parametrize(
    "env",
    [{"CI": ""}, {"CI": "0"}, {"CI": "False"}, {"CI": "true", "KANBAN_SYNC": "detach"}],
    ids=str,
)
def test_elsewhere_or_when_told_to_detach_it_does_not_wait(
    ready: Clone, background: Background, env: dict[str, str]
) -> None:
    assert commit(ready, **env).returncode == 0
    assert not background.has_ended()
    background.open_gate()


def test_under_ci_the_wait_has_an_end(
    clone: Clone, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    run_hot(background, clone.state, "hot.CI_WAIT = 0.1")
    assert not background.has_ended()
    background.open_gate()
