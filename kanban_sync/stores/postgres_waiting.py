"""How processes that share a PostgreSQL database wake one another: LISTEN, NOTIFY, and a lock.

To notify within a transaction takes a lock of the whole database until it is on the disk, so that
hundreds of claims a second would wait for one another. Therefore a waiter holds a lock of its
project, and whoever has committed an event notifies only if somebody holds it. Who comes to wait
after that look finds the event in the table.

A pooler of transactions keeps neither: what listens behind it would be nobody's. So a waiter goes
past it where the user has said how, and else looks now and then.
"""

from __future__ import annotations

import time
from random import SystemRandom
from typing import TYPE_CHECKING

import psycopg

from kanban_sync.core.errors import StoreAwayError, StoreError
from kanban_sync.stores.postgres_connection import Use
from kanban_sync.stores.postgres_pooler import is_pooled

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.stores.postgres_connection import Patient

WAITERS = int.from_bytes(b"kanw")
"""The first number of the locks that waiters hold; the second is the project's."""

CHANNEL = "kanban_sync_{:08x}"
"""The channel of a project, by its lock's number; two may share one, and then wake too often."""

LISTEN = """
LISTEN {channel}; SELECT pg_advisory_lock_shared({waiters}, {number})
"""

WAKE = f"""
SELECT pg_notify($1, '') WHERE NOT pg_try_advisory_xact_lock({WAITERS}, $2::int)
""".encode()
"""Others who are waking at this moment hold the lock, too: it is only notified too often."""

AGAIN = 2.0
"""Seconds at most until it is tried to connect again, each at a moment of its own.

All who wait lose their connections at once when a server is restarted.
"""

LOOK = 2.0
"""Seconds at most that somebody waits whom nobody can tell anything."""

CHANCE = SystemRandom()
"""Processes that are forked at the same moment do not draw the same."""


def channel_of(number: int) -> str:
    """Return the channel of a project, by the number under which it is locked."""
    return CHANNEL.format(number & 0xFFFFFFFF)


def waking(number: int) -> tuple[bytes, tuple[str, int]]:
    """Return the statement that wakes who waits, by the number under which a project is locked."""
    return WAKE, (channel_of(number), number)


class PostgresWaiter:
    """One connection of its own, which listens; a new one where the server was restarted.

    Behind a pooler it has none, and nobody is told anything: whoever waits looks now and then.
    """

    def __init__(
        self,
        connect: Callable[[], Patient],
        number: int,
        *,
        is_needed: bool = True,
    ) -> None:
        """Connect; if it is not needed at once, later, where nobody answers.

        Raises:
            StoreError: Nobody answers, and it is needed.
        """
        self._connect = connect
        self._number = number
        self._is_pooled = False
        self._connection: Patient | None = None
        try:
            self._connection = self._listening()
        except StoreAwayError:
            if is_needed:
                raise
        except psycopg.Error:
            # A standby lets nobody listen, and a connection may be lost at once: it is tried again
            # by ``wait``, and whoever looks meanwhile says what is wrong.
            self._connection = None

    def wait(self, seconds: float) -> bool:
        """Wait until somebody notifies; what came meanwhile is one."""
        if self._is_pooled:
            time.sleep(min(LOOK, seconds))
            # There may be something new at any time.
            return True
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._listening()
                return True
            is_woken = any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
            if is_woken:
                list(self._connection.notifies(timeout=0))
        except (psycopg.Error, StoreError):
            self.close()
            # Whoever looks into the database now says what is wrong with it.
            time.sleep(min(CHANCE.uniform(0, AGAIN), seconds))
            return True
        return is_woken

    def close(self) -> None:
        """Close the connection, and with it the lock."""
        if self._connection is not None:
            self._connection.close()

    def _listening(self) -> Patient | None:
        connection = self._connect()
        connection.use = Use.WAITING
        try:
            if is_pooled(connection):
                # A lock of a session would stay with the pooler.
                connection.close()
                self._is_pooled = True
                return None
            connection.execute(
                LISTEN.format(
                    channel=channel_of(self._number), waiters=WAITERS, number=self._number
                ).encode()
            )
        except BaseException:
            connection.close()
            raise
        return connection
