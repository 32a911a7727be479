"""A check starts nothing and imports nothing that it can do without: it runs before each commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kanban_sync.cli.start import is_plain_check
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

SLOW = {"click", "dataclasses", "difflib", "git", "httpx", "inspect", "json", "pathlib", "ruamel"}
SLOW |= {"subprocess", "tempfile", "yaml"}


def imported(repo: Repo, *arguments: str) -> set[str]:
    """Return what a run imports after Python itself has started."""
    call = [sys.executable, "-X", "importtime", "-m", "kanban_sync", *arguments]
    done = subprocess.run(call, cwd=repo.path, capture_output=True, text=True, check=True)
    names = re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE)
    started = names.index("site") if "site" in names else 0
    return {name.partition(".")[0] for name in names[started:]} | set(names[started:])


def test_a_check_imports_nothing_slow(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path)
    repo.write("TASKS.md", "## P1\n- [ ] a\n  - **ID**: a-a\n  - **Blocked by**: b-b\n")
    repo.write("openspec/changes/one/tasks.md", "## 1. A\n- [ ] 1.1 a\n")
    repo.write(".kanban-sync.yaml", "project_id: a1\n# sources:\n")
    repo.git("add", "-A")
    names = ["TASKS.md", "openspec/changes/one/tasks.md"]
    found = imported(repo, "check", *names)
    assert found & SLOW == set()
    assert "kanban_sync.sources.checkboxes" in found
    assert "kanban_sync.sources.roadmap_tasks" not in found


def test_a_check_of_named_files_asks_git_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo.init(tmp_path / "work")
    repo.write("TASKS.md", "- [ ] a\n")
    repo.git("add", "-A")
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    call = [sys.executable, "-m", "kanban_sync", "check", "TASKS.md"]
    done = subprocess.run(call, cwd=repo.path, check=True, capture_output=True, env={**os.environ})
    assert done.stderr == b""
    assert trace.read_text().count("built-in: git") == 1


@pytest.mark.parametrize(
    ("arguments", "is_plain"),
    [
        (["check"], True),
        (["check", "--fix", "--json", "a", "b"], True),
        (["check", "--help"], False),
        (["check", "--", "-odd-name"], False),
        (["files"], False),
        ([], False),
        (["--version"], False),
    ],
)
def test_only_plain_words_go_the_short_way(arguments: list[str], is_plain: bool) -> None:
    assert is_plain_check(arguments) is is_plain


def test_what_files_are_read_is_told_without_the_library_of_the_commands(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path)
    repo.commit(**{"TASKS.md": "- [ ] a\n"})
    assert "click" not in imported(repo, "files", "--json")
