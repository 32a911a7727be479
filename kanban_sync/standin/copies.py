"""What happens to the things on a card when it is copied or goes to another board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.standin.state import in_order
from kanban_sync.standin.views import own_parts

if TYPE_CHECKING:
    from kanban_sync.standin.access import Call
    from kanban_sync.standin.state import Record, State

_OWN = frozenset({"id", "createdAt", "updatedAt"})
_GAP = 65536


def copy_parts(call: Call, card: Record, copy: Record) -> dict[str, list[Record]]:
    """Copy all that lies on a card and return the copies by table."""
    state, parts = call.state, own_parts(call, [card])
    new_ids = {card["id"]: copy["id"]}
    copies: dict[str, list[Record]] = {}
    # Each table before the ones that point to its records.
    for table in (
        "cardMemberships",
        "cardLabels",
        "taskLists",
        "tasks",
        "customFieldGroups",
        "customFields",
        "customFieldValues",
        "attachments",
    ):
        copies[table] = []
        for part in parts[table]:
            made = state.insert(table, **_repointed(part, new_ids))
            new_ids[part["id"]] = made["id"]
            copies[table].append(made)
    return copies


def take_along(state: State, card: Record, board_before: Record, board: Record) -> None:
    """Fit a card that went to another board into it.

    Labels are matched by name or made there, and put on the card anew. All custom field groups
    of the old board, used or not, become groups of the card with new ids; the values survive.
    People who are no members there lose the card.
    """
    _drop_strangers(state, card, board)
    _put_labels_anew(state, card, board)
    groups = in_order(state.where("customFieldGroups", boardId=board_before["id"]))
    own = in_order(state.where("customFieldGroups", cardId=card["id"]))
    for group in own if groups else []:
        state.update(group, position=group["position"] + _GAP * len(groups))
    leaves_project = board["projectId"] != board_before["projectId"]
    for rank, group in enumerate(groups, 1):
        _copy_group(state, card, group, _GAP * rank, leaves_project=leaves_project)
    for group in own if leaves_project else []:
        state.update(group)
        _cut_from_base(state, card, group)


def _drop_strangers(state: State, card: Record, board: Record) -> None:
    members = {entry["userId"] for entry in state.where("boardMemberships", boardId=board["id"])}
    for table in ("subscriptions", "cardMemberships"):
        for entry in state.where(table, cardId=card["id"]):
            if entry["userId"] not in members:
                state.remove(table, entry)
    for task_list in state.where("taskLists", cardId=card["id"]):
        for task in state.where("tasks", taskListId=task_list["id"]):
            if task["assigneeUserId"] is not None and task["assigneeUserId"] not in members:
                state.update(task, assigneeUserId=None)


def _put_labels_anew(state: State, card: Record, board: Record) -> None:
    marks = state.where("cardLabels", cardId=card["id"])
    labels = [state.find("labels", mark["labelId"]) for mark in marks]
    for mark in marks:
        state.remove("cardLabels", mark)
    there = in_order(state.where("labels", boardId=board["id"]))
    # Of two labels with one name Planka takes the last.
    by_name = {label["name"]: label for label in there}
    for label in sorted(filter(None, labels), key=lambda label: int(label["id"])):
        found = by_name.get(label["name"]) or _make_label(state, label, there, board)
        state.insert("cardLabels", cardId=card["id"], labelId=found["id"])


def _make_label(state: State, label: Record, there: list[Record], board: Record) -> Record:
    position = state.place(there, label["position"])
    return state.insert(
        "labels",
        **{**_fields(label), "boardId": board["id"], "position": position},
    )


def _copy_group(
    state: State, card: Record, group: Record, position: float, *, leaves_project: bool
) -> None:
    place = {"boardId": None, "cardId": card["id"], "position": position}
    own = state.insert("customFieldGroups", **{**_fields(group), **place})
    values = _values(state, card, group)
    for value in values:
        state.update(value, customFieldGroupId=own["id"])
    for field in in_order(state.where("customFields", customFieldGroupId=group["id"])):
        _copy_field(state, field, own, values)
    if leaves_project:
        _cut_from_base(state, card, own)


def _cut_from_base(state: State, card: Record, group: Record) -> None:
    base = state.find("baseCustomFieldGroups", group["baseCustomFieldGroupId"])
    if base is None:
        return
    values = _values(state, card, group)
    group.update(name=group["name"] or base["name"], baseCustomFieldGroupId=None)
    for field in in_order(state.where("customFields", baseCustomFieldGroupId=base["id"])):
        _copy_field(state, field, group, values)


def _copy_field(state: State, field: Record, group: Record, values: list[Record]) -> None:
    pointed = {"customFieldGroupId": group["id"], "baseCustomFieldGroupId": None}
    made = state.insert("customFields", **{**_fields(field), **pointed})
    for value in values:
        if value["customFieldId"] == field["id"]:
            state.update(value, customFieldId=made["id"])


def _values(state: State, card: Record, group: Record) -> list[Record]:
    return state.where("customFieldValues", cardId=card["id"], customFieldGroupId=group["id"])


def _fields(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in _OWN}


def _repointed(record: Record, new_ids: dict[str, str]) -> Record:
    return {
        name: new_ids.get(value, value) if name.endswith("Id") else value
        for name, value in _fields(record).items()
    }
