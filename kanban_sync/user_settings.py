"""What the user has set with git for all of their clones, out of reach of any repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.core.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = b"kanban-sync"

DOUBTFUL = ("GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS")
"""What else sets values for git."""

LARGEST = 1 << 16
"""Bytes of a file that are looked through."""


def user_setting(name: str) -> str:
    """Return what ``git config --global`` says of a name of ours, or the system's; '' if nothing.

    Git is only asked where something may say it: it takes longer to start than to be avoided.

    Raises:
        SetupError: Git is not installed, or the user's configuration cannot be read.
    """
    if not may_be_set(os.environ):
        return ""
    import subprocess  # noqa: PLC0415 - mostly it is not needed

    from kanban_sync.hooks.hot import clean_environment  # noqa: PLC0415 - as above

    try:
        done = subprocess.run(
            ["git", "config", "--get", name],
            cwd="/",
            # No repository is near, so that none has a say.
            env={**clean_environment(os.environ), "GIT_DIR": os.devnull},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError as error:
        raise SetupError("git was not found; install git and try again") from error
    if done.returncode > 1:
        said = done.stderr.strip().removeprefix("fatal: ")
        raise SetupError(f"git cannot read your configuration: {said}")
    return done.stdout.rstrip("\n")


def may_be_set(environment: Mapping[str, str]) -> bool:
    """Tell whether the user's configuration of git may hold anything of ours; in doubt it may."""
    if any(environment.get(name) for name in DOUBTFUL):
        return True
    home = environment.get("HOME", "")
    own = environment.get("GIT_CONFIG_GLOBAL", "")
    config = environment.get("XDG_CONFIG_HOME", "") or f"{home}/.config"
    names = [own] if own else [f"{home}/.gitconfig", f"{config}/git/config"]
    system = environment.get("GIT_CONFIG_SYSTEM", "") or "/etc/gitconfig"
    names += [] if environment.get("GIT_CONFIG_NOSYSTEM") else [system]
    return any(map(_may_say, names))


def _may_say(name: str) -> bool:
    try:
        data = start_of(Path(name)).lower()
    except OSError:
        return True
    return SECTION in data or b"[include" in data or len(data) == LARGEST


def start_of(path: Path) -> bytes:
    """Return the first bytes of a file, none where there is none.

    Raises:
        OSError: It is there, and cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return b""
