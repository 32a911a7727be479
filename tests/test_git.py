"""Git at fixed commits: layers, logs, contents, and what a work tree has checked out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kanban_sync.core.errors import MissingObjectError, RepositoryError
from kanban_sync.core.history import PathChange
from kanban_sync.core.liveness import Liveness
from kanban_sync.git import GitRepository, locate
from kanban_sync.git_output import LATEST, parse_batch, parse_log
from repos import Repo

ALL = (":(top,glob)**/TASKS.md",)

TOLD_OF_REMOTES = {f"remotes/{each}" for each in ("upstream/topic", "origin/mine")}


def opened(repo: Repo, **options: object) -> GitRepository:
    return GitRepository(repo.path / ".git", **options)  # type: ignore[arg-type]


# --- where we are -----------------------------------------------------------------------------


def test_a_place_is_found_from_a_folder_below(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    (repo.path / "a" / "b").mkdir(parents=True)
    place = locate(repo.path / "a" / "b")
    assert place.top == repo.path.resolve()
    assert place.git_dir == place.common_dir == (repo.path / ".git").resolve()
    assert place.worktree == "-"


def test_a_linked_work_tree_has_a_name_and_shares_the_common_folder(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(a="1")
    repo.git("worktree", "add", "-q", str(tmp_path / "wt"), "-b", "other")
    place = locate(tmp_path / "wt")
    assert place.worktree == "wt"
    assert place.common_dir == (repo.path / ".git").resolve()


def test_outside_of_any_repository_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="in no git repository"):
        locate(tmp_path)


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "b")], check=True)
    with pytest.raises(RepositoryError, match="bare repository"):
        locate(tmp_path / "b")


def test_what_git_told_this_process_is_forgotten_but_not_how_to_reach_servers() -> None:
    program = (
        "import os; from kanban_sync.git import forget_environment; forget_environment();"
        "print(*sorted(name for name in os.environ if name.startswith('GIT_')))"
    )
    told = {"GIT_DIR": "/x/.git", "GIT_INDEX_FILE": ".git/index", "GIT_SSH_COMMAND": "ssh -i key"}
    path = str(Path(__file__).parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, **told, "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["GIT_SSH_COMMAND"]


def test_git_is_asked_nothing_before_there_is_a_question(tmp_path: Path) -> None:
    program = (
        "import os; from kanban_sync.git import Git;"
        "print(Git.GIT_PYTHON_GIT_EXECUTABLE, os.environ.get('GIT_PYTHON_GIT_EXECUTABLE'));"
        "print(Git('.').execute(['git', '--version']))"
    )
    (tmp_path / "git").write_text('#!/bin/sh\necho asked "$@" >> "$0.log"\necho "$@"\n')
    (tmp_path / "git").chmod(0o755)
    path = str(Path(__file__).parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, "PYTHONPATH": path, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["git None", "--version"]
    assert (tmp_path / "git.log").read_text() == "asked --version\n"


# --- which branch is read ---------------------------------------------------------------------


def test_the_default_branch_is_read_whatever_is_checked_out(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    main = repo.commit(**{"TASKS.md": "- [ ] a\n"})
    repo.git("switch", "-qc", "feature")
    repo.commit(**{"TASKS.md": "- [x] a\n"})
    assert opened(repo).branch() == ("main", main)


def test_what_is_checked_out_is_read_if_the_user_wants_that(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{"TASKS.md": "- [ ] a\n"})
    repo.git("switch", "-qc", "feature")
    feature = repo.commit(**{"TASKS.md": "- [x] a\n"})
    assert opened(repo, current=repo.path / ".git").branch() == ("feature", feature)
    repo.git("switch", "-q", "--detach")
    assert opened(repo, current=repo.path / ".git").branch() == (feature, feature)


def test_the_remote_says_which_branch_is_the_default_one(tmp_path: Path) -> None:
    remote = Repo.init(tmp_path / "remote")
    remote.git("switch", "-qc", "trunk")
    trunk = remote.commit(a="1")
    subprocess.run(["git", "clone", "-q", str(remote.path), str(tmp_path / "clone")], check=True)
    clone = Repo(tmp_path / "clone")
    clone.git("switch", "-qc", "main")
    clone.commit(b="2")
    assert opened(clone).branch() == ("trunk", trunk)


def test_a_default_branch_that_exists_only_remotely_is_read_from_there(tmp_path: Path) -> None:
    remote = Repo.init(tmp_path / "remote")
    commit = remote.commit(a="1")
    subprocess.run(["git", "clone", "-q", str(remote.path), str(tmp_path / "clone")], check=True)
    clone = Repo(tmp_path / "clone")
    clone.git("switch", "-qc", "feature")
    clone.git("branch", "-qD", "main")
    assert opened(clone).branch() == ("main", commit)


def test_without_any_name_that_is_known_the_checked_out_branch_is_read(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.git("switch", "-qc", "something")
    commit = repo.commit(a="1")
    assert opened(repo).branch() == ("something", commit)


def test_before_the_first_commit_there_is_no_layer(tmp_path: Path) -> None:
    assert opened(Repo.init(tmp_path / "r")).layers(ALL, {}) == ()


def test_the_text_for_the_shim_leaves_the_checked_out_branch_empty(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    commit = repo.commit(a="1")
    repo.git("branch", "zeta")
    repo.git("branch", "alpha")
    form = "%(if:notequals=*)%(HEAD)%(then)%(objectname) %(refname)%(end)"
    expected = repo.git("for-each-ref", f"--format={form}", "refs/heads")
    text = opened(repo).branches("refs/heads/main").text
    assert text.rstrip("\n") == expected.rstrip("\n")
    assert text.splitlines() == [f"{commit} refs/heads/alpha", "", f"{commit} refs/heads/zeta"]


def test_the_text_for_the_shim_has_the_remote_branch_that_the_default_one_follows(
    tmp_path: Path,
) -> None:
    remote = Repo.init(tmp_path / "remote")
    commit = remote.commit(a="1")
    remote.git("branch", "other")
    subprocess.run(["git", "clone", "-q", str(remote.path), str(tmp_path / "clone")], check=True)
    clone = Repo(tmp_path / "clone")
    own = "refs/heads/main"
    remote_line = f"{commit} refs/remotes/origin/main"
    told = (own, f"\n{remote_line}", "refs/remotes/origin/main")
    assert opened(clone).branches(own)[:3] == told
    clone.git("switch", "-qc", "feature")
    clone.git("branch", "-qD", "main")
    _, text, read, *_ = opened(clone).branches("refs/heads/feature")
    assert read == "refs/remotes/origin/main"
    form = "%(if:notequals=*)%(HEAD)%(then)%(objectname) %(refname)%(end)"
    expected = clone.git("for-each-ref", f"--format={form}", "refs/heads", read)
    assert text == expected
    assert expected.splitlines() == ["", f"{commit} {read}"]


def with_remote(path: Path, name: str, branch: str) -> tuple[Repo, str]:
    """Make a clone that calls the place it came from so, and is behind it by one commit."""
    there = Repo.init(path / "there")
    there.git("switch", "-qc", branch)
    there.commit(a="1")
    there.git("clone", "-q", "-o", name, there.path, path / "here")
    here = Repo(path / "here")
    there.git("branch", "topic")
    newest = there.commit(a="2")
    here.git("fetch", "-q", name)
    return here, newest


@pytest.mark.parametrize("name", ["origin", "upstream", "team/shop"])
def test_the_default_branch_is_read_as_fetched_whatever_its_remote_is_called(
    tmp_path: Path, name: str
) -> None:
    here, newest = with_remote(tmp_path, name, "trunk")
    followed = f"refs/remotes/{name}/trunk"
    assert opened(here).branch() == ("trunk", newest)
    assert opened(here).branches("refs/heads/trunk").remote == followed
    here.git("switch", "-qc", "feature")
    here.git("branch", "-qD", "trunk")
    assert opened(here).branch() == ("trunk", newest)
    assert opened(here).branches("refs/heads/feature").remote == followed
    assert opened(here).published() == (str(tmp_path / "there"), "trunk")


def test_a_fork_reads_the_default_branch_from_where_it_follows(tmp_path: Path) -> None:
    here, newest = with_remote(tmp_path, "upstream", "main")
    fork = Repo.init(tmp_path / "fork", "--bare")
    here.git("remote", "add", "origin", str(fork.path))
    here.git("push", "-q", "origin", "main", "main:refs/heads/mine")
    here.git("remote", "set-head", "origin", "main")
    assert opened(here).branch() == ("main", newest)
    here.git("switch", "-q", "--track", "-c", "local", "main")
    here.git("branch", "-q", "--set-upstream-to=local", "main")
    # What it follows is here, and fetched by nobody.
    assert opened(here).branches("refs/heads/local").remote == "refs/remotes/origin/main"


def test_branches_of_the_remote_that_the_default_branch_follows_may_be_layers(
    tmp_path: Path,
) -> None:
    here, newest = with_remote(tmp_path, "upstream", "main")
    for remote in ("origin", "other"):
        here.git("update-ref", f"refs/remotes/{remote}/mine", "main")
    told = {
        remote: set(opened(here, liveness=Liveness(remote=remote)).others("main", newest))
        for remote in (True, False)
    }
    assert told == {False: {"main (local)"}, True: {"main (local)", *TOLD_OF_REMOTES}}


# --- layers -----------------------------------------------------------------------------------


def test_a_layer_holds_the_watched_files_and_the_commits_that_changed_them(
    tmp_path: Path,
) -> None:
    repo = Repo.init(tmp_path / "r")
    first = repo.commit(**{"TASKS.md": "- [ ] a\n", "other": "x"})
    repo.commit(other="y")
    second = repo.commit(**{"sub/TASKS.md": "- [ ] b\n"})
    (layer,) = opened(repo).layers(ALL, {})
    assert list(layer.tree) == ["TASKS.md", "sub/TASKS.md"]
    assert [entry.commit for entry in layer.log] == [first, second]
    assert layer.log[1].changes == (PathChange("sub/TASKS.md", ("",), layer.tree["sub/TASKS.md"]),)
    assert layer.tip == second


def test_only_what_is_new_is_listed_where_the_last_tip_is_an_ancestor(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    first = repo.commit(**{"TASKS.md": "- [ ] a\n"})
    second = repo.commit(**{"TASKS.md": "- [x] a\n"})
    (layer,) = opened(repo).layers(ALL, {"main": first})
    assert (layer.since, [entry.commit for entry in layer.log]) == (first, [second])
    repo.git("reset", "-q", "--hard", first)
    third = repo.commit(**{"TASKS.md": "- [ ] b\n"})
    (layer,) = opened(repo).layers(ALL, {"main": second})
    assert (layer.since, [entry.commit for entry in layer.log]) == ("", [first, third])


def test_a_tip_that_is_gone_for_good_means_to_start_over(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    first = repo.commit(**{"TASKS.md": "- [ ] a\n"})
    (layer,) = opened(repo).layers(ALL, {"main": "1" * 40})
    assert (layer.since, [entry.commit for entry in layer.log]) == ("", [first])


def test_a_merge_tells_what_each_of_its_parents_had(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{"TASKS.md": "- [ ] a\n- [ ] b\n\n\n\n- [ ] c\n"})
    repo.git("switch", "-qc", "side")
    side = repo.commit(**{"TASKS.md": "- [x] a\n- [ ] b\n\n\n\n- [ ] c\n"})
    repo.git("switch", "-q", "main")
    main = repo.commit(**{"TASKS.md": "- [ ] a\n- [ ] b\n\n\n\n- [x] c\n"})
    repo.git("merge", "-q", "--no-edit", "side")
    (layer,) = opened(repo).layers(ALL, {})
    merge = layer.log[-1]
    assert {entry.commit for entry in layer.log[1:-1]} == {side, main}
    assert merge.commit == layer.tip
    assert merge.parents == (main, side)
    assert len(merge.changes[0].old) == 2
    assert merge.changes[0].new == layer.tree["TASKS.md"]


def test_a_merge_that_takes_a_side_as_it_is_is_told(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    first = repo.commit(**{"TASKS.md": "- [ ] a\n"})
    repo.git("switch", "-qc", "side")
    side = repo.commit(**{"TASKS.md": "- [x] a\n"})
    repo.git("switch", "-q", "main")
    repo.commit(other="x")
    repo.git("merge", "-q", "--no-edit", "-s", "ours", "side", "-m", "commit :100644\n\n:100644 a")
    (layer,) = opened(repo).layers(ALL, {})
    merge, old = layer.log[-1], layer.tree["TASKS.md"]
    ticked = repo.git("rev-parse", "side:TASKS.md")
    assert (merge.commit, merge.parents) == (layer.tip, (first, side))
    assert merge.changes == (PathChange("TASKS.md", (old, ticked), old),)


def test_the_commit_at_which_a_shallow_clone_was_cut_changed_nothing(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{"TASKS.md": "- [ ] a\n"})
    repo.commit(**{"TASKS.md": "- [ ] b\n"})
    last = repo.commit(**{"TASKS.md": "- [ ] c\n"})
    subprocess.run(
        ["git", "clone", "-q", "--depth=2", f"file://{repo.path}", str(tmp_path / "s")],
        check=True,
    )
    (layer,) = opened(Repo(tmp_path / "s")).layers(ALL, {})
    assert [entry.commit for entry in layer.log] == [last]


def test_symbolic_links_and_submodules_are_not_read(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    (repo.path / "TASKS.md").symlink_to("/etc/passwd")
    repo.git("add", "-A")
    repo.commit(**{"sub/TASKS.md": "- [ ] a\n"})
    (layer,) = opened(repo).layers(ALL, {})
    assert list(layer.tree) == ["sub/TASKS.md"]


def test_a_link_that_replaces_a_file_counts_as_its_removal(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{"TASKS.md": "- [ ] a\n"})
    (repo.path / "TASKS.md").unlink()
    (repo.path / "TASKS.md").symlink_to("elsewhere")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "link")
    (layer,) = opened(repo).layers(ALL, {})
    assert layer.log[-1].changes[0].new == ""
    assert layer.tree == {}


@pytest.mark.parametrize("name", ["ünï/TASKS.md", "with space/TASKS.md", 'quo"te/TASKS.md'])
def test_paths_come_back_as_they_are(tmp_path: Path, name: str) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{name: "- [ ] a\n"})
    (layer,) = opened(repo).layers(ALL, {})
    assert list(layer.tree) == [name]
    assert layer.log[0].changes[0].path == name


def test_paths_that_differ_only_in_bytes_that_are_no_text_stay_two(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    for name in (b"\xfe", b"\xff"):
        folder = os.fsencode(repo.path) + b"/" + name
        Path(os.fsdecode(folder)).mkdir()
        Path(os.fsdecode(folder + b"/TASKS.md")).write_bytes(b"- [ ] " + name.hex().encode())
    repo.commit()
    (layer,) = opened(repo).layers(ALL, {})
    assert list(layer.tree) == ["\\xfe/TASKS.md", "\\xff/TASKS.md"]


@pytest.mark.parametrize("name", ["a\u2028b", "a\vb", "a\nb", "\n"])
def test_a_folder_with_a_line_end_in_its_name_is_found(tmp_path: Path, name: str) -> None:
    repo = Repo.init(tmp_path / name / "r")
    assert locate(repo.path).top == repo.path


@pytest.mark.parametrize(
    ("date", "time"),
    [("-5", 0), ("", 0), ("99999999999999999999", LATEST), ("1700000000", 1700000000)],
)
def test_a_date_that_git_cannot_tell_is_no_obstacle(tmp_path: Path, date: str, time: int) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.write("TASKS.md", "- [ ] a\n")
    repo.git("add", "-A")
    text = f"tree {repo.git('write-tree')}\nauthor a <a> 1 +0000\ncommitter a <a> {date} +0000\n\nm"
    commit = repo.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=text)
    repo.git("update-ref", "refs/heads/main", commit)
    (layer,) = opened(repo).layers(ALL, {})
    assert [entry.time for entry in layer.log] == [time]
    assert opened(repo).root(commit) == commit


# --- settings of the user ---------------------------------------------------------------------

SIGN = """\
#!/bin/sh
case $* in
*--verify*) echo '[GNUPG:] GOODSIG 0 me'; echo 'gpg: Good signature from me' >&2 ;;
*) cat >/dev/null; echo '[GNUPG:] SIG_CREATED D' >&2; echo signature ;;
esac
"""

SETTINGS = {
    "log.showSignature": "true",
    "log.showRoot": "false",
    "log.follow": "true",
    "log.diffMerges": "separate",
    "log.decorate": "full",
    "log.date": "relative",
    "log.abbrevCommit": "true",
    "log.mailmap": "false",
    "format.pretty": "fuller",
    "format.notes": "true",
    "notes.displayRef": "refs/notes/*",
    "color.ui": "always",
    "color.diff": "always",
    "core.abbrev": "7",
    "core.quotePath": "true",
    "diff.renames": "copies",
    "diff.relative": "true",
    "diff.noprefix": "true",
    "diff.orderFile": "order",
    "diff.submodule": "log",
    "diff.ignoreSubmodules": "all",
    "diff.wordRegex": ".",
    "status.short": "true",
    "status.branch": "true",
    "status.showUntrackedFiles": "no",
    "status.relativePaths": "true",
    "status.renames": "copies",
    "status.showStash": "true",
}


def test_what_git_is_asked_has_the_same_answer_whatever_the_user_has_set(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    sign = repo.write(".git/sign", SIGN)
    sign.chmod(0o755)
    repo.write("order", "b/*\n")
    repo.git("config", "gpg.program", str(sign))
    repo.git("config", "commit.gpgSign", "true")
    root = repo.commit(**{"a/TASKS.md": "- [ ] a\n", "b/TASKS.md": "- [ ] b\n"})
    repo.git("notes", "add", "-m", "a note")
    repo.git("switch", "-qc", "side")
    repo.commit(**{"a/TASKS.md": "- [x] a\n"})
    repo.git("switch", "-q", "main")
    (repo.path / "c").mkdir()
    repo.git("mv", "b/TASKS.md", "c/TASKS.md")
    repo.commit(**{"a/TASKS.md": "- [ ] a!\n"})
    repo.git("merge", "-q", "-s", "ours", "--no-commit", "side")
    repo.commit(**{"a/TASKS.md": "- [x] a!\n"})
    repo.write("d/TASKS.md", "- [ ] d\n")
    assert "gpgsig" in repo.git("cat-file", "commit", root)

    def answers() -> tuple[object, ...]:
        git = opened(repo)
        uncommitted = git.uncommitted(repo.path, repo.path / ".git", ALL)
        single = git.layers((":(top)c/TASKS.md",), {})
        return git.layers(ALL, {}), single, git.root("HEAD"), uncommitted, git.heads()

    plain = answers()
    different: list[str] = []
    for name, value in SETTINGS.items():
        repo.git("config", name, value)
        if answers() != plain:
            different.append(name)
        repo.git("config", "--unset", name)
    assert different == []
    assert plain[2] == root


# --- contents ---------------------------------------------------------------------------------


def test_contents_come_back_byte_for_byte(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    (repo.path / "TASKS.md").write_bytes(b"\xef\xbb\xbf- [ ] a\r\n\x00\xff")
    (repo.path / "empty").write_bytes(b"")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "c")
    git = opened(repo)
    tree = git.tree(git.branch()[1], (":(top)",))
    assert git.read(tree.values()) == {
        tree["TASKS.md"]: b"\xef\xbb\xbf- [ ] a\r\n\x00\xff",
        tree["empty"]: b"",
    }
    assert git.content(tree["TASKS.md"]) == b"\xef\xbb\xbf- [ ] a\r\n\x00\xff"
    git.close()


def test_a_repository_with_longer_ids_is_read_like_any_other(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r", "--object-format=sha256")
    repo.commit(**{"TASKS.md": "- [ ] a\n"})
    git = opened(repo)
    (layer,) = git.layers(ALL, {})
    blob = layer.tree["TASKS.md"]
    assert len(blob) == 64
    assert git.content(blob) == b"- [ ] a\n"
    assert git.file_at(layer.tip, "TASKS.md") == b"- [ ] a\n"
    assert git.file_at(layer.tip, "nothing") is None
    git.close()


def test_an_object_that_is_missing_is_named_with_the_remedy(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(a="1")
    git = opened(repo)
    with pytest.raises(MissingObjectError, match="git fsck"):
        git.content("1" * 40)
    with pytest.raises(MissingObjectError, match="git fsck"):
        git.read(["1" * 40])
    assert git.file_at("HEAD", "nothing.yaml") is None
    assert git.file_at("HEAD", "a") == b"1"
    git.close()


def test_the_oldest_root_names_a_repository_without_an_id(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    root = repo.commit_at(1_000_000, a="1")
    repo.git("switch", "-q", "--orphan", "other")
    repo.commit_at(2_000_000, b="1")
    repo.git("merge", "-q", "--no-edit", "--allow-unrelated-histories", "main")
    assert opened(repo).root(repo.git("rev-parse", "HEAD").strip()) == root


def test_uncommitted_watched_files_are_named(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{"TASKS.md": "- [ ] a\n", "other": "1"})
    repo.write("TASKS.md", "- [x] a\n")
    repo.write("other", "2")
    repo.write("new/TASKS.md", "- [ ] n\n")
    assert opened(repo).uncommitted(repo.path, repo.path / ".git", ALL) == [
        "TASKS.md",
        "new/TASKS.md",
    ]


# --- what git prints --------------------------------------------------------------------------


def test_an_octopus_merge_has_as_many_former_contents_as_parents() -> None:
    ids, merge, new = ["a" * 40, "b" * 40, "c" * 40], "e" * 40, "d" * 40
    head = f"commit {merge} {' '.join(ids)} (from {{}})\ncommitter a <a> 123 +0000\n\n    :m\n\n"
    first = f"{head.format(ids[0])}:100644 100644 {ids[0]} {new} M\0TASKS.md\0\0"
    last = f"{head.format(ids[2])}:000000 100644 {'0' * 40} {new} A\0TASKS.md\0\0"
    (read,) = parse_log(f"{first}{last}")
    assert (read.time, read.parents) == (123, tuple(ids))
    # Where it is as a parent had it, git says nothing.
    assert read.changes == (PathChange("TASKS.md", (ids[0], new, ""), new),)


def test_a_log_without_entries_is_empty() -> None:
    assert parse_log("") == []


def test_a_batch_with_line_ends_inside_is_cut_by_size() -> None:
    output = b"aa blob 4\n\n\nx\n\nbb blob 0\n\n"
    assert parse_batch(["aa", "bb"], output) == {"aa": b"\n\nx\n", "bb": b""}


# --- where the default branch is published --------------------------------------------------------


def test_a_branch_without_a_remote_is_published_nowhere_by_its_own_name(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    assert GitRepository(repo.path / ".git").published() == ("", "")
    repo.commit()
    assert GitRepository(repo.path / ".git").published() == ("", "main")


def test_the_default_branch_is_published_where_its_upstream_is(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit()
    repo.git("remote", "add", "origin", "git@github.com:me/fork.git")
    repo.git("remote", "add", "upstream", "git@github.com:them/shop.git")
    assert _published(repo) == ("git@github.com:me/fork.git", "main")
    repo.git("config", "branch.main.remote", "upstream")
    repo.git("config", "branch.main.merge", "refs/heads/trunk/next")
    repo.git("checkout", "-q", "-b", "side")
    assert _published(repo) == ("git@github.com:them/shop.git", "trunk/next")


def test_a_clone_without_the_default_branch_knows_it_from_its_remote(tmp_path: Path) -> None:
    origin = Repo.init(tmp_path / "origin")
    origin.commit()
    origin.git("clone", "-q", origin.path, tmp_path / "clone")
    clone = Repo(tmp_path / "clone")
    clone.git("checkout", "-q", "--detach")
    clone.git("branch", "-q", "-D", "main")
    assert _published(clone) == (str(origin.path), "main")


def _published(repo: Repo) -> tuple[str, str]:
    return GitRepository(repo.path / ".git").published()
