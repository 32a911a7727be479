"""Reads what is plain in a large file at once: boxes with words, and v1.0's values below them.

All the rest goes line by line through the readers for that, on a page of its own, where one box
stands in for each run of plain ones: so it is they who tell the file's dialect, and the heading and
the priority that a run is under. Where a stand-in is no box (in code), or a file has a legend,
nothing is read here at all.
"""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from functools import partial
from itertools import accumulate, chain, compress, count, islice, repeat
from operator import add, attrgetter, sub
from typing import TYPE_CHECKING, Any, NamedTuple

from kanban_sync.core.model import Document, ParsedTask, Status
from kanban_sync.sources.box_tasks import MARKS, Reading
from kanban_sync.sources.fields import words_in
from kanban_sync.sources.markdown import scan
from kanban_sync.sources.markdown_dialects import CHECKBOXES, V1, name_for, sort_out
from kanban_sync.sources.outline import count_of, opens_legend
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kanban_sync.core.model import Ways
    from kanban_sync.sources.outline import Box

# A number, an id, strokes or another marker in front of the words would mean something.
_WORDS = (
    r"(?![-+*_~`0-9\s]|[A-Z][A-Z-]*+[0-9]"
    # Their first letters, also those that only look large or small, are told in one step.
    r"|[^\w\n]*+(?=[tTsSiI\u0130\u0131\u017f])"
    r"(?i:task|step|issue|story|ticket)[ #-]*+[0-9])(.++)(?<=\S)"
)
_BOX = r"- \[([ xX])\] "
_VALUE = r"(?=\S)(.++)(?<=\S)"
_IDS = r"(\w[\w.-]*+(?<!\.)(?:, \w[\w.-]*+(?<!\.))*+)"
_STEP = rf"\n  {_BOX}{_WORDS}"
_STEP_SIGN = "\n  - ["


def _unnamed(groups: str) -> str:
    """Return an expression whose groups are not told apart."""
    return groups.replace("([", "(?:[").replace("(.", "(?:.")


_BLOCK = (
    # Most have nothing below them: that is told by one look ahead.
    rf"\n{_BOX}{_WORDS}((?:(?=\n  )"
    r"(?:\n  - \*\*ID\*\*: ([\w.-]++))?+"
    rf"(?:\n  - \*\*Tags\*\*: {_VALUE})?+"
    rf"((?:\n  - \*\*(?:Details|Files|Acceptance)\*\*: {_unnamed(_VALUE)})*+)"
    rf"(?:\n  - \*\*Blocked by\*\*: {_IDS})?+"
    rf"((?:{_unnamed(_STEP)})*+)"
    # Words at the margin right below, and what is indented below blank lines, might belong to it.
    r")?+)(?=\n- |\n#{1,6} |\n\n++(?![ \t])|\n*+\Z)"
)
_INSIDE = {"(": r"\((?=[@dDbB])(?:@|(?i:dep|blocked))", "[": r"\[(?:P\]|US[0-9])", "#": r"#[^\W\d]"}
"""What would mean something amid words, by its sign. It is many times faster to seek each alone."""

