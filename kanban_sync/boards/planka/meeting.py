"""Meets a server: tells a Planka that fits from an older one, from a proxy and from a web page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.answers import SET_URL, StrangeError, fields_of, plain
from kanban_sync.boards.planka.unanswered import CertificateError
from kanban_sync.core.errors import BoardError, KanbanSyncError, SignInError

if TYPE_CHECKING:
    from kanban_sync.boards.planka.client import Client

OLDEST_VERSION = 2
"""Planka 1 has no API keys, no list types and no custom fields; nor had previews of 2.0.0."""

MOST_PARENTS = 3


def meet(client: Client) -> str:
    """Ask a server what it is, without the credential, and return the version of a good Planka.

    Raises:
        BoardUnreachableError: Nobody answered.
        BoardError: It is no Planka of version 2.0 or newer; the message tells what to do.
    """
    try:
        version = _version_in(client.send(api.bootstrap()))
    except CertificateError:
        raise
    except BoardError as error:
        version = _older(client)
        if not version:
            raise _elsewhere(client) or _stranger(client, error) from error
    if not version:
        raise _elsewhere(client) or _stranger(client)
    if not is_known(version):
        raise BoardError(
            f"{client.url} runs Planka {plain(version)}, which is too old: version 2.0 or newer is"
            " needed. Ask who runs it to upgrade it"
        )
    return version


def _stranger(client: Client, error: BoardError | None = None) -> BoardError:
    """Return the error for a server that is no Planka; a good one that there is stays."""
    if isinstance(error, StrangeError):
        return error
    if isinstance(error, SignInError):
        said = ": it wants a credential before it says what it is"
    else:
        said = f" ({error})" if error else ""
    return StrangeError(f"{client.url} answers, but not as a Planka does{said}; {SET_URL}")


def _version_in(fields: api.Json) -> str:
    """Return the version that an answer names, '' if it names none."""
    item = fields.get("item")
    version = item.get("version") if isinstance(item, dict) else None
    return version if isinstance(version, str) else ""


def is_known(version: str) -> bool:
    """Tell whether this version has all that is asked of it."""
    major = version.partition(".")[0]
    return major.isdigit() and int(major) >= OLDEST_VERSION and not version.startswith("2.0.0-")


def _older(client: Client) -> str:
    """Return the version of a Planka that has a page at ``/api/bootstrap``, '' if it is none."""
    fields = fields_of(client.look(api.config().path))
    item = fields.get("item")
    if "allowAllToCreateProjects" in (item if isinstance(item, dict) else fields):
        return "1"
    return _version_in(fields)


def _elsewhere(client: Client) -> BoardError | None:
    """Return the error that names the right URL, if a Planka answers further up on this server."""
    parts = urlsplit(client.url)
    steps = [step for step in parts.path.split("/") if step]
    for length in range(len(steps) - 1, max(-1, len(steps) - 1 - MOST_PARENTS), -1):
        path = "".join(f"/{step}" for step in steps[:length])
        base = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
        try:
            found = _version_in(fields_of(client.look(f"{base}{api.bootstrap().path}")))
        except KanbanSyncError:
            return None
        if found:
            return StrangeError(
                f"no Planka answers at {client.url}, but one does at {base}; set the board's URL"
                " (PLANKA_URL, planka.url) to that"
            )
    return None
