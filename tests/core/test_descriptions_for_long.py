"""Whatever people do for long to a description, beside our block and in it: their lines stay."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from core.made import key
from kanban_sync.core.board import Words
from kanban_sync.core.description import footer, is_written, rewrite, words_around
from kanban_sync.core.operations import SetText
from kanban_sync.core.places import block_mark

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = key("add-login")
HISTORIES = 400
SAVES = 4

BLOCKS = (
    ("**Why**", "Slow.", "- a cache", "- a queue"),
    ("Everything is new.",),
    ("# Origin", "Meyer asked for it.", "- by mail", "- by phone", "- in person", "Until May."),
    ("Slow.", "- a cache", "- a queue"),
    ("# Origin", "Meyer asked for it.", "- by fax"),
)
OPENINGS = ("My options:", "Anna meant", "See below", "I quote", "Hm", "Ask Eve about this")


class Line(NamedTuple):
    """A line of a description, and who wrote it: only the test knows."""

    text: str
    author: str


class Person:
    """Somebody at the board's page, who changes what is there in any way."""

    def __init__(self, chance: Random, block: Sequence[str]) -> None:
        """Begin with a card that has nothing but our block."""
        self._chance = chance
        self._written = 0
        self.lines = [Line(each, "we") for each in block]

    def save(self, block: Sequence[str]) -> None:
        """Do one or several things, and save once."""
        deeds = (self._edit, self._remove, self._clear, self._write, self._paste)
        for _ in range(self._chance.randint(1, 3)):
            self._chance.choice(deeds)(block)

    def _edit(self, _block: Sequence[str]) -> None:
        if ours := self._ours():
            at = self._chance.choice(ours)
            self.lines[at] = Line(f"{self.lines[at].text} (no!)", "a person")

    def _remove(self, _block: Sequence[str]) -> None:
        if ours := self._ours():
            del self.lines[self._chance.choice(ours)]

    def _clear(self, _block: Sequence[str]) -> None:
        self.lines = [line for line in self.lines if line.author != "we"]

    def _write(self, block: Sequence[str]) -> None:
        """Write a list of one's own, which may have lines that the block has too."""
        if len(block) > 1:
            self._put([self._chance.choice([*block, "- a disk"]) for _ in range(2)])

    def _paste(self, block: Sequence[str]) -> None:
        """Paste a part of the block: of a whole copy nobody could tell which is ours."""
        start, end = sorted(self._chance.choices(range(len(block) + 1), k=2))
        if end - start < len(block):
            self._put(block[start:end])

    def _put(self, texts: Sequence[str]) -> None:
        self._written += 1
        opening = f"{self._chance.choice(OPENINGS)} {self._written}"
        put = [opening, *texts, f"- the end of {self._written}"]
        at = self._chance.randint(0, len(self.lines))
        self.lines[at:at] = [Line(each, "a person") for each in put]

    def _ours(self) -> list[int]:
        return [index for index, line in enumerate(self.lines) if line.author == "we"]

    def find(self, above: Sequence[str], block: Sequence[str], below: Sequence[str]) -> None:
        """Find the card as it was written; what is left of an old block is nobody's."""
        theirs = Counter(line.text for line in self.lines if line.author == "a person")
        lines: list[Line] = []
        for text in (*above, *below):
            lines.append(Line(text, "a person" if theirs[text] else "nobody"))
            theirs[text] -= theirs[text] > 0
        at = len(above)
        self.lines = [*lines[:at], *(Line(each, "we") for each in block), *lines[at:]]


def test_no_line_of_a_person_is_lost_whatever_people_do_to_our_block() -> None:
    for seed in range(HISTORIES):
        chance = Random(seed)
        block, words = chance.choice(BLOCKS), Words()
        person = Person(chance, block)
        for _ in range(SAVES):
            if chance.random() < 0.8:
                person.save(block)
            new = chance.choice([block, *BLOCKS])
            words = synced(person, block, new, words)
            block = new


def synced(person: Person, block: Sequence[str], new: Sequence[str], words: Words) -> Words:
    """Write a new block instead of one, and return people's words around it."""
    description = "\n\n".join([*(line.text for line in person.lines), footer(KEY)])
    wanted = set_text(new, block, words)
    written = rewrite(description, KEY, wanted)
    kept = words_around(description, KEY, wanted)
    theirs = Counter(line.text for line in person.lines if line.author == "a person")
    there = texts_of(written.removesuffix(footer(KEY)))
    above, below = texts_of(kept.above), texts_of(kept.below)
    assert there == [*above, *new, *below], description
    assert Counter([*above, *below]) >= theirs, (description, words)
    assert is_written(written, KEY, set_text(new, new, kept), settled=False), written
    person.find(above, new, below)
    return kept


def set_text(new: Sequence[str], block: Sequence[str], words: Words) -> SetText:
    text, former = "\n\n".join(new), "\n\n".join(block)
    return SetText(text, (former,), (block_mark(former),), words)


def texts_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]
