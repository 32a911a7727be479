"""Who works: the name under which an agent, or a person, claims tasks."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT = "KANBAN_SYNC_AGENT"
"""The variable that names the agent."""


def agent_name(environment: Mapping[str, str]) -> str:
    """Return who calls: as the environment says, else user and machine in one word.

    Task files can say it: names in them have letters, digits and ``.-_``.
    """
    machine = os.uname().nodename.partition(".")[0]
    own = re.sub(r"[^\w.-]+", "-", f"{_user(environment)}-{machine}")
    return environment.get(AGENT, "").strip() or own


def _user(environment: Mapping[str, str]) -> str:
    named = environment.get("LOGNAME") or environment.get("USER")
    if named:
        return named
    try:
        import pwd  # noqa: PLC0415 - mostly the environment tells

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        # In a container the user may have no name.
        return str(os.getuid())
