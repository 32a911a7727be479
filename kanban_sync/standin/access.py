"""Who may see and change what: members, editors, managers, administrators, strangers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kanban_sync.standin import refusals

if TYPE_CHECKING:
    from kanban_sync.standin.state import Record, State

_PARENTS = (
    ("boards", "boardId"),
    ("cards", "cardId"),
    ("taskLists", "taskListId"),
    ("customFieldGroups", "customFieldGroupId"),
)


@dataclass(frozen=True)
class Call:
    """One request whose sender is known and whose parameters are valid.

    Attributes:
        state: The records of the server.
        user: Who is asking; empty on the few routes that ask for no login.
        values: The parameters, out of path, query and body.
        origin: The address of the server as the client wrote it.
        token: The bearer token, if that is how the sender proved who it is.
        cookie: The cookie without which some tokens are worthless, if the sender has one.

    """

    state: State
    user: Record
    values: dict[str, Any]
    origin: str
    token: str | None = None
    cookie: str | None = None


@dataclass(frozen=True)
class Answer:
    """A success: the JSON body, and headers beyond the usual."""

    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def item(record: Record, included: dict[str, Any] | None = None) -> Answer:
    """Answer with one record."""
    body: dict[str, Any] = {"item": record}
    if included is not None:
        body["included"] = included
    return Answer(body)


def items(records: list[Record], included: dict[str, Any]) -> Answer:
    """Answer with several records."""
    return Answer({"items": records, "included": included})


def readable(call: Call, table: str, record_id: object) -> Record:
    """Return a record of a board the user may look at, or refuse as if there were none."""
    record = call.state.find(table, record_id)
    board = record and board_of(call.state, table, record)
    if not record or not board or not _sees_board(call, board):
        raise refusals.not_found(_spoken(table))
    return record


def writable(call: Call, table: str, record_id: object) -> Record:
    """Return a record of a board the user edits; refuse viewers and strangers."""
    record, member = _membership_at(call, table, record_id)
    if member["role"] != "editor":
        raise refusals.forbidden()
    return record


def joined(call: Call, table: str, record_id: object) -> Record:
    """Return a record of a board the user is a member of, in whatever role."""
    return _membership_at(call, table, record_id)[0]


def managed(call: Call, table: str, record_id: object) -> Record:
    """Return a project, or a record that belongs to one, if the user is its manager."""
    record = call.state.find(table, record_id)
    if not record:
        raise refusals.not_found(_spoken(table))
    project_id = record["id"] if table == "projects" else record["projectId"]
    if not manages(call, project_id):
        raise refusals.not_found(_spoken(table))
    return record


def manages(call: Call, project_id: str) -> bool:
    """Tell whether the user is a manager of the project."""
    managers = call.state.where("projectManagers", projectId=project_id)
    return any(manager["userId"] == call.user["id"] for manager in managers)


def sees_all_of(call: Call, project: Record) -> bool:
    """Tell whether the user sees each board of a project without being its member."""
    is_shared = project["ownerProjectManagerId"] is None
    return manages(call, project["id"]) or (is_shared and call.user["role"] == "admin")


def membership(state: State, board_id: str, user_id: str) -> Record | None:
    """Return the membership of a user in a board, or None."""
    found = state.where("boardMemberships", boardId=board_id, userId=user_id)
    return found[0] if found else None


def board_of(state: State, table: str, record: Record) -> Record | None:
    """Return the board a record lies on, or None."""
    if table == "boards":
        return record
    for parent_table, reference in _PARENTS:
        parent = record.get(reference) and state.find(parent_table, record[reference])
        if parent:
            return board_of(state, parent_table, parent)
    return None


def _membership_at(call: Call, table: str, record_id: object) -> tuple[Record, Record]:
    record = call.state.find(table, record_id)
    board = record and board_of(call.state, table, record)
    member = membership(call.state, board["id"], call.user["id"]) if board else None
    if not record or not member:
        raise refusals.not_found(_spoken(table))
    return record, member


def _sees_board(call: Call, board: Record) -> bool:
    project = call.state.find("projects", board["projectId"])
    is_member = membership(call.state, board["id"], call.user["id"]) is not None
    return is_member or (project is not None and sees_all_of(call, project))


def _spoken(table: str) -> str:
    words = re.sub(r"([A-Z])", r" \1", table.removesuffix("s")).lower()
    return words.capitalize()
