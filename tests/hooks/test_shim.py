"""The shims: what they take for news, what they leave alone, and that they fail nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hooks.hook_clone import Clone, shells
from kanban_sync.hooks import HOOKS, shims
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUEST = "* post-commit - -"
OPENSPEC = "openspec/changes"


def commit(path: str, text: str = "new\n") -> Callable[[Clone], object]:
    return lambda clone: clone.commit(**{path: text})


def nothing(_: Clone) -> None:
    """The repository stays as it was synced."""


def age(clone: Clone) -> None:
    os.utime(clone.state / "fresh", (time.time() - 1,) * 2)


def lose_the_last_commit(clone: Clone) -> None:
    seen = clone.state / "seen" / "-"
    seen.write_text(seen.read_text().replace("last=", "last=0123"))


NEWS = {
    "a watched file was added": commit(f"{OPENSPEC}/add-x/tasks.md"),
    "a watched file was edited": commit("TASKS.md", "- [x] one\n"),
    "a watched file was deleted": lambda clone: clone.commit(**{"TASKS.md": None}),
    "a watched file was renamed": lambda clone: clone.git("mv", "TASKS.md", "docs/TASKS.md"),
    "a file under a pattern": commit("a/b/roadmap.yaml"),
    "a path with a blank and a quote": commit("it's here/tasks"),
    "a branch was made": lambda clone: clone.git("branch", "other"),
    "something is pending": lambda clone: (clone.state / "pending").touch(),
    "the last full pass is too old": age,
    "there was no full pass": lambda clone: (clone.state / "fresh").unlink(),
    "this work tree was never synced": lambda clone: (clone.state / "seen" / "-").unlink(),
    "the last commit is gone": lose_the_last_commit,
}
NO_NEWS = {
    "nothing": nothing,
    "an unwatched file": commit("docs/b.md"),
    "a sibling of a watched folder": commit("openspec/specs/x/spec.md"),
    "an empty commit": lambda clone: clone.commit(),
    "a file that only starts alike": commit("TASKS.md.orig"),
    "a file under no pattern": commit("a/b/roadmap.yml"),
    "a tag": lambda clone: clone.git("tag", "v1"),
    "a remote branch": lambda clone: clone.git("update-ref", "refs/remotes/o/main", "HEAD"),
}
WATCHED = ("TASKS.md", OPENSPEC, ":(glob)**/roadmap.yaml", "it's here/tasks")


def quietly(clone: Clone, change: Callable[[Clone], object]) -> None:
    """Change the clone without any hook."""
    clone.git("config", "core.hooksPath", "/dev/null")
    change(clone)
    clone.commit() if clone.git("status", "--porcelain") else None
    clone.git("config", "--unset", "core.hooksPath")


@pytest.mark.parametrize("shell", shells())
@pytest.mark.parametrize("change", NEWS.values(), ids=NEWS.keys())
def test_news_is_noted_and_python_started(
    clone: Clone, shell: str, change: Callable[[Clone], object]
) -> None:
    clone.commit(**{f"{OPENSPEC}/add-w/tasks.md": "w", "openspec/specs/w.md": "w"})
    shutil.rmtree(clone.state, ignore_errors=True)
    clone.starts_file.unlink(missing_ok=True)
    clone.synced(*WATCHED)
    quietly(clone, change)
    answer = clone.fire("post-commit", shell=shell)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert clone.requests() == [REQUEST]
    assert len(clone.starts()) == 1


@pytest.mark.parametrize("shell", shells())
@pytest.mark.parametrize("change", NO_NEWS.values(), ids=NO_NEWS.keys())
def test_no_news_starts_nothing(
    clone: Clone, shell: str, change: Callable[[Clone], object]
) -> None:
    clone.starts_file.unlink(missing_ok=True)
    clone.synced(*WATCHED)
    quietly(clone, change)
    answer = clone.fire("post-commit", shell=shell)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert clone.requests() == []
    assert clone.starts() == []


@pytest.mark.parametrize(
    ("shell", "environment"),
    [
        (shell, {name: "1"})
        for shell in shells()
        for name in (
            "GIT_LITERAL_PATHSPECS",
            "GIT_GLOB_PATHSPECS",
            "GIT_NOGLOB_PATHSPECS",
            "GIT_ICASE_PATHSPECS",
            "GIT_TRACE",
        )
    ],
)
def test_the_callers_git_settings_do_not_change_what_is_watched(
    clone: Clone, shell: str, environment: dict[str, str]
) -> None:
    clone.synced(":(glob)**/roadmap.yaml")
    quietly(clone, commit("b/ROADMAP.yaml"))
    assert clone.fire("post-commit", shell=shell, env=environment).stderr == ""
    assert clone.starts() == []
    quietly(clone, commit("b/roadmap.yaml"))
    clone.fire("post-commit", shell=shell, env=environment)
    assert len(clone.starts()) == 1


@pytest.mark.parametrize(
    ("old", "asked"),
    [(True, ["diff-tree"]), (False, ["diff-tree", "for-each-ref"])],
    ids=["branches that were there", "branches that have just moved"],
)
def test_the_quiet_case_runs_git_once_or_twice_and_nothing_else(
    clone: Clone, tmp_path: Path, old: bool, asked: list[str]
) -> None:
    clone.git("branch", "feature/side")
    clone.synced(*WATCHED, old=old)
    programs = tmp_path / "programs"
    programs.mkdir()
    counter = programs / "git"
    git = shutil.which("git")
    counter.write_text(f'#!/bin/sh\necho "$1" >>{tmp_path}/calls\nexec {git} "$@"\n')
    counter.chmod(0o755)
    shim = clone.hooks / "post-commit"
    shim.write_text(shim.read_text().replace("exec </dev/null >/dev/null 2>&1\n", ""))
    # Any other program would be «not found», and heard of, since the shim is not muted here.
    shell = shutil.which("sh") or ""
    answer = clone.fire("post-commit", shell=shell, env={"PATH": str(programs)})
    assert answer.stdout + answer.stderr == ""
    assert sorted((tmp_path / "calls").read_text().split()) == asked
    assert clone.starts() == []
    assert clone.requests() == []


def test_a_full_pass_is_due_only_when_the_clock_has_passed_it(clone: Clone) -> None:
    clone.synced()
    before = time.time()
    clone.fire("post-commit")
    assert (clone.state / "clock").stat().st_mtime >= before - 1
    assert clone.starts() == []


@pytest.mark.parametrize(
    ("change", "started"),
    [
        (nothing, 0),
        (lambda clone: clone.git("branch", "-D", "side"), 1),
        (lambda clone: clone.git("branch", "-D", "packed"), 1),
        (lambda clone: clone.git("branch", "-f", "side", "HEAD~"), 1),
        (lambda clone: clone.git("branch", "-f", "packed", "HEAD~"), 1),
        (lambda clone: clone.git("branch", "-f", "deep/er/side", "HEAD~"), 1),
        (lambda clone: clone.git("branch", "new"), 1),
        (lambda clone: clone.git("branch", "-m", "side", "renamed"), 1),
        (lambda clone: clone.git("pack-refs", "--all"), 0),
    ],
    ids=[
        "nothing",
        "gone",
        "packed and gone",
        "moved",
        "packed and moved",
        "deep",
        "new",
        "renamed",
        "packed now",
    ],
)
@pytest.mark.parametrize("old", [True, False], ids=["a while later", "at once"])
def test_another_branch_is_news_only_when_it_moved(
    clone: Clone, change: Callable[[Clone], object], started: int, old: bool
) -> None:
    quietly(clone, commit("docs/c.md"))
    clone.git("branch", "packed")
    clone.git("pack-refs", "--all")
    clone.git("branch", "side")
    clone.git("branch", "deep/er/side")
    clone.synced(old=old)
    change(clone)
    clone.fire("post-commit")
    assert len(clone.starts()) == started


def test_another_branch_that_is_checked_out_is_news(clone: Clone) -> None:
    clone.git("branch", "side")
    clone.synced()
    quietly(clone, lambda clone: clone.git("switch", "-q", "side"))
    clone.fire("post-commit")
    assert len(clone.starts()) == 1


def test_a_state_folder_that_lies_elsewhere_lets_git_tell(clone: Clone, tmp_path: Path) -> None:
    quietly(clone, commit("docs/c.md"))
    clone.git("branch", "side")
    clone.git("pack-refs", "--all")
    clone.synced()
    clone.state.rename(tmp_path / "elsewhere")
    clone.state.symlink_to(tmp_path / "elsewhere")
    clone.git("update-ref", "refs/heads/side", "HEAD~")
    clone.fire("post-commit")
    assert len(clone.starts()) == 1


@pytest.mark.parametrize("shell", shells())
@pytest.mark.parametrize(
    ("change", "started"),
    [
        (nothing, 0),
        (lambda clone: clone.git("update-ref", "refs/remotes/origin/other", "HEAD~"), 0),
        (lambda clone: clone.git("update-ref", "refs/remotes/origin/trunk", "HEAD~"), 1),
        (lambda clone: clone.git("update-ref", "-d", "refs/remotes/origin/trunk"), 1),
    ],
    ids=["nothing", "another one moved", "moved", "gone"],
)
def test_the_remote_branch_that_is_read_is_news_when_it_moved(
    clone: Clone, shell: str, change: Callable[[Clone], object], started: int
) -> None:
    quietly(clone, commit("docs/c.md"))
    for name in ("trunk", "other"):
        clone.git("update-ref", f"refs/remotes/origin/{name}", "HEAD")
    clone.synced(default="trunk")
    change(clone)
    clone.fire("post-commit", shell=shell, env={"remote": "refs/remotes"})
    assert len(clone.starts()) == started


# --- Where and when ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hook", "arguments", "noted"),
    [
        ("post-commit", (), ["* post-commit - -"]),
        ("post-merge", ("0",), ["* post-merge - -"]),
        ("post-rewrite", ("amend",), ["* post-rewrite - -"]),
        ("post-checkout", ("a", "b", "1"), ["* post-checkout - -"]),
        ("post-checkout", ("a", "a", "0"), []),
    ],
)
def test_the_request_names_the_hook(
    clone: Clone, hook: str, arguments: tuple[str, ...], noted: list[str]
) -> None:
    clone.state.mkdir()
    assert clone.fire(hook, *arguments).returncode == 0
    assert clone.requests() == noted
    assert len(clone.starts()) == len(noted)


def test_git_fires_the_shims_itself(clone: Clone) -> None:
    clone.state.mkdir()
    clone.commit(**{"TASKS.md": "- [x] one\n"})
    clone.git("commit", "--amend", "-qm", "amended")
    clone.git("checkout", "-qb", "side")
    clone.commit(a="a")
    clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "side")
    causes = [line.split()[1] for line in clone.requests()]
    assert causes == [
        "post-commit",
        *("post-commit", "post-rewrite"),
        *("post-checkout", "post-commit", "post-checkout", "post-merge"),
    ]


def test_python_is_told_the_state_folder_and_a_request_that_is_noted_already(clone: Clone) -> None:
    clone.state.mkdir()
    clone.fire("post-commit")
    [start] = clone.starts()
    assert start.startswith("-I -S ")
    assert start.endswith("hot.py .git/hooks/../kanban-sync ")


def test_without_a_state_folder_the_request_is_handed_over(clone: Clone) -> None:
    clone.fire("post-commit")
    [start] = clone.starts()
    assert start.endswith(f".git/hooks/../kanban-sync {REQUEST}")
    assert not clone.state.exists()


def test_each_linked_work_tree_is_compared_with_its_own_last_sync(
    clone: Clone, tmp_path: Path
) -> None:
    clone.git("config", "core.hooksPath", "/dev/null")
    clone.git("worktree", "add", "-q", tmp_path / "here" / "linked", "-b", "side")
    clone.git("config", "--unset", "core.hooksPath")
    linked = Repo(tmp_path / "here" / "linked")
    clone.synced()
    clone.synced(tree="linked", work_tree=linked.path)
    linked.git("commit", "-q", "--allow-empty", "-m", "empty")
    assert clone.requests() == []
    linked.commit(**{"TASKS.md": "- [x] one\n"})
    assert clone.requests() == ["* post-commit linked -"]
    linked.git("checkout", "-q", "--detach")
    assert clone.requests()[1:] == ["* post-checkout linked -"]


def test_a_work_tree_that_is_just_made_is_named_too(clone: Clone, tmp_path: Path) -> None:
    clone.state.mkdir()
    clone.git("worktree", "add", "-q", tmp_path / "linked")
    assert clone.requests() == ["* post-checkout linked -"]


@pytest.mark.parametrize("name", ["sub", "worktrees/sub"])
def test_a_submodule_is_a_clone_of_its_own(clone: Clone, tmp_path: Path, name: str) -> None:
    outer = Repo.init(tmp_path / "outer")
    outer.git("submodule", "--quiet", "add", "--name", name, clone.path, "sub")
    common = outer.path / ".git" / "modules" / name
    clone.put_shims(str(tmp_path / "python"), folder=common / "hooks")
    (common / "kanban-sync").mkdir()
    inner = Repo(outer.path / "sub")
    inner.commit(**{"TASKS.md": "- [x] one\n"})
    inner.git("checkout", "-q", "--detach")
    noted = (common / "kanban-sync" / "requests").read_text()
    assert noted == "* post-commit - -\n* post-checkout - -\n"


def test_a_commit_from_a_subfolder_finds_the_state_folder(clone: Clone) -> None:
    clone.state.mkdir()
    Repo(clone.path / "docs").git("commit", "-q", "--allow-empty", "-m", "empty")
    assert clone.requests() == [REQUEST]


def test_the_picks_of_a_rebase_are_left_to_its_end(clone: Clone) -> None:
    quietly(clone, commit("base"))
    clone.git("config", "core.hooksPath", "/dev/null")
    clone.git("checkout", "-qb", "side", "HEAD~")
    for number in range(3):
        clone.commit(**{f"file{number}": "x"})
    clone.git("config", "--unset", "core.hooksPath")
    clone.state.mkdir()
    clone.git("rebase", "-q", "main")
    causes = [line.split()[1] for line in clone.requests()]
    assert causes == ["post-checkout", "post-rewrite"]


def test_a_shim_under_core_hookspath_knows_its_state_folder(clone: Clone, tmp_path: Path) -> None:
    elsewhere = tmp_path / "it's elsewhere"
    clone.state.mkdir()
    clone.put_shims(str(tmp_path / "python"), folder=elsewhere, state=str(clone.state))
    clone.git("config", "core.hooksPath", str(elsewhere))
    clone.commit(a="a")
    assert clone.requests() == [REQUEST]
    assert clone.starts()[0].endswith(f"hot.py {clone.state} ")


def test_a_shared_hooks_folder_serves_those_alone_that_were_set_up(
    clone: Clone, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    clone.put_shims(str(tmp_path / "python"), folder=shared, state="shared")
    clone.git("config", "core.hooksPath", str(shared))
    clone.commit(a="a")
    assert clone.starts() == []
    clone.state.mkdir()
    clone.commit(b="b")
    assert clone.requests() == [REQUEST]


# --- The entry for hook frameworks ---------------------------------------------------------


def entry(folder: Path, python: Path) -> Path:
    """Lay the entry into an environment as an installer does."""
    package = folder / "lib" / "python3.11" / "site-packages" / "kanban_sync" / "hooks"
    package.mkdir(parents=True)
    (package / "hot.py").write_text("")
    (folder / "bin").mkdir()
    shutil.copy(python, folder / "bin" / "python")
    return Path(shutil.copy(shims() / "kanban-sync-hook", folder / "bin" / "kanban-sync-hook"))


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ({}, "post-commit"),
        ({"PRE_COMMIT_IS_SQUASH_MERGE": "0"}, "post-merge"),
        ({"PRE_COMMIT_REWRITE_COMMAND": "rebase"}, "post-rewrite"),
        ({"PRE_COMMIT_CHECKOUT_TYPE": "1"}, "post-checkout"),
        ({"PRE_COMMIT_CHECKOUT_TYPE": "0"}, None),
    ],
)
def test_the_entry_finds_its_environment_and_the_clone(
    clone: Clone, tmp_path: Path, told: dict[str, str], cause: str | None
) -> None:
    program = entry(tmp_path / "environment", tmp_path / "python")
    clone.state.mkdir()
    environment = {**os.environ, **told}
    subprocess.run([program], cwd=clone.path, env=environment, check=True, timeout=60)
    assert clone.requests() == ([f"* {cause} - -"] if cause else [])
    for start in clone.starts():
        assert start.endswith(
            f"site-packages/kanban_sync/hooks/hot.py {clone.path}/.git/kanban-sync "
        )
    assert len(clone.starts()) == len(clone.requests())


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_to_the_entry_finds_the_environment_too(
    clone: Clone, tmp_path: Path, absolute: bool
) -> None:
    program = entry(tmp_path / "environment", tmp_path / "python")
    link = tmp_path / "bin" / "kanban-sync-hook"
    link.parent.mkdir()
    link.symlink_to(program if absolute else Path("../environment/bin/kanban-sync-hook"))
    clone.state.mkdir()
    subprocess.run([link], cwd=clone.path, check=True, timeout=60)
    assert clone.requests() == [REQUEST]
    assert len(clone.starts()) == 1


def test_the_entry_of_an_editable_install_asks_where_the_hot_path_is(
    clone: Clone, tmp_path: Path
) -> None:
    program = entry(tmp_path / "environment", tmp_path / "python")
    shutil.rmtree(tmp_path / "environment" / "lib")
    python = tmp_path / "environment" / "bin" / "python"
    hot = tmp_path / "checkout" / "hot.py"
    hot.parent.mkdir()
    hot.write_text("")
    python.rename(python.with_name("recording"))
    python.write_text(
        "#!/bin/sh\n"
        f'[ "$1" != -P ] || {{ echo "{hot}"; exit; }}\n'
        f'exec "{python.with_name("recording")}" "$@"\n'
    )
    python.chmod(0o755)
    clone.state.mkdir()
    subprocess.run([program], cwd=clone.path, check=True, timeout=60)
    assert clone.requests() == [REQUEST]
    assert str(hot) in clone.starts()[0]


@pytest.mark.parametrize(
    ("told", "starts"),
    [({}, 1), ({"PRE_COMMIT": "1"}, 0)],
    ids=["a line in somebody's hook", "a framework that names the stage"],
)
def test_during_a_rebase_the_entry_leaves_only_where_the_stage_is_known(
    clone: Clone, tmp_path: Path, told: dict[str, str], starts: int
) -> None:
    program = entry(tmp_path / "environment", tmp_path / "python")
    quietly(clone, lambda clone: clone.git("checkout", "--quiet", "--detach"))
    clone.state.mkdir()
    (clone.path / ".git" / "rebase-merge").mkdir()
    environment = {**os.environ, **told}
    subprocess.run([program], cwd=clone.path, env=environment, check=True, timeout=60)
    assert len(clone.starts()) == starts


@pytest.mark.parametrize("shell", shells())
def test_a_rebase_that_was_left_unfinished_silences_no_commit_on_a_branch(
    clone: Clone, shell: str
) -> None:
    clone.synced()
    (clone.path / ".git" / "rebase-merge").mkdir()
    quietly(clone, commit("TASKS.md"))
    clone.fire("post-commit", shell=shell)
    assert len(clone.starts()) == 1


def test_the_entry_outside_of_a_repository_is_silent(tmp_path: Path) -> None:
    clone = Clone.make(tmp_path)
    program = entry(tmp_path / "environment", tmp_path / "python")
    answer = subprocess.run([program], cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert answer.stdout + answer.stderr == b""
    assert clone.starts() == []


# --- What people say to it -----------------------------------------------------------------


def test_kanban_sync_0_silences_the_hook(clone: Clone) -> None:
    clone.state.mkdir()
    (clone.state / "notice").write_text("one line\n")
    answer = clone.fire("post-commit", env={"KANBAN_SYNC": "0"})
    assert (answer.returncode, answer.stderr, clone.starts()) == (0, "", [])
    assert clone.requests() == []


def test_a_paused_clone_does_nothing(clone: Clone) -> None:
    clone.state.mkdir()
    (clone.state / "paused").touch()
    (clone.state / "notice").write_text("one line\n")
    answer = clone.fire("post-commit")
    assert (answer.returncode, answer.stderr, clone.starts()) == (0, "", [])
    assert clone.requests() == []


@pytest.mark.parametrize("shell", shells())
@pytest.mark.parametrize("ending", ["\n", "", "\nand another\n"])
def test_a_notice_is_printed_once(clone: Clone, shell: str, ending: str) -> None:
    clone.synced()
    (clone.state / "notice").write_text(r"-n Planka said \n no: `kanban-sync status`" + ending)
    said = clone.fire("post-commit", shell=shell)
    assert said.stderr == r"-n Planka said \n no: `kanban-sync status`" + "\n"
    assert said.stdout == ""
    assert clone.fire("post-commit", shell=shell).stderr == ""


# --- What never fails ----------------------------------------------------------------------


@pytest.mark.parametrize("shell", shells())
def test_a_notice_that_nobody_reads_any_more_fails_no_checkout(clone: Clone, shell: str) -> None:
    clone.synced()
    (clone.state / "notice").write_text("one line\n")
    read, write = os.pipe()
    os.close(read)
    try:
        hook = [shell, str(clone.hooks / "post-checkout"), "a", "b", "1"]
        answer = subprocess.run(hook, cwd=clone.path, stdout=write, stderr=write, check=False)
    finally:
        os.close(write)
    assert answer.returncode == 0


@pytest.mark.parametrize("shell", shells())
@pytest.mark.parametrize("seen", ["if then (", "exit 7", "last=$unset_name", "return 3", "'"])
def test_a_broken_state_folder_fails_no_checkout(clone: Clone, shell: str, seen: str) -> None:
    clone.synced()
    (clone.state / "seen" / "-").write_text(seen + "\n")
    answer = clone.fire("post-checkout", "a", "b", "1", shell=shell)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@pytest.mark.parametrize("shell", shells())
def test_a_python_that_is_gone_is_nobodys_error(clone: Clone, shell: str) -> None:
    clone.put_shims("/nowhere/bin/python")
    clone.state.mkdir()
    answers = [clone.fire("post-checkout", "a", "b", "1", shell=shell) for _ in range(2)]
    assert [(answer.returncode, answer.stdout) for answer in answers] == [(0, "")] * 2
    told = "kanban-sync: the Python that hooks start is gone; run 'kanban-sync install'\n"
    assert [answer.stderr for answer in answers] == [told, ""]
    assert clone.requests() == []


def test_a_python_that_is_gone_once_more_is_told_once_more(clone: Clone, tmp_path: Path) -> None:
    clone.synced()
    python, aside = tmp_path / "python", tmp_path / "aside"
    said = []
    for _ in range(2):
        python.rename(aside)
        said += [clone.fire("post-commit").stderr for _ in range(2)]
        aside.rename(python)
        clone.fire("post-commit")
    assert [bool(each) for each in said] == [True, False] * 2


def test_a_python_that_fails_is_nobodys_error(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho noise; echo noise >&2; exit 3\n")
    clone.state.mkdir()
    answer = clone.fire("post-checkout", "a", "b", "1")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_index_is_not_touched(clone: Clone) -> None:
    clone.synced()
    index = clone.path / ".git" / "index"
    before = index.stat()
    # A file whose time no longer fits is what makes other commands refresh the index.
    os.utime(clone.path / "TASKS.md", (1, 1))
    clone.fire("post-commit", env={"GIT_INDEX_FILE": ".git/index"})
    after = index.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


NOBODY = 65534
UNWRITABLE = (
    "kanban-sync: cannot write to its state folder, so nothing is synced;"
    " run 'kanban-sync doctor'\n"
)


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that another user may read; pytest's own is closed to others."""
    with tempfile.TemporaryDirectory(prefix="kanban-sync-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_somebody_else(clone: Clone) -> subprocess.CompletedProcess[str]:
    """Fire post-checkout as a user who may read everything and write nothing."""
    root = os.geteuid() == 0
    config = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory"}
    return subprocess.run(
        ["sh", ".git/hooks/post-checkout", "a", "b", "1"],
        cwd=clone.path,
        env={**os.environ, **config, "GIT_CONFIG_VALUE_0": "*", "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        user=NOBODY if root else None,
        group=NOBODY if root else None,
        extra_groups=() if root else None,
    )


@pytest.mark.parametrize("made", [True, False], ids=["read-only", "not there"])
def test_a_repository_that_cannot_be_written_is_left_alone_and_told(
    readable: Path, made: bool
) -> None:
    clone = Clone.make(readable)
    clone.starts_file.write_text("")
    clone.starts_file.chmod(0o666)
    if made:
        clone.synced("docs")
        (clone.state / "notice").write_text("one line\n")
        (clone.state / "pending").touch()
        clone.state.chmod(0o555)
    (clone.path / ".git").chmod(0o555)
    answer = as_somebody_else(clone)
    (clone.path / ".git").chmod(0o755)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert answer.stderr == (UNWRITABLE if made else "")
    assert clone.requests() == []
    # Whether a state folder can be made is for python to find out.
    assert len(clone.starts()) == (0 if made else 1)


@pytest.mark.parametrize("shell", shells())
@pytest.mark.parametrize("closed", ["clock", "requests"])
def test_a_commit_that_cannot_be_noted_is_told_and_one_without_tasks_is_not(
    clone: Clone, shell: str, closed: str
) -> None:
    clone.synced()
    (clone.state / closed).mkdir()
    clone.commit(**{"docs/b.md": "b"})
    without = clone.fire("post-commit", shell=shell)
    quietly(clone, commit("TASKS.md"))
    answer = clone.fire("post-commit", shell=shell)
    assert (without.returncode, without.stdout, without.stderr) == (0, "", "")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", UNWRITABLE)
    assert clone.starts() == []


# --- The user's own hook -------------------------------------------------------------------


def chain(clone: Clone, hook: str, text: str, suffix: str = ".before-kanban-sync") -> Path:
    own = clone.hooks / (hook + suffix)
    own.write_text(text)
    own.chmod(0o755)
    return own


@pytest.mark.parametrize("shell", shells())
@pytest.mark.parametrize("silenced", ["", "0"])
def test_the_users_own_hook_runs_first_with_everything_it_is_used_to(
    clone: Clone, tmp_path: Path, shell: str, silenced: str
) -> None:
    clone.state.mkdir()
    out = tmp_path / "out"
    chain(
        clone,
        "post-rewrite",
        f'#!/bin/sh\n{{ echo "$# $1 $GIT_LITERAL_PATHSPECS"; cat; }} >{out}\necho said; exit 9\n',
    )
    answer = clone.fire(
        "post-rewrite",
        "re base",
        shell=shell,
        stdin="old new\n",
        env={"GIT_LITERAL_PATHSPECS": "1", "KANBAN_SYNC": silenced},
    )
    assert out.read_text() == "1 re base 1\nold new\n"
    assert (answer.returncode, answer.stdout) == (9, "said\n")
    assert len(clone.starts()) == (0 if silenced else 1)


def test_a_users_hook_that_is_not_executable_stays_unused(clone: Clone) -> None:
    clone.state.mkdir()
    chain(clone, "post-commit", "#!/bin/sh\nexit 9\n").chmod(0o644)
    assert clone.fire("post-commit").returncode == 0
    assert len(clone.starts()) == 1


@pytest.mark.parametrize("suffix", [".legacy", ".old"])
def test_a_shim_that_was_wrapped_still_runs_what_it_had_chained(clone: Clone, suffix: str) -> None:
    clone.state.mkdir()
    chain(clone, "post-commit", "#!/bin/sh\necho mine\n")
    (clone.hooks / "post-commit").rename(clone.hooks / f"post-commit{suffix}")
    assert clone.fire(f"post-commit{suffix}").stdout == "mine\n"
    assert clone.requests() == [REQUEST]


@pytest.mark.parametrize(
    "second",
    [
        "# File generated by pre-commit: https://pre-commit.com",
        "# File generated by prek: https://github.com/j178/prek",
        "# kanban-sync-shim: 1",
    ],
)
def test_a_shim_that_was_wrapped_does_not_call_its_wrapper_again(clone: Clone, second: str) -> None:
    clone.state.mkdir()
    chain(clone, "post-commit", f"#!/bin/sh\n{second}\necho again\n")
    (clone.hooks / "post-commit").rename(clone.hooks / "post-commit.legacy")
    assert clone.fire("post-commit.legacy").stdout == ""
    assert clone.requests() == [REQUEST]


def test_all_hooks_are_one_script() -> None:
    script = (shims() / "post-commit").read_bytes()
    for name in (*HOOKS, "kanban-sync-hook"):
        assert (shims() / name).read_bytes() == script
        assert os.access(shims() / name, os.X_OK)
