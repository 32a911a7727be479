"""Task lists of a card: what has to be written so that their lines say what the tasks say."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from operator import lt
from typing import TYPE_CHECKING

from kanban_sync.core.lines import lines_known, recognise, titles_marked
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    DropChecklist,
    DropItem,
    RenameChecklist,
    SetItem,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from kanban_sync.core.board import Checklist, Item, Said, SeenChecklist, SeenItem, Stamp
    from kanban_sync.core.operations import Change

STEP = 65536.0
"""The distance of two neighbours that a board's own page leaves."""


@dataclass(frozen=True, slots=True)
class ChecklistDifference:
    """The writes to texts and to ticks, the ids of our lines by item key, and those of people's."""

    text: tuple[Change, ...]
    status: tuple[Change, ...]
    items: Mapping[str, str]
    theirs: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Found:
    """A line on the board with the id of the task list that holds it."""

    line: SeenItem
    checklist: str


def compare_checklists(
    wanted: Sequence[Checklist],
    seen: Sequence[SeenChecklist],
    base: Said | None,
    stamp: Stamp | None = None,
) -> ChecklistDifference:
    """Compare the task lists that a card ought to have with those on the board.

    ``stamp`` is the card's version field, in which are the marks of the lines that were said last.
    """
    former = lines_known(seen, base)
    on_board = {line.id: _Found(line, each.id) for each in seen for line in each.items}

    def said() -> set[str]:
        return _titles_said(base) | titles_marked(seen, stamp)

    places = _places(wanted, seen, former, on_board, said)
    items, others = recognise(wanted, seen, base, stamp, former, places)
    text: list[Change] = []
    status: list[Change] = []
    there = {each.id: each.position for each in seen}
    positions = place_between([there.get(places.get(each.title, "")) for each in wanted])
    titles = {each.id: each.title for each in seen}
    for checklist, position in zip(wanted, positions, strict=True):
        place = places.get(checklist.title)
        if place is None:
            text.append(AddChecklist(checklist.title, position))
        elif titles[place] != checklist.title:
            text.append(RenameChecklist(place, checklist.title))
        more_text, more_status = _compare_lines(checklist, place, items, on_board, base)
        text += more_text
        status += more_status
    made_here = {key: id_ for key, id_ in former.items() if id_ in on_board}
    stale = _stale(wanted, made_here, items) | {line.id for line in others} - set(items.values())
    ours, in_use = {*items.values(), *stale}, set(places.values())
    loose = [each for each in seen if each.id not in in_use]
    made = _lists_made(loose, base, said(), ours) if loose else set()
    text += _drops(seen, stale, ours, made)
    # Remembered until they are removed: the writing may be cut off, or the part not be ours.
    items |= {key: id_ for key, id_ in made_here.items() if id_ in stale}
    items |= {f"?{line.id}": line.id for line in others if line.id in stale}
    theirs = frozenset(on_board.keys() - set(items.values()))
    return ChecklistDifference(tuple(text), tuple(status), items, theirs)


def _places(
    wanted: Sequence[Checklist],
    seen: Sequence[SeenChecklist],
    former: Mapping[str, str],
    on_board: Mapping[str, _Found],
    said: Callable[[], Collection[str]],
) -> dict[str, str]:
    """Return for each wanted title the id of the task list on the board that stands for it.

    A list that has to be renamed is one whose title we gave: a person's list stays as it is.
    """
    places: dict[str, str] = {}
    titles = {each.id: each.title for each in seen}
    for each in sorted(seen, key=lambda each: each.position):
        if any(each.title == checklist.title for checklist in wanted):
            places.setdefault(each.title, each.id)
    for checklist in wanted:
        if checklist.title in places:
            continue
        holders = Counter(
            on_board[former[item.key]].checklist
            for item in checklist.items
            if former.get(item.key) in on_board
        )
        for holder, _ in holders.most_common(1):
            if holder not in places.values() and titles[holder] in said():
                places[checklist.title] = holder
    return places


