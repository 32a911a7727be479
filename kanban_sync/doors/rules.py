"""Who is let in by what a request says of itself. Pure: a table of refusals.

A page of another origin reaches a server on this machine through the browser: by its address, or by
a name that it lets point here (DNS rebinding). So the name has to be one of ours, and whatever a
browser sends along by itself, or may change something, has to come from our own pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from kanban_sync.core.errors import SetupError
from kanban_sync.doors.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.doors.tokens import Scope, Token

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine, which no other one can have."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

SENT_UNASKED = frozenset({"POST"})
"""Those that change something and that browsers let any page send, unless a header is unusual."""

PORTS = {"http": 80, "https": 443}
"""The ports that stand in no origin."""

JSON = "application/json"

LARGEST_BODY = 64 * 1024

SHOW = (
    "Send the header 'Authorization: Bearer TOKEN'; 'kanban-sync serve token add NAME' makes one."
)

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="kanban-sync"'}


class Called(NamedTuple):
    """How a server may be called: by ``names``, and in the ``origins`` of its pages.

    The names are those of the header Host. Of the names of this machine, any port is ours.
    """

    names: frozenset[str] = LOOPBACK
    origins: frozenset[str] = frozenset()


BY_THIS_MACHINE = Called()


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


def called(allowed: Iterable[str], port: int) -> Called:
    """Return how a server may be called that listens on a port.

    A name stands for what a reverse proxy makes of it, which is HTTPS, and for the port itself; an
    origin (``http://board.example.org:8080``) for itself alone.

    Raises:
        SetupError: One is neither.
    """
    names, origins = set(LOOPBACK), set()
    for text in allowed:
        scheme, _, place = text.strip().lower().removesuffix("/").rpartition("://")
        name, one = name_of(place), origin_of(scheme or "https", place)
        if not name or not one:
            raise SetupError(
                f"--allow-host {text} is no name such as board.example.org, and no origin such as"
                " http://board.example.org:8080"
            )
        names.add(name)
        origins |= {one} if scheme else {one, origin_of("http", f"{_bracketed(name)}:{port}")}
    return Called(frozenset(names), frozenset(origins))


def stranger(asked: Asked, known: Called, *, has_session: bool) -> Problem | None:
    """Return why a request is not from where it may come from; None if it is.

    Args:
        asked: The request.
        known: How this server may be called.
        has_session: Whether a browser has sent a cookie of ours along.
    """
    name = name_of(asked.hosts[0]) if len(asked.hosts) == 1 else ""
    if name not in known.names:
        return Problem(
            421,
            "other-host",
            "This server is not called so: the header Host names another one.",
            "Use the address that 'kanban-sync serve' has printed, or start it with --allow-host"
            " NAME for a name that is yours.",
        )
    is_write = asked.method not in SAFE
    if asked.origins:
        # Whole: a page of another port, or one that came unencrypted, is somebody else's.
        own = {origin_of("http", asked.hosts[0])} if name in LOOPBACK else set()
        is_ours = len(asked.origins) == 1 and asked.origins[0].lower() in known.origins | own
    else:
        # A program sends none; a browser sends one with whatever may change something.
        is_ours = not has_session or (not is_write and asked.site in {"", "same-origin", "none"})
    if not is_ours and (is_write or has_session):
        return Problem(
            403,
            "other-origin",
            "The request comes from a page of another origin.",
            "Use the page of this server itself, or a program with a token. If it was the page of"
            " this server, start that with --allow-host ORIGIN, as the browser shows it:"
            " https://board.example.org:8443",
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
    """Return why what a request is about to send is not taken; None if it is read.

    A browser asks before it lets a page of another origin say that it sends JSON, or show a token;
    what changes something does one of both, also where nothing is sent.
    """
    if asked.lengths and not all(_fits(each) for each in asked.lengths):
        return too_large()
    has_body = asked.is_chunked or any(each != "0" for each in asked.lengths)
    kind = asked.content_type.partition(";")[0].strip().lower()
    is_unusual = bool(asked.bearer) or asked.method not in SENT_UNASKED
    if kind != JSON and (has_body or not is_unusual):
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


def origin_of(scheme: str, host: str) -> str:
    """Return the origin of ``name:port`` as browsers tell it; '' if there is none."""
    name = name_of(host)
    try:
        port = urlsplit(f"//{host}").port
    except ValueError:
        return ""
    if not name or scheme not in PORTS:
        return ""
    shown = f":{port}" if port not in {None, PORTS[scheme]} else ""
    return f"{scheme}://{_bracketed(name)}{shown}"


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _fits(length: str) -> bool:
    return (
        length.isdecimal()
        and len(length) < len(str(LARGEST_BODY)) + 3
        and (int(length) <= LARGEST_BODY)
    )
