"""HTTP for Planka: one connection pool, bounded retries, no secret to any other server.

What may be repeated is repeated. What makes a thing is not, before a look has told that the thing
is not there: Planka has no idempotency keys, and a request without an answer may have been done.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import random
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import getproxies

import httpx

from kanban_sync.address import address, shown
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.answers import Answer, BrokenError, Fate, TryAgainError, read
from kanban_sync.boards.planka.credentials import api_key
from kanban_sync.boards.planka.pace import Pace, PacedBackend, TooSlowError
from kanban_sync.boards.planka.sign_in import SignIn
from kanban_sync.boards.planka.unanswered import error_of
from kanban_sync.core.errors import KanbanSyncError, RefusedError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


ALLOW_HTTP = "KANBAN_SYNC_ALLOW_HTTP"
"""The variable that names hosts, with a port or for all their ports, to which http:// may go."""


ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)

TARGET_SIGNS = "%/?&=:+,;@!$'()*~"
"""What a path and its query may hold besides letters, digits and ``-._``."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the client behaves on the wire; times in seconds.

    Planka serves all that it can over 4 connections, and needs up to 0.5 s under load. ``timeout``
    is for silence, ``slowest`` for a whole answer from the request on, however slowly it drips, so
    that all tries end before a sync is given up that does not get on. A connection that was
    idle for ``idle`` is not used again, since Planka closes it after 5 s. Between two of the
    ``tries`` there is a ``pause``, twice as long each time, unless the server asks for another; if
    that is longer than ``longest_pause``, there is no other try. ``plain_hosts`` is what the
    user's environment says in KANBAN_SYNC_ALLOW_HTTP.
    """

    timeout: float = 10.0
    slowest: float = 25.0
    idle: float = 4.0
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
        may_write: Callable[[], None] = lambda: None,
    ) -> None:
        """Make the connection pool; nothing is sent yet.

        Args:
            url: Base URL of the server.
            sign_in: What finds the credential when it is needed first, or an API key. It goes to
                this URL only: redirects are never followed.
            conduct: Timeouts and retries.
            on_answer: Called after each answer, so that a deadline can count from it.
            may_write: Called before each request that writes is sent, also for the second time;
                where it raises, nothing is sent.

        Raises:
            SetupError: The URL is none, or no secret may go there; or the key is none.
        """
        self._conduct = conduct or Conduct()
        self._url = checked_url(url, self._conduct.plain_hosts)
        self._sign_in = _known(sign_in) if isinstance(sign_in, str) else sign_in
        self._on_answer = on_answer
        self._may_write = may_write
        self.was_answered = False
        self._pace = Pace()
        self._transport = _transport(
            self._conduct, self._pace, is_secure=self._url.startswith("https:")
        )
        self._timeouts = httpx.Timeout(self._conduct.timeout).as_dict()
        self._server = httpx.URL(self._url)
        self._path = self._server.raw_path.decode("ascii").rstrip("/")
        self._headers = [
            ("Host", self._server.netloc.decode("ascii")),
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip, deflate"),
            ("User-Agent", f"python-httpx/{httpx.__version__}"),
        ]

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return self._url

    @property
    def connections(self) -> int:
        """How many requests may be in flight at once."""
        return self._conduct.connections

    def hide(self, text: str) -> str:
        """Return what a server said, without the secrets that it was told."""
        return self._sign_in.hide(text)

    def send(self, request: api.Request) -> api.Json:
        """Send a request and return the answer's JSON; repeats what may be repeated.

        Raises:
            BoardUnreachableError: Nobody answered, or only that it is not the time.
            BoardError: As ``answers.read`` says.
        """
        attempt = 0
        while True:
            try:
                return self._send_checked(request)
            except TryAgainError as error:
                if not (request.is_repeatable or error.fate is Fate.UNDONE):
                    raise self._given_up(request, error) from error.__cause__
                attempt += 1
                self._wait(attempt, request, error)

    def make(self, request: api.Request, find: Callable[[], api.Json | None]) -> api.Json:
        """Send a request that makes a thing, and return the thing; it is made once.

        Where the answer got lost, ``find`` looks for it before the request is repeated. A request
        that may still be under way is never repeated: the next sync sees what became of it.

        Raises:
            BoardUnreachableError: As ``send``; the thing may be there, or come yet, which it tells.
            BoardError: As ``answers.read`` says.
        """
        attempt, must_look = 0, False
        lost: TryAgainError | None = None
        while True:
            if lost is None or lost.fate is not Fate.UNDER_WAY:
                try:
                    made: api.Json = self._send_checked(request)["item"]
                except TryAgainError as error:
                    lost = error
                    must_look = must_look or error.fate is not Fate.UNDONE
                else:
                    return made
            attempt += 1
            try:
                self._wait(attempt, request, lost)
                found = find() if must_look else None
            except KanbanSyncError as error:
                error.may_come = lost.fate is Fate.UNDER_WAY
                raise
            if found is not None:
                return found

    def look(self, url: str) -> Answer:
        """Get what is at an address of the same server, without the credential.

        Raises:
            BoardUnreachableError: Nobody answered.
            BoardError: The server is not to be trusted.
        """
        return self._exchange(api.Request("GET", url, is_open=True), {})

    def _send_checked(self, request: api.Request) -> api.Json:
        if request.method != "GET":
            self._may_write()
        return self._send_once(request)

    def _send_once(self, request: api.Request) -> api.Json:
        headers = {} if request.is_open else self._sign_in.credential(self.send).headers
        answer = self._exchange(request, headers)
        if answer.status == HTTPStatus.UNAUTHORIZED and not (request.is_open or answer.is_page):
            raise self._sign_in.refusal(self._url)
        return read(request, answer)

    def _exchange(self, request: api.Request, headers: dict[str, str]) -> Answer:
        self._pace.until = time.monotonic() + self._conduct.slowest
        try:
            with contextlib.closing(
                self._transport.handle_request(self._built(request, headers))
            ) as response:
                content = b"".join(response.iter_bytes())
        except TooSlowError as error:
            text = (
                f"{self._url} answered {request} so slowly that it was given up after"
                f" {self._conduct.slowest:g} s. Is the server overloaded?"
            )
            raise TryAgainError(text, fate=Fate.UNDER_WAY) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise error_of(self._url, str(request), error, Fate.UNDONE) from error
        except httpx.TimeoutException as error:
            raise error_of(self._url, str(request), error, Fate.UNDER_WAY) from error
        except httpx.RequestError as error:
            raise error_of(self._url, str(request), error, Fate.UNSURE) from error
        self.was_answered = True
        self._on_answer()
        return self._told(response, content)

    def _built(self, request: api.Request, headers: dict[str, str]) -> httpx.Request:
        """Return a request as it is sent, with nothing left for httpx to work out.

        What it does for a browser with each request and answer (take an address apart, look for
        cookies and redirects) takes a third of its time. So the address is always the server's, and
        the target goes beside it.
        """
        every = [*self._headers, *headers.items()]
        content = b""
        if request.body is not None:
            content = ENCODER.encode(request.body).encode()
            every.append(("Content-Type", "application/json"))
            every.append(("Content-Length", str(len(content))))
        return httpx.Request(
            request.method,
            self._server,
            headers=every,
            stream=httpx.ByteStream(content),
            extensions={"timeout": self._timeouts, "target": self._target(request.path)},
        )

    def _target(self, path: str) -> bytes:
        """Return what is asked for, as the first line of a request names it."""
        if "://" in path:
            return httpx.URL(path).raw_path
        return quote(f"{self._path}{path}", TARGET_SIGNS).encode("ascii")

    def _told(self, response: httpx.Response, content: bytes) -> Answer:
        """Take over what came back; what is no data may be shown, so it tells no secret."""
        headers = dict(response.headers.items())
        answer = Answer(response.status_code, headers, content, self._url)
        if answer.status == HTTPStatus.OK and answer.is_json:
            return answer
        headers = {name: self.hide(value) for name, value in headers.items()}
        body = self.hide(content.decode(errors="replace")).encode()
        return replace(answer, headers=headers, body=body)

    def _wait(self, attempt: int, request: api.Request, error: TryAgainError) -> None:
        """Wait before the next try; where there is to be none, raise the error."""
        # Jitter, so that several clones do not come back at the same moment.
        pause = self._conduct.pause * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
        asked = pause if error.after is None else max(pause, error.after)
        if attempt >= self._conduct.tries or asked > self._conduct.longest_pause:
            raise self._given_up(request, error) from error.__cause__
        time.sleep(asked)

    def _given_up(self, request: api.Request, error: TryAgainError) -> KanbanSyncError:
        """Return the error for the caller: Planka breaks on one request, or on all of them."""
        if not isinstance(error, BrokenError) or request.method == "GET" or request.is_open:
            return error
        try:
            self._send_once(api.me())
        except KanbanSyncError:
            return error
        return RefusedError(str(error))

    def close(self) -> None:
        """Take back what was made to get in, and close the connections."""
        # Once: nobody waits long for a server that has just gone away.
        self._sign_in.end(self._send_once)
        self._transport.close()

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


