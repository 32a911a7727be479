"""Counting as `openspec list` counts: measured lines, JavaScript's peculiarities, laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.model import Status
from kanban_sync.sources.openspec import OpenSpec

PATH = "openspec/changes/add-search/tasks.md"

# text, done, all: what OpenSpec 1.13.1 and later said to each of them.
MEASURED = [
    ("- [ ] a", 0, 1),
    ("- [x] a", 1, 1),
    ("- [X] a", 1, 1),
    ("* [ ] a", 0, 1),
    ("* [x] a", 1, 1),
    ("+ [ ] a", 0, 1),
    ("1. [ ] a", 0, 1),
    ("1) [x] a", 1, 1),
    ("12. [x] a", 1, 1),
    ("- [ ]", 0, 1),
    ("- [x]", 1, 1),
    ("-[ ] a", 0, 1),
    ("-[x]a", 1, 1),
    ("- [x]a", 1, 1),
    ("  - [ ] nested2", 0, 1),
    ("\t- [x] tabbed", 1, 1),
    ("    - [ ] nested4", 0, 1),
    ("- [] a", 0, 1),
    ("- [~] a", 0, 1),
    ("- [-] a", 0, 1),
    ("- [/] a", 0, 1),
    ("- [>] a", 0, 1),
    ("- [!] a", 0, 1),
    ("- [?] a", 0, 1),
    ("- [ x ] a", 1, 1),
    ("- [x ] a", 1, 1),
    ("- [ x] a", 1, 1),
    ("- [✓] a", 0, 1),
    ("- [✔] a", 0, 1),
    ("- [✅] a", 0, 1),
    ("- [✗] a", 0, 1),
    ("- [完] a", 0, 1),
    ("- [xx] a", 0, 0),
    ("- [1] a", 0, 1),
    ("- [WIP] a", 0, 0),
    ("- [ ] ~~struck~~", 0, 1),
    ("- [ ]* optional", 0, 1),
    ("- [x]* optional done", 1, 1),
    ("- [ ] **1.1** bold", 0, 1),
    ("- ~~[ ] a~~", 0, 0),
    ("- **[ ]** a", 0, 0),
    ("- [A](http://x)", 0, 0),
    ("- [x](http://x)", 0, 0),
    ("- [ ](x)", 0, 1),
    ("- [x][y]", 0, 0),
    ("- [ ][y]", 0, 1),
    ("[ ] a", 0, 0),
    ("[x] a", 0, 0),
    ("> - [ ] quoted", 0, 0),
    ("| - [ ] | table |", 0, 0),
    ("| [ ] | t |", 0, 0),
    ("☐ a", 0, 0),
    ("- ☐ a", 0, 0),
    ("- ☑ a", 0, 0),
    ("✅ a", 0, 0),
    ("- ✅ 1.1 a", 0, 0),
    ("- 1.1 a", 0, 0),
    ("1. a", 0, 0),
    ("### [ ] heading", 0, 0),
    ("- [\xa0] nbsp", 0, 1),
    ("- [\t] tab", 0, 1),
    ("- [\u3000] ideographic space", 0, 1),
    ("- [ ] crlf\r", 0, 1),
    ("- [x]\r", 1, 1),
    ("\ufeff- [ ] bom", 0, 1),
    ("- \\[ ] esc", 0, 0),
    ("- `[ ]` code", 0, 0),
    ("\uff0d [ ] fullwidth dash", 0, 0),
    ("\u2013 [ ] endash", 0, 0),
    ("\u2014 [ ] emdash", 0, 0),
    ("\u2022 [ ] bullet", 0, 0),
    ("- [\u0425] cyrillic", 0, 1),
    ("- [\uff58] fullwidth x", 0, 1),
    ("-   [ ]   spaced", 0, 1),
    ("- [  ] two spaces", 0, 1),
    ("- [   x] a", 1, 1),
    ("1.[ ] a", 0, 1),
    ("1234567890. [ ] a", 0, 0),
    ("a. [ ] letter", 0, 0),
    ("- - [ ] double", 0, 0),
    ("```\n- [ ] in fence\n```", 0, 1),
    ("<!-- - [ ] in comment -->", 0, 0),
    ("<!--\n- [ ] in ml comment\n-->", 0, 1),
    ("- [ ] a\u2028- [ ] b", 0, 1),
    ("- [ ] a\r- [ ] b (CR only)", 0, 1),
    ("- [ ] line\\\n  continued [ ] not", 0, 1),
    ("* * [ ] a", 0, 0),
    ("-\n[ ] split", 0, 0),
    ("- [ ]\xa0a", 0, 1),
    ("\xa0- [ ] nbsp-indent", 0, 1),
    ("\u200b- [ ] zwsp", 0, 0),
    ("- [\u200b] zwsp-inside", 0, 1),
    ("- [] ", 0, 1),
    ("-[] a", 0, 1),
    ("- [x]: a", 1, 1),
    ("- [^1] foot", 0, 0),
    ("- [^1]: footnote", 0, 0),
]

# JavaScript's white space, digits and characters are not Python's.
PECULIAR = [
    ("- [\U0001f6a7] beyond the first plane", 0, 0),
    ("- [\u2705\ufe0f] with a variation selector", 0, 0),
    ("\x1c- [ ] file separator", 0, 0),
    ("- [\x1c] file separator as a mark", 0, 1),
    ("\x85- [ ] next line", 0, 0),
    ("- [\x85] next line as a mark", 0, 1),
    ("\u0661. [ ] Arabic digit", 0, 0),
    ("\x0b- [ ] vertical tab", 0, 1),
    ("\u180e- [ ] Mongolian separator", 0, 0),
    ("- [x]\u2028(link?)", 1, 1),
    ("- [\n] broken over lines", 0, 0),
]


def counted(text: str) -> tuple[int, int]:
    tasks = OpenSpec().parse(PATH, text.encode()).tasks
    return sum(task.status is Status.DONE for task in tasks), len(tasks)


@pytest.mark.parametrize(("text", "done", "total"), MEASURED + PECULIAR)
def test_a_line_counts_as_openspec_counts_it(text: str, done: int, total: int) -> None:
    assert counted(text) == (done, total)


def test_invalid_utf8_counts_like_the_replacement_character() -> None:
    tasks = OpenSpec().parse(PATH, b"- [\xff] a\n- [x] \xfe\xfe b\n").tasks

    assert [task.title for task in tasks] == ["a", "\ufffd\ufffd b"]
    assert [task.status for task in tasks] == [Status.TODO, Status.DONE]


TASKS_MD = """\
- [ ] before any group
## 1. Setup ##

