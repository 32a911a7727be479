"""HTTP for Planka: one connection pool, bounded retries, no secret to any other server."""

from __future__ import annotations

import ipaddress
import random
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from kanban_sync.address import address, shown
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.credentials import api_key
from kanban_sync.boards.planka.sign_in import SignIn
from kanban_sync.core.errors import BoardUnreachableError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


ALLOW_HTTP = "KANBAN_SYNC_ALLOW_HTTP"
"""The variable that names hosts, with a port or for all their ports, to which http:// may go."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the client behaves on the wire; times in seconds.

    Planka serves all that it can over 4 connections, and needs up to 0.5 s under load.
    ``plain_hosts`` is what the user's environment says in KANBAN_SYNC_ALLOW_HTTP.
    """

    timeout: float = 10.0
    connections: int = 4
    tries: int = 3
    pause: float = 0.25
    longest_pause: float = 20.0
    plain_hosts: str = ""


def is_loopback(host: str) -> bool:
    """Tell whether a host name stands for this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_named(host: str, port: int, names: str) -> bool:
    """Tell whether a list such as ``nas,10.0.0.7:3000`` names a host, or this port of it."""
    literal = f"[{host}]" if ":" in host else host
    named = {name.strip().lower() for name in names.split(",")}
    return not named.isdisjoint({literal, f"{literal}:{port}"})


def checked_url(url: str, plain_hosts: str = "") -> str:
    """Return the base URL without a trailing slash.

    Raises:
        SetupError: Not http or https, with a user name inside, or http:// beyond this machine to
            a host that is not among ``plain_hosts``.
    """
    parts = address(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise SetupError(f"{shown(url)!r} is no URL of a Planka: it has to begin with https://")
    if "@" in parts.netloc:
        raise SetupError(f"the URL of {host} holds a user name or password: take it out")
    is_plain = parts.scheme == "http" and not is_loopback(host)
    if is_plain and not is_named(host, parts.port or 80, plain_hosts):
        text = (
            f"{url} would send the key unencrypted; use https:// (http:// only for localhost, or"
            f" where you trust the whole network: set {ALLOW_HTTP}={host} in your environment)"
        )
        raise SetupError(text)
    # The scheme is written small by now: what follows decides by it whether to check certificates.
    checked = parts.geturl().rstrip("/")
    try:
        # It is stricter than urllib, and looks at the host only when it is asked for.
        _ = httpx.URL(checked).host
    except (httpx.InvalidURL, UnicodeError) as error:
        raise SetupError(f"{checked!r} is no URL: {error}. Set the right one.") from error
    return checked


class Client:
    """Sends requests to one Planka; safe to use from several threads."""

    def __init__(
        self,
        url: str,
        sign_in: SignIn | str,
        conduct: Conduct | None = None,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        """Make the connection pool; nothing is sent yet.

        Args:
            url: Base URL of the server.
            sign_in: What finds the credential when it is needed first, or an API key. It goes to
                this URL only: redirects are never followed.
            conduct: Timeouts and retries.
            on_answer: Called after each answer, so that a deadline can count from it.

        Raises:
            SetupError: The URL is none, or no secret may go there; or the key is none.
        """
        self._conduct = conduct or Conduct()
        self._url = checked_url(url, self._conduct.plain_hosts)
        self._sign_in = _known(sign_in) if isinstance(sign_in, str) else sign_in
        self._on_answer = on_answer
        secure = self._url.startswith("https:")
        self._http = httpx.Client(
            base_url=self._url,
            headers={"Accept": "application/json"},
            timeout=self._conduct.timeout,
            limits=httpx.Limits(
                max_connections=self._conduct.connections,
                max_keepalive_connections=self._conduct.connections,
            ),
            follow_redirects=False,
            # A proxy from the environment is for the way out, never for this machine.
            trust_env=secure,
            verify=secure,
        )

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return self._url

    @property
    def connections(self) -> int:
        """How many requests may be in flight at once."""
        return self._conduct.connections

    def send(self, request: api.Request) -> api.Json:
        """Send a request and return the answer's JSON; repeats what may be repeated.

        Raises:
            BoardUnreachableError: Nobody answered, or only that it is not the time.
            BoardError: As ``api.read`` says.
        """
        for attempt in range(1, self._conduct.tries + 1):
            try:
                return self._send_once(request)
            except api.TryAgainError as error:
                wait = self._pause(attempt, error.after)
                if attempt == self._conduct.tries or wait is None or not request.is_repeatable:
                    raise
                time.sleep(wait)
        raise BoardUnreachableError(f"{request}: no try was made")

    def _send_once(self, request: api.Request) -> api.Json:
        headers = {} if request.is_open else self._sign_in.credential(self.send).headers
        try:
            response = self._http.request(
                request.method, request.path, json=request.body, headers=headers
            )
        except httpx.TimeoutException as error:
            raise api.TryAgainError(f"{self._url} did not answer in time to {request}") from error
        except httpx.RequestError as error:
            raise api.TryAgainError(f"{self._url} cannot be reached: {error}") from error
        self._on_answer()
        return api.read(request, self._answer(request, response))

    def _answer(self, request: api.Request, response: httpx.Response) -> api.Answer:
        """Take over what came back; what is no success may be shown, so it tells no secret.

        Raises:
            SignInError: The server does not accept the credential.
        """
        status, body = response.status_code, response.content
        told = {name.lower(): value for name, value in response.headers.items()}
        if status == HTTPStatus.OK:
            return api.Answer(status, told, body)
        if status == HTTPStatus.UNAUTHORIZED and not request.is_open:
            raise self._sign_in.refusal(self._url)
        hide = self._sign_in.hide
        told = {name: hide(value) for name, value in told.items()}
        return api.Answer(status, told, hide(body.decode(errors="replace")).encode())

    def _pause(self, attempt: int, after: float | None) -> float | None:
        """Return how long to wait before the next try, None if the server asks for too long."""
        if after is not None:
            return after if after <= self._conduct.longest_pause else None
        # Jitter, so that several clones do not come back at the same moment.
        return self._conduct.pause * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311

    def close(self) -> None:
        """Take back what was made to get in, and close the connections."""
        # Once: nobody waits long for a server that has just gone away.
        self._sign_in.end(self._send_once)
        self._http.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()


def _known(key: str) -> SignIn:
    """Return the way in with a key that is known already."""
    known = api_key(key)
    return SignIn(lambda: known)
