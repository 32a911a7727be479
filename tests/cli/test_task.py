"""``kanban-sync task``: claimed, worked on and finished as agents and people do it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cli.program import CHANGE, CHANGE_FILE, PROGRAM, Answer, Clone, run_program, until
from cli.tasks_of_agents import TASKS
from kanban_sync import app
from kanban_sync.agents.heartbeat import CALLED, words_for
from kanban_sync.agents.instructions import PRIME
from kanban_sync.core.claims import first_number
from kanban_sync.core.model import Task
from kanban_sync.core.order import priority_problem
from kanban_sync.editing import Editor
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

SETTINGS = "project_id: shop\n"
TOLD_AWAY = re.compile("the connection was lost|asked again|work goes on with a copy")
"""Whether it was in the middle of something, or found so before it sent anything."""


ADA, BOB = ("--agent", "ada"), ("--agent", "bob")
DONE, FAILED, NOTHING, HELD, UNKNOWN, NOT_NOW = 0, 1, 3, 4, 5, 6


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "shop")
    files = {"TASKS.md": TASKS, CHANGE_FILE: CHANGE, ".kanban-sync.yaml": SETTINGS}
    repo.commit("Begin", **files)
    return repo


def task(repo: Repo, *arguments: str, code: int = DONE, env: dict[str, str] | None = None) -> str:
    """Run a command for tasks; return what it printed, which nothing else may join."""
    answer = program(repo, "task", *arguments, env=env)
    assert answer.code == code, answer
    assert bool(answer.err) is (code not in {DONE, NOTHING})
    return answer.out


def program(repo: Repo, *arguments: str, env: dict[str, str] | None = None) -> Answer:
    return run_program(*arguments, folder=repo.path, env=env)


def changed(repo: Repo) -> list[str]:
    """Return the lines that differ from the last commit."""
    lines = repo.git("diff", "--unified=0").splitlines()
    return [line for line in lines if line[:1] in "-+" and line[:3] not in {"---", "+++"}]


# --- from claim to done -----------------------------------------------------------------------


def tokens(text: str) -> int:
    """Return more than any tokenizer makes of a text: each word's parts, each sign."""
    return len(re.findall(r"[A-Za-z]{1,6}|\d|[^\sA-Za-z\d]", text))


@pytest.mark.usefixtures("started_anew")
def test_from_claim_to_done_are_few_commands_and_few_words(repo: Repo) -> None:
    claimed = task(repo, "claim", "--next", *ADA)
    done = task(repo, "done", "rotate-keys", *ADA)

    assert claimed.splitlines() == [
        "tasks-md:rotate-keys  in_progress  ada for 60 min, token 1",
        "Rotate the keys",
        "TASKS.md:5  P1  #ops",
    ]
    assert done == "tasks-md:rotate-keys  done  TASKS.md:5 removed\n"
    assert tokens(claimed + done) <= 150


def test_a_claim_is_written_into_the_file_and_taken_out_again(repo: Repo) -> None:
    task(repo, "claim", "tidy-logs", *ADA)
    assert changed(repo) == ["-- [ ] Tidy the logs", "+- [ ] Tidy the logs (@ada)"]
    task(repo, "release", "tidy-logs", *ADA, "--reason", "lunch")
    assert changed(repo) == []
    assert json.loads(task(repo, "show", "tidy-logs", "--json"))["reason"] == "lunch"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("T-1", "# Tasks\n\n- [ ] **T-1**: figs\n- [ ] **T-2**: dates\n"),
        ("T-1", "- [ ] **T-1**: figs\n  - Effort: 3\n  - Status: open\n\n  Sweet ones.\n"),
        ("T-1", "# Tasks\n\n- [ ] **T-1**: figs\n  - Status: todo\n"),
        (
            "TASKS.md/Task-1",
            "## Task 1: figs\n\n- [ ] wash\n\n## Task 2: dates\n\n- Status: done\n",
        ),
    ],
)
def test_a_task_that_is_given_back_leaves_its_file_as_it_was(
    repo: Repo, name: str, text: str
) -> None:
    repo.commit("Write a plain file", **{"TASKS.md": text})
    task(repo, "claim", name, *ADA)
    assert changed(repo)
    task(repo, "release", name, *ADA)
    assert (repo.path / "TASKS.md").read_text() == text


def test_the_agent_without_a_name_is_the_user_and_files_can_say_it(repo: Repo) -> None:
    claimed = json.loads(task(repo, "claim", "tidy-logs", "--json"))
    assert claimed["file"]["change"] == "changed"
    assert claimed["agent"] == claimed["assignee"]
    named = json.loads(task(repo, "claim", "--next", "--json", env={"KANBAN_SYNC_AGENT": "eve"}))
    assert (named["key"], named["agent"]) == ("tasks-md:rotate-keys", "eve")


def test_a_box_of_a_change_is_claimed_and_ticked(repo: Repo) -> None:
    task(repo, "claim", "openspec:add-search#1.2", *ADA)
    task(repo, "done", "openspec:add-search#1.2", *ADA)
    assert changed(repo) == ["-- [ ] 1.2 Use it", "+- [x] 1.2 Use it"]
    assert json.loads(task(repo, "show", "add-search", "--json"))["status"] == "review"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("claim", "--next", "--agent", "  "), "is empty"),
        (("claim", "--next", "--agent", "a\nb"), "'a\\nb'"),
        (("claim", "tidy-logs", "--agent", "\x1b[2J"), "cannot be seen"),
        (("run", "--next", "--agent", "a" * 101, "--", "true"), "100 are the most"),
        (("set", "tidy-logs", "--assignee", "a\tb", *ADA), "an assignee"),
        (("next", "--agent", "a\u202eb"), "cannot be seen"),
        (("next",), "cannot be seen"),
    ],
)
def test_a_name_that_is_none_is_refused(
    shared: Repo, arguments: tuple[str, ...], words: str
) -> None:
    env = {"KANBAN_SYNC_AGENT": "a\x7fb"}
    answer = program(shared, "task", *arguments, env=env)
    assert (answer.code, answer.out) == (FAILED, "")
    assert words in answer.err


def test_the_steps_of_a_task_are_over_with_it(repo: Repo) -> None:
    steps = "  - **ID**: tidy-logs\n  - [ ] Sweep\n    - [ ] Under the bed\n"
    repo.commit(**{"TASKS.md": TASKS.replace("  - **ID**: tidy-logs\n", steps)})
    assert "Sweep" in task(repo, "list")
    task(repo, "done", "tidy-logs", *ADA)
    for _ in range(2):
        listed = task(repo, "list") + task(repo, "list", "--status", "todo")
        assert "Rotate the keys" in listed
        assert "Sweep" not in listed
        assert "Under the bed" not in listed
        repo.commit("Done")
    assert "Sweep" in task(repo, "list", "--all")


# --- exit codes -------------------------------------------------------------------------------


