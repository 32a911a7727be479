"""Who may log in: passwords, API keys, sessions and the acceptance of the terms."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

TERMS = "Be kind to the people on your board."
"""The text that must be accepted before the first login."""

SIGNATURE = hashlib.sha256(TERMS.encode()).hexdigest()
"""What a client sends back to show which text it accepted."""


@dataclass(frozen=True)
class Session:
    """A login; with `cookie` set, the token is worthless without it."""

    user_id: str
    cookie: str | None = None


class Credentials:
    """Everything that proves who somebody is."""

    def __init__(self) -> None:
        self._passwords: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._sessions: dict[str, Session] = {}
        self._pending: dict[str, str] = {}
        self._accepted: set[str] = set()

    def set_password(self, user_id: str, password: str) -> None:
        """Give a user a password."""
        self._passwords[user_id] = password

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
        """Tell whether a user has accepted the terms."""
        return user_id in self._accepted

    def ask_for_terms(self, user_id: str) -> str:
        """Return a token with which the user can accept the terms and finish the login."""
        token = secrets.token_urlsafe(96)
        self._pending[token] = user_id
        return token

    def pending(self, token: str) -> str | None:
        """Return the id of the user who was asked to accept the terms."""
        return self._pending.get(token)

    def accept(self, token: str) -> str:
        """Note that the terms are accepted and return the id of the user."""
        user_id = self._pending.pop(token)
        self._accepted.add(user_id)
        return user_id

    def open_session(self, user_id: str, *, cookie: str | None = None) -> str:
        """Log a user in and return the token."""
        token = secrets.token_urlsafe(128)
        self._sessions[token] = Session(user_id, cookie)
        return token

    def close_session(self, token: str) -> None:
        """Revoke a token."""
        self._sessions.pop(token, None)

    def by_token(self, token: str, cookie: str | None) -> str | None:
        """Return the id of the user with this token, or None."""
        session = self._sessions.get(token)
        if session is None or (session.cookie is not None and session.cookie != cookie):
            return None
        return session.user_id

    def by_key(self, key: str) -> str | None:
        """Return the id of the user with this API key, or None."""
        return self._keys.get(key)