def _compare_lines(
    checklist: Checklist,
    place: str | None,
    items: Mapping[str, str],
    on_board: Mapping[str, _Found],
    base: Said | None,
) -> tuple[list[Change], list[Change]]:
    """Return the writes for one task list: lines to add and texts, then ticks."""
    lines = [
        on_board[items[item.key]].line
        if item.key in items and on_board[items[item.key]].checklist == place
        else None
        for item in checklist.items
    ]
    positions = place_between([line.position if line else None for line in lines])
    text: list[Change] = []
    status: list[Change] = []
    for item, line, position in zip(checklist.items, lines, positions, strict=True):
        if item.key not in items:
            text.append(AddItem(checklist.title, item, position))
            continue
        found = on_board[items[item.key]].line
        moved = line is None
        renamed = item.text != found.text and not _was_read_back(item, found, base)
        if renamed or moved or position != found.position:
            text.append(
                SetItem(
                    found.id,
                    item,
                    text=item.text if renamed else None,
                    checklist=checklist.title if moved else None,
                    position=position if moved or position != found.position else None,
                )
            )
        if item.done != found.done:
            status.append(SetItem(found.id, item, done=item.done))
    return text, status


def _was_read_back(item: Item, found: SeenItem, base: Said | None) -> bool:
    """Whether we said the same text last time, and the board still has what it made of it."""
    if base is None or base.read_back is None:
        return False
    said = any(item == each for list_ in base.said.checklists for each in list_.items)
    back = (line for list_ in base.read_back.checklists for line in list_.items)
    return said and any(line.id == found.id and line.text == found.text for line in back)


def _stale(
    wanted: Sequence[Checklist], former: Mapping[str, str], items: Mapping[str, str]
) -> set[str]:
    """Return the ids of lines of ours that no task asks for any more."""
    keys = {item.key for checklist in wanted for item in checklist.items}
    return {id_ for key, id_ in former.items() if key not in keys} - set(items.values())


def _drops(
    seen: Sequence[SeenChecklist],
    stale: Collection[str],
    ours: Collection[str],
    made: Collection[str],
) -> list[Change]:
    """Return the removals: lines of ours without a task, and lists of ours without a line."""
    drops: list[Change] = []
    for each in seen:
        drops += [DropItem(line.id, line.text) for line in each.items if line.id in stale]
        if each.id in made and all(line.id in ours for line in each.items):
            drops.append(DropChecklist(each.id, each.title))
    return drops


def _lists_made(
    seen: Sequence[SeenChecklist], base: Said | None, titles: Collection[str], ours: Collection[str]
) -> set[str]:
    """Return the ids of task lists that we made: with a title of ours, and with lines of ours.

    We make none that stays empty, so an empty one that was never filled is a person's.
    """
    back = base.seen.checklists if base is not None and base.seen is not None else ()
    known = {*ours, *(base.items.values() if base is not None else ())}
    filled = {each.id for each in (*seen, *back) if any(line.id in known for line in each.items)}
    begun = base is not None and not base.finished
    return {each.id for each in seen if each.title in titles and (each.id in filled or begun)}


def _titles_said(base: Said | None) -> set[str]:
    """Return the titles that we gave to task lists of the card."""
    sayings = base.all_said if base is not None else ()
    return {checklist.title for card in sayings for checklist in card.checklists}


def place_between(positions: Sequence[float | None]) -> list[float]:
    """Return rising positions: those that already rise are kept, the others go in between.

    As few as possible change: the longest rising run stays. ``None`` stands for a new line.
    """
    known = [position for position in positions if position is not None]
    if len(known) == len(positions) and all(map(lt, [0.0, *known], known)):
        # So it is with nearly all of them.
        return known
    kept = _longest_rising(positions)
    following: list[tuple[int, float] | None] = [None] * len(positions)
    for index in range(len(positions) - 2, -1, -1):
        right = positions[index + 1]
        is_kept = index + 1 in kept and right is not None
        following[index] = (index + 1, right) if is_kept and right else following[index + 1]
    result: list[float] = []
    for index, position in enumerate(positions):
        before = result[-1] if result else 0.0
        next_kept = following[index]
        if index in kept and position is not None:
            result.append(position)
        elif next_kept is None:
            result.append(before + STEP)
        else:
            result.append(before + (next_kept[1] - before) / (next_kept[0] - index + 1))
    return result


def _longest_rising(positions: Sequence[float | None]) -> set[int]:
    """Return the indexes of a longest strictly rising run among the known positions."""
    tails: list[float] = []
    ends: list[int] = []
    previous: dict[int, int] = {}
    for index, position in enumerate(positions):
        if position is None or position <= 0:
            continue
        length = bisect_left(tails, position)
        if length:
            previous[index] = ends[length - 1]
        tails[length : length + 1] = [position]
        ends[length : length + 1] = [index]
    run: set[int] = set()
    index_ = ends[-1] if ends else -1
    while index_ >= 0:
        run.add(index_)
        index_ = previous.get(index_, -1)
    return run
