"""What hooks start, in forks of one process that has loaded it: Python and its imports take longer.

Four fifths of the processor time of a detached sync are spent before it begins. That it begins, is
detached and holds nothing of the hook is what tests of the hooks themselves look at, with hot.py as
it is; where a test is about what a sync does, its hooks are told to run `loaded_hot.py`.

    python loaded.py SOCKET ROOM
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import gc
import marshal
import os
import select
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import forked
from kanban_sync.cli import start
from kanban_sync.hooks import hot
from loaded_hot import loading

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__)
LARGEST = 200_000
"""Bytes of an order: a command and an environment."""

ROOM = 4000
"""Characters in the arguments of the process, which its forks overwrite with their own."""

PYTHON = """\
#!/bin/sh
# Called as: python -I -S hot.py STATE REQUEST
hot=$3
shift 3
exec {python} -I -S {file} "$hot" {address} "$@"
"""


def let_fork(hooks: Path) -> None:
    """Let the hooks in a folder start forks of a process that has loaded the program."""
    python = f"python={_python()}\n"
    for hook in hooks.iterdir():
        text = hook.read_text(encoding="utf-8")
        if "kanban-sync-shim" in text:
            changed = text.replace(f"\npython={sys.executable}\n", f"\n{python}")
            assert changed != text, hook
            hook.write_text(changed, encoding="utf-8")


@functools.cache
def _python() -> Path:
    """Start the process, which ends with this one; return what a hook is to take for Python."""
    # A socket's path is short, and those of tests are not.
    place = tempfile.TemporaryDirectory(prefix="loaded-")
    python, address = Path(place.name, "python"), Path(place.name, "socket")
    file = HERE.with_name("loaded_hot.py")
    python.write_text(PYTHON.format(python=sys.executable, file=file, address=address))
    python.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, "-E", HERE, address, "-" * ROOM],
        env=hot.clean_environment(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def end() -> None:
        server.communicate()
        place.cleanup()

    atexit.register(end)
    assert server.stdout
    assert server.stdout.readline(), "the program could not be loaded"
    return python


# --- in the process that forks ------------------------------------------------------------------


def main(address: str) -> None:
    """Serve until the standard input ends."""
    own = loading(dict(os.environ))
    # As under -P, with which hot.py starts the program.
    sys.path.remove(str(HERE.parent))
    forked.load()
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.close()
    while True:
        ready, _, _ = select.select([0, listener.fileno()], [], [])
        if 0 in ready:
            return
        client, _ = listener.accept()
        with client:
            order, files, _, _ = socket.recv_fds(client, LARGEST, 1)
            command, environment, folder = marshal.loads(order)  # noqa: S302 - from a test's hook
            (output,) = files
            if loading(environment) != own:
                client.send(b"0")
            elif os.fork() == 0:
                become(command, environment, folder, output)
                listener.close()
                client.send(b"%d" % os.getpid())
                client.close()
                start.main()
            os.close(output)
        _forget_the_dead()


def _forget_the_dead() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def become(command: Sequence[str], environment: dict[str, str], folder: str, output: int) -> None:
    """Take on what a process has that hot.py starts."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, output, output)):
        os.dup2(stream, number)
    os.close(nothing)
    os.close(output)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    _show(command)
    sys.argv = ["kanban-sync", *command[command.index("kanban_sync") + 1 :]]


def _show(command: Sequence[str]) -> None:
    """Let the system list this process with the arguments of a command, by which tests find it."""
    numbers = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    # The 48th and 49th of proc(5), the third being the first behind the name.
    begin, end = int(numbers[45]), int(numbers[46])
    told = b"".join(os.fsencode(each) + b"\0" for each in command)
    assert len(told) < end - begin
    ctypes.memmove(begin, told.ljust(end - begin, b"\0"), end - begin)


if __name__ == "__main__":
    main(sys.argv[1])
