"""HTTP for Planka: one connection pool, bounded retries, a key that goes to one origin only."""

from __future__ import annotations

import ipaddress
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from kanban_sync.boards.planka import api
from kanban_sync.config import address, shown
from kanban_sync.core.errors import BoardUnreachableError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the client behaves on the wire; times in seconds.

    Planka serves all that it can over 4 connections, and needs up to 0.5 s under load.
    """

    timeout: float = 10.0
    connections: int = 4
    tries: int = 3
    pause: float = 0.25
    longest_pause: float = 20.0


def is_loopback(host: str) -> bool:
    """Tell whether a host name stands for this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_url(url: str) -> str:
    """Return the base URL without a trailing slash.

    Raises:
        SetupError: Not http or https, with a user name inside, or http:// beyond this machine.
    """
    parts = address(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise SetupError(f"{shown(url)!r} is no URL of a Planka: it has to begin with https://")
    if "@" in parts.netloc:
        raise SetupError(f"the URL of {host} holds a user name or password: take it out")
    if parts.scheme == "http" and not is_loopback(host):
        text = f"{url} would send the key unencrypted; use https:// (http:// only for localhost)"
        raise SetupError(text)
    # The scheme is written small by now: what follows decides by it whether to check certificates.
    checked = parts.geturl().rstrip("/")
    try:
        # It is stricter than urllib, and looks at the host only when it is asked for.
        _ = httpx.URL(checked).host
    except (httpx.InvalidURL, UnicodeError) as error:
        raise SetupError(f"{checked!r} is no URL: {error}. Set the right one.") from error
    return checked


def checked_key(api_key: str) -> str:
    """Return the key without blanks around it, such as the line end of the file it came from.

    Raises:
        SetupError: It has characters that no key has; the message does not tell them.
    """
    key = api_key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SetupError("the API key holds characters that no key has; copy it again")
    return key


class Client:
    """Sends requests to one Planka; safe to use from several threads."""

    def __init__(
        self,
        url: str,
        api_key: str,
        conduct: Conduct | None = None,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        """Make the connection pool; nothing is sent yet.

        Args:
            url: Base URL of the server.
            api_key: Goes out as ``X-Api-Key`` to this URL only: redirects are never followed.
            conduct: Timeouts and retries.
            on_answer: Called after each answer, so that a deadline can count from it.
        """
        self._url = checked_url(url)
        self._conduct = conduct or Conduct()
        self._on_answer = on_answer
        secure = self._url.startswith("https:")
        self._http = httpx.Client(
            base_url=self._url,
            headers={"X-Api-Key": checked_key(api_key), "Accept": "application/json"},
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
        try:
            response = self._http.request(request.method, request.path, json=request.body)
        except httpx.TimeoutException as error:
            raise api.TryAgainError(f"{self._url} did not answer in time to {request}") from error
        except httpx.RequestError as error:
            raise api.TryAgainError(f"{self._url} cannot be reached: {error}") from error
        self._on_answer()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return api.read(request, api.Answer(response.status_code, headers, response.content))

    def _pause(self, attempt: int, after: float | None) -> float | None:
        """Return how long to wait before the next try, None if the server asks for too long."""
        if after is not None:
            return after if after <= self._conduct.longest_pause else None
        # Jitter, so that several clones do not come back at the same moment.
        return self._conduct.pause * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311

    def close(self) -> None:
        """Close the connections."""
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
