"""Compare the boxes that we read with those that markdown-it-py sees in the same Markdown.

    python tests/oracle/boxes.py [--seed SEED] [--count COUNT] [FOLDER …]

A folder is one with Markdown files: of a repository that people work in, say. Where we read
otherwise than Markdown we do so on purpose: `DIFFERENCES` holds each case. Exits with 1 if there
is any other.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markdown_it import MarkdownIt

from kanban_sync.sources.markdown import Kind, decode, scan
from kanban_sync.sources.outline import boxes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from markdown_it.token import Token

    from kanban_sync.sources.outline import Box

TOP = Path(__file__).parents[2]
COUNT = 50_000
LONGEST = 9
SHOWN = 40

MARKDOWN = MarkdownIt("commonmark").enable("table")

ENDS = re.compile(r"\r\n|\n|\r")
# What GitHub takes for the box of a task.
TASK = re.compile(r"\[([ xX])\](?=[ \t\n]|$)")
MARKER = r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])"
DEEP = re.compile(r" {4}| {0,3}\t")
DEEP_WORDS = re.compile(rf"{MARKER}(?: {{5}}| *\t)")
NUMBER = re.compile(r" {0,3}[0-9]{1,9}[.)]")
SECOND_MARKER = re.compile(r"[-*+][ \t]|[0-9]{1,9}[.)][ \t]")
CODE_ITEM = re.compile(rf"{MARKER}[ \t]+(?:```|~~~)")

# What texts are made of: everything that one of the two looks at.
PIECES = [
    "- [ ] a", "- [x] b", "* [X] c", "+ [ ] d", "1. [ ] e", "2) [ ] e", " - [ ] a", "  - [ ] f",
    "   - [ ] g", "    - [x] h", "      - [ ] i", "        - [ ] j", "\t- [ ] k", "\t\t- [x] l",
    "-     [ ] m", "- [ ]\tn", "-\t[ ] o", "- [ ]", "- [~] p", "- [ ]q", "- [x](r)", "- \\[ ] s",
    "- - [ ] t", "- item", "  - item", "1. item", "-", "- # words", "words", "  words",
    "    words", "      words", "", "", "", "## Words", "  ## Words", "---", "***", "===", "```",
    "~~~", "  ```", "    ```", "- ```", "> - [ ] u", "> words", "  > words", "<!-- v -->", "<!--",
    "-->", "  <!--", "words <!-- w", "<!-- x --> - [ ] y", "<div>", "</div>", "| a | b |",
    "|---|---|", "## Legend", "Legend:", "`code`", "  [ ] z",
]  # fmt: skip


class Found(NamedTuple):
    """A box: its mark in lower case, and the line of the box that it is below (0: none)."""

    mark: str
    parent: int


class Seen:
    """What both see in a text: ``ours`` and ``theirs`` are boxes by line."""

    def __init__(self, text: str) -> None:
        page = scan(text)
        self.raw = ENDS.split(text)
        self.scanned = {line.number: line for line in page.lines}
        self.ours = dict(_ours(boxes(page.lines)))
        self.theirs: dict[int, Found] = {}
        self.quoted: set[int] = set()
        """Those of ``theirs`` that stand in a quote."""
        self.within: dict[int, str] = {}
        """The block of Markdown's that a line cannot begin an item in, by line."""
        self._walk(MARKDOWN.parse(text))

    def _walk(self, tokens: Sequence[Token]) -> None:
        quotes = 0
        items: list[int] = []
        for index, token in enumerate(tokens):
            quotes += (token.type == "blockquote_open") - (token.type == "blockquote_close")
            if token.type == "list_item_open":
                items.append(self._box_of(tokens[index + 1 : index + 3], items))
                if quotes and items[-1]:
                    self.quoted.add(items[-1])
            elif token.type == "list_item_close":
                items.pop()
            elif token.map:
                self._note(token.type, *token.map)

    def _box_of(self, tokens: Sequence[Token], items: Sequence[int]) -> int:
        """Note the box with which an item begins, and return its line (0: none)."""
        if tokens[0].type != "paragraph_open" or not tokens[0].map:
            return 0
        task = TASK.match(tokens[1].content)
        if task is None:
            return 0
        line = tokens[0].map[0] + 1
        parent = next((each for each in reversed(items) if each), 0)
        self.theirs[line] = Found(task[1].strip().lower(), parent)
        return line

    def _note(self, block: str, first: int, end: int) -> None:
        if block in {"code_block", "fence", "html_block"}:
            self.within.update(dict.fromkeys(range(first + 1, end + 1), block))
        elif block in {"paragraph_open", "heading_open"}:
            self.within.update(dict.fromkeys(range(first + 2, end + 1), "paragraph"))

    @property
    def disputed(self) -> list[int]:
        """The lines on which one sees a box and the other none, or another mark."""
        lines = sorted(self.ours.keys() | self.theirs.keys())
        return [line for line in lines if _mark(self.ours, line) != _mark(self.theirs, line)]

    def reasons(self, line: int) -> list[str]:
        """Return the names of the differences that a disputed line is a case of."""
        return [each.name for each in DIFFERENCES if each.covers(self, line)]

    @property
    def unexplained(self) -> list[int]:
        """The disputed lines that are no case of a known difference."""
        return [line for line in self.disputed if not self.reasons(line)]


