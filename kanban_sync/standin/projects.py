"""Projects, boards and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.standin import refusals
from kanban_sync.standin.access import (
    Answer,
    Call,
    item,
    items,
    managed,
    manages,
    membership,
    readable,
)
from kanban_sync.standin.views import (
    board_parts,
    project_parts,
    project_view,
    users_view,
    visible_projects,
)

if TYPE_CHECKING:
    from kanban_sync.standin.state import Record

PAGE = 50
"""How many records a page has."""


def list_projects(call: Call) -> Answer:
    """Show the projects the user has to do with."""
    projects = visible_projects(call)
    return items([project_view(one) for one in projects], project_parts(call, projects))


def show_project(call: Call) -> Answer:
    """Show one project with its boards."""
    project = call.state.find("projects", call.values["id"])
    if project is None or project not in visible_projects(call):
        raise refusals.not_found("Project")
    return item(project_view(project), project_parts(call, [project]))


def create_project(call: Call) -> Answer:
    """Make a project whose manager is the user."""
    state, values = call.state, call.values
    project = state.insert(
        "projects",
        name=values["name"],
        description=values.get("description"),
        backgroundType=None,
        backgroundGradient=None,
        isHidden=False,
        ownerProjectManagerId=None,
        backgroundImageId=None,
    )
    manager = state.insert("projectManagers", projectId=project["id"], userId=call.user["id"])
    if values["type"] == "private":
        state.update(project, ownerProjectManagerId=manager["id"])
    return item(project, {"projectManagers": [manager]})


def delete_project(call: Call) -> Answer:
    """Delete a project that has no boards."""
    project = managed(call, "projects", call.values["id"])
    if call.state.where("boards", projectId=project["id"]):
        raise refusals.unprocessable("Must not have boards")
    call.state.remove("projects", project)
    return item(project)


def create_board(call: Call) -> Answer:
    """Make a board with archive and trash; the user becomes its editor."""
    project = managed(call, "projects", call.values["projectId"])
    state = call.state
    siblings = state.where("boards", projectId=project["id"])
    board = state.insert(
        "boards",
        position=state.place(siblings, call.values["position"]),
        name=call.values["name"],
        defaultView="kanban",
        defaultCardType="project",
        limitCardTypesToDefaultOne=False,
        alwaysDisplayCardCreator=False,
        displayCardAges=False,
        expandTaskListsByDefault=False,
        projectId=project["id"],
    )
    joined = _join(call, board, call.user["id"], "editor")
    for kind in ("archive", "trash"):
        state.insert(
            "lists",
            type=kind,
            position=None,
            name=None,
            color=None,
            boardId=board["id"],
        )
    return item(board, {"boardMemberships": [joined]})


def show_board(call: Call) -> Answer:
    """Show a board with everything on it."""
    board = readable(call, "boards", call.values["id"])
    return item({**board, "isSubscribed": False}, board_parts(call, board))


def update_board(call: Call) -> Answer:
    """Rename or move a board; Planka breaks when an editor tries."""
    board = _board_of_manager(call)
    changes = {name: call.values[name] for name in ("name",) if name in call.values}
    if "position" in call.values:
        siblings = [
            one
            for one in call.state.where("boards", projectId=board["projectId"])
            if one is not board
        ]
        changes["position"] = call.state.place(siblings, call.values["position"])
    call.state.update(board, **changes)
    return item(board)


def delete_board(call: Call) -> Answer:
    """Delete a board and everything on it."""
    board = _board_of_manager(call)
    call.state.remove("boards", board)
    return item(board)


def list_board_actions(call: Call) -> Answer:
    """Show what happened on a board, newest first, a page at a time."""
    board = readable(call, "boards", call.values["boardId"])
    return _actions(call, call.state.where("actions", boardId=board["id"]))


def list_card_actions(call: Call) -> Answer:
    """Show what happened to a card, newest first, a page at a time."""
    card = readable(call, "cards", call.values["cardId"])
    return _actions(call, call.state.where("actions", cardId=card["id"]))


def create_board_membership(call: Call) -> Answer:
    """Let a user onto a board."""
    board = managed(call, "boards", call.values["boardId"])
    user = call.state.find("users", call.values["userId"])
    if user is None:
        raise refusals.not_found("User")
    if membership(call.state, board["id"], user["id"]):
        raise refusals.conflict("User already board member")
    joined = _join(
        call,
        board,
        user["id"],
        call.values["role"],
        can_comment=call.values.get("canComment"),
    )
    return item(joined)


def update_board_membership(call: Call) -> Answer:
    """Change what a member may do."""
    joined = managed(call, "boardMemberships", call.values["id"])
    role = str(call.values.get("role", joined["role"]))
    can_comment = call.values.get("canComment", joined["canComment"])
    call.state.update(joined, role=role, canComment=_may_comment(role, can_comment=can_comment))
    return item(joined)


def delete_board_membership(call: Call) -> Answer:
    """Take a user off a board, at once and from all its cards; everybody may leave."""
    joined = call.state.find("boardMemberships", call.values["id"])
    if joined is None or joined["userId"] != call.user["id"]:
        joined = managed(call, "boardMemberships", call.values["id"])
    cards = {card["id"] for card in call.state.where("cards", boardId=joined["boardId"])}
    for on_card in call.state.where("cardMemberships", userId=joined["userId"]):
        if on_card["cardId"] in cards:
            call.state.remove("cardMemberships", on_card)
    call.state.remove("boardMemberships", joined)
    return item(joined)


def newest_page(call: Call, records: list[Record]) -> list[Record]:
    """Return the newest 50 records, or the 50 before the one the client has seen last."""
    before = call.values.get("beforeId")
    older = [one for one in records if before is None or int(one["id"]) < int(before)]
    return sorted(older, key=lambda one: int(one["id"]), reverse=True)[:PAGE]


def _actions(call: Call, records: list[Record]) -> Answer:
    page = newest_page(call, records)
    return items(page, {"users": users_view(call, (one["userId"] for one in page))})


def _board_of_manager(call: Call) -> Record:
    board = call.state.find("boards", call.values["id"])
    if board and membership(call.state, board["id"], call.user["id"]):
        if manages(call, board["projectId"]):
            return board
        raise refusals.broken()
    return managed(call, "boards", call.values["id"])


def _join(
    call: Call,
    board: Record,
    user_id: str,
    role: str,
    *,
    can_comment: bool | None = None,
) -> Record:
    return call.state.insert(
        "boardMemberships",
        role=role,
        canComment=_may_comment(role, can_comment=can_comment),
        projectId=board["projectId"],
        boardId=board["id"],
        userId=user_id,
    )


def _may_comment(role: str, *, can_comment: bool | None) -> bool | None:
    return None if role == "editor" else bool(can_comment)
