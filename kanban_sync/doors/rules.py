"""Who is let in by what a request says of itself. Pure: a table of refusals.

A page of another origin reaches a server on this machine through the browser: by its address, or by
a name that it lets point here (DNS rebinding). So the name has to be one of ours, and whatever a
browser sends along by itself, or may change something, has to come from our own pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from kanban_sync.doors.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanban_sync.doors.tokens import Scope, Token

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine, which no other one can have."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

JSON = "application/json"

LARGEST_BODY = 64 * 1024

SHOW = (
    "Send the header 'Authorization: Bearer TOKEN'; 'kanban-sync serve token add NAME' makes one."
)

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="kanban-sync"'}


class Asked(NamedTuple):
    """What the head of a request says; header fields that may stand once are tuples of all."""

    method: str
    path: str
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    site: str = ""
    bearer: str = ""
    cookies: str = ""
    lengths: tuple[str, ...] = ()
    is_chunked: bool = False
    content_type: str = ""


def stranger(asked: Asked, allowed: Collection[str], *, has_session: bool) -> Problem | None:
    """Return why a request is not from where it may come from; None if it is.

    Args:
        asked: The request.
        allowed: Names by which this server may be called, besides those of this machine.
        has_session: Whether a browser has sent a cookie of ours along.
    """
    others = {name_of(name) or name.lower() for name in allowed}
    names = {*LOOPBACK, *others}
    if len(asked.hosts) != 1 or name_of(asked.hosts[0]) not in names:
        return Problem(
            421,
            "other-host",
            "This server is not called so: the header Host names another one.",
            "Use the address that 'kanban-sync serve' has printed, or start it with --allow-host"
            " NAME for a name that is yours.",
        )
    is_write = asked.method not in SAFE
    if asked.origins:
        origin = asked.origins[0].lower()
        own = urlsplit(origin).netloc == asked.hosts[0].lower()
        named = name_of(urlsplit(origin).netloc) in others
        is_ours = len(asked.origins) == 1 and (own or named)
    else:
        # A program sends none; a browser sends one with whatever may change something.
        is_ours = not has_session or (not is_write and asked.site in {"", "same-origin", "none"})
    if not is_ours and (is_write or has_session):
        return Problem(
            403,
            "other-origin",
            "The request comes from a page of another origin.",
            "Use the page of this server itself, or a program with a token.",
        )
    return None


def refusal(token: Token | None, needed: Scope | None) -> Problem | None:
    """Return why whoever shows a token, or none, may not do what needs a scope."""
    if needed is None:
        return None
    if token is None:
        return Problem(
            401, "no-token", "No token of this project was shown.", SHOW, headers=CHALLENGE
        )
    if not token.scope.covers(needed):
        return Problem(
            403,
            "scope",
            f"The token {token.name} may {token.scope}, and this needs {needed}.",
            "Use a token that may write: kanban-sync serve token add NAME --scope write",
        )
    return None


def bad_body(asked: Asked) -> Problem | None:
    """Return why what a request is about to send is not taken; None if it is read."""
    if asked.lengths and not all(_fits(each) for each in asked.lengths):
        return too_large()
    has_body = asked.is_chunked or any(each != "0" for each in asked.lengths)
    kind = asked.content_type.partition(";")[0].strip().lower()
    if has_body and kind != JSON:
        return Problem(
            415,
            "media-type",
            f"What is sent has to be {JSON}.",
            f"Send it with the header 'Content-Type: {JSON}'.",
        )
    return None


def too_large() -> Problem:
    """Return what is told of a body that is too large."""
    return Problem(
        413,
        "too-large",
        f"What was sent is larger than {LARGEST_BODY} bytes, and was not read.",
        "Send less: a title and a description fit in.",
        headers={"Connection": "close"},
    )


def name_of(host: str) -> str:
    """Return the name in ``name:port``, in small letters; '' if that is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower() if host else ""
    except ValueError:
        return ""


def _fits(length: str) -> bool:
    return (
        length.isdecimal()
        and len(length) < len(str(LARGEST_BODY)) + 3
        and (int(length) <= LARGEST_BODY)
    )
