"""Where our block stands in a card's description, among the words of people.

The same words may stand there more than once: people quote what we wrote, or propose what a file
takes over later. Ours are those that lie as our block lay among people's lines when we last looked;
of several that do, the last.
"""

from __future__ import annotations

import hashlib
import re
from difflib import SequenceMatcher
from enum import IntEnum
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.core.board import Words
    from kanban_sync.core.operations import SetText

PLACES = 50
"""How many places of one block are looked at, from below; a block may be a line of a long table."""

RESEMBLING = 100
"""How many characters of two lines are compared to tell whether one was made of the other."""

SHORTEST = 3
"""How long a line is at least that is looked for inside of others."""

ALIKE = 0.75
"""From which share of equal characters on a line was made of another."""


class Place(NamedTuple):
    """Which lines are ours, and with which our block is to begin."""

    ours: frozenset[int]
    first: int


class _Kind(IntEnum):
    """How a block was found, the surest last."""

    SCATTERED = 0
    MARKED = 1
    EXACT = 2


class _Spot(NamedTuple):
    """A place where a block stands, whoever wrote it there."""

    lines: frozenset[int]
    start: int
    end: int
    kind: _Kind


def place_of(lines: Sequence[str], wanted: SetText) -> Place:
    """Return which lines of a description are our block, as it was written or what is left of it.

    What may stand there is what we said, and what the version field marks. The words that are
    wanted now are ours without that only where nothing else is: a person may have proposed them.
    """
    text = _Text(lines, wanted.words)
    known = [each for each in wanted.former if each.strip()]
    if wanted.text not in known and block_mark(wanted.text) in wanted.marked:
        known.insert(0, wanted.text)
    sure = [spot for each in known for spot in text.exact(each)]
    sure += [spot for mark in wanted.marked for spot in text.marked(mark)]
    spots = sure + [spot for each in known for spot in text.scattered(each)]
    quoted = frozenset[int]().union(*(each.lines for each in spots))
    said = text.best(spots)
    # People may quote all of our block, and change it where it was.
    is_moved = bool(spots) and wanted.words is not None and not any(map(text.touches, spots))
    parts = (text.part(each, quoted) for each in known if is_moved)
    if part := next(filter(None, parts), None):
        return text.at(part)
    if said is not None:
        # If a whole former block is there, the version field was written, but the words were not.
        wholes = [each.lines for each in sure if each.lines >= said.lines]
        return text.at(max([said.lines, *wholes], key=len))
    found = [*text.exact(wanted.text), *text.scattered_closely(wanted.text)]
    if not wanted.former:
        # Nothing was ever said: all of our words may be there by way of the board's editor.
        found += text.marked(block_mark(wanted.text))
    new = text.best([each for each in found if wanted.words is None or text.is_between(each)])
    besides = quoted | new.lines if new is not None else quoted
    parts = (text.part(each, besides) for each in known)
    return text.at(next(filter(None, parts), new.lines if new is not None else frozenset()))


def block_mark(block: str) -> str:
    """Return the mark by which a block is found in a description: how many lines, and a hash."""
    lines = [_sameness(line) for line in block.split("\n") if line.strip()]
    return f"{len(lines)}-{_digest(lines)}" if lines else ""


def loose(text: str) -> str:
    """Return a text without what the board's editor changes by itself: marks, escapes, blanks."""
    return "".join(re.findall(r"[^\W_]+", text)).lower()


