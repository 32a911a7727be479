"""The URL of a PostgreSQL database: taken apart, and shown without its password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from kanban_sync.address import ServerAddress
from kanban_sync.core.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMES = ("postgresql://", "postgres://")

LOOKS_LIKE = "postgresql://user@db.example.org/tasks"

NAMING = ("host", "hostaddr", "dbname", "service")
"""Without any of these a URL is but begun: what it led to would be nobody's choice."""

PORT = 5432

ESCAPE = (
    "what is no letter or digit in a user name or password is written as %XX ('@' as %40, '/' as"
    " %2F, '%' as %25)"
)

WRONG = (
    ("value %00", "it has %00, which stands for nothing"),
    ("percent-encoded", "a '%' begins no %XX; written for itself it is %25"),
    ("URI query parameter", "what follows its '?' is no option, as sslmode=require is"),
    ("IPv6", "the address in its '[ ]' is not ended, or empty"),
)
"""What is wrong with a URL, by a word in what the library says of it."""

UNLESS_SAID = {
    "connect_timeout": 3,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "fallback_application_name": "kanban-sync",
}
"""What a URL may say otherwise; a server that falls silent is noticed within a minute."""


@dataclass(frozen=True, slots=True)
class Address(ServerAddress):
    """A database on a PostgreSQL server."""

    direct: Address | None = None
    """The same database, past a pooler, for those who wait."""

    named_in: str = field(default="", compare=False)
    """Where its URL stands, for whoever is to correct it; '' if nobody said."""


def address_of(url: str, named_in: str = "") -> Address:
    """Take the URL of a database apart.

    Args:
        url: What is named.
        named_in: Where it is named, for whoever is to correct it.

    Raises:
        SetupError: It is none; the message shows nothing of it, since it may hold a password.
    """
    what = f"The URL of the task database{f' in {named_in}' if named_in else ''}"
    if not url.startswith(SCHEMES):
        kind, is_kind, _ = url.partition("://")
        begins = f" ('{kind}://')" if is_kind and kind.isalnum() else ""
        raise SetupError(
            f"{what} is of no kind that is known{begins}: it has to be like {LOOKS_LIKE}, or like"
            " sqlite:///home/ada/tasks.db or file:///home/ada/tasks for files of this machine."
        )
    said, problem = _taken_apart(url)
    if problem:
        raise SetupError(
            f"{what} cannot be taken apart: {problem}. It has to be like {LOOKS_LIKE}."
        )
    if not any(said.get(name) for name in NAMING):
        raise SetupError(
            f"{what} names neither a server nor a database: it has to be like {LOOKS_LIKE}, or like"
            " postgresql:///tasks for a server on this machine."
        )
    return Address(_shown(said), {**UNLESS_SAID, **said}, named_in=named_in)


def _taken_apart(url: str) -> tuple[dict[str, Any], str]:
    """Return what a URL says, or what is wrong with it, without a word of it."""
    if _is_torn(url):
        return {}, ESCAPE
    try:
        said = conninfo_to_dict(url)
    except (psycopg.Error, UnicodeError) as error:
        return {}, next((told for word, told in WRONG if word in str(error)), ESCAPE)
    if not all(map(_is_port, str(said.get("port") or PORT).split(","))):
        return {}, "what stands after the ':' of its server is no port, a number up to 65535"
    if not str(said.get("connect_timeout", 0)).strip().lstrip("-").isdecimal():
        return {}, "its connect_timeout is no number of seconds"
    return said, ""


def _is_port(text: str) -> bool:
    """Tell whether it is a port; where several servers are named, some may have none."""
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 16)


def _is_torn(url: str) -> bool:
    """Tell whether an @ comes where none may: what was meant as a password is no longer one."""
    place, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    return place.count("@") > 1 or "@" in path


def _shown(said: Mapping[str, object]) -> str:
    """Return a URL with all that tells databases apart, and nothing else."""
    host, port = str(said.get("host") or ""), str(said.get("port") or "")
    user, name = (quote(str(said.get(key) or ""), safe="") for key in ("user", "dbname"))
    is_socket = host.startswith(("/", "@"))
    place = f"[{host}]" if ":" in host and not is_socket else "" if is_socket else host
    return "".join(
        (
            "postgresql://",
            f"{user}@" if user else "",
            place,
            f":{port}" if port else "",
            f"/{name}",
            f"?host={host}" if is_socket else "",
        )
    )
