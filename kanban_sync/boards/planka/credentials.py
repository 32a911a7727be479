"""Which key goes to which server: a key is bound to the origin that its owner named with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.config import address, shown
from kanban_sync.core.errors import SignInError

if TYPE_CHECKING:
    from collections.abc import Mapping

URL_VARIABLE = "PLANKA_URL"
KEY_VARIABLE = "PLANKA_API_KEY"


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: what a credential is bound to.

    Raises:
        SetupError: It is no URL.
    """
    parts = address(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def api_key(url: str, environment: Mapping[str, str]) -> str:
    """Return the API key for a server from the environment.

    Raises:
        SignInError: There is no key, or it was given for another server; no request is to be made.
        SetupError: One of the URLs is none.
    """
    key = environment.get(KEY_VARIABLE, "").strip()
    named = environment.get(URL_VARIABLE, "").strip()
    if not key:
        text = (
            f"there is no key for {shown(url)}: set {URL_VARIABLE} and {KEY_VARIABLE} in the"
            " environment in which you commit (an admin of the Planka makes the key:"
            " Administration, Users)"
        )
        raise SignInError(text)
    if not named or origin(named) != origin(url):
        text = (
            f"{KEY_VARIABLE} belongs to {shown(named) or 'no server'} and is not sent to"
            f" {shown(url)}; set {URL_VARIABLE} to the server for which the key was made"
        )
        raise SignInError(text)
    return key
