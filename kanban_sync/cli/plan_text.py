"""A plan as lines for people and as data for programs; the same before and after it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from kanban_sync.core.operations import Change, Operation, Plan


def plan_lines(plan: Plan) -> list[str]:
    """Return a plan as lines, grouped by card, with reasons."""
    lines = [f"+ {each}" for each in plan.missing]
    for operation in plan.operations:
        lines += _operation_lines(operation)
    for operation in plan.held:
        lines += [f"held back: {line}" for line in _operation_lines(operation)]
    lines += [f"  {note.key}: {note.text}" for note in plan.notes]
    return lines


def plan_data(plan: Plan) -> dict[str, object]:
    """Return a plan as plain data."""
    return {
        "missing": list(plan.missing),
        "operations": [_operation_data(each) for each in plan.writes],
        "held": [_operation_data(each) for each in plan.held],
        "notes": [_note_data(note) for note in plan.notes],
    }


def _operation_lines(operation: Operation) -> list[str]:
    match operation:
        case Create():
            count = sum(len(each.items) for each in operation.card.checklists)
            tasks = f", {count} tasks" if count else ""
            title = operation.card.title
            return [f"+ {title}  [{operation.card.column.value}{tasks}]  ({operation.reason})"]
        case Update():
            head = f"~ {operation.card.title}  ({operation.reason})"
            return [head, *(f"    {_change_text(change)}" for change in operation.changes)]
        case Archive():
            return [f"- {operation.card.title}  [into the archive]  ({operation.reason})"]
        case Remember() | Forget():
            return []


def _change_text(change: Change) -> str:
    if isinstance(change, SetItem):
        return _item_text(change)
    if isinstance(change, SetText):
        return "description: our part is written anew, what people wrote stays"
    if isinstance(change, Move):
        return f"moves to {change.column.value}"
    what = SENTENCES[type(change)]
    return what.format(*_fields(change).values())


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


def _fields(change: Change) -> dict[str, object]:
    """Return what a change holds for programs; ids and positions are the board's business."""
    shown: dict[str, object] = {}
    for name in change.__slots__:
        value = getattr(change, name)
        if value is None or name in {"id", "position", "former", "marked"}:
            continue
        shown["line" if name == "item" else name] = value.text if name == "item" else value
    return shown


def _operation_data(operation: Operation) -> dict[str, object]:
    data: dict[str, object] = {
        "kind": type(operation).__name__.lower(),
        "key": str(key_of(operation)),
    }
    if isinstance(operation, Create | Update | Archive):
        data["title"] = operation.card.title
        data["column"] = operation.card.column.value
        data["reason"] = operation.reason
    if isinstance(operation, Update):
        data["changes"] = [
            {"change": type(change).__name__, **_fields(change)} for change in operation.changes
        ]
    return data


def _note_data(note: Note) -> dict[str, object]:
    return {"key": note.key, "text": note.text}
