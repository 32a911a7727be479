"""What stores keep as JSON: documents, states of slots, and bases, both ways."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from kanban_sync.core.board import (
    Card,
    CardVersion,
    Checklist,
    Item,
    Lost,
    Said,
    SeenCard,
    SeenChecklist,
    SeenItem,
    Stamp,
    Words,
)
from kanban_sync.core.columns import Column, LabelNames
from kanban_sync.core.identity import Traits
from kanban_sync.core.model import (
    UNKNOWN,
    Document,
    ParsedTask,
    Problem,
    Status,
    TaskKey,
    Version,
)
from kanban_sync.core.slots import KeyedTask, SlotState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SELDOM = {
    each.name: each.default
    for each in fields(Said)
    if each.name in {"finished", "archived", "deleted", "place", "settled", "lost", "asked"}
}
"""What is the same in the bases of nearly all cards, and how it is there."""

COLUMNS = {column.value: column for column in Column}
"""Asking the enumeration itself takes as long as reading the rest of a card."""


def document_to_json(document: Document) -> str:
    """Return a parsed file as one JSON text."""
    return json.dumps(document._asdict(), ensure_ascii=False)


def document_from_json(text: str) -> Document:
    """Read back what ``document_to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    return Document(
        **{
            **data,
            "tasks": tuple(_parsed_from(row) for row in data["tasks"]),
            "problems": tuple(Problem(*problem) for problem in data["problems"]),
            "ways": tuple((name, tuple(way)) for name, way in data.get("ways", ())),
        },
    )


def _parsed_from(row: list[Any]) -> ParsedTask:
    task = ParsedTask(*row)
    return task._replace(
        status=Status(task.status),
        labels=tuple(task.labels),
        depends_on=tuple(task.depends_on),
        fields=tuple((name, value) for name, value in task.fields),
        children=tuple(_parsed_from(list(child)) for child in task.children),
    )


def slot_to_json(state: SlotState) -> str:
    """Return the state of a slot as one JSON text; its tasks are rows, since there are many."""
    plain = {
        "blob": state.blob,
        "path": state.path,
        "tasks": _rows(state.tasks),
        "taken": dict(state.taken),
        "gone_means_done": state.gone_means_done,
        "shape_version": state.shape_version,
        "completed": dict(state.completed),
        "prefixes": dict(state.prefixes),
        **({"hidden": _rows(state.hidden)} if state.hidden else {}),
        **({"removed": dict(state.removed)} if state.removed else {}),
        **({"roots": dict(state.roots)} if state.roots else {}),
        **({"past": dict(state.past)} if state.past else {}),
        **({"places": dict(state.places)} if state.places else {}),
        **({"good": state.good} if state.good else {}),
        "made": state.made,
    }
    return json.dumps(plain, ensure_ascii=False)


def _rows(tasks: Sequence[KeyedTask]) -> list[tuple[Any, ...]]:
    return [
        (
            *task.traits,
            *(task.own, task.above, task.status, task.text),
            *(*task.text_version, *task.status_version),
            *((task.assignee, *task.assignee_version) if _is_assigned(task) else ()),
            *((task.branch,) if task.branch else ()),
        )
        for task in tasks
    ]


def _is_assigned(task: KeyedTask) -> bool:
    return bool(task.assignee) or task.assignee_version != UNKNOWN or bool(task.branch)


def _from_rows(rows: Sequence[Sequence[Any]]) -> tuple[KeyedTask, ...]:
    return tuple(
        KeyedTask(
            own, above, Traits(id_, place, number, title), status, words,
            Version(text_time, text_commit), Version(status_time, status_commit),
            *_assigned(*assigned),
        )
        for (
            id_, place, number, title, own, above, status, words,
            text_time, text_commit, status_time, status_commit, *assigned,
        ) in rows
    )  # fmt: skip


def _assigned(
    assignee: str = "", time: int = 0, commit: str = "", branch: str = ""
) -> tuple[str, Version, str]:
    return assignee, Version(time, commit), branch


