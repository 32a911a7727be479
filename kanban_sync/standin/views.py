"""What an answer holds beside the record that was asked for."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from kanban_sync.standin.access import sees_all_of
from kanban_sync.standin.state import Record, ids, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_sync.standin.access import Call

_OPEN_FIELDS = (
    "id",
    "createdAt",
    "updatedAt",
    "role",
    "name",
    "username",
    "phone",
    "organization",
    "isDeactivated",
    "avatar",
)
_ADMIN_FIELDS = (
    *_OPEN_FIELDS,
    "email",
    "apiKeyPrefix",
    "isSsoUser",
    "isDefaultAdmin",
    "lockedFieldNames",
)


def user_view(call: Call, user: Record) -> Record:
    """Show a user: all of it to himself, more to an administrator than to others."""
    if call.user and user["id"] == call.user["id"]:
        return user
    fields = _ADMIN_FIELDS if call.user and call.user["role"] == "admin" else _OPEN_FIELDS
    return {name: user[name] for name in fields}


def users_view(call: Call, user_ids: Iterable[object]) -> list[Record]:
    """Show users, each once."""
    found = (call.state.find("users", user_id) for user_id in dict.fromkeys(user_ids))
    return [user_view(call, user) for user in found if user]


def subscribed(call: Call, cards: Iterable[Record]) -> list[Record]:
    """Show cards with the mark that tells whether the user follows them."""
    mine = {entry["cardId"] for entry in call.state.where("subscriptions", userId=call.user["id"])}
    return [{**card, "isSubscribed": card["id"] in mine} for card in cards]


def card_parts(call: Call, cards: Sequence[Record]) -> dict[str, list[Record]]:
    """Show what lies on cards, with the people who made the cards."""
    people = (card["creatorUserId"] for card in cards)
    return {**own_parts(call, cards), "users": users_view(call, people)}


def own_parts(call: Call, cards: Sequence[Record]) -> dict[str, list[Record]]:
    """Show what lies on cards and goes with them when they are copied."""
    state, card_ids = call.state, ids(cards)
    task_lists = in_order(state.among("taskLists", "cardId", card_ids))
    groups = in_order(state.among("customFieldGroups", "cardId", card_ids))
    return {
        "cardMemberships": state.among("cardMemberships", "cardId", card_ids),
        "cardLabels": state.among("cardLabels", "cardId", card_ids),
        "taskLists": task_lists,
        "tasks": in_order(state.among("tasks", "taskListId", ids(task_lists))),
        "customFieldGroups": groups,
        "customFields": in_order(state.among("customFields", "customFieldGroupId", ids(groups))),
        "customFieldValues": state.among("customFieldValues", "cardId", card_ids),
        "attachments": state.among("attachments", "cardId", card_ids),
    }


def board_parts(call: Call, board: Record) -> dict[str, Any]:
    """Show a whole board; the cards in archive and trash are left out."""
    state = call.state
    lists = in_order(state.where("lists", boardId=board["id"]))
    visible = [entry["id"] for entry in lists if entry["position"] is not None]
    cards = in_order(state.among("cards", "listId", visible))
    parts = card_parts(call, cards)
    members = state.where("boardMemberships", boardId=board["id"])
    groups = in_order(state.where("customFieldGroups", boardId=board["id"]))
    fields = in_order(state.among("customFields", "customFieldGroupId", ids(groups)))
    people = chain(
        (member["userId"] for member in members),
        (user["id"] for user in parts["users"]),
    )
    return {
        **parts,
        "boardMemberships": members,
        "labels": in_order(state.where("labels", boardId=board["id"])),
        "lists": lists,
        "cards": subscribed(call, cards),
        "customFieldGroups": groups + parts["customFieldGroups"],
        "customFields": in_order(fields + parts["customFields"]),
        "users": users_view(call, people),
        "projects": [state.find("projects", board["projectId"])],
    }


def project_parts(call: Call, projects: Sequence[Record]) -> dict[str, list[Record]]:
    """Show the boards, managers and base field groups of projects."""
    state, user_id = call.state, call.user["id"]
    managers = state.among("projectManagers", "projectId", ids(projects))
    groups = state.among("baseCustomFieldGroups", "projectId", ids(projects))
    memberships = [
        entry
        for entry in state.where("boardMemberships", userId=user_id)
        if entry["projectId"] in ids(projects)
    ]
    return {
        "projectManagers": managers,
        "baseCustomFieldGroups": groups,
        "boards": in_order(chain.from_iterable(_boards(call, project) for project in projects)),
        "boardMemberships": memberships,
        "customFields": in_order(
            state.among("customFields", "baseCustomFieldGroupId", ids(groups)),
        ),
        "notificationServices": [],
        "users": users_view(call, (manager["userId"] for manager in managers)),
        "backgroundImages": [],
    }


def visible_projects(call: Call) -> list[Record]:
    """Return the projects in which the user sees a board, or could."""
    return [
        project
        for project in call.state.where("projects")
        if sees_all_of(call, project) or _boards(call, project)
    ]


def project_view(project: Record) -> Record:
    """Show a project to somebody who has not marked it as a favourite."""
    return {**project, "isFavorite": False}


def _boards(call: Call, project: Record) -> list[Record]:
    boards = call.state.where("boards", projectId=project["id"])
    if sees_all_of(call, project):
        return boards
    mine = call.state.where("boardMemberships", userId=call.user["id"], projectId=project["id"])
    joined = {entry["boardId"] for entry in mine}
    return [board for board in boards if board["id"] in joined]
