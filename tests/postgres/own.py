"""A PostgreSQL of a test's own, which may be killed, restarted, frozen, filled up or only read."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import psycopg

from bus.servers import free_port
from postgres.server import GROUPS, HASTY, LOG, OWNER, PATIENCE, USER, make

DISK = "96m"
"""What a server has room for that is to run out of it."""

SETTINGS = {
    **HASTY,
    # What was committed outlives the server, though not the machine.
    "synchronous_commit": "on",
    # Little has to be written until the disk is full, and little is kept ready for it.
    "min_wal_size": "32MB",
    "max_wal_size": "32MB",
    "max_connections": "200",
}

PR_SET_PDEATHSIG = 1


class OwnServer:
    """A server of which nobody else knows, by a socket and at a port."""

    def __init__(self) -> None:
        """Make it, on a small disk of its own where this user may make one, and start it."""
        self.folder = Path(tempfile.mkdtemp(prefix="kanban-own-"))
        self._data = self.folder / "data"
        self._data.mkdir()
        self.has_disk = is_done("mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", self._data)
        self.port = free_port()
        place = {"unix_socket_directories": str(self.folder), "port": str(self.port)}
        settings = {**SETTINGS, **place, "listen_addresses": "127.0.0.1"}
        self._programs = make(self.folder, self._data, settings)
        with (self._data / "pg_hba.conf").open("a") as access:
            access.write("host all all 127.0.0.1/32 trust\n")
        if USER is not None:
            os.chown(self.folder, USER, USER)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://{OWNER}@/postgres?host={self.folder}&port={self.port}"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / LOG).read_text())
            # Those that one left behind who was killed are to end first.
            if self._process is None or self._process.poll() is not None:
                self._begin()
            time.sleep(0.05)

    def _begin(self) -> None:
        with (self.folder / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=USER,
                group=USER,
                extra_groups=GROUPS,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - nothing is locked meanwhile
            )

    def _is_ready(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def tell(self, statement: str) -> None:
        """Carry out a statement."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    # --- Faults -------------------------------------------------------------------------------

    def end(self, how: signal.Signals) -> None:
        """End it: as ``pg_ctl`` does by SIGINT (fast) or SIGQUIT (immediate), or by SIGKILL."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)

    def freeze(self) -> None:
        """Let all of it stand still: it takes connections in, and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all of it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to all its processes, first to the one that begins the others."""
        if self._process is None or self._process.poll() is not None:
            return
        first = self._process.pid
        self._process.send_signal(number)
        found = Path(f"/proc/{first}/task/{first}/children").read_text()
        for each in map(int, found.split()):
            # One that served somebody may have ended just now.
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)

    def fill(self) -> None:
        """Let there be no more space on its disk, which is to be its own."""
        assert self.has_disk
        with (self._data / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 12))

    def empty(self) -> None:
        """Let there be space again."""
        (self._data / "filler").unlink(missing_ok=True)

    def only_read(self, is_so: bool) -> None:
        """Let all who come from now on only read, as on a standby, or write again."""
        word = "on" if is_so else "off"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {word}".encode())
            connection.execute("SELECT pg_reload_conf()")

    def mend(self) -> None:
        """Take back whatever was done to it."""
        self.thaw()
        self.empty()
        self.start()
        self.only_read(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.thaw()
        self.end(signal.SIGQUIT)
        if self.has_disk:
            is_done("umount", "--lazy", self._data)
        shutil.rmtree(self.folder, ignore_errors=True)


def is_done(*command: Path | str) -> bool:
    """Run a program to its end; return whether it did what it was to do."""
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
