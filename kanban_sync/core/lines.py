"""Which line of a card's task lists is which task's, and which lines are people's.

A line is ours if the base knows its id, or if the version field marks its text and no other line of
ours accounts for the mark: then another clone made it, or this one did before it was cut off. Every
other line is a person's, also one that says what a task of ours says: ours is added beside it.

The version field is written before the lines, so a mark may be there and its line not. Therefore
the base keeps, from before each write, the ids of the lines that are people's (``Said.theirs``):
they never become ours. What is left open is a line that a person adds with the very words of one
of ours while that one is lacking, after a crash or on another clone: it counts as ours.

Without a base and without a version field (boards made by the tool's predecessor), and for what
exceeds the field's room, lines are known by their text alone; such a line is never removed.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.identity import Traits, match

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.board import Checklist, Said, SeenChecklist, SeenItem, Stamp

MARK_LENGTH = 3
"""Characters of a line's mark: enough to tell some hundred lines apart."""

MARKS = 130
"""How many marks the version field, which has 512 characters, can hold."""


class Recognised(NamedTuple):
    """The ids of lines by item key, and the lines of other clones, whether a task asks or not.

    ``unsure`` are the ids of lines of which nobody can tell yet whether they are people's, or were
    made by one clone while another made those that say the same.
    """

    items: dict[str, str]
    others: tuple[SeenItem, ...]
    unsure: frozenset[str] = frozenset()


def line_marks(checklists: Sequence[Checklist]) -> str:
    """Return marks of all titles and lines, by which any clone knows which of them are ours."""
    marks = [
        mark
        for each in checklists
        for mark in (_title_mark(each.title), *(_mark(item.text) for item in each.items))
    ]
    return "".join(marks[:MARKS])


def titles_marked(seen: Sequence[SeenChecklist], stamp: Stamp | None) -> set[str]:
    """Return the titles on the board that were said last, by whichever clone."""
    marks = _marks(stamp)
    return {each.title for each in seen if _title_mark(each.title) in marks}


def lines_known(seen: Sequence[SeenChecklist], base: Said | None) -> dict[str, str]:
    """Return the ids of lines that this clone made, by item key.

    Of a saying that was cut off nobody knows the ids: its lines are known by their text.
    """
    if base is None:
        return {}
    known = dict(base.items)
    for card in () if base.finished else base.all_said:
        for checklist in card.checklists:
            lines = [line for each in seen if each.title == checklist.title for line in each.items]
            for item in checklist.items:
                taken = {*known.values(), *base.theirs}
                same = [line.id for line in lines if line.text == item.text]
                free = [id_ for id_ in same if id_ not in taken]
                if item.key not in known and free:
                    # The oldest, which is the one that counts where two clones made it.
                    known[item.key] = min(free, key=age)
    return known


def each_once(
    seen: Sequence[SeenChecklist], base: Said | None, known: Mapping[str, str]
) -> dict[str, str]:
    """Return the ids of our lines by item key, of those that clones made twice the oldest.

    Two clones that read a card at the same time both add what is lacking. Of equal lines in task
    lists with one title the smallest id counts for every clone, and each takes away what it made
    itself. What was there before this clone wrote is people's.
    """
    if base is None or not base.made:
        return dict(known)
    accounted = {*known.values(), *base.theirs}
    holders = {line.id: (each.title, line) for each in seen for line in each.items}
    rivals: dict[tuple[str, str], list[str]] = {}
    for title, line in holders.values():
        if line.id not in accounted:
            rivals.setdefault((title, line.text), []).append(line.id)
    if not rivals:
        return dict(known)
    mine: dict[tuple[str, str], dict[str, str]] = {}
    for item in (item for each in base.said.checklists for item in each.items):
        id_ = known.get(item.key, "")
        if id_ in holders and (holders[id_][0], item.text) in rivals:
            mine.setdefault((holders[id_][0], item.text), {})[item.key] = id_
    once = dict(known)
    for group, ours in mine.items():
        counting = _oldest(ours.values(), rivals[group], base.made)
        if counting != set(ours.values()):
            # Each clone gives those that stay to the same tasks: by where they stand.
            order = sorted(counting, key=lambda id_: (holders[id_][1].position, age(id_)))
            once |= dict(zip(ours, order, strict=True))
    return once


def _oldest(ours: Iterable[str], rivals: Iterable[str], made: Collection[str]) -> set[str]:
    """Return as many ids as are ours: younger ones that this clone made give way to older ones."""
    counting = set(ours)
    younger = sorted((id_ for id_ in counting if id_ in made), key=age, reverse=True)
    for mine, other in zip(younger, sorted(rivals, key=age), strict=False):
        if age(other) < age(mine):
            counting = counting - {mine} | {other}
    return counting


def adopted(wanted: Sequence[Checklist], seen: Sequence[SeenChecklist]) -> dict[str, str]:
    """Return the ids of lines by item key on a card that is taken over from another tool.

    That tool calls its task lists as it likes, so only the words of a line count, whatever its
    number and its capitals.
    """
    free: dict[str, list[str]] = {}
    for line in (line for each in seen for line in each.items):
        free.setdefault(_words(line.text), []).append(line.id)
    found: dict[str, str] = {}
    for item in (item for each in wanted for item in each.items):
        if same := free.get(_words(item.text)):
            found[item.key] = same.pop(0)
    return found


def age(id_: str) -> tuple[int, str]:
    """Sort key: ids grow with time; they are numbers in text, so the shorter one is the older."""
    return (len(id_), id_)


