"""Carrying bytes from one connection to another."""

from __future__ import annotations

import socket


def pump(source: socket.socket, target: socket.socket) -> None:
    """Carry over what comes, until one side has ended."""
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # Whoever is gone wants nothing more.
        return
