"""What stores keep as JSON: documents, states of slots, and bases, both ways."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from kanban_sync.core.board import (
    Card,
    CardVersion,
    Checklist,
    Item,
    Said,
    SeenCard,
    SeenChecklist,
    SeenItem,
    Stamp,
)
from kanban_sync.core.columns import Column, LabelNames
from kanban_sync.core.identity import Traits
from kanban_sync.core.layers import KeyedTask, SlotState
from kanban_sync.core.model import Document, ParsedTask, Problem, Status, TaskKey, Version


def document_to_json(document: Document) -> str:
    """Return a parsed file as one JSON text."""
    return json.dumps(asdict(document), ensure_ascii=False)


def document_from_json(text: str) -> Document:
    """Read back what ``document_to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    return Document(
        **{
            **data,
            "tasks": tuple(_parsed_from(row) for row in data["tasks"]),
            "problems": tuple(Problem(**problem) for problem in data["problems"]),
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
    tasks = [
        (
            *task.traits,
            *(task.own, task.above, task.status, task.text),
            *(*task.text_version, *task.status_version),
        )
        for task in state.tasks
    ]
    plain = {
        "blob": state.blob,
        "path": state.path,
        "tasks": tasks,
        "taken": dict(state.taken),
        "gone_means_done": state.gone_means_done,
        "shape_version": state.shape_version,
        "completed": dict(state.completed),
    }
    return json.dumps(plain, ensure_ascii=False)


def slot_from_json(text: str) -> SlotState:
    """Read back what ``slot_to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    # A list without versions, as it was once, is of no use: all is read again with this release.
    completed = dict[str, list[Any]]() if isinstance(data["completed"], list) else data["completed"]
    tasks = tuple(
        KeyedTask(
            own, above, Traits(id_, place, number, title), status, words,
            Version(text_time, text_commit), Version(status_time, status_commit),
        )
        for (
            id_, place, number, title, own, above, status, words,
            text_time, text_commit, status_time, status_commit,
        ) in data["tasks"]
    )  # fmt: skip
    return SlotState(
        **{
            **data,
            "tasks": tasks,
            "shape_version": Version(*data["shape_version"]),
            "completed": {own: Version(*each) for own, each in completed.items()},
        },
    )


def said_to_json(said: Said) -> str:
    """Return a base as one JSON text."""
    return json.dumps(said, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> dict[str, Any] | list[Any]:  # noqa: ANN401 - whatever JSON knows not
    """Return a set, or a dataclass: ``asdict`` would copy all that is in it, for each card."""
    if isinstance(value, frozenset):
        return sorted(value)
    return {each.name: getattr(value, each.name) for each in fields(value)}


def said_from_json(text: str) -> Said:
    """Read back what ``said_to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    seen = data.pop("seen")
    return Said(
        **{
            **data,
            "said": _card_from(data["said"]),
            "seen": _seen_from(seen) if seen else None,
            "before": tuple(_card_from(card) for card in data["before"]),
            "theirs": frozenset(data.get("theirs", ())),
        },
    )


def _card_from(data: dict[str, Any]) -> Card:
    lists = tuple(
        Checklist(each["title"], tuple(Item(**item) for item in each["items"]))
        for each in data.pop("checklists")
    )
    text, status = data.pop("version")
    names = data.pop("names", ())
    return Card(
        **{
            **data,
            "key": TaskKey(*data["key"]),
            "column": Column(data["column"]),
            "labels": frozenset(data["labels"]),
        },
        checklists=lists,
        version=CardVersion(Version(*text), Version(*status)),
        names=LabelNames(*names),
    )


def _seen_from(data: dict[str, Any]) -> SeenCard:
    lists = tuple(
        SeenChecklist(
            **{**each, "items": tuple(SeenItem(**item) for item in each["items"])},
        )
        for each in data.pop("checklists")
    )
    stamp = data.pop("stamp")
    return SeenCard(
        **{
            **data,
            "key": TaskKey(*data["key"]) if data["key"] else None,
            "column": Column(data["column"]) if data["column"] else None,
            "labels": frozenset(data["labels"]),
        },
        checklists=lists,
        stamp=_stamp_from(stamp) if stamp else None,
    )


def _stamp_from(data: list[Any]) -> Stamp:
    (text, status), *rest = data
    return Stamp(CardVersion(Version(*text), Version(*status)), *rest)
