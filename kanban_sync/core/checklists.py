"""Task lists of a card: what has to be written so that their lines say what the tasks say."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from operator import lt
from typing import TYPE_CHECKING

from kanban_sync.core.lines import (
    adopted,
    each_once,
    lines_known,
    recognise,
    titles_marked,
)
from kanban_sync.core.list_places import lists_known, places_of, titles_said
from kanban_sync.core.lost import late_lines, late_lists
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    DropChecklist,
    DropItem,
    RenameChecklist,
    SetItem,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kanban_sync.core.board import Checklist, Item, Said, SeenChecklist, SeenItem, Stamp
    from kanban_sync.core.operations import Change

STEP = 65536.0
"""The distance of two neighbours that a board's own page leaves."""


@dataclass(frozen=True, slots=True)
class ChecklistDifference:
    """The writes to texts and to ticks, the ids of our lines by item key, and those of people's.

    ``twice`` are those of the writes to texts that take away what was made twice: by another clone
    too, or by a request that was thought lost.
    """

    text: tuple[Change, ...]
    status: tuple[Change, ...]
    items: Mapping[str, str]
    theirs: frozenset[str]
    twice: tuple[Change, ...] = ()


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
    *,
    is_adopted: bool = False,
) -> ChecklistDifference:
    """Compare the task lists that a card ought to have with those on the board.

    ``stamp`` is the card's version field, in which are the marks of the lines that were said last.
    ``is_adopted`` tells that the card is taken over from another tool.
    """
    known = adopted(wanted, seen) if is_adopted else lines_known(seen, base)
    former = each_once(seen, base, known)
    once = set(former.values())
    twice = {id_: former[key] for key, id_ in known.items() if id_ not in once}
    on_board = {line.id: _Found(line, each.id) for each in seen for line in each.items}
    ticks = _ticks_of_people(twice, known, on_board, base)
    on_board |= {id_: _ticked(on_board[id_], done=done) for id_, done in ticks.items()}
    said = titles_said(base) | (titles_marked(seen, stamp) if _is_strange(wanted, seen) else set())
    mine = base.made if base is not None else frozenset[str]()
    places = places_of(
        wanted,
        seen,
        former,
        lists_known(seen, base, [on_board[id_].checklist for id_ in twice.values()]),
        lambda each: is_adopted or each.title in said or each.id in mine,
    )
    items, others, unsure = recognise(wanted, seen, base, stamp, former, places)
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
        text += [*more_text, *_ticks_kept(checklist, items, ticks)]
        status += more_status
    made_here = {key: id_ for key, id_ in former.items() if id_ in on_board}
    made_here |= {f"?{id_}": id_ for id_ in twice}
    late = late_lines(seen, base, (*items.values(), *made_here.values()))
    stale = _stale(wanted, made_here, items) | {line.id for line in others} - set(items.values())
    stale |= late
    ours, in_use = {*items.values(), *stale}, set(places.values())
    loose = [each for each in seen if each.id not in in_use]
    made = _lists_made(loose, base, said, ours) if loose else set()
    made |= {each.id for each in loose if is_adopted and each.items}
    made |= (late_made := late_lists(loose, base, in_use))
    text += _drops(seen, stale, ours, made)
    # Remembered until they are removed: the writing may be cut off, or the part not be ours.
    items |= {key: id_ for key, id_ in made_here.items() if id_ in stale}
    items |= {f"?{line.id}": line.id for line in others if line.id in stale}
    theirs = frozenset(on_board.keys() - set(items.values()) - unsure - late)
    cleared = {*twice, *twice.values(), *(on_board[id_].checklist for id_ in twice)}
    cleared |= late | late_made
    settling = tuple(each for each in text if cleared and getattr(each, "id", "") in cleared)
    return ChecklistDifference(tuple(text), tuple(status), items, theirs, settling)


def _is_strange(wanted: Sequence[Checklist], seen: Sequence[SeenChecklist]) -> bool:
    """Whether task lists have to be judged by their titles: marks take long to reckon."""
    return {each.title for each in wanted} != {each.title for each in seen} or len(wanted) < len(
        seen
    )


def _ticks_of_people(
    twice: Mapping[str, str],
    known: Mapping[str, str],
    on_board: Mapping[str, _Found],
    base: Said | None,
) -> dict[str, bool]:
    """Return the ticks that people gave to lines that are one too many, by what counts instead."""
    said = base.said.checklists if base is not None else ()
    ticks = {item.key: item.done for each in said for item in each.items}
    return {
        twice[id_]: on_board[id_].line.done
        for key, id_ in known.items()
        if id_ in twice
        if on_board[id_].line.done is not ticks.get(key, on_board[id_].line.done)
        if on_board[id_].line.done is not on_board[twice[id_]].line.done
    }


def _ticked(found: _Found, *, done: bool) -> _Found:
    return replace(found, line=found.line._replace(done=done))


def _ticks_kept(
    checklist: Checklist, items: Mapping[str, str], ticks: Mapping[str, bool]
) -> list[Change]:
    """Return the ticks to be written to lines that count instead of those that people ticked."""
    lines = [(items.get(item.key, ""), item) for item in checklist.items]
    return [SetItem(id_, item, done=ticks[id_]) for id_, item in lines if id_ in ticks]


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
            text.append(AddItem(checklist.title, item, position, place or ""))
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
                    place=(place or "") if moved else "",
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