def test_how_it_ends_tells_scripts_what_to_do(repo: Repo) -> None:
    claimed = json.loads(task(repo, "claim", "rotate-keys", *ADA, "--json"))
    assert claimed["token"] == 1

    task(repo, "claim", "rotate-keys", *BOB, code=HELD)
    task(repo, "claim", "rotate-keys", *ADA, code=HELD)
    task(repo, "done", "rotate-keys", *BOB, code=HELD)
    task(repo, "set", "rotate-keys", "--status", "done", *BOB, code=HELD)
    task(repo, "done", "rotate-keys", *ADA, "--token", "7", code=HELD)
    task(repo, "claim", "rotate-key", code=UNKNOWN)
    task(repo, "claim", "use-keys", *BOB, code=NOT_NOW)
    task(repo, "done", "rotate-keys", *ADA)
    task(repo, "claim", "rotate-keys", *BOB, code=NOT_NOW)
    task(repo, "claim", code=FAILED)
    task(repo, "claim", "tidy-logs", "--ttl", "soon", code=FAILED)
    assert json.loads(task(repo, "next", "--tag", "nobody", "--json", code=NOTHING)) is None
    assert json.loads(task(repo, "claim", "--next", "--tag", "no", "--json", code=NOTHING)) is None
    assert task(repo, "claim", "--next", "--tag", "nobody", code=NOTHING).startswith("nothing is")


def test_an_unknown_key_names_those_that_are_close(repo: Repo) -> None:
    answer = program(repo, "task", "show", "rotate-kays")
    assert "did you mean tasks-md:rotate-keys" in answer.err
    answer = program(repo, "task", "show", "1.2")
    assert "did you mean openspec:add-search#1.2" in answer.err


@pytest.mark.parametrize(
    ("where", "why"),
    [(">/dev/full", "No space left on device"), (">&-", "standard output is closed")],
)
def test_a_claim_of_which_its_agent_cannot_be_told_is_given_back(
    repo: Repo, where: str, why: str
) -> None:
    call = f"{shlex.join([*PROGRAM, 'task', 'claim', '--next', *ADA])} {where}"
    answer = subprocess.run(
        ["sh", "-c", call], cwd=repo.path, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (1, f"kanban-sync: {why}\n")
    told = json.loads(task(repo, "show", "rotate-keys", "--json"))
    assert (told["status"], told["agent"], told["attempts"]) == ("todo", None, 1)
    assert told["reason"] == "whoever claimed it could not be told"
    assert repo.git("status", "--porcelain", "TASKS.md") == ""


def test_one_goes_on_with_ones_own_claim_and_force_ends_that_of_others(repo: Repo) -> None:
    first = json.loads(task(repo, "start", "tidy-logs", *ADA, "--ttl", "90s", "--json"))
    again = json.loads(task(repo, "start", "tidy-logs", *ADA, "--ttl", "2h", "--json"))
    later = json.loads(task(repo, "heartbeat", "tidy-logs", *ADA, "--ttl", "3h", "--json"))
    assert first["token"] == again["token"] == later["token"]
    assert first["expires"] < again["expires"] < later["expires"]
    task(repo, "start", "tidy-logs", *BOB, code=HELD)
    task(repo, "set", "tidy-logs", "--status", "todo", "--force", *BOB)
    task(repo, "done", "tidy-logs", *ADA, "--token", str(first["token"]), code=HELD)
    kinds = [
        each["kind"] for each in json.loads(task(repo, "history", "tidy-logs", "--json"))["events"]
    ]
    assert kinds == ["task_created", "claimed", "status_changed"]
    assert "claimed" in task(repo, "history", "tidy-logs")


# --- looking ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ((), ["rotate-keys", "tidy-logs", "add-search#1.2"]),
        (("--tag", "OPS"), ["rotate-keys"]),
        (("--prefer", "web"), ["tidy-logs", "add-search#1.2", "rotate-keys"]),
        (("--priority", "medium"), ["tidy-logs", "add-search#1.2"]),
        (("--source", "openspec"), ["add-search#1.2"]),
        (("--parent", "add-search"), ["add-search#1.2"]),
    ],
)
def test_what_is_next_can_be_narrowed(
    shared: Repo, options: tuple[str, ...], keys: list[str]
) -> None:
    found = json.loads(task(shared, "next", "-n", "9", *options, "--json"))["tasks"]
    assert [each["key"].partition(":")[2] for each in found] == keys


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, _isolated: None) -> Repo:
    repo = Repo.init(tmp_path_factory.mktemp("shared") / "shop")
    files = {"TASKS.md": TASKS, CHANGE_FILE: CHANGE, ".kanban-sync.yaml": SETTINGS}
    repo.commit("Begin", **files)
    return repo


@pytest.mark.parametrize("word", ["bogus", "P4", "-", "P10", "", "urgentt", "urgent-ish", "critic"])
def test_a_priority_that_nobody_knows_is_refused_with_those_that_are_known(word: str) -> None:
    assert priority_problem(word).startswith(f"'{word}' is no priority; P0 (critical, urgent), P1")


def test_the_priorities_that_are_known_are_taken_in_whatever_words() -> None:
    words = ("P0", " p1", "P1 - soon", "CRITICAL", "Urgent", "medium", "low")
    assert [priority_problem(word) for word in words] == [""] * len(words)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--priority", "", "--priority: '' is no priority; P0 (critical, urgent), P1 (high)"),
        ("--source", "foo", "--source: 'foo' is no source; openspec, tasks-md, roadmap, mission,"),
        ("--parent", "", "--parent: it is blank"),
        ("--prefer", " ", "--prefer: it is blank"),
    ],
)
def test_a_filter_that_would_let_anything_or_nothing_pass_is_refused(
    shared: Repo, option: str, value: str, told: str
) -> None:
    for call in (("next",), ("list",), ("claim", "--next"), ("run", "--next")):
        tail = ("--", "true") if call[0] == "run" else ()
        answer = program(shared, "task", *call, option, value, *tail)
        assert (answer.code, answer.out) == (FAILED, "")
        assert told in answer.err
    refused = program(shared, "task", "add", "a", "--priority", "foo")
    assert (refused.code, "'foo' is no priority" in refused.err) == (FAILED, True)


def test_a_lease_of_less_than_a_minute_is_told_in_seconds(repo: Repo) -> None:
    assert "ada for 40 s, " in task(repo, "claim", "tidy-logs", *ADA, "--ttl", "40s")
    assert "ada for 2 min, " in task(repo, "heartbeat", "tidy-logs", *ADA, "--ttl", "100s")


def test_lists_tell_what_is_open_and_what_it_waits_for(shared: Repo) -> None:
    lines = task(shared, "list").splitlines()
    assert "tasks-md:use-keys  todo  P1  Use the new keys  [waits for rotate-keys]" in lines
    assert not any("Build the index" in line for line in lines)
    assert "Build the index" in task(shared, "list", "--all")
    done = json.loads(task(shared, "list", "--status", "done", "--json"))["tasks"]
    assert [each["title"] for each in done] == ["1.1 Build the index"]
    assert task(shared, "show", "use-keys").splitlines()[2:4] == [
        "TASKS.md:8  P1",
        "waits for: rotate-keys (todo)",
    ]


# --- both ways --------------------------------------------------------------------------------


def status(repo: Repo, key: str) -> str:
    return str(json.loads(task(repo, "show", key, "--json"))["status"])


@pytest.mark.parametrize("is_there", [False, True])
def test_another_database_than_the_last_sync_s_is_brought_up_to_date_first(
    repo: Repo, tmp_path: Path, is_there: bool
) -> None:
    file, copy = repo.path / ".git/kanban-sync/tasks.db", tmp_path / "copy.db"
    assert task(repo, "next").startswith("tasks-md:rotate-keys")
    file.rename(copy)
    repo.commit("Done", **{"TASKS.md": TASKS.replace("Rotate", "Turn")})
    task(repo, "list", code=FAILED)
    assert program(repo, "sync").code == DONE
    assert "Turn the keys" in task(repo, "list")
    if is_there:
        copy.replace(file)
    else:
        file.unlink()
        assert program(repo, "db", "upgrade").code == DONE
    assert "Turn the keys" in task(repo, "next")
    assert "Turn the keys" in task(repo, "claim", "--next", *ADA)


