"""Commits in a clone whose tasks are kept in a PostgreSQL that its user has named."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from forked import run_forked
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.postgres_address import address_of
from repos import Repo

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from system.synced_clone import SyncedClone

VARIABLE = "KANBAN_SYNC_DATABASE_URL"

SECRET = "word-nobody-may-see"
AWAY = f"postgresql://ada:{SECRET}@/tasks?host=/nowhere"


def done_in(url: str, project: str) -> set[str]:
    with closing(open_postgres(address_of(url), project, read_only=True)) as store:
        return {task.title for task in store.tasks() if task.status.value == "done"}


def test_a_commit_brings_up_the_database_that_the_user_has_named_with_git(
    clone: SyncedClone, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "gitconfig"
    mine.write_text(
        f'[include]\n\tpath = ~/.gitconfig\n[kanban-sync]\n\tdatabase = "{postgres_url}"\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(mine))
    # A repository has no say in where tasks go.
    clone.git("config", "kanban-sync.database", AWAY)
    clone.commit_ticks("one")
    clone.wait()
    assert done_in(postgres_url, clone.project) == clone.done_on_board() == {"one"}
    assert clone.done_in_database() == set()
    name = address_of(postgres_url).name
    told = json.loads(clone.run("db", "status", "--json").stdout)
    [mine] = told["projects"]
    assert (mine["project"], mine["tasks"]) == (clone.project, 8)
    assert (told["database"], told["kind"]) == (name, "postgresql")
    assert json.loads(clone.run("status", "--json").stdout)["database"] == name
    assert f"tasks in {name}" in clone.run("doctor").stdout
    assert "is up to date" in clone.run("db", "upgrade").stdout


def test_a_database_that_is_away_holds_up_no_commit_and_shows_no_password(
    clone: SyncedClone, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, AWAY)
    clone.commit_ticks("one")
    clone.wait_for_the_end()
    assert clone.state.pending.exists()
    told = clone.notice()
    assert "postgresql://ada@/tasks?host=/nowhere" in told
    assert "cannot be reached" in told
    answers = [clone.run(*words) for words in (["sync"], ["status"], ["doctor"], ["db", "status"])]
    assert [each.returncode for each in answers] == [1, 1, 1, 1]
    said = "".join(f"{each.stdout}{each.stderr}" for each in answers)
    assert all("cannot be reached" in f"{each.stdout}{each.stderr}" for each in answers)
    assert "\npending    " in answers[1].stdout
    assert "\nfile       " in answers[1].stdout
    state = json.loads(clone.run("status", "--json").stdout)
    assert "cannot be reached" in state["database_problem"]
    assert state["tasks"] == {}
    logs = "".join(each.read_text() for each in clone.state.path.rglob("*log*") if each.is_file())
    assert SECRET not in told + said + logs
    monkeypatch.setenv(VARIABLE, postgres_url)
    clone.commit_something_else()
    clone.wait()
    assert done_in(postgres_url, clone.project) == clone.done_on_board() == {"one"}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"mysql://ada:{SECRET}@db/tasks", "it has to be like postgresql://"),
        (f"postgresql://ada:{SECRET}%zz@db/tasks", "cannot be taken apart"),
        (f"postgresql://ada:12/{SECRET}@db/tasks", "cannot be taken apart"),
        (f"postgresql://ada:12@{SECRET}@db/tasks", "cannot be taken apart"),
    ],
)
def test_what_is_no_url_of_a_database_is_told_without_showing_it(
    clone: SyncedClone, url: str, words: str
) -> None:
    answer = clone.run("db", "status", env={VARIABLE: url})
    assert (answer.returncode, SECRET in answer.stdout + answer.stderr) == (1, False)
    assert words in " ".join(answer.stderr.split())


def tasks_in(url: str, project: str) -> dict[str, str]:
    with closing(open_postgres(address_of(url), project, read_only=True)) as store:
        return {task.title: task.status.value for task in store.tasks()}


def keys_in(url: str, project: str) -> dict[str, str]:
    with closing(open_postgres(address_of(url), project, read_only=True)) as store:
        return {str(task.key): task.title for task in store.tasks()}


def events_in(url: str, project: str) -> int:
    with closing(open_postgres(address_of(url), project, read_only=True)) as store:
        return store.last_event()


def test_two_clones_of_which_each_is_behind_do_not_undo_one_another(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, postgres_url)
    origin = Repo.init(tmp_path / "origin", "--bare")
    here = Repo.init(tmp_path / "here")
    project = "twoclones"
    here.write(".kanban-sync.yaml", f"project_id: {project}\n")
    here.write("TASKS.md", "# Tasks\n\n- [ ] one\n- [ ] two\n- [ ] three\n")
    here.commit("first")
    here.git("remote", "add", "origin", str(origin.path))
    here.git("push", "--quiet", "--set-upstream", "origin", "main")
    there = Repo(tmp_path / "there")
    here.git("clone", "--quiet", str(origin.path), str(there.path))
    for clone in (here, there):
        sync(clone)
    # What one has not pushed, the other one knows nothing of, and has other news meanwhile.
    mine = "# Tasks\n\n- [x] one\n- [ ] two\n- [ ] three\n- [ ] new\n"
    yours = "# Tasks\n\n- [ ] one\n- [ ] two\n- [ ] three\n- [x] own\n"
    here.commit("mine", **{"TASKS.md": mine})
    there.commit("yours", **{"TASKS.md": yours})
    for clone in (here, there, here, there):
        sync(clone)
    said = {"one": "done", "two": "todo", "three": "todo", "new": "todo", "own": "done"}
    assert tasks_in(postgres_url, project) == said
    before = events_in(postgres_url, project)
    for clone in (there, here, there, here):
        sync(clone)
    assert events_in(postgres_url, project) == before
    # An agent's word stands, whoever syncs; and what was never pushed is taken back by its clone.
    key = next(each for each, title in keys_in(postgres_url, project).items() if title == "two")
    run(there, "task", "done", key).check_returncode()
    there.git("checkout", "--quiet", "TASKS.md")
    here.git("reset", "--quiet", "--hard", "HEAD~1")
    for clone in (here, there):
        sync(clone)
    told = tasks_in(postgres_url, project)
    assert told == {**said, "one": "todo", "two": "done", "new": "orphaned"}
    there.git("push", "--quiet")
    here.git("pull", "--quiet")
    for clone in (here, there):
        sync(clone)
    before = events_in(postgres_url, project)
    for clone in (here, there):
        sync(clone)
    assert (tasks_in(postgres_url, project), events_in(postgres_url, project)) == (told, before)


@pytest.mark.parametrize("mine", [0, 1], ids=["the later clone is newer", "it is older"])
def test_one_id_that_two_clones_give_to_two_tasks_is_told_by_status(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mine: int
) -> None:
    monkeypatch.setenv(VARIABLE, postgres_url)
    here, there = Repo.init(tmp_path / "here"), Repo(tmp_path / "there")
    old = "# Tasks\n\n- [ ] **T-1**: one\n"
    here.commit("first", **{".kanban-sync.yaml": "project_id: twofold\n", "TASKS.md": old})
    # A copy of a whole clone is another clone.
    sync(here)
    shutil.copytree(here.path, there.path)
    sync(there)
    now = int(time.time())
    here.commit_at(now + mine, **{"TASKS.md": f"{old}- [ ] **T-2**: Dry the figs\n"})
    there.commit_at(now + 1 - mine, **{"TASKS.md": f"{old}- [ ] **T-2**: Weld nine rivets\n"})
    for clone in (here, there, here, there):
        sync(clone)
    [line] = [each for each in run(here, "status").stdout.splitlines() if "conflict" in each]
    assert "T-2" in line
    assert "Dry the figs" in line
    assert "Weld nine rivets" in line
    there.git("pull", "--quiet", "--rebase", "-X", "theirs", str(here.path), "main")
    both = f"{old}- [ ] **T-2**: Dry the figs\n- [ ] **T-3**: Weld nine rivets\n"
    there.commit("settled", **{"TASKS.md": both})
    here.git("pull", "--quiet", str(there.path), "main")
    for clone in (there, here):
        sync(clone)
    assert {*tasks_in(postgres_url, "twofold")} == {
        "**T-1**: one",
        "**T-2**: Dry the figs",
        "**T-3**: Weld nine rivets",
    }


def sync(clone: Repo) -> None:
    run(clone, "sync").check_returncode()


def run(clone: Repo, *words: str) -> subprocess.CompletedProcess[str]:
    return run_forked(words, clone.path, {})
