"""What git's credential helper keeps for a server: told and asked over stdin, never with a prompt.

Only the user's own configuration counts (``--global``, system, environment), never that of a
repository: what was stored in one place is found in every clone, and no folder that somebody
downloaded can choose which program is run.

The format is that of https://git-scm.com/docs/git-credential.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanban_sync.core.errors import SetupError, SignInError
from kanban_sync.hooks.hot import clean_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

USER = "kanban-sync"
"""The user name under which ours is kept: a person's own account there is never asked for."""

TIMEOUT = 10.0
"""Seconds that a helper may take, which may have to wake up a keyring."""

_DEFAULT_PORTS = {"https": 443, "http": 80}


def ask(url: str, *, timeout: float = TIMEOUT) -> str:
    """Return what is kept for the origin of a URL, '' if nothing is.

    Raises:
        SignInError: The helper took too long.
        SetupError: Git is not installed.
    """
    code, said = _run(("credential", "fill"), _described(url), timeout)
    if code:
        return ""
    answer = dict(line.partition("=")[::2] for line in said.splitlines())
    return answer.get("password", "") if answer.get("username") == USER else ""


def keep(url: str, secret: str, *, timeout: float = TIMEOUT) -> bool:
    """Give a secret to the helper and tell whether it is kept.

    Raises:
        SignInError: The helper took too long.
        SetupError: Git is not installed.
    """
    _run(("credential", "approve"), f"{_described(url)}password={secret}\n", timeout)
    return ask(url, timeout=timeout) == secret


def forget(url: str, *, timeout: float = TIMEOUT) -> bool:
    """Let the helper forget what is kept for the origin of a URL; tell whether nothing is left.

    Raises:
        SignInError: The helper took too long.
        SetupError: Git is not installed.
    """
    _run(("credential", "reject"), _described(url), timeout)
    return not ask(url, timeout=timeout)


def has_helper(url: str, *, timeout: float = TIMEOUT) -> bool:
    """Tell whether the user has set a helper for a URL.

    Raises:
        SetupError: Git is not installed.
    """
    call = ("config", "--get-urlmatch", "credential.helper", _origin(url))
    _, said = _run(call, "", timeout)
    # An empty value takes back those that are set elsewhere.
    return bool(said.strip())


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    return f"{parts.scheme}://{_host(url)}"


def _host(url: str) -> str:
    """Return host and port as git knows them: without the port that goes without saying."""
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    is_usual = parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)}
    return host if is_usual else f"{host}:{parts.port}"


def _described(url: str) -> str:
    protocol = urlsplit(url.strip()).scheme
    return f"protocol={protocol}\nhost={_host(url)}\nusername={USER}\n"


def _environment() -> dict[str, str]:
    """Return an environment in which nobody is asked, no repository is near, and no key is told."""
    kept = {
        name: value
        for name, value in clean_environment(os.environ).items()
        if not name.startswith("PLANKA_")
    }
    return {
        **kept,
        "GIT_DIR": os.devnull,
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        # Git Credential Manager opens windows of its own.
        "GCM_INTERACTIVE": "never",
    }


def _run(arguments: Sequence[str], said: str, timeout: float) -> tuple[int, str]:
    """Run git without a terminal; return its exit code and what it printed."""
    try:
        process = subprocess.Popen(
            ["git", "-c", "credential.interactive=false", *arguments],
            cwd="/",
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A helper that is told to explain itself may tell what it keeps.
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Without a terminal, and so that a helper can be ended with its children.
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise SetupError("git was not found; install git and try again") from error
    with process:
        try:
            answer, _ = process.communicate(said, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text = (
                f"git's credential helper did not answer within {timeout:g} s; see whether your"
                " keyring is locked, and try again"
            )
            raise SignInError(text) from None
    return process.returncode, answer