def test_what_is_done_stays_done_when_its_file_is_checked_out_again(repo: Repo) -> None:
    task(repo, "done", "rotate-keys", *ADA)
    repo.git("add", "--all")
    repo.git("reset", "--quiet", "TASKS.md")
    repo.write("other", "x")
    repo.git("add", "other")
    repo.git("commit", "--quiet", "--message", "Another file")
    repo.git("checkout", "--quiet", "TASKS.md")

    assert status(repo, "rotate-keys") == "done"
    assert program(repo, "sync").code == DONE
    assert status(repo, "rotate-keys") == "done"
    assert json.loads(program(repo, "status", "--json").out)["ahead"] == ["tasks-md:rotate-keys"]
    assert "in the database ahead of the file: tasks-md:rotate-keys" in program(repo, "status").out

    assert program(repo, "files", "write").out.startswith("TASKS.md:5: removed tasks-md:rotate-k")
    repo.commit("Done")
    program(repo, "sync")
    assert json.loads(program(repo, "status", "--json").out)["ahead"] == []


def test_after_one_sync_each_way_nothing_is_written(repo: Repo) -> None:
    task(repo, "claim", "openspec:add-search#1.2", *ADA)
    task(repo, "done", "openspec:add-search#1.2", *ADA)
    task(repo, "claim", "tidy-logs", *ADA)
    repo.commit("Both")
    program(repo, "sync")
    assert json.loads(program(repo, "status", "--json").out)["ahead"] == []
    before = (repo.path / "TASKS.md").stat().st_mtime_ns
    events = json.loads(program(repo, "events", "--json").out)

    assert json.loads(program(repo, "files", "write", "--json").out)["tasks"] == []
    assert json.loads(program(repo, "sync", "--json").out)["database"] == dict.fromkeys(
        ("created", "updated", "gone"), 0
    )
    assert (repo.path / "TASKS.md").stat().st_mtime_ns == before
    assert json.loads(program(repo, "events", "--json").out) == events
    assert status(repo, "tidy-logs") == "in_progress"


def test_what_was_committed_without_any_hook_is_seen(repo: Repo) -> None:
    task(repo, "list")
    repo.commit("More", **{"TASKS.md": TASKS + "- [ ] Sweep\n  - **ID**: sweep\n"})
    assert "tasks-md:sweep" in task(repo, "list")


def test_whoever_was_replaced_is_too_late_without_a_token_too(repo: Repo) -> None:
    task(repo, "claim", "tidy-logs", *ADA, "--ttl", "1s")
    until(lambda: program(repo, "task", "claim", "tidy-logs", *BOB).code == DONE)
    task(repo, "done", "tidy-logs", *BOB)
    task(repo, "block", "tidy-logs", *ADA, "--reason", "late", code=HELD)
    run = {"KANBAN_SYNC_TASK_PROJECT": "shop", "KANBAN_SYNC_TASK": "tasks-md:tidy-logs"}
    run |= {"KANBAN_SYNC_TOKEN": "1"}
    task(repo, "fail", "tasks-md:tidy-logs", *BOB, code=HELD, env=run)
    assert json.loads(task(repo, "show", "tidy-logs", "--json"))["status"] == "done"


def test_a_database_that_is_gone_is_missed_and_no_number_of_it_is_given_again(repo: Repo) -> None:
    first = json.loads(task(repo, "claim", "tidy-logs", *ADA, "--json"))["token"]
    last = program(repo, "events", "--json").data["last"]
    database = repo.path / ".git/kanban-sync/tasks.db"
    for lose, make in ((database.unlink, "sync"), (lambda: database.write_bytes(b""), "db")):
        for name in ("tasks.db-wal", "tasks.db-shm"):
            database.with_name(name).unlink(missing_ok=True)
        lose()
        claim = ("task", "claim", "tidy-logs")
        for call in (claim, ("task", "list"), ("task", "done", "tidy-logs"), ("db", "status")):
            answer = program(repo, *call)
            assert (answer.code, answer.out) == (FAILED, "")
            assert f"{database} is gone or empty, and this clone has worked with it" in answer.err
        assert "is gone or empty" in program(repo, "status", "--json").data["database_problem"]
        assert not (database.exists() and database.stat().st_size)
        answer = program(repo, make, *(("upgrade",) if make == "db" else ()))
        assert (answer.code, "was gone and is made anew" in answer.err + answer.out) == (DONE, True)

        # Who knows an event of the lost one misses none of the new one.
        every, missed = (
            program(repo, "events", *words, "--json").data["events"]
            for words in ((), ("--since", str(last)))
        )
        assert every
        assert every == missed
        last = every[-1]["id"]
        # Not even of one that is made within the same second.
        assert last < first_number(time.time())
        late = ("tidy-logs", *ADA, "--token", str(first))
        task(repo, "done", *late, code=HELD)
        claimed = json.loads(task(repo, "claim", "tidy-logs", *ADA, "--json"))
        assert (claimed["token"] > first, claimed["attempts"]) == (True, 1)
        for verb in ("done", "heartbeat", "release"):
            task(repo, verb, *late, code=HELD)
        first = claimed["token"]
    task(repo, "done", "tidy-logs", *ADA, "--token", str(first))


def test_what_can_never_begin_is_told_with_the_line_to_mend(repo: Repo) -> None:
    repo.commit("Round", **{"TASKS.md": TASKS.replace("**Blocked by**: rotate-keys", "x")})
    assert program(repo, "sync", "--json").data["problems"] == []
    round_and_round = TASKS.replace("**Blocked by**: rotate", "**Blocked by**: use")
    repo.commit("Round", **{"TASKS.md": round_and_round})
    (line,) = (n for n, text in enumerate(round_and_round.splitlines(), 1) if "Use the" in text)
    told = f"TASKS.md:{line}: tasks-md:use-keys waits for itself"
    for _ in range(2):
        (problem,) = program(repo, "sync", "--json").data["problems"]
        assert problem.startswith(told)
    assert f"problem    {told}" in program(repo, "status").out
    assert told in program(repo, "doctor").out
    answer = program(repo, "task", "claim", "use-keys")
    assert (answer.code, f"depends on at TASKS.md:{line}" in answer.err) == (NOT_NOW, True)


def test_a_token_is_that_of_one_agent_and_of_one_project(repo: Repo, tmp_path: Path) -> None:
    task(repo, "claim", "tidy-logs", *BOB)
    for verb in ("heartbeat", "block", "fail", "review", "release", "done"):
        answer = program(repo, "task", verb, "tidy-logs", *ADA, "--token", "1")
        assert (answer.code, answer.out) == (HELD, "")
        assert "token 1 is bob's, not ada's. Nothing was written" in answer.err
    other = Repo.init(tmp_path / "other")
    other.commit("Begin", **{"TASKS.md": TASKS, ".kanban-sync.yaml": "project_id: other\n"})
    for late in ("tidy-logs", "tasks-md:tidy-logs", "TASKS.md:14"):
        for where, code in ((repo, HELD), (other, DONE)):
            key = json.loads(task(where, "show", late, "--json"))["key"]
            task(where, "set", key, "--status", "todo", "--force", *BOB)
            task(where, "claim", key, *BOB)
            run = {"KANBAN_SYNC_TASK_PROJECT": "shop", "KANBAN_SYNC_TASK": "tasks-md:tidy-logs"}
            run |= {"KANBAN_SYNC_TOKEN": "1", "KANBAN_SYNC_AGENT": "bob"}
            task(where, "review", late, code=code, env=run)


