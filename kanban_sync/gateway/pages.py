"""The page in the browser: files of the package, which tell nothing of any project."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kanban_sync.gateway.answers import has_already
from kanban_sync.gateway.page_files import FIRST, MEDIA_TYPES, page_files

if TYPE_CHECKING:
    from collections.abc import Mapping


def pages() -> APIRouter:
    """Return the routes of the page. Its files are read once: no name leads to any other."""
    router = APIRouter(include_in_schema=False)
    every = _read()

    def sent(request: Request, name: str) -> Response:
        if name not in every:
            raise HTTPException(404, f"There is no {name} in the page.")
        body, tag = every[name]
        # Asked for anew each time, so that a new release never meets an old script.
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if has_already(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=MEDIA_TYPES[name.rpartition(".")[2]])

    @router.get("/")
    async def first(request: Request) -> Response:
        """Show the board."""
        return sent(request, FIRST)

    @router.get("/page/{name}")
    async def file(request: Request, name: str) -> Response:
        """Give a file of the page."""
        return sent(request, name)

    return router


def _read() -> Mapping[str, tuple[bytes, str]]:
    """Return the files of the page by name, each with its tag."""
    return {
        name: (body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        for name, body in page_files().items()
    }
