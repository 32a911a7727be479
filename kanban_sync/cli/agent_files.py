"""Writes what agents read of kanban-sync into a work tree: a skill, and a part of AGENTS.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.agents.instructions import AGENTS_PART, BEGIN, END, PRIME, SKILL_HEAD, with_part
from kanban_sync.core.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

SKILL_FILE = ".claude/skills/kanban-sync/SKILL.md"
AGENTS_FILE = "AGENTS.md"

PARTS = {SKILL_FILE: (SKILL_HEAD, PRIME), AGENTS_FILE: ("", AGENTS_PART)}
"""File -> what a new one begins with, and our part of it."""


def write_agent_files(top: Path) -> list[str]:
    """Write both, and return the paths of those that changed.

    Raises:
        SetupError: Our marks in a file are not a pair, or the file cannot be written.
    """
    changed: list[str] = []
    for name, (head, part) in PARTS.items():
        place = top / name
        if not place.resolve().is_relative_to(top.resolve()):
            raise SetupError(f"{place} leads out of the work tree; nothing was written there")
        try:
            if _write(place, head, part):
                changed.append(name)
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(
                f"{place} cannot be written: {error}; nothing in it was changed"
            ) from error
    return changed


def _write(place: Path, head: str, part: str) -> bool:
    """Write our part of a file, whoever else has written there; False if it is there already."""
    before = place.read_bytes().decode() if place.exists() else None
    after = with_part(head if before is None else before, part)
    if after is None:
        raise SetupError(
            f"{place}: the marks around the part of kanban-sync are not one pair; correct them to"
            f" '{BEGIN}' and '{END}', or take both out, and try again"
        )
    if after == before:
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    # A link is followed: AGENTS.md is often another name of a file.
    place.write_bytes(after.encode())
    return True