def _mark(found: dict[int, Found], line: int) -> str | None:
    return found[line].mark if line in found else None


def _ours(found: Iterable[Box], parent: int = 0) -> Iterator[tuple[int, Found]]:
    for box in found:
        yield box.line, Found(box.mark.lower(), parent)
        yield from _ours(box.below, box.line)


class Difference(NamedTuple):
    """A case in which we read otherwise than Markdown, on purpose.

    ``example`` has one disputed line. ``ours`` tells that we see a box there and Markdown none;
    else it is the other way round. ``holds`` tells whether a disputed line is such a case.
    """

    name: str
    example: str
    ours: bool
    reason: str
    holds: Callable[[Seen, int], bool]

    def covers(self, seen: Seen, line: int) -> bool:
        """Tell whether a disputed line is a case of this."""
        one, other = (seen.ours, seen.theirs) if self.ours else (seen.theirs, seen.ours)
        return line in one and line not in other and self.holds(seen, line)


def _is_deep(seen: Seen, line: int) -> bool:
    return DEEP.match(seen.raw[line - 1]) is not None


def _is_of_kind(kind: str) -> Callable[[Seen, int], bool]:
    return lambda seen, line: seen.scanned[line].kind is kind


def _is_in(block: str) -> Callable[[Seen, int], bool]:
    return lambda seen, line: seen.within.get(line) == block


def _is_below(kind: str, sign: re.Pattern[str]) -> Callable[[Seen, int], bool]:
    """Return a test for lines below one of that kind that has a sign in it."""

    def holds(seen: Seen, line: int) -> bool:
        above = [seen.scanned[number] for number in range(1, line)]
        return any(each.kind is kind and sign.match(each.raw) for each in above)

    return holds


_below_legend = re.compile(r"(?:## )?Legend")
_below_code_item = _is_below(Kind.CODE, CODE_ITEM)
_below_comment = _is_below(Kind.COMMENT, re.compile(MARKER))
_below_underlined = _is_below(Kind.HEADING, re.compile(r"(?! {0,3}#)"))

