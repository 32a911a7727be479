"""The table of routes: method, path, who may call, what is accepted, what answers."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from kanban_sync.standin.board_routes import ACCOUNT_ROUTES, LIST_ROUTES, PROJECT_ROUTES
from kanban_sync.standin.card_routes import CARD_ROUTES, FIELD_ROUTES, TASK_ROUTES

if TYPE_CHECKING:
    from kanban_sync.standin.route import Route

ROUTES = (
    *ACCOUNT_ROUTES,
    *PROJECT_ROUTES,
    *LIST_ROUTES,
    *CARD_ROUTES,
    *TASK_ROUTES,
    *FIELD_ROUTES,
)


def match(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Find the route of a request and the parameters in its path.

    As in Planka, case does not count, and neither does a slash at the end.
    """
    for route in ROUTES:
        if route.method == method and (found := _pattern(route.path).fullmatch(path)):
            return route, found.groupdict()
    return None


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(
        re.sub(r"(?<![a-zA-Z]):([a-zA-Z]+)", r"(?P<\1>[^/:]+)", path) + "/?", re.IGNORECASE
    )
