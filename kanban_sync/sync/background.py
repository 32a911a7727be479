"""The process that serves requests behind everybody's back: how it is let go."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from kanban_sync.hooks.hot import clean_environment, open_output, start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.sync.state_folder import StateFolder

OFF = "0"
"""What KANBAN_SYNC is where nothing is to be started."""


def is_off(state: StateFolder) -> bool:
    """Tell whether the user has asked that nothing happens behind their back."""
    return state.is_paused or os.environ.get("KANBAN_SYNC", "") == OFF


def detach(state: StateFolder, options: Sequence[str] = ()) -> None:
    """Start the process that serves the requests of a clone, and do not wait for it."""
    if not sys.executable:
        return
    # sys.executable is the name this ran under: a resolved link would leave the virtualenv.
    call = [sys.executable, "-E", "-P", "-m", "kanban_sync", "background"]
    output = open_output(str(state.path))
    try:
        # The caller's folder may be removed while it runs.
        with contextlib.chdir(state.path.parent):
            call += ["--state", str(state.path), *options]
            start(call, clean_environment(os.environ), output)
    finally:
        os.close(output)
