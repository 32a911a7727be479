"""From Planka's JSON to seen cards: pure, so that recorded answers can be read in tests."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from kanban_sync.boards.planka.api import STEP
from kanban_sync.core.board import SeenCard, SeenChecklist, SeenItem, Stamp
from kanban_sync.core.columns import LISTS, Column, Layout
from kanban_sync.core.description import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanban_sync.boards.planka.api import Json

FIELD_GROUP = "kanban-sync"
"""The board's group of custom fields; found by this name, since ids change when a card moves."""

FIELD = "version"


def id_of(thing: Json) -> str:
    """Return the id of a thing.

    Raises:
        TypeError: It is no id. What it is stays unsaid, since anything may be there.
    """
    id_ = thing["id"]
    if not (isinstance(id_, str) and id_.isdecimal()):
        raise TypeError("an id is no number")
    return id_


def age_of(thing: Json) -> int:
    """Return what orders things by when they were made."""
    return int(id_of(thing))


def columns_of(lists: Iterable[Json], ids: Mapping[str, str], layout: Layout) -> dict[str, Column]:
    """Return the column that each list stands for, by list id.

    A list is found by its exact name, the oldest of several, so that clones which made their lists
    at the same time agree. Where none bears the name, the one that bore it last counts: people may
    rename a list. It does not count once the settings call it otherwise.
    """
    columns: dict[str, Column] = {}
    names: dict[str, str] = {}
    for each in lists:
        if each["type"] in {"archive", "trash"}:
            columns[id_of(each)] = Column.ARCHIVE
        else:
            names[id_of(each)] = each["name"]
    found: set[Column] = set()
    for column, called in layout.lists.items():
        named = [id_ for id_, name in names.items() if name == called]
        if named:
            columns[min(named, key=int)] = column
            found.add(column)
    for column, called in layout.lists.items():
        is_same = ids.get(called_name(column), column.value) == called
        remembered = ids.get(list_name(column), "") if is_same else ""
        if column not in found and remembered in names and remembered not in columns:
            columns[remembered] = column
    return columns


def place_of(
    column: Column, columns: Mapping[str, Column], positions: Mapping[str, float]
) -> float:
    """Return the position of a list that is made: between its neighbours in the board's order.

    It comes right behind the one that goes before it, or else right before the one that follows;
    people's lists stay where they are.

    Args:
        column: What the list is to stand for.
        columns: What the lists that are there stand for, by id.
        positions: Where all lists are, people's too, by id.
    """
    there = {columns[id_]: position for id_, position in positions.items() if id_ in columns}
    rank = LISTS.index(column)
    before = [there[each] for each in LISTS[:rank] if each in there]
    after = [there[each] for each in LISTS[rank + 1 :] if each in there]
    if before:
        low = before[-1]
        high = min((each for each in positions.values() if each > low), default=low + 2 * STEP)
    elif after:
        high = after[0]
        low = max((each for each in positions.values() if each < high), default=0.0)
    else:
        low = max(positions.values(), default=0.0)
        high = low + 2 * STEP
    return (low + high) / 2


def list_name(column: Column) -> str:
    """Return the name under which a list's id is remembered."""
    return f"list {column.value}"


def called_name(column: Column) -> str:
    """Return the name under which is remembered what the settings called a list."""
    return f"called {column.value}"


def cards_of(included: Json, columns: Mapping[str, Column]) -> list[SeenCard]:
    """Read all cards of a board's answer, strangers' too."""
    return [card_of(card, included, columns) for card in _indexed(included)]


def card_of(card: Json, included: Json, columns: Mapping[str, Column]) -> SeenCard:
    """Read one card; ``included`` holds its labels, task lists, tasks and field values."""
    index = included if "byCard" in included else {**included, "byCard": _by_card(included)}
    mine: Mapping[str, list[Json]] = index["byCard"][card["id"]]
    column = columns.get(card["listId"])
    description = card["description"] or ""
    return SeenCard(
        id=card["id"],
        key=key_of(description),
        title=card["name"],
        description=description,
        column=column,
        labels=frozenset(each["name"] for each in mine["labels"] if each["name"]),
        checklists=tuple(
            SeenChecklist(
                each["id"], each["name"], each["position"], _lines(mine["tasks"], each["id"])
            )
            for each in sorted(mine["taskLists"], key=lambda each: each["position"])
        ),
        stamp=_stamp(mine["values"]),
        archived=column is Column.ARCHIVE,
        position=card["position"] or 0.0,
    )


def check_types(card: SeenCard) -> None:
    """Raise TypeError where a card is made of what would only fail later, far from the board."""
    parts = [(card.id, card.title, card.position)]
    for each in card.checklists:
        parts.append((each.id, each.title, each.position))
        parts += [(line.id, line.text, line.position) for line in each.items]
    for id_, name, position in parts:
        if not (str(id_).isdecimal() and {type(id_), type(name)} == {str}):
            raise TypeError("a card has an id or a name of another type")
        if type(position) not in {int, float}:
            raise TypeError("a card has a position of another type")


def field_ids(included: Json) -> tuple[str, str]:
    """Return the ids of our field's group and of the field on a board, '' where missing."""
    for group in included.get("customFieldGroups", []):
        if group["name"] != FIELD_GROUP or not group["boardId"]:
            continue
        for field in included.get("customFields", []):
            if field["customFieldGroupId"] == group["id"] and field["name"] == FIELD:
                return id_of(group), id_of(field)
        return id_of(group), ""
    return "", ""


def _indexed(included: Json) -> list[Json]:
    cards: list[Json] = included["cards"]
    included["byCard"] = _by_card(included)
    return cards


def _by_card(included: Json) -> defaultdict[str, defaultdict[str, list[Any]]]:
    """Sort what belongs to cards by card, once: boards have thousands of them."""
    found: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    labels = {label["id"]: label for label in included.get("labels", [])}
    for link in included.get("cardLabels", []):
        if link["labelId"] in labels:
            found[link["cardId"]]["labels"].append(labels[link["labelId"]])
    owner: dict[str, str] = {}
    for each in included.get("taskLists", []):
        owner[each["id"]] = each["cardId"]
        found[each["cardId"]]["taskLists"].append(each)
    for task in included.get("tasks", []):
        if task["taskListId"] in owner:
            found[owner[task["taskListId"]]]["tasks"].append(task)
    fields = _our_fields(included)
    for value in included.get("customFieldValues", []):
        if value["customFieldId"] in fields:
            found[value["cardId"]]["values"].append(value)
    return found


def _our_fields(included: Json) -> set[str]:
    """Return ids of all fields of our name: a card that was on another board has its own copy."""
    groups = {
        group["id"]
        for group in included.get("customFieldGroups", [])
        if group["name"] == FIELD_GROUP
    }
    return {
        field["id"]
        for field in included.get("customFields", [])
        if field["customFieldGroupId"] in groups and field["name"] == FIELD
    }


def _lines(tasks: Iterable[Json], task_list: str) -> tuple[SeenItem, ...]:
    lines = [
        SeenItem(task["id"], task["name"], bool(task["isCompleted"]), task["position"])
        for task in tasks
        if task["taskListId"] == task_list
    ]
    return tuple(sorted(lines, key=lambda line: line.position))


def _stamp(values: Iterable[Json]) -> Stamp | None:
    newest = max(values, key=lambda value: value["updatedAt"] or value["createdAt"], default=None)
    return Stamp.parse(newest["content"]) if newest is not None else None
