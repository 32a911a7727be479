"""The hot path of the hooks, but what it starts is a fork of a program that is loaded.

A hook of a test runs this file in place of hot.py, under `python -I -S`, with the path of that one,
the socket on which `loaded.py` waits, and hot.py's own two arguments. Where the program would be
loaded otherwise than that one was, it is started as ever.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Read by Python, by its modules or by git's while they are loaded. Within a hook PATH is never the
# test's own: git puts its own folder before it, and Python is called by its full path.
LOADING = ("GIT_PYTHON_", "LANG", "LC_", "LD_", "PYTHON")


def loading(environment: dict[str, str]) -> dict[str, str]:
    """Return the variables that change how the program is loaded."""
    return {name: value for name, value in environment.items() if name.startswith(LOADING)}


def main(path: str, address: str, state: str, request: str) -> None:
    """Do what hot.py does, with another way to start a process."""
    import _socket  # noqa: PLC0415 - its Python half takes longer to import than this to run

    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be the slowest part
        code = compile(file.read(), path, "exec")
    hot: dict[str, Any] = {"__name__": "hot"}
    exec(code, hot)  # noqa: S102 - as Python itself runs it
    start = hot["start"]

    def forked(command: list[str], environment: dict[str, str], output: int) -> int:
        if environment.get("CI"):
            # There hot.py waits for what it started, which has to be a child of its own.
            own: int = start(command, environment, output)
            return own
        server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        server.connect(address)
        order = marshal.dumps((command, environment, os.getcwd()))  # noqa: PTH109 - as above
        file = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, output.to_bytes(4, sys.byteorder))
        server.sendmsg([order], [file])
        child = int(server.recv(64))
        return child or start(command, environment, output)

    hot["start"] = forked
    hot["main"](state, request)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    finally:
        os._exit(0)
