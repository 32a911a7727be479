"""Who works: the names of agents, of people who claim tasks, and of orchestrators."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from kanban_sync.core.errors import WorkError

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT = "KANBAN_SYNC_AGENT"
"""The variable that names the agent."""

AN_AGENT = "an agent"
"""Whose a name is, unless something else is said."""

LONGEST = 100
"""How many characters a name has at most."""


def checked_name(text: str, whose: str = AN_AGENT) -> str:
    """Return a name without blanks around it.

    Raises:
        WorkError: It is empty, longer than it may be, or more than one line of plain text.
    """
    name = text.strip()
    if not name:
        how = f", as --agent or ${AGENT} does" if whose == AN_AGENT else ""
        raise WorkError(f"The name of {whose} is empty; give one{how}.")
    if len(name) > LONGEST:
        raise WorkError(
            f"The name of {whose} has {len(name)} characters; {LONGEST} are the most, shorten it."
        )
    if not name.isprintable():
        raise WorkError(
            f"The name of {whose} has characters that cannot be seen: {name!a}; take them out."
        )
    return name


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