def test_what_a_person_said_is_not_undone_by_an_agent_that_comes_late(repo: Repo) -> None:
    for key in ("tidy-logs", "rotate-keys"):
        task(repo, "claim", key, *ADA)
    repo.git("checkout", "--quiet", "TASKS.md")
    repo.commit("Tidied", **{"TASKS.md": TASKS.partition("- [ ] Tidy")[0]})
    task(repo, "set", "rotate-keys", "--status", "cancelled", "--force", *BOB)
    for verb in ("block", "fail", "review", "release", "heartbeat", "done"):
        # That its file has completed it, an agent may say as well: it may have written it there.
        for key in ("tidy-logs", "rotate-keys")[verb == "done" :]:
            answer = program(repo, "task", verb, key, *ADA)
            assert (answer.code, answer.out) == (HELD, "")
            assert f"Your claim of tasks-md:{key} (token 1) is lost" in answer.err
    task(repo, "review", "tidy-logs", *BOB, code=HELD)
    assert (status(repo, "tidy-logs"), status(repo, "rotate-keys")) == ("done", "cancelled")
    task(repo, "set", "rotate-keys", "--status", "todo", *BOB)
    task(repo, "claim", "rotate-keys", *ADA)
    for _ in range(2):
        task(repo, "done", "rotate-keys", *ADA)


def test_the_name_of_an_agent_that_was_replaced_leaves_the_file(repo: Repo) -> None:
    task(repo, "claim", "tidy-logs", *ADA, "--ttl", "1s")
    until(lambda: program(repo, "task", "claim", "tidy-logs", *BOB).code == DONE)
    assert changed(repo) == ["-- [ ] Tidy the logs", "+- [ ] Tidy the logs (@bob)"]
    task(repo, "release", "tidy-logs", *BOB)
    assert changed(repo) == []


def test_an_id_alone_names_its_task_where_no_other_has_it(repo: Repo) -> None:
    of_file = "# Tasks\n\n- [ ] T-1: Design\n- [ ] T-2: Draw\n"
    repo.commit("Count", **{"docs/TASKS.md": of_file, "TASKS.md": "# Tasks\n\n- [ ] T-2: Wait\n"})
    assert task(repo, "show", "T-1").startswith("tasks-md:docs/TASKS.md/T-1")
    several = "tasks-md:TASKS.md/T-2 (T-2: Wait), tasks-md:docs/TASKS.md/T-2 (T-2: Draw)"
    assert f"stands for several tasks: {several}" in program(repo, "task", "show", "T-2").err
    near = program(repo, "task", "show", "T-11")
    assert near.code == UNKNOWN
    assert "did you mean tasks-md:docs/TASKS.md/T-1" in near.err


def test_a_task_is_found_by_the_id_that_its_file_has_now(repo: Repo) -> None:
    task(repo, "list")
    repo.commit("Correct an id", **{"TASKS.md": TASKS.replace("rotate-keys", "turn-keys")})
    assert task(repo, "show", "turn-keys").startswith("tasks-md:rotate-keys")
    # Done is removed in such a file.
    written = program(repo, "files", "set", "turn-keys", "--status", "done").out
    assert written.startswith("TASKS.md:5: removed tasks-md:rotate-keys")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("T-1", "# Tasks\n\n- [ ] T-1: figs\n"),
        ("figs", "## P\n\n- [ ] figs\n  - **ID**: figs\n"),
    ],
)
def test_after_a_committed_claim_was_given_back_its_file_is_written_as_ever(
    repo: Repo, name: str, text: str
) -> None:
    repo.commit("Write a file", **{"TASKS.md": text})
    repo.git("rm", "-rq", "openspec")
    task(repo, "claim", name, *ADA)
    repo.git("commit", "-qam", "Begin")
    task(repo, "release", name, *ADA)
    assert "ahead" not in task(repo, "claim", "--next", *BOB)
    assert "@bob" in (repo.path / "TASKS.md").read_text()
    assert "ahead" not in task(repo, "release", name, *BOB)
    # What was done elsewhere finds the file as it was given back, too.
    repo.git("worktree", "add", "-q", "--detach", "../other")
    task(Repo(repo.path.parent / "other"), "claim", name, *BOB)
    assert "file" not in task(repo, "done", name, *BOB)
    said = (repo.path / "TASKS.md").read_text()
    assert "[ ]" not in said


