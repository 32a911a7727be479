"""A way of one's own to the server of the tests, which can be shut, or lead to a frozen one."""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path
from typing import Self

SOCKET = ".s.PGSQL.5432"


class Door:
    """A folder with a socket that leads to the server, or to nobody."""

    def __init__(self, url: str) -> None:
        """Open it; the URL is that of a server on a socket."""
        base, _, real = url.partition("host=")
        # A socket's path is short, and a test's folder is not.
        self._folder = Path(tempfile.mkdtemp(prefix="kd-"))
        # Also for a pooler, which is another user.
        self._folder.chmod(0o755)
        self._real = Path(real) / SOCKET
        self._frozen: socket.socket | None = None
        self.url = f"{base}host={self._folder}"
        self.open()

    def open(self) -> None:
        """Let it lead to the server."""
        self.shut()
        (self._folder / SOCKET).symlink_to(self._real)

    def shut(self) -> None:
        """Let nobody be there."""
        if self._frozen is not None:
            self._frozen.close()
            self._frozen = None
        (self._folder / SOCKET).unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let somebody be there who never says a word."""
        self.shut()
        self._frozen = socket.socket(socket.AF_UNIX)
        self._frozen.bind(str(self._folder / SOCKET))
        (self._folder / SOCKET).chmod(0o777)
        self._frozen.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()
        shutil.rmtree(self._folder)
