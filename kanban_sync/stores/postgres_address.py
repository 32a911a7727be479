"""The URL of a PostgreSQL database: taken apart, and shown without its password."""

from __future__ import annotations

from dataclasses import dataclass
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


def address_of(url: str) -> Address:
    """Take the URL of a database apart.

    Raises:
        SetupError: It is none; the message shows nothing of it, since it may hold a password.
    """
    if not url.startswith(SCHEMES):
        raise SetupError(
            f"The URL of the task database is none: it has to be like {LOOKS_LIKE}, or like"
            " sqlite:///home/ada/tasks.db or file:///home/ada/tasks for files of this machine."
        )
    said = None if _is_torn(url) else _parameters(url)
    if said is None:
        raise SetupError(
            "The URL of the task database cannot be taken apart: it has to be like "
            f"{LOOKS_LIKE}, and what is no letter or digit in a user name or password is written "
            "as %XX ('@' as %40, '/' as %2F)."
        )
    if not any(said.get(name) for name in NAMING):
        raise SetupError(
            "The URL of the task database names neither a server nor a database: it has to be like "
            f"{LOOKS_LIKE}, or like postgresql:///tasks for a server on this machine."
        )
    return Address(_shown(said), {**UNLESS_SAID, **said})


def _is_torn(url: str) -> bool:
    """Tell whether an @ comes where none may: what was meant as a password is no longer one."""
    place, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    return place.count("@") > 1 or "@" in path


def _parameters(url: str) -> dict[str, Any] | None:
    try:
        return conninfo_to_dict(url)
    except (psycopg.Error, UnicodeError):
        return None


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
