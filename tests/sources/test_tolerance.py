"""All that stands in real task files and is none, or is odd: read, told or refused, never lost.

One row for each thing that a reader has to survive, in a file of tasks and in a change of OpenSpec,
which counts boxes wherever they stand.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.limits import MIB, USUAL
from kanban_sync.core.ports import DEFAULTS, SourceSettings
from kanban_sync.sources import SOURCES
from kanban_sync.sync.inventory import inventory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.core.model import Document

TASKS, CHANGE, ROADMAP = "TASKS.md", "openspec/changes/a/tasks.md", "roadmap.yaml"
MISSION = ".mosaic/orchestrator/mission.json"
READERS = {TASKS: "tasks-md", CHANGE: "openspec", ROADMAP: "roadmap", MISSION: "mission"}

TOO_MANY = USUAL.file_size * MIB

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ntasks:\n- {id: T, notes: *c}\n"


def parse(path: str, text: str | bytes) -> Document:
    data = text if isinstance(text, bytes) else text.encode()
    return SOURCES[READERS[path]].parse(path, data)


def told(document: Document) -> list[str]:
    return [problem.code for problem in document.problems]


@pytest.mark.parametrize(
    ("text", "people_mean", "openspec_counts"),
    [
        pytest.param("```\n- [ ] no\n```\n- [ ] a\n", 1, 2, id="boxes in code fences"),
        pytest.param("~~~ text\n- [ ] no\n~~~~\n- [ ] a\n", 1, 2, id="boxes in other fences"),
        pytest.param("> - [ ] no\n\n- [ ] a\n", 1, 1, id="boxes in quotes"),
        pytest.param("<!--\n- [ ] no\n-->\n- [ ] a\n", 1, 2, id="boxes in comments"),
        pytest.param("<!-- - [ ] no -->\n- [ ] a\n", 1, 1, id="a box in a comment of one line"),
        pytest.param("## Legend\n- [ ] open\n## Work\n- [ ] a\n", 1, 2, id="boxes in a legend"),
        pytest.param("- [~] a\n- [/] b\n- [!] c\n- [-] d\n- [>] e\n", 5, 5, id="other marks"),
        pytest.param("- [ ] ~~a~~\n", 1, 1, id="a struck title"),
        pytest.param("- [ ] 🚀 a：b（c）\n- [x] ✅ 完了。\n", 2, 2, id="emoji, full width"),  # noqa: RUF001
        pytest.param("- [ ] a\r\n  - [ ] b\r\n", 2, 2, id="line ends of Windows"),
        pytest.param("\ufeff- [ ] a\n", 1, 1, id="a byte order mark"),
        pytest.param("- [ ] a\n\n\n   \n- [ ] b", 2, 2, id="no line end at the end"),
        pytest.param("", 0, 0, id="nothing"),
    ],
)
def test_what_is_a_task(text: str, people_mean: int, openspec_counts: int) -> None:
    for path, count in ((TASKS, people_mean), (CHANGE, openspec_counts)):
        document = parse(path, text)
        assert sum(1 for top in document.tasks for _ in top.walk()) == count
        assert document.problems == ()


@pytest.mark.parametrize(
    ("mark", "status"),
    [("~", "in_progress"), ("/", "in_progress"), ("!", "blocked"), ("-", "cancelled"),
     (">", "backlog")],
)  # fmt: skip
def test_what_other_marks_mean(mark: str, status: str) -> None:
    assert [task.status.value for task in parse(TASKS, f"- [{mark}] a\n").tasks] == [status]
    assert [task.status.value for task in parse(CHANGE, f"- [{mark}] a\n").tasks] == ["todo"]


def test_one_id_in_a_table_and_in_a_checklist_is_one_task() -> None:
    document = parse(
        TASKS,
        "|id|status|title|\n|-|-|-|\n|A-1|done|One|\n|A-2|todo|Two|\n\n"
        "- [x] A-1: One\n  - [ ] below\n- [x] A-2: Two\n- [ ] A-3: Three\n",
    )
    assert [task.id for task in document.tasks] == ["A-1", "A-2", "A-3"]
    assert [child.title for child in document.tasks[0].children] == ["below"]
    assert told(document) == ["box-disagrees"]
    assert "the box counts" in document.problems[0].message
    assert [task.status.value for task in document.tasks] == ["done", "done", "todo"]


def test_a_row_counts_beside_a_box_that_is_not_ticked() -> None:
    document = parse(TASKS, "|id|status|title|\n|-|-|-|\n|A-1|done|One|\n\n- [ ] A-1: One\n")
    assert "the table counts" in document.problems[0].message
    assert [task.status.value for task in document.tasks] == ["done"]


@pytest.mark.parametrize(
    ("waits", "ids"),
    [
        ("A-1..A-3", ["A-1", "A-2", "A-3"]),
        ("A-09 – A-11", ["A-09", "A-10", "A-11"]),  # noqa: RUF001
        ("T1~T3, T9", ["T1", "T2", "T3", "T9"]),
        ("A-1 to A-2", ["A-1", "A-2"]),
        ("A-1..A-9999", ["A-1..A-9999"]),
    ],
)
def test_a_range_of_ids_stands_for_all_of_them(waits: str, ids: list[str]) -> None:
    (task,) = parse(TASKS, f"- [ ] a\n  - **Depends on:** {waits}\n").tasks
    assert list(task.depends_on) == ids


def test_a_range_in_a_title_or_a_row_is_no_id() -> None:
    assert parse(TASKS, "- [ ] **T-001 ~ 013** a\n").tasks[0].id == ""
    rows = "|id|status|title|\n|-|-|-|\n|T-1 … T-9|todo|several|\n|T-10|todo|one|\n"
    assert [task.id for task in parse(TASKS, rows).tasks] == ["T-10"]


@pytest.mark.parametrize(
    ("path", "text"),
    [(TASKS, "- [ ] a ÿ b\n- [x] c\n"), (CHANGE, "- [ ] a ÿ b\n- [x] c\n"),
     (ROADMAP, "tasks:\n- id: A\n  title: ÿ\n"), (MISSION, '{"milestones": [{"id": "ÿ"}]}')],
)  # fmt: skip
def test_bytes_that_are_no_utf_8_spoil_only_themselves(path: str, text: str) -> None:
    whole, broken = parse(path, text), parse(path, text.encode("latin-1"))
    assert broken.readable
    assert len(broken.tasks) == len(whole.tasks) > 0


POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:"
    b"4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
CONFLICT = "<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n"
GOOD = {
    TASKS: "- [ ] a\n",
    CHANGE: "- [ ] a\n",
    ROADMAP: "tasks:\n- id: A\n",
    MISSION: '{"milestones": [{"id": "A"}]}\n',
}


BROKEN = [
    *((path, CONFLICT.format(good, good).encode(), "conflict") for path, good in GOOD.items()),
    *((path, good.encode() + b"\0", "unreadable") for path, good in GOOD.items()),
    *((path, good.encode("utf-16"), "unreadable") for path, good in GOOD.items()),
    *(
        (path, good.encode() + b" " * USUAL.file_size * MIB, "too-large")
        for path, good in GOOD.items()
    ),
    *((path, POINTER, "unreadable") for path in GOOD),
    *((path, b"\r\n<!DOCTYPE html>\n<p>- [ ] a\n", "unreadable") for path in GOOD),
    (ROADMAP, b"tasks: [{id: A", "bad-yaml"),
    (MISSION, b'{"milestones": [{"id"', "bad-json"),
    (MISSION, b'{"milestones": [{"id": "A", "name": "\\ud83d"}]}', "bad-json"),
    (MISSION, b'{"milestones": [{"id": "A", "\\uDE00\\ud83d": "n"}]}', "bad-json"),
    (ROADMAP, b'tasks:\n- id: "\\ud83d"\n', "bad-yaml"),
]


@pytest.mark.parametrize(("path", "data", "code"), BROKEN, ids=lambda value: str(value)[:20])
def test_what_cannot_be_read_says_nothing_of_tasks(path: str, data: bytes, code: str) -> None:
    document = parse(path, data)
    assert document.tasks == ()
    assert not document.readable
    assert told(document) == [code]
    assert "Until then the file counts as it last was" in document.problems[0].message


def test_half_a_character_is_told_where_it_stands_and_a_whole_one_is_read() -> None:
    (problem,) = parse(
        MISSION, '{"milestones":\n  [{"id": "A", "name": "\\\\ \\ud83d!"}]}'
    ).problems
    assert (problem.line, problem.column) == (2, 28)
    assert "half a character here (\\ud83d)" in problem.message
    whole = '{"milestones": [{"id": "A", "name": "\\uD83D\\uDE00 \\\\ud83d"}]}'
    assert parse(MISSION, whole).tasks[0].title == "\U0001f600 \\ud83d"


def _wide(bomb: str) -> str:
    return bomb.replace("[x, x]", f"[{', '.join(['x'] * 5000)}]")


def test_a_bomb_in_one_place_is_cut_short_and_read() -> None:
    (task,) = parse(ROADMAP, _wide(BOMB)).tasks
    assert len(dict(task.fields)["notes"]) < 30_000


def test_a_bomb_in_each_place_is_refused() -> None:
    document = parse(ROADMAP, _wide(BOMB) + "- {id: A, notes: *c}\n" * 2000)
    assert (document.tasks, told(document)) == ((), ["too-large"])
    assert "alias bomb" in document.problems[0].message
    assert "raise 'limits.file_size'" in document.problems[0].message


def test_a_bomb_of_many_values_names_the_limit_that_stands_against_it() -> None:
    few = SourceSettings(limits=USUAL._replace(tasks=1))
    data = "tasks:\n- &a\n  title: A\n" + "- *a\n" * 20
    document = SOURCES["roadmap"].parse(ROADMAP, data.encode(), few)
    assert told(document) == ["too-large"]
    assert "raise 'limits.tasks'" in document.problems[0].message


class Blobs:
    """Trees and bytes of files that only a test has."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def tree(self, commit: str, pathspecs: object) -> dict[str, str]:
        return {path: path for path in self.files}

    def content(self, name: str) -> bytes:
        return self.files[name]

    def read(self, blobs: Iterable[str]) -> dict[str, bytes]:
        return {name: self.files[name] for name in blobs}


def test_status_and_files_name_each_file_that_cannot_be_read() -> None:
    files = {path: CONFLICT.format(text, text).encode() for path, text in GOOD.items()}
    found = inventory(Blobs(files), "", SOURCES, DEFAULTS, {})
    assert sorted(problem.path for each in found for problem in each.problems) == sorted(GOOD)
    assert [each.tasks for each in found] == [0] * len(GOOD)


def test_a_file_as_deep_as_python_goes_is_read_or_refused() -> None:
    deep = json.dumps({"milestones": [{"id": "A", "x": "y"}]})
    for depth in (10, sys.getrecursionlimit() * 2):
        nested = deep.replace('"y"', "[" * depth + "]" * depth)
        document = parse(MISSION, nested)
        assert document.readable is (depth == 10)
