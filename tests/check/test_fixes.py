"""What ``--fix`` mends: these characters, no other byte, and only where nothing can be lost."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.check import fixes
from kanban_sync.check.fixes import Sick, mended, spelling
from kanban_sync.check.judge import check
from kanban_sync.check.rules import File, Known, unknown_dependencies
from kanban_sync.core.errors import EditError
from kanban_sync.core.ports import DEFAULTS
from kanban_sync.sources import SOURCES
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

PATHS = {
    "tasks-md": "TASKS.md",
    "roadmap": "roadmap.yaml",
    "mission": ".mosaic/orchestrator/mission.json",
}


def fixed(data: bytes, source: str = "tasks-md") -> bytes:
    """Return what becomes of a file, alone in its repository."""
    path, reader = PATHS[source], SOURCES[source]
    document = reader.parse(path, data)
    file = File(source, path, document, gone_is_done=reader.gone_means_done(document))
    known = Known([file])
    problems = [*document.problems, *unknown_dependencies([file], known)]
    after, _ = mended(Sick(file, data, problems, reader, DEFAULTS), known)
    return after


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("in-progess", "in-progress"),
        ("In Progres", "In Progress"),
        ("IN_PROGRSES", "IN_PROGRESS"),
        ("blokced", "blocked"),
        ("reviewx", "review"),
        ("complte", "complete"),
        ("pendng", "pending"),
        ("dome", ""),
        ("donee", "done"),
        ("todoo", "todo"),
        ("TODDO", "TODO"),
        ("in progress", "In progress"),
        ("someday-ish", ""),
        ("größer", ""),
        ("x" * 100, ""),
        ("", ""),
    ],
)
def test_a_status_is_recognised_but_for_one_letter(word: str, meant: str) -> None:
    found = spelling(word)
    assert found.lower() == meant.lower()
    assert not meant or len(meant) <= len(word) + 1


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("tasks-md", "- [✓] a\n- [✔️] b\n- [ｘ ] c\n", "- [x] a\n- [x] b\n- [ｘ ] c\n"),  # noqa: RUF001
        ("tasks-md", "- [?] a [✓]\n", "- [?] a [✓]\n"),
        ("tasks-md", "- [✓] a [✓]\n", "- [✓] a [✓]\n"),
        (
            "tasks-md",
            "|id|status|title|\n|-|-|-|\n|A-1|blokced|a|\n|A-2|blokced|b|\n",
            "|id|status|title|\n|-|-|-|\n|A-1|blocked|a|\n|A-2|blocked|b|\n",
        ),
        (
            "tasks-md",
            "|id|status|title|\n|-|-|-|\n|A-1|blokced|a|\n|A-2|blokced|not blokced|\n",
            "|id|status|title|\n|-|-|-|\n|A-1|blokced|a|\n|A-2|blokced|not blokced|\n",
        ),
        (
            "tasks-md",
            "### T-1: a\nStatus: in-progess\n\nin-progess-bar\n",
            "### T-1: a\nStatus: in-progress\n\nin-progess-bar\n",
        ),
        (
            "tasks-md",
            "# B\n## To Do\n### a\n- Labels: x\n## Reveiw\n### b\n- Labels: x\n## Done\n",
            "# B\n## To Do\n### a\n- Labels: x\n## Reveiw\n### b\n- Labels: x\n## Done\n",
        ),
        (
            "tasks-md",
            "- [ ] T-1: a\n- [ ] T-2: b\n  - Depends on: t-1, T-9\n- [ ] c (depends on T1)\n",
            "- [ ] T-1: a\n- [ ] T-2: b\n  - Depends on: T-1, T-9\n- [ ] c (depends on T-1)\n",
        ),
        (
            "tasks-md",
            "- [ ] T-1: a\n- [ ] T1: b\n- [ ] c (depends on t1)\n",
            "- [ ] T-1: a\n- [ ] T1: b\n- [ ] c (depends on t1)\n",
        ),
        (
            "tasks-md",
            "## P1\n- [ ] a\n  - **ID**: a-b\n- [ ] b\n  - **Blocked by**: A_B\n",
            "## P1\n- [ ] a\n  - **ID**: a-b\n- [ ] b\n  - **Blocked by**: a-b\n",
        ),
        (
            "tasks-md",
            "- [ ] T-11: a\n- [ ] T-12: b (depends on T-1.1)\n- [ ] c (depends on T1-1)\n",
            "- [ ] T-11: a\n- [ ] T-12: b (depends on T-1.1)\n- [ ] c (depends on T1-1)\n",
        ),
        (
            "tasks-md",
            "|ID|Status|Depends on|\n|-|-|-|\n|A-1|todo|a1|\n|A-2|todo|A_3|\n|A-3|todo||\n",
            "|ID|Status|Depends on|\n|-|-|-|\n|A-1|todo|a1|\n|A-2|todo|A-3|\n|A-3|todo||\n",
        ),
        (
            "roadmap",
            "tasks:\n- {id: A-1, status: pendng}  # pendng\n- id: B\n  dependencies: [a1]\n",
            "tasks:\n- {id: A-1, status: pendng}  # pendng\n- id: B\n  dependencies: [A-1]\n",
        ),
        (
            "roadmap",
            "tasks:\n- id: A\n  status: 'pendng'\n",
            "tasks:\n- id: A\n  status: 'pending'\n",
        ),
        (
            "mission",
            '{"milestones": [\n {"id": "M1",\n "status": "completd"}]}',
            '{"milestones": [\n {"id": "M1",\n "status": "completed"}]}',
        ),
        ("roadmap", "tasks:\n- id: A\n - id: B\n", "tasks:\n- id: A\n - id: B\n"),
    ],
)
def test_what_is_sure_is_mended_and_the_rest_is_left(source: str, before: str, after: str) -> None:
    assert fixed(before.encode(), source).decode() == after
    for odd in ("\ufeff{}", "{}\n\n", "{}"):
        lines = odd.format(before).replace("\n", "\r\n").encode()
        assert fixed(lines, source) == odd.format(after).replace("\n", "\r\n").encode()


PIECES = st.sampled_from(
    ["- [✓] a\n", "- [ ] T-1: a\n", "  - Status: blokced\n", "- [ ] b (depends on t1)\n",
     "|id|status|\n|-|-|\n|A-1|reveiw|\n", "## Done\n", "## To Do\n", "### T-2: c\n", "blokced\n",
     "Status: reveiw\n", "```\n", "\n", "\r\n", "é ✓\n", "- [x] d\n", "  - [✓] e\n", "\xff", "\t"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_every_line_that_says_nothing_wrong_stays_as_it_is(text: str) -> None:
    data = text.encode("latin-1", "ignore") if "\xff" in text else text.encode()
    after = fixed(data)
    wrong = ("✓", "blokced", "reveiw", "t1")
    before_lines, after_lines = data.split(b"\n"), after.split(b"\n")
    assert len(before_lines) == len(after_lines)
    for one, other in zip(before_lines, after_lines, strict=True):
        assert one == other or any(word.encode() in one for word in wrong)
    assert fixed(after) == after


# --- writing ------------------------------------------------------------------------------------

BAD = "- [✓] a\r\n- [ ] b"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "work")
    repo.write("TASKS.md", BAD)
    return repo


def names(repo: Repo) -> set[str]:
    return {path.name for path in repo.path.iterdir()}


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(repo: Repo) -> None:
    path = repo.path / "TASKS.md"
    path.chmod(0o640)
    result = check(str(repo.path), fix=True)
    assert [each.text() for each in result.fixed] == [
        "TASKS.md:1: [unknown-mark] mended: '✓' is 'x' now"
    ]
    assert result.findings == ()
    assert path.read_bytes() == b"- [x] a\r\n- [ ] b"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(repo) == {".git", "TASKS.md"}


def test_a_file_that_was_changed_meanwhile_is_left(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repo.path / "TASKS.md"
    mend = fixes.mended

    def slow(sick: Sick, known: Known) -> tuple[bytes, list[fixes.Fixed]]:
        path.write_text("- [✓] somebody else's\n")
        return mend(sick, known)

    monkeypatch.setattr(fixes, "mended", slow)
    result = check(str(repo.path), fix=True)
    assert result.fixed == ()
    assert path.read_text() == "- [✓] somebody else's\n"
    assert names(repo) == {".git", "TASKS.md"}


def test_without_the_option_nothing_is_written(repo: Repo) -> None:
    before = (repo.path / "TASKS.md").stat()
    check(str(repo.path))
    assert (repo.path / "TASKS.md").stat() == before


def test_files_that_are_not_named_are_not_mended(repo: Repo) -> None:
    repo.write("a/TASKS.md", BAD)
    assert [each.path for each in check(str(repo.path), ["a"], fix=True).fixed] == ["a/TASKS.md"]
    assert (repo.path / "TASKS.md").read_bytes() == BAD.encode()


def test_nothing_is_mended_while_git_is_in_the_middle_of_something(repo: Repo) -> None:
    (repo.path / ".git" / "MERGE_HEAD").write_text("")
    with pytest.raises(EditError, match="a merge is under way"):
        check(str(repo.path), fix=True)
    assert (repo.path / "TASKS.md").read_bytes() == BAD.encode()
