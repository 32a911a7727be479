"""Logging in, the terms, users and their API keys."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from kanban_sync.standin import refusals
from kanban_sync.standin.access import Answer, Call, item, items
from kanban_sync.standin.credentials import sign
from kanban_sync.standin.views import user_view

if TYPE_CHECKING:
    from kanban_sync.standin.state import Record

VERSION = "2.1.1"
"""The Planka whose conduct is imitated."""

LANGUAGES = ("de-DE", "en-US")
"""In which the terms are shown."""

_WEAKEST_PASSWORD = 8
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*\.[^@\s.]{2,}")
_USERNAME = re.compile(r"(?=.{3,32}$)[a-zA-Z0-9]+([_.]?[a-zA-Z0-9])*", re.ASCII)
_NO_COOKIE = "httpOnlyToken=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"


def bootstrap(call: Call) -> Answer:
    """Tell the version; an administrator learns more."""
    told = {"oidc": None, "termsLanguages": list(LANGUAGES), "version": VERSION}
    if call.user and call.user["role"] == "admin":
        told["activeUsersLimit"] = None
    return item(told)


def log_in(call: Call) -> Answer:
    """Exchange a password for a token."""
    credentials = call.state.credentials
    user = _named(call, call.values["emailOrUsername"])
    if user is None:
        raise _bad_login(call, "email or username")
    if user["isSsoUser"]:
        raise refusals.forbidden("Use single sign-on")
    if not credentials.is_password(user["id"], call.values["password"]):
        raise _bad_login(call, "password")
    cookie = str(uuid.uuid4()) if call.values.get("withHttpOnlyToken") else None
    shown = _cookie(cookie) if cookie else {}
    if not credentials.has_accepted(user["id"]):
        pending = credentials.ask_for_terms(user["id"], cookie=cookie)
        raise refusals.terms_not_accepted(pending, shown)
    return Answer({"item": credentials.open_session(user["id"], cookie=cookie)}, shown)


def terms(call: Call) -> Answer:
    """Show the terms and their signature, which is the same in each language."""
    language = call.values.get("language")
    return item(
        {
            "language": language if language in LANGUAGES else "en-US",
            "content": call.state.credentials.terms,
            "signature": sign(call.state.credentials.terms),
        },
    )


def accept_terms(call: Call) -> Answer:
    """Finish a login that was held back until the terms are accepted."""
    credentials, token = call.state.credentials, call.values["pendingToken"]
    user = call.state.find("users", credentials.pending(token, call.cookie))
    if user is None or user["isDeactivated"]:
        raise refusals.unauthorized("Invalid pending token")
    if call.values["signature"] != sign(credentials.terms):
        raise refusals.forbidden("Invalid signature")
    call.state.update(user)
    session = credentials.accept(token)
    return Answer({"item": session}, _cookie(call.cookie) if call.cookie else {})


def log_out(call: Call) -> Answer:
    """Revoke the token in use; an API key cannot be revoked like this."""
    if call.token is None:
        raise refusals.no_such_route()
    session = call.state.credentials.close_session(call.token)
    has_cookie = session is not None and session.cookie is not None
    return Answer({"item": call.token}, {"Set-Cookie": _NO_COOKIE} if has_cookie else {})


def show_me(call: Call) -> Answer:
    """Show the user who asks."""
    return item(call.user, {"notificationServices": []})


def list_users(call: Call) -> Answer:
    """Show all users to those who may invite them."""
    if call.user["role"] == "boardUser":
        raise refusals.forbidden()
    return items([user_view(call, user) for user in call.state.where("users")], {})


def create_user(call: Call) -> Answer:
    """Make a user who can log in."""
    values = call.values
    user = call.state.insert_user(
        values.get("username") or values["email"],
        values["name"],
        role=values["role"],
        email=values["email"],
    )
    call.state.credentials.set_password(user["id"], values["password"])
    return item(user_view(call, user))


def update_user(call: Call) -> Answer:
    """Deactivate a user, or take the API key away."""
    user = _user(call)
    values = dict(call.values)
    values.pop("id")
    if "apiKey" in values:
        values.pop("apiKey")
        call.state.credentials.drop_key(user["id"])
        values["apiKeyPrefix"] = None
    call.state.update(user, **values)
    return item(user_view(call, user))


def create_api_key(call: Call) -> Answer:
    """Give a user a new API key and show it this once."""
    user = _user(call)
    key = call.state.issue_key(user)
    return item(user_view(call, user), {"apiKey": key})


def is_strong(password: str) -> bool:
    """Tell whether Planka would take a password."""
    return len(password) >= _WEAKEST_PASSWORD


def is_no_key(_value: str) -> bool:
    """Refuse to take a key that somebody thought of."""
    return False


def is_login_name(value: str) -> bool:
    """Tell whether a text could be an e-mail address or a user name."""
    return (_EMAIL if "@" in value else _USERNAME).fullmatch(value) is not None


def _named(call: Call, name: str) -> Record | None:
    field = "email" if "@" in name else "username"
    active = call.state.where("users", isDeactivated=False)
    return next((user for user in active if user[field].lower() == name.lower()), None)


def _bad_login(call: Call, what: str) -> refusals.RefusalError:
    detailed = call.state.credentials.tells_what_was_wrong
    return refusals.unauthorized(f"Invalid {what if detailed else 'credentials'}")


def _user(call: Call) -> Record:
    user = call.state.find("users", call.values["id"])
    if user is None:
        raise refusals.not_found("User")
    return user


def _cookie(value: str) -> dict[str, str]:
    return {"Set-Cookie": f"httpOnlyToken={value}; Path=/; HttpOnly; SameSite=Strict"}
