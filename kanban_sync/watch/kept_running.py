"""How the service managers of Linux and macOS are told to keep a watcher running."""

from __future__ import annotations

import hashlib
import os
import plistlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SYSTEMD, LAUNCHD = "systemd", "launchd"


def unit(folder: Path, call: Sequence[str]) -> str:
    """Return a unit of systemd that runs a call in a folder."""
    words = " ".join(_word(each) for each in call)
    place = os.fspath(folder).replace("%", "%%")
    return f"""\
[Unit]
Description=kanban-sync watch in {place}

[Service]
ExecStart={words}
WorkingDirectory={place}
Restart=on-failure
RestartSec=30

[Install]
WantedBy=default.target
"""


def _word(text: str) -> str:
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        text = text.replace(sign, written)
    return f'"{text}"'


def agent(folder: Path, call: Sequence[str]) -> str:
    """Return a property list of launchd that runs a call in a folder."""
    told = {
        "Label": name_of(folder),
        "ProgramArguments": list(call),
        "WorkingDirectory": os.fspath(folder),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
    }
    return plistlib.dumps(told, sort_keys=False).decode()


def name_of(folder: Path) -> str:
    """Return a name for the service of a folder that no other folder's has."""
    return f"kanban-sync-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"
