"""The program in forks of one process that has loaded it: Python and its imports take longer."""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import select
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kanban_sync
from kanban_sync.cli import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WITHIN = 120
"""Seconds that a command may take."""

FLAGS = ("-E", "-P")
LATER = (
    *("certifi", "difflib", "httpcore", "psycopg", "pwd", "rich.live", "ruamel.yaml"),
    *("ruamel.yaml.comments", "ruamel.yaml.composer", "sqlite3"),
    *(f"encodings.{name}" for name in ("ascii", "idna", "latin_1", "utf_16_le", "utf_8_sig")),
)
"""What commands import when they need it."""

NOBODY = 65534
"""The number of a user to whom nothing belongs."""

# Read by Python, by its modules or by git's while they are loaded.
LOADING = ("GIT_PYTHON_", "LANG", "LC_", "LD_", "PATH", "PYTHON")


_BUSY = threading.Lock()


def is_alike(environment: Mapping[str, str]) -> bool:
    """Tell whether these variables change nothing of how the program is loaded."""
    return not any(name.startswith(LOADING) for name in environment)


def run_as_nobody(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the program as a user without any rights, to whom Python and all modules may be closed.

    Only root can.
    """
    assert is_alike(environment)
    with _BUSY:
        return _forks().run(arguments, folder, {**os.environ, **environment}, user=NOBODY)


def run_forked(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], answers: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, with these variables beside those that are set already."""
    every = {**os.environ, **environment}
    # Who comes while another call is served is not to wait for its end.
    if is_alike(environment) and _BUSY.acquire(blocking=False):
        try:
            return _forks().run(arguments, folder, every, answers)
        finally:
            _BUSY.release()
    return subprocess.run(
        [sys.executable, *FLAGS, "-m", "kanban_sync", *arguments],
        cwd=folder,
        env=every,
        input=answers,
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN,
    )


@functools.cache
def _forks() -> Forks:
    forks = Forks.start()
    atexit.register(forks.end)
    return forks


@dataclass(eq=False)
class Forks:
    """The process that forks."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Forks:
        """Start the process; it loads the program once."""
        call = [sys.executable, *FLAGS, str(Path(__file__))]
        return cls(subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def end(self) -> None:
        """End it."""
        self.process.communicate()

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        answers: str = "",
        *,
        user: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the program to its end, as a process of its own, and as another user if one is given.

        Args:
            arguments: What stands behind the name of the program.
            folder: Where it runs.
            environment: All that is set.
            answers: What it can read from its standard input.
            user: The number of the user, who is in the group of that number alone.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        with tempfile.TemporaryDirectory() as place:
            streams = [Path(place, name) for name in ("in", "out", "err")]
            streams[0].write_text(answers, encoding="utf-8")
            order = {
                "arguments": list(arguments),
                "folder": str(folder),
                "environment": dict(environment),
                "streams": [str(each) for each in streams],
                "user": user,
            }
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
            ready, _, _ = select.select([stdout], [], [], WITHIN)
            if not ready:
                self.process.kill()
                raise subprocess.TimeoutExpired(list(arguments), WITHIN)
            code = int(stdout.readline())
            told, said = (each.read_text(encoding="utf-8") for each in streams[1:])
        return subprocess.CompletedProcess(list(arguments), code, told, said)


# --- in the process that forks ------------------------------------------------------------------


def main() -> None:
    """Serve one line after the other, each in a fork."""
    load()
    # A fork that looks for garbage among all modules gets a page of its own for each of theirs.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(json.loads(line))
            start.main()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def load() -> None:
    """Import what any command may need."""
    for module in pkgutil.walk_packages(kanban_sync.__path__, "kanban_sync."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in LATER:
        importlib.import_module(name)


def become(order: dict[str, Any]) -> None:
    """Take on the streams, the folder, the environment and the words of a call."""
    flags = (os.O_RDONLY, *(os.O_WRONLY | os.O_CREAT | os.O_APPEND,) * 2)
    for number, (path, how) in enumerate(zip(order["streams"], flags, strict=True)):
        stream = os.open(path, how, 0o600)
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.chdir(order["folder"])
    if (user := order["user"]) is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    sys.argv = ["kanban-sync", *order["arguments"]]


if __name__ == "__main__":
    main()
