"""The routes of accounts, projects, boards and lists."""

from __future__ import annotations

from kanban_sync.standin import accounts, fields, lists, projects
from kanban_sync.standin.colors import LABEL_COLORS, LIST_COLORS
from kanban_sync.standin.inputs import Input, choice, flag, identifier, identifiers, text
from kanban_sync.standin.route import (
    BEFORE,
    ID,
    NAME,
    NAME_NEEDED,
    POSITION,
    POSITION_NEEDED,
    Route,
    in_path,
)

_ADMIN = frozenset({"admin"})
_OWNERS = frozenset({"admin", "projectOwner"})
_ROLE = ("editor", "viewer")

ACCOUNT_ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/bootstrap", accounts.bootstrap, is_open=True),
    Route("GET", "/api/terms", accounts.terms, (Input("language"),), is_open=True),
    Route(
        "POST",
        "/api/access-tokens",
        accounts.log_in,
        (
            Input("emailOrUsername", required=True, limit=256, check=accounts.is_login_name),
            text("password", 256, required=True),
            flag("withHttpOnlyToken"),
        ),
        is_open=True,
    ),
    Route(
        "POST",
        "/api/access-tokens/accept-terms",
        accounts.accept_terms,
        (
            text("pendingToken", 1024, required=True),
            Input("signature", required=True, limit=64, least=64),
        ),
        is_open=True,
    ),
    Route("DELETE", "/api/access-tokens/me", accounts.log_out),
    Route("GET", "/api/users/me", accounts.show_me),
    Route("GET", "/api/users", accounts.list_users),
    Route(
        "POST",
        "/api/users",
        accounts.create_user,
        (
            text("email", 256, required=True),
            Input("password", required=True, limit=256, check=accounts.is_strong),
            choice("role", "admin", "projectOwner", "boardUser", required=True),
            NAME_NEEDED,
            text("username", 32),
        ),
        roles=_ADMIN,
    ),
    Route(
        "PATCH",
        "/api/users/:id",
        accounts.update_user,
        (ID, flag("isDeactivated"), Input("apiKey", nullable=True, check=accounts.is_no_key)),
        roles=_ADMIN,
    ),
    Route("POST", "/api/users/:id/api-key", accounts.create_api_key, (ID,), roles=_ADMIN),
)

PROJECT_ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/projects", projects.list_projects),
    Route(
        "POST",
        "/api/projects",
        projects.create_project,
        (
            choice("type", "private", "shared", required=True),
            NAME_NEEDED,
            text("description", 1024, nullable=True),
        ),
        roles=_OWNERS,
    ),
    Route("GET", "/api/projects/:id", projects.show_project, (ID,)),
    Route("DELETE", "/api/projects/:id", projects.delete_project, (ID,)),
    Route(
        "POST",
        "/api/projects/:projectId/boards",
        projects.create_board,
        (in_path("projectId"), POSITION_NEEDED, NAME_NEEDED),
    ),
    Route(
        "POST",
        "/api/projects/:projectId/base-custom-field-groups",
        fields.create_base_group,
        (in_path("projectId"), NAME_NEEDED),
    ),
    Route("GET", "/api/boards/:id", projects.show_board, (ID,)),
    Route("PATCH", "/api/boards/:id", projects.update_board, (ID, NAME, POSITION)),
    Route("DELETE", "/api/boards/:id", projects.delete_board, (ID,)),
    Route(
        "GET",
        "/api/boards/:boardId/actions",
        projects.list_board_actions,
        (in_path("boardId"), BEFORE),
    ),
    Route(
        "POST",
        "/api/boards/:boardId/board-memberships",
        projects.create_board_membership,
        (
            in_path("boardId"),
            identifier("userId", required=True),
            choice("role", *_ROLE, required=True),
            flag("canComment", nullable=True),
        ),
    ),
    Route(
        "PATCH",
        "/api/board-memberships/:id",
        projects.update_board_membership,
        (ID, choice("role", *_ROLE), flag("canComment", nullable=True)),
    ),
    Route("DELETE", "/api/board-memberships/:id", projects.delete_board_membership, (ID,)),
)

LIST_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/boards/:boardId/lists",
        lists.create_list,
        (
            in_path("boardId"),
            choice("type", "active", "closed", required=True),
            POSITION_NEEDED,
            NAME_NEEDED,
        ),
    ),
    Route("GET", "/api/lists/:id", lists.show_list, (ID,)),
    Route(
        "PATCH",
        "/api/lists/:id",
        lists.update_list,
        (
            ID,
            choice("type", "active", "closed"),
            POSITION,
            NAME,
            choice("color", *LIST_COLORS, nullable=True),
        ),
    ),
    Route("DELETE", "/api/lists/:id", lists.delete_list, (ID,)),
    Route(
        "GET",
        "/api/lists/:listId/cards",
        lists.list_cards,
        (
            in_path("listId"),
            # By HTTP no mark of a page is understood, in whatever form.
            Input("before", check=lambda _mark: False),
            text("search", 128),
            identifiers("labelIds"),
            identifiers("userIds"),
        ),
    ),
    Route(
        "POST",
        "/api/lists/:id/move-cards",
        lists.move_cards,
        (ID, identifier("listId", required=True)),
    ),
    Route("POST", "/api/lists/:id/clear", lists.clear_list, (ID,)),
    Route(
        "POST",
        "/api/boards/:boardId/labels",
        lists.create_label,
        (
            in_path("boardId"),
            POSITION_NEEDED,
            text("name", 128, nullable=True),
            choice("color", *LABEL_COLORS, required=True),
        ),
    ),
    Route(
        "PATCH",
        "/api/labels/:id",
        lists.update_label,
        (ID, text("name", 128, nullable=True), choice("color", *LABEL_COLORS)),
    ),
    Route("DELETE", "/api/labels/:id", lists.delete_label, (ID,)),
)
