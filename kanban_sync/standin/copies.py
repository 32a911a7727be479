"""What happens to the things on a card when it is copied or goes to another board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.standin.views import own_parts

if TYPE_CHECKING:
    from kanban_sync.standin.access import Call
    from kanban_sync.standin.state import Record, State

_OWN = frozenset({"id", "createdAt", "updatedAt"})


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


def take_along(state: State, card: Record, board_before: str) -> None:
    """Fit a card that went to another board into it.

    Labels are matched by name or made there. Custom field groups of the old board become
    groups of the card, with new ids; the values survive.
    """
    for mark in state.where("cardLabels", cardId=card["id"]):
        label = state.find("labels", mark["labelId"])
        if label:
            mark["labelId"] = _label_there(state, card["boardId"], label)["id"]
    for group in state.where("customFieldGroups", boardId=board_before):
        values = state.where(
            "customFieldValues",
            cardId=card["id"],
            customFieldGroupId=group["id"],
        )
        if values:
            _detach(state, card, group, values)


def _label_there(state: State, board_id: str, label: Record) -> Record:
    same = state.where("labels", boardId=board_id, name=label["name"])
    if same:
        return same[0]
    return state.insert("labels", **{**_fields(label), "boardId": board_id})


def _detach(state: State, card: Record, group: Record, values: list[Record]) -> None:
    fields = _fields(group)
    base_id = fields["baseCustomFieldGroupId"]
    base = base_id and state.find("baseCustomFieldGroups", base_id)
    if base:
        fields.update(name=base["name"], baseCustomFieldGroupId=None)
    own = state.insert("customFieldGroups", **{**fields, "boardId": None, "cardId": card["id"]})
    source = (
        state.where("customFields", baseCustomFieldGroupId=base["id"])
        if base
        else state.where("customFields", customFieldGroupId=group["id"])
    )
    for field in source:
        pointed = {"customFieldGroupId": own["id"], "baseCustomFieldGroupId": None}
        made = state.insert("customFields", **{**_fields(field), **pointed})
        for value in values:
            if value["customFieldId"] == field["id"]:
                value.update(customFieldGroupId=own["id"], customFieldId=made["id"])


def _fields(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in _OWN}


def _repointed(record: Record, new_ids: dict[str, str]) -> Record:
    return {
        name: new_ids.get(value, value) if name.endswith("Id") else value
        for name, value in _fields(record).items()
    }
