"""Custom fields: their groups, the fields and the values on cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.standin import refusals
from kanban_sync.standin.access import Answer, Call, item, managed, writable

if TYPE_CHECKING:
    from kanban_sync.standin.state import Record


def create_base_group(call: Call) -> Answer:
    """Make a custom field group that the boards of a project can use."""
    project = managed(call, "projects", call.values["projectId"])
    group = call.state.insert(
        "baseCustomFieldGroups",
        name=call.values["name"],
        projectId=project["id"],
    )
    return item(group)


def create_group(call: Call) -> Answer:
    """Make a custom field group on a board, by name or from one of the project."""
    board = writable(call, "boards", call.values["boardId"])
    base = None
    if "baseCustomFieldGroupId" in call.values:
        base = call.state.find("baseCustomFieldGroups", call.values["baseCustomFieldGroupId"])
        if base is None or base["projectId"] != board["projectId"]:
            raise refusals.not_found("Base custom field group")
    elif "name" not in call.values:
        raise refusals.unprocessable("Base custom field group or name must be present")
    siblings = call.state.where("customFieldGroups", boardId=board["id"])
    group = call.state.insert(
        "customFieldGroups",
        position=call.state.place(siblings, call.values["position"]),
        name=call.values.get("name"),
        boardId=board["id"],
        cardId=None,
        baseCustomFieldGroupId=base and base["id"],
    )
    return item(group)


def update_group(call: Call) -> Answer:
    """Rename a custom field group."""
    return _renamed(call, "customFieldGroups")


def delete_group(call: Call) -> Answer:
    """Delete a custom field group with its fields and their values."""
    return _deleted(call, "customFieldGroups")


def create_base_field(call: Call) -> Answer:
    """Make a field in a custom field group of the project."""
    base = managed(call, "baseCustomFieldGroups", call.values["baseCustomFieldGroupId"])
    return _create_field(call, baseCustomFieldGroupId=base["id"], customFieldGroupId=None)


def create_field(call: Call) -> Answer:
    """Make a field in a custom field group of a board or card."""
    group = writable(call, "customFieldGroups", call.values["customFieldGroupId"])
    return _create_field(call, baseCustomFieldGroupId=None, customFieldGroupId=group["id"])


def update_field(call: Call) -> Answer:
    """Rename a field."""
    return _renamed(call, "customFields")


def delete_field(call: Call) -> Answer:
    """Delete a field with its values."""
    return _deleted(call, "customFields")


def set_value(call: Call) -> Answer:
    """Write the value of a field on a card, whether there was one or not."""
    card = writable(call, "cards", call.values["cardId"])
    group, field = _group_and_field(call, card)
    key = {"cardId": card["id"], "customFieldGroupId": group["id"], "customFieldId": field["id"]}
    content = call.values["content"]
    values = call.state.where("customFieldValues", **key)
    if values:
        call.state.update(values[0], content=content)
        return item(values[0])
    return item(call.state.insert("customFieldValues", content=content, **key))


def delete_value(call: Call) -> Answer:
    """Take the value of a field off a card."""
    card = writable(call, "cards", call.values["cardId"])
    values = call.state.where(
        "customFieldValues",
        cardId=card["id"],
        customFieldGroupId=call.values["customFieldGroupId"],
        customFieldId=call.values["customFieldId"],
    )
    if not values:
        raise refusals.not_found("Custom field value")
    call.state.remove("customFieldValues", values[0])
    return item(values[0])


def _create_field(call: Call, **group: str | None) -> Answer:
    siblings = call.state.where("customFields", **group)
    field = call.state.insert(
        "customFields",
        position=call.state.place(siblings, call.values["position"]),
        name=call.values["name"],
        showOnFrontOfCard=call.values.get("showOnFrontOfCard", False),
        **group,
    )
    return item(field)


def _group_and_field(call: Call, card: Record) -> tuple[Record, Record]:
    group = call.state.find("customFieldGroups", call.values["customFieldGroupId"])
    if group is None or (group["boardId"] != card["boardId"] and group["cardId"] != card["id"]):
        raise refusals.not_found("Custom field group")
    field = call.state.find("customFields", call.values["customFieldId"])
    base_id = group["baseCustomFieldGroupId"]
    if field is None or not (
        field["customFieldGroupId"] == group["id"]
        or (base_id is not None and field["baseCustomFieldGroupId"] == base_id)
    ):
        raise refusals.not_found("Custom field")
    return group, field


def _renamed(call: Call, table: str) -> Answer:
    record = writable(call, table, call.values["id"])
    names = ("name", "showOnFrontOfCard")
    changes = {name: call.values[name] for name in names if name in call.values}
    call.state.update(record, **changes)
    return item(record)


def _deleted(call: Call, table: str) -> Answer:
    record = writable(call, table, call.values["id"])
    call.state.remove(table, record)
    return item(record)
