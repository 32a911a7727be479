"""The page on `check` shows what its own examples lead to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from docs.documents import document, matches, table, words
from kanban_sync.check.finding import Excerpts
from kanban_sync.check.judge import check
from kanban_sync.core.findings import CODES, LEVELS
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

    from docs.documents import Block

PAGE = document("reference/check.md")
HEADING = re.compile(r"^### (.+)$", re.MULTILINE)
MENDED = {row[0].strip("`"): bool(row[2]) for row in table(PAGE.text)}


def _examples() -> dict[str, list[Block]]:
    """Return the blocks below the heading of each code."""
    lines = PAGE.text.splitlines()
    found: dict[str, list[Block]] = {code: [] for code in HEADING.findall(PAGE.text)}
    for block in PAGE.blocks():
        above = HEADING.findall("\n".join(lines[: block.line - 1]))
        if above:
            found[above[-1]].append(block)
    return found


EXAMPLES = _examples()


def _write(repo: Repo, block: Block) -> None:
    if block.text.startswith("-> "):
        (repo.path / block.title).symlink_to(block.text.removeprefix("-> ").strip())
    else:
        repo.write(block.title, "")
        text = block.text.replace("\u2400", "\0").encode()
        (repo.path / block.title).write_bytes(text.replace("\u2426".encode(), b"\xe9"))


def test_every_code_is_described_with_its_level_and_an_example() -> None:
    described = {words(row[0])[0]: row[1] for row in table(PAGE.text)}
    assert described == dict(CODES)
    assert set(EXAMPLES) == set(CODES)
    assert all(level in LEVELS for level in CODES.values())


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_leads_to_what_is_shown(code: str, tmp_path: Path) -> None:
    *files, shown = EXAMPLES[code]
    repo = Repo.init(tmp_path)
    for block in files:
        _write(repo, block)

    result = check(str(tmp_path))

    lines: list[str] = []
    for finding in result.findings:
        lines += [finding.line(), *Excerpts(result.contents).of(finding.problem)]
    assert matches(shown.text.splitlines(), "\n".join(lines)), lines
    assert {finding.problem.code for finding in result.findings} == {code}


@pytest.mark.parametrize("code", EXAMPLES)
def test_what_is_said_to_be_mended_is_mended(code: str, tmp_path: Path) -> None:
    *files, _ = EXAMPLES[code]
    repo = Repo.init(tmp_path)
    for block in files:
        _write(repo, block)

    result = check(str(tmp_path), fix=True)

    assert bool(result.fixed) is MENDED[code]
