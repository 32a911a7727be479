"""What holds for every source: nothing that a file says makes it fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.records import document_from_json, document_to_json
from kanban_sync.sources import SOURCES

PATHS = [
    "TASKS.md",
    "openspec/changes/a/tasks.md",
    "openspec/changes/a/proposal.md",
    "roadmap.yaml",
    ".mosaic/orchestrator/mission.json",
]
CASES = [(name, path) for name in SOURCES for path in PATHS]

PIECES = st.sampled_from(
    [b"- [ ] a", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"```", b"~~~", b"<!--", b"-->",
     b"## P0", b"  - **ID**: x", b"<<<<<<< a", b"---", b"===", b"[", b"**", b"~~", b"  ", b"\t"]
)  # fmt: skip


@pytest.mark.parametrize(("name", "path"), CASES)
@given(data=st.one_of(st.binary(), st.lists(PIECES).map(b"".join)))
def test_no_contents_make_a_source_fail(name: str, path: str, data: bytes) -> None:
    document = SOURCES[name].parse(path, data)

    assert document_from_json(document_to_json(document)) == document
    assert document.readable or not document.tasks or name == "tasks-md"
    assert all(problem.path == path for problem in document.problems)


def test_each_source_is_listed_under_its_own_name() -> None:
    assert {name: source.NAME for name, source in SOURCES.items()} == {
        name: name for name in SOURCES
    }


@pytest.mark.parametrize(
    ("name", "path"), [("tasks-md", PATHS[0]), ("openspec", PATHS[1]), ("openspec", PATHS[2])]
)
@pytest.mark.parametrize(
    "text",
    [
        "- [" + " " * 400_000,
        "#" + " " * 400_000 + "x",
        "_" * 400_000 + "x",
        "<!--" * 100_000,
        "x<!---->" * 50_000,
        "- [ ] a <!-- b\n" * 10_000 + "\n-->",
        "- [ ] " + "~~a~~" * 80_000,
        "- [ ] " + "(@a " * 100_000,
        "- [ ] A" + "1" * 400_000,
        "- " * 200_000 + "```",
    ],
    ids=lambda text: text[:12],
)
def test_no_long_line_takes_quadratic_time(name: str, path: str, text: str) -> None:
    """Each takes milliseconds; quadratic time would be hours, and the run would be ended."""
    assert SOURCES[name].parse(path, text.encode()).readable
