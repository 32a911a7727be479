"""A real pgbouncer for a test: it pools transactions, so that none finds what the last one left."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from postgres.server import GROUPS, PATIENCE, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where it lies, though not everybody looks there for programs."""

PORT = 6432
"""Of the socket in the folder of its own; no other machine or user sees it."""

CONNECTIONS = 4
"""To the server: few, so that they change hands all the time."""

PR_SET_PDEATHSIG = 1

SETTINGS = """
[databases]
* = {server}

[pgbouncer]
pool_mode = transaction
auth_type = any
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
default_pool_size = {connections}
max_client_conn = 400
logfile = {folder}/log
admin_users = nobody
"""


def pgbouncer() -> str:
    """Return the program, or skip the test."""
    found = shutil.which("pgbouncer", path=os.pathsep.join((os.environ["PATH"], *FOLDERS)))
    if found is None:
        pytest.skip("no pgbouncer: install it, on Debian with: apt install pgbouncer")
    return found


@contextmanager
def bouncer(url: str) -> Iterator[str]:
    """Put a pgbouncer before a server, and give the URL that leads to a database through it."""
    said = conninfo_to_dict(url)
    name = said.pop("dbname")
    with tempfile.TemporaryDirectory(prefix="kanban-pooler-") as folder:
        place = Path(folder)
        if USER is not None:
            shutil.chown(place, USER, USER)
        server = " ".join(f"{key}={value}" for key, value in said.items())
        text = SETTINGS.format(server=server, port=PORT, folder=folder, connections=CONNECTIONS)
        (place / "pgbouncer.ini").write_text(text)
        process = subprocess.Popen(
            [pgbouncer(), "-q", place / "pgbouncer.ini"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=USER,
            group=USER,
            extra_groups=GROUPS,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread is begun before
        )
        pooled = f"postgresql://anybody@/{name}?host={quote(folder, safe='')}&port={PORT}"
        try:
            _await(pooled, process, place / "log")
            yield pooled
        finally:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text() if log.exists() else "it said nothing") from None
            time.sleep(0.02)
        else:
            return
