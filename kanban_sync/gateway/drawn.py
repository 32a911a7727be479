"""The board as a page draws it: six columns of cards, and the boxes that a card follows."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import TYPE_CHECKING, Any

from kanban_sync.core.claims import is_change
from kanban_sync.core.columns import Column
from kanban_sync.core.drawing import SECTION_SIGN, cards_of
from kanban_sync.core.model import OVER, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kanban_sync.core.board import Card
    from kanban_sync.core.mapping import Drawing
    from kanban_sync.core.model import Task
    from kanban_sync.core.work import Entry

BOXES = "its boxes"
LINES = "its tasks"
"""What a card follows whose status nobody sets: a change, and a heading with all below it."""


def columns_data(entries: Sequence[Entry], drawing: Drawing, now: float) -> list[dict[str, Any]]:
    """Return the columns with their cards, in the order of the files.

    Args:
        entries: All tasks, also those that are over.
        drawing: How cards are drawn.
        now: The time, in seconds since 1970.
    """
    by_key = {str(each.key): each for each in entries}
    below = _below(entries)
    # On a page all cards are ours, so that the label which says so says nothing.
    ours = drawing.layout.labels.agent
    cards: dict[Column, list[dict[str, Any]]] = {each: [] for each in drawing.layout.lists}
    places = count()
    for card in cards_of([each.task for each in entries], drawing, now):
        if card.column not in cards:
            continue
        key = str(card.key)
        entry = by_key.get(key)
        data = _card_data(card, entry, below.get(key, []))
        tags = entry.task.labels if entry else ()
        data["labels"] = sorted({*card.labels, *tags} - {ours})
        data["place"] = next(places)
        cards[card.column].append(data)
    return [
        {"id": column.word, "name": name, "cards": cards[column]}
        for column, name in drawing.layout.lists.items()
    ]


def of_tasks(columns: Sequence[dict[str, Any]], keys: Collection[str]) -> list[dict[str, Any]]:
    """Return the columns with only the cards that show one of these tasks."""

    def shows(card: dict[str, Any]) -> bool:
        return card["key"] in keys or any(box["key"] in keys for box in card["boxes"])

    return [{**each, "cards": [card for card in each["cards"] if shows(card)]} for each in columns]


def layout_of(columns: Sequence[dict[str, Any]]) -> str:
    """Return a mark that stays while the same columns hold the same cards in the same order.

    A card may go from one column to another: its place among all cards is the same there.
    """
    names = [f"{each['id']} {each['name']}" for each in columns]
    cards = sorted((card["place"], card["key"]) for each in columns for card in each["cards"])
    text = "\0".join([*names, *(key for _, key in cards)])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def _card_data(card: Card, entry: Entry | None, lines: Sequence[Entry]) -> dict[str, Any]:
    items = [item for each in card.checklists for item in each.items]
    told = [each.task for each in ((entry,) if entry else ()) + tuple(lines)]
    newest = max((_time(each) for each in told), default=0)
    follows = _followed(entry)
    return {
        "key": str(card.key),
        "title": card.title,
        "status": entry.task.status.value if entry else None,
        "column": card.column.word,
        "branch": next((each.branch for each in told if each.branch), ""),
        "assignee": entry.task.assignee if entry else "",
        "agent": entry.claim.agent if entry and entry.claim else None,
        "progress": {"done": sum(item.done for item in items), "total": len(items)},
        "updated_at": float(newest) if newest else None,
        "source": card.key.source,
        "editable": follows is None,
        "follows": follows,
        "boxes": [_box_data(each) for each in lines],
    }


def _followed(entry: Entry | None) -> str | None:
    if entry is None:
        return LINES
    return BOXES if is_change(entry.key.source, entry.task.parent) else None


def _box_data(entry: Entry) -> dict[str, Any]:
    task = entry.task
    return {
        "key": str(task.key),
        "title": task.title,
        "status": task.status.value,
        "done": task.status in OVER,
        "group": task.group,
        "assignee": task.assignee,
    }


def _below(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return the lines of each card: all tasks below one, and those of a heading."""
    parents = {each.key: each.task.parent for each in entries}
    found: dict[str, list[Entry]] = {}
    for each in entries:
        task = each.task
        if task.status is Status.ORPHANED:
            continue
        top, above = None, task.parent
        while above is not None and above != top:
            top, above = above, parents.get(above)
        if top is not None:
            found.setdefault(str(top), []).append(each)
        elif task.group:
            section = task.key._replace(name=f"{task.path}{SECTION_SIGN}{task.group}")
            found.setdefault(str(section), []).append(each)
    return found


def _time(task: Task) -> int:
    return max(task.text_version.time, task.status_version.time, task.assignee_version.time)
