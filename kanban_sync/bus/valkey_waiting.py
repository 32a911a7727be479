"""How to wait for news by a Valkey, and by the database's own waiter while it is away."""

from __future__ import annotations

import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from valkey.connection import Connection, SSLConnection, UnixDomainSocketConnection
from valkey.exceptions import ValkeyError

from kanban_sync.bus.errand import LONGEST, Circuit, begun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.bus.errand import Errand
    from kanban_sync.core.opened import Opened
    from kanban_sync.core.work import Waiter

QUIET = 1.0
"""Seconds without a word after which the server is asked whether it is still there."""

SLICE = 0.05
"""Seconds between two looks whether somebody answers at last, while the database is waited at."""

LOST = (ValkeyError, OSError)


class Wire(Protocol):
    """A connection of the library that can be waited for together with others."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - the library's own
        """Take how it is connected to."""

    def fileno(self) -> int:
        """Return the number of its socket."""
        ...

    def connect(self) -> None:
        """Connect and sign in."""
        ...

    def send_command(self, *words: object) -> None:
        """Send a command."""
        ...

    def read_response(self) -> Any:  # noqa: ANN401 - whatever the server says
        """Return what the server says."""
        ...

    def can_read(self, timeout: float) -> bool:
        """Tell whether the server has said something."""
        ...

    def disconnect(self) -> None:
        """Hang up."""
        ...


class Waitable:
    """A connection that is counted, and can be waited for together with others."""

    _sock: Any

    def __init__(self, *, opened: Opened[Waitable], **settings: Any) -> None:  # noqa: ANN401 - the library's own
        super().__init__(**settings)
        opened.add(self)

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return self._sock is not None

    def fileno(self) -> int:
        """Return the number of its socket."""
        return int(self._sock.fileno())


class TcpWire(Waitable, Connection):
    """Over TCP."""


class TlsWire(Waitable, SSLConnection):
    """Over TCP and encrypted."""


class UnixWire(Waitable, UnixDomainSocketConnection):
    """Within this machine."""


WIRES: dict[str, Any] = {"tcp": TcpWire, "tls": TlsWire, "unix": UnixWire}


class Ears:
    """One connection that is told what happens, and one for each queue, which waits there."""

    def __init__(
        self, wire: Callable[[], Wire], channel: bytes, queues: Sequence[bytes], timeout: float
    ) -> None:
        """Connect, and begin to listen.

        Args:
            wire: Makes a connection.
            channel: On which is told what happens.
            queues: In which hints may come.
            timeout: Seconds in which the server has to say that it is there.

        Raises:
            ValkeyError: Nobody answers, or it is refused.
            OSError: As above.
        """
        self._timeout = timeout
        self._wires: dict[int, tuple[Wire, bytes]] = {}
        self._poll = select.poll()
        try:
            self._news = self._add(wire(), b"", ("SUBSCRIBE", channel))
            self._news.read_response()
            for queue in queues:
                self._add(wire(), queue, ("BLPOP", queue, 0))
        except BaseException:
            self.close()
            raise
        self._heard = time.monotonic()
        self._is_asked = False

    def hear(self, seconds: float) -> bool:
        """Wait for so long, and tell whether there was news or a hint.

        Raises:
            ValkeyError: The server is away, or says nothing any more.
            OSError: As above.
        """
        ends = time.monotonic() + seconds
        while True:
            if self._read():
                return True
            now = time.monotonic()
            silent_until = self._heard + (self._timeout if self._is_asked else QUIET)
            if now >= silent_until:
                self._ask(now)
                continue
            if now >= ends:
                return False
            self._poll.poll(1000 * (min(ends, silent_until) - now) + 1)

    def close(self) -> None:
        """Hang up."""
        for wire, _ in self._wires.values():
            with suppress(*LOST):
                wire.disconnect()

    def _add(self, wire: Wire, queue: bytes, words: tuple[object, ...]) -> Wire:
        wire.connect()
        self._wires[wire.fileno()] = wire, queue
        self._poll.register(wire, select.POLLIN)
        wire.send_command(*words)
        return wire

    def _read(self) -> bool:
        """Read all that came, and tell whether something of it was news or a hint."""
        is_news = False
        for wire, queue in self._wires.values():
            while wire.can_read(0):
                said = wire.read_response()
                self._heard, self._is_asked = time.monotonic(), False
                if queue:
                    wire.send_command("BLPOP", queue, 0)
                is_news = is_news or bool(queue) or said[0] == b"message"
        return is_news

    def _ask(self, now: float) -> None:
        if self._is_asked:
            raise TimeoutError(f"it said nothing for {self._timeout:g} s")
        self._news.send_command("PING")
        self._heard, self._is_asked = now, True


class ValkeyWaiter:
    """One who waits by a Valkey while it is there, and else by the database's own waiter.

    It always holds one of both, and lets the old one go only once the new one listens; and then it
    says that there may be news, for what came in between.
    """

    def __init__(
        self, listen: Callable[[], Ears], own: Callable[[], Waiter], timeout: float
    ) -> None:
        """Begin to wait.

        Args:
            listen: Connects to the Valkey.
            own: Makes the database's own waiter.
            timeout: Seconds that connecting may take.

        Raises:
            StoreError: Neither the Valkey nor the database answers.
        """
        self._listen, self._make_own, self._timeout = listen, own, timeout
        self._circuit = Circuit()
        self._since = 0.0
        self._own: Waiter | None = None
        self._ears: Ears | None = None
        self._try: _Try | None = None
        if not self._came(timeout):
            self._own = own()

    def wait(self, seconds: float) -> bool:
        """Wait until something is told, and tell whether that may have been so."""
        if self._ears is not None:
            try:
                return self._ears.hear(seconds)
            except LOST:
                self._lose(self._ears)
                return True
        own = self._own = self._own or self._make_own()
        ends = time.monotonic() + seconds
        while True:
            left = ends - time.monotonic()
            pause = SLICE if self._try is not None else self._circuit.left
            is_woken = own.wait(max(0.0, min(left, pause)))
            if self._came(0):
                own.close()
                self._own = None
                return True
            if is_woken or left <= 0:
                return is_woken

    def close(self) -> None:
        """Wait no more."""
        if self._try is not None:
            self._try.drop()
        for each in (self._ears, self._own):
            if each is not None:
                each.close()

    def _lose(self, ears: Ears) -> None:
        ears.close()
        self._ears = None
        # Who takes everybody in and falls silent at once is not asked at once again and again.
        if time.monotonic() - self._since > LONGEST:
            self._circuit.succeed()
        self._circuit.fail()

    def _came(self, seconds: float) -> bool:
        """Tell whether the Valkey is listened to from now on; try it if that is due."""
        if self._try is None:
            if self._circuit.left:
                return False
            try:
                self._try = _Try(self._listen, self._timeout)
            except OSError:
                self._circuit.fail()
                return False
        if not self._try.is_over(seconds):
            return False
        self._ears, self._try = self._try.ears(), None
        if self._ears is None:
            self._circuit.fail()
            return False
        self._since = time.monotonic()
        return True


class _Try:
    """An attempt to connect, in a thread of its own."""

    def __init__(self, listen: Callable[[], Ears], seconds: float) -> None:
        self._is_dropped = False
        self._ends = time.monotonic() + seconds
        self._errand: Errand[Ears] = begun(self._listened(listen))

    def _listened(self, listen: Callable[[], Ears]) -> Callable[[], Ears]:
        def act() -> Ears:
            ears = listen()
            if self._is_dropped:
                ears.close()
            return ears

        return act

    def is_over(self, seconds: float) -> bool:
        """Tell whether it came to an end, or should have, within so many seconds."""
        return self._errand.is_done(seconds) or time.monotonic() >= self._ends

    def ears(self) -> Ears | None:
        """Return what listens, None if nothing does."""
        if not self._errand.is_done():
            self.drop()
            return None
        try:
            return self._errand.answer()
        except LOST:
            return None

    def drop(self) -> None:
        """Let it come to nothing."""
        self._is_dropped = True
        if self._errand.is_done():
            with suppress(*LOST):
                self._errand.answer().close()
