"""Which task list on a card stands for which title: ours is known by its id, else by its title."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kanban_sync.core.lines import age

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from kanban_sync.core.board import Checklist, Said, SeenChecklist


def places_of(
    wanted: Sequence[Checklist],
    seen: Sequence[SeenChecklist],
    former: Mapping[str, str],
    known: Mapping[str, str],
    is_ours: Callable[[SeenChecklist], bool],
) -> dict[str, str]:
    """Return for each wanted title the id of the task list on the board that stands for it.

    That is the one that stood for it when we wrote last, whatever people call it now; else the
    first that bears the title; else the one that holds most of its lines, if it is ours to rename:
    a person's list stays as it is.

    Args:
        wanted: The task lists as they ought to be.
        seen: The task lists on the board.
        former: The ids of our lines that were there before, by item key.
        known: The ids of the lists that stood for titles when we wrote last.
        is_ours: Whether a list may be given another title.
    """
    titles = [each.title for each in wanted]
    places = {title: known[title] for title in titles if title in known}
    for each in sorted(seen, key=lambda each: (each.position, age(each.id))):
        if each.title in titles and each.id not in places.values():
            places.setdefault(each.title, each.id)
    holders = {line.id: each for each in seen for line in each.items}
    for checklist in wanted:
        if checklist.title in places:
            continue
        lines = (former.get(item.key, "") for item in checklist.items)
        counts = Counter(holders[id_].id for id_ in lines if id_ in holders)
        for holder, _ in counts.most_common(1):
            (found,) = (each for each in seen if each.id == holder)
            if holder not in places.values() and is_ours(found):
                places[checklist.title] = holder
    return places


def lists_known(
    seen: Sequence[SeenChecklist], base: Said | None, instead: Collection[str] = ()
) -> dict[str, str]:
    """Return the ids of the lists that are there still, by the titles for which they stood.

    Args:
        seen: The task lists on the board.
        base: What was last agreed on.
        instead: Ids of lists that another clone made too. Of two the older one counts.
    """
    if base is None or base.seen is None:
        return {}
    there = {each.id for each in seen}
    ours = set(base.items.values())
    said = titles_said(base)
    known: dict[str, tuple[int, str]] = {}
    for each in base.seen.checklists:
        count = sum(line.id in ours for line in each.items)
        if count and each.id in there and each.title in said:
            most = known.get(each.title, (0, ""))
            known[each.title] = max(most, (count, each.id), key=lambda found: found[0])
    places = {title: id_ for title, (_, id_) in known.items()}
    for each in seen:
        mine = places.get(each.title)
        if mine is not None and each.id in instead and age(each.id) < age(mine):
            places[each.title] = each.id
    return places


def titles_said(base: Said | None) -> set[str]:
    """Return the titles that we gave to task lists of the card."""
    sayings = base.all_said if base is not None else ()
    return {checklist.title for card in sayings for checklist in card.checklists}
