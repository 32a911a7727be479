"""The demo's view of the board: read back from the server, compared, and drawn."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

from kanban_sync.cli.console import is_terminal, say
from kanban_sync.core.columns import LISTS
from kanban_sync.core.errors import KanbanSyncError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanban_sync.standin.server import Standin

    Shown = Mapping[str, tuple[str, str]]
    """Title of a card -> the list it is in, and how many of its boxes are ticked, as ``1/3``."""

COLUMNS = tuple(column.value for column in LISTS)


def read_board(server: Standin, name: str) -> Shown:
    """Ask the server for its board of that name, as any other program would."""
    boards = _get(server, "/api/projects")["included"]["boards"]
    found = [board["id"] for board in boards if board["name"] == name]
    if len(found) != 1:
        raise KanbanSyncError(f"the server has {len(found)} boards called {name!r} instead of one")
    included = _get(server, f"/api/boards/{found[0]}")["included"]
    lists = {each["id"]: each["name"] for each in included["lists"]}
    return {
        card["name"]: (lists[card["listId"]] or "", _ticked(included, card["id"]))
        for card in sorted(included["cards"], key=lambda card: float(card["position"] or 0))
        if lists[card["listId"]]
    }


def difference(wanted: Shown, shown: Shown) -> str:
    """Return where a board is not as it should be, '' if it is."""
    wrong = [
        f"{title!r} should be {_place(wanted.get(title))} and is {_place(shown.get(title))}"
        for title in sorted(wanted.keys() | shown.keys())
        if wanted.get(title) != shown.get(title)
    ]
    return "; ".join(wrong)


def show_board(shown: Shown, before: Shown) -> None:
    """Draw the six lists; what differs from before is marked."""
    if is_terminal():
        _draw(shown, before)
        return
    for name in COLUMNS:
        cards = "  |  ".join(text for text, _ in _cards(name, shown, before))
        say(f"     {name:12} {cards}".rstrip())


def _draw(shown: Shown, before: Shown) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(expand=True)
    cells: list[Text] = []
    for name in COLUMNS:
        table.add_column(name, ratio=1, overflow="fold")
        cell = Text()
        for text, is_new in _cards(name, shown, before):
            cell.append(f"{text}\n", "bold green" if is_new else "")
        cells.append(cell)
    table.add_row(*cells)
    Console().print(table)


def _cards(name: str, shown: Shown, before: Shown) -> Iterator[tuple[str, bool]]:
    for title, (column, ticked) in shown.items():
        if column == name:
            is_new = before.get(title) != (column, ticked)
            yield f"{'* ' if is_new else ''}{title}{f' {ticked}' if ticked else ''}", is_new


def _ticked(included: Mapping[str, Any], card: str) -> str:
    lists = {each["id"] for each in included["taskLists"] if each["cardId"] == card}
    boxes = [each["isCompleted"] for each in included["tasks"] if each["taskListId"] in lists]
    return f"{sum(boxes)}/{len(boxes)}" if boxes else ""


def _place(place: tuple[str, str] | None) -> str:
    return " ".join(("in", *place)).rstrip() if place is not None else "absent"


def _get(server: Standin, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path, headers={"X-Api-Key": server.api_key})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer
