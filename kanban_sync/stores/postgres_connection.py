"""A connection to PostgreSQL that does not wait for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

if TYPE_CHECKING:
    from psycopg.abc import PQGen


Answer = TypeVar("Answer")

SILENCE = 60.0
"""Seconds after which a server is given up that does not answer what was sent."""

INTERVAL = 0.1
"""Seconds after which it is looked whether somebody wants to interrupt a wait."""


class Patient(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is given up once the server has said nothing for long.

    The kernel notices a machine that is gone, but none of a server that was stopped or hangs.
    """

    def wait(
        self, gen: PQGen[Answer], interval: float = INTERVAL, timeout: float | None = None
    ) -> Answer:
        """Wait for what was sent to be answered."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        began = time.monotonic()
        try:
            return super().wait(gen, interval, SILENCE)
        except psycopg.OperationalError as error:
            if time.monotonic() < began + SILENCE:
                raise
            # Whatever comes yet is the answer to something that nobody waits for any more.
            self.pgconn.finish()
            raise silent() from error


def silent() -> psycopg.OperationalError:
    """Return the error of whoever waits no longer."""
    return psycopg.OperationalError(f"nothing was said for {SILENCE:g} s")
