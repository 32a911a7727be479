"""The URL of a Valkey or Redis: taken apart, and shown without its password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from kanban_sync.address import ServerAddress
from kanban_sync.core.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

PLAIN, ENCRYPTED, SOCKET = ("redis", "valkey"), ("rediss", "valkeys"), "unix"

PORT = 6379

LOOKS_LIKE = "valkeys://user:password@valkey.example.org:6380/0"

CHECKS = {"required": "required", "none": "none"}
"""What ``ssl_cert_reqs`` may be; without it a certificate is checked, and its host."""

FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True, slots=True)
class Address(ServerAddress):
    """A Valkey or Redis."""

    kind: str
    """``tcp``, ``tls`` or ``unix``."""


def address_of(url: str) -> Address:
    """Take the URL of a server apart.

    Raises:
        SetupError: It is none; the message shows nothing of it, since it may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _none("it cannot be taken apart") from None
    if parts.scheme not in {*PLAIN, *ENCRYPTED, SOCKET}:
        raise _none("it has to begin with valkey://, valkeys://, redis://, rediss:// or unix://")
    if _is_torn(parts):
        raise _none("it cannot be taken apart")
    user, password = (unquote(each or "") for each in (parts.username, parts.password))
    known: dict[str, object] = {"username": user or None, "password": password or None}
    known["db"] = _number(query.pop("db", "") or _database(parts))
    shown_user = f"{quote(user, safe='')}@" if user else ""
    if parts.scheme == SOCKET:
        path = unquote(parts.path)
        if host or not path:
            raise _none("the whole path of a socket has to follow, as in unix:///run/valkey.sock")
        _check_nothing_left(query)
        name = f"{SOCKET}://{shown_user}{parts.path}?db={known['db']}"
        return Address(name, {**known, "path": path}, "unix")
    if not host:
        raise _none("it has to name a host")
    known |= {"host": host, "port": port or PORT, "socket_keepalive": True}
    place = f"[{host}]" if ":" in host else host
    name = f"{parts.scheme}://{shown_user}{place}:{port or PORT}/{known['db']}"
    if parts.scheme in PLAIN:
        _check_nothing_left(query)
        return Address(name, known, "tcp")
    return Address(name, {**known, **_encryption(query)}, "tls")


def _is_torn(parts: SplitResult) -> bool:
    """Tell whether a password may have been cut by a character that it has to write as %XX."""
    rest = "" if parts.scheme == SOCKET else f"{parts.path}{parts.query}"
    return bool(parts.fragment) or ("@" not in parts.netloc and "@" in rest)


def _encryption(query: dict[str, str]) -> dict[str, object]:
    checks = CHECKS.get(query.pop("ssl_cert_reqs", "required"))
    if checks is None:
        raise _none("ssl_cert_reqs may be 'required' or 'none'")
    files = {name: query.pop(name) for name in FILES if name in query}
    _check_nothing_left(query)
    is_checked = checks == "required"
    return {**files, "ssl_cert_reqs": checks, "ssl_check_hostname": is_checked}


def _check_nothing_left(query: Mapping[str, str]) -> None:
    if query:
        raise _none(f"{', '.join(sorted(query))} is not known in it")


def _database(parts: SplitResult) -> str:
    return "" if parts.scheme == SOCKET else parts.path.strip("/")


def _number(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal()):
        raise _none("its database has to be a number")
    return int(text or 0)


def _none(problem: str) -> SetupError:
    return SetupError(
        f"The URL of the Valkey is none: {problem}. It has to be like {LOOKS_LIKE}, and what is no"
        " letter or digit in a user name or password is written as %XX ('@' as %40)."
    )
