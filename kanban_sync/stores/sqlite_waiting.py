"""How to wait for news in an SQLite file: its number of changes is looked at again and again."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

POLL = 0.1
"""Seconds between two looks. One reads nothing from the disk; to be woken for it costs the most."""


class SqliteWaiter:
    """One connection of its own: what others commit changes the number, whoever they are."""

    def __init__(self, connection: sqlite3.Connection, is_in_place: Callable[[], bool]) -> None:
        """Take a connection that nobody else uses.

        Args:
            connection: To the file.
            is_in_place: Tells whether the file is still the one that was opened; nobody commits to
                one that was taken away.
        """
        self._connection = connection
        self._is_in_place = is_in_place
        self._seen = self._look()

    def wait(self, seconds: float) -> bool:
        """Wait until something is committed to the file, by whichever project, or it is gone."""
        ends = time.monotonic() + seconds
        while (found := self._look()) == self._seen and self._is_in_place():
            left = ends - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(POLL, left))
        self._seen = found
        return True

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _look(self) -> int:
        # Where the file is in trouble, whoever looks into it next says so.
        with suppress(sqlite3.Error):
            (row,) = self._connection.execute("PRAGMA data_version")
            return int(row[0])
        return -1
