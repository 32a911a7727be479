"""Globs match what git matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources import SOURCES
from kanban_sync.sources.globs import covered, excludes, exclusions, matches_any
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

PATHS = [
    "TASKS.md",
    "a",
    "b/a",
    "b/b/a",
    "b/.a",
    ".a/b",
    "ab/ba",
    "a b/ü.md",
    "c/a[1].md",
    "c/a1.md",
    "c/a*",
    "c/A",
    "docs/TASKS.md",
    "docs/deep/TASKS.md",
    "docs/tasks.md",
    "openspec/config.yaml",
    "openspec/schemas/x/schema.yaml",
    "openspec/changes/a/tasks.md",
    "openspec/changes/a/TASKS.md",
    "openspec/changes/archive/2025-01-01-b/specs/c/spec.md",
    "test/fixtures/openspec/changes/b/tasks.md",
    "test/fixtures/TASKS.md",
    "test/openspec",
    "xopenspec/changes/a/tasks.md",
    "roadmap.yaml",
    "state/roadmap.yaml",
    ".mosaic/orchestrator/mission.json",
    ".kiro/specs/a/tasks.md",
    "specs/a/tasks.md",
    "_kanban.md",
]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.init(tmp_path_factory.mktemp("globs"))
    for path in PATHS:
        repo.write(path, path)
    repo.git("add", "--all")
    return repo


def listed(repo: Repo, *pathspecs: str) -> list[str]:
    return sorted(filter(None, repo.git("ls-files", "-z", "--", *pathspecs).split("\0")))


GLOBS = [
    "TASKS.md", "**/TASKS.md", "docs", "docs/", "docs/*", "docs/**", "**", "*", "**/", "*/a",
    "**/a", "b/**/a", "b**", "b**/a", "?", "?/a", "c/a[1].md", "c/a\\[1].md", "c/a\\*", "[ab]",
    "[!a]*", "[^a]*", "[a-b]/a", "[b-a]", "[]a]", "[a", "c/[[:upper:]]", "c/[[:lower:]]", ".a",
    "*.md", "a b/*", "**/fixtures", "**/fixtures/**", "**/openspec/changes/**", "open*/config.*",
    "docs/TASKS.md/", "do", "***/a", "c\\", "[[:none:]]", "b/[.]a", "b/?a", "[c]/a1.md",
]  # fmt: skip


@pytest.mark.parametrize("glob", GLOBS)
def test_a_glob_covers_what_git_says_it_covers(repo: Repo, glob: str) -> None:
    ours = covered((glob,), PATHS)
    assert ours == [path for path in PATHS if matches_any((glob,), path)]

    assert sorted(ours) == listed(repo, f":(top,glob){glob}")


@given(st.text("ab*?[]!^-/\\.c", min_size=1, max_size=8).filter(lambda glob: glob[0] != "/"))
def test_any_glob_covers_what_git_says_it_covers(repo: Repo, glob: str) -> None:
    if ".." in glob or "//" in glob or "/./" in f"/{glob}/":
        return  # git works out such paths, settings have none
    ours = covered((glob,), PATHS)
    assert ours == [path for path in PATHS if matches_any((glob,), path)]

    assert sorted(ours) == listed(repo, f":(top,glob){glob}")


@pytest.mark.parametrize("glob", ["test", "test/", "**/fixtures", "**/TASKS.md", "docs/*", "**/a"])
def test_an_exclusion_takes_away_in_git_what_it_takes_away_here(repo: Repo, glob: str) -> None:
    ours = [path for path in PATHS if not excludes([glob], path)]

    assert sorted(ours) == listed(repo, ":(top,glob)**", *exclusions([glob]))


@pytest.mark.parametrize("exclude", [(), ("test/fixtures",), ("**/deep", "openspec/changes/a")])
@pytest.mark.parametrize("name", SOURCES)
def test_the_pathspecs_of_a_source_leave_out_none_of_its_files(
    repo: Repo, name: str, exclude: tuple[str, ...]
) -> None:
    source, settings = SOURCES[name], SourceSettings(exclude=exclude)
    seen = listed(repo, *source.pathspecs(settings))

    wanted = sorted(path for path in PATHS if source.matches(path, settings))

    assert wanted
    assert set(wanted) <= set(seen)
    assert not any(excludes(exclude, path) for path in seen)


def test_the_sources_share_no_file(tmp_path: Path) -> None:
    settings = SourceSettings()

    for path in PATHS:
        assert sum(source.matches(path, settings) for source in SOURCES.values()) <= 1
