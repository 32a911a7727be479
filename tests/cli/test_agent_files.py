"""``kanban-sync prime`` and ``init --agents``: what agents are told, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.program import run_program
from kanban_sync.agents.instructions import AGENTS_PART, BEGIN, END, PRIME, with_part
from kanban_sync.cli.agent_files import AGENTS_FILE, SKILL_FILE, write_agent_files
from kanban_sync.core.errors import SetupError
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

OURS = f"{BEGIN}\npart\n{END}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{OURS}\n"),
        ("# Mine\n", f"# Mine\n\n{OURS}\n"),
        ("# Mine", f"# Mine\n\n{OURS}\n"),
        (
            "# Mine\r\n",
            f"# Mine\r\n\r\n{OURS}\n".replace(f"{OURS}\n", f"{OURS}\n".replace("\n", "\r\n")),
        ),
        (f"a\n{BEGIN}\nold\n\n{END}\nb", f"a\n{OURS}\nb"),
        (f"a\n{BEGIN}\nold", None),
        (f"a\n{END}\n", None),
        (f"{END}\n{BEGIN}\n", None),
        (f"{OURS}\n{OURS}\n", None),
    ],
)
def test_only_our_part_of_a_file_is_written(before: str, after: str | None) -> None:
    assert with_part(before, "part\n") == after
    if after is not None:
        assert with_part(after, "part\n") == after


def test_what_agents_are_told_is_short(tmp_path: Path) -> None:
    assert run_program("prime", folder=tmp_path).out == PRIME
    assert len(PRIME) / 3 <= 450
    assert len(AGENTS_PART.splitlines()) + 2 <= 45


def test_agents_are_told_once_and_what_others_wrote_stays(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path)
    repo.commit(**{"TASKS.md": "- [ ] one\n", AGENTS_FILE: "# Rules\n\nBe kind.\n"})
    first = run_program("init", "--yes", "--agents", folder=repo.path)
    assert f"wrote {AGENTS_FILE}; commit it" in first.out
    assert f"wrote {SKILL_FILE}; commit it" in first.out
    told = (repo.path / AGENTS_FILE).read_text()
    assert told.startswith("# Rules\n\nBe kind.\n\n")
    assert PRIME in told
    skill = (repo.path / SKILL_FILE).read_text()
    assert skill.startswith("---\nname: kanban-sync\ndescription: ")
    assert PRIME in skill
    assert write_agent_files(repo.path) == []


def test_a_file_that_cannot_be_told_apart_or_leads_elsewhere_is_left(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / AGENTS_FILE).write_text(f"{BEGIN}\n")
    with pytest.raises(SetupError, match="are not one pair"):
        write_agent_files(top)
    (top / AGENTS_FILE).unlink()
    (tmp_path / "elsewhere").touch()
    (top / AGENTS_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupError, match="leads out of the work tree"):
        write_agent_files(top)
    assert (tmp_path / "elsewhere").read_text() == ""
