"""Browsers that have shown a token once: a random cookie each, kept in memory alone."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

from kanban_sync.doors.tokens import BYTES, digest_of

if TYPE_CHECKING:
    from kanban_sync.doors.tokens import Token, Tokens

LASTS = 12 * 3600
"""Seconds after which the token has to be shown again."""

MOST = 1000
"""Sessions at a time; the oldest ends when there is one more."""


class Sessions:
    """The sessions of one server; usable from any thread."""

    def __init__(self, tokens: Tokens, project: str) -> None:
        """Begin without any.

        Args:
            tokens: Those that count; a session ends with its token.
            project: The id of the project. Browsers send cookies to all ports of a machine, so
                that each project has one of its own.
        """
        self._tokens = tokens
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, float]] = {}
        self.cookie = f"kanban_sync_{digest_of(project)[:8]}"

    def open(self, token: Token, *, is_encrypted: bool) -> str:
        """Begin a session, and return the header that gives its cookie."""
        text = secrets.token_urlsafe(BYTES)
        with self._lock:
            self._kept[digest_of(text)] = (token.digest, time.monotonic() + LASTS)
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        return self._header(text, LASTS, is_encrypted=is_encrypted)

    def close(self, cookies: str) -> str:
        """End a session, and return the header that takes its cookie away."""
        with self._lock:
            self._kept.pop(digest_of(self._sent(cookies)), None)
        return self._header("", 0)

    def holder(self, cookies: str) -> Token | None:
        """Return the token that a browser has shown before, by the cookies that it sends."""
        sent = self._sent(cookies)
        with self._lock:
            digest, ends = self._kept.get(digest_of(sent), ("", 0.0)) if sent else ("", 0.0)
        return self._tokens.of_digest(digest) if time.monotonic() < ends else None

    def _sent(self, cookies: str) -> str:
        # By hand: what other programs on this machine have set need not be well formed.
        pairs = (each.strip().partition("=") for each in cookies.split(";"))
        return next((value for name, _, value in pairs if name == self.cookie), "")

    def _header(self, text: str, age: int, *, is_encrypted: bool = False) -> str:
        secure = "; Secure" if is_encrypted else ""
        return f"{self.cookie}={text}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"
