"""What was asked for happens, what was not does not, and neither is passed over in silence."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cli.program import BOARD, CHANGE, CHANGE_FILE, PROGRAM, PROJECT, Answer, until
from kanban_sync.sync.background import is_waited_for

if TYPE_CHECKING:
    from pathlib import Path

    from cli.program import Clone

DONE = CHANGE.replace("[ ]", "[x]")
NAMES = ("--project", PROJECT, "--board", BOARD)


def nobody() -> str:
    """Return the URL of a server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


def test_what_was_asked_for_is_served_by_the_next_commit_of_any_kind(synced: Clone) -> None:
    assert synced.program("allow", "--yes").code == 0
    synced.commit_as_person("unrelated", **{"code.py": "1"})
    synced.wait_until_synced()
    until(lambda: not synced.state.pending.exists())


def test_a_board_whose_url_is_written_otherwise_is_the_same_board(synced: Clone) -> None:
    synced.program("pause")
    synced.commit("use it", **{CHANGE_FILE: DONE})
    upper = {**synced.key, "PLANKA_URL": synced.server.url.replace("http:", "HTTP:") + "/"}
    assert synced.program("sync", env=upper).code == 0
    assert synced.cards()["add-search"] == "Review"


@pytest.mark.parametrize("flag", ["--dry-run", "--force", "--wait", "--json"])
def test_a_flag_that_cannot_be_kept_in_the_background_is_refused(synced: Clone, flag: str) -> None:
    synced.server.clear_log()
    answer = synced.program("sync", "--background", flag)
    assert answer.code == 1
    assert "--background goes with --project and --board alone" in answer.err
    assert synced.server.requests == []


def test_force_is_not_left_for_others(synced: Clone) -> None:
    assert synced.program("sync", "--force", env={**synced.key, "PLANKA_URL": nobody()}).code != 0
    assert synced.program("sync", "--force").code == 0
    assert "force" not in synced.state.requests.read_text()


def test_a_board_asked_for_once_that_is_away_wakes_no_later_hook(synced: Clone) -> None:
    until(lambda: not synced.state.pending.exists())
    away = {**synced.key, "PLANKA_URL": nobody()}
    assert synced.program("sync", *NAMES, env=away).code == 2
    assert not synced.state.pending.exists()


def test_a_task_file_that_cannot_be_read_ends_with_1_and_keeps_what_was_synced(
    clone: Clone,
) -> None:
    assert clone.program("sync", env={}).code == 0
    before = clone.program("board").out
    (clone.path / "TASKS.md").write_bytes(b"- [ ] a\0\0")
    clone.commit("broken")
    answer = clone.program("sync", env={})
    assert answer.code == 1
    assert "TASKS.md" in answer.err
    assert clone.program("board").out == before


@pytest.mark.parametrize(
    ("environment", "waited"),
    [
        ({}, False),
        ({"CI": ""}, False),
        ({"CI": "0"}, False),
        ({"CI": "false"}, False),
        ({"CI": "true"}, True),
        ({"CI": "true", "KANBAN_SYNC": "detach"}, False),
    ],
)
def test_under_ci_nobody_waits_for_retries(environment: dict[str, str], waited: bool) -> None:
    assert is_waited_for(environment) is waited


def test_without_a_place_for_the_board_lock_the_database_is_brought_up_to_date(
    synced: Clone, tmp_path: Path
) -> None:
    synced.program("pause")
    synced.commit("use it", **{CHANGE_FILE: DONE})
    (tmp_path / "file").write_text("no folder")
    answer = synced.program("sync", env={**synced.key, "XDG_STATE_HOME": str(tmp_path / "file")})
    assert answer.code == 1
    assert str(tmp_path / "file") in answer.err
    assert synced.program("status", "--json").data["tasks"]["review"] == 1


def test_the_terminals_board_shows_what_was_committed_a_moment_ago(clone: Clone) -> None:
    assert "In Progress (1)" in clone.program("board", env={}).out
    clone.commit("use it", **{CHANGE_FILE: DONE})
    assert "Review (1)" in clone.program("board", env={}).out


@pytest.mark.parametrize("command", [("sync",), ("init", "--yes"), ("status",)])
def test_a_branch_that_is_not_read_is_named(clone: Clone, command: tuple[str, ...]) -> None:
    settings = "project_id: a\ngit: {branches: default-only}\n"
    clone.commit("settings", **{".kanban-sync.yaml": settings})
    clone.git("switch", "--quiet", "--create", "feature")
    answer = clone.program(*command, env={})
    assert answer.code == 0
    assert "you are on feature, and main is what is read" in answer.out + answer.err


def test_on_a_branch_from_before_init_the_settings_of_the_hooks_count(synced: Clone) -> None:
    synced.git("branch", "old", "HEAD~1")
    synced.git("switch", "--quiet", "old")
    data = synced.program("status", "--json").data
    assert (data["allowed"], data["target"]["board"]) == (True, BOARD)