class _Text:
    """A description's lines, and what is known of people's lines among them."""

    def __init__(self, lines: Sequence[str], words: Words | None) -> None:
        """Take the lines, and the words that people had around our block; None if nobody knows."""
        self._plain = [line.rstrip() for line in lines]
        self._same = [_sameness(line) for line in lines]
        self._there = [index for index, same in enumerate(self._same) if same]
        self._is_known = words is not None
        above, below = words or ("", "")
        self._above, self._below = _lines_of(above), _lines_of(below)
        self._upper = _common(self._above, self._same)
        self._lower = _common(self._below[::-1], self._same[::-1])[::-1]

    def exact(self, block: str) -> Iterator[_Spot]:
        """Yield the last places where a block stands as we wrote it, line by line."""
        wanted = [line.rstrip() for line in block.split("\n")] if block.strip() else []
        length, left = len(wanted), PLACES
        for start in reversed(range(len(self._plain) - length + 1)) if wanted else ():
            if self._plain[start] == wanted[0] and self._plain[start : start + length] == wanted:
                yield self._spot(range(start, start + length), _Kind.EXACT)
                left -= 1
                if not left:
                    return

    def marked(self, mark: str) -> Iterator[_Spot]:
        """Yield where the block stands that has this mark: what was written last, by any clone."""
        shape = re.fullmatch(r"([1-9][0-9]{0,5})-[0-9a-f]+", mark)
        count = int(shape[1]) if shape else 0
        for start in range(len(self._there) - count + 1) if count else ():
            window = self._there[start : start + count]
            if f"{count}-{_digest([self._same[index] for index in window])}" == mark:
                yield self._spot(range(window[0], window[-1] + 1), _Kind.MARKED)

    def scattered(self, block: str) -> list[_Spot]:
        """Return where all lines of a block stand in their order, with words put in at one place.

        What the board's editor changes by itself counts only where that tells two places apart.
        """
        return self.scattered_closely(block) or self._scattered(self._same, _lines_of(block))

    def scattered_closely(self, block: str) -> list[_Spot]:
        """Return the same, where they stand letter by letter."""
        wanted = [line.strip() for line in block.split("\n") if _sameness(line)]
        return self._scattered([line.strip() for line in self._plain], wanted)

    def _scattered(self, lines: Sequence[str], wanted: Sequence[str]) -> list[_Spot]:
        there = [lines[each] for each in self._there]
        spots: list[_Spot] = []
        ends = [number for number, each in enumerate(there, start=1) if each in wanted[-1:]]
        for end in ends[-PLACES:]:
            pairs = zip(reversed(there[:end]), reversed(wanted), strict=False)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            head, tail = wanted[: len(wanted) - same], range(end - same, end)
            for start in range(end - len(wanted), -1, -1):
                if there[start : start + len(head)] == head:
                    found = [*range(start, start + len(head)), *tail]
                    if self._is_one_block(found):
                        spots.append(self._scatter(found))
                        break
        return spots

    def _is_one_block(self, found: Sequence[int]) -> bool:
        """Whether lines are those of one block, and not some of a block and some of people's own.

        If people changed a line of ours, the same line may stand further below because they wrote
        it there. So nothing in between resembles a line of ours, and they end where ours ended.
        """
        between = set(range(found[0], found[-1])).difference(found)
        if not between:
            return True
        spot = self._scatter(found)
        ours = {self._same[each] for each in spot.lines}
        others = {self._same[self._there[each]] for each in between} - ours
        return self.is_between(spot) and not any(
            _resemble(one, other) for one in others for other in ours
        )

    def _scatter(self, found: Sequence[int]) -> _Spot:
        return self._spot([self._there[each] for each in found], _Kind.SCATTERED)

    def part(self, block: str, besides: frozenset[int]) -> frozenset[int]:
        """Return the lines that are left of a block where people changed or removed some of it.

        It is at least half of it, from its first line on, and stands beside what was beside it.
        Where it could be here or there, it is nowhere: a line of ours that is left does less harm
        than one of people's that is lost.
        """
        low, high = self._gap()
        wanted = _lines_of(block)
        # Lines that are known as people's end it: what lies behind them does not go on from here.
        here = [index for index in self._there if low <= index < high]
        if not wanted:
            return frozenset()
        there = [self._same[index] for index in here]
        starts = [number for number, same in enumerate(there) if same == wanted[0]] or [
            number for number, same in enumerate(there) if _resemble(same, wanted[0])
        ]
        runs = (self._run(wanted, here[start:]) for start in starts[:PLACES])
        found = [
            run.lines - besides
            for run in runs
            if 2 * len(run.lines - besides) >= len(wanted) and self.touches(run)
        ]
        return found[0] if len(found) == 1 else frozenset()

    def _run(self, wanted: Sequence[str], here: Sequence[int]) -> _Spot:
        """Return the lines of a block that follow each other, apart from those changed or gone."""
        found: list[int] = []
        due, end = 0, here[0]
        for index in here:
            same = self._same[index]
            # The first line tells that it is a block, and no list that has a line of it too.
            at = next(
                (at for at in range(due, len(wanted) if due else 1) if wanted[at] == same), -1
            )
            if at >= 0:
                found.append(index)
                due = at + 1
            elif due < len(wanted) and _resemble(same, wanted[due]):
                due += 1
            else:
                break
            end = index
        return _Spot(frozenset(found), here[0], end, _Kind.SCATTERED)

    def best(self, spots: Sequence[_Spot]) -> _Spot | None:
        """Return which of several places is ours; None if all are people's own."""
        ordered = sorted(spots, key=self._likelihood, reverse=True)
        if not (self._above or self._below):
            return ordered[0] if ordered else None
        return next((each for each in ordered[:PLACES] if self._is_spare(each)), None)

    def is_between(self, spot: _Spot) -> bool:
        """Whether a place lies right between the lines that were right around our block."""
        return self.touches(spot) == len(("above", "below"))

    def at(self, ours: frozenset[int]) -> Place:
        """Return the place of these lines; without any, of the gap between people's lines."""
        return Place(ours, min(ours, default=self._gap()[0]))

    def _spot(self, lines: Sequence[int], kind: _Kind) -> _Spot:
        return _Spot(frozenset(lines), min(lines), max(lines), kind)

    def _likelihood(self, spot: _Spot) -> tuple[int, _Kind, int, bool, int]:
        """Return how likely a place is ours: by people's lines, by looks, at last by the order."""
        stands_alone = self._is_blank(spot.start - 1) and self._is_blank(spot.end + 1)
        touches = self.touches(spot) if self._is_known else 0
        return self._around(spot), spot.kind, touches, stands_alone, spot.start

    def _around(self, spot: _Spot) -> int:
        """Return how many of people's lines are on the side of a place on which they were."""
        return self._upper[spot.start] + self._lower[spot.end + 1]

    def touches(self, spot: _Spot) -> int:
        """Return on how many sides the line next to a place is the one that was next to ours."""
        before = next((each for each in reversed(self._same[: spot.start]) if each), "")
        after = next((each for each in self._same[spot.end + 1 :] if each), "")
        above, below = (self._above or [""])[-1], (self._below or [""])[0]
        return (before == above) + (after == below)

    def _is_blank(self, index: int) -> bool:
        return not (0 <= index < len(self._same) and self._same[index])

    def _is_spare(self, spot: _Spot) -> bool:
        """Whether people's lines are all there without a place, or it tells more than they do."""
        people = [*self._above, *self._below]
        every = _common(people, self._same)[-1]
        own = sum(1 for index in spot.lines if self._same[index])
        if self._around(spot) + own >= every and (self.touches(spot) or not self._is_known):
            return True
        rest = [same for index, same in enumerate(self._same) if index not in spot.lines]
        return _common(people, rest)[-1] == every

    def _gap(self) -> tuple[int, int]:
        """Return between which lines our block was, going by people's lines."""
        sums = [above + below for above, below in zip(self._upper, self._lower, strict=True)]
        most = max(sums)
        high = len(sums) - 1 - sums[::-1].index(most)
        low = high
        while low and sums[low - 1] == most:
            low -= 1
        return low, high