_HEADING = pattern(r"#{1,6} .*")
_STAND_IN = "- [ ] x"
_ODD_GAPS = ("  ", "\t", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f")
_WORD_OF = {" ": "", "x": "x", "X": "X"}
_STATUS_OF = {sign: MARKS[word] for sign, word in _WORD_OF.items()}


class Quick(NamedTuple):
    """What a file says, its problems without a path, and how many boxes it has."""

    document: Document
    boxes: int


class _Blocks(NamedTuple):
    """The plain blocks of a file, column by column; what does not stand there is None or ''.

    ``gaps`` is what stands between them, one more than there are blocks. ``below`` is all below a
    box, that is ``ids`` to ``steps``. ``is_tidy`` tells that all words have single blanks between.
    """

    is_tidy: bool
    gaps: list[str]
    marks: list[str]
    titles: list[str]
    below: list[str]
    ids: list[str | None]
    tags: list[str | None]
    said: list[str | None]
    waits: list[str | None]
    steps: list[str | None]


_WIDTH = len(_Blocks._fields) - 1


class _Places(NamedTuple):
    """The lines on which the blocks begin, and how many lines each has."""

    lines: list[int]
    heights: list[int]

    def after(self, index: int) -> int:
        """Return the line below a block."""
        return self.lines[index] + self.heights[index]


class _Rest(NamedTuple):
    """What stands around the blocks: the dialect, and the boxes that are not plain.

    ``firsts`` are the first blocks of the runs, ``stand_ins`` what was read in their places.
    """

    name: str
    firsts: list[int]
    stand_ins: list[Box]
    others: list[Box]
    ways: Ways


def read_quickly(text: str, fixed: str = "") -> Quick | None:
    """Read a file of which much is plain, as the other readers do; None leaves all to them.

    Args:
        text: What stands in it.
        fixed: The dialect that the settings name, '' where they leave it open.
    """
    # To look for one character takes a tenth of the time of looking for several.
    text = text.replace("\r\n", "\n") if "\r" in text else text
    is_odd = "\r" in text or ("<" in text and "<!--" in text)
    if is_odd or fixed not in {"", *CHECKBOXES}:
        return None
    with _no_collections():
        return _read(f"\n{text}", fixed)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Leave the search for cycles out for a moment: none are made, and it would double the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(text: str, fixed: str) -> Quick | None:
    blocks = _blocks(text)
    places = _places(blocks)
    has_legend = any(map(_opens_legend, filter(None, blocks.gaps)))
    rest = _rest(blocks, places, fixed) if blocks.titles and not has_legend else None
    if rest is None:
        return None
    reading = Reading("", rest.name)
    others = list(reading.tasks_of_file([(rest.name, box) for box in rest.others]))
    if not _are_alike(blocks, rest.name, reading.ids):
        return None
    steps = _steps(blocks, places)
    tasks = _tasks(blocks, places, rest, steps)
    if others:
        tasks = sorted([*tasks, *others], key=attrgetter("line"))
    document = Document(tuple(tasks), tuple(reading.problems), rest.name, ways=rest.ways)
    return Quick(document, len(blocks.titles) + sum(map(len, steps)) + count_of(rest.others))


def _opens_legend(gap: str) -> bool:
    """Tell whether a legend begins in a gap: which of the boxes below are tasks, words tell."""
    words = gap.lower()
    if not any(word in words for word in ("legend", "rules", "凡例")):
        return False
    return any(opens_legend(line.strip(" #")) for line in gap.split("\n"))


def _blocks(text: str) -> _Blocks:
    parts: list[Any] = re.split(_BLOCK, text)
    steps = "".join(filter(None, parts[8::_WIDTH])).replace(_STEP_SIGN, "\n[")
    words = "\n".join([*parts[2::_WIDTH], steps])
    if any(sign in words and re.search(inside, words) for sign, inside in _INSIDE.items()):
        parts = _without_odd(parts, re.compile("|".join(_INSIDE.values())))
    is_tidy = words.isascii() and not any(gap in words for gap in _ODD_GAPS)
    return _Blocks(is_tidy, *(parts[column::_WIDTH] for column in range(_WIDTH)))


def _without_odd(parts: Sequence[Any], odd: re.Pattern[str]) -> list[Any]:
    """Put the blocks amid whose words something has a meaning into the gaps."""
    kept: list[Any] = []
    gap = [parts[0]]
    for start in range(1, len(parts), _WIDTH):
        mark, title, below, *_, steps, following = parts[start : start + _WIDTH]
        if odd.search(title) or (steps and odd.search(steps)):
            gap += [f"\n- [{mark}] {title}{below}", following]
        else:
            kept += ["".join(gap), *parts[start : start + _WIDTH - 1]]
            gap = [following]
    return [*kept, "".join(gap)]


def _places(blocks: _Blocks) -> _Places:
    heights = [each.count("\n") + 1 if each else 1 for each in blocks.below]
    down = heights.copy()
    for index in compress(count(), blocks.gaps[1:]):
        down[index] += blocks.gaps[index + 1].count("\n")
    first = 1 + blocks.gaps[0].count("\n")
    return _Places(list(accumulate(down[:-1], initial=first)), heights)


def _rest(blocks: _Blocks, places: _Places, fixed: str) -> _Rest | None:
    """Read what stands around the blocks; None where a stand-in is no box of the one dialect."""
    lines: list[str] = []
    numbers: list[int] = []
    runs: dict[int, int] = {}
    for index in chain([0], compress(count(1), blocks.gaps[1:])):
        gap = blocks.gaps[index]
        words = gap.strip("\n")
        first = places.after(index - 1) if index else 1
        if index and _HEADING.fullmatch(words):
            # A heading ends all that blank lines around it could be part of.
            lines.append(words)
            numbers.append(first - 1 + gap.index("#"))
        else:
            around = gap.split("\n")[1:]
            lines += around
            numbers += range(first, first + len(around))
        if index < len(blocks.titles):
            lines.append(_STAND_IN)
            numbers.append(places.lines[index])
            runs[len(lines)] = index
    page = scan("\n".join(lines))
    sorted_out = sort_out(page.lines, fixed)
    by_dialect = sorted_out.by_dialect
    ((name, found),) = by_dialect.items() if len(by_dialect) == 1 else [("", [])]
    stand_ins = [box for box in found if box.line in runs]
    if page.unclosed or name not in CHECKBOXES or len(stand_ins) < len(runs):
        return None
    if any(box.body or box.below for box in stand_ins):
        return None
    others = [box for box in found if box.line not in runs]
    _renumber(others, numbers)
    if not fixed:
        has_values = any(chain(blocks.ids, blocks.tags, blocks.waits))
        name = V1 if name == V1 or has_values else name_for(others, besides=len(blocks.titles))
    return _Rest(name, [*runs.values()], stand_ins, others, sorted_out.ways)


def _renumber(found: Iterable[Box], numbers: Sequence[int]) -> None:
    for box in found:
        box.line = numbers[box.line - 1]
        _renumber(box.below, numbers)


def _are_alike(blocks: _Blocks, name: str, taken: Iterable[str]) -> bool:
    """Tell whether the blocks are all like what their dialect has, with ids of their own."""
    if name != V1:
        return not any(chain(blocks.ids, blocks.tags, blocks.said, blocks.waits))
    ids = [each for each in blocks.ids if each]
    are_open = blocks.marks.count(" ") == len(blocks.marks)
    return are_open and len({*ids, *taken}) == len(ids) + len(set(taken))


def _steps(blocks: _Blocks, places: _Places) -> list[tuple[ParsedTask, ...]]:
    """Return the tasks below each block."""
    below: list[tuple[ParsedTask, ...]] = [()] * len(blocks.titles)
    lists = [each for each in blocks.steps if each]
    # As many as there are signs: a step has no line end in its words.
    found = "".join(lists).split(_STEP_SIGN)[1:]
    counts = [each.count("\n") for each in lists]
    ends = [*map(add, *(compress(each, blocks.steps) for each in places))]
    tasks = _made(
        title=_tidy([each[3:] for each in found], is_tidy=blocks.is_tidy),
        status=[_STATUS_OF[each[0]] for each in found],
        word=[_WORD_OF[each[0]] for each in found],
        line=chain.from_iterable(map(range, map(sub, ends, counts), ends)),
    )
    inside = map(tuple, map(islice, repeat(tasks), counts))
    for index, each in zip(compress(count(), blocks.steps), inside, strict=True):
        below[index] = each
    return below


def _tasks(
    blocks: _Blocks, places: _Places, rest: _Rest, steps: Sequence[tuple[ParsedTask, ...]]
) -> list[ParsedTask]:
    size = len(blocks.titles)
    ends = [*rest.firsts[1:], size]
    lengths = [end - first for first, end in zip(rest.firsts, ends, strict=True)]

    def spread(values: Iterable[object]) -> Iterator[object]:
        return chain.from_iterable(map(repeat, values, lengths))

    titles = _tidy(blocks.titles, is_tidy=blocks.is_tidy)
    groups = spread(box.heading for box in rest.stand_ins)
    if rest.name != V1:
        return list(
            _made(
                title=titles,
                status=map(_STATUS_OF.__getitem__, blocks.marks),
                word=map(_WORD_OF.__getitem__, blocks.marks),
                group=groups,
                line=places.lines,
                children=steps,
            )
        )
    priorities = [box.priority for box in rest.stand_ins]
    return list(
        _made(
            title=titles,
            status=spread(Status.BACKLOG if each == "3" else Status.TODO for each in priorities),
            id=[each or "" for each in blocks.ids],
            group=groups,
            body=[each.replace("\n  - ", "\n\n")[2:] if each else "" for each in blocks.said],
            labels=_words_of(blocks.tags, lower=True),
            priority=spread(f"P{each}" if each else "" for each in priorities),
            depends_on=_words_of(blocks.waits),
            line=places.lines,
            children=steps,
        )
    )


def _made(**columns: Iterable[object]) -> Iterator[ParsedTask]:
    """Yield tasks from columns of what they say; a column that is left out has the default."""
    defaults = ParsedTask._field_defaults
    values = (
        columns[name] if name in columns else repeat(defaults[name]) for name in ParsedTask._fields
    )
    # What ``ParsedTask(...)`` does besides takes most of the time of all that is done here.
    return map(partial(tuple.__new__, ParsedTask), zip(*values, strict=False))


def _tidy(titles: Sequence[str], *, is_tidy: bool) -> Sequence[str]:
    """Return titles with single blanks between the words."""
    return titles if is_tidy else [" ".join(title.split()) for title in titles]


def _words_of(values: Sequence[str | None], *, lower: bool = False) -> Iterator[tuple[str, ...]]:
    """Return the words that values list; most values return again and again."""
    words = {each: words_in([each], lower=lower) if each else () for each in set(values)}
    return map(words.__getitem__, values)