def slot_from_json(text: str) -> SlotState:
    """Read back what ``slot_to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    # A list without versions, as it was once, is of no use: all is read again with this release.
    completed = dict[str, list[Any]]() if isinstance(data["completed"], list) else data["completed"]
    tasks = _from_rows(data["tasks"])
    # A state of before knows no prefixes; until all is read again, its ids go on as they were.
    is_whole = data["gone_means_done"] or not data["path"].endswith(".md")
    were = {task.own: "" for task in tasks if task.traits.id and is_whole}
    return SlotState(
        **{
            "prefixes": were,
            **data,
            "tasks": tasks,
            "hidden": _from_rows(data.get("hidden", ())),
            "shape_version": Version(*data["shape_version"]),
            "completed": {own: Version(*each) for own, each in completed.items()},
            "removed": {own: Version(*each) for own, each in data.get("removed", {}).items()},
            "past": {own: dict(each) for own, each in data.get("past", {}).items()},
        },
    )


def said_to_json(said: Said) -> str:
    """Return a base as one JSON text, in rows without names: a sync reads those of all cards."""
    return _ENCODER.encode(
        (
            said.card_id,
            _row_of_card(said.said),
            said.mark,
            _row_of_seen(said.seen) if said.seen is not None else None,
            dict(said.items),
            sorted(said.made),
            said.words,
            _seldom(said),
        )
    )


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _seldom(said: Said) -> dict[str, Any]:
    """Return what differs from what it is for nearly all cards, by name."""
    values = {name: getattr(said, name) for name in SELDOM}
    other = {name: value for name, value in values.items() if value != SELDOM[name]}
    if said.theirs:
        other["theirs"] = sorted(said.theirs)
    if said.before:
        other["before"] = [_row_of_card(each) for each in said.before]
    return other


def _row_of_card(card: Card) -> list[Any]:
    return [
        card.key, card.title, card.text, card.column, sorted(card.labels), card.checklists,
        card.version, card.evident, card.names, card.links, card.end,
    ]  # fmt: skip


def _row_of_seen(seen: SeenCard) -> list[Any]:
    return [
        seen.id, seen.key, seen.title, seen.description, seen.column, sorted(seen.labels),
        seen.checklists, seen.stamp, seen.archived, seen.position, seen.trashed, seen.adrift,
        seen.is_used,
    ]  # fmt: skip


def said_from_json(text: str) -> Said:
    """Read back what ``said_to_json`` wrote.

    Raises:
        ValueError: It is of another shape.
    """
    row = json.loads(text)
    if not isinstance(row, list):
        raise ValueError("a base of another release")  # noqa: TRY004 - as for other JSON
    card_id, said, mark, seen, items, made, words, seldom = row
    if seldom:
        seldom["theirs"] = frozenset(seldom.get("theirs", ()))
        seldom["before"] = tuple([_card_from(card) for card in seldom.get("before", ())])
        seldom["lost"] = tuple([Lost(*each) for each in seldom.get("lost", ())])
    return Said(
        card_id,
        _card_from(said),
        mark,
        _seen_from(seen) if seen else None,
        items,
        made=frozenset(made),
        words=Words(*words) if words else None,
        **seldom,
    )


def _card_from(row: list[Any]) -> Card:
    (key, title, text, column, labels, checklists, version, evident, names, links, end) = row
    return Card(
        TaskKey(*key),
        title,
        text,
        COLUMNS[column],
        frozenset(labels),
        tuple([_CHECKLIST((title, tuple(map(_ITEM, items)))) for title, items in checklists]),
        _card_version(version),
        evident,
        LabelNames(*names),
        links,
        end,
    )


def _seen_from(row: list[Any]) -> SeenCard:
    (id_, key, title, description, column, labels, checklists, stamp, archived, position,
     trashed, adrift, is_used) = row  # fmt: skip
    return SeenCard(
        id_,
        TaskKey(*key) if key else None,
        title,
        description,
        COLUMNS[column] if column else None,
        frozenset(labels),
        tuple(
            [
                _SEEN_CHECKLIST((list_id, name, place, tuple(map(_SEEN_ITEM, lines))))
                for list_id, name, place, lines in checklists
            ]
        ),
        _stamp_from(stamp) if stamp else None,
        archived,
        position,
        trashed,
        adrift,
        is_used,
    )


# What ``Item(...)`` does besides takes longer than to make one, and there are thousands.
_ITEM: Callable[[Iterable[Any]], Item] = partial(tuple.__new__, Item)
_SEEN_ITEM: Callable[[Iterable[Any]], SeenItem] = partial(tuple.__new__, SeenItem)
_CHECKLIST: Callable[[Iterable[Any]], Checklist] = partial(tuple.__new__, Checklist)
_SEEN_CHECKLIST: Callable[[Iterable[Any]], SeenChecklist] = partial(tuple.__new__, SeenChecklist)
_VERSION: Callable[[Iterable[Any]], Version] = partial(tuple.__new__, Version)
_CARD_VERSION: Callable[[Iterable[Any]], CardVersion] = partial(tuple.__new__, CardVersion)


def _stamp_from(data: list[Any]) -> Stamp:
    version, *rest = data
    return Stamp(_card_version(version), *rest)


def _card_version(data: list[Any]) -> CardVersion:
    (text_time, text_commit), (status_time, status_commit) = data
    return _CARD_VERSION(
        (_VERSION((text_time, text_commit)), _VERSION((status_time, status_commit)))
    )