def _common(known: Sequence[str], lines: Sequence[str]) -> list[int]:
    """Return for each beginning of ``lines`` how many of the known ones it holds in their order.

    It is the length of the longest common subsequence, with one bit for each known line.
    """
    bits: dict[str, int] = {}
    for index, line in enumerate(known):
        bits[line] = bits.get(line, 0) | 1 << index
    every = (1 << len(known)) - 1
    free = every
    counts = [0]
    for line in lines:
        if matched := free & bits.get(line, 0):
            free = ((free + matched) | (free - matched)) & every
        counts.append(len(known) - free.bit_count())
    return counts


def _resemble(one: str, other: str) -> bool:
    """Whether one line may be what a person made of the other."""
    short, long = sorted((one[:RESEMBLING], other[:RESEMBLING]), key=len)
    if len(short) >= SHORTEST and short in long:
        return True
    matcher = SequenceMatcher(None, one[:RESEMBLING], other[:RESEMBLING], autojunk=False)
    ratios = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(ratio() >= ALIKE for ratio in ratios)


def _lines_of(text: str) -> list[str]:
    return [same for line in text.split("\n") if (same := _sameness(line))]


def _sameness(line: str) -> str:
    """Return what tells two lines apart: words, or else the marks themselves."""
    return loose(line) or "".join(line.split())


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:12]
