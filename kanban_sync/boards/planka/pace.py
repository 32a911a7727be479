"""An end to answers that drip: a connection is read only as long as a whole answer may take.

A timeout for each read sees silence, but nobody who sends one byte of a header every few seconds.
So the time is looked at where bytes are read, which costs less than anything that watches.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ssl import SSLContext


class Stream(Protocol):
    """A connection, as httpx's pool knows it."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, of at most so many bytes."""
        ...

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None, timeout: float | None
    ) -> Stream:
        """Return the same connection with TLS on it."""
        ...

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - what it is depends on the name
        """Return what is known of it."""
        ...


class Backend(Protocol):
    """What opens connections for httpx's pool."""

    def connect_tcp(self, *args: Any, timeout: float | None = None, **more: Any) -> Stream:  # noqa: ANN401 - handed on
        """Return a new connection."""
        ...


class TooSlowError(Exception):
    """The time for an answer is over."""


class Pace(threading.local):
    """Until when the request of this thread may take."""

    until = math.inf

    def left(self, timeout: float | None) -> float:
        """Return how long may be waited now, in seconds.

        Raises:
            TooSlowError: No longer.
        """
        left = self.until - time.monotonic()
        if left <= 0.0:
            raise TooSlowError
        return left if timeout is None or left < timeout else timeout


class PacedBackend:
    """Opens connections that look at the time."""

    def __init__(self, backend: Backend, pace: Pace) -> None:
        """Take what opens them, and the time."""
        self._backend = backend
        self._pace = pace

    def connect_tcp(self, *args: Any, timeout: float | None = None, **more: Any) -> Stream:  # noqa: ANN401 - handed on
        """Return a new connection."""
        timeout = self._pace.left(timeout)
        return _PacedStream(self._backend.connect_tcp(*args, timeout=timeout, **more), self._pace)


class _PacedStream:
    """A connection that looks at the time whenever it is read."""

    def __init__(self, stream: Stream, pace: Pace) -> None:
        self._stream = stream
        self._pace = pace
        self.close = stream.close
        self.get_extra_info = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=self._pace.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=self._pace.left(timeout))

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Stream:
        left = self._pace.left(timeout)
        return _PacedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._pace)
