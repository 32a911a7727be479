"""Which servers of a clone are running: each leaves a file that it keeps locked while it lives.

So nobody takes one that was killed for one that runs, whoever has its process id or port by now.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.sync.state_folder import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.sync.state_folder import StateFolder


class Running(NamedTuple):
    """A server that runs: its command, its address, its process, and since when (since 1970)."""

    command: str
    url: str
    pid: int
    since: float


@contextmanager
def noted(state: StateFolder, command: str, url: str) -> Iterator[None]:
    """Let it be known while this lasts, where anything can be noted, what this process serves."""
    path = state.path / f"serving-{os.getpid()}.json"
    told = Running(command, url, os.getpid(), time.time())
    with suppress(OSError):
        for each in _files(state):
            # Of servers that were killed.
            if _living(each) is None:
                each.unlink(missing_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    except OSError:
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, json.dumps(told._asdict()).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def running(state: StateFolder) -> list[Running]:
    """Return the servers of a clone that run, the oldest first."""
    found = (_living(each) for each in _files(state))
    return sorted((each for each in found if each is not None), key=lambda each: each.since)


def _files(state: StateFolder) -> list[Path]:
    return list(state.path.glob("serving-*.json"))


def _living(path: Path) -> Running | None:
    """Read what a server has noted, if it still holds its lock."""
    try:
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Running(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None
    return None
