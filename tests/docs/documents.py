"""The documents of this project, taken apart: their blocks, tables, headings and links."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"

ANYTHING = "…"
"""Stands for any text in a line, and alone on a line for any number of lines."""

_FENCE = re.compile(r"(?P<fence>`{3,})(?P<language>[a-z]*)(?: title=(?P<title>\S+))?")
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block; ``title`` names the file that the reader is to make of it."""

    line: int
    language: str
    title: str
    text: str


@dataclass
class Step:
    """A command of a console block, and the lines that are to come of it."""

    line: int
    command: str
    expected: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """The path from the top of the checkout."""
        return self.path.relative_to(TOP).as_posix()

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    def blocks(self) -> list[Block]:
        """Return the fenced blocks in order."""
        return list(_blocks(self.text.splitlines()))

    def prose(self) -> str:
        """Return everything that is in no fenced block."""
        kept: list[str] = []
        fence = ""
        for line in self.text.splitlines():
            if fence:
                fence = "" if line.strip() == fence else fence
            elif opening := _FENCE.fullmatch(line.strip()):
                fence = opening["fence"]
            else:
                kept.append(line)
        return "\n".join(kept)

    def links(self) -> list[str]:
        """Return the targets of all links that lead to another file or place here."""
        targets = (found["target"] for found in _LINK.finditer(self.prose()))
        return [each for each in targets if not each.startswith(("https:", "http:", "mailto:"))]

    def anchors(self) -> set[str]:
        """Return the names by which its headings can be linked to."""
        heads = re.findall(r"^#{1,6} (.+)$", self.prose(), re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    def section(self, heading: str) -> str:
        """Return what stands below a heading, up to the next one of its level or above."""
        level = len(heading) - len(heading.lstrip("#"))
        below = self.text.split(f"{heading}\n", 1)
        assert len(below) == 2, f"{self.name} has no heading {heading!r}"
        return re.split(rf"^#{{1,{level}}} ", below[1], maxsplit=1, flags=re.MULTILINE)[0]


def documents() -> list[Document]:
    """Return all documents for users: the README, and what is in docs."""
    return [Document(TOP / "README.md"), *map(Document, sorted(DOCS.rglob("*.md")))]


def document(name: str) -> Document:
    """Return the document at a path below docs."""
    return Document(DOCS / name)


def table(text: str) -> list[list[str]]:
    """Return the rows of the first table of a text without its head; cells as they are written."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))])
        elif rows:
            break
    return rows[2:]


def words(cell: str) -> list[str]:
    """Return what a cell of a table has in code marks."""
    return _CODE.findall(cell)


def steps(block: Block) -> list[Step]:
    """Return the commands of a console block: ``$ `` begins one, ``> `` goes on with it."""
    found: list[Step] = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            found.append(Step(number, line.removeprefix("$ ")))
        elif line.startswith("> ") and not found[-1].expected:
            found[-1].command += "\n" + line.removeprefix("> ")
        else:
            assert found, f"line {number} is the answer to no command: {line!r}"
            found[-1].expected.append(line)
    return found


def matches(expected: list[str], shown: str) -> bool:
    """Tell whether the output of a command is what the document says."""
    pattern = ""
    for line in expected:
        if line.strip() == ANYTHING:
            pattern += r"(?:[^\n]*\n)*"
        else:
            parts = (re.escape(part) for part in line.rstrip().split(ANYTHING))
            pattern += r"[^\n]*".join(parts) + r"[ \t]*\n"
    text = shown if shown.endswith("\n") or not shown else shown + "\n"
    return re.fullmatch(pattern, text) is not None


def _blocks(lines: list[str]) -> Iterator[Block]:
    opening: re.Match[str] | None = None
    start, inside = 0, list[str]()
    for number, line in enumerate(lines, 1):
        if opening is None:
            opening = _FENCE.fullmatch(line)
            start, inside = number, []
        elif line == opening["fence"]:
            text = "".join(f"{each}\n" for each in inside)
            yield Block(start, opening["language"], opening["title"] or "", text)
            opening = None
        else:
            inside.append(line)
    assert opening is None, f"the block that begins in line {start} never ends"
