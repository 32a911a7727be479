"""``kanban-sync board``: the six columns in the terminal, from the task database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from kanban_sync.cli.console import here, is_terminal, json_option, print_json, say, warn
from kanban_sync.core.drawing import cards_of
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.printable import printable
from kanban_sync.workplace import working_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.board import Card
    from kanban_sync.core.columns import Column

DONE_SHOWN = 10
"""How many finished cards are drawn; the others are counted."""


@click.command("board")
@json_option
def command(*, as_json: bool) -> None:
    """Draw the board's columns in the terminal, from the task database."""
    clone = here()
    stale = ""
    try:
        clone.refresh()
    except KanbanSyncError as error:
        stale = str(error)
    drawing = working_settings(clone).drawing
    # What keeps them from being read, too, is told once.
    cards = cards_of(clone.tasks(), drawing, time.time())
    if stale:
        warn(f"this is how it was last synced: {stale}")
    lists = drawing.layout.lists
    if as_json:
        print_json({"lists": [_list_data(*each, cards) for each in lists.items()]})
    elif is_terminal():
        _draw(cards, lists)
    else:
        _write(cards, lists)


def _list_data(column: Column, name: str, cards: Sequence[Card]) -> dict[str, object]:
    return {
        "name": name,
        "cards": [
            {
                "key": str(card.key),
                "title": card.title,
                "labels": sorted(card.labels),
                "done": _done(card)[0],
                "tasks": _done(card)[1],
            }
            for card in cards
            if card.column is column
        ],
    }


def _done(card: Card) -> tuple[int, int]:
    items = [item for each in card.checklists for item in each.items]
    return sum(item.done for item in items), len(items)


def _text(card: Card) -> str:
    done, count = _done(card)
    return f"{card.title}  {done}/{count}" if count else card.title


def _write(cards: Sequence[Card], lists: Mapping[Column, str]) -> None:
    for column, name in lists.items():
        here_ = [card for card in cards if card.column is column]
        say(f"{name} ({len(here_)})")
        for card in here_:
            say(f"  {_text(card)}")


def _draw(cards: Sequence[Card], lists: Mapping[Column, str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(expand=True, show_lines=False)
    cells: list[Text] = []
    for column, name in lists.items():
        mine = [_text(card) for card in cards if card.column is column]
        header = Text(printable(f"{name} {len(mine)}"))
        table.add_column(header, ratio=1, overflow="fold")
        more = len(mine) - DONE_SHOWN
        shown = mine[-DONE_SHOWN:] + ([f"and {more} more"] if more > 0 else [])
        cells.append(Text(printable("\n".join(shown))))
    table.add_row(*cells)
    Console().print(table)
