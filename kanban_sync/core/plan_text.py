"""A plan as lines for people and as data for programs; the same before and after it is done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanban_sync.core.columns import Column
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    AddLabel,
    Archive,
    Create,
    DropChecklist,
    DropItem,
    Forget,
    Move,
    Note,
    Remember,
    RemoveLabel,
    RenameChecklist,
    SetItem,
    SetText,
    SetTitle,
    Update,
    key_of,
)
from kanban_sync.core.telling import summed_up

if TYPE_CHECKING:
    from kanban_sync.core.columns import Layout
    from kanban_sync.core.operations import Change, Operation, Plan

PUT_OFF = "nothing is new, so a sync writes this with --force, or else with the next news"

LEFT_ALONE = "left alone"

_MARKUP = re.compile(r"[\\`*_\[\]<>#|~]")


def plan_lines(plan: Plan) -> list[str]:
    """Return a plan as lines, grouped by card, with reasons."""
    lines = [f"+ {each}" for each in plan.missing]
    for operation in plan.operations:
        lines += _operation_lines(operation, plan.layout)
    for operation in plan.held:
        lines += [f"held back: {line}" for line in _operation_lines(operation, plan.layout)]
    lines += [f"  {_about(note)}{note.text}" for note in summed_up(plan.notes)]
    return [*lines, f"  {PUT_OFF}"] if plan.is_put_off else lines


def plan_data(plan: Plan) -> dict[str, object]:
    """Return a plan as plain data."""
    return {
        "missing": list(plan.missing),
        "operations": [_operation_data(each, plan.layout) for each in plan.writes],
        "held": [_operation_data(each, plan.layout) for each in plan.held],
        "notes": [_note_data(note) for note in plan.notes],
        "put_off": PUT_OFF if plan.is_put_off else "",
    }


def plan_markdown(plan: Plan, board: str) -> list[str]:
    """Return a plan as Markdown, to be pasted into a pull request or an issue."""
    lines = [f"## {_plain(board)}", ""]
    lines += [f"- make {_plain(each)}" for each in plan.missing]
    for operation in plan.operations:
        lines += _operation_markdown(operation, plan.layout, "")
    for operation in plan.held:
        lines += _operation_markdown(operation, plan.layout, "held back: ")
    lines += [_note_markdown(note) for note in summed_up(plan.notes)]
    lines += [f"- {_plain(PUT_OFF)}"] if plan.is_put_off else []
    return lines if len(lines) > len(lines[:2]) else [*lines, "Nothing to do."]


def _note_markdown(note: Note) -> str:
    said = "" if LEFT_ALONE in note.text else f"{LEFT_ALONE}: "
    return f"- {said}{_named(note)}{_plain(note.text)}"


def _about(note: Note) -> str:
    """Return whose note it is, by title and key; nothing if it is about several cards."""
    key = f"({note.key})" if note.title else note.key
    return f"{note.title} {key}: ".lstrip() if note.key else ""


def _named(note: Note) -> str:
    """Return whose note it is as Markdown."""
    title = f"**{_plain(note.title)}** " if note.title else ""
    return f"{title}`{note.key}`: " if note.key else ""


def _operation_lines(operation: Operation, layout: Layout) -> list[str]:
    match operation:
        case Create():
            return [f"+ {operation.card.title}  [{_made(operation, layout)}]  ({operation.reason})"]
        case Update():
            head = f"~ {operation.card.title}  ({operation.reason})"
            texts = (_change_text(change, layout) for change in operation.changes)
            return [head, *(f"    {text}" for text in texts)]
        case Archive():
            return [f"- {operation.card.title}  [into the archive]  ({operation.reason})"]
        case Remember() | Forget():
            return []


def _operation_markdown(operation: Operation, layout: Layout, held: str) -> list[str]:
    if isinstance(operation, Remember | Forget):
        return []
    what, changes = "goes to the archive", tuple["Change", ...]()
    if isinstance(operation, Create):
        what = f"new in {_plain(_made(operation, layout))}"
    elif isinstance(operation, Update):
        what, changes = "changes", operation.changes
    title = _plain(operation.card.title)
    head = f"- {held}**{title}** {what} ({_plain(operation.reason)})"
    return [head, *(f"  - {_plain(_change_text(each, layout))}" for each in changes)]


def _made(operation: Create, layout: Layout) -> str:
    count = sum(len(each.items) for each in operation.card.checklists)
    tasks = f", {count} {'task' if count == 1 else 'tasks'}" if count else ""
    return f"{list_called(operation.card.column, layout)}{tasks}"


def list_called(column: Column, layout: Layout) -> str:
    """Return what a column is called on the board."""
    return layout.lists.get(column, column.value)


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def _change_text(change: Change, layout: Layout) -> str:
    if isinstance(change, SetItem):
        return _item_text(change)
    if isinstance(change, SetText):
        return "description: our part is written anew, what people wrote stays"
    if isinstance(change, Move):
        return f"moves to {list_called(change.column, layout)}"
    what = SENTENCES[type(change)]
    return what.format(*_fields(change, layout).values())


SENTENCES: dict[type, str] = {
    SetTitle: "title: {}",
    AddLabel: "gets the label {}",
    RemoveLabel: "loses the label {}",
    AddChecklist: "gets the task list {}",
    RenameChecklist: "a task list is renamed to {}",
    DropChecklist: "loses the empty task list {}",
    AddItem: "gets the task {1}",
    DropItem: "loses the task {}",
}


def _item_text(change: SetItem) -> str:
    words: list[str] = []
    if change.done is not None:
        words.append("ticked" if change.done else "no longer ticked")
    if change.text is not None:
        words.append("reworded")
    if change.checklist is not None:
        words.append(f"moved to {change.checklist}")
    if not words:
        words.append("moved")
    return f"{', '.join(words)}: {change.item.text}"


def _fields(change: Change, layout: Layout) -> dict[str, object]:
    """Return what a change holds for programs; ids and positions are the board's business."""
    shown: dict[str, object] = {}
    for name in change.__slots__:
        value = getattr(change, name)
        if value is None or name in {"id", "position", "former", "marked", "place"}:
            continue
        if isinstance(value, Column):
            shown[name] = list_called(value, layout)
        else:
            shown["line" if name == "item" else name] = value.text if name == "item" else value
    return shown


def _operation_data(operation: Operation, layout: Layout) -> dict[str, object]:
    data: dict[str, object] = {
        "kind": type(operation).__name__.lower(),
        "key": str(key_of(operation)),
    }
    if isinstance(operation, Create | Update | Archive):
        data["title"] = operation.card.title
        data["column"] = list_called(operation.card.column, layout)
        data["reason"] = operation.reason
    if isinstance(operation, Update):
        data["changes"] = [
            {"change": type(change).__name__, **_fields(change, layout)}
            for change in operation.changes
        ]
    return data


def _note_data(note: Note) -> dict[str, object]:
    return {"key": note.key, "title": note.title, "text": note.text}
