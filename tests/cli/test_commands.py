"""The commands keep their word: what they print, what they touch, and how they end."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from cli.program import (
    BOARD,
    CHANGE,
    CHANGE_FILE,
    NOBODY,
    PROGRAM,
    PROJECT,
    TASKS,
    Answer,
    Clone,
    until,
)
from kanban_sync.cli import log, status, sync
from kanban_sync.core.ports import Run
from kanban_sync.sync import requests
from kanban_sync.sync.locks import RunLock
from kanban_sync.sync.requests import DATABASE

if TYPE_CHECKING:
    from kanban_sync.standin.server import Standin

NAMES = ("--project", PROJECT, "--board", BOARD)
ON_BOARD = {"add-search": "In Progress", "Rotate the keys": "To Do", "Tidy the logs": "Backlog"}
DONE = CHANGE.replace("[ ]", "[x]")

STATUS = {
    "ahead",
    "apart",
    "away_since",
    "journal",
    "left_behind",
    "mode",
    "branch_problems",
    "branches",
    "database_before",
    "database_problem",
    "database_unwritable",
    "allowed",
    "board_url",
    "branch",
    "checked_out",
    "commit",
    "database",
    "files",
    "held_by",
    "last_run",
    "paused",
    "watching",
    "pending_requests",
    "project_id",
    "renamed",
    "settings",
    "state_unwritable",
    "settings_problems",
    "share",
    "never_ready",
    "twofold",
    "target",
    "target_id",
    "tasks",
    "uncommitted",
    "unreadable",
    "valkey",
}


def old_program(clone: Clone, *arguments: str, url: str | None = None, **env: str) -> Answer:
    """Run `kanban-project-sync`."""
    code = "from kanban_sync.cli.project_sync import main; main()"
    key = {**clone.key, "PLANKA_URL": url or clone.server.url}
    done = subprocess.run(
        [sys.executable, "-E", "-P", "-c", code, *arguments],
        cwd=clone.path,
        env={**os.environ, **key, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


# --- consent ---------------------------------------------------------------------------------


def test_a_board_that_only_the_repository_names_gets_no_request(clone: Clone) -> None:
    clone.name_board()
    assert clone.program("install").code == 0
    clone.commit_as_person("use it", **{CHANGE_FILE: DONE})
    clone.wait_until_synced()

    answer = clone.program("sync")
    preview = clone.program("sync", "--dry-run")

    assert (answer.code, preview.code) == (1, 1)
    assert f"names the board {clone.target}, which you have not allowed" in answer.err
    assert "Run 'kanban-sync allow'" in answer.err
    assert clone.server.requests == []
    assert "Review (1)\n  add-search  2/2" in clone.program("board").out


def test_allow_lets_the_hooks_write(clone: Clone) -> None:
    clone.name_board()
    clone.program("install")

    answer = clone.program("allow", "--yes")
    assert answer.out.startswith(f"allowed: {clone.target}")
    clone.commit_as_person("use it", **{CHANGE_FILE: DONE})
    clone.wait_until_synced()

    assert clone.cards() == {**ON_BOARD, "add-search": "Review"}


@pytest.mark.parametrize(("word", "allowed"), [("y", True), ("n", False)])
def test_allow_asks_first(clone: Clone, word: str, allowed: bool) -> None:
    clone.name_board()
    answer = clone.program("allow", answers=f"{word}\n")
    assert f"Let commits in this clone write to {clone.target}?" in answer.out
    assert answer.code == (0 if allowed else 1)
    assert clone.program("status", "--json").data["allowed"] == allowed


def test_allow_needs_a_board_that_is_named(clone: Clone) -> None:
    answer = clone.program("allow", "--yes", env={})
    assert answer.code == 1
    assert "no board is named: set planka.url" in answer.err


def test_a_repository_that_comes_to_name_another_board_loses_the_consent(synced: Clone) -> None:
    synced.server.clear_log()
    synced.name_board("Elsewhere")
    synced.commit_as_person("use it", **{CHANGE_FILE: DONE})
    until(lambda: synced.state.notice_file.exists() and synced.state.notice_file.stat().st_size > 0)

    assert synced.server.requests == []
    assert "another board than you have allowed" in synced.state.notice_file.read_text()
    data = synced.program("status", "--json").data
    assert data["allowed"] is False
    assert data["pending_requests"] > 0
    assert data["tasks"]["done"] == 2


# --- pausing ---------------------------------------------------------------------------------


def test_a_pause_is_made_up_for_after_it(synced: Clone) -> None:
    asked = synced.causes()

    assert synced.program("pause").code == 0
    synced.commit_as_person("use it", **{CHANGE_FILE: DONE})
    assert synced.causes() == asked
    assert synced.program("status", "--json").data["paused"] is True

    assert synced.program("resume").code == 0
    synced.commit_as_person("something else", **{"README.md": "# Shop\n"})
    synced.wait_until_synced()
    assert synced.cards() == {**ON_BOARD, "add-search": "Review"}


# --- looking ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("started_anew")
def test_status_tells_the_same_keys_before_and_after_everything(clone: Clone) -> None:
    before = clone.program("status", "--json", env={}).data
    clone.init_with_board()
    after = clone.program("status", "--json").data

    assert set(before) == set(after) == STATUS
    assert (before["target"], before["allowed"], before["tasks"]) == (None, False, {})
    assert (after["allowed"], after["pending_requests"]) == (True, 0)
    assert after["target"] == {"url": clone.server.url, "project": PROJECT, "board": BOARD}
    assert after["board_url"].startswith(f"{clone.server.url}/boards/")
    assert {run["result"] for run in after["last_run"].values()} == {"done"}
    assert set(after["last_run"]) == {DATABASE, clone.target.id}


def test_a_sync_that_comes_second_to_a_database_made_anew_does_not_call_that_nothing_new(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.program("sync", env={})
    monkeypatch.chdir(clone.path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    monkeypatch.setattr(sync, "made_anew", lambda _: "it was gone")
    said = CliRunner().invoke(sync.command, []).output
    assert "task database: made anew, and nothing is left to bring in\n" in said


def test_status_tells_that_nothing_can_be_noted(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.program("sync", env={})
    monkeypatch.chdir(clone.path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr("os.access", lambda path, _: Path(path).name != "requests")
    said = CliRunner().invoke(status.command, []).output
    noted = clone.state.path / "requests"
    assert f"problem    nothing is synced from here: {noted} cannot be written; make " in said


def test_status_names_what_is_wrong_or_not_read(clone: Clone) -> None:
    clone.write(".kanban-sync.yaml", "planka:\n  bord: x\n")
    clone.write("TASKS.md", f"{TASKS}\n- [ ] More\n")
    answer = clone.program("status", env={})
    assert answer.code == 0
    assert "problem    .kanban-sync.yaml:2: planka.bord is not a setting" in answer.out
    assert "TASKS.md  (not committed)" in answer.out
    assert "board      none" in answer.out


def test_the_log_shows_the_runs_newest_last(clone: Clone) -> None:
    assert clone.program("log").out == "no run yet\n"
    clone.program("sync", env={})
    clone.program("sync", *NAMES)

    runs = clone.program("log", "--json").data["runs"]
    lines = clone.program("log", "-n", "2").out.splitlines()

    assert [run["target"] for run in runs] == [DATABASE, DATABASE, clone.target.id]
    assert [run["result"] for run in runs] == ["done"] * 3
    assert [line.split()[2] for line in lines] == [DATABASE, clone.target.id]


def test_the_log_shows_why_a_run_failed(clone: Clone) -> None:
    clone.program("sync", *NAMES, env={"PLANKA_URL": NOBODY, "PLANKA_API_KEY": "k"})
    out = clone.program("log").out
    assert "unreachable" in out
    assert f"    {NOBODY} cannot be reached" in out


def test_the_log_that_is_followed_shows_each_run_once_when_it_has_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def runs(*numbers: int, ended: set[int]) -> list[Run]:
        results = {number: "done" if number in ended else "running" for number in numbers}
        return [Run(f"target-{id_}", 0.0, result=results[id_], id=id_) for id_ in numbers]

    looks = [
        runs(3, 2, 1, ended={1}),
        runs(3, 2, 1, ended={1}),
        runs(4, 3, 2, 1, ended={1, 3}),
        runs(4, 3, 2, 1, ended={1, 2, 3}),
        runs(4, 3, 2, 1, ended={1, 2, 3, 4}),
    ]

    class Followed:
        def runs(self, limit: int) -> list[Run]:
            if not looks:
                raise KeyboardInterrupt
            return looks.pop(0)[:limit]

    monkeypatch.setattr(log, "POLL", 0.0)
    monkeypatch.setattr(log, "here", Followed)
    with pytest.raises(click.Abort):
        log.command.main(["--follow"], standalone_mode=False)
    shown = [line.split()[2] for line in capsys.readouterr().out.splitlines()]
    assert shown == ["target-1", "target-3", "target-2", "target-4"]


def test_uninstall_removes_the_state_folder_on_request(clone: Clone) -> None:
    clone.program("sync", env={})
    assert clone.state.path.exists()
    answer = clone.program("uninstall", "--state", "--json")
    assert answer.code == 0, answer.err
    assert answer.data["state_removed"]
    assert not clone.state.path.exists()


def test_uninstall_keeps_what_only_the_task_database_has(clone: Clone) -> None:
    clone.program("sync", env={})
    added = clone.program("task", "add", "Only in the database").out.split()[0]
    refused = clone.program("uninstall", "--state")
    assert (refused.code, added in refused.err, "--force" in refused.err) == (1, True, True)
    assert clone.state.path.exists()
    assert clone.program("uninstall", "--state", "--force").code == 0
    assert not clone.state.path.exists()


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_uninstall_names_what_of_the_state_folder_it_could_not_remove(
    clone: Clone, tmp_path: Path, options: tuple[str, ...]
) -> None:
    clone.program("sync", env={})
    clone.state.path.rename(tmp_path / "elsewhere")
    clone.state.path.symlink_to(tmp_path / "elsewhere")
    answer = clone.program("uninstall", "--state", *options)
    assert answer.code == 1
    assert f"could not remove {clone.state.path}" in answer.err
    assert f"removed {clone.state.path}\n" not in answer.out
    assert "--json" not in options or answer.data["state_removed"] is False


def test_the_board_is_drawn_from_the_database(clone: Clone) -> None:
    clone.program("sync", env={})
    answer = clone.program("board")
    assert answer.out == (
        "Backlog (1)\n  Tidy the logs\nTo Do (1)\n  Rotate the keys\nPlanning (0)\n"
        "In Progress (1)\n  add-search  1/2\nReview (0)\nDone (0)\n"
    )
    lists = clone.program("board", "--json").data["lists"]
    cards = {card["title"]: each["name"] for each in lists for card in each["cards"]}
    assert cards == ON_BOARD
    assert [each["name"] for each in lists][0::5] == ["Backlog", "Done"]


def test_files_are_listed_with_their_tasks_and_problems(clone: Clone) -> None:
    clone.commit(**{"docs/TASKS.md": "- [x] one\n<<<<<<< ours\n- [ ] two\n"})
    found = clone.program("files", "--json").data["files"]
    told = {each["path"]: (each["source"], each["done"], each["tasks"]) for each in found}
    assert told["TASKS.md"] == ("tasks-md", 0, 2)
    assert told["openspec/changes/add-search"] == ("openspec", 1, 2)
    [problem] = next(each["problems"] for each in found if each["path"] == "docs/TASKS.md")
    assert problem.startswith("docs/TASKS.md:2: ")
    assert problem in clone.program("files").out


def test_files_tell_what_is_wrong_in_the_work_tree_as_it_is_there_now(clone: Clone) -> None:
    clone.write("docs/TASKS.md", "- [x] one\n<<<<<<< ours\n- [ ] two\n")
    [problem] = clone.program("files", "--json").data["here"]
    assert problem.startswith("docs/TASKS.md:2: a merge conflict")
    assert f"here       {problem}\n" in clone.program("files").out
    clone.commit(**{"docs/TASKS.md": CONFLICT})
    clone.write("docs/TASKS.md", "- [x] one\n")
    data = clone.program("files", "--json").data
    assert data["here"] == []
    assert [text for each in data["files"] for text in each["problems"]]


def test_a_repository_without_task_files_says_so(clone: Clone) -> None:
    clone.commit(**{"TASKS.md": None, CHANGE_FILE: None})
    assert "no task files" in clone.program("files").out


# --- sync ------------------------------------------------------------------------------------


def test_sync_tells_what_it_did_and_a_second_one_writes_nothing(clone: Clone) -> None:
    clone.name_board()
    clone.program("allow", "--yes")

    first = clone.program("sync", "--json").data
    # Another clone may have made the same cards meanwhile, so the board is looked at once more.
    clone.server.clear_log()
    assert clone.program("sync").code == 0
    assert [method for method, _ in clone.server.requests] == ["GET"]

    clone.server.clear_log()
    second = clone.program("sync", "--json").data

    assert first["outcome"] == second["outcome"] == "done"
    assert first["database"] == {"created": 5, "updated": 0, "gone": 0}
    assert {each["kind"] for each in first["board"]["operations"]} == {"create"}
    assert second["database"] == {"created": 0, "updated": 0, "gone": 0}
    assert second["board"] is None
    assert clone.server.requests == []


def test_a_sync_that_holds_something_back_says_so(clone: Clone) -> None:
    tasks = "".join(f"- [ ] Write chapter {number}\n" for number in range(12))
    clone.commit(**{"TASKS.md": tasks, CHANGE_FILE: None})
    clone.name_board()
    clone.program("allow", "--yes")
    assert clone.program("sync", "--json").data["outcome"] == "done"

    clone.commit(**{"TASKS.md": "- [ ] Write chapter 1\n"})
    held = clone.program("sync", "--json")
    assert (held.code, held.data["outcome"]) == (1, "held")
    assert len(held.data["board"]["held"]) == 11
    assert clone.program("sync", "--force", "--json").data["outcome"] == "done"


def test_a_dry_run_shows_the_plan_and_writes_nothing(clone: Clone) -> None:
    clone.name_board()
    clone.program("allow", "--yes")

    told = clone.program("sync", "--dry-run", "--json").data
    text = clone.program("sync", "--dry-run").out

    assert told["board"] == str(clone.target)
    assert {each["title"] for each in told["operations"]} == set(ON_BOARD)
    assert "+ add-search  [In Progress, 2 tasks]" in text
    assert clone.writes() == []


def test_a_dry_run_tells_what_only_force_or_news_would_write(synced: Clone) -> None:
    synced.program("sync")
    synced.rename_card("Rotate the keys", "Mine")

    text = synced.program("sync", "--dry-run").out
    assert ": 1 card would change" in text
    assert "a sync writes this with --force, or else with the next news" in text
    assert synced.program("sync").out.endswith("nothing new\n")
    assert "Mine" in synced.cards()
    assert "--force" not in synced.program("sync", "--dry-run", "--force").out
    synced.program("sync", "--force")
    assert synced.cards() == ON_BOARD


def test_a_dry_run_in_markdown_groups_by_card_with_reasons_and_only_reads(synced: Clone) -> None:
    synced.program("pause")
    synced.commit("use it", **{CHANGE_FILE: DONE})
    synced.server.clear_log()

    answer = synced.program("sync", "--dry-run", "--format", "markdown")

    assert answer.code == 0
    assert answer.out.splitlines() == [
        f"## {str(synced.target).replace('_', chr(92) + '_')}",
        "",
        "- **add-search** changes (changed)",
        "  - moves to Review",
        "  - ticked: 1.2 Use it",
    ]
    assert {method for method, _ in synced.server.requests} == {"GET"}
    done = synced.program("sync", "--format", "markdown").out.splitlines()
    assert done[-5:] == answer.out.splitlines()
    assert synced.program("sync", "--dry-run", "--format", "markdown").out.endswith(
        "Nothing to do.\n"
    )


def test_the_settings_of_the_board_are_those_of_the_board_and_of_the_terminal(
    synced: Clone,
) -> None:
    settings = (synced.path / ".kanban-sync.yaml").read_text()
    board = "board: {lists: {in_progress: Doing}, labels: {agent: bot}, cards: section}\n"
    synced.commit_as_person("mapping", **{".kanban-sync.yaml": f"{settings}\n{board}"})
    synced.wait_until_synced()
    assert synced.cards() == {"add-search": "Doing", "P1": "To Do", "P3": "Backlog"}
    shown = synced.program("board", "--json").data["lists"]
    assert [each["name"] for each in shown][3] == "Doing"
    assert [card["labels"] for card in shown[3]["cards"]] == [["bot"]]
    plan = synced.program("sync", "--force", "--json").data["board"]
    assert plan["operations"] == []


def test_what_is_not_committed_is_named_and_not_read(clone: Clone) -> None:
    clone.write(CHANGE_FILE, DONE)
    answer = clone.program("sync", env={})
    assert f"not committed, so not read: {CHANGE_FILE}" in answer.err
    assert "In Progress (1)" in clone.program("board").out


def test_a_sync_beside_another_is_queued_or_waits_for_it(clone: Clone) -> None:
    clone.state.make()
    with RunLock(clone.state.run_lock(DATABASE)) as lock:
        assert lock.acquire()
        queued = clone.program("sync", env={})
        asked = requests.size(clone.state)
        call = [*PROGRAM, "sync", "--wait"]
        waiting = subprocess.Popen(call, cwd=clone.path, stdout=subprocess.PIPE, text=True)
        until(lambda: requests.size(clone.state) > asked)
        assert waiting.poll() is None
    out, _ = waiting.communicate(timeout=60)

    assert (queued.code, queued.out.split(":")[0]) == (0, "queued")
    assert (waiting.returncode, out) == (0, "task database: 5 created\n")


def test_a_sync_in_the_background_comes_to_the_board(synced: Clone) -> None:
    synced.git("config", "core.hooksPath", "/nowhere")
    synced.commit_as_person("use it", **{CHANGE_FILE: DONE})

    answer = synced.program("sync", "--background")
    synced.wait_until_synced()

    assert (answer.code, answer.out.split(":")[0]) == (0, "queued")
    assert synced.cards() == {**ON_BOARD, "add-search": "Review"}


def test_a_board_named_on_the_command_line_is_synced_beside_the_allowed_one(synced: Clone) -> None:
    assert synced.program("sync", "--board", "Second").code == 0
    assert synced.cards("Second") == synced.cards() == ON_BOARD


@pytest.mark.parametrize("look", [("board",), ("sync", "--dry-run"), ("sync", "--board", "B2")])
def test_to_look_at_what_no_hook_has_seen_leaves_it_to_the_next_commit(
    synced: Clone, look: tuple[str, ...]
) -> None:
    synced.write(CHANGE_FILE, DONE)
    synced.git("commit", "--quiet", "--all", "--message", "unseen", env={"KANBAN_SYNC": "0"})
    assert synced.program(*look).code == 0
    assert synced.cards() == ON_BOARD

    synced.commit_as_person("something else", **{"README.md": "# Shop\n"})
    synced.wait_until_synced()
    assert synced.cards() == {**ON_BOARD, "add-search": "Review"}


def test_a_sync_that_is_interrupted_says_nothing_untrue(clone: Clone, server: Standin) -> None:
    server.delay = 0.5
    call = [*PROGRAM, "sync", *NAMES]
    environment = {**os.environ, **clone.key}
    process = subprocess.Popen(
        call, cwd=clone.path, env=environment, stderr=subprocess.PIPE, text=True
    )
    until(lambda: bool(server.requests))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == ""


# --- exit codes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("sync", "--nonsense"), ("nonsense",), ("sync", "--project", "P"), ("log", "-n", "many")],
)
def test_a_mistake_on_the_command_line_ends_with_1(clone: Clone, arguments: tuple[str]) -> None:
    answer = clone.program(*arguments, env={})
    assert answer.code == 1
    assert answer.err.startswith("kanban-sync: ")
    assert len(answer.err.splitlines()) == 1


def test_a_board_that_is_away_ends_with_2_and_an_up_to_date_database(clone: Clone) -> None:
    answer = clone.program("sync", *NAMES, env={"PLANKA_URL": NOBODY, "PLANKA_API_KEY": "k"})
    assert answer.code == 2
    assert f"{NOBODY} cannot be reached" in answer.err
    assert "To Do (1)\n  Rotate the keys" in clone.program("board").out


def test_a_broken_settings_file_ends_with_1_and_every_line(clone: Clone) -> None:
    clone.write(".kanban-sync.yaml", "planka:\n  bord: x\nsource: y\n")
    answer = clone.program("sync", env={})
    assert answer.code == 1
    assert [line.split(" ")[1] for line in answer.err.splitlines()] == [
        ".kanban-sync.yaml:2:",
        ".kanban-sync.yaml:3:",
    ]


def test_before_the_first_commit_it_ends_with_1(tmp_path: Path, clone: Clone) -> None:
    clone.git("init", "--quiet", str(tmp_path / "fresh"))
    fresh = type(clone)(tmp_path / "fresh", clone.server)
    answer = fresh.program("sync", env={})
    assert (answer.code, "no commit yet" in answer.err) == (1, True)
    assert fresh.program("status", "--json", env={}).data["commit"] == ""


def test_help_and_version_need_no_repository(tmp_path: Path) -> None:
    for option in ("--help", "--version"):
        call = [*PROGRAM, option]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "kanban-sync" in done.stdout


# --- the old program -------------------------------------------------------------------------


def test_the_old_program_makes_and_fills_the_board(clone: Clone) -> None:
    answer = old_program(clone, *NAMES)
    assert answer.code == 0, answer.err
    assert clone.cards() == ON_BOARD


def test_the_old_program_takes_no_names_from_files(clone: Clone) -> None:
    clone.write("project.yaml", json.dumps({"planka": {"project": PROJECT, "board": BOARD}}))
    for missing in (NAMES[:2], NAMES[2:], ()):
        answer = old_program(clone, *missing)
        assert (answer.code, "Missing option" in answer.err) == (1, True)
    assert clone.server.requests == []


def test_the_old_program_ends_with_2_where_nobody_answers(clone: Clone) -> None:
    assert old_program(clone, *NAMES, url=NOBODY).code == 2


def test_the_old_program_detaches_on_request(clone: Clone) -> None:
    answer = old_program(clone, *NAMES, "--background")
    assert (answer.code, answer.out.split(":")[0]) == (0, "queued")
    until(lambda: requests.done(clone.state, clone.target.id) > 0)
    assert clone.cards() == ON_BOARD


def test_a_named_board_that_is_away_is_told_by_the_next_hook(clone: Clone) -> None:
    # Under CI nobody tries again for minutes.
    answer = old_program(clone, *NAMES, "--background", url=NOBODY, CI="true", KANBAN_SYNC="")
    notice = clone.state.notice_file
    until(lambda: notice.exists() and notice.stat().st_size > 0)

    assert (answer.code, answer.out.split(":")[0]) == (0, "queued")
    assert "cannot be reached" in notice.read_text()
    assert f"run 'kanban-sync sync --project {PROJECT} --board {BOARD}'" in notice.read_text()


CONFLICT = "<<<<<<< HEAD\n- [ ] A\n=======\n- [ ] B\n>>>>>>> x\n"


def test_a_file_that_cannot_be_read_fails_every_sync_until_it_is_mended(clone: Clone) -> None:
    clone.program("init", "--yes", env={})
    clone.commit("conflict", **{"TASKS.md": CONFLICT})
    # The hook of the commit may be at it already: then this follows that run to its end.
    first, second = (clone.program("sync", "--wait", env={}) for _ in range(2))

    assert (first.code, second.code) == (1, 1)
    assert "TASKS.md:1: a merge conflict stands here" in second.err


def test_what_a_branch_has_wrong_is_told_as_long_as_it_is_there(clone: Clone) -> None:
    clone.git("switch", "--quiet", "--create", "fix")
    clone.commit("conflict", **{"TASKS.md": CONFLICT})
    said = "TASKS.md:1: on fix: a merge conflict stands here"

    def told() -> list[tuple[int, bool]]:
        names = (("sync", "--wait"), ("status",), ("doctor",))
        answers = [clone.program(*each, env={}) for each in names]
        return [(each.code, said in each.out + each.err) for each in answers]

    first, second = told(), told()
    assert first == second == [(1, True), (0, True), (1, True)]
    [problem] = clone.program("status", "--json", env={}).data["branch_problems"]
    assert problem.startswith(said)
    # As after an upgrade: what was read before is told, too.
    (clone.state.path / "branch-problems.json").unlink()
    assert told() == second
    # Nobody has read the branch where it is now.
    clone.commit("mend", **{"TASKS.md": TASKS})
    assert said not in clone.program("status", env={}).out
    assert told()[0] == (0, False)
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    assert told() == second
    clone.git("switch", "--quiet", "main")
    clone.git("branch", "--quiet", "-D", "fix")
    assert said not in clone.program("status", env={}).out
    assert told()[0] == (0, False)


def test_settings_that_contradict_each_other_are_told(clone: Clone) -> None:
    settings = "project_id: a\ngit: {branches: current}\nsatisfied_by: default-branch\n"
    clone.commit("settings", **{".kanban-sync.yaml": settings})
    names = (("sync", "--wait"), ("status",), ("doctor",))
    answers = [clone.program(*each, env={}) for each in names]
    assert [each.code for each in answers[:2]] == [0, 0]
    for each in answers:
        assert ".kanban-sync.yaml: 'git.branches: current' and" in each.out + each.err


def test_sync_says_that_it_goes_by_settings_that_are_not_committed(clone: Clone) -> None:
    clone.program("init", "--yes", env={})
    clone.commit("settings")
    told = "the settings are those of this work tree"
    assert told not in clone.program("sync", env={}).err

    file = clone.path / ".kanban-sync.yaml"
    file.write_text(file.read_text() + "sources: {exclude: [docs/**]}\n")
    assert told in clone.program("sync", env={}).err


def test_board_reads_the_work_tree_that_it_is_called_in(clone: Clone, tmp_path: Path) -> None:
    clone.commit("settings", **{".kanban-sync.yaml": "project_id: a\ngit: {branches: current}\n"})
    other = Clone(tmp_path / "linked", clone.server)
    clone.git("worktree", "add", "--quiet", "-b", "linked", other.path)
    other.commit("more", **{"docs/TASKS.md": "- [ ] Only here\n"})

    assert "Only here" in other.program("board", env={}).out
    assert "Only here" not in clone.program("board", env={}).out


def test_a_run_that_was_killed_is_said_to_be_interrupted(clone: Clone) -> None:
    clone.program("init", "--yes", env={})
    with closing(sqlite3.connect(clone.state.path / "tasks.db")) as database:
        database.execute("UPDATE runs SET result = 'running'")
        database.commit()
    clone.program("sync", env={})

    results = [run["result"] for run in clone.program("log", "--json", env={}).data["runs"]]
    assert results[-1] == "done"
    assert set(results[:-1]) == {"interrupted"}


@pytest.mark.parametrize("number", ["0", "-3", "some"])
def test_log_is_asked_for_some_runs_at_least(clone: Clone, number: str) -> None:
    assert clone.program("log", "-n", number, env={}).code == 1


def test_a_sync_that_fails_before_ones_eyes_replaces_what_the_next_hook_would_tell(
    clone: Clone,
) -> None:
    # Without hooks: what they start would have a say in it, too.
    clone.name_board()
    assert clone.program("allow", "--yes").code == 0
    bad_key = {**clone.key, "PLANKA_API_KEY": "prefix12_0123456789abcdef0123456789abcdef"}
    clone.state.notice("kanban-sync: the board is gone")
    answer = clone.program("sync", "--force", env=bad_key)
    assert (answer.code, "does not accept the credential" in answer.err) == (1, True)
    told = clone.state.notice_file.read_text()
    assert "gone" not in told
    assert "does not accept the credential" in told
    assert told.endswith("(run 'kanban-sync sync' to try again)\n")

    clone.state.notice("")
    assert clone.program("sync", "--force", env=bad_key).code == 1
    assert clone.state.notice_file.read_text() == ""


@pytest.mark.parametrize("name", ["\udcff", " "], ids=["no-text", "blank"])
@pytest.mark.parametrize("option", ["--project", "--board"])
def test_a_name_that_is_none_is_told_by_its_option(clone: Clone, name: str, option: str) -> None:
    clone.name_board()
    answer = clone.program("sync", option, name)
    assert answer.code == 1
    assert f"PLANKA_{option[2:].upper()} or {option}: " in answer.err
