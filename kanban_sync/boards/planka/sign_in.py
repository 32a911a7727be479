"""How a client gets in: finds the credential when the first request needs it, and lets go again."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.credentials import Credential, Kind, renewal
from kanban_sync.core.errors import BoardError, KanbanSyncError, SignInError

if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[api.Request], api.Json]


class SignIn:
    """One way in, for as long as one client lives; safe to use from several threads.

    Nobody is asked for a credential before a request needs one, and never twice.
    """

    def __init__(self, find: Callable[[], Credential]) -> None:
        """Remember whom to ask.

        Args:
            find: Returns the credential; may raise a KanbanSyncError, then nothing is sent.
        """
        self._find = find
        self._stays = False
        self._lock = threading.Lock()
        self._given: Credential | None = None
        self._used: Credential | None = None

    def credential(self, send: Send) -> Credential:
        """Return the API key or token to use, in exchange for a password if need be.

        Args:
            send: Sends a request that needs no credential.

        Raises:
            SignInError: There is none, or the server does not accept the password.
        """
        with self._lock:
            if self._used is None:
                self._given = self._given or self._find()
                self._used = exchanged(self._given, send)
            return self._used

    def stay(self) -> None:
        """Leave the token in force at the end: somebody keeps it."""
        self._stays = True

    def end(self, send: Send) -> None:
        """Take back the token that was made for this client, so that no session is left behind."""
        if self._used is None or self._used is self._given or self._stays:
            return
        # Whoever cannot be reached now does not keep the sync from ending; the token expires.
        with contextlib.suppress(KanbanSyncError):
            send(api.sign_out())
        self._used = None

    def refusal(self, url: str) -> SignInError:
        """Return the error for a server that does not accept the credential."""
        if self._given is None:
            return SignInError(f"{url} asks for a credential where none is due")
        text = f"{url} does not accept the credential ({self._given})"
        return SignInError(
            f"{text}, or the account was deactivated; {renewal(url, self._given)}, or have the"
            " account activated again"
        )

    def hide(self, text: str) -> str:
        """Return what a server said, without the secrets that it was told."""
        for credential in (self._given, self._used):
            if credential is not None:
                text = text.replace(credential.secret, "…")
                text = text.replace(json.dumps(credential.secret)[1:-1], "…")
        return text


def exchanged(given: Credential, send: Send) -> Credential:
    """Return a token in exchange for a password; any other credential is good as it is.

    Raises:
        SignInError: The server does not accept it, or wants its terms to be accepted first.
        BoardError: The server answered, but not as a Planka does.
    """
    if given.kind is not Kind.PASSWORD:
        return given
    token = send(api.sign_in(given.user, given.secret)).get("item")
    if not isinstance(token, str) or not token:
        raise BoardError("the server took the password, but gave no token: it is no Planka")
    return replace(given, kind=Kind.TOKEN, secret=token, user="")
