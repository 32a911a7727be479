"""``init``: from whatever a folder holds to the first synced board, or one clear line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.program import BOARD, CHANGE, CHANGE_FILE, NOBODY, PROJECT, Clone, run_program, until
from kanban_sync.hooks import HOOKS
from kanban_sync.sync import requests
from kanban_sync.sync.consent import allowed_target
from kanban_sync.sync.requests import DATABASE
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.standin.server import Standin

SETTINGS = ".kanban-sync.yaml"
ON_BOARD = {"add-search": "In Progress", "Rotate the keys": "To Do", "Tidy the logs": "Backlog"}
NAMES = ("--project", PROJECT, "--board", BOARD)


def hooks_of(clone: Clone) -> set[str]:
    return {path.name for path in clone.hooks.iterdir() if not path.name.endswith(".sample")}


def project_id(clone: Clone) -> str:
    text = (clone.path / SETTINGS).read_text()
    [line] = [line for line in text.splitlines() if line.startswith("project_id:")]
    return line.split()[1].strip('"')


def test_without_a_planka_the_task_database_alone_is_set_up(clone: Clone) -> None:
    answer = clone.program("init", "--yes", env={})

    assert (answer.code, answer.err) == (0, "")
    assert hooks_of(clone) == set(HOOKS)
    assert "found TASKS.md: 0/2 tasks done" in answer.out
    assert "To Do (1)\n  Rotate the keys" in clone.program("board", env={}).out
    assert clone.server.requests == []


@pytest.mark.usefixtures("started_anew")
def test_with_a_planka_the_board_is_made_and_follows_the_next_commit(clone: Clone) -> None:
    clone.init_with_board()
    assert clone.cards() == ON_BOARD

    clone.commit_as_person("use it", **{CHANGE_FILE: CHANGE.replace("[ ]", "[x]")})
    clone.wait_until_synced()

    assert clone.cards() == {**ON_BOARD, "add-search": "Review"}


def test_that_a_board_is_about_to_be_made_is_said_before(clone: Clone) -> None:
    arguments = ("--url", clone.server.url, "--project", PROJECT, "--board", BOARD)
    answer = clone.program("init", "--no-hooks", *arguments, answers="n\n")
    assert f"no board '{BOARD}' in a project '{PROJECT}'" in answer.out
    assert clone.program("init", "--yes", *arguments).code == 0
    assert "no board" not in clone.program("init", "--yes", *arguments).out


@pytest.mark.parametrize("how", ["--yes", "a person"])
def test_a_board_that_is_gone_is_made_anew(clone: Clone, how: str) -> None:
    clone.init_with_board()
    clone.remove_board()
    failed = clone.program("sync", "--force")
    assert failed.code == 1
    assert "run 'kanban-sync init' again to make the board anew" in failed.err
    if how == "a person":
        assert "made anew" in clone.program("init", answers=f"{PROJECT}\n{BOARD}\nn\n").err
        assert clone.program("sync", "--force").code == 1
        answer = clone.program("init", answers=f"{PROJECT}\n{BOARD}\ny\ny\n")
    else:
        answer = clone.program("init", "--yes")
    assert answer.code == 0, answer.err
    assert "What was said on it is forgotten" in answer.err
    assert clone.cards() == ON_BOARD


def test_the_folder_and_tasks_name_the_board_by_default(clone: Clone) -> None:
    assert clone.program("init", "--yes", "--url", clone.server.url).code == 0
    target = allowed_target(clone.state)
    assert target is not None
    assert (target.project, target.board) == ("shop", "Tasks")


@pytest.mark.parametrize(("word", "cards"), [("y", 3), ("n", 0)])
def test_without_yes_it_shows_the_plan_and_asks(clone: Clone, word: str, cards: int) -> None:
    answer = clone.program("init", answers=f"{PROJECT}\n{BOARD}\n{word}\n")

    assert answer.code == 0, answer.err
    assert "+ Rotate the keys  [To Do]" in answer.out
    made = [path for method, path in clone.server.requests if method == "POST" and "cards" in path]
    assert len([path for path in made if path.endswith("/cards")]) == cards
    assert (allowed_target(clone.state) is not None) == bool(cards)


@pytest.mark.parametrize("answers", ["", f"{PROJECT}\n{BOARD}\n"])
def test_stopped_at_a_question_it_claims_nothing_untrue(clone: Clone, answers: str) -> None:
    answer = clone.program("init", answers=answers)
    assert answer.code == 1
    assert "stopped at a question; what is said above was done" in answer.err
    assert "nothing was changed" not in answer.err
    wrote = (clone.path / SETTINGS).exists()
    assert wrote == (f"wrote {SETTINGS}" in answer.out) == bool(answers)


def test_an_empty_answer_means_no_planka(clone: Clone) -> None:
    answer = clone.program("init", env={}, answers="\n")
    assert answer.code == 0
    assert "URL of your Planka" in answer.out
    assert clone.state.path.joinpath("tasks.db").exists()


def test_a_second_init_changes_nothing(clone: Clone) -> None:
    clone.init_with_board()
    settings = (clone.path / SETTINGS).read_bytes()
    clone.server.clear_log()

    answer = clone.program("init", "--yes")

    assert answer.code == 0
    assert (clone.path / SETTINGS).read_bytes() == settings
    assert clone.git("status", "--porcelain") == ""
    assert clone.writes() == []


@pytest.mark.parametrize("end", ["\n", ""], ids=["line end", "no line end"])
def test_an_existing_settings_file_only_gets_what_it_does_not_say(clone: Clone, end: str) -> None:
    before = "# Ours\nsources:\n  exclude: ['docs/**']   # not these"
    clone.write(SETTINGS, before + end)

    assert clone.program("init", "--yes", env={}).code == 0

    after = (clone.path / SETTINGS).read_text()
    assert after == f"{before}\nproject_id: {after.split()[-1]}\n"


def test_a_board_is_added_to_a_settings_file_that_names_none(clone: Clone) -> None:
    clone.write(SETTINGS, "project_id: shop\n")
    answer = clone.program("init", "--yes", *NAMES)
    assert answer.code == 0
    assert "added to .kanban-sync.yaml: planka; commit it" in answer.out
    after = (clone.path / SETTINGS).read_text()
    assert after.startswith("project_id: shop\n")
    assert clone.program("sync").code == 0


def test_a_settings_file_that_names_another_board_is_left_alone(clone: Clone) -> None:
    names = f"planka:\n  url: {clone.server.url}\n  project: Other\n  board: Other\n"
    clone.write(SETTINGS, f"project_id: shop\n{names}")
    answer = clone.program("init", "--yes", *NAMES)
    assert answer.code == 1
    assert f"{SETTINGS} names another board than {clone.target}; nothing was changed" in answer.err
    assert (clone.path / SETTINGS).read_text() == f"project_id: shop\n{names}"
    assert not clone.state.path.exists()
    assert clone.server.requests == []


def test_tasks_that_were_synced_before_keep_their_project(clone: Clone) -> None:
    assert clone.program("sync", *NAMES).code == 0
    root = clone.git("rev-list", "--max-parents=0", "HEAD")
    clone.server.clear_log()

    clone.init_with_board()

    assert project_id(clone) == root
    assert clone.writes() == []
    assert clone.cards() == ON_BOARD


def test_two_people_who_set_up_their_clones_at_once_make_each_card_once(
    clone: Clone, tmp_path: Path
) -> None:
    other = Clone(tmp_path / "other", clone.server)
    clone.git("clone", "--quiet", ".", str(other.path))
    names = ("--yes", "--url", clone.server.url, *NAMES)
    assert clone.program("init", *names).code == 0
    clone.server.clear_log()

    assert other.program("init", *names).code == 0

    assert project_id(other) == project_id(clone)
    assert other.writes() == []
    assert clone.cards() == ON_BOARD


def test_a_shallow_clone_gets_an_id_of_its_own_and_says_so(clone: Clone, tmp_path: Path) -> None:
    clone.commit(**{"code.py": "1"})
    url = f"file://{clone.path}"
    clone.git("clone", "--quiet", "--depth=1", url, str(tmp_path / "shallow"))
    shallow = Clone(tmp_path / "shallow", clone.server)
    assert shallow.program("sync", *NAMES).code == 1
    refused = shallow.program("sync", *NAMES)
    assert "this clone is shallow" in refused.err
    assert "git fetch --unshallow" in refused.err
    assert clone.server.requests == []

    answer = shallow.program("init", "--yes", env={})
    assert answer.code == 0
    assert "this clone is shallow" in answer.err
    assert project_id(shallow) != shallow.git("rev-list", "--max-parents=0", "HEAD")
    assert shallow.program("sync", *NAMES).code == 0


def test_a_partial_clone_whose_remote_is_away_tells_what_it_lacks(
    clone: Clone, tmp_path: Path
) -> None:
    clone.git("config", "uploadpack.allowFilter", "true")
    clone.git("clone", "--quiet", "--bare", ".", str(tmp_path / "hub"))
    hub = Repo(tmp_path / "hub")
    hub.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{hub.path}"
    clone.git("clone", "--quiet", "--filter=blob:none", url, str(tmp_path / "partial"))
    partial = Clone(tmp_path / "partial", clone.server)
    assert partial.program("init", "--yes", env={}).code == 0
    clone.commit(**{"TASKS.md": "- [ ] another\n"})
    clone.git("push", "--quiet", str(hub.path), "main")
    partial.git("fetch", "--quiet")
    hub.path.rename(tmp_path / "elsewhere")
    for command in (("init", "--yes"), ("sync",), ("status",), ("doctor",), ("files",)):
        answer = partial.program(*command, env={})
        assert "the remote cannot be reached" in answer.out + answer.err, command
        assert "Traceback" not in answer.out + answer.err, command


def test_a_repository_without_a_commit_gets_an_id_all_the_same(
    server: Standin, tmp_path: Path
) -> None:
    empty = Clone(Repo.init(tmp_path / "empty").path, server)
    assert empty.program("init", "--yes", env={}).code in {0, 1}
    assert len(project_id(empty)) == 12


def test_a_detached_head_is_no_obstacle(clone: Clone) -> None:
    clone.git("switch", "--quiet", "--detach")
    clone.init_with_board()
    assert clone.cards() == ON_BOARD


def test_before_the_first_commit_everything_is_made_ready_for_it(
    tmp_path: Path, server: Standin
) -> None:
    fresh = Clone(Repo.init(tmp_path / "fresh").path, server)
    answer = fresh.program("init", "--yes", "--url", server.url, *NAMES)
    assert (answer.code, answer.err) == (0, "")
    assert "found no task files" in answer.out
    assert fresh.cards() == {}

    fresh.commit_as_person("begin", **{"TASKS.md": "# Tasks\n\n## P1\n\n- [ ] Begin\n"})
    fresh.wait_until_synced()

    assert fresh.cards() == {"Begin": "To Do"}


def test_a_default_branch_that_nothing_tells_is_written_down(clone: Clone) -> None:
    clone.git("branch", "--move", "develop")
    clone.program("init", "--yes", env={})
    clone.commit("settings")
    clone.git("switch", "--quiet", "--create", "experiment")
    clone.commit("not merged", **{"TASKS.md": "- [ ] Only tried\n"})

    assert "default_branch: develop" in (clone.path / ".kanban-sync.yaml").read_text()
    assert clone.program("sync", "--wait", env={}).code == 0
    data = clone.program("status", "--json", env={}).data
    assert (data["branch"], list(data["branches"])) == ("develop", ["experiment"])


def test_reading_what_is_checked_out_for_want_of_a_default_branch_is_told(clone: Clone) -> None:
    clone.commit("settings", **{".kanban-sync.yaml": "project_id: a\n"})
    clone.git("branch", "--move", "develop")
    answer = clone.program("sync", env={})
    told = "nothing tells which branch is the default one, so develop is read"
    assert told in answer.err
    (line,) = [each for each in clone.program("status", env={}).out.splitlines() if told in each]
    assert "set 'git: {default_branch: NAME}'" in line


def test_hooks_are_left_out_on_request(clone: Clone) -> None:
    assert clone.program("init", "--yes", "--no-hooks", env={}).code == 0
    assert hooks_of(clone) == set()


@pytest.mark.parametrize(
    ("key", "said"),
    [({}, "no key for"), ({"PLANKA_URL": NOBODY, "PLANKA_API_KEY": "k"}, "is not sent to")],
    ids=["no key", "a key for another server"],
)
def test_without_a_key_for_the_server_nothing_is_sent_to_it(
    clone: Clone, key: dict[str, str], said: str
) -> None:
    names = f"planka: {{url: '{clone.server.url}', project: {PROJECT}, board: {BOARD}}}\n"
    clone.write(SETTINGS, names)
    answer = clone.program("init", "--yes", "--url", clone.server.url, *NAMES, env=key)
    assert said in answer.err
    assert clone.server.requests == []
    assert allowed_target(clone.state) is None


def test_all_problems_of_a_settings_file_are_told_at_once(clone: Clone) -> None:
    clone.write(SETTINGS, "project_id: Ü\nplanka:\n  bord: x\ngit: 3\n")

    answer = clone.program("init", "--yes", env={})

    assert answer.code == 1
    for place in (f"{SETTINGS}:1: project_id", f"{SETTINGS}:3: planka.bord", f"{SETTINGS}:4: git"):
        assert f"kanban-sync: {place}" in answer.err
    assert "did you mean planka.board?" in answer.err
    assert hooks_of(clone) == set()


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    bare = Repo.init(tmp_path / "bare", "--bare")
    answer = run_program("init", "--yes", folder=bare.path)
    assert answer.code == 1
    assert "bare repository" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_work_tree_that_only_the_environment_ties_to_its_repository_is_served(
    clone: Clone, tmp_path: Path
) -> None:
    git_dir = tmp_path / "dotfiles"
    clone.git("clone", "--quiet", "--bare", ".", str(git_dir))
    home = tmp_path / "home"
    home.mkdir()
    tied = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(home)}
    there = Repo(home)
    there.git("reset", "--quiet", "--hard", env=tied)

    answer = run_program("init", "--yes", folder=home, env=tied)

    assert (answer.code, answer.err) == (0, "")
    assert "ready" in answer.out
    assert set(HOOKS) <= {path.name for path in (git_dir / "hooks").iterdir()}
    assert run_program("doctor", folder=home, env=tied).code == 0
    done = CHANGE.replace("[ ]", "[x]")
    there.write(CHANGE_FILE, done)
    told = run_program("sync", folder=home / "openspec", env=tied)
    assert (told.code, CHANGE_FILE in told.err) == (0, True)
    there.git("commit", "--quiet", "--all", "--message", "use it", env=tied)
    state = StateFolder(git_dir / "kanban-sync")
    assert state.requests.read_text().count("post-commit") == 1
    until(lambda: not requests.pending(state, DATABASE))
    assert "Review (1)\n  add-search" in run_program("board", folder=home, env=tied).out
    assert run_program("uninstall", folder=home, env=tied).code == 0
    assert not set(HOOKS) & {path.name for path in (git_dir / "hooks").iterdir()}
    assert not (home / ".git").exists()


def test_outside_a_repository_it_says_so(tmp_path: Path) -> None:
    answer = run_program("init", "--yes", folder=tmp_path)
    assert answer.code == 1
    assert answer.err == (
        f"kanban-sync: {tmp_path} is in no git repository; run this inside one, or"
        " 'git init' first\n"
    )


def test_a_task_file_that_cannot_be_read_is_named(clone: Clone) -> None:
    clone.commit("binary", **{"docs/TASKS.md": "- [ ] a\0b\n"})
    answer = clone.program("init", "--yes", env={})
    [problem] = next(
        each["problems"]
        for each in clone.program("files", "--json").data["files"]
        if each["path"] == "docs/TASKS.md"
    )
    assert f"kanban-sync: {problem}" in answer.err.splitlines()
