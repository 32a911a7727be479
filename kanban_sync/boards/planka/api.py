"""Planka's API without I/O: the requests that the sync makes.

The rules were measured on a real Planka 2.1.1; its routes are listed at
https://plankanban.github.io/planka/swagger-ui/.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlencode

Json: TypeAlias = dict[str, Any]

STEP = 65536.0

ENTRY = "/api/access-tokens"
"""Where a password is exchanged for a token."""

PAGE = 50
"""How many cards a search finds at most."""

SEARCH_LIMIT = 128
"""UTF-16 units of what is searched for."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call: method, path below the base URL, and the JSON body.

    ``is_open`` marks those that need no credential, and get none. ``is_harmless`` says of a POST
    that a second one makes no second thing.
    """

    method: str
    path: str
    body: Json | None = field(default=None, repr=False)
    is_open: bool = False
    is_harmless: bool = False

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice is the same as doing it once."""
        return self.method != "POST" or self.is_harmless

    def __str__(self) -> str:
        """Return method and path; never the body, which holds people's words."""
        return f"{self.method} {self.path}"


# --- the calls that the sync makes --------------------------------------------------------------


def bootstrap() -> Request:
    """Ask for the version; needs no credential."""
    return Request("GET", "/api/bootstrap", is_open=True)


def config() -> Request:
    """Ask a Planka before 2.0.0 what it is; needs no credential there."""
    return Request("GET", "/api/config", is_open=True)


def sign_in(user: str, password: str) -> Request:
    """Exchange a password for a token; each time leaves a session behind on the server."""
    body = {"emailOrUsername": user, "password": password}
    return Request("POST", ENTRY, body, is_open=True)


def sign_out() -> Request:
    """Revoke the token with which this is sent; an API key cannot be revoked like this."""
    return Request("DELETE", f"{ENTRY}/me")


def me() -> Request:
    """Ask who the account is: the cheapest request that needs a credential and the database."""
    return Request("GET", "/api/users/me")


def projects() -> Request:
    """All projects and boards that the account may see."""
    return Request("GET", "/api/projects")


def create_project(name: str) -> Request:
    """Make a private project; the account becomes its manager."""
    return Request("POST", "/api/projects", {"type": "private", "name": name})


def create_board(project: str, name: str, position: float) -> Request:
    """Make a board; the account becomes its editor."""
    return Request("POST", f"/api/projects/{project}/boards", {"name": name, "position": position})


def delete_board(id_: str) -> Request:
    """Remove a board with all that is on it."""
    return Request("DELETE", f"/api/boards/{id_}")


def board(id_: str) -> Request:
    """Read the whole state of a board, but for its archive and trash."""
    return Request("GET", f"/api/boards/{id_}")


def create_list(board_id: str, name: str, position: float, *, closed: bool) -> Request:
    """Make a list; cards in a closed one are closed."""
    kind = "closed" if closed else "active"
    return Request(
        "POST",
        f"/api/boards/{board_id}/lists",
        {"type": kind, "name": name, "position": position},
    )


def cards_of_list(id_: str) -> Request:
    """Read a list with all its cards; not for the archive and the trash."""
    return Request("GET", f"/api/lists/{id_}")


def create_label(board_id: str, name: str, color: str, position: float) -> Request:
    """Make a label."""
    return Request(
        "POST",
        f"/api/boards/{board_id}/labels",
        {"name": name, "color": color, "position": position},
    )


def delete_list(id_: str) -> Request:
    """Remove a list; cards that are in it go to the trash."""
    return Request("DELETE", f"/api/lists/{id_}")


def delete_label(id_: str) -> Request:
    """Remove a label, also from all cards."""
    return Request("DELETE", f"/api/labels/{id_}")


def create_field_group(board_id: str, name: str) -> Request:
    """Make a group of custom fields on the board."""
    return Request(
        "POST",
        f"/api/boards/{board_id}/custom-field-groups",
        {"name": name, "position": STEP},
    )


def create_field(group: str, name: str) -> Request:
    """Make a custom field that does not show on the front of cards."""
    return Request(
        "POST",
        f"/api/custom-field-groups/{group}/custom-fields",
        {"name": name, "position": STEP},
    )


