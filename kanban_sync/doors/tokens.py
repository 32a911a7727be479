"""Who may come in: tokens, of which only a hash is kept, in the state folder of the clone."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.agents.names import checked_name
from kanban_sync.core.errors import SetupError
from kanban_sync.doors.shared_file import SharedFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kanban_sync.sync.state_folder import StateFolder

FILE = "tokens.json"
"""In the state folder."""

BYTES = 32
"""Of randomness in a token: 256 bits, too many to be guessed however fast."""

BEGINS = "ks_"
"""How a token begins, so that whoever finds one in a file knows what it is."""


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    WRITE = "write"

    def covers(self, needed: Scope) -> bool:
        """Tell whether it is enough for what is needed."""
        return self is Scope.WRITE or needed is Scope.READ


class Token(NamedTuple):
    """What is kept of a token; ``digest`` is the sha256 of what its owner shows."""

    name: str
    scope: Scope
    project: str
    digest: str
    made_at: float


class Tokens:
    """The tokens of one project in a clone; usable from any thread, and by several processes."""

    def __init__(self, state: StateFolder, project: str) -> None:
        """Set out; nothing is read yet.

        Args:
            state: The state folder of the clone.
            project: The id of the project; tokens of others are not known.
        """
        self.state = state
        self._project = project
        self._file = SharedFile[list[Token]](state, FILE, _parsed, _written, list)

    def all(self) -> list[Token]:
        """Return the tokens of the project, in the order in which they were made."""
        return [each for each in self._file.content() if each.project == self._project]

    def add(self, name: str, scope: Scope) -> str:
        """Make a token and return it; nobody can be told of it again.

        Raises:
            SetupError: There is one of that name.
        """
        name = checked_name(name, "a token")
        text = BEGINS + secrets.token_urlsafe(BYTES)
        with self._file.changing() as every:
            if any(each.name == name for each in every if each.project == self._project):
                raise SetupError(
                    f"there is a token {name} already; give the new one another name, or take that"
                    f" one back: kanban-sync serve token remove {name}"
                )
            every.append(Token(name, scope, self._project, digest_of(text), time.time()))
        return text

    def remove(self, name: str) -> None:
        """Take a token back; who uses it is refused from now on.

        Raises:
            SetupError: There is none of that name.
        """
        with self._file.changing() as every:
            found = [each for each in every if (each.project, each.name) == (self._project, name)]
            if not found:
                raise SetupError(
                    f"there is no token {name}; 'kanban-sync serve token list' tells their names"
                )
            every.remove(found[0])

    def holder(self, text: str) -> Token | None:
        """Return the token that somebody shows, None if it is none of this project."""
        return self.of_digest(digest_of(text))

    def of_digest(self, digest: str) -> Token | None:
        """Return the token with a digest, if it was not taken back."""
        found = None
        # All of them, and each to its end: how long it takes tells nothing.
        for each in self.all():
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found


def digest_of(text: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _parsed(path: Path) -> list[Token]:
    try:
        data = json.loads(path.read_text("utf-8"))
        return [Token(**{**each, "scope": Scope(each["scope"])}) for each in data["tokens"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SetupError(
            f"{path} cannot be read ({type(error).__name__}), so nobody is let in; remove it, and"
            " make new tokens: kanban-sync serve token add NAME"
        ) from error


def _written(every: Sequence[Token]) -> str:
    return json.dumps({"tokens": [each._asdict() for each in every]}, indent=1) + "\n"
