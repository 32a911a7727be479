"""One row of the table of routes, and the inputs that many rows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.standin.inputs import Input, flag, identifier, position, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.standin.access import Answer, Call

    Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """One row of the table.

    Attributes:
        method: The HTTP method.
        path: The path; a part that begins with a colon is a parameter.
        handler: What answers.
        inputs: What is accepted in path, query and body.
        roles: The roles for which the route exists; none means all.
        is_open: Whether it answers without a login.

    """

    method: str
    path: str
    handler: Handler
    inputs: tuple[Input, ...] = ()
    roles: frozenset[str] = frozenset()
    is_open: bool = False


def in_path(name: str) -> Input:
    """Declare an id that is part of the path."""
    return identifier(name, required=True)


ID = in_path("id")
NAME = text("name", 128)
NAME_NEEDED = text("name", 128, required=True)
POSITION = position()
POSITION_NEEDED = position(required=True)
ON_FRONT = flag("showOnFrontOfCard")
BEFORE = identifier("beforeId")