def recognise(  # noqa: PLR0913 - the three sides, and what is known of them already
    wanted: Sequence[Checklist],
    seen: Sequence[SeenChecklist],
    base: Said | None,
    stamp: Stamp | None,
    known: Mapping[str, str],
    places: Mapping[str, str],
) -> Recognised:
    """Return which line stands for which task: as remembered, else among the lines made elsewhere.

    Args:
        wanted: The task lists as they ought to be.
        seen: The task lists on the board.
        base: What was last agreed on.
        stamp: The card's version field.
        known: The ids of the lines that this clone made, by item key.
        places: The ids of the task lists on the board, by the wanted titles.
    """
    lines = {line.id: line for each in seen for line in each.items}
    items = {
        item.key: known[item.key]
        for each in wanted
        for item in each.items
        if known.get(item.key) in lines
    }
    accounted = {*known.values(), *(base.theirs if base is not None else ())}
    unknown = [line for line in lines.values() if line.id not in accounted]
    if not unknown:
        # So it is with nearly all cards; no mark has to be reckoned for them.
        return Recognised(items, ())
    near = {line.id for each in seen if each.id in places.values() for line in each.items}
    marks = _marks_left(lines, base, stamp, known)
    others = _made_elsewhere(wanted, unknown, marks, near)
    free = {line.id for line in (*others, *_unmarked(unknown, base, stamp))}
    by_id = {each.id: each.items for each in seen}
    for each in wanted:
        there = [line for line in by_id.get(places.get(each.title, ""), ()) if line.id in free]
        there.sort(key=lambda line: line.position)
        for item in each.items:
            same = [line for line in there if line.text == item.text]
            if item.key not in items and same:
                line = min(same, key=lambda line: line.done is not item.done)
                items[item.key] = line.id
                there.remove(line)
    used = set(items.values())
    items |= _pair_similar(wanted, items, [line for line in others if line.id not in used])
    others_ids = {line.id for line in others}
    texts = {line.text for line in others}
    unsure = (line.id for line in unknown if line.text in texts and line.id not in others_ids)
    return Recognised(items, tuple(others), frozenset(unsure))


def _marks_left(
    lines: Mapping[str, SeenItem], base: Said | None, stamp: Stamp | None, known: Mapping[str, str]
) -> Counter[str]:
    """Return the marks that no line of this clone accounts for, whatever people made of it."""
    left = Counter(_marks(stamp))
    sayings = base.all_said if base is not None else ()
    said = {
        item.key: item.text
        for card in reversed(sayings)
        for each in card.checklists
        for item in each.items
    }
    for key, id_ in known.items():
        if id_ in lines:
            mark = _mark(lines[id_].text)
            left[mark if left[mark] > 0 else _mark(said.get(key, ""))] -= 1
    return left


def _made_elsewhere(
    wanted: Sequence[Checklist],
    unknown: Iterable[SeenItem],
    left: Counter[str],
    near: Collection[str],
) -> list[SeenItem]:
    """Return the lines that marks account for.

    Of several with one text those count that lie in the task list in use (``near``), of these those
    that have the tick of our task, and of these the latest: a person's line was there before ours
    was added beside it.
    """
    said = {(item.text, item.done) for each in wanted for item in each.items}
    likely = sorted(unknown, key=lambda line: age(line.id), reverse=True)
    likely.sort(key=lambda line: (line.id not in near, (line.text, line.done) not in said))
    found: set[str] = set()
    for line in likely:
        if left[_mark(line.text)] > 0:
            left[_mark(line.text)] -= 1
            found.add(line.id)
    return [line for line in unknown if line.id in found]


def _unmarked(
    unknown: Sequence[SeenItem], base: Said | None, stamp: Stamp | None
) -> Sequence[SeenItem]:
    """Return the lines that may be ours although no mark tells."""
    if stamp is None:
        return unknown if base is None else ()
    marks = _marks(stamp)
    back = base.read_back if base is not None else None
    if len(marks) < MARKS or (back is not None and back.stamp == stamp):
        return ()
    return [line for line in unknown if _mark(line.text) not in marks]


def _pair_similar(
    wanted: Sequence[Checklist], items: Mapping[str, str], lines: Sequence[SeenItem]
) -> dict[str, str]:
    """Pair tasks without a line with lines of another clone that were reworded since."""
    without = [item for each in wanted for item in each.items if item.key not in items]
    pairs = match([_traits(line.text) for line in lines], [_traits(item.text) for item in without])
    return {without[here].key: lines[there].id for here, there in pairs.items()}


def _traits(text: str) -> Traits:
    number = text.split(" ", 1)[0]
    return Traits("", "", number if number[:1].isdigit() else "", text)


def _words(text: str) -> str:
    """Return what a line says without its number, in small letters."""
    number, _, rest = text.strip().partition(" ")
    said = rest if number[:1].isdigit() and rest else text
    return " ".join(said.casefold().split())


def _title_mark(title: str) -> str:
    """Return the mark of a task list's title, which no line has: a line has no line ends."""
    return _mark(f"\n{title}")


def _mark(text: str) -> str:
    # So many bytes make at least as many characters.
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:MARK_LENGTH])[
        :MARK_LENGTH
    ].decode()


def _marks(stamp: Stamp | None) -> list[str]:
    marks = stamp.lines if stamp is not None else ""
    return [marks[start : start + MARK_LENGTH] for start in range(0, len(marks), MARK_LENGTH)]
