"""What is read at once is read as line by line: for any file, in every field of every task."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.findings import DUPLICATE_ID, TOO_LARGE
from kanban_sync.core.limits import Limits
from kanban_sync.core.model import ParsedTask
from kanban_sync.sources.checkboxes import is_v1, read, read_by_line
from kanban_sync.sources.plain_blocks import read_quickly

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]

WORDS = [
    "Mend the tap", "tea", "straße  und Weg", "完了 する", "🚧 dig", "a | b", "T-1: go", "T-1",
    "S3 bucket", "S3 again", "1.2 go", "3 retries", "P1 go", "~~gone~~ done", "tea (@ada)",
    "tea (@ada) now", "wait (depends on T-1)", "wait (Blocked by: tea)", "[P] go", "[US1] go",
    "see [US](x)", "see #tag", "see #12", "`code`", "```", "- [ ] box", "- ```", "* tea",
    "x\u00a0y", "x\ty", "x\u2028y", "x\x1cy", " lead", "trail ", "", " ", "_so_", "Rotate (4)",
    "-->", "A-B-1 go", "a <!-- b", "a <!-- b --> c", "(x)", ": x", "status: done", "legend",
]  # fmt: skip
PLAIN = ["Mend the tap", "Measure it again (4)", "straße", "Rotate keys", "dig, dig"]
MARKS = [" ", " ", " ", "x", "X", "~", "", "?", "  "]
MARKERS = ["- ", "- ", "- ", "- ", "* ", "1. ", "-  ", "-\t", "+ "]
INDENTS = ["", "", "", "  ", "  ", "    ", " ", "   ", "\t", "      "]
LABELS = [
    "**ID**: {}", "**Tags**: {}", "**Details**: {}", "**Files**: {}", "**Acceptance**: {}",
    "**Blocked by**: {}", "**ID**:{}", "**ID:** {}", "__ID__: {}", "**Id**: {}", "**Notes**: {}",
    "**Status**: {}", "Status: {}", "**Depends on**: {}", "**Tags**:  {} ",
]  # fmt: skip
VALUES = [
    "a-1", "a-2", "a-3", "T-1", "a, B, a", "none", "-", "`x`", "x y", "", " x", "x ", "x\u00a0",
    "x  y", "*x*", "x: y", "a、b", "done", "T-1 ~ 3", "```",
]  # fmt: skip
LINES = [
    "", "", "", " ", "# Tasks", "## P0", "## P3", "## P1 and more", "### API", "## Part 2",
    "## To Do", "## Done", "## Legend", "### T-7: Dig", "## 2. Dig", "  ## in", "   # in",
    "#tag", "#", "words", "words: more", "Legend", "  more words", " more", "    deep", "\tdeep",
    "---", "===", "  ---", "```", "  ```", "~~~", "    ```", "<!-- x -->", "<!--", "-->",
    "> - [ ] quoted", "  > quoted", "- item", "  - item", "  - Status: done", "Status: done",
    "| id | status |", "|---|---|", "| T-1 | done |", "| a-1 | done |", "* * *", "...", "\u2028",
    "- [ ]", "- [x]", "- [ ](x)", "- []", "\x0b- [ ] x", "1. one",
]  # fmt: skip


def pick(draw: st.DrawFn, things: Sequence[str]) -> str:
    return draw(st.sampled_from(things))


@st.composite
def odd_boxes(draw: st.DrawFn) -> str:
    return f"{pick(draw, INDENTS)}{pick(draw, MARKERS)}[{pick(draw, MARKS)}] {pick(draw, WORDS)}"


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """Return a block that is plain, but for one thing here and there."""
    is_plain = draw(st.sampled_from([True, True, False]))
    words = PLAIN if is_plain else WORDS
    lines = [f"- [{' ' if is_plain else pick(draw, MARKS)}] {pick(draw, words)}"]
    for _ in range(draw(st.integers(0, 3))):
        indent = "  " if is_plain else pick(draw, ["  ", "  ", "    ", "", "\t"])
        lines.append(f"{indent}- {pick(draw, LABELS).format(pick(draw, VALUES))}")
    steps = draw(st.lists(st.sampled_from(words), max_size=2))
    return "\n".join([*lines, *(f"  - [{pick(draw, ' xX')}] {each}" for each in steps)])


@st.composite
def values_in_order(draw: st.DrawFn) -> str:
    """Return a block as the specification v1.0 shows it."""
    labels = ("ID", "Tags", "Details", "Files", "Acceptance", "Blocked by")
    chosen = [each for each in labels if draw(st.booleans())]
    values = [f"  - **{each}**: {pick(draw, VALUES)}" for each in chosen]
    steps = draw(st.lists(st.sampled_from(PLAIN).map("  - [x] {}".format), max_size=2))
    return "\n".join([f"- [ ] {pick(draw, PLAIN)}", *values, *steps])


BOXES = st.builds("- [{}] {}".format, st.sampled_from("  xX"), st.sampled_from(PLAIN))
PIECES = st.one_of(BOXES, BOXES, values_in_order(), blocks(), odd_boxes(), st.sampled_from(LINES))
FIXED = st.sampled_from(["", "", "", "", "v1.0", "numbered", "plain", "kanban"])


@st.composite
def files(draw: st.DrawFn) -> str:
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    lines = "\n".join(draw(st.lists(PIECES, min_size=1, max_size=14))).split("\n")
    return end.join(lines) + draw(st.sampled_from(["", end, end * 3]))


def is_read_alike(text: str, fixed: str = "") -> bool:
    """Tell whether a file is read at once, after a look at whether that is done rightly."""
    quick = read_quickly(text, fixed)
    if quick is None:
        return False
    slow = read_by_line("", text.encode(), fixed)
    assert quick.document == slow
    assert [type(task) for task in quick.document.tasks] == [ParsedTask] * len(slow.tasks)
    # Boxes without words are counted, and are no tasks.
    assert quick.boxes >= sum(1 for task in slow.tasks for _ in task.walk())
    return True


@given(files(), FIXED)
def test_what_is_read_at_once_is_read_as_line_by_line(text: str, fixed: str) -> None:
    is_read_alike(text, fixed)


ALIKE = ["# Tasks", "## API", "### API", "API\n---", "## P0", "### P0", "## To Do", "### Done"]


@given(st.lists(st.one_of(st.sampled_from(ALIKE), BOXES, blocks()), min_size=3), FIXED)
def test_headings_that_are_called_alike_are_told_apart_as_line_by_line(
    lines: list[str], fixed: str
) -> None:
    is_read_alike("\n".join(lines), fixed)


@pytest.mark.parametrize("fixed", ["", "v1.0", "plain"])
def test_each_odd_thing_beside_plain_ones_is_read_the_same(fixed: str) -> None:
    forms = [
        (LINES, "- [ ] tea\n{}\n- [ ] milk"),
        (LINES, "{}\n\n- [ ] tea\n\n{}\n\n- [x] milk\n{}"),
        (LINES, "- [ ] tea\n  - **ID**: a\n{}\n  - [x] milk"),
        (LINES, "{}\ntext\n- [ ] tea\n\n{}\n---\n- [ ] milk\n\n```"),
        (WORDS, "- [ ] tea\n- [x] {}\n- [ ] milk"),
        (WORDS, "- [ ] {}\n  - [x] milk\n  - [ ] {}\n- [ ] milk\n  - [ ] bread"),
        (WORDS, "# {}\n- [ ] {}\n  - **ID**: a\n\n## {}\n\n- [ ] tea"),
        (MARKS, "- [ ] tea\n- [{}] tea\n  - [{}] milk"),
        (MARKERS, "- [ ] tea\n{}[ ] milk\n- [ ] bread\n  {}[ ] jam"),
        (INDENTS, "- [ ] tea\n{}- [ ] milk\n{}- **ID**: a\n\n{}- [ ] bread"),
    ]
    for odd_things, form in forms:
        for odd in odd_things:
            is_read_alike(form.replace("{}", odd), fixed)
    for label in LABELS:
        for value in VALUES:
            said = label.format(value)
            is_read_alike(f"- [ ] tea\n  - {said}\n- [ ] milk\n  - **ID**: b-1", fixed)
            is_read_alike(f"- [ ] tea\n  - **ID**: b-1\n  - {said}\n  - {said}", fixed)


def plain_file() -> list[str]:
    lines = ["# Tasks"]
    for number in range(24):
        lines += ["", f"## Part {number // 6}", ""] if number % 6 == 0 else []
        indent, mark = "  " * (number % 5 == 4), " x"[number % 3 == 0]
        lines.append(f"{indent}- [{mark}] Measure the query again ({number})")
    return lines


def v1_file() -> list[str]:
    lines = ["# Tasks"]
    for number in range(16):
        lines += ["", f"## P{number // 4}", ""] if number % 4 == 0 else []
        lines += ["- [ ] Rotate the keys", f"  - **ID**: task-{number}"]
        if number % 4 == 0:
            lines += [f"  - **Tags**: a, b{number % 7}", "  - **Details**: Words about it."]
        if number % 5 == 1:
            lines += [f"  - **Blocked by**: task-{number - 1}", "  - [x] Look it up"]
    return lines


@pytest.mark.parametrize("lines", [plain_file(), v1_file()], ids=["plain", "v1.0"])
def test_plain_files_are_read_at_once_whatever_their_ends(lines: list[str]) -> None:
    for end in ("\n", "\r\n"):
        assert is_read_alike(end.join(lines))
        assert is_read_alike(end.join([*lines, "", ""]))


@given(st.sampled_from([plain_file(), v1_file()]), st.data())
def test_one_odd_thing_in_a_plain_file_changes_nothing_else(
    lines: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(lines)))
    end = min(len(lines), start + data.draw(st.integers(0, 3)))
    odd = data.draw(st.lists(st.one_of(st.sampled_from(LINES), odd_boxes(), blocks()), max_size=2))
    is_read_alike("\n".join([*lines[:start], *odd, *lines[end:]]))


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("- [ ] tea", True),
        ("- [x] tea\n\n\n- [ ] milk\n", True),
        ("# A\n## API\n- [ ] tea\n# B\n## API\n- [ ] milk", True),
        ("Words.\n\n- [ ] tea\n  - [x] milk\n\nMore words.\n\n- [ ] bread", True),
        ("- [ ] tea\n- [?] milk\n- [ ] T-1: bread\n- [ ] T-1: jam\n", True),
        ("- [ ] tea\n- [ ] [P] milk (@ada)\n  - a remark\n\n  and more\n- [ ] jam #x", True),
        ("```\n- [ ] no task\n\n```\n- [ ] tea", False),
        ("- [ ] tea\n  ```\n  - [ ] no task\n  ```\n- [ ] milk", True),
        ("- [ ] tea\n\n```\n- [ ] T-1: milk", False),
        ("## Legend\n- [ ] open\n## P1\n- [ ] tea", False),
        ("Legend:\n\n- [ ] open", False),
        ("---\n- [ ] tea\n\n---\n- [ ] milk", False),
        ("- [ ] tea <!-- for two -->", False),
        ("## To Do\n- [ ] tea\n## Done\n- [ ] milk", False),
        ("| id | status |\n|---|---|\n| T-1 | done |\n\n- [ ] tea", False),
        ("## T-1: tea\n- [ ] water", False),
        ("- [ ] tea\nwith milk", False),
        ("- [ ] tea\n\n    with milk", False),
        ("## P1\n- [ ] tea\n- [x] milk", False),
        ("- [ ] tea\n  - **ID**: a\n- [ ] milk\n  - **ID**: a", False),
        ("- [ ] tea\n  - **Details**: hot", False),
        ("", False),
        ("Nothing to do.", False),
    ],
)  # fmt: skip
def test_files_are_read_at_once_up_to_what_means_more(text: str, is_plain: bool) -> None:
    assert is_read_alike(text) is is_plain


def test_documents_of_all_kinds_are_read_the_same() -> None:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert found
    for path in found:
        is_read_alike(path.read_text(encoding="utf-8"))
        is_read_alike("- [ ] tea\n\n" + path.read_text(encoding="utf-8"))


def large(*odd: str) -> bytes:
    lines = [f"- [ ] {words}\n  - **ID**: a-{number}" for number, words in enumerate(["tea"] * 999)]
    return "\n".join([*lines, *odd]).encode()


def test_problems_of_a_large_file_name_its_path_and_line() -> None:
    (problem,) = read("docs/TASKS.md", large("- [ ] T-1: x", "- [ ] T-1: y")).problems
    assert (problem.path, problem.line, problem.code) == ("docs/TASKS.md", 2000, DUPLICATE_ID)


def test_a_large_file_with_too_many_tasks_is_refused() -> None:
    (problem,) = read("TASKS.md", large(), limits=Limits(tasks=998)).problems
    assert problem.code == TOO_LARGE
    assert len(read("TASKS.md", large(), limits=Limits(tasks=999)).tasks) == 999


def test_a_large_file_is_known_for_v1() -> None:
    assert is_v1(large())
    assert not is_v1(b"# P0\n" + b"- [ ] tea\n" * 2000)


@pytest.mark.parametrize("is_on", [True, False])
def test_collections_go_on_as_before(is_on: bool) -> None:
    was_on = gc.isenabled()
    try:
        gc.enable() if is_on else gc.disable()
        read_quickly("- [ ] tea")
        assert gc.isenabled() is is_on
    finally:
        gc.enable() if was_on else gc.disable()
