"""Task lists and the tasks in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.standin import refusals
from kanban_sync.standin.access import Answer, Call, item, membership, readable, writable
from kanban_sync.standin.cards import record_action
from kanban_sync.standin.state import in_order

if TYPE_CHECKING:
    from kanban_sync.standin.state import Record


def create_task_list(call: Call) -> Answer:
    """Put a task list on a card."""
    card = writable(call, "cards", call.values["cardId"])
    siblings = call.state.where("taskLists", cardId=card["id"])
    task_list = call.state.insert(
        "taskLists",
        position=call.state.place(siblings, call.values["position"]),
        name=call.values["name"],
        showOnFrontOfCard=call.values.get("showOnFrontOfCard", True),
        hideCompletedTasks=call.values.get("hideCompletedTasks", False),
        cardId=card["id"],
    )
    return item(task_list)


def show_task_list(call: Call) -> Answer:
    """Show a task list with its tasks."""
    task_list = readable(call, "taskLists", call.values["id"])
    tasks = in_order(call.state.where("tasks", taskListId=task_list["id"]))
    return item(task_list, {"tasks": tasks})


def update_task_list(call: Call) -> Answer:
    """Change a task list."""
    task_list = writable(call, "taskLists", call.values["id"])
    names = ("name", "showOnFrontOfCard", "hideCompletedTasks")
    changes = {name: call.values[name] for name in names if name in call.values}
    if "position" in call.values:
        siblings = call.state.where("taskLists", cardId=task_list["cardId"])
        others = (one for one in siblings if one is not task_list)
        changes["position"] = call.state.place(others, call.values["position"])
    call.state.update(task_list, **changes)
    return item(task_list)


def delete_task_list(call: Call) -> Answer:
    """Delete a task list with its tasks."""
    task_list = writable(call, "taskLists", call.values["id"])
    call.state.remove("taskLists", task_list)
    return item(task_list)


def create_task(call: Call) -> Answer:
    """Make a task, by name or for another card, whose state it then follows."""
    task_list = writable(call, "taskLists", call.values["taskListId"])
    values = call.values
    linked = _linked_card(call)
    if linked is None and values.get("name") is None:
        raise refusals.broken()
    siblings = call.state.where("tasks", taskListId=task_list["id"])
    task = call.state.insert(
        "tasks",
        position=call.state.place(siblings, values["position"]),
        name=linked["name"] if linked else values["name"],
        isCompleted=linked["isClosed"] if linked else values.get("isCompleted", False),
        taskListId=task_list["id"],
        linkedCardId=linked and linked["id"],
        assigneeUserId=None,
    )
    return item(task)


def update_task(call: Call) -> Answer:
    """Change a task; name and state of one that stands for a card are not to be written."""
    task = writable(call, "tasks", call.values["id"])
    values = call.values
    if task["linkedCardId"] and {"name", "isCompleted", "assigneeUserId"} & values.keys():
        raise refusals.forbidden()
    names = ("name", "isCompleted", "assigneeUserId")
    changes = {name: values[name] for name in names if name in values}
    card = _card(call, task)
    _refuse_stranger(call, card)
    changes.update(_moved(call, task, card))
    completed_before = task["isCompleted"]
    call.state.update(task, **changes)
    if task["isCompleted"] != completed_before:
        kind = "completeTask" if task["isCompleted"] else "uncompleteTask"
        named = {"id": task["id"], "name": task["name"]}
        record_action(call, kind, card, task=named)
    return item(task)


def delete_task(call: Call) -> Answer:
    """Delete a task."""
    task = writable(call, "tasks", call.values["id"])
    call.state.remove("tasks", task)
    return item(task)


def _refuse_stranger(call: Call, card: Record) -> None:
    user_id = call.values.get("assigneeUserId")
    if user_id and not membership(call.state, card["boardId"], user_id):
        raise refusals.not_found("User")


def _linked_card(call: Call) -> Record | None:
    card_id = call.values.get("linkedCardId")
    if card_id is None:
        return None
    try:
        return readable(call, "cards", card_id)
    except refusals.RefusalError:
        raise refusals.not_found("Linked card") from None


def _card(call: Call, task: Record) -> Record:
    task_list = call.state.find("taskLists", task["taskListId"])
    card = task_list and call.state.find("cards", task_list["cardId"])
    if not card:
        raise refusals.broken()
    return card


def _moved(call: Call, task: Record, card: Record) -> Record:
    changes: Record = {}
    task_list_id = call.values.get("taskListId", task["taskListId"])
    if task_list_id != task["taskListId"]:
        target = call.state.find("taskLists", task_list_id)
        if target is None or target["cardId"] != card["id"]:
            raise refusals.not_found("Task list")
        changes["taskListId"] = task_list_id
    if "position" in call.values:
        siblings = call.state.where("tasks", taskListId=task_list_id)
        others = (one for one in siblings if one is not task)
        changes["position"] = call.state.place(others, call.values["position"])
    return changes
