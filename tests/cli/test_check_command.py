"""`kanban-sync check` as people, scripts and hooks call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.program import run_program
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.init(tmp_path)


def test_it_ends_with_1_if_there_is_an_error(repo: Repo) -> None:
    repo.write("TASKS.md", "## P1\n\n- [x] a\n")
    answer = run_program("check", folder=repo.path)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[-1] == "1 file checked: 1 warning"
    repo.write("a/TASKS.md", "- [ ] T-1: a\n- [ ] T-1: b\n")
    answer = run_program("check", "TASKS.md", "--", "a/TASKS.md", folder=repo.path)
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.splitlines()[-1] == "2 files checked: 1 error, 1 warning"
    assert run_program("check", "TASKS.md", folder=repo.path).code == 0


def test_what_cannot_be_read_is_named_on_stderr(repo: Repo) -> None:
    repo.write("roadmap.yaml", "tasks: [\n")
    repo.write("TASKS.md", "- [ ] fine\n")
    answer = run_program("check", folder=repo.path)
    assert answer.code == 1
    assert answer.err == (
        "kanban-sync: roadmap.yaml cannot be read: tasks and cards stay as it last was, until it"
        " can\n"
    )
    assert "roadmap.yaml:2: [bad-yaml]" in answer.out


def test_programs_get_json(repo: Repo) -> None:
    repo.write("TASKS.md", "- [✓] a\n- [ ] T-1: a (depends on T-2)\n")
    data = run_program("check", "--json", "--fix", folder=repo.path).data
    (finding,) = data.pop("findings")
    assert data == {
        "files": 1,
        "errors": 1,
        "warnings": 0,
        "fixed": [{"path": "TASKS.md", "line": 1, "code": "unknown-mark", "was": "✓", "now": "x"}],
    }
    assert finding.pop("message").startswith("no task has the id 'T-2'")
    assert finding == {
        "path": "TASKS.md",
        "line": 2,
        "column": None,
        "code": "unknown-dependency",
        "level": "error",
        "unreadable": False,
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fxi"], "No such option"),
        (["none.md"], "none.md: there is no such file"),
    ],
)
def test_a_call_that_makes_no_sense_is_told(repo: Repo, arguments: list[str], told: str) -> None:
    answer = run_program("check", *arguments, folder=repo.path)
    assert answer.code == 1
    assert answer.err.startswith("kanban-sync: ")
    assert told in answer.err


def test_help_is_there(repo: Repo) -> None:
    assert "--fix" in run_program("check", "--help", folder=repo.path).out


def test_a_path_that_is_no_text_is_shown_all_the_same(repo: Repo) -> None:
    folder = repo.path / "b\udcff"
    folder.mkdir()
    (folder / "TASKS.md").write_text("- [?] a\n")
    answer = run_program("check", folder=repo.path)
    assert answer.code == 1
    assert "[unknown-mark]" in answer.out
    assert run_program("check", "--json", folder=repo.path).data["errors"] == 1


def test_what_a_terminal_would_obey_is_written_out(repo: Repo) -> None:
    repo.write("a\x1b[2J/TASKS.md", "- [ ] T-1: a\n- [ ] T-1: b\n")
    answer = run_program("check", folder=repo.path)
    assert answer.out.startswith("a\\x1b[2J/TASKS.md:2: [duplicate-id]")
