"""Where the user's home is, also for a program that nobody told."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping


def name_home(environment: MutableMapping[str, str]) -> None:
    """Say where the user's home is if nothing says it, as under cron: git alone does not look.

    Else it would read nothing of what the user has set, and name no database: a clone would go on
    with one of its own, and hand out what others have.
    """
    if "HOME" in environment:
        return
    import pwd  # noqa: PLC0415 - mostly it is not needed

    with suppress(KeyError):
        environment["HOME"] = pwd.getpwuid(os.getuid()).pw_dir
