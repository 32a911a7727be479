"""Plain files of checkboxes: what is a task, what it says, and what is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.model import Document, ParsedTask, Status
from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources import checkboxes
from kanban_sync.sources.markdown import Page, scan
from kanban_sync.sources.tasks_md import TasksMd

PATH = "docs/TASKS.md"


def read(text: str) -> Document:
    return TasksMd().parse(PATH, text.encode())


def titles(text: str) -> list[str]:
    return [task.title for task in read(text).tasks]


def only(text: str) -> ParsedTask:
    (task,) = read(text).tasks
    return task


PLAN = """\
---
owner: team
---
Plan
====

Status legend:

- [ ] not started
- [x] finished

Now to work.
- [ ] Without a heading

## 🚀 Backend ##

- [x] **T-001**: Read the file
  It is large.

  ```sh
  - [ ] no task
  ```
  - a remark
    - [ ] below a remark
  - [~] Parse it
    - [x] Lines
      - [!] Ends of lines

  After the steps.
- [ ] Write <!-- not yet --> it
* [>] 1.2 Later
- Group
  - [ ] In a group

### Frontend

1. [ ] First
2) [-] Never
+ [/] Begun
> - [ ] quoted

    - [ ] indented code

<!--
- [ ] in a comment
-->
| - [ ] | in a table |
"""


def shape(tasks: tuple[ParsedTask, ...]) -> list[object]:
    """Return line, status, group and title of tasks, those below them in a list."""
    found: list[object] = []
    for task in tasks:
        found.append((task.line, task.status.value, task.group, task.title))
        found.extend([shape(task.children)] if task.children else [])
    return found


def test_a_plan_is_read_as_people_mean_it() -> None:
    document = read(PLAN)

    assert shape(document.tasks) == [
        (13, "todo", "Plan", "Without a heading"),
        (17, "done", "🚀 Backend", "**T-001**: Read the file"),
        [
            (24, "todo", "", "below a remark"),
            (25, "in_progress", "", "Parse it"),
            [(26, "done", "", "Lines"), [(27, "blocked", "", "Ends of lines")]],
        ],
        (30, "todo", "🚀 Backend", "Write it"),
        (31, "backlog", "🚀 Backend", "1.2 Later"),
        (33, "todo", "🚀 Backend", "In a group"),
        (37, "todo", "Frontend", "First"),
        (38, "cancelled", "Frontend", "Never"),
        (39, "in_progress", "Frontend", "Begun"),
    ]
    assert document.problems == ()


def test_what_stands_below_a_task_is_its_body() -> None:
    task = read(PLAN).tasks[1]

    assert (task.id, task.word) == ("T-001", "x")
    assert task.body == (
        "It is large.\n\n```sh\n- [ ] no task\n```\n- a remark\n\nAfter the steps."
    )


@pytest.mark.parametrize(
    ("line", "status", "title"),
    [
        ("- [ ] a", Status.TODO, "a"),
        ("- [] a", Status.TODO, "a"),
        ("- [\u3000] a", Status.TODO, "a"),
        ("- [x] a", Status.DONE, "a"),
        ("- [ X ] a", Status.DONE, "a"),
        ("- [~] a", Status.IN_PROGRESS, "a"),
        ("- [/] a", Status.IN_PROGRESS, "a"),
        ("- [!] a", Status.BLOCKED, "a"),
        ("- [-] a", Status.CANCELLED, "a"),
        ("- [>] a", Status.BACKLOG, "a"),
        ("- [ ]* a", Status.TODO, "a"),
        ("- [x]a", Status.DONE, "a"),
        ("- [ ] ~~a~~", Status.CANCELLED, "a"),
        ("- [x] ~~a~~", Status.DONE, "a"),
        ("- [ ] ~~**a**~~ — ✅ DONE", Status.DONE, "**a** — ✅ DONE"),
        ("- [ ] ~~a~~ (see b)", Status.CANCELLED, "a (see b)"),
        ("- [ ] ~~a~~ → b", Status.TODO, "~~a~~ → b"),
        ("- [ ] ~~a~~ b", Status.TODO, "~~a~~ b"),
        ("- [ ] a ~~b~~", Status.TODO, "a ~~b~~"),
    ],
)
def test_mark_and_strokes_give_the_status(line: str, status: Status, title: str) -> None:
    task = only(line)

    assert (task.status, task.title) == (status, title)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (".kiro/specs/shop/tasks.md", Status.IN_PROGRESS),
        ("apps/a/.kiro/specs/shop/tasks.md", Status.IN_PROGRESS),
        (".kiro/TASKS.md", Status.CANCELLED),
        ("specs/shop/tasks.md", Status.CANCELLED),
    ],
)
def test_kiro_works_on_what_has_a_hyphen_for_its_mark(path: str, status: Status) -> None:
    for more in ("", "- [ ] Sweep\n" * 2000):
        document = TasksMd().parse(path, f"- [-] 3. Order\n{more}".encode())
        assert document.tasks[0].status is status


@pytest.mark.parametrize("mark", ["?", "✅", "o", "完", "✔\ufe0f", "🚧"])
def test_an_unknown_mark_is_reported_and_not_guessed(mark: str) -> None:
    document = read(f"\n- [{mark}] a\n")

    (task,), (problem,) = document.tasks, document.problems
    assert (task.status, task.word) == (Status.TODO, mark)
    assert (problem.line, problem.fatal) == (2, False)
    assert f"[{mark}]" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "[ ] a",
        "-[ ] a",
        "- [a](b)",
        "- [x](b)",
        "- [x][y]",
        "- [x]: b",
        "- [1] Smith, 2020",
        "- [WIP] a",
        "- \\[ ] a",
        "- `[ ]` a",
        "– [ ] a",  # noqa: RUF001
        "－ [ ] a",  # noqa: RUF001
        "☐ a",
        "| - [ ] | a |",
        "# [ ] a",
        "> - [ ] a",
        "    - [ ] a",
        "```\n- [ ] a\n```",
        "~~~\n- [ ] a",
        "<!-- - [ ] a -->",
        "<!--\n- [ ] a\n-->",
        "---\na: |\n- [ ] a\n---",
        "# Legend\n- [ ] open",
        "## Status legend 🎨\n\n### Marks\n- [ ] Not started: nobody has it\n- [~] 🚧 In progress",
        "## Rules\n- [ ] open task\n- [x] = done",
        "## 凡例\n- [ ] 未着手",
        "**Legend:**\n\n- [ ] **To do**\n  - [ ] pending",
        "- [ ]",
        "- [ ]   \n",
        "",
    ],
)
def test_what_is_no_task(text: str) -> None:
    assert titles(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "# Legend\n- [ ] todo\n# Work\n- [ ] a",
        "# Legend\n## x\n- [ ] todo\n# Work\n- [ ] a",
        "Legend:\n- [ ] todo\n\nNow to work.\n- [ ] a",
        "Legend:\n- [ ] open\n- [x] done\n\n- [ ] a",
        "## Rules\n- [ ] a",
        "# Rules engine\n- [ ] a",
        "# Rules of validation we have to write\n- [ ] a",
        "# The rules\n- [ ] a",
        "# Legendary\n- [ ] a",
    ],
)
def test_a_legend_ends_and_its_name_is_no_trap(text: str) -> None:
    assert titles(text) == ["a"]


def test_a_box_alone_in_its_line_is_about_what_stands_in_the_next_one() -> None:
    tasks = read(
        "- [ ]\n  Write the parser\n  with care\n- [x]\nTest it\n- [ ]\n  Owner: ada\n"
    ).tasks

    assert [(task.title, task.body) for task in tasks] == [
        ("Write the parser", "with care"),
        ("Test it", ""),
    ]


def test_a_legend_of_a_large_file_is_read_as_that_of_a_small_one() -> None:
    assert titles("# Legend\n- [ ] open\n- [ ] a\n# Work\n" + "- [ ] b\n" * 3000)[:2] == ["a", "b"]


@pytest.mark.parametrize(
    ("below", "body"),
    [
        ("goes on", "goes on"),
        ("goes on\nand on", "goes on\nand on"),
        ("  goes on\nand on", "goes on\nand on"),
        ("  - a list\nthat goes on", "- a list\n  that goes on"),
        ("> a quote", ""),
        ("---", ""),
        ("<b>", ""),
        ("\nelsewhere", ""),
        ("<!-- c -->\nelsewhere", ""),
        ("Legend:\n- [ ] open", ""),
    ],
)
def test_words_at_the_margin_belong_to_the_task_that_they_go_on_with(below: str, body: str) -> None:
    assert [
        task.body for task in TasksMd().parse("TASKS.md", f"- [ ] a\n{below}".encode()).tasks
    ] == [body]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("- [ ] a\n  - [ ] b", {"a": {"b": {}}}),
        ("- [ ] a\n\t- [ ] b", {"a": {"b": {}}}),
        ("- [ ] a\n        - [ ] b", {"a": {"b": {}}}),
        ("- [ ] a\n - [ ] b", {"a": {}, "b": {}}),
        ("1. [ ] a\n  - [ ] b", {"a": {"b": {}}}),
        ("10. [ ] a\n    - [ ] b\n   - [ ] c", {"a": {"b": {}, "c": {}}}),
        ("- [ ] a\n\n  - [ ] b\n\n\n  - [ ] c", {"a": {"b": {}, "c": {}}}),
        ("- [ ] a\n  - [ ] b\n    - [ ] c\n  - [ ] d\n- [ ] e",
         {"a": {"b": {"c": {}}, "d": {}}, "e": {}}),
        ("- [ ] a\n  - x\n    - [ ] b\n- y\n  - [ ] c", {"a": {"b": {}}, "c": {}}),
        ("- [ ] a\n\nwords\n  - [ ] b", {"a": {}, "b": {}}),
        ("- [ ] a\n## h\n  - [ ] b", {"a": {}, "b": {}}),
        ("- [ ]\n  - [ ] b", {"(no text)": {"b": {}}}),
        ("- [ ] a\nwords\nwords\n    - [ ] b", {"a": {"b": {}}}),
        ("- [ ] a\nwords\n\n    - [ ] b\n\nwords\n  - [ ] c", {"a": {"b": {}}, "c": {}}),
        ("- [ ] a\n***\n    - [ ] b", {"a": {}}),
        ("- [ ] a\n<hr>\n    - [ ] b", {"a": {}}),
        ("   - [ ] a\n    - [ ] b", {"a": {}, "b": {}}),
        ("- [ ] a\n  ## h\n\n    - [ ] b\n## i\n\n    - [ ] c", {"a": {}, "b": {}}),
    ],
)  # fmt: skip
def test_indentation_says_what_is_below_what(text: str, tree: dict[str, object]) -> None:
    def tree_of(tasks: tuple[ParsedTask, ...]) -> dict[str, object]:
        return {task.title: tree_of(task.children) for task in tasks}

    assert tree_of(read(text).tasks) == tree


@pytest.mark.parametrize(
    ("text", "own", "number"),
    [
        ("T001 [P] [US1] a", "T001", ""),
        ("**T-00.1**: a", "T-00.1", ""),
        ("A1 a", "A1", ""),
        ("1.1 a", "", "1.1"),
        ("1. a", "", "1"),
        ("3 words", "", ""),
    ],
)
def test_an_id_has_letters_and_a_number_has_none(text: str, own: str, number: str) -> None:
    task = only(f"- [ ] {text}")

    assert (task.id, task.number, task.title) == (own, number, text)


def test_an_id_that_is_taken_is_reported_and_not_given_twice() -> None:
    document = read("- [ ] T-1: a\n- [ ] b\n  - [ ] T-1: c\n")

    first, second = document.tasks
    assert (first.id, second.children[0].id) == ("T-1", "")
    assert [problem.line for problem in document.problems] == [3]
    assert "T-1" in document.problems[0].message
    assert "line 1" in document.problems[0].message


def test_a_word_that_may_be_an_id_is_given_once_and_without_ado() -> None:
    document = read("- [ ] S3 upload\n- [ ] S3 download\n")

    assert [task.id for task in document.tasks] == ["S3", ""]
    assert document.problems == ()


@pytest.mark.parametrize("data", [b"- [ ] a\n<<<<<<< HEAD\n", b"- [ ] a\0", b"x" * 11_000_000])
def test_an_unreadable_file_keeps_its_last_good_state(data: bytes) -> None:
    document = TasksMd().parse(PATH, data)

    assert document.tasks == ()
    assert not document.readable


ROWS = "| id | status | title |\n|-|-|-|\n{}| A | todo | a |\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- [ ] a\n\n```\n- [ ] b\n", 3),
        ("- [ ] a\n```\n<!--\n- [ ] b\n", 2),
        (f"- [ ] a\n\n<!-- note\n\n{ROWS.format('')}", 3),
        (ROWS.format("```\n"), 3),
        ("### T-1: a\n**Status:** todo\n\n```\n\n### T-2: b\n**Status:** todo\n", 4),
        ("## To Do\n\n- a\n\n```\n- b\n\n## Done\n\n- c\n", 5),
        ("# Plan\n\n```\n## To Do\n\n- a\n\n## Done\n", 3),
    ],
)
def test_a_file_whose_tasks_are_lost_in_what_never_ends_keeps_its_last_good_state(
    text: str, line: int
) -> None:
    document = read(text)

    (problem,) = document.problems
    assert (problem.line, problem.code, document.readable) == (line, "unclosed", False)


def test_what_never_ends_and_hides_no_task_does_no_harm() -> None:
    document = read("- [ ] a\n\n```\nls\n- b\n\n| c | d |\n|-|-|\n")

    assert (len(document.tasks), document.problems) == (1, ())


def test_a_half_written_file_is_simply_read_unless_it_ends_within_code_or_a_comment() -> None:
    for end in range(len(PLAN)):
        document = read(PLAN[:end])

        opened = max(PLAN.rfind(each, 0, end) for each in ("```sh\n", "<!--"))
        closed = max(PLAN.rfind(each, 0, end) for each in ("```\n", "-->"))
        assert document.readable or opened > closed
        assert all(task.line <= PLAN.count("\n", 0, end) + 1 for task in document.tasks)


@pytest.mark.parametrize(
    ("path", "is_task_file"),
    [
        ("TASKS.md", True),
        ("docs/TASKS.md", True),
        ("packages/api/TASKS.md", True),
        ("tasks.md", False),
        ("docs/tasks.md", False),
        ("TASKS.MD", False),
        ("MY-TASKS.md", False),
        ("openspec/changes/a/TASKS.md", False),
        ("modules/x/openspec/TASKS.md", False),
        ("test/fixtures/TASKS.md", False),
    ],
)
def test_which_files_are_read(path: str, is_task_file: bool) -> None:
    settings = SourceSettings(exclude=("test/fixtures",))

    assert TasksMd().matches(path, settings) is is_task_file
    units = TasksMd().units({path: "blob"}, lambda _: b"- [ ] a", settings)
    assert [unit.path for unit in units] == ([path] if is_task_file else [])


def test_a_file_is_a_unit_without_a_name_whose_keys_begin_with_its_path() -> None:
    source, settings = TasksMd(), SourceSettings()
    tree = {"docs/TASKS.md": "1", "TASKS.md": "2", "README.md": "3"}

    units = source.units(tree, lambda _: b"- [ ] a", settings)

    assert [(unit.name, unit.prefix) for unit in units] == [
        ("", "TASKS.md/"),
        ("", "docs/TASKS.md/"),
    ]
    assert [file.slot for unit in units for file in unit.files] == ["TASKS.md", "docs/TASKS.md"]
    assert source.slot("TASKS.md", settings) == "TASKS.md"


def test_what_is_removed_from_a_plain_file_was_not_completed() -> None:
    assert not TasksMd().gone_means_done(read(PLAN))


PIECES = st.sampled_from(
    ["- ", "[ ] ", "[x] ", "~~", "  ", "a", "\t", "1. ", "T-1: ", "# ", "```", "<!--", "-->",
     "\n", "\n\n", "> ", "---\n", "**ID**: a", "## P1\n", "(@me)", "é", "[?] "]
)  # fmt: skip
TEXTS = st.lists(PIECES).map("".join)


@given(TEXTS)
def test_line_ends_change_no_task(text: str) -> None:
    unix = read(text)

    assert read(text.replace("\n", "\r\n")) == unix
    assert read("\ufeff" + text) == unix


@given(st.one_of(TEXTS, st.text()))
def test_the_line_of_a_task_is_the_line_it_stands_on(text: str) -> None:
    text = text.replace("\r", "").replace("\0", "").lstrip("\ufeff")
    data = text.encode(errors="replace")
    lines = data.decode().split("\n")

    for top in TasksMd().parse(PATH, data).tasks:
        for task in top.walk():
            assert "[" in lines[task.line - 1]


@given(TEXTS)
def test_ids_are_unique_in_a_file(text: str) -> None:
    ids = [task.id for top in read(text).tasks for task in top.walk() if task.id]

    assert len(ids) == len(set(ids))


def test_bottomless_nesting_is_survived() -> None:
    text = "\n".join("  " * depth + "- [ ] a" for depth in range(1200))

    assert sum(1 for top in read(text).tasks for _ in top.walk()) == 1200


LONG = 200_000


@pytest.mark.parametrize(
    "begins",
    [
        "- [ ] x (@", "- [ ] x (@a", "- [ ] T1", "- [ ] 1.1", "- [ ] ~~", "- [ ] ~~a~~ ",
        "- [ ] **", "- [ ] a\n  - **", "- [ ] a\n  - **ID**: ", "- [",
        "- ", "## ", "<!-- ", "```", "> ", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "goes_on", ["a", "a ", "(@a ", "`", "*", "~~", "_", " ", "<!-- -->", "[x] ", "1.", "A-", "#"]
)
def test_a_line_however_long_is_read_in_a_time_that_grows_with_its_length(
    begins: str, goes_on: str
) -> None:
    line = begins + goes_on * (LONG // len(goes_on))
    begun = time.process_time()
    TasksMd().parse("TASKS.md", f"## P0\n\n{line}!x\n- [ ] next\n".encode())
    assert time.process_time() - begun < 1


def test_a_file_is_scanned_once_for_its_dialect_and_its_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scanned: list[str] = []

    def counted(text: str) -> Page:
        scanned.append(text)
        return scan(text)

    monkeypatch.setattr(checkboxes, "scan", counted)
    data = b"## P0\n\n- [ ] One that no other test has\n  - **ID**: once\n"
    source = TasksMd()
    units = source.units({"TASKS.md": "blob"}, lambda _: data, SourceSettings())
    assert [unit.prefix for unit in units] == [""]
    assert [task.id for task in source.parse("TASKS.md", data).tasks] == ["once"]
    assert len(scanned) == 1