class _Proxied(httpx.BaseTransport):
    """Goes through the proxies of the environment, which only a whole client of httpx chooses."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the answer before its body is read."""
        # A tunnel would ask the proxy for the target, instead of for the way to the server.
        target = request.extensions.pop("target")
        request.url = request.url.copy_with(raw_path=target)
        return self._client.send(request, stream=True)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _transport(conduct: Conduct, pace: Pace, *, is_secure: bool) -> httpx.BaseTransport:
    """Return the pool of connections; it knows of no redirects, cookies or credentials."""
    limits = httpx.Limits(
        max_connections=conduct.connections,
        max_keepalive_connections=conduct.connections,
        keepalive_expiry=conduct.idle,
    )
    # A proxy from the environment is for the way out, never for this machine.
    if is_secure and getproxies():
        client = httpx.Client(limits=limits, follow_redirects=False)
        for each in (client._transport, *client._mounts.values()):  # noqa: SLF001 - as below
            _set_pace(each, pace)
        return _Proxied(client)
    transport = httpx.HTTPTransport(verify=is_secure, trust_env=is_secure, limits=limits)
    _set_pace(transport, pace)
    return transport


def _set_pace(transport: httpx.BaseTransport | None, pace: Pace) -> None:
    """Let a pool look at the time as it reads; httpx has no public way to say how it reads."""
    if isinstance(transport, httpx.HTTPTransport):
        pool: Any = transport._pool  # noqa: SLF001
        pool._network_backend = PacedBackend(pool._network_backend, pace)  # noqa: SLF001


def _known(key: str) -> SignIn:
    """Return the way in with a key that is known already."""
    known = api_key(key)
    return SignIn(lambda: known)