- [x] 1.1 Create the module
  - [ ] 1.1.1 A step
### not a group
- [~] **1.2** Add dependencies
+ [ ] 3 retries at most
## Group without tasks
```sh
## no heading
```
##\tLast
1. [X] 2. Ordered
- [ ]
"""


def test_each_line_becomes_a_task_with_group_number_mark_and_place() -> None:
    tasks = OpenSpec().parse(PATH, TASKS_MD.encode()).tasks

    assert [(task.line, task.group, task.number, task.word, task.title) for task in tasks] == [
        (1, "", "", "", "before any group"),
        (4, "1. Setup", "1.1", "x", "1.1 Create the module"),
        (5, "1. Setup", "1.1.1", "", "1.1.1 A step"),
        (7, "1. Setup", "1.2", "~", "**1.2** Add dependencies"),
        (8, "1. Setup", "", "", "3 retries at most"),
        (14, "Last", "2", "X", "2. Ordered"),
        (15, "Last", "", "", "(no text)"),
    ]
    assert not any(task.children for task in tasks)


PIECES = st.sampled_from(
    [
        "- ",
        "[ ]",
        "[x]",
        "[",
        "]",
        " ",
        "x",
        "\t",
        "1. ",
        "*",
        "(",
        "## ",
        "```",
        "\n",
        "\ufeff",
        "é",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))


@given(TEXTS)
def test_line_ends_of_windows_change_no_task(text: str) -> None:
    text = text.replace("\r", "").replace("\0", "")
    unix = OpenSpec().parse(PATH, text.encode(errors="replace"))
    windows = OpenSpec().parse(PATH, text.replace("\n", "\r\n").encode(errors="replace"))

    assert windows == unix


@given(TEXTS)
def test_the_line_of_a_task_is_the_line_it_stands_on(text: str) -> None:
    data = text.replace("\0", "").encode(errors="replace")
    lines = data.decode().removeprefix("\ufeff").split("\n")

    for task in OpenSpec().parse(PATH, data).tasks:
        line = lines[task.line - 1]
        assert "[" in line
        assert task.title in line or task.title == "(no text)"


@given(TEXTS, TEXTS)
def test_the_tasks_of_two_texts_are_those_of_both(first: str, second: str) -> None:
    first, second = first.replace("\0", ""), second.replace("\0", "").lstrip("\ufeff")
    together = counted(f"{first}\n{second}")

    assert together == tuple(map(sum, zip(counted(first), counted(second), strict=True)))


LINES = st.sampled_from(
    ["- [ ] 1.1 Dig", "* [X] 2 Dig [a]", "- [x] a #b ", "- [ ] 1.2", "- [ ]", "  - [ ] c", "## G #",
     "## G", "## # g", "##", "# H", "### I", "words", "words \t", "", "\r", "- item", "- [ ] ü"]
)  # fmt: skip


@given(st.lists(LINES).map("\n".join))
def test_lines_like_most_are_read_as_they_are_one_by_one(text: str) -> None:
    # A line with a backtick is none like most, so that each is read by itself.
    one_by_one = OpenSpec().parse(PATH, f"{text}\n`".encode())

    assert OpenSpec().parse(PATH, text.encode()) == one_by_one
