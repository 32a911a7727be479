"""Nothing of the machine reaches a test, and a run says what it left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from repos import GitError, NotIsolatedError, Repo

TESTS = Path(__file__).parents[1]


def test_git_knows_only_the_test_person(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit(**{"a/b.md": "x\r\n"})
    assert repo.git("log", "--format=%an <%ae>") == "Test Person <person@example.org>"
    assert repo.git("show", "HEAD:a/b.md") == "x\r"
    assert repo.git("config", "--show-origin", "--get-regexp", "^user").count(os.environ["HOME"])


def test_a_git_without_a_place_finds_no_repository() -> None:
    with pytest.raises(GitError, match="not a git repository"):
        Repo(Path.cwd()).git("status")


def test_git_without_isolation_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    with pytest.raises(NotIsolatedError):
        Repo.init(tmp_path)


def test_commits_have_the_time_and_the_files_they_were_given(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path)
    first = repo.commit_at(1_700_000_000, "one", kept="k", gone="g")
    second = repo.commit_at(1_700_000_007, "two", gone=None)
    assert repo.git("log", "--format=%H %ct") == f"{second} 1700000007\n{first} 1700000000"
    assert repo.git("ls-files") == "kept"


def run_pytest(
    folder: Path, *options: str, env: dict[str, str] | None = None, **tests: str
) -> tuple[int, str]:
    """Run `tests`, as modules of their own, below a copy of the conftest."""
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text(encoding="utf-8"))
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    needs: a server\n")
    for name, text in tests.items():
        (folder / f"test_{name}.py").write_text(f"import os, pytest\n{text}\n")
    # Else it would end with throwing away what earlier runs on this machine have left.
    own = ("-p", "no:cacheprovider", f"--basetemp={folder / '.base'}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *own, *options, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TESTS), **(env or {})},
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout


SKIPS = {
    "by_call": "def test_a(): pytest.skip('no reason')",
    "by_mark": "@pytest.mark.skip(reason='no reason')\ndef test_a(): pass",
    "by_expected_failure": "def test_a(): pytest.xfail('no reason')",
    "whole_module": "pytest.skip('no reason', allow_module_level=True)",
}


@pytest.mark.parametrize("options", [(), ("-n1",)], ids=["alone", "xdist"])
def test_ci_fails_on_skipped_tests_and_names_each(tmp_path: Path, options: tuple[str, ...]) -> None:
    options = ("--continue-on-collection-errors", *options)
    code, said = run_pytest(tmp_path, *options, env={"CI": "true"}, **SKIPS)
    assert code != 0
    for name in SKIPS:
        assert f"CI allows no skipped test: test_{name}.py" in said
    assert "no reason" in said
    assert "2 failed, 2 errors in" in said.splitlines()[-1]


def test_a_skipped_test_fails_nothing_elsewhere(tmp_path: Path) -> None:
    code, said = run_pytest(tmp_path, env={"CI": "false"}, **SKIPS)
    assert code == 0
    assert "3 skipped, 1 xfailed" in said


NEEDY = """
def test_a(): pass
@pytest.mark.needs("planka")
def test_b(planka_url): assert planka_url == "http://127.0.0.1:1"
"""


def test_a_suite_without_its_server_is_not_collected_and_named(tmp_path: Path) -> None:
    code, said = run_pytest(tmp_path, env={"CI": "true"}, needy=NEEDY)
    *_, before, closing = said.splitlines()
    assert code == 0
    assert before == "Not collected, no address given: a real Planka (KANBAN_SYNC_TEST_PLANKA_URL)."
    assert "1 passed" in closing


def test_a_suite_with_its_server_is_run(tmp_path: Path) -> None:
    address = {"KANBAN_SYNC_TEST_PLANKA_URL": "http://127.0.0.1:1"}
    code, said = run_pytest(tmp_path, env=address, needy=NEEDY)
    assert code == 0
    assert "2 passed" in said
    assert "Not collected" not in said


def test_a_test_that_changes_the_surroundings_of_others_is_an_error(tmp_path: Path) -> None:
    _, said = run_pytest(
        tmp_path,
        environment="def test_a(): os.environ['LEFT'] = '1'",
        place="def test_a(): os.chdir('/')",
        tidy="def test_a(monkeypatch): monkeypatch.setenv('LEFT', '2')",
    )
    assert "left behind, use monkeypatch instead: LEFT" in said
    assert "left behind, use monkeypatch instead: the working folder" in said
    assert "3 passed, 2 errors" in said.splitlines()[-1]


def test_the_machine_cannot_steer_a_test(tmp_path: Path) -> None:
    machine = {"GIT_DIR": "/x", "KANBAN_SYNC": "0", "PLANKA_URL": "http://x", "http_proxy": "x"}
    test = f"def test_a(): assert not {set(machine)} & set(os.environ)"
    code, said = run_pytest(tmp_path, env=machine, steered=test)
    assert code == 0, said