def test_init_is_not_ready_where_no_hook_would_fire(clone: Clone, tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {tmp_path}/company\n")
    answer = clone.program("init", "--yes", env={"GIT_CONFIG_GLOBAL": str(config)})
    assert answer.code == 1
    assert "no git hook will start a sync yet" in answer.err
    assert "What to do: kanban-sync install --force" in answer.err
    assert "ready" not in answer.out


def test_install_fails_where_nothing_was_installed(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "company").mkdir()
    clone.hooks.rename(tmp_path / "hooks")
    clone.hooks.symlink_to(tmp_path / "company")
    answer = clone.program("install", env={})
    assert (answer.code, answer.out) == (1, "")
    assert f"{clone.hooks} is a link to {tmp_path / 'company'}" in answer.err
    asked = clone.program("install", "--json", env={})
    assert (asked.code, asked.data["refused"]) == (1, True)
    found = clone.program("doctor", "--json", env={}).data["findings"]
    remedies = {each["remedy"] for each in found if each["name"].startswith("hook ")}
    assert remedies == {"kanban-sync install --force"}
    assert clone.program("install", "--force", env={}).code == 0
    assert clone.program("install", env={}).code == 0


def test_init_without_hooks_says_that_none_will_fire_yet(clone: Clone) -> None:
    answer = clone.program("init", "--yes", "--no-hooks", env={})
    assert answer.code == 0
    assert "no git hook will start a sync yet" in answer.err
    assert "ready" not in answer.out


# --- odd surroundings -------------------------------------------------------------------------


def shell(clone: Clone, line: str) -> Answer:
    """Run a line of sh in the clone, with `kanban-sync` as a function."""
    program = " ".join(shlex.quote(word) for word in PROGRAM)
    done = subprocess.run(
        ["sh", "-c", f'kanban() {{ {program} "$@"; }}; {line}'],
        cwd=clone.path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("kanban board >&-", 0),
        ("kanban board 2>&-", 0),
        ("kanban status >/dev/full", 1),
        ("kanban status --json | head -c 1", 0),
    ],
)
def test_closed_full_and_broken_streams_end_without_a_traceback(
    clone: Clone, line: str, code: int
) -> None:
    clone.program("init", "--yes", env={})
    assert shell(clone, line).code == code


def test_a_repository_named_by_the_environment_is_found_from_anywhere(
    clone: Clone, tmp_path: Path
) -> None:
    # Not the root: git takes it for the work tree then, and would look through the machine.
    (tmp_path / "anywhere").mkdir()
    line = f"cd ../anywhere && GIT_DIR={shlex.quote(str(clone.path))}/.git kanban status"
    answer = shell(clone, line)
    assert answer.code == 1 or "reads      main" in answer.out


def test_without_a_command_the_help_is_shown(clone: Clone) -> None:
    answer = clone.program()
    assert answer.out.startswith("Usage: kanban-sync")
    assert answer.err == ""


@pytest.mark.parametrize(
    ("without", "code", "said"),
    [
        ({"PATH": "/nowhere"}, 1, "git was not found; install git and try again"),
        ({"PATH": "/nowhere", "GIT_PYTHON_REFRESH": "raise"}, 1, "git was not found; install git"),
        ({"GIT_PYTHON_GIT_EXECUTABLE": "/nowhere/git"}, 0, ""),
    ],
)
def test_a_git_that_is_missing_is_told_in_one_line(
    clone: Clone, without: dict[str, str], code: int, said: str
) -> None:
    for command in ("sync", "status"):
        answer = clone.program(command, env=without)
        assert answer.code == code
        assert len(answer.err.splitlines()) == bool(said)
        assert said in answer.err


EVIL = "\x1b]0;pwn\x07 größer \u202e \x9b31m"


def obeyed(text: str) -> set[str]:
    """Return the characters by which a text steers a terminal."""
    steering = {"\x1b", "\x07", "\x9b", "\u202e"}
    return steering & set(text)


def test_nothing_that_the_repository_says_steers_the_terminal(clone: Clone) -> None:
    clone.commit("evil", **{f"{EVIL}/TASKS.md": f"- [ ] one {EVIL}\n<<<<<<< {EVIL}\n"})
    clone.commit("more", **{"docs/TASKS.md": f"- [ ] two {EVIL}\n"})
    for arguments in (
        ("sync", *NAMES),
        ("sync", *NAMES, "--dry-run", "--force"),
        ("status",),
        ("status", "--json"),
        ("files",),
        ("board",),
        ("board", "--json"),
        ("log",),
        ("doctor",),
    ):
        answer = clone.program(*arguments)
        assert obeyed(answer.out + answer.err) == set(), arguments
        assert answer.out
    assert "two \\x1b]0;pwn\\x07 größer" in clone.program("board").out
    lists = clone.program("board", "--json").data["lists"]
    assert f"two {EVIL}" in [card["title"] for each in lists for card in each["cards"]]


ON_A_TERMINAL = """
import os, pty, sys
os.environ["COLUMNS"] = "200"
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""

IN_ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def test_a_terminal_that_knows_no_unicode_shows_the_board_all_the_same(clone: Clone) -> None:
    clone.commit("words", **{"docs/TASKS.md": "- [ ] größer →\n"})
    clone.program("sync", env={})
    answer = subprocess.run(
        [sys.executable, "-c", ON_A_TERMINAL, sys.executable, "-P", "-m", "kanban_sync", "board"],
        cwd=clone.path,
        env={**os.environ, **IN_ASCII, "PYTHONIOENCODING": "ascii", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    told = answer.stdout.decode("ascii")
    assert answer.returncode == 0, told
    assert r"gr\xf6\xdfer \u2192" in told
    assert "To Do 2" in told
