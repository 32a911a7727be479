"""What stores keep as JSON: documents, states of slots, and bases, both ways."""

from __future__ import annotations

import json
from dataclasses import fields
from operator import attrgetter
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
    from collections.abc import Sequence

NAMES = {kind: [each.name for each in fields(kind)] for kind in (Said, Card, SeenCard)}
PARTS = {kind: (names, attrgetter(*names)) for kind, names in NAMES.items()}

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
            "past": {own: tuple(each) for own, each in data.get("past", {}).items()},
        },
    )


def said_to_json(said: Said) -> str:
    """Return a base as one JSON text."""
    return _ENCODER.encode(said)


def _plain(value: Any) -> dict[str, Any] | list[Any]:  # noqa: ANN401 - whatever JSON knows not
    """Return a set, or a dataclass: ``asdict`` would copy all that is in it, for each card."""
    if isinstance(value, frozenset):
        return sorted(value)
    names, values_of = PARTS[type(value)]
    return dict(zip(names, values_of(value), strict=True))


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_plain)


def said_from_json(text: str) -> Said:
    """Read back what ``said_to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    data["said"] = _card_from(data["said"])
    data["seen"] = _seen_from(data["seen"]) if data["seen"] else None
    data["before"] = tuple([_card_from(card) for card in data["before"]])
    data["theirs"] = frozenset(data.get("theirs", ()))
    data["made"] = frozenset(data.get("made", ()))
    # Before, they were hashes without a time: what they stood for has come long since, if at all.
    data["lost"] = tuple([Lost(*each) for each in data.get("lost", ()) if isinstance(each, list)])
    words = data.get("words")
    data["words"] = Words(*words) if words else None
    return Said(**data)


def _card_from(data: dict[str, Any]) -> Card:
    data["key"] = TaskKey(*data["key"])
    data["column"] = COLUMNS[data["column"]]
    data["labels"] = frozenset(data["labels"])
    data["checklists"] = tuple(
        [Checklist(title, tuple(map(Item._make, items))) for title, items in data["checklists"]]
    )
    data["version"] = _card_version(data["version"])
    data["names"] = LabelNames(*data.get("names", ()))
    return Card(**data)


def _seen_from(data: dict[str, Any]) -> SeenCard:
    data["key"] = TaskKey(*data["key"]) if data["key"] else None
    data["column"] = COLUMNS[data["column"]] if data["column"] else None
    data["labels"] = frozenset(data["labels"])
    data["checklists"] = tuple(
        [
            SeenChecklist(id_, title, position, tuple(map(SeenItem._make, lines)))
            for id_, title, position, lines in data["checklists"]
        ]
    )
    data["stamp"] = _stamp_from(data["stamp"]) if data["stamp"] else None
    return SeenCard(**data)


def _stamp_from(data: list[Any]) -> Stamp:
    version, *rest = data
    return Stamp(_card_version(version), *rest)


def _card_version(data: list[Any]) -> CardVersion:
    text, status = data
    return CardVersion(Version(*text), Version(*status))
