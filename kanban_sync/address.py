"""The URL of a server: whether it can be asked for at all, and how a message may show it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanban_sync.core.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server with a password of its own, as a message may show it, and how it is connected to."""

    name: str
    parameters: Mapping[str, object] = field(repr=False)

    def concealed(self, text: str) -> str:
        """Return a text that the server or its library said, without the password."""
        password = str(self.parameters.get("password") or "")
        return text.replace(password, "…") if password else text


def address(url: str) -> SplitResult:
    """Take a server's URL apart, one that can be asked for: its host and port are possible.

    Raises:
        SetupError: It cannot, or holds a user name or password, which the message does not show.
    """
    if problem := secret_problem(url):
        raise SetupError(problem)
    try:
        url.encode()
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
        problem = _host_problem(host)
    except UnicodeError:
        raise _no_url(url, "it holds characters that no URL has") from None
    except ValueError as error:
        raise _no_url(url, str(error)) from None
    if problem:
        raise _no_url(url, problem)
    return parts


def secret_problem(url: str) -> str:
    """Return what is wrong with a URL that holds a user name or password, '' if it holds none.

    Everything before an @ is taken for one: a password may have any character, and Planka lies at
    no address with an @.
    """
    if "@" not in url:
        return ""
    return (
        f"the URL {shown(url)!r} holds a user name or password, which would be seen wherever the"
        " URL is: take it out, and give the credential to 'kanban-sync login'"
    )


def server_problem(value: object) -> str:
    """Return what the setting that names a server has to be, '' if it is that."""
    wanted = "the address of a Planka, such as https://planka.example.org"
    if not isinstance(value, str):
        return wanted
    if secret_problem(value):
        return f"{wanted}, without a user name or password in it ('kanban-sync login' takes those)"
    try:
        parts = address(value)
    except SetupError:
        return wanted
    return "" if parts.scheme in {"http", "https"} and parts.hostname else wanted


def _no_url(url: str, problem: str) -> SetupError:
    return SetupError(f"{shown(url)!r} is no URL: {problem}. Set the right one.")


def shown(url: str) -> str:
    """Return a URL, or what was meant to be one, as a message may show it: without a password."""
    return re.sub(r"(?s)^(\s*[a-z][a-z0-9+.-]*:/+|\s*//)?.*@", r"\1…@", url, flags=re.IGNORECASE)


def _host_problem(host: str) -> str:
    """Return what keeps a host name from being looked up, '' if nothing does."""
    if ":" in host:
        ipaddress.IPv6Address(host)
        return ""
    try:
        host.encode("idna")
    except UnicodeError:
        return "its host has a part that is empty, longer than 63 characters, or no name"
    return ""
