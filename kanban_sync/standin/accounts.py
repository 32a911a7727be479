"""Logging in, the terms, users and their API keys."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from kanban_sync.standin import refusals
from kanban_sync.standin.access import Answer, Call, item, items
from kanban_sync.standin.credentials import SIGNATURE, TERMS
from kanban_sync.standin.views import user_view

if TYPE_CHECKING:
    from kanban_sync.standin.state import Record

VERSION = "2.1.1"
"""The Planka whose conduct is imitated."""

_WEAKEST_PASSWORD = 8


def bootstrap(call: Call) -> Answer:
    """Tell the version; an administrator learns more."""
    told = {"oidc": None, "termsLanguages": ["de-DE", "en-US"], "version": VERSION}
    if call.user and call.user["role"] == "admin":
        told["activeUsersLimit"] = None
    return item(told)


def log_in(call: Call) -> Answer:
    """Exchange a password for a token."""
    name, password = call.values["emailOrUsername"], call.values["password"]
    user = next(
        (one for one in call.state.where("users") if name in (one["email"], one["username"])),
        None,
    )
    if user is None or user["isDeactivated"]:
        raise refusals.bad_login("email or username")
    credentials = call.state.credentials
    if not credentials.is_password(user["id"], password):
        raise refusals.bad_login("password")
    if not credentials.has_accepted(user["id"]):
        raise refusals.terms_not_accepted(credentials.ask_for_terms(user["id"]))
    return _open_session(call, user["id"])


def terms(_call: Call) -> Answer:
    """Show the terms and their signature."""
    return item({"language": "en-US", "content": TERMS, "signature": SIGNATURE})


def accept_terms(call: Call) -> Answer:
    """Finish a login that was held back until the terms are accepted."""
    credentials = call.state.credentials
    if credentials.pending(call.values["pendingToken"]) is None:
        raise refusals.forbidden("Invalid pending token")
    if call.values["signature"] != SIGNATURE:
        raise refusals.forbidden("Invalid signature")
    user_id = credentials.accept(call.values["pendingToken"])
    user = call.state.find("users", user_id)
    if user:
        call.state.update(user)
    return _open_session(call, user_id)


def log_out(call: Call) -> Answer:
    """Revoke the token in use; an API key cannot be revoked like this."""
    if call.token is None:
        raise refusals.no_such_route()
    call.state.credentials.close_session(call.token)
    return Answer({"item": call.token})


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
        if values.pop("apiKey") is not None:
            raise refusals.broken()
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


def _user(call: Call) -> Record:
    user = call.state.find("users", call.values["id"])
    if user is None:
        raise refusals.not_found("User")
    return user


def _open_session(call: Call, user_id: str) -> Answer:
    if not call.values.get("withHttpOnlyToken"):
        return Answer({"item": call.state.credentials.open_session(user_id)})
    cookie = str(uuid.uuid4())
    token = call.state.credentials.open_session(user_id, cookie=cookie)
    shown = f"httpOnlyToken={cookie}; Path=/; HttpOnly; SameSite=Strict"
    return Answer({"item": token}, {"Set-Cookie": shown})
