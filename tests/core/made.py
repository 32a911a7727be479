"""Cards, bases and boards for tests, with as few words as the case needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.board import (
    BoardState,
    Card,
    CardVersion,
    Checklist,
    Item,
    Said,
    SeenCard,
    SeenChecklist,
    SeenItem,
    Stamp,
    Words,
)
from kanban_sync.core.columns import Column
from kanban_sync.core.description import compose, task_mark
from kanban_sync.core.lines import line_marks
from kanban_sync.core.model import TaskKey, Version
from kanban_sync.core.places import block_mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.core.operations import Plan

PROJECT = "p1"
MARK = "mark"


def key(name: str = "a", project: str = PROJECT) -> TaskKey:
    return TaskKey(project, "openspec", name)


def at(text: int, status: int | None = None) -> CardVersion:
    """Return the version of a card whose parts were changed at these times."""
    status = text if status is None else status
    return CardVersion(Version(text, f"c{text}"), Version(status, f"c{status}"))


def card(
    name: str = "a",
    *,
    title: str = "Title",
    text: str = "Why",
    column: Column = Column.TODO,
    labels: Iterable[str] = ("agent",),
    version: CardVersion | None = None,
    evident: bool = False,
    **checklists: tuple[str, ...],
) -> Card:
    """Return a card; its task lists are given as ``Title=("open line", "+ticked line")``."""
    lists = tuple(
        Checklist(
            name,
            tuple(
                Item(line.removeprefix("+"), line.removeprefix("+"), line.startswith("+"))
                for line in lines
            ),
        )
        for name, lines in checklists.items()
    )
    version = version or at(5)
    return Card(key(name), title, text, column, frozenset(labels), lists, version, evident)


def over(name: str = "a", version: CardVersion | None = None) -> Card:
    """Return the card of a task that is over and belongs into the archive."""
    return card(name, column=Column.ARCHIVE, version=version)


def shown(wanted: Card, card_id: str = "1", **changes: object) -> SeenCard:
    """Return a card as the board has it right after it was made."""
    seen = SeenCard(
        card_id,
        wanted.key,
        wanted.title,
        compose(wanted.text, wanted.key),
        wanted.column,
        wanted.labels,
        tuple(
            SeenChecklist(
                f"{card_id}-{each.title}",
                each.title,
                float(number),
                tuple(
                    SeenItem(f"{card_id}-{item.key}", item.text, item.done, float(place))
                    for place, item in enumerate(each.items, start=1)
                ),
            )
            for number, each in enumerate(wanted.checklists, start=1)
        ),
        Stamp(
            wanted.version,
            MARK,
            block=block_mark(wanted.text),
            lines=line_marks(wanted.checklists),
            task=task_mark(wanted.key),
        ),
        archived=wanted.column is Column.ARCHIVE,
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


def base_of(said: Card, seen: SeenCard | None = None, **changes: object) -> Said:
    """Return the base after ``said`` was written and ``seen`` was read back."""
    seen = seen or shown(said)
    items = {
        item.key: line.id
        for wanted, there in zip(said.checklists, seen.checklists, strict=False)
        for item, line in zip(wanted.items, there.items, strict=False)
    }
    said_so = Said(seen.id, said, MARK, seen, items, words=Words())
    return replace(said_so, **changes)  # type: ignore[arg-type]


def board(*cards: SeenCard, gone: Iterable[str] = (), elsewhere: Iterable[str] = ()) -> BoardState:
    return BoardState(cards, frozenset(gone), frozenset(elsewhere))


def kinds(found: Plan) -> list[str]:
    """Return what kinds of operations a plan holds."""
    return [type(operation).__name__ for operation in found.operations]
