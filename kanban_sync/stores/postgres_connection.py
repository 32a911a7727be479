"""A connection to PostgreSQL that does not wait for ever."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import generators
from psycopg.conninfo import timeout_from_conninfo
from psycopg.pq import ExecStatus
from psycopg.waiting import Ready

from kanban_sync.core.errors import StoreError, UnreachableStoreError
from kanban_sync.core.opened import Opened
from kanban_sync.stores.postgres_errors import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg.abc import PQGen

    from kanban_sync.stores.postgres_address import Address


Answer = TypeVar("Answer")

SILENCE = 60.0
"""Seconds after which a server is given up that does not answer what was sent."""

ASKED = 2.0
"""Seconds of silence after which it is looked whether the server is there for others.

One that carries out something long, or waits for a lock, is; one that stands still is given up at
once. If it is there, it is looked again after twice as long.
"""

CARRIED = 16.0
"""Seconds of silence after which a server is given up that lets others in, and does nothing.

It may be a pooler for one that stands still, or one whose connections are all taken: for longer
than anybody waits for others there they hardly are. One of the moments at which it is looked.
"""

GLANCE = 1.0
"""Seconds in which a server answers who asks for nothing."""

INTERVAL = 0.1
"""Seconds after which it is looked whether somebody wants to interrupt a wait."""


class Use(StrEnum):
    """What a connection is for at the moment; one that waits is told when something happens."""

    IN_USE = "in_use"
    IDLE = "idle"
    WAITING = "waiting"


class Silence:
    """For how long a server has said nothing, and when that is to be the end."""

    def __init__(self, bearable: Callable[[], float]) -> None:
        """Begin now; ``bearable`` finds out for how many seconds it may go on."""
        self._bearable = bearable
        self.broken()

    def broken(self) -> None:
        """Begin anew: it has said something."""
        self._began = time.monotonic()
        self._asks = min(ASKED, SILENCE)

    @property
    def left(self) -> float:
        """How many seconds it may go on before it is looked."""
        return max(0.0, self._began + self._asks - time.monotonic())

    def look(self) -> None:
        """Look whether it goes on for too long.

        Raises:
            psycopg.OperationalError: It does.
        """
        if self.left:
            return
        silent = time.monotonic() - self._began
        if silent >= SILENCE or silent >= self._bearable():
            seconds = time.monotonic() - self._began
            raise psycopg.OperationalError(f"nothing was said for {seconds:.1f} s")
        self._asks = min(2 * self._asks, SILENCE)


class Patient(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is given up once the server has said nothing for long.

    The kernel notices a machine that is gone, but none of a server that was stopped or hangs.
    """

    use = Use.IDLE

    bearable: Callable[[], float] = staticmethod(lambda: SILENCE)
    """Tells for how long the server may be silent here, by what who connects anew hears of it."""

    def wait(
        self, gen: PQGen[Answer], interval: float = INTERVAL, timeout: float | None = None
    ) -> Answer:
        """Wait for what was sent to be answered."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        return super().wait(self._heard(gen), interval)

    def _heard(self, gen: PQGen[Answer]) -> PQGen[Answer]:
        silence = Silence(self.bearable)
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready & Ready.R:
                    silence.broken()
                try:
                    silence.look()
                except psycopg.OperationalError:
                    # Whatever comes yet answers something that nobody waits for any more.
                    self.pgconn.finish()
                    raise
                wanted = gen.send(ready)
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def answers(self, seconds: float) -> bool:
        """Ask for nothing, and tell whether that is answered in time; else it is closed."""
        try:
            self.pgconn.send_query(b"")
            answers = self.wait(generators.execute(self.pgconn), timeout=seconds)
        except BaseException as error:
            # Whoever interrupts it leaves no answer for others to read either.
            self.pgconn.finish()
            if isinstance(error, psycopg.Error):
                return False
            raise
        if any(each.status == ExecStatus.FATAL_ERROR for each in answers):
            # A pooler that has nobody behind it says so, and hangs up.
            self.pgconn.finish()
            return False
        return True


OPENED: Opened[Patient] = Opened()


def connections() -> dict[str, int]:
    """Count the connections of this process that are open, by what they are for."""
    found = Counter(each.use for each in OPENED.all() if not each.closed)
    return {use: found[use] for use in Use}


def connect(address: Address) -> Patient:
    """Connect to a database as it is.

    Raises:
        StoreError: Nobody answers, or not to this user.
    """
    with in_words(address, is_connected=False):
        connection = Patient.connect(
            **{**address.parameters, "client_encoding": "utf8"},  # type: ignore[arg-type]
            autocommit=True,
            cursor_factory=psycopg.RawCursor,
            # ``Exchange`` keeps statements ready; the driver would drop them with its own.
            prepare_threshold=None,
        )
    connection.bearable = lambda: bearable(address)
    OPENED.add(connection)
    return connection


def bearable(address: Address) -> float:
    """Return for how many seconds a server may be silent: 0 if it answers nobody who comes.

    A refusal is an answer. A pooler lets everybody in, also for a server that stands still: there
    the way past it is asked, or what it carries out.
    """
    said = dict(address.parameters)
    # Whoever is patient with those who connect need not be so here.
    said["connect_timeout"] = min(timeout_from_conninfo(said), int(SILENCE))  # type: ignore[arg-type]
    try:
        with closing(connect(replace(address, parameters=said))) as connection:
            is_served = connection.answers(GLANCE)
    except UnreachableStoreError:
        return 0.0
    except StoreError:
        return SILENCE
    direct = address.direct
    return SILENCE if is_served or (direct is not None and bearable(direct)) else CARRIED
