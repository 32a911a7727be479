"""Somebody who follows a document to the letter, in a shell of their own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from system.synced_clone import end_processes, processes_about, until

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE = 90.0
"""Seconds that one command may take."""


class Reader:
    """A shell in which one command after the other is typed, in the folder ``home/bookshop``."""

    def __init__(self, home: Path, start: Path, environment: dict[str, str]) -> None:
        """Open the shell in a folder.

        Args:
            home: Everything happens below this folder; it is the reader's home too.
            start: Where the shell begins.
            environment: What is set besides.
        """
        self._home = home
        programs = Path(sys.executable).parent
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=start,
            env={
                **os.environ,
                "HOME": str(home),
                "XDG_STATE_HOME": str(home / ".local" / "state"),
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": "",
                "LC_ALL": "C.UTF-8",
                "COLUMNS": "100",
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the shell, and end what hooks have started and is still there."""
        self._shell.kill()
        self._shell.communicate()
        end_processes(processes_about(str(self._home)))

    def type(self, command: str) -> tuple[int, str]:
        """Type a command; return its exit code and what it printed, once all has come to rest.

        A person who reads takes longer between two commands than the sync behind a hook does.
        """
        mark = f"end-{secrets.token_hex(8)}"
        line = f'{{\n{command}\n}} </dev/null\nprintf "\\n%s %s\\n" {mark} "$?"\n'
        alarm = threading.Timer(PATIENCE, self._shell.kill)
        alarm.start()
        try:
            printed, code = self._answer(line, mark)
        finally:
            alarm.cancel()
        until(lambda: not processes_about(str(self._home)), "the end of the sync behind a hook")
        return code, printed

    def write(self, name: str, text: str) -> None:
        """Make a file, as seen from the folder in which the shell is."""
        _, folder = self.type("pwd -P")
        path = Path(folder.strip()) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _answer(self, line: str, mark: str) -> tuple[str, int]:
        typed, shown = self._shell.stdin, self._shell.stdout
        assert typed
        assert shown
        typed.write(line)
        typed.flush()
        lines: list[str] = []
        for each in shown:
            if each.startswith(mark):
                # The line feed before the mark is ours.
                return "".join(lines).removesuffix("\n"), int(each.split()[1])
            lines.append(each)
        said = "".join(lines)
        message = f"the shell ended, or took longer than {PATIENCE:g} s: {line}\n{said}"
        raise AssertionError(message)
