"""A program: does what the detached process does, and kills itself at a chosen moment.

It reads lines `<moment> <state folder>` and answers each with `killed` or `ended`. The moments are
counted from 1: before and after each request, before and after each commit of the task database.
With moment 0 it is not killed. Each line is served by a fork, since Python starts slowly.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanban_sync.app import Clone
from kanban_sync.boards.planka.client import Client
from kanban_sync.stores.sqlite_database import SqliteConnection
from kanban_sync.sync import runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.boards.planka.api import Json, Request

LATER = (
    *("kanban_sync.boards.planka.board", "kanban_sync.sources.checkboxes"),
    *("kanban_sync.sources.proposal", "kanban_sync.stores.sqlite", "certifi", "httpcore"),
    *("ruamel.yaml", "ruamel.yaml.comments", "ruamel.yaml.composer"),
    *(f"encodings.{name}" for name in ("ascii", "idna", "utf_16_le", "utf_8_sig")),
)
"""What a sync imports when it needs it."""


class Moments:
    """Counts the moments, and ends the process at the chosen one, as a power failure would."""

    def __init__(self, chosen: int) -> None:
        """Start to count."""
        self._chosen = chosen
        self._count = itertools.count(1)
        self._lock = threading.Lock()

    def pass_one(self) -> None:
        """Go past a moment, or end here."""
        with self._lock:
            if next(self._count) == self._chosen:
                os.kill(os.getpid(), signal.SIGKILL)


def watch(moments: Moments) -> None:
    """Put the moments around requests and commits."""
    send = Client._send_once  # noqa: SLF001 - the one place that every request goes through

    def send_once(client: Client, request: Request) -> Json:
        moments.pass_one()
        answer = send(client, request)
        moments.pass_one()
        return answer

    class Connection(SqliteConnection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:  # noqa: ANN401
            if sql != "COMMIT" or not self.total_changes:
                return super().execute(sql, *parameters)
            moments.pass_one()
            cursor = super().execute(sql)
            moments.pass_one()
            return cursor

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def connect_watched(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
        return connect(*arguments, **{**options, "factory": Connection})

    setattr(Client, "_send_once", send_once)  # noqa: B010 - mypy refuses the plain form
    setattr(sqlite3, "connect", connect_watched)  # noqa: B010


def serve(moment: int, state: Path) -> None:
    """Be the detached process of a clone, up to a moment."""
    watch(Moments(moment))
    # Requests need no time to gather here: nobody else makes any.
    setattr(runner._Holder, "_gather", lambda _: None)  # noqa: B010, SLF001
    Clone.of_state(state).background()


def load() -> None:
    """Import all that a fork will need."""
    for name in LATER:
        importlib.import_module(name)
    # A fork that looks through all modules for garbage gets a page of its own for each of theirs.
    gc.freeze()


def main() -> None:
    """Serve line by line."""
    load()
    for line in sys.stdin:
        moment, _, state = line.rstrip("\n").partition(" ")
        child = os.fork()
        if child == 0:
            try:
                serve(int(moment), Path(state))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else "ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