def test_who_gives_back_what_is_claimed_at_once_writes_what_is_newest(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("Write a file", **{"TASKS.md": "# Tasks\n\n- [ ] T-1: figs\n"})
    # Opening a clone drops it, and it has to be there again for the next test.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    clone = app.Clone.at(repo.path)
    with clone.work() as ada, clone.work() as bob:
        ada.claim("T-1", "ada")
        alone = Editor.alone

        def claimed_before(editor: Editor) -> AbstractContextManager[None]:
            monkeypatch.setattr(Editor, "alone", alone)
            bob.claim("T-1", "bob")
            return editor.alone()

        monkeypatch.setattr(Editor, "alone", claimed_before)
        ada.release("T-1", "ada")
    text = (repo.path / "TASKS.md").read_text()
    assert "Status: in-progress" in text
    assert "@bob" in text


def test_a_command_writes_only_its_own_task(repo: Repo) -> None:
    repo.git("worktree", "add", "-q", "../other", "-b", "other")
    task(Repo(repo.path.parent / "other"), "claim", "rotate-keys", *ADA)
    task(repo, "claim", "tidy-logs", *BOB)
    assert changed(repo) == ["-- [ ] Tidy the logs", "+- [ ] Tidy the logs (@bob)"]
    assert program(repo, "files", "write").code == DONE
    assert "+- [ ] Rotate the keys (@ada)" in changed(repo)


def test_a_work_tree_that_is_behind_takes_what_is_set_here_and_what_was_set_elsewhere(
    repo: Repo,
) -> None:
    plain = "# Tasks\n\n- [ ] one\n- [ ] two\n- [ ] three\n- [ ] four\n"
    repo.commit("Write plain boxes", **{"TASKS.md": plain})
    repo.git("worktree", "add", "-q", "../behind", "-b", "feature")
    behind = Repo(repo.path.parent / "behind")
    behind.write("TASKS.md", plain.replace("[ ] three", "[~] three"))
    behind.git("commit", "-qam", "Begin three")
    read = plain.replace("[ ] one", "[x] one").replace("[ ] two", "[~] two")
    repo.commit("Go on", **{"TASKS.md": read.replace("[ ] four", "[x] four")})
    task(behind, "done", "TASKS.md:4")
    assert changed(behind)[:2] == ["-- [ ] two", "+- [x] two"]
    assert program(behind, "files", "write").code == DONE
    text = (behind.path / "TASKS.md").read_text()
    assert [line[3] for line in text.splitlines()[2:]] == ["x", "x", "~", "x"]
    assert program(behind, "files", "write").out.startswith("nothing to write: where the files")


def test_a_line_is_that_of_the_work_tree_s_file_as_it_is_now(repo: Repo) -> None:
    plain = "# Tasks\n\n- [ ] one\n- [ ] two\n"
    repo.commit("Write plain boxes", **{"TASKS.md": plain})
    repo.git("worktree", "add", "-q", "../other", "-b", "feature")
    other = Repo(repo.path.parent / "other")
    other.commit("Insert a line", **{"TASKS.md": plain.replace("- [ ] one", "Words.\n\n- [ ] one")})
    task(other, "list")
    other.write(
        "TASKS.md", (other.path / "TASKS.md").read_text().replace("# T", "- [ ] new\n\n# T")
    )
    claimed = json.loads(task(other, "claim", "TASKS.md:8", *ADA, "--json"))
    assert (claimed["title"], claimed["path"], claimed["line"]) == ("two", "TASKS.md", 8)
    shown = task(other, "show", "TASKS.md:7").splitlines()
    assert shown[1:3] == ["one", "TASKS.md:7"]
    assert "TASKS.md:8 changed" in task(other, "done", "TASKS.md:8", *ADA)
    assert [line for line in changed(other) if "two" in line] == ["-- [ ] two", "+- [x] two"]
    # It is in no commit yet; and no task is on the line that the default branch has it on.
    for line in (1, 3):
        answer = program(other, "task", "show", f"TASKS.md:{line}")
        assert f"There is no task TASKS.md:{line} in the task database" in answer.err
        assert answer.code == UNKNOWN
    # A file that is not here is that of the branch that is read.
    (other.path / "TASKS.md").unlink()
    assert task(other, "show", "TASKS.md:4").splitlines()[1] == "two"


def test_what_a_person_edits_and_has_not_committed_is_left_and_told(repo: Repo) -> None:
    task(repo, "list")
    repo.write("TASKS.md", TASKS.replace("Tidy the logs", "Tidy the logs (@carl)"))
    answer = task(repo, "claim", "tidy-logs", *ADA)
    assert "the database is ahead of the file: was edited here and is not committed" in answer
    assert "(@carl)" in (repo.path / "TASKS.md").read_text()


def test_what_a_file_cannot_take_now_is_told_and_written_later(repo: Repo) -> None:
    task(repo, "list")
    (repo.path / ".git" / "rebase-merge").mkdir()
    answer = task(repo, "done", "tidy-logs", *ADA)
    told = "a rebase is under way in this work tree; end it (git status tells how), then run"
    assert f"the database is ahead of the file: {told} 'kanban-sync files write'" in answer
    (repo.path / ".git" / "rebase-merge").rmdir()
    repo.write("TASKS.md", f"{TASKS}<<<<<<< HEAD\n- [ ] One\n=======\n- [ ] Two\n>>>>>>> two\n")
    answer = task(repo, "done", "rotate-keys", *ADA)
    assert "file: TASKS.md:16: a merge conflict stands here; resolve it and commit" in answer
    assert "'kanban-sync files write'" in answer
    repo.git("checkout", "--quiet", "TASKS.md")
    written = program(repo, "files", "write").out
    assert "removed tasks-md:tidy-logs" in written
    assert "removed tasks-md:rotate-keys" in written


# --- tasks of the database --------------------------------------------------------------------


def test_a_task_may_stand_in_the_database_alone(repo: Repo) -> None:
    options = ("--priority", "P0", "--tag", "web", "--needs", "tidy-logs", "--body", "Soon.")
    new = json.loads(task(repo, "add", "Paint the shed", *options, "--json"))
    assert re.fullmatch(r"db:[a-z2-9]{5}", new["key"])
    assert [each["key"] for each in new["waits_for"]] == ["tasks-md:tidy-logs"]
    task(repo, "add", "Dry it", "--needs", "tidy-log", code=UNKNOWN)
    assert "sources.add_to" in program(repo, "task", "add", "Dry it", "--under", "P1").err
    task(repo, "done", "tidy-logs", *ADA)
    claimed = json.loads(task(repo, "claim", "--next", "--prefer", "web", *ADA, "--json"))
    assert claimed["key"] == new["key"]
    assert program(repo, "sync").code == DONE
    assert new["key"] not in json.loads(program(repo, "status", "--json").out)["ahead"]
    assert task(repo, "done", new["key"], *ADA) == f"{new['key']}  done\n"


def test_what_stands_in_no_file_comes_in_the_order_in_which_it_was_added(repo: Repo) -> None:
    # Ids would have it the other way round.
    for each in "zyx":
        assert program(repo, "task", "add", f"Task {each}", "--id", each).code == DONE
    listed = program(repo, "task", "list", "--source", "db").out.splitlines()
    assert [line.split()[0] for line in listed] == ["db:z", "db:y", "db:x"]


def test_what_was_born_in_the_database_is_written_once_a_file_is_named(repo: Repo) -> None:
    figs = json.loads(task(repo, "add", "Dry the figs", "--json"))["key"]
    told = json.loads(task(repo, "add", "Tell all", "--body", "Soon.", "--json"))["key"]
    mine = json.loads(task(repo, "add", "Mine", "--id", "mine", "--json"))["key"]
    task(repo, "add", "Over", "--id", "over")
    task(repo, "done", "over", *ADA)
    task(repo, "claim", mine, *ADA)
    task(repo, "set", figs, "--assignee", "bob", *ADA)
    repo.commit(**{".kanban-sync.yaml": f"{SETTINGS}sources:\n  add_to: TASKS.md\n"})
    written = json.loads(program(repo, "files", "write", "--json").out)["tasks"]
    assert {each["change"] for each in written if each["key"] in {told, mine}} == {"left"}
    assert "its body would be lost" in program(repo, "files", "write").out
    [new] = [each for each in written if each["change"] == "added"]
    assert "Dry the figs (@bob)" in (repo.path / "TASKS.md").read_text()
    # What is committed then is the same task, and nobody's second one.
    repo.commit("Add it")
    assert program(repo, "sync").code == DONE
    keys = [each["key"] for each in json.loads(task(repo, "list", "--json"))["tasks"]]
    assert [each for each in keys if each.startswith("db:")] == [told, mine]
    assert new["key"] in keys
    kinds = [
        each["kind"] for each in json.loads(task(repo, "history", new["key"], "--json"))["events"]
    ]
    assert kinds[0] == "task_created"
    assert all(
        each["change"] in {"left", "unchanged"}
        for each in json.loads(program(repo, "files", "write", "--json").out)["tasks"]
    )


def test_a_new_task_is_written_to_the_file_that_is_named_for_it_and_stays_one(repo: Repo) -> None:
    repo.commit(**{".kanban-sync.yaml": f"{SETTINGS}sources:\n  add_to: TASKS.md\n"})
    new = json.loads(task(repo, "add", "Sweep", "--id", "sweep", "--under", "P1", "--json"))
    assert new["key"] == "tasks-md:sweep"
    assert new["file"]["change"] == "added"
    task(repo, "claim", "sweep", *ADA)
    repo.commit("More")
    lines = task(repo, "list").splitlines()
    assert [line for line in lines if "Sweep" in line] == [
        "tasks-md:sweep  in_progress (ada)  P1  Sweep"
    ]
    task(repo, "add", "More", "--body", "A file has it", code=FAILED)
    examples = re.findall(r"`task (add [^`]*)`", PRIME)
    assert examples
    for each in examples:
        task(repo, *shlex.split(each))


def test_a_new_task_may_be_reworded_and_is_found_by_the_key_that_it_had(repo: Repo) -> None:
    settings = f"{SETTINGS}sources:\n  add_to: docs/TASKS.md\n"
    repo.commit(**{".kanban-sync.yaml": settings, "docs/TASKS.md": "# More\n\n- [ ] Fry figs\n"})
    old = json.loads(task(repo, "add", "Paint the old shed", "--json"))["key"]
    task(repo, "claim", old, *ADA)
    text = (repo.path / "docs" / "TASKS.md").read_text()
    repo.commit("Add it", **{"docs/TASKS.md": text.replace("old shed", "wooden shed")})
    lines = [line for line in task(repo, "list").splitlines() if "shed" in line]
    assert [line.partition("  ")[2] for line in lines] == [
        "in_progress (ada)  Paint the wooden shed"
    ]
    new = lines[0].partition("  ")[0]
    assert new != old
    for name in (old, old.rpartition("/")[2]):
        assert task(repo, "show", name).startswith(f"{new}  in_progress")
    task(repo, "done", old, *ADA)
    assert "- [x] Paint the wooden shed" in (repo.path / "docs" / "TASKS.md").read_text()
    task(repo, "show", "paint", code=UNKNOWN)


def test_a_new_task_that_is_refused_is_not_in_its_file_either(repo: Repo) -> None:
    repo.commit(**{".kanban-sync.yaml": f"{SETTINGS}sources:\n  add_to: TASKS.md\n"})
    task(repo, "add", "Sweep")
    repo.git("checkout", "--quiet", "--", "TASKS.md")
    task(repo, "add", "Sweep", code=FAILED)
    assert changed(repo) == []


# --- the board --------------------------------------------------------------------------------


def test_a_claim_moves_the_card_without_a_commit_and_nobody_waits(synced: Clone) -> None:
    assert synced.program("task", "claim", "rotate-keys", *ADA).code == DONE
    until(lambda: synced.cards()["Rotate the keys"] == "In Progress")
    assert synced.program("task", "done", "rotate-keys", *ADA).code == DONE
    until(lambda: synced.cards()["Rotate the keys"] == "Done")
    assert synced.program("task", "add", "Paint the shed").code == DONE
    until(lambda: synced.cards().get("Paint the shed") == "To Do")
    synced.wait_until_synced()


def test_a_task_that_comes_into_a_file_keeps_its_card(synced: Clone) -> None:
    assert synced.program("task", "add", "Paint the shed").code == DONE
    assert synced.program("sync", "--wait").code == DONE
    settings = (synced.path / ".kanban-sync.yaml").read_text()
    synced.commit_as_person(
        "Name", **{".kanban-sync.yaml": f"{settings}sources: {{add_to: TASKS.md}}\n"}
    )
    assert synced.program("files", "write").code == DONE
    synced.commit_as_person("Add it")
    assert synced.program("sync", "--wait").code == DONE
    with synced.server.state.lock:
        (card,) = [each for each in synced.server.state.where("cards") if "shed" in each["name"]]
    assert "db:" not in card["description"]
    assert "/tasks-md:" in card["description"]


def test_where_nothing_is_to_happen_the_request_waits(synced: Clone) -> None:
    asked = len(synced.causes())
    off = {**synced.key, "KANBAN_SYNC": "0"}
    synced.program("task", "claim", "rotate-keys", *ADA, env=off)
    synced.program("pause")
    synced.program("task", "done", "rotate-keys", *ADA)
    assert synced.causes()[asked:] == ["cli", "cli"]
    assert synced.cards()["Rotate the keys"] == "To Do"
    synced.program("resume")
    synced.program("task", "add", "One more")
    until(lambda: synced.cards()["Rotate the keys"] == "Done")
    synced.wait_until_synced()


# --- a command as the work --------------------------------------------------------------------

SAY = 'echo "$KANBAN_SYNC_TASK $KANBAN_SYNC_TOKEN $KANBAN_SYNC_AGENT"'
MINE = " ".join((*PROGRAM, "task"))


@pytest.mark.parametrize(
    ("script", "code", "after", "reason"),
    [
        (SAY, 0, "done", ""),
        ("exit 7", 7, "todo", "the command ended with 7"),
        (f'{MINE} block "$KANBAN_SYNC_TASK" --reason why >&2', 0, "blocked", "why"),
        (f"{MINE} review rotate-keys >&2", 0, "review", ""),
        ("kill -9 $$", 128 + 9, "todo", "the command ended with 137"),
        (f'{MINE} release "$KANBAN_SYNC_TASK" --reason lunch >&2', 0, "todo", "lunch"),
        (f'{MINE} set "$KANBAN_SYNC_TASK" --status backlog >&2; exit 5', 5, "backlog", ""),
    ],
)
def test_a_task_is_completed_by_the_end_of_its_command(
    repo: Repo, script: str, code: int, after: str, reason: str
) -> None:
    answer = program(repo, "task", "run", "--next", *ADA, "--", "sh", "-c", script)
    found = json.loads(task(repo, "show", "rotate-keys", "--json"))
    assert (answer.code, found["status"], found["reason"]) == (code, after, reason)
    said = "tasks-md:rotate-keys 1 ada\n" if script == SAY else ""
    assert answer.out == f"{said}tasks-md:rotate-keys  {after}\n"


def test_a_run_tells_at_both_ends_that_its_file_was_not_written(repo: Repo) -> None:
    task(repo, "list")
    repo.write("TASKS.md", f"{TASKS}<<<<<<< HEAD\n- [ ] One\n=======\n- [ ] Two\n>>>>>>> two\n")
    answer = program(repo, "task", "run", "rotate-keys", *ADA, "--", "true")
    told = "kanban-sync: the database is ahead of the file: TASKS.md:16: a merge conflict stands"
    assert (answer.code, answer.err.count(told)) == (DONE, 2)
    assert answer.out == "tasks-md:rotate-keys  done\n"


@pytest.mark.parametrize(("code", "after"), [(0, "done"), (7, "todo")])
def test_a_task_is_settled_though_its_work_tree_was_removed(
    repo: Repo, code: int, after: str
) -> None:
    repo.git("worktree", "add", "-q", "../other", "-b", "feature")
    other = Repo(repo.path.parent / "other")
    script = f"git -C {repo.path} worktree remove --force {other.path}; exit {code}"
    answer = program(other, "task", "run", "rotate-keys", *ADA, "--", "sh", "-c", script)
    assert not other.path.exists()
    assert (answer.code, answer.out) == (code, f"tasks-md:rotate-keys  {after}\n")
    told = f"kanban-sync: the work tree {other.path} was removed, so no file was written\n"
    assert answer.err == told
    assert status(repo, "rotate-keys") == after


def test_what_became_of_a_task_whose_clone_was_moved_is_to_be_told_there(repo: Repo) -> None:
    script = f"mv {repo.path} {repo.path}-moved"
    answer = program(repo, "task", "run", "rotate-keys", *ADA, "--", "sh", "-c", script)
    assert answer.code == FAILED
    assert "where it is now, if it still is. The command ended with 0, and " in answer.err
    assert "is still claimed by ada; then run `kanban-sync task done tasks-md:" in answer.err


def test_a_command_that_is_none_gives_the_task_back(repo: Repo) -> None:
    answer = program(repo, "task", "run", "rotate-keys", *ADA, "--", "no-such-program")
    assert (answer.code, status(repo, "rotate-keys")) == (127, "todo")
    assert program(repo, "task", "run", "--next", "--tag", "no", "--", "true").code == NOTHING
    assert program(repo, "task", "run", "rotate-keys").code == FAILED
    assert program(repo, "task", "run", "nix", "--", "true").code == UNKNOWN


@contextmanager
def _started(repo: Repo, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the program, and end it whatever happens."""
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=repo.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _running(repo: Repo, *options: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Start a command that takes long as the work on a task."""
    call = ("task", "run", "rotate-keys", *ADA, *options)
    return _started(repo, *call, "--", "sh", "-c", "touch began; exec sleep 60")


def test_a_long_command_keeps_its_claim(repo: Repo) -> None:
    with _running(repo, "--ttl", "2s") as process:
        until((repo.path / "began").exists)

        def expires() -> float:
            found = json.loads(task(repo, "show", "rotate-keys", "--json"))
            return float(found["expires"])

        first = expires()
        until(lambda: expires() > first + 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    assert status(repo, "rotate-keys") == "todo"


LASTING = """
(trap '' TERM HUP; touch began; exec sleep 60) &
wait
"""


def test_a_lost_claim_ends_the_command_with_all_that_it_has_started(repo: Repo) -> None:
    call = ("task", "run", "rotate-keys", *ADA, "--ttl", "1s", "--grace", "1s")
    with _started(repo, *call, "--", "sh", "-c", LASTING) as process:
        until((repo.path / "began").exists)
        task(repo, "set", "rotate-keys", "--status", "todo", "--force", *BOB)
        # What goes on would still have the other end of this pipe.
        _, said = process.communicate(timeout=30)
    assert process.returncode == HELD
    assert "is lost" in said
    assert "The command was ended" in said


def test_a_database_that_is_made_anew_ends_a_command_whose_claim_it_does_not_know(
    repo: Repo,
) -> None:
    with _running(repo, "--ttl", "1s") as process:
        until((repo.path / "began").exists)
        for file in (repo.path / ".git" / "kanban-sync").glob("tasks.db*"):
            file.unlink()
        assert process.stderr
        assert "removed or replaced" in process.stderr.readline()
        assert program(repo, "sync").code == 0
        _, said = process.communicate(timeout=30)
    assert process.returncode == HELD
    assert "is lost" in said


def test_a_command_does_not_outlive_whoever_keeps_its_claim(repo: Repo) -> None:
    call = ("task", "run", "rotate-keys", *ADA, "--grace", "1s", "--", "sh", "-c", LASTING)
    with _started(repo, *call) as process:
        until((repo.path / "began").exists)
        process.kill()
        # What goes on would still have the other end of this pipe.
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL


def test_a_signal_ends_all_that_the_command_has_started(repo: Repo) -> None:
    call = ("task", "run", "rotate-keys", *ADA, "--grace", "1s", "--", "sh", "-c", LASTING)
    with _started(repo, *call) as process:
        until((repo.path / "began").exists)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert out == "tasks-md:rotate-keys  todo\n"


def test_a_claim_that_its_own_agent_gave_back_is_not_lost(repo: Repo) -> None:
    script = f'{MINE} release "$KANBAN_SYNC_TASK" >&2; sleep 1; exit 3'
    call = ("task", "run", "rotate-keys", *ADA, "--ttl", "1s", "--", "sh", "-c", script)
    answer = program(repo, *call)
    assert (answer.code, answer.out) == (3, "tasks-md:rotate-keys  todo\n")


TYPED = """
import pathlib, signal
signal.signal(signal.SIGINT, lambda *_: open("got", "a").write("x"))
pathlib.Path("began").touch()
pathlib.Path("said").write_text(input())
"""
AT_TERMINAL = (sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))")


def test_the_command_is_in_front_at_the_terminal_and_interrupted_once(repo: Repo) -> None:
    call = (*PROGRAM, "task", "run", "rotate-keys", *ADA, "--", sys.executable, "-c", TYPED)
    with subprocess.Popen(
        [*AT_TERMINAL, *call], cwd=repo.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as terminal:
        assert terminal.stdin
        until((repo.path / "began").exists)
        terminal.stdin.write(b"\x03")
        terminal.stdin.flush()
        until((repo.path / "got").exists)
        terminal.stdin.write(b"hello\n")
        terminal.stdin.flush()
        until((repo.path / "said").exists)
        out, _ = terminal.communicate(timeout=30)
    assert terminal.returncode == 0
    assert b"rotate-keys  done" in out
    assert [(repo.path / name).read_text() for name in ("got", "said")] == ["x", "hello"]


@contextmanager
def _server_with_a_door(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Callable[[], None], Callable[[], None], psycopg.Connection[tuple[Any, ...]]]]:
    """Name a database server that can be opened and shut, and yield both with a way around it."""
    with (
        tempfile.TemporaryDirectory(prefix="kanban-") as folder,
        psycopg.connect(url, autocommit=True) as server,
    ):
        door = Path(folder) / "door"
        [(place,)] = server.execute("SHOW unix_socket_directories").fetchall()
        parameters = {**conninfo_to_dict(url), "host": str(door)}
        monkeypatch.setenv(
            "KANBAN_SYNC_DATABASE_URL",
            f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={door}",
        )

        def stop() -> None:
            door.unlink()
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        def start() -> None:
            door.symlink_to(place)

        start()
        yield stop, start, server


def test_a_database_server_that_is_restarted_costs_no_claim(
    repo: Repo, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _server_with_a_door(postgres_url, monkeypatch) as (stop, start, server):

        def expires() -> float:
            query = "SELECT expires FROM kanban_sync.tasks WHERE name = 'rotate-keys'"
            [(found,)] = server.execute(query).fetchall()
            return float(found)

        script = "touch began; until [ -e go ]; do sleep 0.1; done"
        call = ("task", "run", "rotate-keys", *ADA, "--ttl", "5s", "--", "sh", "-c", script)
        with _started(repo, *call) as process:
            assert process.stderr
            until((repo.path / "began").exists)
            stop()
            assert TOLD_AWAY.search(process.stderr.readline())
            before = expires()
            start()
            until(lambda: expires() > before)
            stop()
            repo.write("go", "")
            # It goes on without the server, which hears of it from whoever comes next.
            out, _ = process.communicate(timeout=30)
            assert (process.returncode, out) == (0, "tasks-md:rotate-keys  done\n")
            start()
        assert status(repo, "rotate-keys") == "done"
        query = "SELECT status FROM kanban_sync.tasks WHERE name = 'rotate-keys'"
        assert server.execute(query).fetchall() == [("done",)]


# --- events and orchestrators -----------------------------------------------------------------


def test_events_are_told_from_where_one_was(repo: Repo) -> None:
    task(repo, "list")
    last = json.loads(program(repo, "events", "--json").out)["last"]
    task(repo, "claim", "tidy-logs", *ADA)
    [event] = json.loads(program(repo, "events", "--since", str(last), "--json").out)["events"]
    assert (event["kind"], event["key"], event["data"]["agent"]) == (
        "claimed",
        "tasks-md:tidy-logs",
        "ada",
    )
    assert " claimed  tasks-md:tidy-logs  agent=ada " in program(repo, "events").out
    last = json.loads(program(repo, "events", "--json").out)["last"]
    beyond = json.loads(program(repo, "events", "--since", "99999", "--json").out)
    assert beyond == {"events": [], "last": last}


def test_that_the_database_is_away_is_told_once(repo: Repo) -> None:
    away = {"KANBAN_SYNC_DATABASE_URL": "postgresql://127.0.0.1:1/tasks"}
    answer = program(repo, "board", env=away)
    assert (answer.code, answer.out, answer.err.count("cannot be reached")) == (1, "", 1)


def test_each_event_is_one_line_whatever_was_said(repo: Repo) -> None:
    task(repo, "claim", "tidy-logs", *ADA)
    task(repo, "release", "tidy-logs", *ADA, "--reason", "lunch\n\n1  1970-01-01  claimed")
    lines = task(repo, "history", "tidy-logs").splitlines()
    assert len(lines) == len(json.loads(task(repo, "history", "tidy-logs", "--json"))["events"])
    assert lines[-1].endswith("reason=lunch 1 1970-01-01 claimed")


def test_events_are_told_as_they_happen(repo: Repo) -> None:
    task(repo, "list")
    with _started(repo, "events", "--follow", "--since", "0", "--json") as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["id"] == 1
        task(repo, "claim", "tidy-logs", *ADA)
        kinds = iter(lambda: json.loads(process.stdout.readline())["kind"], "claimed")  # type: ignore[union-attr]
        assert "claimed" not in list(kinds)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def test_whoever_follows_misses_nothing_while_the_database_server_is_restarted(
    repo: Repo, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _server_with_a_door(postgres_url, monkeypatch) as (stop, start, _):
        last = json.loads(program(repo, "events", "--json").out)["last"]
        following = ("events", "--follow", "--since", str(last - 1), "--json")
        with (
            _started(repo, *following) as events,
            _started(repo, "task", "next", "--follow", "--json") as ready,
        ):
            assert events.stdout
            assert ready.stdout
            assert json.loads(events.stdout.readline())["id"] == last
            first = json.loads(ready.stdout.readline())["tasks"][0]["key"]
            stop()
            for each in (events, ready):
                assert each.stderr
                assert TOLD_AWAY.search(each.stderr.readline())
            start()
            task(repo, "claim", first, *ADA)
            told = json.loads(events.stdout.readline())
            assert (told["kind"], told["key"]) == ("claimed", first)
            changes = (json.loads(line)["changed"] for line in ready.stdout)
            assert any(first in changed for changed in changes)


def test_who_waits_gets_what_becomes_ready(repo: Repo) -> None:
    for name in ("rotate-keys", "tidy-logs"):
        task(repo, "claim", name, *BOB)
    while (taken := program(repo, "task", "claim", "--next", *BOB)).code != NOTHING:
        assert taken.code == DONE
    claiming = ("task", "claim", "--next", "--wait", "2m", "--json", *ADA)
    with _started(repo, *claiming) as claims:
        assert claims.stdout
        task(repo, "done", "rotate-keys", *BOB)
        claimed = json.loads(claims.stdout.read())
        assert (claimed["key"], claimed["agent"]) == ("tasks-md:use-keys", "ada")
        assert claims.wait(30) == DONE


def test_who_waits_sees_a_commit_of_which_no_hook_told(repo: Repo) -> None:
    found = task(repo, "list", "--json", "--tag", "new")
    assert json.loads(found) == {"tasks": []}
    asking = ("task", "next", "--wait", "2m", "--tag", "new", "--json")
    with _started(repo, *asking) as process:
        assert process.stdout
        more = "- [ ] A new one\n  - **ID**: new-one\n  - **Tags**: new\n"
        repo.commit("Add a task", **{"TASKS.md": TASKS + more})
        assert json.loads(process.stdout.read())["key"] == "tasks-md:new-one"
        assert process.wait(30) == DONE


def test_whoever_waits_for_nothing_is_told_so(repo: Repo) -> None:
    assert task(repo, "next", "--wait", "1s", "--tag", "none", "--json", code=NOTHING) == "null\n"
    answer = program(repo, "task", "claim", "tidy-logs", "--wait", "1s")
    assert (answer.code, "--next" in answer.err) == (1, True)
    answer = program(repo, "task", "run", "tidy-logs", "--wait", "1s", "--", "true")
    assert (answer.code, "--next" in answer.err) == (1, True)


def test_what_is_ready_is_told_again_whenever_it_is_something_else(repo: Repo) -> None:
    task(repo, "list")
    asking = ("task", "next", "-n", "2", "--tag", "ops", "--follow", "--json")
    with _started(repo, *asking) as process:
        assert process.stdout

        def told() -> tuple[list[str], list[str]]:
            said = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return [each["key"] for each in said["tasks"]], said["changed"]

        key = "tasks-md:rotate-keys"
        assert told() == ([key], [key])
        task(repo, "claim", "tidy-logs", *ADA)
        task(repo, "claim", "rotate-keys", *ADA)
        assert told() == ([], [key])
        task(repo, "release", "rotate-keys", *ADA)
        assert told() == ([key], [key])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def test_an_agent_hears_of_a_change_of_its_task_with_the_next_heartbeat(repo: Repo) -> None:
    task(repo, "claim", "tidy-logs", *ADA)
    assert json.loads(task(repo, "heartbeat", "tidy-logs", *ADA, "--json"))["changed"] == []
    said = (repo.path / "TASKS.md").read_text()
    repo.commit("Say more", **{"TASKS.md": said.replace("Tidy the logs", "Tidy all of the logs")})
    heard = task(repo, "heartbeat", "tidy-logs", *ADA).splitlines()
    again = "'kanban-sync task show tasks-md:tidy-logs'"
    assert heard[1:] == [f"changed since you claimed it: title; read it again with {again}"]
    assert json.loads(task(repo, "heartbeat", "tidy-logs", *ADA, "--json"))["changed"] == ["title"]


def test_what_changed_of_a_task_is_called_as_whoever_reads_its_file_would() -> None:
    told = words_for("tasks-md:T-1", ("title", "number", "labels"))
    assert told.startswith("changed since you claimed it: title, its number in the file, its tags;")
    assert CALLED.keys() <= {*Task._fields, "file_status"}


def test_an_orchestrator_is_known_and_alive(repo: Repo) -> None:
    assert program(repo, "orchestrator", "heartbeat", "one").code == FAILED
    assert program(repo, "orchestrator", "list").out == "no orchestrator was registered\n"
    program(repo, "orchestrator", "register", "one", "--agents", "3")
    task(repo, "claim", "tidy-logs", *ADA, "--orchestrator", "one")
    program(repo, "orchestrator", "heartbeat", "one", "--agents", "2")
    [one] = json.loads(program(repo, "orchestrator", "list", "--json").out)["orchestrators"]
    assert (one["instance_id"], one["agent_count"], one["alive"]) == ("one", 2, True)
    assert program(repo, "orchestrator", "list").out.startswith("one  2 agents  alive")
    assert program(repo, "orchestrator", "register", " \t").code == FAILED
    assert json.loads(task(repo, "claim", "--next", "--agent", " eve ", "--json"))["agent"] == "eve"


def test_what_is_needed_waits_for_the_merge_where_the_settings_ask_for_the_default_branch(
    repo: Repo,
) -> None:
    repo.commit(
        "Ask for more", **{".kanban-sync.yaml": f"{SETTINGS}satisfied_by: default-branch\n"}
    )
    repo.git("switch", "--quiet", "--create", "one")
    task(repo, "claim", "tasks-md:rotate-keys", *ADA)
    task(repo, "done", "tasks-md:rotate-keys", *ADA)
    assert "use-keys" not in task(repo, "next", "-n", "9")
    repo.git("commit", "--quiet", "--all", "--message", "Rotate the keys")
    assert "use-keys" not in task(repo, "next", "-n", "9")
    shown = task(repo, "show", "tasks-md:use-keys")
    assert "waits for: rotate-keys (done, not yet on the default branch)" in shown
    task(repo, "claim", "tasks-md:use-keys", *BOB, code=NOT_NOW)
    repo.git("switch", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "one")
    assert "use-keys" in task(repo, "next", "-n", "9")
    task(repo, "claim", "tasks-md:use-keys", *BOB)
