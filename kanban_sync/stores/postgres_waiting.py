"""How processes that share a PostgreSQL database wake one another: LISTEN, NOTIFY, and a lock.

To notify within a transaction takes a lock of the whole database until it is on the disk, so that
hundreds of claims a second would wait for one another. Therefore a waiter holds a lock of its
project, and whoever has committed an event notifies only if somebody holds it. Who comes to wait
after that look finds the event in the table.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg

from kanban_sync.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.stores.rows import Row

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

AGAIN = 1.0
"""Seconds at most until it is tried to connect again."""


def channel_of(number: int) -> str:
    """Return the channel of a project, by the number under which it is locked."""
    return CHANNEL.format(number & 0xFFFFFFFF)


def waking(number: int) -> tuple[bytes, tuple[str, int]]:
    """Return the statement that wakes who waits, by the number under which a project is locked."""
    return WAKE, (channel_of(number), number)


class PostgresWaiter:
    """One connection of its own, which listens; a new one where the server was restarted."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Row]], number: int) -> None:
        """Connect.

        Raises:
            StoreError: Nobody answers.
        """
        self._connect = connect
        self._number = number
        self._connection = self._listening()

    def wait(self, seconds: float) -> bool:
        """Wait until somebody notifies; what came meanwhile is one."""
        try:
            if self._connection.closed:
                self._connection = self._listening()
                return True
            is_woken = any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
            if is_woken:
                list(self._connection.notifies(timeout=0))
        except (psycopg.Error, StoreError):
            self._connection.close()
            # Whoever looks into the database now says what is wrong with it.
            time.sleep(min(AGAIN, seconds))
            return True
        return is_woken

    def close(self) -> None:
        """Close the connection, and with it the lock."""
        self._connection.close()

    def _listening(self) -> psycopg.Connection[Row]:
        connection = self._connect()
        try:
            connection.execute(
                LISTEN.format(
                    channel=channel_of(self._number), waiters=WAITERS, number=self._number
                ).encode()
            )
        except BaseException:
            connection.close()
            raise
        return connection
