"""What the user has set with git for all of their clones, out of reach of any repository."""

from __future__ import annotations

import os
import subprocess

from kanban_sync.core.errors import SetupError
from kanban_sync.hooks.hot import clean_environment


def user_setting(name: str) -> str:
    """Return what ``git config --global`` says of a name, or the system's; '' if nothing does.

    Raises:
        SetupError: Git is not installed, or the user's configuration cannot be read.
    """
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
