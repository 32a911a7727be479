"""Who may log in: passwords, API keys, sessions and the acceptance of the terms."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

TERMS = "Be kind to the people on your board."
"""The text that must be accepted before the first login, until an administrator changes it."""


def sign(terms: str) -> str:
    """Return what a client sends back to show which text it accepted."""
    return hashlib.sha256(terms.encode()).hexdigest()


SIGNATURE = sign(TERMS)
"""The signature of the first terms."""


@dataclass(frozen=True)
class Session:
    """A login; with `cookie` set, the token is worthless without it."""

    user_id: str
    cookie: str | None = None


class Credentials:
    """Everything that proves who somebody is.

    Attributes:
        terms: The text that must be accepted. Whoever has accepted another is asked again at
            the next login with a password; tokens and keys go on working.
        tells_what_was_wrong: Whether a refused login names the half that was wrong, as with
            Planka's setting `SHOW_DETAILED_AUTH_ERRORS`.

    """

    def __init__(self) -> None:
        self.terms = TERMS
        self.tells_what_was_wrong = False
        self._passwords: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._sessions: dict[str, Session] = {}
        self._pending: dict[str, Session] = {}
        self._accepted: dict[str, str] = {}

    def set_password(self, user_id: str, password: str) -> None:
        """Give a user a password, which ends all sessions that began with another."""
        self._passwords[user_id] = password
        self._sessions = {
            token: session
            for token, session in self._sessions.items()
            if session.user_id != user_id
        }

    def is_password(self, user_id: str, password: str) -> bool:
        """Tell whether this is the password of the user."""
        return self._passwords.get(user_id) == password

    def issue_key(self, user_id: str, key: str | None = None) -> str:
        """Replace the API key of a user and return the new one."""
        self.drop_key(user_id)
        key = key or f"{secrets.token_hex(4)}_{secrets.token_hex(16)}"
        self._keys[key] = user_id
        return key

    def drop_key(self, user_id: str) -> None:
        """Take the API key of a user away."""
        self._keys = {key: owner for key, owner in self._keys.items() if owner != user_id}

    def has_accepted(self, user_id: str) -> bool:
        """Tell whether a user has accepted the terms as they are now."""
        return self._accepted.get(user_id) == sign(self.terms)

    def ask_for_terms(self, user_id: str, *, cookie: str | None = None) -> str:
        """Return a token with which the user can accept the terms and finish the login."""
        token = secrets.token_urlsafe(96)
        self._pending[token] = Session(user_id, cookie)
        return token

    def pending(self, token: str, cookie: str | None) -> str | None:
        """Return the id of the user who was asked to accept the terms, or None."""
        return _owner(self._pending.get(token), cookie)

    def accept(self, token: str) -> str:
        """Note that the terms are accepted, finish the login and return its token."""
        session = self._pending.pop(token)
        self._accepted[session.user_id] = sign(self.terms)
        return self.open_session(session.user_id, cookie=session.cookie)

    def open_session(self, user_id: str, *, cookie: str | None = None) -> str:
        """Log a user in and return the token."""
        token = secrets.token_urlsafe(128)
        self._sessions[token] = Session(user_id, cookie)
        return token

    def close_session(self, token: str) -> Session | None:
        """Revoke a token and return its session."""
        return self._sessions.pop(token, None)

    def by_token(self, token: str, cookie: str | None) -> str | None:
        """Return the id of the user with this token, or None."""
        return _owner(self._sessions.get(token), cookie)

    def by_key(self, key: str) -> str | None:
        """Return the id of the user with this API key, or None."""
        return self._keys.get(key)


def _owner(session: Session | None, cookie: str | None) -> str | None:
    if session is None or session.cookie not in {None, cookie}:
        return None
    return session.user_id
