"""How many git processes one pass costs: a handful, whatever the repository holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counted_git import counted
from system.synced_clone import TASKS

if TYPE_CHECKING:
    from pathlib import Path

    from system.synced_clone import SyncedClone

WARM = 3
"""The references, git's settings of branches, and our settings."""

COLD = WARM + 3
"""Besides: the tree, whether the last pass is an ancestor, and the log since then.

The contents come from the process that gave the settings.
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The git calls, written down one a line."""
    return counted(tmp_path, monkeypatch)


def request(clone: SyncedClone) -> None:
    line = "* post-commit - -\n"
    with clone.state.requests.open("a") as file:
        file.write(line)


def passed(clone: SyncedClone, calls: Path) -> list[str]:
    """Serve one request as the detached process does, and return the git calls."""
    request(clone)
    calls.unlink(missing_ok=True)
    clone.run("background", "--state", str(clone.state.path)).check_returncode()
    clone.wait()
    return calls.read_text().splitlines()


def test_a_pass_with_news_costs_a_handful_of_git_processes(clone: SyncedClone, calls: Path) -> None:
    clone.tick("one")
    clone.quietly("commit", "-qam", "tick")
    found = passed(clone, calls)
    assert len(found) == COLD, found
    assert clone.done_on_board() == {"one"}


def test_a_pass_without_news_costs_fewer(clone: SyncedClone, calls: Path) -> None:
    passed(clone, calls)
    found = passed(clone, calls)
    assert len(found) == WARM, found


def test_branches_files_and_commits_cost_no_process_more(clone: SyncedClone, calls: Path) -> None:
    clone.git("branch", "branch")
    clone.tick("one")
    clone.quietly("commit", "-qam", "tick")
    few = passed(clone, calls)
    refs = "".join(f"create refs/heads/branch-{number} HEAD\n" for number in range(300))
    clone.git("update-ref", "--stdin", stdin=refs)
    for number in range(30):
        clone.write(f"area-{number}/{TASKS}", f"- [ ] in area {number}\n")
        clone.git("add", f"area-{number}")
        clone.quietly("commit", "-qm", f"area {number}")
    clone.tick("two")
    clone.quietly("commit", "-qam", "tick")
    many = passed(clone, calls)
    assert len(many) == len(few), many
    assert len(clone.tasks()) >= 30
