"""The state folder: what the shim reads, who may read it, and logs."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import SetupError
from kanban_sync.core.ports import Branches
from kanban_sync.sync import requests
from kanban_sync.sync.requests import DATABASE, EVERY_TARGET, Cause, Request, waiting_since
from kanban_sync.sync.state_folder import LOG_LIMIT, LOGS_KEPT, StateFolder

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "kanban-sync")
    folder.make()
    return folder


def sh(script: str, *args: object) -> str:
    done = subprocess.run(
        ["sh", "-euc", script, "sh", *map(str, args)], check=True, stdout=subprocess.PIPE
    )
    return done.stdout.decode(errors="surrogateescape")


@pytest.mark.parametrize(
    "word",
    [
        "TASKS.md",
        "two words",
        "it's",
        "'",
        '$HOME `ls` \\ "*"',
        "line\nfeed",
        ":(top,glob)**/openspec/**",
        "größe",
        "latin-1 caf\udce9",
        "",
    ],
)
def test_the_shim_reads_back_what_was_seen(state: StateFolder, word: str) -> None:
    state.write_seen("-", COMMIT, Branches("", f"x{word}x"), ["first", word, "-last"])

    script = '. "$1"; printf "%s|" "$last" "$refs" "$#" "$@"'
    told = sh(script, state.seen / "-")
    assert told == f"{COMMIT}|x{word}x|3|first|{word}|-last|"


def test_refs_are_compared_without_the_line_ends_that_sh_drops(state: StateFolder) -> None:
    state.write_seen("wt", COMMIT, Branches("", "a refs/heads/a\n\nb refs/heads/b\n\n"), [])

    script = 'now=$(printf "%s" "$2"); . "$1"; [ "$refs" = "$now" ] && echo same'
    assert sh(script, state.seen / "wt", "a refs/heads/a\n\nb refs/heads/b\n\n") == "same\n"


def test_the_shim_lists_a_remote_branch_only_where_it_is_told_to(state: StateFolder) -> None:
    script = 'remote=; . "$1"; printf "%s|" "$remote" "$@"'
    state.write_seen("-", COMMIT, Branches("", "", "refs/remotes/origin/it's"), ["a"])
    assert sh(script, state.seen / "-") == "refs/remotes/origin/it's|a|"
    state.write_seen("-", COMMIT, Branches("", ""), ["a"])
    assert sh(script, state.seen / "-") == "|a|"


def test_what_was_seen_is_older_than_any_branch_that_moved_since(state: StateFolder) -> None:
    """Also where times are whole seconds, and where writing came long after the look."""
    a_while_ago = time.monotonic() - 30
    state.write_seen("-", COMMIT, Branches("", "", moment=a_while_ago), [])
    age = time.time() - (state.seen / "-").stat().st_mtime
    assert 31 <= age < 60


def test_without_pathspecs_the_shim_gets_none(state: StateFolder) -> None:
    state.write_seen("-", COMMIT, Branches("", ""), [])
    assert sh('. "$1"; echo "$#"', state.seen / "-") == "0\n"


def test_the_shim_is_quiet_for_ten_minutes_after_a_full_pass(state: StateFolder) -> None:
    clock = state.path / "clock"
    is_due = '[ "$1" -nt "$2" ] && echo due || echo fresh'
    clock.touch()
    state.mark_fresh()
    assert sh(is_due, clock, state.fresh) == "fresh\n"

    for seconds, answer in ((595, "fresh\n"), (605, "due\n")):
        later = time.time() + seconds
        os.utime(clock, (later, later))
        assert sh(is_due, clock, state.fresh) == answer


def test_the_folder_and_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        state = StateFolder(tmp_path / "kanban-sync")
        state.make()
        state.write_seen("-", COMMIT, Branches("", ""), [])
        state.mark_behind("database")
        state.notice("something")
        state.open_log("database").close()
    finally:
        os.umask(before)

    for path in (state.path, *state.path.rglob("*")):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_making_the_folder_again_changes_nothing(state: StateFolder) -> None:
    state.mark_behind("database")
    state.make()
    assert state.pending.exists()


def test_a_reader_sees_the_old_or_the_new_content(state: StateFolder) -> None:
    path = state.path / "file"
    state.replace(path, "old")
    with path.open() as reader:
        state.replace(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"
    assert [file.name for file in state.path.iterdir() if file.is_file()] == ["file"]


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(state: StateFolder) -> None:
    path = state.path / "file"
    path.mkdir()
    with pytest.raises(SetupError, match=rf"Cannot write {path}"):
        state.replace(path, "new")
    assert sorted(one.name for one in state.path.iterdir()) == ["file", "log", "seen"]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Planka is away.", "Planka is away.\n"),
        ("two\nlines", "two lines\n"),
        ("a \x1b[31mred\x07 \u202etitle", "a \\x1b[31mred\\x07 \\u202etitle\n"),
        ("", ""),
    ],
)
def test_a_notice_is_one_harmless_line(state: StateFolder, text: str, content: str) -> None:
    state.notice(text)
    got = state.notice_file.read_text()
    assert got.count("\n") <= 1
    assert " ".join(got.split()) == " ".join(content.split())


def test_pausing_lasts_until_resuming(state: StateFolder) -> None:
    steps = [state.resume, state.pause, state.pause, state.resume, state.resume]
    told = []
    for step in steps:
        step()
        told.append((state.is_paused, state.paused.exists()))
    assert told == [(False, False), (True, True), (True, True), (False, False), (False, False)]


def test_pending_stays_while_any_target_is_behind(state: StateFolder) -> None:
    for target in ("database", "0123456789abcdef"):
        state.mark_behind(target)
    with state.pending.open() as before:
        state.mark_caught_up("database")
        # Not even for a moment: a hook could look in that moment.
        assert os.fstat(before.fileno()).st_nlink == 1
    state.mark_caught_up("0123456789abcdef")
    assert not state.pending.exists()
    state.mark_caught_up("0123456789abcdef")
    assert not state.pending.exists()


def test_a_target_is_behind_since_the_oldest_that_has_not_reached_it(state: StateFolder) -> None:
    assert waiting_since(state, DATABASE) == 0
    requests.append(state, Request(EVERY_TARGET, Cause.CLI))
    os.utime(state.requests, (50, 50))
    assert waiting_since(state, DATABASE) == 50
    state.mark_behind(DATABASE)
    os.utime(state.path / "behind-database", (40, 40))
    # It fails again and again, and more is asked for.
    state.mark_behind(DATABASE)
    requests.append(state, Request(EVERY_TARGET, Cause.CLI))
    assert waiting_since(state, DATABASE) == 40
    state.mark_behind(DATABASE, anew=True)
    assert waiting_since(state, DATABASE) > 50
    requests.mark_done(state, DATABASE, requests.size(state))
    state.mark_caught_up(DATABASE)
    assert waiting_since(state, DATABASE) == 0


def test_a_target_that_falls_behind_while_another_catches_up_stays_pending(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.mark_behind("database")
    unlink = type(state.path).unlink

    def fall_behind_first(path: Path, *, missing_ok: bool = False) -> None:
        if path == state.pending:
            state.mark_behind("0123456789abcdef")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(type(state.path), "unlink", fall_behind_first)
    state.mark_caught_up("database")
    assert state.pending.exists()


def test_a_log_is_named_after_its_time_target_and_process(state: StateFolder) -> None:
    with state.open_log("database") as log:
        log.write("Grüße\n")
        assert log.path.read_text() == "Grüße\n"
    assert log.path.parent == state.log
    stamp, target, pid = log.path.stem.rsplit("-", 2)
    assert (target, pid) == ("database", str(os.getpid()))
    assert time.strptime(stamp.split(".")[0], "%Y%m%dT%H%M%S")


def test_the_newest_20_logs_are_kept(state: StateFolder) -> None:
    other = state.log / "background.out"
    other.touch()
    paths = []
    for _ in range(LOGS_KEPT + 5):
        with state.open_log("database") as log:
            paths.append(log.path)

    assert sorted(state.log.glob("*.log")) == paths[-20:]
    assert other.exists()


def test_a_log_stops_at_one_mebibyte_and_says_so(state: StateFolder) -> None:
    with state.open_log("database") as log:
        for _ in range(LOG_LIMIT // 1000 + 10):
            assert log.write("x" * 1000) == 1000
        log.write("not any more\n")
    content = log.path.read_text()
    assert len(content) == LOG_LIMIT
    assert content.endswith("The log ends here: it has reached its limit of 1 MiB.\n")


def test_what_no_encoding_knows_can_be_logged(state: StateFolder) -> None:
    with state.open_log("database") as log:
        log.write("caf\udce9\n")
    assert log.path.read_text() == "caf\\udce9\n"