DIFFERENCES = (
    Difference(
        "another mark",
        "- [~] a",
        ours=True,
        reason="there are more statuses than two, and the space behind a box is soon forgotten",
        holds=lambda seen, line: not TASK.match(seen.scanned[line].text),
    ),
    Difference(
        "deep indentation",
        "- a\n      - [ ] b",
        ours=True,
        reason="below an item people indent as they like, and mean no code",
        holds=lambda seen, line: (
            seen.within.get(line) in {"paragraph", "code_block"} and _is_deep(seen, line)
        ),
    ),
    Difference(
        "words far behind their marker",
        "-     [ ] a",
        ours=True,
        reason="a box is no code, wherever it stands in its line",
        holds=lambda seen, line: (
            _is_in("code_block")(seen, line) and DEEP_WORDS.match(seen.raw[line - 1]) is not None
        ),
    ),
    Difference(
        "a number right below words",
        "words\n2. [ ] a",
        ours=True,
        reason="a list is one wherever it begins to count, and nobody breaks a line before a box",
        holds=lambda seen, line: (
            _is_in("paragraph")(seen, line) and NUMBER.match(seen.raw[line - 1]) is not None
        ),
    ),
    Difference(
        "HTML",
        "<details>\n- [ ] a",
        ours=True,
        reason="what stands between tags is meant to be seen; the blank line was forgotten",
        holds=_is_in("html_block"),
    ),
    Difference(
        "code in an item that is less indented than the item",
        "- a\n  ```\ncode\n  ```\n- [ ] b",
        ours=True,
        reason="the second fence is meant to close the first, not to open another",
        holds=_is_in("fence"),
    ),
    Difference(
        "a fence that is not closed before its item ends",
        "  - a\n    ```\n    code\n  - [ ] b",
        ours=False,
        reason="code goes on to its fence, or to the next box at the margin",
        holds=_is_of_kind(Kind.CODE),
    ),
    Difference(
        "an item that is code",
        "- ```\n  code\n  ```\n    - [ ] a",
        ours=False,
        reason="it is no task, and nobody puts one below it",
        holds=lambda seen, line: _is_deep(seen, line) and _below_code_item(seen, line),
    ),
    Difference(
        "underlined words in an item",
        "- a\nwords\n===\n    - [ ] b",
        ours=False,
        reason="whoever underlines words at the margin means a heading, with which the item ends",
        holds=lambda seen, line: _is_deep(seen, line) and _below_underlined(seen, line),
    ),
    Difference(
        "a quote",
        "> - [ ] a",
        ours=False,
        reason="it repeats what is said elsewhere",
        holds=lambda seen, line: line in seen.quoted,
    ),
    Difference(
        "a legend",
        "Legend:\n- [ ] to do",
        ours=False,
        reason="it explains the marks",
        holds=lambda seen, line: any(map(_below_legend.match, seen.raw[: line - 1])),
    ),
    Difference(
        "a comment amid words",
        "words <!-- a\n- [ ] b -->",
        ours=False,
        reason="a comment goes on to its end, whatever begins within",
        holds=lambda seen, line: (
            _is_of_kind(Kind.COMMENT)(seen, line)
            or (_is_deep(seen, line) and _below_comment(seen, line))
        ),
    ),
    Difference(
        "front matter",
        "---\n- [ ] a\n---",
        ours=False,
        reason="it is data about the text",
        holds=_is_of_kind(Kind.FRONT_MATTER),
    ),
    Difference(
        "two markers in a line",
        "- - [ ] a",
        ours=False,
        reason="a box is told by the marker before it; nobody writes lists of nothing but lists",
        holds=lambda seen, line: (
            _is_of_kind(Kind.ITEM)(seen, line)
            and SECOND_MARKER.match(seen.scanned[line].text) is not None
        ),
    ),
    Difference(
        "a box below its marker",
        "-\n  [ ] a",
        ours=False,
        reason="a task is one line, which is edited as such",
        holds=lambda seen, line: seen.raw[line - 1].lstrip().startswith("["),
    ),
)


def fuzzed(dice: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """Yield short texts, each with what to call it."""
    for _ in range(count):
        text = "\n".join(dice.choices(PIECES, k=dice.randrange(1, LONGEST)))
        yield repr(text), text


def files(folders: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield Markdown files, and the examples of Markdown in them, each with a name."""
    for folder in folders:
        for path in sorted(folder.rglob("*.md")):
            if path.is_file():
                text = decode(path.read_bytes())
                yield str(path), text
                for token in MARKDOWN.parse(text):
                    if token.type == "fence" and token.map and token.info.startswith("markdown"):
                        yield f"{path}, example in line {token.map[0] + 1}", token.content


def compare(texts: Iterable[tuple[str, str]], what: str) -> int:
    """Compare texts, say what differs and why; return the number of lines that differ for nothing.

    Args:
        texts: The texts, each with what to call it.
        what: What to call them all.
    """
    reasons: Counter[str] = Counter()
    wrong: list[str] = []
    count = found = 0
    for name, text in texts:
        seen = Seen(text)
        count += 1
        found += len(seen.theirs)
        reasons.update(reason for line in seen.disputed for reason in seen.reasons(line)[:1])
        wrong += [
            f"{name}, line {line}: Markdown {seen.theirs.get(line)}, ours {seen.ours.get(line)}\n"
            for line in seen.unexplained
        ]
    sys.stdout.writelines(sorted(wrong, key=len)[:SHOWN])
    sys.stdout.write(f"{what}: {count} texts with {found} boxes, {len(wrong)} seen otherwise\n")
    sys.stdout.writelines(f"  on purpose {times:6}: {name}\n" for name, times in reasons.items())
    return len(wrong)


def main() -> int:
    """Run the comparison once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("folders", nargs="*", type=Path)
    # All scripts here are called alike, and this one has no use for a program.
    parser.add_argument("--program", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    dice = random.Random(chosen.seed)
    wrong = compare(fuzzed(dice, chosen.count), f"seed {chosen.seed}")
    for folder in (TOP / "docs", *chosen.folders):
        wrong += compare(files([folder]), folder.name)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
