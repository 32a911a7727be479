"""What a line is, and what makes a file unreadable."""

from __future__ import annotations

import pytest

from kanban_sync.core.limits import MIB, USUAL
from kanban_sync.sources.markdown import Kind, damage, decode, heading, scan

LARGEST = USUAL.file_size * MIB

LETTERS = {
    Kind.BLANK: ".",
    Kind.TEXT: "t",
    Kind.HEADING: "h",
    Kind.ITEM: "i",
    Kind.QUOTE: "q",
    Kind.CODE: "c",
    Kind.COMMENT: "!",
    Kind.FRONT_MATTER: "f",
}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("# a\n\nwords\n- item\n> quote", "h.tiq"),
        ("#a\n####### b\n    # c", "ttt"),
        ("- a\n* b\n+ c\n1. d\n2) e\n-\n", "iiiiii."),
        ("-a\n1.b\n1234567890. c\n**d**", "tttt"),
        ("```\n- a\n```\n- b", "ccci"),
        ("~~~ sh\n```\n- a\n~~~\n- b", "cccci"),
        ("````\n```\n- a\n````\n- b", "cccci"),
        ("``` a ` b\n- c", "ti"),
        ("```\n- a", "cc"),
        ("- a\n  ```\n  - b\n  ```\n- c", "iccci"),
        ("- ```\n  - b\n  ```\n- c", "ccci"),
        ("- a\n  ```\n- [ ] b\n- c", "icii"),
        ("  ```\n- [ ] a\n```\n- b", "ccci"),
        ("- a\n  ```\ncode at the margin\n  ```\n- b", "iccci"),
        ("<!-- a -->\n- b", "!i"),
        ("<!--\n- a\n-->\n- b", "!!!i"),
        ("<!--\n- a\n--> b\n- c", "!!ti"),
        ("<!--\n```\n-->\n- a", "!!!i"),
        ("```\n<!--\n```\n- a", "ccci"),
        ("- a <!-- b\n  c --> d\n- e", "iti"),
        ("- a <!-- b\n\n- c -->", "i.i"),
        ("- a `<!--` b\n- c", "ii"),
        ("<!-- a\n- b", "!!"),
        ("---\na: b\n---\n- c", "fffi"),
        ("---\n- a", "ti"),
        ("- a\n---\n- b", "iti"),
        ("Title\n=====\nwords", "h.t"),
        ("Title\n---\n\nLast\n--", "h..h."),
        ("two\nlines\n---", "ttt"),
        ("", "."),
    ],
)
def test_what_each_line_is(text: str, kinds: str) -> None:
    assert "".join(LETTERS[line.kind] for line in scan(text).lines) == kinds


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_ends_a_line(end: str) -> None:
    page = scan(end.join(["# a", "```", "- b", "```", "- c"]))

    assert [(line.number, line.text) for line in page.lines if line.kind is Kind.ITEM] == [(5, "c")]


@pytest.mark.parametrize(
    ("text", "unclosed"),
    [
        ("a\n```\nb\n```", 0),
        ("a\n```\nb", 2),
        ("```\n```\n\n~~~~\n~~~\n", 4),
        ("a\n\n<!-- b\nc", 3),
        ("<!-- b -->", 0),
    ],
)
def test_the_line_of_what_never_ends_is_known(text: str, unclosed: int) -> None:
    assert scan(text).unclosed == unclosed


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("# a", (1, "a")),
        ("## a b ##", (2, "a b")),
        ("## C#", (2, "C#")),
        ("   ### a\r", (3, "a")),
        ("#\ta", (1, "a")),
        ("##", (2, "")),
        ("## ##", (2, "")),
        ("#a", None),
        ("####### a", None),
        ("    # a", None),
        ("a # b", None),
    ],
)
def test_headings(line: str, found: tuple[int, str] | None) -> None:
    assert heading(line) == found


def test_a_byte_order_mark_and_broken_characters_are_survived() -> None:
    assert decode(b"\xef\xbb\xbf# a \xff\xc3\n") == "# a \ufffd\ufffd\n"


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n", 2, "conflict"),
        (b"a\r\nb\r\n>>>>>>> x\r\n", 3, "conflict"),
        (b"||||||| base\n", 1, "conflict"),
        (b"a\0b", 0, "UTF-8"),
        ("- [ ] a\n".encode("utf-16"), 0, "UTF-8"),
        (b"a" * (LARGEST + 1), 0, "8 MiB"),
    ],
)
def test_what_makes_a_file_unreadable(data: bytes, line: int, words: str) -> None:
    problem = damage("TASKS.md", data)

    assert problem is not None
    assert problem.fatal
    assert (problem.path, problem.line) == ("TASKS.md", line)
    assert words in problem.message


@pytest.mark.parametrize(
    "data",
    [
        b"Title\n=======\n",
        b" <<<<<<< HEAD\n",
        b"see <<<<<<< HEAD\n",
        b"<<<<<<<<< a\n",
        b">>> a\n",
        b"a" * LARGEST,
        b"",
    ],
)
def test_what_only_looks_like_it(data: bytes) -> None:
    assert damage("TASKS.md", data) is None
