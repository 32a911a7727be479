"""The routes of cards and all that lies on them."""

from __future__ import annotations

from kanban_sync.standin import cards, fields, marks, projects, tasks
from kanban_sync.standin.inputs import Input, choice, flag, identifier, is_instant, position, text
from kanban_sync.standin.route import (
    BEFORE,
    ID,
    NAME,
    NAME_NEEDED,
    ON_FRONT,
    POSITION,
    POSITION_NEEDED,
    Route,
    in_path,
)

_MEBI = 1_048_576
_DESCRIPTION = text("description", _MEBI, nullable=True)
_STOPWATCH = Input("stopwatch", "json", nullable=True)
_TASK_LIST = (POSITION, NAME, ON_FRONT, flag("hideCompletedTasks"))
_CARD_TYPE = ("project", "story")
_CONTENT = text("content", 512, required=True)
_FIELD = (POSITION_NEEDED, NAME_NEEDED, ON_FRONT)
_COMMENT = text("text", _MEBI, required=True)
_VALUE_KEY = (in_path("cardId"), in_path("customFieldGroupId"), in_path("customFieldId"))
_VALUE_PATH = (
    "/api/cards/:cardId/custom-field-values"
    "/customFieldGroupId::customFieldGroupId:customFieldId::customFieldId"
)

CARD_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/lists/:listId/cards",
        cards.create_card,
        (
            in_path("listId"),
            choice("type", *_CARD_TYPE, required=True),
            position(nullable=True),
            text("name", 1024, required=True),
            _DESCRIPTION,
            Input("dueDate", check=is_instant),
            flag("isDueCompleted", nullable=True),
            _STOPWATCH,
        ),
    ),
    Route("GET", "/api/cards/:id", cards.show_card, (ID,)),
    Route(
        "PATCH",
        "/api/cards/:id",
        cards.update_card,
        (
            ID,
            identifier("boardId"),
            identifier("listId"),
            identifier("coverAttachmentId", nullable=True),
            choice("type", *_CARD_TYPE),
            position(nullable=True),
            text("name", 1024),
            _DESCRIPTION,
            Input("dueDate", nullable=True, check=is_instant),
            flag("isDueCompleted", nullable=True),
            _STOPWATCH,
            flag("isSubscribed"),
        ),
    ),
    Route("DELETE", "/api/cards/:id", cards.delete_card, (ID,)),
    Route(
        "POST",
        "/api/cards/:id/duplicate",
        cards.duplicate_card,
        (ID, position(nullable=True), Input("name", nullable=True, limit=1024, may_be_empty=True)),
    ),
    Route(
        "GET",
        "/api/cards/:cardId/actions",
        projects.list_card_actions,
        (in_path("cardId"), BEFORE),
    ),
    Route(
        "POST",
        "/api/cards/:cardId/card-labels",
        marks.add_label,
        (in_path("cardId"), identifier("labelId", required=True)),
    ),
    Route(
        "DELETE",
        "/api/cards/:cardId/card-labels/labelId::labelId",
        marks.remove_label,
        (in_path("cardId"), in_path("labelId")),
    ),
    Route(
        "POST",
        "/api/cards/:cardId/card-memberships",
        marks.add_member,
        (in_path("cardId"), identifier("userId", required=True)),
    ),
    Route(
        "DELETE",
        "/api/cards/:cardId/card-memberships/userId::userId",
        marks.remove_member,
        (in_path("cardId"), in_path("userId")),
    ),
    Route(
        "POST",
        "/api/cards/:cardId/comments",
        marks.create_comment,
        (in_path("cardId"), _COMMENT),
    ),
    Route(
        "GET",
        "/api/cards/:cardId/comments",
        marks.list_comments,
        (in_path("cardId"), BEFORE),
    ),
    Route("PATCH", "/api/comments/:id", marks.update_comment, (ID, _COMMENT)),
    Route("DELETE", "/api/comments/:id", marks.delete_comment, (ID,)),
    Route(
        "POST",
        "/api/cards/:cardId/attachments",
        marks.create_attachment,
        (
            in_path("cardId"),
            choice("type", "file", "link", required=True),
            Input("url", limit=2048, check=marks.is_web_address),
            NAME_NEEDED,
        ),
    ),
)

TASK_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/cards/:cardId/task-lists",
        tasks.create_task_list,
        (
            in_path("cardId"),
            POSITION_NEEDED,
            NAME_NEEDED,
            ON_FRONT,
            flag("hideCompletedTasks"),
        ),
    ),
    Route("GET", "/api/task-lists/:id", tasks.show_task_list, (ID,)),
    Route("PATCH", "/api/task-lists/:id", tasks.update_task_list, (ID, *_TASK_LIST)),
    Route("DELETE", "/api/task-lists/:id", tasks.delete_task_list, (ID,)),
    Route(
        "POST",
        "/api/task-lists/:taskListId/tasks",
        tasks.create_task,
        (
            in_path("taskListId"),
            identifier("linkedCardId"),
            POSITION_NEEDED,
            text("name", 1024, nullable=True),
            flag("isCompleted"),
        ),
    ),
    Route(
        "PATCH",
        "/api/tasks/:id",
        tasks.update_task,
        (
            ID,
            identifier("taskListId"),
            identifier("assigneeUserId", nullable=True),
            POSITION,
            text("name", 1024),
            flag("isCompleted"),
        ),
    ),
    Route("DELETE", "/api/tasks/:id", tasks.delete_task, (ID,)),
)

FIELD_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/boards/:boardId/custom-field-groups",
        fields.create_group,
        (in_path("boardId"), identifier("baseCustomFieldGroupId"), POSITION_NEEDED, NAME),
    ),
    Route("PATCH", "/api/custom-field-groups/:id", fields.update_group, (ID, NAME)),
    Route("DELETE", "/api/custom-field-groups/:id", fields.delete_group, (ID,)),
    Route(
        "POST",
        "/api/base-custom-field-groups/:baseCustomFieldGroupId/custom-fields",
        fields.create_base_field,
        (in_path("baseCustomFieldGroupId"), *_FIELD),
    ),
    Route(
        "POST",
        "/api/custom-field-groups/:customFieldGroupId/custom-fields",
        fields.create_field,
        (in_path("customFieldGroupId"), *_FIELD),
    ),
    Route("PATCH", "/api/custom-fields/:id", fields.update_field, (ID, NAME, ON_FRONT)),
    Route("DELETE", "/api/custom-fields/:id", fields.delete_field, (ID,)),
    Route("PATCH", _VALUE_PATH, fields.set_value, (*_VALUE_KEY, _CONTENT)),
    Route("DELETE", _VALUE_PATH, fields.delete_value, _VALUE_KEY),
)