def delete_field_group(id_: str) -> Request:
    """Remove a group of custom fields with its fields and what cards have there."""
    return Request("DELETE", f"/api/custom-field-groups/{id_}")


def delete_field(id_: str) -> Request:
    """Remove a custom field and what cards have there."""
    return Request("DELETE", f"/api/custom-fields/{id_}")


def card(id_: str) -> Request:
    """Read one card, wherever it is; 404 once it was deleted for good."""
    return Request("GET", f"/api/cards/{id_}")


def find_cards(list_id: str, words: str) -> Request:
    """Search a list, the archive and the trash too: 50 cards at most, in no order.

    A card is found if its name, or its description, holds each of the words; more than 128
    UTF-16 units are refused. Wildcards of SQL are none of ours, so what is found has to be checked.
    """
    # A backslash would take away the meaning of what follows it.
    units = words.replace("\\", " ").encode("utf-16-le", "replace")[: 2 * SEARCH_LIMIT]
    query = urlencode({"search": units.decode("utf-16-le", "ignore")})
    return Request("GET", f"/api/lists/{list_id}/cards?{query}")


def patterns(words: str) -> tuple[str, ...]:
    """Return regular expressions that find a text in one piece, part by part, the end first.

    Words of a plain search may stand anywhere in any order, so that "1 of 60" is found on most
    cards. What may mean something in an expression is matched by a dot, which takes no more room.
    """
    text = "".join(
        each if (each.isalnum() and each <= "\uffff") or each in "/:`-_" else "." for each in words
    )
    length = SEARCH_LIMIT - 1
    return tuple(f"/{text[max(0, end - length) : end]}" for end in range(len(text), 0, -length))


def create_card(list_id: str, name: str, description: str, position: float) -> Request:
    """Make a card with its description, footer included, in one request."""
    body = {"type": "project", "name": name, "description": description, "position": position}
    return Request("POST", f"/api/lists/{list_id}/cards", body)


def change_card(id_: str, changes: Json) -> Request:
    """Change fields of a card; a move needs ``listId`` and, but for the archive, ``position``."""
    return Request("PATCH", f"/api/cards/{id_}", changes)


def set_field(card_id: str, group: str, field: str, content: str) -> Request:
    """Set a custom field of a card, 1 to 512 characters; the same twice is no harm."""
    path = f"customFieldGroupId:{group}:customFieldId:{field}"
    return Request(
        "PATCH", f"/api/cards/{card_id}/custom-field-values/{path}", {"content": content}
    )


def add_label(card_id: str, label: str) -> Request:
    """Put a label on a card; a second time is answered 409, and no harm."""
    path = f"/api/cards/{card_id}/card-labels"
    return Request("POST", path, {"labelId": label}, is_harmless=True)


def remove_label(card_id: str, label: str) -> Request:
    """Take a label off a card."""
    return Request("DELETE", f"/api/cards/{card_id}/card-labels/labelId:{label}")


def create_task_list(card_id: str, name: str, position: float) -> Request:
    """Make a task list on a card."""
    return Request("POST", f"/api/cards/{card_id}/task-lists", {"name": name, "position": position})


def change_task_list(id_: str, changes: Json) -> Request:
    """Rename or move a task list."""
    return Request("PATCH", f"/api/task-lists/{id_}", changes)


def delete_task_list(id_: str) -> Request:
    """Remove a task list with all its lines."""
    return Request("DELETE", f"/api/task-lists/{id_}")


def create_task(task_list: str, name: str, position: float, *, done: bool) -> Request:
    """Add a line to a task list, ticked or not."""
    body = {"name": name, "position": position, "isCompleted": done}
    return Request("POST", f"/api/task-lists/{task_list}/tasks", body)


def change_task(id_: str, changes: Json) -> Request:
    """Change name, tick, position or task list of a line."""
    return Request("PATCH", f"/api/tasks/{id_}", changes)


def delete_task(id_: str) -> Request:
    """Remove a line."""
    return Request("DELETE", f"/api/tasks/{id_}")
