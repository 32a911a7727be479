"""Answers in JSON: their tags, what is the same as before, and where the next page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import Response

from kanban_sync.core.errors import WorkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from kanban_sync.core.work import Entry

JSON = "application/json"


def encoded(data: object) -> bytes:
    """Return data as JSON."""
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(data, separators=(",", ":")).encode()


class Tagged(NamedTuple):
    """JSON, and the tag that stands for it."""

    body: bytes
    tag: str


def tagged(data: object) -> Tagged:
    """Return data as JSON with its tag."""
    body = encoded(data)
    return Tagged(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def read_answer(request: Request, data: object) -> Response:
    """Return what was asked for with its tag, or that it is what the caller has already."""
    return same_or(request, tagged(data))


def same_or(request: Request, told: Tagged) -> Response:
    """Return what was asked for, or that it is what the caller has already."""
    headers = {"ETag": told.tag}
    if has_already(request.headers.get("if-none-match", ""), told.tag):
        return Response(status_code=304, headers=headers)
    return Response(told.body, media_type=JSON, headers=headers)


def has_already(said: str, tag: str) -> bool:
    """Tell whether the header If-None-Match names a tag."""
    tags = [each.strip().removeprefix("W/") for each in said.split(",")]
    return "*" in tags or tag in tags


def answer(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer to what changed something."""
    return Response(encoded(data), status, headers, JSON)


def page_of(found: Sequence[Entry], limit: int, cursor: str) -> tuple[list[Entry], str | None]:
    """Return the page of tasks that begins after a cursor, and the cursor of the next one.

    Tasks that come or go meanwhile move nobody over the edge of a page: a cursor names a place.

    Args:
        found: All tasks, by path, position and key.
        limit: How many are on a page.
        cursor: The one that the page before gave; '' for the first page.

    Raises:
        WorkError: It is no cursor.
    """
    after = _place_after(cursor)
    left = [each for each in found if _place(each) > after] if after else list(found)
    page = left[:limit]
    if len(left) <= limit:
        return page, None
    return page, base64.urlsafe_b64encode(json.dumps(_place(page[-1])).encode()).decode()


def _place(entry: Entry) -> list[Any]:
    task = entry.task
    return [task.path, task.position, task.key.source, task.key.name]


def _place_after(cursor: str) -> list[Any]:
    if not cursor:
        return []
    try:
        path, position, *key = json.loads(base64.b64decode(cursor, b"-_", validate=True))
        place = [str(path), int(position), *map(str, key)]
    except (binascii.Error, ValueError, TypeError, OverflowError):
        place = []
    if len(place) != 4:  # noqa: PLR2004 - path, position, source and name
        raise WorkError(f"{cursor} is no cursor; leave it out to begin with the first page.")
    return place
