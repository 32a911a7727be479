"""The PostgreSQL that a user has named goes away: commands go on, say so, and make up for it."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from cli.program import run_program
from kanban_sync.agents import waiting
from kanban_sync.agents.born import NewTask
from kanban_sync.app import Clone
from kanban_sync.cli.monitor import go_on
from kanban_sync.core.errors import MovedCloneError
from kanban_sync.databases.fallback import Fallback
from kanban_sync.gateway.reads import reads
from kanban_sync.gateway.served import Served
from kanban_sync.gateway.snapshot import Snapshots
from postgres.door import Door
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.program import Answer
    from kanban_sync.stores.postgres import PostgresStore

FILES = {
    ".kanban-sync.yaml": "project_id: faraway\n",
    "TASKS.md": "# Tasks\n\n## Now\n\n- [ ] T-1 Rotate keys\n- [ ] T-2 Rest\n",
}


@pytest.fixture
def door(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The way to the database that the user has named."""
    with Door(postgres_url) as door:
        monkeypatch.setenv("KANBAN_SYNC_DATABASE_URL", door.url)
        monkeypatch.setenv("KANBAN_SYNC_AGENT", "ada")
        yield door


@pytest.fixture
def repo(door: Door, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A clone that is synced."""
    repo = Repo.init(tmp_path_factory.mktemp("clone"))
    repo.commit(**FILES)
    assert program(repo, "sync").code == 0
    assert door.url
    return repo


def program(repo: Repo, *words: str) -> Answer:
    return run_program(*words, folder=repo.path)


def test_commands_go_on_without_the_server_and_say_so(repo: Repo, door: Door) -> None:
    door.shut()
    (copy,) = (repo.path / ".git/kanban-sync/away").glob("*/tasks-faraway.json")
    in_the_way = copy.with_name(f".{copy.name}.new")
    in_the_way.mkdir()
    unusable = program(repo, "task", "claim", "--next")
    assert (unusable.code, unusable.out) == (1, "")
    assert f"{copy}, the copy of the task database" in unusable.err
    assert "(Is a directory). Nothing was changed by this, and nothing is lost" in unusable.err
    in_the_way.rmdir()
    answer = program(repo, "task", "claim", "--next", "--json")
    assert answer.code == 0
    assert answer.err.count("does not answer since") == 1
    key = json.loads(answer.out)["key"]
    # What is committed meanwhile is not seen, and not forgotten.
    repo.commit(**{"TASKS.md": FILES["TASKS.md"] + "- [ ] T-3 More\n"})
    done = program(repo, "task", "done", key)
    assert (done.code, done.err.count("does not answer since")) == (0, 1)
    status = program(repo, "status", "--json")
    data = json.loads(status.out)
    assert (status.code, data["mode"], data["journal"], data["database_problem"]) == (
        0,
        "fallback",
        1,
        "",
    )
    assert data["tasks"] == {"done": 1, "todo": 1}
    told = "what is done (1 task by now) is written there when it answers"
    assert told in program(repo, "status").out
    assert "note   database" in program(repo, "doctor").out
    # Whoever brings files in needs the database itself.
    sync = program(repo, "sync")
    assert (sync.code, "cannot be reached" in sync.err) == (1, True)
    events = program(repo, "events")
    assert (events.code, "its events are not told" in events.err) == (1, True)
    assert "its runs are not told" in program(repo, "log").out
    history = program(repo, "task", "history", "T-2")
    assert (history.out, "the database alone can tell" in history.err) == ("", True)
    once = program(repo, "monitor", "--once").out.splitlines()
    assert (once[0], once[1].startswith("1 task is ready, ")) == ("stood by: nobody leads", True)
    # What was done is nowhere else by now.
    removed = program(repo, "uninstall", "--state")
    assert (removed.code, "alone has it" in removed.err) == (1, True)
    door.open()
    # As long as it may only be read, the journal waits, and whoever looks goes on.
    reader = {"PGOPTIONS": "-c default_transaction_read_only=on"}
    listed = run_program("task", "list", "--json", folder=repo.path, env=reader)
    assert (listed.code, listed.err.count("refuses what was done meanwhile")) == (0, 1)
    assert len(json.loads(listed.out)["tasks"]) == 2
    data = json.loads(run_program("status", "--json", folder=repo.path, env=reader).out)
    assert (data["mode"], data["journal"], data["database_problem"]) == ("waiting", 1, "")
    refused = run_program("task", "claim", "--next", folder=repo.path, env=reader)
    assert (refused.code, "it may only be read" in refused.err) == (1, True)
    assert program(repo, "task", "list", "--json").err == ""
    data = json.loads(program(repo, "status", "--json").out)
    assert (data["mode"], data["journal"], data["away_since"]) == ("database", 0, 0)
    assert data["tasks"] == {"done": 1, "todo": 2}
    history = json.loads(program(repo, "task", "history", key, "--json").out)["events"]
    assert [each["kind"] for each in history if each["kind"] != "task_updated"][-2:] == [
        "claimed",
        "status_changed",
    ]


@pytest.mark.parametrize(("follows", "there"), [(False, "database"), (True, "board")])
def test_whoever_asks_by_http_hears_on_what_work_goes_on(
    repo: Repo, door: Door, monkeypatch: pytest.MonkeyPatch, follows: bool, there: str
) -> None:
    monkeypatch.setattr("kanban_sync.gateway.reads._board_url", lambda _: (follows, ""))
    served = Served(Clone(repo.path / ".git"))
    tells = next(
        each for each in reads(served, Snapshots(served)).routes if "/project" in str(each)
    )
    assert isinstance(tells, APIRoute)

    def mode() -> str:
        answer = tells.endpoint(Request({"type": "http", "method": "GET", "headers": []}))
        return str(json.loads(answer.body)["mode"])

    assert mode() == there
    door.shut()
    served.forget()
    assert mode() == json.loads(program(repo, "status", "--json").out)["mode"] == "fallback"
    door.open()
    served.forget()
    assert mode() == there
    served.close()


def test_a_task_that_the_copy_does_not_know_is_told_to_be_maybe_in_the_database(
    repo: Repo, door: Door
) -> None:
    door.shut()
    for words in ("show", "T-9"), ("claim", "T-9"), ("add", "New", "--needs", "T-9"):
        unknown = program(repo, "task", *words)
        assert (unknown.code, unknown.out) == (5, "")
        assert "no task T-9 in the copy of the task database of 2" in unknown.err
        assert "The database itself may have it" in unknown.err


def test_a_status_that_finds_the_server_back_makes_up_for_it_as_well(
    repo: Repo, door: Door
) -> None:
    door.shut()
    added = json.loads(program(repo, "task", "add", "New", "--json").out)
    door.open()
    assert json.loads(program(repo, "status", "--json").out)["mode"] == "database"
    assert program(repo, "task", "show", added["key"]).code == 0
    replayed = [
        each
        for each in json.loads(program(repo, "events", "--json").out)["events"]
        if each["kind"] == "replayed"
    ]
    assert [(each["data"]["written"], each["data"]["conflicts"]) for each in replayed[-1:]] == [
        (1, 0)
    ]


def test_a_database_that_may_only_be_read_is_not_told_as_good(repo: Repo) -> None:
    reader = {"PGOPTIONS": "-c default_transaction_read_only=on"}
    doctor = run_program("doctor", folder=repo.path, env=reader)
    assert (doctor.code, "WRONG  database " in doctor.out) == (1, True)
    assert " tasks in postgresql://" in doctor.out
    status = run_program("status", folder=repo.path, env=reader)
    told = "problem    it cannot be written to: it may only be read: default_transaction_read_only"
    assert (status.code, told in status.out) == (0, True)
    assert json.loads(program(repo, "status", "--json").out)["database_unwritable"] == ""


def test_a_monitor_outlasts_a_schema_that_is_gone_for_a_while(
    repo: Repo,
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # It is taken out of the environment when a clone is found.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    monkeypatch.setattr(waiting, "AGAIN", 0.01)
    monkeypatch.setattr("kanban_sync.cli.monitor.LOOK", 0.01)
    away, back = (
        f"ALTER SCHEMA {old} RENAME TO {new}"
        for old, new in (("kanban_sync", "elsewhere"), ("elsewhere", "kanban_sync"))
    )
    # After its first round, and after those in which it finds out, the last being a good one.
    turns = iter(["", away, "", "", back])
    with psycopg.connect(door.url, autocommit=True) as person:

        def is_stopped() -> bool:
            turn = next(turns, None)
            if turn:
                person.execute(turn.encode())
            return turn is None

        go_on(Clone.at(repo.path), is_stopped, as_json=False)
    answer = capsys.readouterr()
    assert answer.out.count(" leads\n") == 1
    assert answer.err.count("tables of its schema kanban_sync are not to be seen") == 1
    assert answer.err.count("is gone or empty, and this clone has worked with it") == 1
    assert answer.err.count(waiting.GOES_ON) == 1


def test_a_monitor_that_starts_just_as_the_server_comes_up_hands_out_tasks(
    repo: Repo,
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    monkeypatch.setattr(waiting, "AGAIN", 0.01)
    shutil.rmtree(repo.path / ".git/kanban-sync/away")
    reach, turns = Fallback.reach, iter([False, False])

    def reached(self: Fallback, project: str) -> PostgresStore:
        try:
            return reach(self, project)
        finally:
            door.open()

    monkeypatch.setattr(Fallback, "reach", reached)
    door.shut()
    go_on(Clone.at(repo.path), lambda: next(turns, True), as_json=False)
    answer = capsys.readouterr()
    assert answer.out.count(" leads\n") == 1
    assert answer.err.count("its server cannot be reached") == 1
    assert answer.err.count(waiting.GOES_ON) == 1


def test_nobody_writes_into_a_clone_that_lies_where_another_one_was(
    repo: Repo, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    monkeypatch.setattr(waiting, "LOOK", 0.01)
    door.shut()
    clone = Clone.at(repo.path)
    with clone.work() as work:
        key = str(work.add(NewTask("New")).entry.key)
        before = repo.path.rename(repo.path.with_name("before"))
        with pytest.raises(MovedCloneError, match="is no longer there"):
            work.claim(key, "ada")
        shutil.copytree(before, repo.path)
        files = _contents(repo.path)
        for act in (
            lambda: work.claim(key, "ada"),
            lambda: list(waiting.follow_ready(work, work.next, print)),
            lambda: waiting.wait_for(work, lambda: None, 60),
            clone.again,
        ):
            with pytest.raises(MovedCloneError, match="is another clone by now"):
                act()
        door.open()
        with pytest.raises(MovedCloneError):
            clone.database.open("faraway")
        assert _contents(repo.path) == files


def _contents(folder: Path) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_what_the_database_did_not_take_is_named_until_it_is_removed(repo: Repo) -> None:
    (copy,) = (repo.path / ".git/kanban-sync/away").glob("*/tasks-faraway.json")
    kept = copy.with_suffix(".refused-1a.json")
    kept.write_bytes(copy.read_bytes())
    doctor = program(repo, "doctor")
    assert f"note   refused             something in {kept} was not taken" in doctor.out
    removed = program(repo, "uninstall", "--state")
    assert (removed.code, f"{kept} has what a database did not take" in removed.err) == (1, True)
    assert kept.exists()
    kept.unlink()
    assert "refused" not in program(repo, "doctor").out
    assert program(repo, "uninstall", "--state").code == 0


def test_what_waits_for_a_database_that_is_named_no_more_is_told(
    repo: Repo, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.shut()
    assert program(repo, "task", "claim", "--next").code == 0
    monkeypatch.delenv("KANBAN_SYNC_DATABASE_URL")
    assert program(repo, "sync").code == 0
    left = json.loads(program(repo, "status", "--json").out)["left_behind"]
    assert [(each["tasks"], each["reason"]) for each in left] == [(1, "database")]
    # Whoever changes something is told as well, once.
    waits = "what was done with 1 task while postgresql://"
    adds = [program(repo, "task", "add", each).err.count(waits) for each in ("One", "Two")]
    assert adds == [1, 0]
    assert "1 task while postgresql://" in program(repo, "status").out
    doctor = program(repo, "doctor")
    assert (doctor.code, "left behind" in doctor.out) == (1, True)
    assert "name one in KANBAN_SYNC_DATABASE_URL" in program(repo, "db", "replay").err
    # By another name it is the same one: this clone has reached it so.
    monkeypatch.setenv("KANBAN_SYNC_DATABASE_URL", door.url)
    door.open()
    assert program(repo, "task", "list").code == 0
    monkeypatch.delenv("KANBAN_SYNC_DATABASE_URL")
    assert json.loads(program(repo, "status", "--json").out)["left_behind"] == []


def test_what_waits_under_another_project_or_cannot_be_read_is_not_removed(
    repo: Repo, door: Door
) -> None:
    door.shut()
    assert program(repo, "task", "claim", "--next").code == 0
    repo.commit(**{".kanban-sync.yaml": "project_id: renamed\n"})
    door.open()
    assert program(repo, "sync").code == 0
    told = "is of the project faraway, as this one was called"
    for words in (("status",), ("doctor",), ("uninstall", "--state")):
        answer = program(repo, *words)
        assert told in answer.out + answer.err
    (copy,) = (repo.path / ".git/kanban-sync/away").glob("*/tasks-faraway.json")
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-9])
    (left,) = json.loads(program(repo, "status", "--json").out)["left_behind"]
    assert (left["project"], left["tasks"], left["file"]) == ("faraway", None, str(copy))
    damaged = program(repo, "uninstall", "--state")
    assert (damaged.code, f"{copy}, which cannot be read" in damaged.err) == (1, True)
    assert "it was cut short or edited" in program(repo, "db", "replay").err
    # Nor is it if it is of this project.
    repo.commit(**FILES)
    door.shut()
    data = json.loads(program(repo, "status", "--json").out)
    assert (data["mode"], data["journal"]) == ("fallback", None)
    damaged = program(repo, "uninstall", "--state")
    assert (damaged.code, "since the copy cannot be read" in damaged.err) == (1, True)
    copy.write_bytes(whole)
    repo.commit(**{".kanban-sync.yaml": "project_id: renamed\n"})
    door.open()
    # That the database is another one than before is known to whoever does that.
    name = json.loads(program(repo, "status", "--json").out)["database"]
    used = repo.path / ".git/kanban-sync/database-used"
    used.write_text(json.dumps([name, "another/one"]))
    assert "is another one than" in program(repo, "status").out
    replayed = program(repo, "db", "replay")
    assert "is another one than" not in program(repo, "status").out
    assert (replayed.code, "with 1 task while postgresql://" in replayed.out) == (0, True)
    assert program(repo, "db", "replay").out == "nothing waits for another database or project\n"
    assert program(repo, "uninstall", "--state").code == 0
