"""Browsers that have shown a token once: a random cookie each, of which only a hash is kept."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.doors.shared_file import SharedFile
from kanban_sync.doors.tokens import BYTES, digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.doors.tokens import Token, Tokens
    from kanban_sync.sync.state_folder import StateFolder

FILE = "sessions.json"
"""In the state folder."""

LASTS = 12 * 3600
"""Seconds after which the token has to be shown again."""

MOST = 1000
"""Sessions at a time; the oldest ends when there is one more."""


class _Session(NamedTuple):
    """What is kept of a session: the digest of its token, and when it ends (since 1970)."""

    token: str
    ends: float

    def is_over(self, now: float) -> bool:
        # A clock that was set back makes none last longer.
        return not now < self.ends <= now + LASTS


class Sessions:
    """The sessions of one project in a clone, also those of a server that was ended since.

    Usable from any thread, and by several processes.
    """

    def __init__(self, tokens: Tokens, project: str, state: StateFolder) -> None:
        """Set out; nothing is read yet.

        Args:
            tokens: Those that count; a session ends with its token.
            project: The id of the project. Browsers send cookies to all ports of a machine, so
                that each project has one of its own.
            state: The state folder of the clone.
        """
        self._tokens = tokens
        self._file = SharedFile[dict[str, _Session]](state, FILE, _parsed, _written, dict)
        self.cookie = f"kanban_sync_{digest_of(project)[:8]}"

    def open(self, token: Token, *, is_encrypted: bool) -> str:
        """Begin a session, and return the header that gives its cookie.

        Raises:
            KanbanSyncError: It cannot be kept.
        """
        text, now = secrets.token_urlsafe(BYTES), time.time()
        with self._file.changing() as kept:
            for digest, each in list(kept.items()):
                if each.is_over(now) or self._tokens.of_digest(each.token) is None:
                    del kept[digest]
            kept[digest_of(text)] = _Session(token.digest, now + LASTS)
            while len(kept) > MOST:
                del kept[next(iter(kept))]
        return self._header(text, LASTS, is_encrypted=is_encrypted)

    def close(self, cookies: str) -> str:
        """End a session, and return the header that takes its cookie away."""
        with self._file.changing() as kept:
            kept.pop(digest_of(self._sent(cookies)), None)
        return self._header("", 0)

    def holder(self, cookies: str) -> Token | None:
        """Return the token that a browser has shown before, by the cookies that it sends."""
        sent = self._sent(cookies)
        found = self._file.content().get(digest_of(sent)) if sent else None
        if found is None or found.is_over(time.time()):
            return None
        return self._tokens.of_digest(found.token)

    def _sent(self, cookies: str) -> str:
        # By hand: what other programs on this machine have set need not be well formed.
        pairs = (each.strip().partition("=") for each in cookies.split(";"))
        return next((value for name, _, value in pairs if name == self.cookie), "")

    def _header(self, text: str, age: int, *, is_encrypted: bool = False) -> str:
        secure = "; Secure" if is_encrypted else ""
        return f"{self.cookie}={text}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"


def _parsed(path: Path) -> dict[str, _Session]:
    try:
        data = json.loads(path.read_text("utf-8"))
        return {each["cookie"]: _Session(each["token"], float(each["ends"])) for each in data}
    except (OSError, ValueError, TypeError, KeyError):
        # Whoever was signed in shows the token again.
        return {}


def _written(kept: dict[str, _Session]) -> str:
    every = [{"cookie": digest, **session._asdict()} for digest, session in kept.items()]
    return json.dumps(every, indent=1) + "\n"
