"""From Planka's JSON to seen cards: pure, so that recorded answers can be read in tests."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from kanban_sync.boards.planka.api import STEP
from kanban_sync.core.board import SeenCard, SeenChecklist, SeenItem, Stamp
from kanban_sync.core.columns import LISTS, Column, Layout
from kanban_sync.core.description import key_of
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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


def named(answer: Json, project: str, board: str) -> tuple[list[Json], list[Json]]:
    """Return projects of one name, and the boards of another name in them, the oldest first."""
    projects = [each for each in answer["items"] if each["name"] == project]
    ids = {each["id"] for each in projects}
    boards = [
        each
        for each in answer["included"]["boards"]
        if each["projectId"] in ids and each["name"] == board
    ]
    return sorted(projects, key=age_of), sorted(boards, key=age_of)


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
    parts = _parts_of(included)
    return [_card(card, parts, columns) for card in included["cards"]]


def card_of(card: Json, included: Json, columns: Mapping[str, Column]) -> SeenCard:
    """Read one card; ``included`` holds its labels, task lists, tasks and field values."""
    return _card(card, _parts_of(included), columns)


def _card(card: Json, parts: _Parts, columns: Mapping[str, Column]) -> SeenCard:
    id_ = card["id"]
    column = columns.get(card["listId"])
    description = card["description"] or ""
    checklists = [
        SeenChecklist(
            each["id"], each["name"], each["position"], _lines(parts.tasks.get(each["id"], ()))
        )
        for each in _in_order(parts.task_lists.get(id_, ()))
    ]
    return SeenCard(
        id=id_,
        key=key_of(description),
        title=card["name"],
        description=description,
        column=column,
        labels=frozenset(parts.labels.get(id_, ())),
        checklists=tuple(checklists),
        stamp=_stamp(parts.values.get(id_, ())),
        archived=column is Column.ARCHIVE,
        position=card["position"] or 0.0,
        is_used=bool(card.get("commentsTotal") or card.get("dueDate") or card.get("stopwatch")),
    )


def check_types(cards: Sequence[SeenCard]) -> None:
    """Raise TypeError where cards are made of what would only fail later, far from the board."""
    parts: list[SeenCard | SeenChecklist] = [*cards]
    parts += [each for card in cards for each in card.checklists]
    lines = [line for card in cards for each in card.checklists for line in each.items]
    ids = [*(each.id for each in parts), *(line.id for line in lines)]
    names = [*(each.title for each in parts), *(line.text for line in lines)]
    positions = [*(each.position for each in parts), *(line.position for line in lines)]
    # Exactly: what is true or false counts as a number otherwise.
    if {*map(type, ids), *map(type, names)} - {str} or not all(map(str.isdecimal, ids)):
        raise TypeError("a card has an id or a name of another type")
    if {*map(type, positions)} - {int, float}:
        raise TypeError("a card has a position of another type")


def field_ids(included: Json) -> tuple[str, str]:
    """Return the ids of our field's group and of the field on a board, '' where missing."""
    # The oldest of several, so that clones which made theirs at the same time agree.
    for group in sorted(included.get("customFieldGroups", ()), key=age_of):
        if group["name"] != FIELD_GROUP or not group["boardId"]:
            continue
        for field in sorted(included.get("customFields", ()), key=age_of):
            if field["customFieldGroupId"] == group["id"] and field["name"] == FIELD:
                return id_of(group), id_of(field)
        return id_of(group), ""
    return "", ""


class _Parts(NamedTuple):
    """What belongs to cards, sorted once: boards have thousands of them.

    Names of labels, task lists and values of our field are by card, tasks by task list.
    """

    labels: Mapping[str, list[str]]
    task_lists: Mapping[str, list[Json]]
    tasks: Mapping[str, list[Json]]
    values: Mapping[str, list[Json]]


def _parts_of(included: Json) -> _Parts:
    labels: defaultdict[str, list[str]] = defaultdict(list)
    names = {label["id"]: label["name"] for label in included.get("labels", ()) if label["name"]}
    for link in included.get("cardLabels", ()):
        if link["labelId"] in names:
            labels[link["cardId"]].append(names[link["labelId"]])
    task_lists = _sorted_by("cardId", included.get("taskLists", ()))
    tasks = _sorted_by("taskListId", included.get("tasks", ()))
    fields = _our_fields(included)
    ours = [
        value for value in included.get("customFieldValues", ()) if value["customFieldId"] in fields
    ]
    return _Parts(labels, task_lists, tasks, _sorted_by("cardId", ours))


def _sorted_by(name: str, things: Iterable[Json]) -> Mapping[str, list[Json]]:
    found: defaultdict[str, list[Json]] = defaultdict(list)
    for each in things:
        found[each[name]].append(each)
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


def _lines(tasks: Iterable[Json]) -> tuple[SeenItem, ...]:
    lines = [
        _LINE((task["id"], task["name"], bool(task["isCompleted"]), task["position"]))
        for task in _in_order(tasks)
    ]
    return tuple(lines)


# What ``SeenItem(...)`` does besides takes longer than to make one, and there are thousands.
_LINE: Callable[[tuple[str, str, bool, float]], SeenItem] = partial(tuple.__new__, SeenItem)


def _in_order(things: Iterable[Json]) -> list[Json]:
    return sorted(things, key=itemgetter("position"))


def _stamp(values: Sequence[Json]) -> Stamp | None:
    if not values:
        return None
    # One, unless the card was on another board too.
    newest = max(values, key=_last_set) if values[1:] else values[0]
    return Stamp.parse(newest["content"])


def _last_set(value: Json) -> str:
    at: str = value["updatedAt"] or value["createdAt"]
    return at
