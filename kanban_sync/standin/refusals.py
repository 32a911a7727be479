"""The ways in which the server says no."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_BAD_REQUEST = 400
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_CONFLICT = 409
_UNPROCESSABLE = 422
_BROKEN = 500


class RefusalError(Exception):
    """An answer other than success.

    Attributes:
        status: The HTTP status.
        body: A JSON object, a text, or None for an empty body.
        way_out: The value of the header `X-Exit`, or None where the header is absent.
        headers: Further headers.

    """

    def __init__(
        self,
        status: int,
        body: dict[str, Any] | str | None,
        way_out: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {way_out}")
        self.status = status
        self.body = body
        self.way_out = way_out
        self.headers = headers or {}


def unreadable() -> RefusalError:
    """Refuse a body that is too large or no JSON."""
    return RefusalError(_BAD_REQUEST, None)


def invalid(method: str, path: str, problems: Sequence[str]) -> RefusalError:
    """Refuse parameters, naming every problem at once."""
    plural = "" if len(problems) == 1 else "s"
    message = (
        f"The server could not fulfill this request (`{method} {path}`) "
        f"due to {len(problems)} missing or invalid parameter{plural}."
    )
    body = {"code": "E_MISSING_OR_INVALID_PARAMS", "problems": list(problems), "message": message}
    return RefusalError(_BAD_REQUEST, body, "error")


def not_logged_in() -> RefusalError:
    """Refuse missing, bad, expired and revoked credentials, all alike."""
    message = "Access token is missing, invalid or expired"
    return RefusalError(_UNAUTHORIZED, {"code": "E_UNAUTHORIZED", "message": message})


def unauthorized(message: str) -> RefusalError:
    """Refuse a login because of its user name, password or pending token."""
    return _coded(_UNAUTHORIZED, "E_UNAUTHORIZED", message)


def forbidden(message: str = "Not enough rights") -> RefusalError:
    """Refuse somebody who may look but not touch."""
    return _coded(_FORBIDDEN, "E_FORBIDDEN", message)


def terms_not_accepted(pending_token: str, headers: dict[str, str]) -> RefusalError:
    """Refuse a login until the terms are accepted."""
    body = {
        "code": "E_FORBIDDEN",
        "pendingToken": pending_token,
        "message": "Terms acceptance required",
        "step": "accept-terms",
    }
    return RefusalError(_FORBIDDEN, body, "termsAcceptanceRequired", headers)


def no_such_route() -> RefusalError:
    """Refuse an unknown path, and a known one to which the role of the user has no right."""
    return RefusalError(_NOT_FOUND, {"code": "E_NOT_FOUND"})


def not_found(what: str) -> RefusalError:
    """Refuse because the thing is gone or the user must not know of it."""
    return absent(f"{what} not found")


def absent(message: str) -> RefusalError:
    """Refuse because the relation that is to be removed does not exist."""
    return _coded(_NOT_FOUND, "E_NOT_FOUND", message)


def conflict(message: str) -> RefusalError:
    """Refuse to make a relation a second time."""
    return _coded(_CONFLICT, "E_CONFLICT", message)


def unprocessable(message: str) -> RefusalError:
    """Refuse well-formed parameters that make no sense together."""
    return _coded(_UNPROCESSABLE, "E_UNPROCESSABLE_ENTITY", message)


def broken() -> RefusalError:
    """Answer as Planka does where it trips over its own feet."""
    return RefusalError(_BROKEN, "Internal Server Error", "error")


def _coded(status: int, code: str, message: str) -> RefusalError:
    return RefusalError(status, {"code": code, "message": message}, _camel(message))


def _camel(message: str) -> str:
    first, *rest = re.split(r"\W+", message)
    return first.lower() + "".join(word.capitalize() for word in rest)
